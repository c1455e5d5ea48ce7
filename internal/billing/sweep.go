package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
)

// Webhooks get lost: a server that was down for longer than Stripe repeats, an endpoint that was switched off. Stripe
// tells what happened for 30 days, so a sweep asks it now and then, and treats what is new to us as if it had come.
const (
	eventsReach  = 30*24*time.Hour - time.Hour // how far back Stripe's list goes, with an hour to spare
	sweepOverlap = time.Hour                   // read twice: an event may be listed late, and clocks differ
	eventPage    = 100
)

// Sweep stores and queues the events that Stripe has had since the last sweep and that never arrived, and those of
// types that an earlier version of this program ignored. Any number of processes may do it at once.
func (s *Service) Sweep(ctx context.Context) error {
	if s.off {
		return nil
	}
	began := s.now()
	from, err := s.sweepFrom(ctx, began)
	if err != nil {
		return err
	}
	missed := 0
	err = s.missed(ctx, from, func(ctx context.Context, e stripeapi.Event) error {
		missed++
		return s.receive(ctx, e)
	})
	if err != nil {
		return err
	}
	if missed > 0 {
		s.log.WarnContext(ctx, "webhooks of Stripe were lost; their events were read from its list", "events", missed)
	}
	return errors.Join(s.replayIgnored(ctx), s.db.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`INSERT INTO stripe_sweeps (name, swept_until) VALUES ('events', $1) ON CONFLICT (name) DO UPDATE
			SET swept_until = excluded.swept_until`, began)
		return nil
	}))
}

// sweepFrom is where a sweep that begins now takes up: a little before the last one, as far back as Stripe's list goes.
func (s *Service) sweepFrom(ctx context.Context, now time.Time) (time.Time, error) {
	from := now.Add(-eventsReach)
	last, err := db.ReadOne(ctx, s.db, db.System, db.Value[time.Time],
		`SELECT swept_until FROM stripe_sweeps WHERE name = 'events'`)
	if errors.Is(err, db.ErrNotFound) {
		return from, nil
	}
	if last = last.Add(-sweepOverlap); last.After(from) {
		from = last
	}
	return from, err
}

// missed calls do for each event since an instant that we handle, is about a customer of ours, and is not stored. It
// holds a page of them at a time.
func (s *Service) missed(ctx context.Context, since time.Time, do func(context.Context, stripeapi.Event) error) error {
	for types := range slices.Chunk(stripeapi.Handled(), stripeapi.MaxEventTypes) {
		page := make([]stripeapi.Event, 0, eventPage)
		for e, err := range s.stripe.Events(ctx, types, since, eventPage) {
			if err != nil {
				return err
			}
			if page = append(page, e); len(page) == eventPage {
				if err := s.unseen(ctx, page, do); err != nil {
					return err
				}
				page = page[:0]
			}
		}
		if err := s.unseen(ctx, page, do); err != nil {
			return err
		}
	}
	return nil
}

// unseen calls do for the events of a page that are not stored, oldest first.
func (s *Service) unseen(ctx context.Context, page []stripeapi.Event,
	do func(context.Context, stripeapi.Event) error,
) error {
	if len(page) == 0 {
		return nil
	}
	places, ids := make([]string, len(page)), make([]any, len(page))
	for i, e := range page {
		places[i], ids[i] = fmt.Sprintf("$%d", i+1), e.ID
	}
	known, err := db.Read(ctx, s.db, db.System, db.Value[string],
		`SELECT id FROM stripe_events WHERE id IN (`+strings.Join(places, ", ")+`)`, ids...)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(page) {
		if slices.Contains(known, e.ID) {
			continue
		}
		ours, err := s.concerns(ctx, e)
		if err == nil && ours {
			err = do(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// concerns tells whether an event is about a customer we have. What is about somebody who was erased stays away.
func (s *Service) concerns(ctx context.Context, e stripeapi.Event) (bool, error) {
	if stripeapi.IsReturn(e.Kind) {
		return s.concernsReturn(ctx, e)
	}
	subscription, customer, ok := stripeapi.About(e.Kind, e.Payload)
	if !ok { // it is about something else
		return false, nil
	}
	_, err := s.rowOfStripe(ctx, subscription, customer)
	if errors.Is(err, db.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// receive stores an event from Stripe's list, as if its webhook had come.
func (s *Service) receive(ctx context.Context, e stripeapi.Event) error {
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error { return keep(ctx, tx, e) })
}

// replayIgnored queues what an earlier version stored and ignored because it did not know the type. What was ignored
// for another reason has it noted.
func (s *Service) replayIgnored(ctx context.Context) error {
	types := stripeapi.Handled()
	places, args := make([]string, len(types)), make([]any, len(types))
	for i, t := range types {
		places[i], args[i] = fmt.Sprintf("$%d", i+1), t
	}
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		ids, err := db.All(ctx, tx, db.Value[string], `UPDATE stripe_events SET ignored = FALSE, handled_at = NULL WHERE id IN
			(SELECT id FROM stripe_events WHERE ignored AND last_error IS NULL AND type IN (`+strings.Join(places, ", ")+`)
				ORDER BY received_at LIMIT 100)
			RETURNING id`, args...)
		for _, id := range ids {
			err = errors.Join(err, tx.Enqueue(ctx, EventJob{EventID: id}))
		}
		return err
	})
}

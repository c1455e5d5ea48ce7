package billing

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

const (
	// MaxEvent bounds a webhook's body, in bytes.
	MaxEvent = 1 << 20

	maxNote = 500 // of an event's last error, in bytes
)

// EventJob asks a worker to apply one stored event.
type EventJob struct {
	EventID string `json:"event_id"`
}

// Kind names the job in the queue.
func (EventJob) Kind() string { return "stripe_event" }

// InsertOpts puts the job in the queue of its kind.
func (EventJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: db.Billing} }

// EventWorker applies stored events. River repeats what fails, ever more slowly, for about three weeks.
type EventWorker struct {
	river.WorkerDefaults[EventJob]
	s *Service
}

// Work applies the event.
func (w *EventWorker) Work(ctx context.Context, job *river.Job[EventJob]) error {
	return w.s.Apply(ctx, job.Args.EventID)
}

// Timeout bounds one try.
func (w *EventWorker) Timeout(*river.Job[EventJob]) time.Duration { return time.Minute }

// AddWorkers registers the jobs of this package.
func (s *Service) AddWorkers(w *river.Workers) { river.AddWorker(w, &EventWorker{s: s}) }

// Accept writes a webhook down: payload is the raw body, signature the header Stripe-Signature. It returns nil once the
// event is stored, now or earlier. Anything that is not Stripe's, or not of our time, is [fault.ValidationFailed].
func (s *Service) Accept(ctx context.Context, payload []byte, signature string) error {
	err := errTooLarge
	var e stripeapi.Event
	if len(payload) <= MaxEvent {
		e, err = stripeapi.Verify(payload, signature, *s.secret.Load(), s.now())
	}
	s.logWebhook(ctx, e, err)
	if err != nil {
		return fault.ValidationFailed.Saying("This is not a webhook that Stripe signed for this server.").Because(err)
	}
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		return keep(ctx, tx, e)
	})
}

// logWebhook tells an operator what is wrong with webhooks: the secret, a clock, or the version of the endpoint.
func (s *Service) logWebhook(ctx context.Context, e stripeapi.Event, err error) {
	switch {
	case errors.Is(err, stripeapi.ErrSignature):
		s.log.WarnContext(ctx, "a webhook was refused: it was not signed with STRIPE_WEBHOOK_SECRET. "+
			"Compare that with the secret of the endpoint in Stripe's Dashboard, under Developers, Webhooks")
	case errors.Is(err, stripeapi.ErrClock):
		s.log.WarnContext(ctx, "a webhook was refused: its signature is right, but was made more than five minutes "+
			"before or after the time of this server. Set the clock of this machine")
	case err == nil && !stripeapi.SameTrain(e.Version):
		s.log.WarnContext(ctx, "a webhook of another API version was accepted: only its ids are used. "+
			"`repazoo billing setup --replace` makes the endpoint anew", "event", e.ID, "version", e.Version)
	}
}

var errTooLarge = errors.New("the body is too large")

// keep stores an event and queues its work, unless it is known already.
func keep(ctx context.Context, tx db.Tx, e stripeapi.Event) error {
	ignored := !stripeapi.Understood(e.Kind)
	var done *time.Time
	if ignored {
		done = new(tx.Now())
	}
	n, err := tx.Exec(ctx, `INSERT INTO stripe_events (id, type, object_id, payload, received_at, handled_at, ignored)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		e.ID, e.Kind, e.Object, storable(e.Payload), tx.Now(), done, ignored)
	if err != nil || n == 0 || ignored {
		return err
	}
	return tx.Enqueue(ctx, EventJob{EventID: e.ID})
}

// storable is the payload as both databases take it: the character 0 is no text to Postgres.
func storable(payload []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(payload), "\ufffd"), `\u0000`, `\ufffd`)
}

// stored is one line of the inbox.
type stored struct {
	kind, object, payload string
	handled               *time.Time
	ignored               bool
}

// Apply acts on a stored event: it fetches the subscription the event is about, as it is now, and mirrors it. An event
// that was handled is left alone, so Apply may be repeated; a failure is noted on the event and returned.
func (s *Service) Apply(ctx context.Context, eventID string) error {
	e, err := db.ReadOne(ctx, s.db, db.System, func(r db.Rows, v *stored) error {
		return r.Scan(&v.kind, &v.object, &v.payload, &v.handled, &v.ignored)
	}, `SELECT type, object_id, CAST(payload AS text), handled_at, ignored FROM stripe_events WHERE id = $1`, eventID)
	if err != nil || e.handled != nil && !e.ignored {
		return err
	}
	if e, err = s.snapshot(ctx, eventID, e); err == nil {
		err = s.apply(ctx, eventID, e)
	}
	if reason, ok := errors.AsType[notOurs](err); ok {
		return s.mark(ctx, eventID, true, string(reason))
	}
	if err != nil {
		return errors.Join(err, s.noteFailure(ctx, eventID, err))
	}
	return nil
}

// snapshot fetches what a thin event is about, and keeps that in its place: so it can be found when its user is erased.
func (s *Service) snapshot(ctx context.Context, eventID string, e stored) (stored, error) {
	payload, changed, err := s.stripe.Snapshot(ctx, []byte(e.payload))
	switch {
	case errors.Is(err, stripeapi.ErrNoEvent):
		return e, notOurs("the event names no object that could be fetched")
	case stripeapi.Unknown(err):
		return e, notOurs("Stripe does not know what the event is about")
	case err != nil || !changed:
		return e, err
	}
	e.payload = storable(payload)
	return e, s.db.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE stripe_events SET payload = $2 WHERE id = $1`, eventID, e.payload)
		return nil
	})
}

// notOurs is why an event needs no action, ever.
type notOurs string

func (n notOurs) Error() string { return string(n) }

func (s *Service) apply(ctx context.Context, eventID string, e stored) error {
	if stripeapi.IsReturn(e.kind) {
		return s.applyReturn(ctx, eventID, e)
	}
	if e.kind == "checkout.session.expired" {
		return s.applyExpired(ctx, eventID, e)
	}
	subscription, customer, ok := stripeapi.About(e.kind, []byte(e.payload))
	if !ok {
		return notOurs("the event is not about a subscription")
	}
	load := func(ctx context.Context) (plan.Row, error) {
		r, err := s.rowOfStripe(ctx, subscription, customer)
		if errors.Is(err, db.ErrNotFound) {
			err = notOurs("no user has this customer")
		}
		return r, err
	}
	if subscription == "" { // the customer was deleted: look at what they had
		r, err := load(ctx)
		if err != nil {
			return err
		}
		if subscription = r.SubscriptionID; subscription == "" {
			return notOurs("this customer had no subscription")
		}
	}
	invoice := ""
	if strings.HasPrefix(e.kind, "invoice.") {
		invoice = e.object
	}
	_, err := s.sync(ctx, change{
		actor: "stripe", invoice: invoice, load: load,
		fetch: func(ctx context.Context) (plan.Remote, error) {
			r, err := s.stripe.Subscription(ctx, subscription)
			if stripeapi.Unknown(err) {
				err = notOurs("Stripe does not know this subscription")
			}
			return r, err
		},
		also: func(_ context.Context, tx db.Tx) error {
			tx.Later(markEvent, eventID, tx.Now(), false, nil)
			return nil
		},
	})
	return err
}

const markEvent = `UPDATE stripe_events SET handled_at = $2, ignored = $3, last_error = $4, attempts = attempts + 1
	WHERE id = $1`

func (s *Service) mark(ctx context.Context, eventID string, ignored bool, note string) error {
	return s.db.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(markEvent, eventID, tx.Now(), ignored, note)
		return nil
	})
}

// noteFailure also runs when the job's time is up.
func (s *Service) noteFailure(ctx context.Context, eventID string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.db.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		note := why.Error()
		note = strings.ToValidUTF8(note[:min(len(note), maxNote)], "")
		tx.Later(`UPDATE stripe_events SET attempts = attempts + 1, last_error = $2 WHERE id = $1`, eventID, note)
		return nil
	})
}

// applyExpired frees the row of a user whose checkout page has expired, unless another page of theirs is open.
func (s *Service) applyExpired(ctx context.Context, eventID string, e stored) error {
	_, customer, _ := stripeapi.About(e.kind, []byte(e.payload))
	r, err := s.rowOfStripe(ctx, "", customer)
	if errors.Is(err, db.ErrNotFound) {
		return notOurs("no user has this customer")
	}
	if err != nil {
		return err
	}
	page, err := s.stripe.OpenCheckout(ctx, r.CustomerID)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Later(markEvent, eventID, tx.Now(), false, nil)
		if page != "" {
			return nil
		}
		tx.Touch(r.UserID)
		_, err := tx.Exec(ctx, `UPDATE subscriptions SET status = CASE WHEN stripe_subscription_id IS NULL THEN 'none' ELSE
			'canceled' END
			WHERE id = $1 AND updated_at = $2 AND status = 'checkout'`, r.ID, r.UpdatedAt)
		return err
	})
}

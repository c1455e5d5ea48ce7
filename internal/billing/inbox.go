package billing

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const (
	// MaxEvent bounds a webhook's body, in bytes.
	MaxEvent = 1 << 20

	signatureAge = 5 * time.Minute // how far a signature's time may be from ours, to either side
	maxNote      = 500             // of an event's last error, in bytes
)

// EventJob asks a worker to apply one stored event.
type EventJob struct {
	EventID string `json:"event_id"`
}

// Kind names the job in the queue.
func (EventJob) Kind() string { return "stripe_event" }

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
	e, err := s.verify(payload, signature)
	if err != nil {
		return fault.ValidationFailed.Saying("This is not a webhook that Stripe signed for this server.").Because(err)
	}
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		return keep(ctx, tx, e, payload)
	})
}

// keep stores an event and queues its work, unless it is known already.
func keep(ctx context.Context, tx db.Tx, e stripe.Event, payload []byte) error {
	ignored := !understood(e.Type)
	var done *time.Time
	if ignored {
		done = new(tx.Now())
	}
	n, err := tx.Exec(ctx, `INSERT INTO stripe_events (id, type, object_id, payload, received_at, handled_at, ignored)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		e.ID, string(e.Type), objectID(e), storable(needed(e, payload)), tx.Now(), done, ignored)
	if err != nil || n == 0 || ignored {
		return err
	}
	return tx.Enqueue(ctx, EventJob{EventID: e.ID})
}

// verify checks the signature with the SDK, and its time with our own clock, to both sides: the SDK knows only age.
func (s *Service) verify(payload []byte, signature string) (stripe.Event, error) {
	switch {
	case *s.secret.Load() == "":
		return stripe.Event{}, errors.New("no webhook secret is configured")
	case len(payload) > MaxEvent:
		return stripe.Event{}, errors.New("the body is too large")
	}
	at, err := signedAt(signature)
	if err != nil {
		return stripe.Event{}, err
	}
	if off := s.now().Sub(at).Abs(); off > signatureAge {
		return stripe.Event{}, errors.New("the signature's time is not now")
	}
	e, err := stripe.ConstructEvent(payload, signature, *s.secret.Load(), stripe.WithIgnoreTolerance())
	if err == nil && (!isName(e.ID) || !isName(string(e.Type)) || e.Data == nil) {
		err = errors.New("the event has no id, type or data")
	}
	return e, err
}

// isName tells whether s can be an id or a type of Stripe's.
func isName(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// storable is the payload as both databases take it: the character 0 is no text to Postgres.
func storable(payload []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(payload), "\ufffd"), `\u0000`, `\ufffd`)
}

// signedAt reads t= of the header. Two of them are refused, because the SDK signs with the last.
func signedAt(header string) (time.Time, error) {
	var at time.Time
	for pair := range strings.SplitSeq(header, ",") {
		value, ok := strings.CutPrefix(pair, "t=")
		if !ok {
			continue
		}
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || !at.IsZero() {
			return time.Time{}, errors.New("the signature's time cannot be read")
		}
		at = time.Unix(seconds, 0)
	}
	if at.IsZero() {
		return at, errors.New("the signature has no time")
	}
	return at, nil
}

func objectID(e stripe.Event) string {
	if id, _ := e.Data.Object["id"].(string); isName(id) {
		return id
	}
	return ""
}

// handled are the types of events that are acted on. The rest is stored and marked ignored, for a later version to replay.
func handled() []stripe.EventType {
	return []stripe.EventType{
		"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
		"customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.trial_will_end",
		"customer.subscription.pending_update_applied", "customer.subscription.pending_update_expired",
		"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
		"invoice.paid", "invoice.payment_failed", "invoice.payment_action_required", "invoice.finalization_failed",
		"invoice.marked_uncollectible", "invoice.voided", "customer.deleted",
		"charge.refunded", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.closed",
	}
}

func understood(t stripe.EventType) bool { return slices.Contains(handled(), t) }

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
	err = s.apply(ctx, eventID, e)
	if reason, ok := errors.AsType[notOurs](err); ok {
		return s.mark(ctx, eventID, true, string(reason))
	}
	if err != nil {
		return errors.Join(err, s.noteFailure(ctx, eventID, err))
	}
	return nil
}

// notOurs is why an event needs no action, ever.
type notOurs string

func (n notOurs) Error() string { return string(n) }

func (s *Service) apply(ctx context.Context, eventID string, e stored) error {
	if isReturn(stripe.EventType(e.kind)) {
		return s.applyReturn(ctx, eventID, e)
	}
	subscription, customer, err := about(stripe.EventType(e.kind), []byte(e.payload))
	if err != nil {
		return err
	}
	load := func(ctx context.Context) (row, error) {
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
	_, err = s.sync(ctx, change{
		actor: "stripe", invoice: invoice, load: load,
		fetch: func(ctx context.Context) (remote, error) {
			r, err := s.stripe.subscription(ctx, subscription)
			if unknown(err) {
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

const markEvent = `UPDATE stripe_events SET handled_at = $2, ignored = $3, last_error = $4, attempts = attempts + 1 WHERE id = $1`

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

// about tells which subscription and customer an event concerns. Only ids are taken from it.
func about(t stripe.EventType, payload []byte) (subscription, customer string, err error) {
	var e struct {
		Data struct {
			Object struct {
				ID           string                `json:"id"`
				Customer     *stripe.Customer      `json:"customer"`
				Subscription *stripe.Subscription  `json:"subscription"`
				Parent       *stripe.InvoiceParent `json:"parent"`
			} `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return "", "", notOurs("the event's object cannot be read")
	}
	o := e.Data.Object
	if o.Customer != nil {
		customer = o.Customer.ID
	}
	kind, _, _ := strings.Cut(string(t), ".")
	switch {
	case t == "customer.deleted":
		return "", o.ID, nil
	case strings.HasPrefix(string(t), "customer.subscription."):
		subscription = o.ID
	case kind == "checkout" && o.Subscription != nil:
		subscription = o.Subscription.ID
	case kind == "invoice" && o.Parent != nil && o.Parent.SubscriptionDetails != nil && o.Parent.SubscriptionDetails.Subscription != nil:
		subscription = o.Parent.SubscriptionDetails.Subscription.ID
	}
	if subscription == "" {
		return "", "", notOurs("the event is not about a subscription")
	}
	return subscription, customer, nil
}

// unknown tells that Stripe answered that it has no such object.
func unknown(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.Code == unknownToThem
}

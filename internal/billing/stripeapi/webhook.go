package stripeapi

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v86"
)

// Event is what is kept of something that happened at Stripe.
type Event struct {
	ID, Kind string // such as "invoice.paid"
	Object   string // the id of what it is about; "" when it names none
	Version  string // of the API, in which the payload is written
	Created  time.Time
	Payload  []byte // the webhook's body, as far as it may be stored
}

func newEvent(e stripe.Event, payload []byte) Event {
	return Event{
		ID: e.ID, Kind: string(e.Type), Object: objectID(e), Version: e.APIVersion,
		Created: instant(e.Created), Payload: needed(e, payload),
	}
}

// signatureAge is how far a signature's time may be from ours, to either side.
const signatureAge = 5 * time.Minute

// Why a webhook is refused. Each is another mistake, of another person.
var (
	ErrSignature = errors.New("the signature was not made with the webhook secret")
	ErrClock     = errors.New("the signature is right, but its time is not now")
	ErrNoEvent   = errors.New("the body is no event")
)

// Verify checks the signature with the SDK, and then its time with our own clock, to both sides: the SDK knows only
// age. An event of any API version is accepted, and a thin one too. Only its ids are used, and the object is fetched in
// the version that we read.
func Verify(payload []byte, signature, secret string, now time.Time) (Event, error) {
	if secret == "" {
		return Event{}, errors.New("no webhook secret is configured")
	}
	at, err := signedAt(signature)
	if err != nil {
		return Event{}, err
	}
	if err := stripe.ValidatePayload(payload, signature, secret, stripe.WithIgnoreTolerance()); err != nil {
		return Event{}, errors.Join(ErrSignature, err)
	}
	if off := now.Sub(at).Abs(); off > signatureAge {
		return Event{}, ErrClock
	}
	if isThin(payload) {
		return readThin(payload)
	}
	var e stripe.Event
	if err := json.Unmarshal(payload, &e); err != nil || !IsName(e.ID) || !IsName(string(e.Type)) || e.Data == nil {
		return Event{}, ErrNoEvent
	}
	return newEvent(e, payload), nil
}

// SameTrain tells whether a version is of the release train whose objects the SDK reads.
func SameTrain(version string) bool { return strings.HasSuffix(version, "."+stripe.APIMajorVersion) }

// IsName tells whether s can be an id or a type of Stripe's.
func IsName(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
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
	if id, _ := e.Data.Object["id"].(string); IsName(id) {
		return id
	}
	return ""
}

// Handled are the types of events that are acted on. The rest is stored and marked ignored, for a later version to
// replay.
func Handled() []string {
	return []string{
		"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
		"customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.trial_will_end",
		"customer.subscription.pending_update_applied", "customer.subscription.pending_update_expired",
		"checkout.session.completed", "checkout.session.expired", "checkout.session.async_payment_succeeded",
		"checkout.session.async_payment_failed",
		"invoice.paid", "invoice.payment_failed", "invoice.payment_action_required", "invoice.finalization_failed",
		"invoice.marked_uncollectible", "invoice.voided", "customer.deleted",
		"charge.refunded", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.closed",
	}
}

// Understood tells whether events of a type are acted on.
func Understood(kind string) bool { return slices.Contains(Handled(), kind) }

// About tells which subscription and customer an event concerns. Only ids are taken from it.
func About(t string, payload []byte) (subscription, customer string, ok bool) {
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
		return "", "", false
	}
	o := e.Data.Object
	if o.Customer != nil {
		customer = o.Customer.ID
	}
	kind, _, _ := strings.Cut(t, ".")
	switch {
	case t == "customer.deleted":
		return "", o.ID, true
	case strings.HasPrefix(t, "customer.subscription."):
		subscription = o.ID
	case kind == "checkout" && o.Subscription != nil:
		subscription = o.Subscription.ID
	case kind == "invoice" && o.Parent != nil && o.Parent.SubscriptionDetails != nil &&
		o.Parent.SubscriptionDetails.Subscription != nil:
		subscription = o.Parent.SubscriptionDetails.Subscription.ID
	case kind == "invoice" && o.Subscription != nil: // as API versions before 2025-03-31.basil wrote it
		subscription = o.Subscription.ID
	}
	return subscription, customer, subscription != ""
}

// needed is the part of a webhook's body that may be stored. The evidence of a dispute tells of people by name, and an
// event about one does not say whose it is, so that nobody could find it to erase it.
func needed(e stripe.Event, payload []byte) []byte {
	if !strings.HasPrefix(string(e.Type), "charge.dispute.") {
		return payload
	}
	kept := map[string]any{}
	for _, name := range []string{"id", "object", "charge", "status", "amount", "currency", "created"} {
		kept[name] = e.Data.Object[name]
	}
	raw, err := json.Marshal(kept)
	if err != nil { // it was read from JSON
		raw = []byte("{}")
	}
	e.Data = &stripe.EventData{Raw: raw}
	return payloadOf(e)
}

// ChargeIn tells which charge an event is about, and whose it is if the event says so.
func ChargeIn(payload []byte) (charge, customer string) {
	var e struct {
		Data struct {
			Object struct {
				ID       string           `json:"id"`
				Object   string           `json:"object"`
				Charge   *stripe.Charge   `json:"charge"`
				Customer *stripe.Customer `json:"customer"`
			} `json:"object"`
		} `json:"data"`
	}
	if json.Unmarshal(payload, &e) != nil {
		return "", ""
	}
	o := e.Data.Object
	if o.Customer != nil {
		customer = o.Customer.ID
	}
	switch {
	case o.Charge != nil:
		charge = o.Charge.ID
	case o.Object == "charge":
		charge = o.ID
	}
	if !IsName(charge) {
		charge = ""
	}
	return charge, customer
}

// IsReturn tells whether events of a type are about money that goes back.
func IsReturn(kind string) bool {
	return strings.HasPrefix(kind, "charge.") || strings.HasPrefix(kind, "refund.")
}

// payloadOf is what a webhook's body would have been, as far as it matters here.
func payloadOf(e stripe.Event) []byte {
	body, err := json.Marshal(map[string]any{
		"id": e.ID, "object": "event", "type": e.Type, "api_version": e.APIVersion, "created": e.Created,
		"livemode": e.Livemode,
		"data":     map[string]any{"object": e.Data.Raw},
	})
	if err != nil { // Raw was part of an answer that could be read
		return nil
	}
	return body
}

package stripeapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/fault"
)

// A thin event (API v2) names the object that it is about and holds nothing of it. It is signed and stored like any
// other; when it is applied, Snapshot fetches the object, and what is stored from then on is a snapshot event.

const (
	thinObject = "v2.core.event"
	thinPrefix = "v1." // of the type, where the object is one of API v1
)

// thin is a thin event, as it arrives.
type thin struct {
	ID      string    `json:"id"`
	Object  string    `json:"object"`
	Type    string    `json:"type"` // such as "v1.invoice.paid"
	Created time.Time `json:"created"`
	Live    bool      `json:"livemode"`
	Related *struct {
		ID  string `json:"id"`
		URL string `json:"url"` // a path, such as "/v1/invoices/in_123"
	} `json:"related_object"`
}

// isThin tells a thin event from a snapshot without reading more than that.
func isThin(payload []byte) bool {
	var e struct {
		Object string `json:"object"`
	}
	return json.Unmarshal(payload, &e) == nil && e.Object == thinObject
}

// readThin reads a thin event that was signed.
func readThin(payload []byte) (Event, error) {
	var e thin
	if err := json.Unmarshal(payload, &e); err != nil || !IsName(e.ID) || !IsName(e.Type) {
		return Event{}, ErrNoEvent
	}
	if !strings.HasPrefix(e.Type, thinPrefix) && !strings.HasPrefix(e.Type, "v2.") {
		return Event{}, ErrNoEvent
	}
	out := Event{
		ID: e.ID, Kind: strings.TrimPrefix(e.Type, thinPrefix), Version: APIVersion, Created: e.Created,
		Payload: payload,
	}
	if e.Related != nil && IsName(e.Related.ID) {
		out.Object = e.Related.ID
	}
	return out, nil
}

// objectPath is the only form of a path that is fetched: below /v1/, plain segments, the object's id at the end.
var objectPath = regexp.MustCompile(`^/v1/[a-z0-9_]+(?:/[A-Za-z0-9_]+){0,4}$`)

var errPath = errors.New("the event names no path of an object below /v1/")

// path is where the object is fetched, if that is a place that may be asked.
func (e thin) path() (string, error) {
	if e.Related == nil || !objectPath.MatchString(e.Related.URL) || !strings.HasSuffix(e.Related.URL, "/"+e.Related.ID) {
		return "", errPath
	}
	return e.Related.URL, nil
}

// Snapshot turns the payload of a stored thin event into that of a snapshot, with the object as it is now. Any other
// payload is given back as it is, and changed is false. [ErrNoEvent] means that there is nothing that could be fetched.
func (p *Client) Snapshot(ctx context.Context, payload []byte) (_ []byte, changed bool, _ error) {
	if !isThin(payload) {
		return payload, false, nil
	}
	var e thin
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, false, ErrNoEvent
	}
	path, err := e.path()
	if err != nil {
		return nil, false, errors.Join(ErrNoEvent, err)
	}
	raw, err := p.fetch(ctx, path)
	if err != nil {
		return nil, false, err
	}
	full := stripe.Event{
		ID: e.ID, Type: stripe.EventType(strings.TrimPrefix(e.Type, thinPrefix)), APIVersion: APIVersion,
		Created:  e.Created.Unix(),
		Livemode: e.Live, Data: &stripe.EventData{Raw: raw},
	}
	if err := json.Unmarshal(raw, &full.Data.Object); err != nil || full.Data.Object["id"] != e.Related.ID {
		return nil, false, fault.PaymentProviderError.Because(errors.New("Stripe answered with another object than the " +
			"event names"))
	}
	return needed(full, payloadOf(full)), true, nil
}

// fetch reads one object by its path.
func (p *Client) fetch(ctx context.Context, path string) ([]byte, error) {
	params := &stripe.RawParams{}
	params.Context = ctx
	res, err := p.raw.RawRequest(http.MethodGet, path, *p.key.Load(), "", params)
	if err != nil {
		return nil, refuse(err)
	}
	return res.RawJSON, nil
}

package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	stripeDeliverTries = 8 // with the waits between them, about 6 seconds
	stripeDeliverWait  = 50 * time.Millisecond
	stripeMaxEvents    = 20_000
)

type stripeEvent struct {
	ID              string         `json:"id"`
	Object          string         `json:"object"`
	APIVersion      string         `json:"api_version"`
	Created         int64          `json:"created"`
	Data            map[string]any `json:"data"`
	Livemode        bool           `json:"livemode"`
	PendingWebhooks int            `json:"pending_webhooks"`
	Request         map[string]any `json:"request"`
	Type            string         `json:"type"`

	owed bool // a webhook has to arrive yet; guarded by the outbox
}

// emit notes that something happened, with the object as it is now.
func (c *stripeCall) emit(kind string, object any) {
	e := &stripeEvent{
		ID: stripeID("evt"), Object: "event", APIVersion: stripeVersion, Created: clip(c.now), Data: map[string]any{"object": complete(object)},
		Request: map[string]any{"id": nil, "idempotency_key": nil}, Type: kind,
	}
	if len(c.events.list) >= stripeMaxEvents {
		for _, old := range c.events.list[:stripeMaxEvents/10] {
			delete(c.events.byID, old.ID)
		}
		c.events.list = slices.Delete(c.events.list, 0, stripeMaxEvents/10)
	}
	c.events.put(e.ID, e)
	c.fresh = append(c.fresh, e)
}

func (c *stripeCall) retrieveEvent() (any, *stripeError) {
	if e := c.events.byID[c.id]; e != nil {
		return e, nil
	}
	return nil, missing("event", "id", c.id)
}

func (c *stripeCall) listEvents() (any, *stripeError) {
	var types []string
	for k, v := range c.form {
		if k == "type" || len(k) > 5 && k[:6] == "types[" {
			types = append(types, v...)
		}
	}
	since := int64(0)
	for name, more := range map[string]int64{"created[gte]": 0, "created[gt]": 1} {
		if v, err := strconv.ParseInt(c.form.get(name), 10, 64); err == nil {
			since = max(since, v+more)
		}
	}
	return page(c, "/v1/events", c.events.list, func(e *stripeEvent) string { return e.ID },
		func(e *stripeEvent) bool {
			return e.Created >= since && (len(types) == 0 || slices.Contains(types, e.Type))
		},
		func(e *stripeEvent) any { return e })
}

// StripeDelivery is how badly webhooks travel. The zero value delivers each once, those of one call in order.
type StripeDelivery struct {
	Duplicate bool          // each is delivered twice
	Reorder   bool          // those of one call arrive in reverse
	Lose      bool          // none arrives; GET /v1/events still tells
	Delay     time.Duration // of real time, before the first try
}

// stripeOutbox delivers events, each call's in a goroutine that ends with the last try.
type stripeOutbox struct {
	now         func() time.Time
	mu          sync.Mutex
	url, secret string
	how         StripeDelivery
	underWay    int
	idle        chan struct{}  // closed when underWay falls to 0
	left        []*stripeEvent // owed since before a restart, until somebody wants them
	arrived     func()         // called after each batch
}

// DeliverTo sends every event from now on to url, signed with secret, and first those that an earlier process left
// undelivered in the state file. It returns at once; a refusal is tried again a few times.
func (c *Stripe) DeliverTo(url, secret string) {
	c.outbox.mu.Lock()
	c.outbox.url, c.outbox.secret = url, secret
	left := c.outbox.left
	c.outbox.left = nil
	c.outbox.mu.Unlock()
	c.outbox.send(left)
}

// Misdeliver sets how badly webhooks travel from now on.
func (c *Stripe) Misdeliver(d StripeDelivery) {
	c.outbox.mu.Lock()
	defer c.outbox.mu.Unlock()
	c.outbox.how = d
}

// Delivered waits until every webhook under way has arrived or was given up.
func (c *Stripe) Delivered(ctx context.Context) error {
	c.outbox.mu.Lock()
	idle := c.outbox.idle
	if c.outbox.underWay == 0 {
		c.outbox.mu.Unlock()
		return nil
	}
	c.outbox.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// owe notes that webhooks of these events have to arrive, if anybody wants them.
func (o *stripeOutbox) owe(happened []*stripeEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range happened {
		e.owed = o.url != "" && !o.how.Lose
	}
}

// send starts the delivery of what one call brought about.
func (o *stripeOutbox) send(happened []*stripeEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(happened) == 0 || o.url == "" || o.how.Lose {
		return
	}
	batch := slices.Clone(happened)
	if o.how.Reorder {
		slices.Reverse(batch)
	}
	if o.how.Duplicate {
		batch = append(batch, batch...)
	}
	if o.underWay == 0 {
		o.idle = make(chan struct{})
	}
	o.underWay++
	go o.deliver(batch, o.url, o.secret, o.how.Delay)
}

func (o *stripeOutbox) deliver(batch []*stripeEvent, url, secret string, delay time.Duration) {
	time.Sleep(delay)
	for _, e := range batch {
		if o.persist(url, secret, e) {
			o.mu.Lock()
			e.owed = false
			o.mu.Unlock()
		}
	}
	o.arrived()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.underWay--; o.underWay == 0 {
		close(o.idle)
	}
}

// persist tries until the event arrived, and gives up at last.
func (o *stripeOutbox) persist(url, secret string, e *stripeEvent) bool {
	wait := stripeDeliverWait
	for try := 1; ; try++ {
		if o.post(url, secret, e) {
			return true
		}
		if try == stripeDeliverTries {
			return false
		}
		time.Sleep(wait)
		wait *= 2
	}
}

// post makes one try, signed with the sandbox's time of the try, as the real one does.
func (o *stripeOutbox) post(url, secret string, e *stripeEvent) bool {
	body, err := json.Marshal(e)
	if err != nil {
		panic(err) // only this package's own types come here
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", signStripe(o.now(), body, secret))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode/100 == 2
}

func signStripe(at time.Time, body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

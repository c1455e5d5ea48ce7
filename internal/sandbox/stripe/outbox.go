package stripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	deliverTries = 8 // with the waits between them, about 6 seconds
	deliverWait  = 50 * time.Millisecond
	server       = "server" // the key of the address that DeliverTo names
)

// Delivery is how badly webhooks travel. The zero value delivers each once, those of one call in order.
type Delivery struct {
	Duplicate bool          // each is delivered twice
	Reorder   bool          // those of one call arrive in reverse
	Lose      bool          // none arrives; GET /v1/events still tells
	Delay     time.Duration // of real time, before the first try
}

// target is an address that wants webhooks, and what they are signed with.
type target struct {
	key     string // server, or the id of an endpoint
	url     string
	version string // of the API that its events speak
	secrets []string
}

// parcel is an event on its way to an address.
type parcel struct {
	to    target
	event *event
}

// parcels is what one call has for each address, in order.
type parcels [][]parcel

func (p *parcels) add(to target, e *event) {
	i := slices.IndexFunc(*p, func(batch []parcel) bool { return batch[0].to.key == to.key })
	if i < 0 {
		i = len(*p)
		*p = append(*p, nil)
	}
	(*p)[i] = append((*p)[i], parcel{to, e})
}

// outbox delivers events: for each call and address in a goroutine that ends with the last try.
type outbox struct {
	now         func() time.Time
	mu          sync.Mutex
	url, secret string
	how         Delivery
	underWay    int
	idle        chan struct{} // closed when underWay falls to 0
	left        []*event      // owed since before a restart, until somebody wants them
	arrived     func()        // called after each batch
}

// DeliverTo sends every event from now on to url, signed with secret, and first those that an earlier process left
// undelivered in the state file. It returns at once; a refusal is tried again a few times.
//
// Webhook endpoints of the account get theirs too, if they are on this machine: nothing leaves it. One with this very
// address is the same server, which gets each event once, signed with both secrets.
func (c *Server) DeliverTo(url, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox.mu.Lock()
	c.outbox.url, c.outbox.secret = url, secret
	var post parcels
	for _, e := range c.outbox.left {
		for _, to := range c.targets(e.Type) {
			if slices.Contains(e.owed, to.key) {
				post.add(to, e)
			}
		}
	}
	c.outbox.left = nil
	c.outbox.mu.Unlock()
	c.outbox.send(post)
}

// targets lists who wants an event of this type. The caller holds c.mu and the lock of the outbox.
func (c *Server) targets(kind string) []target {
	var all []target
	if c.outbox.url != "" {
		all = append(all, target{server, c.outbox.url, version, []string{c.outbox.secret}})
	}
	for _, e := range c.catalog.endpoints.list {
		if !e.wants(kind) {
			continue
		}
		to := target{e.ID, e.URL, version, []string{e.secret}}
		if e.APIVersion != nil {
			to.version = *e.APIVersion
		}
		if c.outbox.url != "" && sameAddress(c.outbox.url, to.url) && to.version == version {
			all[0].secrets = append(all[0].secrets, e.secret)
			continue
		}
		all = append(all, to)
	}
	return all
}

// wants tells whether an endpoint is to hear of an event, and can from here.
func (e *endpoint) wants(kind string) bool {
	return e.Status == "enabled" && e.secret != "" && onThisMachine(e.URL) &&
		(slices.Contains(e.EnabledEvents, kind) || slices.Contains(e.EnabledEvents, "*"))
}

func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// sameAddress tells whether two addresses are the same server and path; all names of this machine are one.
func sameAddress(a, b string) bool {
	x, err1 := url.Parse(a)
	y, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && x.Port() == y.Port() && x.Path == y.Path && x.Scheme == y.Scheme &&
		(x.Hostname() == y.Hostname() || onThisMachine(a) && onThisMachine(b))
}

// owe notes where webhooks of these events have to arrive, and packs them. The caller holds c.mu.
func (c *Server) owe(happened []*event) (post parcels) {
	c.outbox.mu.Lock()
	defer c.outbox.mu.Unlock()
	if c.outbox.how.Lose {
		return nil
	}
	for _, e := range happened {
		for _, to := range c.targets(e.Type) {
			e.owed = append(e.owed, to.key)
			post.add(to, e)
		}
	}
	return post
}

// Misdeliver sets how badly webhooks travel from now on.
func (c *Server) Misdeliver(d Delivery) {
	c.outbox.mu.Lock()
	defer c.outbox.mu.Unlock()
	c.outbox.how = d
}

// Delivered waits until every webhook under way has arrived or was given up.
func (c *Server) Delivered(ctx context.Context) error {
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

// send starts the delivery of what one call brought about.
func (o *outbox) send(post parcels) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.how.Lose {
		return
	}
	for _, batch := range post {
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
		go o.deliver(batch, o.how.Delay)
	}
}

func (o *outbox) deliver(batch []parcel, delay time.Duration) {
	time.Sleep(delay)
	for _, p := range batch {
		if o.persist(p) {
			o.mu.Lock()
			p.event.owed = slices.DeleteFunc(p.event.owed, func(key string) bool { return key == p.to.key })
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
func (o *outbox) persist(p parcel) bool {
	wait := deliverWait
	for try := 1; ; try++ {
		if o.post(p) {
			return true
		}
		if try == deliverTries {
			return false
		}
		time.Sleep(wait)
		wait *= 2
	}
}

// post makes one try, signed with the sandbox's time of the try, as the real one does.
func (o *outbox) post(p parcel) bool {
	body, err := json.Marshal(p.event.speaking(p.to.version))
	if err != nil {
		panic(err) // only this package's own types come here
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.to.url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", signStripe(o.now(), body, p.to.secrets...))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode/100 == 2
}

// signStripe signs with each secret, as the real one does while a secret is rolled.
func signStripe(at time.Time, body []byte, secrets ...string) string {
	var header strings.Builder
	fmt.Fprintf(&header, "t=%d", at.Unix())
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
		fmt.Fprintf(&header, ",v1=%x", mac.Sum(nil))
	}
	return header.String()
}

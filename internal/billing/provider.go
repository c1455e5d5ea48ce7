package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/fault"
)

// provider is every question this package asks Stripe, and the only user of its SDK's client. All of its errors are faults.
type provider struct {
	api     *stripe.Client
	priceOf map[string]string // tier to price id
	tierOf  map[string]string // price id to tier
	codes   bool              // promotion codes are taken
	tax     bool              // Stripe reckons tax
	standIn bool              // it is not Stripe that is asked, so its pages may be unencrypted
	key     *atomic.Pointer[string]
}

// newProvider makes a client of the service's own: nothing of the SDK's package state is used or changed.
func newProvider(c Config) (*provider, error) {
	backend := &stripe.BackendConfig{
		HTTPClient: cmp.Or(c.HTTP, &http.Client{Timeout: 20 * time.Second}), EnableTelemetry: new(false), MaxNetworkRetries: new(int64(1)),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, // its lines would hold what Stripe answered
	}
	if c.StripeURL != "" {
		u, err := url.Parse(c.StripeURL)
		if err != nil || u.Host == "" {
			return nil, errors.New("the address of Stripe's API is not an address: leave STRIPE_API_URL empty for the real one")
		}
		backend.URL = new(u.Scheme + "://" + u.Host)
		backend.HTTPClient = below(backend.HTTPClient, u.Path)
	}
	key := &atomic.Pointer[string]{}
	key.Store(&c.StripeKey)
	backend.HTTPClient = authenticated(backend.HTTPClient, key)
	return &provider{
		key:     key,
		api:     stripe.NewClient(c.StripeKey, stripe.WithBackends(stripe.NewBackendsWithConfig(backend))),
		priceOf: map[string]string{c.Tiers.Basic.Name: c.BasicPrice, c.Tiers.Pro.Name: c.ProPrice},
		codes:   c.Codes, tax: c.Tax,
		standIn: strings.HasPrefix(c.StripeURL, "http://"),
		tierOf:  map[string]string{c.BasicPrice: c.Tiers.Basic.Name, c.ProPrice: c.Tiers.Pro.Name},
	}, nil
}

// below makes client ask under a path, which the SDK refuses to have in its address.
func below(client *http.Client, path string) *http.Client {
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return client
	}
	return changing(client, func(r *http.Request) {
		r.URL.Path = path + r.URL.Path
		r.URL.RawPath = ""
	})
}

// authenticated makes client ask with the key as it is then, because the SDK keeps the one it was made with.
func authenticated(client *http.Client, key *atomic.Pointer[string]) *http.Client {
	return changing(client, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+*key.Load()) })
}

// changing makes client change a copy of each request before it is sent.
func changing(client *http.Client, change func(*http.Request)) *http.Client {
	c := *client
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = transport(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		change(r)
		return next.RoundTrip(r)
	})
	return &c
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const (
	metaUser       = "repazoo_user"                       // on everything we make there: whose it is
	expandSecret   = "latest_invoice.confirmation_secret" // whether it was paid, and how to confirm it when not
	unknownToThem  = stripe.ErrorCodeResourceMissing
	maxCustomerSub = 100
)

// customer finds the user's customer, or makes it. The known id is tried first; search is a minute late, so the key keeps
// two attempts in that minute from making two.
func (p *provider) customer(ctx context.Context, userID, known string) (string, error) {
	if known != "" {
		cu, err := p.api.V1Customers.Retrieve(ctx, known, nil)
		if err == nil && !cu.Deleted {
			return known, nil
		}
		if err != nil && !missing(err) {
			return "", refuse(err)
		}
	}
	search := &stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: fmt.Sprintf("metadata['%s']:'%s'", metaUser, userID), Single: true}}
	for cu, err := range p.api.V1Customers.Search(ctx, search).All(ctx) {
		if err != nil {
			return "", refuse(err)
		}
		return cu.ID, nil
	}
	params := &stripe.CustomerCreateParams{Metadata: map[string]string{metaUser: userID}}
	params.SetIdempotencyKey("repazoo-customer-" + userID + "-" + known)
	cu, err := p.api.V1Customers.Create(ctx, params)
	if err != nil {
		return "", refuse(err)
	}
	return cu.ID, nil
}

// closeCheckouts ends every checkout page of the customer that could still be paid.
func (p *provider) closeCheckouts(ctx context.Context, customer string) error {
	params := &stripe.CheckoutSessionListParams{Customer: &customer, Status: new("open")}
	for cs, err := range p.api.V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return refuse(err)
		}
		// One that was paid between the two calls cannot be expired; the subscription it made is found next.
		if _, err := p.api.V1CheckoutSessions.Expire(ctx, cs.ID, nil); err != nil && !rejected(err) {
			return refuse(err)
		}
	}
	return nil
}

// liveSubscription finds what the customer already has; none is the zero remote.
func (p *provider) liveSubscription(ctx context.Context, customer string) (remote, error) {
	now, _, err := p.existing(ctx, customer)
	return now, err
}

// expandAll asks for all of a subscription that is mirrored.
func expandAll() []*string {
	return []*string{new(expandSecret), new(expandDiscounts), new("discounts.promotion_code"), new("schedule"), new("customer"), new("pending_setup_intent")}
}

// subscription fetches one as it is now.
func (p *provider) subscription(ctx context.Context, id string) (remote, error) {
	r, err := p.read(p.api.V1Subscriptions.Retrieve(ctx, id, &stripe.SubscriptionRetrieveParams{Expand: expandAll()}))
	if err == nil && r.Status == "canceled" && !r.Paid && r.EndReason != endDisputed && r.Invoice.Reason == string(stripe.InvoiceBillingReasonSubscriptionUpdate) {
		r.Paid, err = p.paidBefore(ctx, r) // the latest invoice was of a change that was never paid: the period itself may be
	}
	if err == nil && r.Status == "past_due" {
		var all []charge
		all, err = p.charges(ctx, r.ID)
		r.OwedSince = owedSince(all)
	}
	return r, err
}

func (p *provider) read(sub *stripe.Subscription, err error) (remote, error) {
	if err != nil {
		return remote{}, refuse(err)
	}
	return remoteOf(sub, p.tierOf), nil
}

// subscribe attaches the payment method and starts the subscription: active once paid, incomplete when the bank must ask.
func (p *provider) subscribe(ctx context.Context, userID, customer, tier, method, key string, t terms) (remote, error) {
	m, err := p.api.V1PaymentMethods.Attach(ctx, method, &stripe.PaymentMethodAttachParams{Customer: &customer})
	if err != nil {
		return remote{}, refuse(err)
	}
	params := &stripe.SubscriptionCreateParams{
		Customer:             &customer,
		Items:                []*stripe.SubscriptionCreateItemParams{{Price: new(p.priceOf[tier])}},
		DefaultPaymentMethod: &m.ID,
		PaymentBehavior:      new("allow_incomplete"),
		Metadata:             map[string]string{metaUser: userID},
		Expand:               expandAll(),
	}
	if p.tax {
		params.AutomaticTax = &stripe.SubscriptionCreateAutomaticTaxParams{Enabled: new(true)}
	}
	t.on(params)
	params.SetIdempotencyKey(key)
	return p.read(p.api.V1Subscriptions.Create(ctx, params))
}

// checkout makes a page on which the user pays; it answers the page's address.
func (p *provider) checkout(ctx context.Context, userID, customer, tier, done, back, key string, t terms) (string, error) {
	params := &stripe.CheckoutSessionCreateParams{
		Mode:              new("subscription"),
		Customer:          &customer,
		ClientReferenceID: &userID,
		LineItems:         []*stripe.CheckoutSessionCreateLineItemParams{{Price: new(p.priceOf[tier]), Quantity: new(int64(1))}},
		SuccessURL:        &done,
		CancelURL:         &back,
		SubscriptionData:  &stripe.CheckoutSessionCreateSubscriptionDataParams{Metadata: map[string]string{metaUser: userID}},
	}
	p.taxOnPage(params)
	t.onPage(params, p.codes)
	params.SetIdempotencyKey(key)
	cs, err := p.api.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return "", refuse(err)
	}
	return cs.URL, nil
}

// cancelAtEnd lets the subscription run out, or takes that back.
func (p *provider) cancelAtEnd(ctx context.Context, id string, on bool) error {
	_, err := p.api.V1Subscriptions.Update(ctx, id, &stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: &on})
	return refuse(err)
}

// clearCancelAt takes back an end that was set by date, as Stripe's own pages do.
func (p *provider) clearCancelAt(ctx context.Context, id string) error {
	params := &stripe.SubscriptionUpdateParams{UnsetFields: []stripe.SubscriptionUpdateParamsUnsetField{stripe.SubscriptionUpdateParamsUnsetFieldCancelAt}}
	_, err := p.api.V1Subscriptions.Update(ctx, id, params)
	return refuse(err)
}

// cancelNow ends the subscription. One that Stripe does not have, or has ended, is ended.
func (p *provider) cancelNow(ctx context.Context, id string) error {
	_, err := p.api.V1Subscriptions.Cancel(ctx, id, nil)
	if missing(err) {
		return nil
	}
	return refuse(err)
}

func missing(err error) bool {
	e, ok := errors.AsType[*stripe.Error](err)
	return ok && e.Code == unknownToThem
}

// rejected tells whether Stripe understood the request and would not do it.
func rejected(err error) bool {
	e, ok := errors.AsType[*stripe.Error](err)
	return ok && e.HTTPStatusCode/100 == 4 && e.HTTPStatusCode != http.StatusTooManyRequests
}

// refusal is what may be kept of Stripe's error: the whole holds client secrets and what the user typed.
type refusal struct {
	Status    int
	Type      stripe.ErrorType
	Code      stripe.ErrorCode
	Param     string
	RequestID string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("stripe: status %d, type %q, code %q, param %q, request %q", r.Status, r.Type, r.Code, r.Param, r.RequestID)
}

// refuse turns an error of the SDK into a fault; nil stays nil.
func refuse(err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		return fault.PaymentProviderError.Because(unanswered(err))
	}
	cause := &refusal{e.HTTPStatusCode, e.Type, e.Code, e.Param, e.RequestID}
	switch {
	case e.Type == stripe.ErrorTypeCard:
		say := decline(e)
		return fault.ValidationFailed.Saying("%s", say).At("body.payment_method_id", say).Because(cause)
	case e.Code == unknownToThem && noSuchMethod(e):
		const say = "This payment method does not exist. Enter the card again."
		return fault.ValidationFailed.Saying(say).At("body.payment_method_id", say).Because(cause)
	case e.Code == errorCodeTaxLocation:
		return fault.Conflict.Saying(taxNeedsPlace).Because(cause)
	case strings.Contains(e.Param, "promotion_code"):
		return badCode("This promotion code cannot be used for this plan. Go on without one.").Because(cause)
	}
	return fault.PaymentProviderError.Because(cause)
}

// unanswered is what may be kept of an error that is not Stripe's own: no address, whose query may name a user, and no
// piece of an answer that could not be read.
func unanswered(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	for _, known := range []error{context.DeadlineExceeded, context.Canceled, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errors.New("stripe: an answer that cannot be read")
}

// settled tells whether Stripe answered, so that nothing of the attempt is still under way there. A 409 is Stripe saying
// that an earlier try of the same call, whose answer was lost, is.
func settled(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.Status != http.StatusConflict
}

package stripeapi

import (
	"context"
	"net/http"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/fault"
)

// What an account at Stripe must hold before anybody can pay: prices, the customer portal, a webhook endpoint. These
// calls are made by who runs `repazoo billing setup`, so their errors say what Stripe said ([forOperator]).

// Our own things are known again by this metadata and, for prices, by their lookup key.
const (
	metaSetup  = "repazoo" // value: "basic", "pro", "portal" or "webhook"
	maxObjects = 1_000     // looked through when searching, for each kind
)

// APIVersion is the version of Stripe's API that this program speaks.
const APIVersion = stripe.APIVersion

// Price is what Stripe has of a price.
type Price struct {
	ID       string
	Live     bool // of live mode
	Active   bool
	Monthly  bool // charged once each month
	Cents    int64
	Currency string
}

func priceOf(p *stripe.Price) *Price {
	r := p.Recurring
	return &Price{
		ID: p.ID, Live: p.Livemode, Active: p.Active, Cents: p.UnitAmount, Currency: string(p.Currency),
		Monthly: r != nil && r.Interval == stripe.PriceRecurringIntervalMonth && r.IntervalCount == 1,
	}
}

// Price fetches a price; nil when this account does not have it.
func (p *Client) Price(ctx context.Context, id string) (*Price, error) {
	price, err := sdk(p).V1Prices.Retrieve(ctx, id, nil)
	switch {
	case missing(err):
		return nil, nil
	case err != nil:
		return nil, forOperator(err)
	}
	return priceOf(price), nil
}

// PriceByKey finds the active price of a lookup key; nil when there is none.
func (p *Client) PriceByKey(ctx context.Context, key string) (*Price, error) {
	params := &stripe.PriceListParams{LookupKeys: []*string{&key}, Active: new(true)}
	for price, err := range sdk(p).V1Prices.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, forOperator(err)
		}
		return priceOf(price), nil
	}
	return nil, nil
}

// NewPrice is a monthly price to make.
type NewPrice struct {
	Tier     string
	Name     string
	Product  string // Stripe's id
	Key      string // by which it is found again
	Cents    int64
	TaxOnTop bool // the price is without tax
}

// MakePrice makes a price.
func (p *Client) MakePrice(ctx context.Context, n NewPrice) (*Price, error) {
	params := &stripe.PriceCreateParams{
		Product: &n.Product, Currency: new("usd"), UnitAmount: &n.Cents, Nickname: &n.Name, LookupKey: &n.Key,
		Recurring: &stripe.PriceCreateRecurringParams{Interval: new("month")}, Metadata: map[string]string{metaSetup: n.Tier},
	}
	if n.TaxOnTop {
		params.TaxBehavior = new(string(stripe.PriceTaxBehaviorExclusive))
	}
	price, err := sdk(p).V1Prices.Create(ctx, params)
	if err != nil {
		return nil, forOperator(err)
	}
	return priceOf(price), nil
}

// Product finds the product of a tier that an earlier setup made; "" when there is none.
func (p *Client) Product(ctx context.Context, tier string) (string, error) {
	params := &stripe.ProductListParams{Active: new(true)}
	params.Limit = new(int64(100))
	seen := 0
	for product, err := range sdk(p).V1Products.List(ctx, params).All(ctx) {
		if err != nil {
			return "", forOperator(err)
		}
		if product.Metadata[metaSetup] == tier {
			return product.ID, nil
		}
		if seen++; seen == maxObjects {
			break
		}
	}
	return "", nil
}

// MakeProduct makes the product of a tier and answers its id.
func (p *Client) MakeProduct(ctx context.Context, tier, name, description string) (string, error) {
	product, err := sdk(p).V1Products.Create(ctx, &stripe.ProductCreateParams{
		Name: &name, Description: &description, Metadata: map[string]string{metaSetup: tier},
	})
	if err != nil {
		return "", forOperator(err)
	}
	return product.ID, nil
}

// PortalConfig is what Stripe has of the customer portal's configuration.
type PortalConfig struct {
	ID    string
	Live  bool // of live mode
	Right bool // it lets people do what it should, and nothing else
}

// PortalConfig finds the active configuration that an earlier setup made; nil when there is none.
func (p *Client) PortalConfig(ctx context.Context, back string) (*PortalConfig, error) {
	found, err := findPortal(ctx, sdk(p))
	if err != nil {
		return nil, forOperator(err)
	}
	if found == nil {
		return nil, nil
	}
	return &PortalConfig{ID: found.ID, Live: found.Livemode, Right: portalIsRight(found, back)}, nil
}

func portalIsRight(p *stripe.BillingPortalConfiguration, back string) bool {
	const atEnd = stripe.BillingPortalConfigurationFeaturesSubscriptionCancelModeAtPeriodEnd
	f := p.Features
	return p.DefaultReturnURL == back && f != nil && f.InvoiceHistory.Enabled && f.PaymentMethodUpdate.Enabled &&
		f.SubscriptionCancel.Enabled && f.SubscriptionCancel.Mode == atEnd && !f.SubscriptionUpdate.Enabled
}

// MakePortalConfig makes the configuration and answers its id.
func (p *Client) MakePortalConfig(ctx context.Context, back string) (string, error) {
	made, err := sdk(p).V1BillingPortalConfigurations.Create(ctx, &stripe.BillingPortalConfigurationCreateParams{
		DefaultReturnURL: &back, Metadata: map[string]string{metaSetup: "portal"},
		Features: &stripe.BillingPortalConfigurationCreateFeaturesParams{
			InvoiceHistory: &stripe.BillingPortalConfigurationCreateFeaturesInvoiceHistoryParams{Enabled: new(true)},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationCreateFeaturesPaymentMethodUpdateParams{
				Enabled: new(true),
			},
			SubscriptionCancel: &stripe.BillingPortalConfigurationCreateFeaturesSubscriptionCancelParams{
				Enabled: new(true), Mode: new("at_period_end"),
			},
			SubscriptionUpdate: &stripe.BillingPortalConfigurationCreateFeaturesSubscriptionUpdateParams{
				Enabled: new(false),
			},
		},
	})
	if err != nil {
		return "", forOperator(err)
	}
	return made.ID, nil
}

// ChangePortalConfig makes a configuration right.
func (p *Client) ChangePortalConfig(ctx context.Context, id, back string) error {
	_, err := sdk(p).V1BillingPortalConfigurations.Update(ctx, id, &stripe.BillingPortalConfigurationUpdateParams{
		DefaultReturnURL: &back,
		Features: &stripe.BillingPortalConfigurationUpdateFeaturesParams{
			InvoiceHistory: &stripe.BillingPortalConfigurationUpdateFeaturesInvoiceHistoryParams{Enabled: new(true)},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationUpdateFeaturesPaymentMethodUpdateParams{
				Enabled: new(true),
			},
			SubscriptionCancel: &stripe.BillingPortalConfigurationUpdateFeaturesSubscriptionCancelParams{
				Enabled: new(true), Mode: new("at_period_end"),
			},
			SubscriptionUpdate: &stripe.BillingPortalConfigurationUpdateFeaturesSubscriptionUpdateParams{
				Enabled: new(false),
			},
		},
	})
	return forOperator(err)
}

// Endpoint is what Stripe has of a webhook endpoint.
type Endpoint struct {
	ID      string
	Version string // of the API, in which it writes events; "" for the account's own
	Events  []string
	Live    bool // of live mode
	Enabled bool
}

// Endpoints are those that send to an address, newest first.
func (p *Client) Endpoints(ctx context.Context, address string) ([]Endpoint, error) {
	var found []Endpoint
	params := &stripe.WebhookEndpointListParams{}
	params.Limit = new(int64(100))
	seen := 0
	for e, err := range sdk(p).V1WebhookEndpoints.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, forOperator(err)
		}
		if e.URL == address {
			found = append(found, Endpoint{
				ID: e.ID, Version: e.APIVersion, Events: e.EnabledEvents, Live: e.Livemode, Enabled: e.Status == "enabled",
			})
		}
		if seen++; seen == maxObjects {
			break
		}
	}
	return found, nil
}

// MakeEndpoint makes an endpoint that sends the events we handle, in our version of the API, to an address. The secret
// that it signs with is told only now.
func (p *Client) MakeEndpoint(ctx context.Context, address string) (id, secret string, err error) {
	made, err := sdk(p).V1WebhookEndpoints.Create(ctx, &stripe.WebhookEndpointCreateParams{
		URL: &address, APIVersion: new(APIVersion), EnabledEvents: wanted(), Description: new("Repazoo"),
		Metadata: map[string]string{metaSetup: "webhook"},
	})
	if err != nil {
		return "", "", forOperator(err)
	}
	return made.ID, made.Secret, nil
}

func wanted() []*string {
	var all []*string
	for _, t := range Handled() {
		all = append(all, new(t))
	}
	return all
}

// ChangeEndpoint makes an endpoint send the events we handle, where events is set, and switches it on, where on is set.
func (p *Client) ChangeEndpoint(ctx context.Context, id string, events, on bool) error {
	change := &stripe.WebhookEndpointUpdateParams{}
	if events {
		change.EnabledEvents = wanted()
	}
	if on {
		change.Disabled = new(false)
	}
	_, err := sdk(p).V1WebhookEndpoints.Update(ctx, id, change)
	return forOperator(err)
}

// DeleteEndpoint deletes an endpoint.
func (p *Client) DeleteEndpoint(ctx context.Context, id string) error {
	_, err := sdk(p).V1WebhookEndpoints.Delete(ctx, id, nil)
	return forOperator(err)
}

// forOperator turns an error of the SDK into a fault for who runs a command. It holds Stripe's own sentence, which is
// for them and names no user; nil stays nil.
func forOperator(err error) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*stripe.Error) //nolint:errorlint // the SDK's own, as it came
	switch {
	case !ok:
		cause := unanswered(err)
		return fault.PaymentProviderError.Saying("Stripe did not answer (%v). See that this machine reaches api.stripe.com, "+
			"or STRIPE_API_URL if that is set, and run this again: what was made is found again.", cause).Because(cause)
	case e.HTTPStatusCode == http.StatusUnauthorized:
		return fault.ValidationFailed.Saying("Stripe does not accept STRIPE_SECRET_KEY. " +
			"Take a secret key from the Dashboard, under Developers.").Because(refuse(err))
	case e.HTTPStatusCode == http.StatusForbidden:
		return fault.ValidationFailed.Saying("STRIPE_SECRET_KEY may not do this: a restricted key must be allowed " +
			"to write products, prices, the customer portal and webhook endpoints.").Because(refuse(err))
	}
	return fault.PaymentProviderError.Saying("Stripe refused: %s", e.Msg).Because(refuse(err))
}

// findPortal is the active configuration that is ours; nil when there is none.
func findPortal(ctx context.Context, api *stripe.Client) (*stripe.BillingPortalConfiguration, error) {
	params := &stripe.BillingPortalConfigurationListParams{Active: new(true)}
	params.Limit = new(int64(100))
	seen := 0
	for found, err := range api.V1BillingPortalConfigurations.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, err
		}
		if found.Metadata[metaSetup] == "portal" {
			return found, nil
		}
		if seen++; seen == maxObjects {
			break
		}
	}
	return nil, nil
}

package billing

import (
	"context"
	"iter"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// listed is what a list of Stripe's tells of one subscription.
type listed struct {
	ID, Customer string
	User         string // ours, by its metadata; anybody may have written it
	Status       plan.Status
	Taxed        bool
}

// notEnded asks [provider.subscriptions] for those that have not ended.
const notEnded = ""

// subscriptions lists the account's, of one of Stripe's states, "all", or notEnded.
func (p *provider) subscriptions(ctx context.Context, state string) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		params := &stripe.SubscriptionListParams{}
		params.Limit = new(int64(100))
		if state != notEnded {
			params.Status = &state
		}
		for sub, err := range p.api.V1Subscriptions.List(ctx, params).All(ctx) {
			if err != nil {
				yield(listed{}, refuse(err))
				return
			}
			l := listed{
				ID: sub.ID, User: sub.Metadata[metaUser], Status: plan.Status(sub.Status),
				Taxed: sub.AutomaticTax != nil && sub.AutomaticTax.Enabled,
			}
			if sub.Customer != nil {
				l.Customer = sub.Customer.ID
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// customerState is what Stripe has of a customer.
type customerState struct {
	Missing, Deleted bool
	User             string // ours, by its metadata
}

// customerNow looks at a customer.
func (p *provider) customerNow(ctx context.Context, id string) (customerState, error) {
	cu, err := p.api.V1Customers.Retrieve(ctx, id, nil)
	switch {
	case missing(err):
		return customerState{Missing: true}, nil
	case err != nil:
		return customerState{}, refuse(err)
	}
	return customerState{Deleted: cu.Deleted, User: cu.Metadata[metaUser]}, nil
}

// taxTroubles says what the account lacks for tax, a sentence each.
func (p *provider) taxTroubles(ctx context.Context) ([]string, error) {
	all, err := taxTroubles(ctx, p.api)
	return all, refuse(err)
}

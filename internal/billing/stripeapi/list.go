package stripeapi

import (
	"context"
	"iter"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

// Listed is what a list of Stripe's tells of one subscription.
type Listed struct {
	ID, Customer string
	User         string // ours, by its metadata; anybody may have written it
	Status       plan.Status
	Taxed        bool
}

// NotEnded asks [Client.Subscriptions] for those that have not ended.
const NotEnded = ""

// Subscriptions lists the account's, of one of Stripe's states, "all", or [NotEnded].
func (p *Client) Subscriptions(ctx context.Context, state string) iter.Seq2[Listed, error] {
	return func(yield func(Listed, error) bool) {
		params := &stripe.SubscriptionListParams{}
		params.Limit = new(int64(100))
		if state != NotEnded {
			params.Status = &state
		}
		for sub, err := range sdk(p).V1Subscriptions.List(ctx, params).All(ctx) {
			if err != nil {
				yield(Listed{}, refuse(err))
				return
			}
			l := Listed{
				ID: sub.ID, User: sub.Metadata[MetaUser], Status: plan.Status(sub.Status),
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

// CustomerState is what Stripe has of a customer.
type CustomerState struct {
	Missing, Deleted bool
	User             string // ours, by its metadata
}

// CustomerNow looks at a customer.
func (p *Client) CustomerNow(ctx context.Context, id string) (CustomerState, error) {
	cu, err := sdk(p).V1Customers.Retrieve(ctx, id, nil)
	switch {
	case missing(err):
		return CustomerState{Missing: true}, nil
	case err != nil:
		return CustomerState{}, refuse(err)
	}
	return CustomerState{Deleted: cu.Deleted, User: cu.Metadata[MetaUser]}, nil
}

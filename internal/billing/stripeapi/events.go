package stripeapi

import (
	"context"
	"iter"
	"time"

	"github.com/stripe/stripe-go/v86"
)

// MaxEventTypes is how many types Stripe filters by in one question.
const MaxEventTypes = 20

// Events lists what happened since an instant, newest first, in questions of page events each.
func (p *Client) Events(ctx context.Context, types []string, since time.Time, page int) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		params := &stripe.EventListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
		params.Limit = new(int64(page))
		for _, t := range types {
			params.Types = append(params.Types, new(t))
		}
		for e, err := range sdk(p).V1Events.List(ctx, params).All(ctx) {
			if err != nil {
				yield(Event{}, refuse(err))
				return
			}
			if !yield(newEvent(*e, payloadOf(*e)), nil) {
				return
			}
		}
	}
}

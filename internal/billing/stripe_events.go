package billing

import (
	"context"
	"iter"
	"time"

	"github.com/stripe/stripe-go/v86"
)

// eventTypes is how many types Stripe filters by in one question.
const eventTypes = 20

// events lists what happened since an instant, newest first, in questions of page events each.
func (p *provider) events(ctx context.Context, types []string, since time.Time, page int) iter.Seq2[event, error] {
	return func(yield func(event, error) bool) {
		params := &stripe.EventListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
		params.Limit = new(int64(page))
		for _, t := range types {
			params.Types = append(params.Types, new(t))
		}
		for e, err := range p.api.V1Events.List(ctx, params).All(ctx) {
			if err != nil {
				yield(event{}, refuse(err))
				return
			}
			if !yield(newEvent(*e, payloadOf(*e)), nil) {
				return
			}
		}
	}
}

package billing

import (
	"context"
	"fmt"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
)

// endpoints names each webhook endpoint of ours that writes events in another version of the API than we read. Its
// events are accepted all the same, because only their ids are used.
func (c *checkup) endpoints(ctx context.Context) error {
	for _, path := range []string{"/webhooks/stripe", "/api/webhooks/stripe"} {
		found, err := c.s.stripe.Endpoints(ctx, c.s.home.JoinPath(path).String())
		if err != nil {
			return err
		}
		for _, e := range found {
			if stripeapi.SameTrain(e.Version) {
				continue
			}
			if err := c.report(endpointDiffers(e)); err != nil {
				return err
			}
		}
	}
	return nil
}

func endpointDiffers(e stripeapi.Endpoint) Difference {
	version := "API version " + e.Version
	if e.Version == "" {
		version = "the account's own API version"
	}
	return Difference{
		Kind: "endpoint_version", About: e.ID,
		Sentence: fmt.Sprintf("The webhook endpoint %s sends events of %s, and Repazoo reads %s.", e.ID, version,
			stripeapi.APIVersion),
		Remedy: "They are accepted all the same. `repazoo billing setup --replace` makes the endpoint anew, with " +
			"another secret.",
	}
}

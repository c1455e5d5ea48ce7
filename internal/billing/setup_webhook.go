package billing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v86"
)

// webhook makes the endpoint that sends us exactly what we handle, in the API version our code reads.
func (s *setup) webhook(ctx context.Context) error {
	const name = "webhook endpoint"
	if s.WebhookURL == "" {
		return nil
	}
	found, err := s.endpoints(ctx)
	switch {
	case err != nil:
		return err
	case len(found) == 0 && s.CheckOnly:
		s.did(name, "", "missing", "")
		return nil
	case len(found) == 0:
		return s.makeEndpoint(ctx, name)
	case len(found) > 1:
		s.problem("Stripe sends to %s from %d webhook endpoints, each signing with a secret of its own. Delete all but one in the Dashboard.", s.WebhookURL, len(found))
	}
	e := found[0]
	s.mode("webhook endpoint", e.ID, e.Livemode)
	if sameTrain(e.APIVersion) {
		return s.keepEndpoint(ctx, name, e)
	}
	if s.Replace && !s.CheckOnly {
		return s.replaceEndpoint(ctx, name, e)
	}
	s.did(name, e.ID, "kept", s.WebhookURL)
	s.problem("The webhook endpoint %s sends events of %s, but Repazoo reads API version %s, and an endpoint's version cannot be changed. Run this with --replace to make it anew; its secret will be another.",
		e.ID, versionName(e.APIVersion), stripe.APIVersion)
	return nil
}

// endpoints are those that send to us, newest first.
func (s *setup) endpoints(ctx context.Context) ([]*stripe.WebhookEndpoint, error) {
	var found []*stripe.WebhookEndpoint
	params := &stripe.WebhookEndpointListParams{}
	params.Limit = new(int64(100))
	seen := 0
	for e, err := range s.api.V1WebhookEndpoints.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, err
		}
		if e.URL == s.WebhookURL {
			found = append(found, e)
		}
		if seen++; seen == maxObjects {
			break
		}
	}
	return found, nil
}

func versionName(version string) string {
	if version == "" {
		return "the account's own API version"
	}
	return "API version " + version
}

func (s *setup) makeEndpoint(ctx context.Context, name string) error {
	made, err := s.api.V1WebhookEndpoints.Create(ctx, &stripe.WebhookEndpointCreateParams{
		URL: &s.WebhookURL, APIVersion: new(stripe.APIVersion), EnabledEvents: wanted(), Description: new("Repazoo"),
		Metadata: map[string]string{metaSetup: "webhook"},
	})
	if err != nil {
		return err
	}
	s.did(name, made.ID, "made", s.WebhookURL)
	s.Settings = append(s.Settings, Setting{"STRIPE_WEBHOOK_SECRET", made.Secret})
	return nil
}

func wanted() []*string {
	var all []*string
	for _, t := range handled() {
		all = append(all, new(t))
	}
	return all
}

// replaceEndpoint makes the new one first, so that no event falls between.
func (s *setup) replaceEndpoint(ctx context.Context, name string, old *stripe.WebhookEndpoint) error {
	if err := s.makeEndpoint(ctx, name); err != nil {
		return err
	}
	_, err := s.api.V1WebhookEndpoints.Delete(ctx, old.ID, nil)
	if err == nil {
		s.did("old "+name, old.ID, "deleted", versionName(old.APIVersion))
	}
	return err
}

// keepEndpoint makes the events right, and switches the endpoint on.
func (s *setup) keepEndpoint(ctx context.Context, name string, e *stripe.WebhookEndpoint) error {
	notes := eventNotes(e.EnabledEvents)
	change := &stripe.WebhookEndpointUpdateParams{}
	if len(notes) > 0 {
		change.EnabledEvents = wanted()
	}
	if e.Status != "enabled" {
		notes = append(notes, "it was disabled")
		change.Disabled = new(false)
	}
	switch {
	case len(notes) == 0:
		s.did(name, e.ID, "kept", s.WebhookURL)
		return nil
	case s.CheckOnly:
		s.did(name, e.ID, "different", strings.Join(notes, "; "))
		return nil
	}
	_, err := s.api.V1WebhookEndpoints.Update(ctx, e.ID, change)
	if err == nil {
		s.did(name, e.ID, "changed", strings.Join(notes, "; "))
	}
	return err
}

// eventNotes says how an endpoint's events differ from those we handle; nothing when they do not.
func eventNotes(enabled []string) []string {
	var notes, lacking, extra []string
	for _, t := range handled() {
		if !slices.Contains(enabled, t) {
			lacking = append(lacking, t)
		}
	}
	for _, t := range enabled {
		if !understood(t) {
			extra = append(extra, t)
		}
	}
	if len(lacking) > 0 {
		notes = append(notes, fmt.Sprintf("it lacked %s", strings.Join(lacking, ", ")))
	}
	if len(extra) > 0 {
		notes = append(notes, fmt.Sprintf("it also sent %s", strings.Join(extra, ", ")))
	}
	return notes
}

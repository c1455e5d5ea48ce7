package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
)

// webhook makes the endpoint that sends us exactly what we handle, in the API version our code reads.
func (s *setup) webhook(ctx context.Context) error {
	const name = "webhook endpoint"
	if s.WebhookURL == "" {
		return nil
	}
	found, err := s.stripe.Endpoints(ctx, s.WebhookURL)
	switch {
	case err != nil:
		return err
	case len(found) == 0 && s.CheckOnly:
		s.did(name, "", "missing", "")
		return nil
	case len(found) == 0:
		return s.makeEndpoint(ctx, name)
	case len(found) > 1:
		s.problem("Stripe sends to %s from %d webhook endpoints, each signing with a secret of its own. Delete all but "+
			"one in the Dashboard.", s.WebhookURL, len(found))
	}
	e := found[0]
	s.mode("webhook endpoint", e.ID, e.Live)
	if stripeapi.SameTrain(e.Version) {
		return s.keepEndpoint(ctx, name, e)
	}
	if s.Replace && !s.CheckOnly {
		return s.replaceEndpoint(ctx, name, e)
	}
	s.did(name, e.ID, "kept", s.WebhookURL)
	s.problem("The webhook endpoint %s sends events of %s, but Repazoo reads API version %s, and an endpoint's version "+
		"cannot be changed. Run this with --replace to make it anew; its secret will be another.",
		e.ID, versionName(e.Version), stripeapi.APIVersion)
	return nil
}

func versionName(version string) string {
	if version == "" {
		return "the account's own API version"
	}
	return "API version " + version
}

func (s *setup) makeEndpoint(ctx context.Context, name string) error {
	id, secret, err := s.stripe.MakeEndpoint(ctx, s.WebhookURL)
	if err != nil {
		return err
	}
	s.did(name, id, "made", s.WebhookURL)
	s.Settings = append(s.Settings, Setting{"STRIPE_WEBHOOK_SECRET", secret})
	return nil
}

// replaceEndpoint makes the new one first, so that no event falls between.
func (s *setup) replaceEndpoint(ctx context.Context, name string, old stripeapi.Endpoint) error {
	if err := s.makeEndpoint(ctx, name); err != nil {
		return err
	}
	err := s.stripe.DeleteEndpoint(ctx, old.ID)
	if err == nil {
		s.did("old "+name, old.ID, "deleted", versionName(old.Version))
	}
	return err
}

// keepEndpoint makes the events right, and switches the endpoint on.
func (s *setup) keepEndpoint(ctx context.Context, name string, e stripeapi.Endpoint) error {
	notes := eventNotes(e.Events)
	events := len(notes) > 0
	if !e.Enabled {
		notes = append(notes, "it was disabled")
	}
	switch {
	case len(notes) == 0:
		s.did(name, e.ID, "kept", s.WebhookURL)
		return nil
	case s.CheckOnly:
		s.did(name, e.ID, "different", strings.Join(notes, "; "))
		return nil
	}
	err := s.stripe.ChangeEndpoint(ctx, e.ID, events, !e.Enabled)
	if err == nil {
		s.did(name, e.ID, "changed", strings.Join(notes, "; "))
	}
	return err
}

// eventNotes says how an endpoint's events differ from those we handle; nothing when they do not.
func eventNotes(enabled []string) []string {
	var notes, lacking, extra []string
	for _, t := range stripeapi.Handled() {
		if !slices.Contains(enabled, t) {
			lacking = append(lacking, t)
		}
	}
	for _, t := range enabled {
		if !stripeapi.Understood(t) {
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

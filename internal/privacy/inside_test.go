package privacy

import "context"

// For the tests.

// Note writes a wish down.
func (s *Service) Note(ctx context.Context, userID string) error { return s.note(ctx, userID) }

// Steps are what is left to do then.
func (s *Service) Steps() []func(context.Context, string) error { return s.steps() }

package billing

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
)

// codeShape is what a code of Stripe's can look like.
var codeShape = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// promotion finds the code that a person typed; no code is the zero promotion. Every try is counted, found or not, so
// that nobody finds codes by trying.
func (s *Service) promotion(ctx context.Context, r plan.Row, userID, code string) (plan.Promotion, error) {
	code = strings.TrimSpace(code)
	switch {
	case code == "":
		return plan.Promotion{}, nil
	case !s.stripe.TakesCodes():
		return plan.Promotion{}, plan.BadCode("Promotion codes are not taken here. Go on without one.")
	}
	if s.takeCode != nil {
		if err := s.takeCode(ctx, userID); err != nil {
			return plan.Promotion{}, err
		}
	}
	if !codeShape.MatchString(code) {
		return plan.Promotion{}, plan.ErrNoCode
	}
	return s.stripe.Promotion(ctx, code, r, s.now())
}

// codeFor finds the code a person typed before anything is claimed or made, so that a wrong one costs nothing.
func (s *Service) codeFor(ctx context.Context, userID, code string) (plan.Promotion, error) {
	if code == "" {
		return plan.Promotion{}, nil
	}
	r, err := s.rowOf(ctx, db.System, userID)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return plan.Promotion{}, err
	}
	return s.promotion(ctx, r, userID, code)
}

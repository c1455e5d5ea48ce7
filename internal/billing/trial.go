package billing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// A trial is the server's policy, never the caller's wish: a person's first plan begins with it, and no later one ever
// does. Whether it was spent is asked in three places, since each alone forgets: the user's row, which names a
// subscription for good once there was one; Stripe, which knows of those whose webhooks never came; and the marks of X
// accounts whose users erased themselves. The claim of an attempt keeps two at once from both being the first.

// marksKept is how long an erasure leaves the mark that a trial was spent.
const marksKept = 2 * 365 * 24 * time.Hour

// TrialDays is how many days the first plan of a person is free here; 0 for none.
func (s *Service) TrialDays() int { return s.offer.Trial.Days }

// TakesCodes tells whether promotion codes can be entered here.
func (s *Service) TakesCodes() bool { return !s.off && s.stripe.TakesCodes() }

// trialFor is how many days of trial a user's next plan begins with.
func (s *Service) trialFor(ctx context.Context, r plan.Row, userID string) (days int, err error) {
	if s.offer.Trial.Days == 0 || r.SubscriptionID != "" {
		return 0, nil
	}
	spent, err := s.spentBefore(ctx, userID)
	if err != nil || spent {
		return 0, err
	}
	return s.offer.Trial.Days, nil
}

// spentBefore looks for the marks of X accounts that the user has linked, under every key that marks were made with.
func (s *Service) spentBefore(ctx context.Context, userID string) (bool, error) {
	if s.markX == nil {
		return false, nil
	}
	ids, err := db.Read(ctx, s.db, db.System, db.Value[string],
		`SELECT COALESCE(released_x_user_id, x_user_id) FROM x_accounts WHERE user_id = $1`, userID)
	if err != nil {
		return false, err
	}
	var places []string
	var marks []any
	for _, id := range ids {
		for _, m := range s.markX(id) {
			marks = append(marks, m)
			places = append(places, fmt.Sprintf("$%d", len(marks)))
		}
	}
	if len(marks) == 0 {
		return false, nil
	}
	return s.exists(ctx, `SELECT count(*) FROM trials_spent WHERE mark IN (`+strings.Join(places, ", ")+`)`, marks...)
}

// rememberTrial marks the X accounts of a user who is being erased after a plan: the next user with one of them has no
// trial. What stays leads nobody to the account without the server's key.
func (s *Service) rememberTrial(ctx context.Context, tx db.Tx, r plan.Row) error {
	if s.offer.Trial.Days == 0 || s.markX == nil || r.SubscriptionID == "" {
		return nil
	}
	ids, err := db.All(ctx, tx, db.Value[string],
		`SELECT COALESCE(released_x_user_id, x_user_id) FROM x_accounts WHERE user_id = $1`, r.UserID)
	for _, id := range ids {
		tx.Later(`INSERT INTO trials_spent (mark, spent_at) VALUES ($1, $2) ON CONFLICT (mark) DO UPDATE
			SET spent_at = excluded.spent_at`, s.markX(id)[0], tx.Now())
	}
	return err
}

// resume takes a plan up again that was paused for want of a card.
func (s *Service) takeUp(ctx context.Context, r plan.Row) error {
	now, err := s.stripe.Subscription(ctx, r.SubscriptionID)
	if err != nil {
		return err
	}
	if now.NoCard {
		return fault.Conflict.Saying("Your plan is paused because there is no card. Put one in place on the billing page " +
			"of the payment provider first, then take your plan up again.")
	}
	next, err := s.stripe.TakeUp(ctx, now.ID)
	if err != nil || next.Status != plan.Paused {
		return err
	}
	waiting, why, err := s.stripe.Payment(ctx, next.Invoice.ID)
	if err != nil || waiting {
		return err
	}
	return fault.ValidationFailed.Saying("%s", why+" Your plan stays paused, and nothing was charged.")
}

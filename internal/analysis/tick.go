package analysis

import (
	"context"
	"regexp"
	"strings"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// maxTicks bounds the ticks of one report, in bytes.
const maxTicks = 4000

var stepKey = regexp.MustCompile(`^[a-z_ ]{1,80}$`)

// Tick keeps that a step of a report's list of what to do is done, or no longer. step is a key that the caller chose:
// lower-case letters, underscores and spaces. Error: validation_failed for another key, not_found for an analysis that
// is not the user's, or that has [maxTicks] already.
func (s *Service) Tick(ctx context.Context, userID, id, step string, done bool) error {
	if !stepKey.MatchString(step) {
		return fault.ValidationFailed.Saying("This report has no such step.")
	}
	tick, kept := asTick(step), ""
	if done {
		kept = tick
	}
	return s.c.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE analyses SET steps_done = replace(steps_done, $3, '') || $4
			WHERE user_id = $1 AND id = $2 AND length(steps_done) <= $5`, userID, id, tick, kept, maxTicks)
		if err == nil && n == 0 {
			err = notFound(db.ErrNotFound)
		}
		return err
	})
}

// Ticked tells whether a step of the report is done.
func (a Analysis) Ticked(step string) bool { return strings.Contains(a.stepsDone, asTick(step)) }

func asTick(step string) string { return "," + step + "," }

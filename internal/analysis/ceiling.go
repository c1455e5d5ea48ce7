package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// An analysis has a ceiling in money for what X and the model cost together, in all its tries: what was spent stands in
// its row. The reading stops before the ceiling, and keeps back what the model will cost for the posts that it reads;
// the model gets the rest (assess.Judge.MaxMicroUSD).

// errCeiling ends a reading whose next page the ceiling of the analysis no longer allows.
var errCeiling = errors.New("analysis: the ceiling allows no further read")

const microUSDPerCent = 10_000

// ceiling is what the analysis may cost; none where it is 0.
func (a Analysis) ceiling() int64 { return int64(a.MaxCostCents) * microUSDPerCent }

// profileMicroUSD is what X charges for the profile: it is read once, so it is set aside before anything else.
func (a Analysis) profileMicroUSD() int64 {
	if a.AccountID == nil {
		return 0
	}
	return assess.XUserReadMicroUSD
}

// readable is how many further posts may be read from X below the ceiling, if the model's reading of each costs so
// much.
func (a Analysis) readable(read int, postMicroUSD int64) int {
	left := a.ceiling() - a.profileMicroUSD() - a.modelMicroUSD - int64(read)*(assess.XReadMicroUSD+postMicroUSD)
	return int(max(0, left/(assess.XReadMicroUSD+postMicroUSD)))
}

// afford is how many of n reads the ceiling allows, but not fewer than least.
func (t *timeline) afford(n, least int) (int, error) {
	t.short = errBudget
	if t.a.MaxCostCents == 0 {
		return n, nil
	}
	if allowed := t.a.readable(t.spent, t.postMicroUSD); allowed < n {
		n, t.short = allowed, errCeiling
	}
	if n < least {
		return 0, errCeiling
	}
	return n, nil
}

// bound gives the judge what the reads have left of the ceiling, and has its spending written down.
func (s *Service) bound(j *assess.Judge, a Analysis, reads int) {
	if j == nil {
		return
	}
	if a.MaxCostCents > 0 {
		j.MaxMicroUSD = new(max(0, a.ceiling()-a.profileMicroUSD()-a.modelMicroUSD-readsMicroUSD(reads)))
	}
	j.Spent = func(ctx context.Context, microUSD int64) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
			tx.Later(`UPDATE analyses SET model_micro_usd = model_micro_usd + $2 WHERE id = $1`, a.ID, microUSD)
			return nil
		})
	}
}

// tooLow refuses an analysis whose ceiling does not even allow a first page.
func tooLow(a Analysis) error {
	return fault.ValidationFailed.Saying("The ceiling of %s does not allow reading your posts from X. Start again with "+
		"a higher one, "+
		"or upload your X archive, which costs nothing to read.", assess.Dollars(a.MaxCostCents))
}

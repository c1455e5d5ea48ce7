package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
)

// A batch can outlive its analysis, which was cancelled, failed or was deleted, or whose report did not wait for a
// batch that was overdue. Then ClearBatches cancels it at the provider, counts what was answered by then, and deletes
// the provider's copy.
//
// What was answered is paid. So the verdicts of a cancelled or failed analysis are kept like those of a completed one,
// and the next analysis does not pay for them again: those of posts that are still kept, under the same retention. The
// plan of the batch stays for that until its results were read, for a day and an hour at most. It goes at once when the
// analysis is deleted or its user withdraws their consent; then the answers are counted and nobody reads them.

const (
	lookEvery   = 30 * time.Second // at a batch that nobody waits for
	looksAtOnce = 20
	lookTime    = 20 * time.Second // for one batch, all questions to the provider together
	lookLater   = 10 * time.Minute // at one whose look failed, after all others
	lookRarely  = 6 * time.Hour    // at one whose day is over, and which is still not found or has not ended
)

// unwanted is true of a batch b that no analysis waits for.
const unwanted = `NOT EXISTS (SELECT 1 FROM analyses a WHERE a.id = b.analysis_id
	AND a.status IN ('queued', 'running'))`

// ClearBatches looks after batches that nobody waits for, and after copies at the provider that could not be deleted.
// Every process may do so at any time. Where the provider does not answer, it stops at the first batch.
func (s *Service) ClearBatches(ctx context.Context) error {
	if err := s.forgetPlans(ctx); err != nil || s.c.Claude == nil || !s.c.Claude.HasBatches() {
		return err
	}
	var due []modelBatch
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		now := tx.Now()
		due, err = db.All(ctx, tx, scanBatch, `UPDATE model_batches SET next_look = $2 WHERE next_look <= $1
			AND analysis_id IN (
			SELECT b.analysis_id FROM model_batches b WHERE b.next_look <= $1 AND
				(`+unwanted+` OR b.state = 'taken' AND b.provider_id <> '') ORDER BY b.next_look LIMIT $3) RETURNING `+batchColumns,
			now, now.Add(lookEvery), looksAtOnce)
		return err
	})
	for _, b := range due {
		e := s.clearInTime(ctx, b)
		err = errors.Join(err, e)
		if away(e) {
			return errors.Join(err, s.postpone(ctx, b, lookLater))
		}
	}
	return err
}

// clearInTime is clearBatch within its bound.
func (s *Service) clearInTime(ctx context.Context, b modelBatch) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return s.clearBatch(ctx, b)
}

// away tells whether the provider did not answer, or asked for time, so that it would not tell of another batch either.
func away(err error) bool {
	f, ok := errors.AsType[*claude.Failure](err)
	return ok && !f.Permanent
}

// postpone puts a batch behind all others, so that one whose look always fails does not keep them from theirs.
func (s *Service) postpone(ctx context.Context, b modelBatch, wait time.Duration) error {
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE model_batches SET next_look = $2 WHERE analysis_id = $1`, b.analysisID, tx.Now().Add(wait))
		return nil
	})
}

// clearBatch brings one batch a step nearer to its end. One whose day is over is looked at rarely. After 29 days the
// provider has deleted it by itself; then its row goes, and the log says so.
func (s *Service) clearBatch(ctx context.Context, b modelBatch) error {
	gone, err := s.clearStep(ctx, b)
	switch now := s.c.DB.Now(); {
	case gone || ctx.Err() != nil:
		return err
	case !now.Before(b.createdAt.Add(claude.ResultsLive)):
		s.c.Log.WarnContext(ctx, "a batch was neither found nor ended in 29 days and is forgotten; the provider has "+
			"deleted it",
			"analysis", b.analysisID, "batch", b.providerID, "requests", b.requests, "cause", err)
		return s.forgetBatch(ctx, b)
	case b.late(now) && (b.state == "sending" || err != nil), b.late(now.Add(-lookRarely)):
		return errors.Join(err, s.postpone(ctx, b, lookRarely))
	}
	return err
}

// clearStep tells whether the row of the batch is gone.
func (s *Service) clearStep(ctx context.Context, b modelBatch) (gone bool, err error) {
	if b.state == "sending" {
		if b, err = s.find(ctx, b); errors.Is(err, errNoBatch) {
			return true, s.unsend(ctx, b)
		}
		if _, waits := errors.AsType[*batchWait](err); waits {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	if b.providerID == "" {
		return true, s.forgetBatch(ctx, b)
	}
	one, err := s.c.Claude.Batch(ctx, b.providerID)
	if err == nil && !one.Ended && !one.Cancelled {
		one, err = s.c.Claude.CancelBatch(ctx, b.providerID)
	}
	switch {
	case claude.Unknown(err):
		return true, s.forgetBatch(ctx, b)
	case err != nil || !one.Ended:
		return false, err
	}
	if err := s.countLeftover(ctx, b); err != nil {
		return false, err
	}
	return true, errors.Join(s.deleteBatch(ctx, b), s.forgetBatch(ctx, b))
}

// forgetPlans drops the names and keys of batches whose answers nobody will read: the analysis is gone, or has ended
// and the results did not come in time, or there is no model to ask.
func (s *Service) forgetPlans(ctx context.Context) error {
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		late := tx.Now().Add(-overdue)
		if s.c.Claude == nil {
			late = tx.Now().Add(2 * claude.BatchLives)
		}
		tx.Later(`UPDATE model_batches AS b SET sealed = NULL WHERE b.sealed IS NOT NULL AND `+unwanted+`
			AND (b.expires_at <= $1 OR NOT EXISTS (SELECT 1 FROM analyses a WHERE a.id = b.analysis_id))`, late)
		return nil
	})
}

// forgetBatch removes the row of a batch that is gone at the provider and that no run needs any more.
func (s *Service) forgetBatch(ctx context.Context, b modelBatch) error {
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM model_batches WHERE analysis_id = $1 AND NOT EXISTS (SELECT 1 FROM analyses a
			WHERE a.id = model_batches.analysis_id AND a.status IN ('queued', 'running'))`, b.analysisID)
		return nil
	})
}

// countLeftover keeps what was answered before the end and counts it, once. A batch that a run has taken is counted
// already.
func (s *Service) countLeftover(ctx context.Context, b modelBatch) error {
	if b.used.Calls > 0 {
		return nil
	}
	results, err := s.c.Claude.BatchResults(ctx, b.providerID)
	if err != nil && !claude.Unknown(err) { // the provider keeps results for 29 days and drops them then
		return err
	}
	if err := s.keepLeftover(ctx, b, results); err != nil && !b.late(s.c.DB.Now()) {
		return err
	}
	out := assess.CountBatch(assess.BatchPlan{Prefix: b.prefix, Groups: make([][]string, b.requests)},
		s.c.Prices[b.model], results)
	counted := false
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE model_batches SET state = 'taken', used = '{"calls": 1}', sealed = NULL
			WHERE analysis_id = $1 AND provider_id = $2 AND used = '{}'`, b.analysisID, b.providerID)
		if counted = n == 1; counted {
			tx.Later(`UPDATE analyses SET model_micro_usd = model_micro_usd + $2 WHERE id = $1`, b.analysisID, out.CostMicroUSD)
		}
		return err
	})
	if err == nil && counted {
		out.Count(s.c.Metrics, b.model)
	}
	return err
}

// keepLeftover keeps the verdicts of a batch whose analysis has ended before it, of posts that are still kept. Doing it
// twice changes nothing.
func (s *Service) keepLeftover(ctx context.Context, b modelBatch, results []claude.BatchResult) error {
	if len(b.sealed) == 0 || len(results) == 0 {
		return nil
	}
	a, err := db.ReadOne(ctx, s.c.DB, db.System, scan, `SELECT `+columns+` FROM analyses WHERE id = $1`, b.analysisID)
	var h sources
	var o assess.Options
	if err == nil {
		h, err = s.history(ctx, a)
	}
	if err == nil {
		o, err = s.options(ctx, a)
	}
	if errors.Is(err, db.ErrNotFound) { // the analysis or its account is gone, and its posts with it
		return nil
	}
	if err != nil {
		return err
	}
	var plan assess.BatchPlan
	if err := s.openJSON(&plan, b.sealed, "batch", b.analysisID); err != nil {
		return err
	}
	judge := s.judgeWith(a, plan.Model, "")
	judge.Cache = &leftoverVerdicts{sealedVerdicts{s, a.UserID}, b.analysisID}
	p := &assess.Pipeline{Screen: s.screen(), Now: s.c.DB.Now, AppVersion: s.c.App, Judge: judge}
	_, err = p.TakeBatch(ctx, s.kept(ctx, a, h), o, plan, s.c.Prices[plan.Model], results)
	return err
}

// leftoverVerdicts keeps verdicts only while the plan of their batch is kept. [Service.Withdraw] forgets the plan
// before it erases the verdicts, and the row lock of the batch orders the two: no verdict comes after the erasure.
type leftoverVerdicts struct {
	sealedVerdicts
	analysisID string
}

// Put keeps verdicts, or none where the plan is gone.
func (c *leftoverVerdicts) Put(ctx context.Context, verdicts map[string]assess.Judgement) error {
	return c.s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE model_batches SET polls = polls WHERE analysis_id = $1 AND sealed IS NOT NULL`,
			c.analysisID)
		if err != nil || n == 0 {
			return err
		}
		return c.put(tx, verdicts)
	})
}

package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Where the person chose "cheaper, within a day", the first questions of a run go to the provider as one batch at half
// the price (internal/assess/batched.go). The run rests meanwhile, without its lease and without a place among those
// that run, and looks again after half a minute, a minute, and so on up to a quarter of an hour.
//
// A batch must be neither sent nor paid twice, whenever a process dies. The provider makes nothing idempotent, so:
//
//	sending  the row of the batch is written before it is sent, by the run that holds the lease; there is one row for an
//	         analysis. A run that finds such a row waits until whoever wrote it can no longer be sending, and then looks
//	         among the provider's batches (find). Only if none can be ours does it send again.
//	sent     the provider's id is in the row. The batch is looked at until it has ended or its day and an hour are over.
//	taken    the verdicts are in the cache, and what they cost is in the row of the analysis: one transaction, which only
//	         one can commit. Taking the verdicts twice changes nothing. Then the provider's copy is deleted.
//
// While a batch runs, the provider shows its size and its time and nothing of ours; only its results carry our ids. A
// batch that might be ours is therefore waited for, and it is neither cancelled nor deleted before its results prove
// it.
//
// The wait has an end, too: an hour after the day of a batch that was not found, the run asks directly and sends no
// second one, and the operator is told. The row stays "sending", so that ClearBatches still finds and deletes the batch
// if it turns up as ours; 29 days after its creation the provider has deleted it, and the row goes.
//
// Three gaps are left, in which a batch is paid in vain: a process stands still between its last look at the clock and
// the first byte, for longer than sendTime and foundAfter together; our clock and the provider's differ by more than
// clocksApart; or the provider lists a batch later than foundAfter, or behind a thousand newer ones.

const (
	batchFrom  = assess.BatchFrom
	sendTime   = 3 * time.Minute // a batch is sent within this time or not at all
	foundAfter = time.Minute     // after that the provider's list shows a batch
	// clocksApart is how far the provider's clock may be from ours. It may be generous: results prove whose a batch is.
	clocksApart = 15 * time.Minute

	firstLook  = 30 * time.Second // at a batch that was sent; then twice as long each time
	latestLook = 15 * time.Minute
	overdue    = time.Hour // after its day a batch is given up
)

// modelBatch is the batch of an analysis.
type modelBatch struct {
	analysisID, state, model, prefix, providerID string
	requests, polls                              int
	sealed                                       []byte
	used                                         assess.ModelUse
	createdAt, sendBy, expiresAt                 time.Time
}

const batchColumns = `analysis_id, state, model, prefix, provider_id, requests, polls, sealed, used,
	created_at, send_by, expires_at`

func scanBatch(r db.Rows, b *modelBatch) error {
	var used string
	if err := r.Scan(&b.analysisID, &b.state, &b.model, &b.prefix, &b.providerID, &b.requests, &b.polls, &b.sealed, &used,
		&b.createdAt, &b.sendBy, &b.expiresAt); err != nil {
		return err
	}
	return json.Unmarshal([]byte(used), &b.used)
}

// batchWait ends a try of a run until its batch is to be looked at again.
type batchWait struct{ until, by time.Time }

func (*batchWait) Error() string { return "analysis: the batch of this run has not ended" }

// wait is when to look again: later each time, but not much later than the batch's own end.
func (b modelBatch) wait(now time.Time) *batchWait {
	until := now.Add(min(latestLook, firstLook<<min(b.polls, 10)))
	if end := b.expiresAt.Add(time.Second); until.After(end) && end.After(now) {
		until = end
	}
	return &batchWait{until, b.expiresAt}
}

// late tells whether nobody waits for the batch any more: its day is over, and an hour more.
func (b modelBatch) late(now time.Time) bool { return !now.Before(b.expiresAt.Add(overdue)) }

// batchable tells why an analysis can't be done by a batch; nil where it can.
func (s *Service) batchable(a Analysis) error {
	refuse := fault.ValidationFailed.At("body.within_a_day", "is not possible here")
	switch {
	case s.c.Claude == nil || a.Model == "":
		return refuse.Saying("No language model is used here, so an analysis cannot become cheaper by waiting. " +
			"Start it without within_a_day.")
	case !s.c.Claude.HasBatches():
		return refuse.Saying("The language model of this server answers at once only. " +
			"Start the analysis without within_a_day.")
	case a.MaxPosts < s.c.BatchFrom:
		return refuse.Saying("Cheaper within a day begins at %s posts for the model, and this analysis gives it at most %s. "+
			"Start it without within_a_day.", assess.Thousands(s.c.BatchFrom), assess.Thousands(a.MaxPosts))
	}
	return nil
}

// RefuseDay is why analyses of a plan cannot be done within a day, as a fault; nil where they can.
func (s *Service) RefuseDay(model string, maxPosts int) error {
	return s.batchable(Analysis{Model: model, MaxPosts: maxPosts})
}

// OffersDay tells whether analyses of a plan may be done within a day, for less, and from how many posts for the model
// on.
func (s *Service) OffersDay(model string, maxPosts int) (offers bool, from int) {
	return s.batchable(Analysis{Model: model, MaxPosts: maxPosts}) == nil, s.c.BatchFrom
}

// batchOf is the batch of an analysis, or db.ErrNotFound.
func (s *Service) batchOf(ctx context.Context, a Analysis) (modelBatch, error) {
	return db.ReadOne(ctx, s.c.DB, db.System, scanBatch,
		`SELECT `+batchColumns+` FROM model_batches WHERE analysis_id = $1`, a.ID)
}

// followBatch looks after the batch that an earlier try of this run has sent. With a *batchWait it has not ended.
// Otherwise its verdicts are in the cache, what it used is in o, and the run goes on.
func (s *Service) followBatch(
	ctx context.Context, a *Analysis, p *assess.Pipeline, h sources, o *assess.Options,
) error {
	b, err := s.batchOf(ctx, *a)
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err == nil && b.state == "sending" {
		b, err = s.find(ctx, b)
		switch {
		case err != nil && ctx.Err() == nil && b.late(s.c.DB.Now()):
			return s.giveUpSearch(ctx, b, err) // sendBatch sees the row, and sends none
		case errors.Is(err, errNoBatch):
			return s.unsend(ctx, b)
		}
	}
	if err == nil && b.state == "sent" {
		b, err = s.takeBatch(ctx, a, b, p, h, o)
	}
	if now := s.c.DB.Now(); errors.Is(err, fault.ModelUnavailable) && !b.late(now) {
		err = b.wait(now) // the provider is away, and the batch is not
	}
	if wait, waits := errors.AsType[*batchWait](err); waits {
		return errors.Join(wait, s.countPoll(ctx, b))
	}
	o.Batched = b.used
	o.Batched.Model = b.model
	o.ModelCost = a.modelMicroUSD
	return err
}

// giveUpSearch tells the operator, once, that a run goes on without a batch that was not found. Its plan goes: what the
// batch would have said is asked directly.
func (s *Service) giveUpSearch(ctx context.Context, b modelBatch, why error) error {
	again := false
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE model_batches SET sealed = NULL
			WHERE analysis_id = $1 AND state = 'sending' AND sealed IS NOT NULL`, b.analysisID)
		again = n == 0
		return err
	})
	if err == nil && !again {
		s.c.Log.WarnContext(ctx, "a batch was not found in its time and is given up; its questions are asked directly, "+
			"and if it was created after all, its answers are paid in vain",
			"analysis", b.analysisID, "requests", b.requests, "cause", why)
		s.c.Metrics.Unbatched("lost", b.requests)
	}
	return err
}

func (s *Service) countPoll(ctx context.Context, b modelBatch) error {
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE model_batches SET polls = polls + 1 WHERE analysis_id = $1`, b.analysisID)
		return nil
	})
}

// errNoBatch says that the provider has no batch that could be the one in question: it was never created.
var errNoBatch = errors.New("analysis: the provider has no such batch")

// find looks for a batch whose id could not be saved.
func (s *Service) find(ctx context.Context, b modelBatch) (modelBatch, error) {
	if ready := b.sendBy.Add(foundAfter); s.c.DB.Now().Before(ready) {
		return b, &batchWait{ready, b.expiresAt}
	}
	recent, err := s.c.Claude.Batches(ctx, b.createdAt.Add(-clocksApart))
	if err != nil {
		return b, err
	}
	taken, err := s.knownBatches(ctx)
	if err != nil {
		return b, err
	}
	var open *batchWait
	for _, one := range recent {
		switch {
		case one.Requests != b.requests || one.CreatedAt.After(b.sendBy.Add(clocksApart)) || taken[one.ID]:
		case !one.Ended:
			open = b.wait(s.c.DB.Now())
		default:
			ours, err := s.isOurs(ctx, b, one)
			if err != nil {
				return b, err
			}
			if ours {
				return s.sent(ctx, b, one)
			}
		}
	}
	if open != nil {
		return b, open
	}
	return b, errNoBatch
}

// isOurs looks for the ids of a batch in the results of one that has ended.
func (s *Service) isOurs(ctx context.Context, b modelBatch, one claude.Batch) (bool, error) {
	results, err := s.c.Claude.BatchResults(ctx, one.ID)
	if claude.Unknown(err) {
		return false, nil
	}
	plan := assess.BatchPlan{Prefix: b.prefix, Groups: make([][]string, b.requests)}
	return slices.ContainsFunc(results, plan.Owns), err
}

// knownBatches are the provider's ids of the batches that were saved.
func (s *Service) knownBatches(ctx context.Context) (map[string]bool, error) {
	ids, err := db.Read(ctx, s.c.DB, db.System, db.Value[string],
		`SELECT provider_id FROM model_batches WHERE provider_id <> ''`)
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	return known, err
}

// sent saves the provider's id. It asks for no lease: whoever learns the id saves it.
func (s *Service) sent(ctx context.Context, b modelBatch, one claude.Batch) (modelBatch, error) {
	b.state, b.providerID, b.expiresAt, b.polls = "sent", one.ID, one.ExpiresAt, 0
	err := s.c.DB.InTx(context.WithoutCancel(ctx), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE model_batches SET state = 'sent', provider_id = $2, expires_at = $3, polls = 1
			WHERE analysis_id = $1 AND state = 'sending' AND prefix = $4`, b.analysisID, b.providerID, b.expiresAt, b.prefix)
		return err
	})
	return b, err
}

// unsend forgets a batch that the provider does not have.
func (s *Service) unsend(ctx context.Context, b modelBatch) error {
	return s.c.DB.InTx(context.WithoutCancel(ctx), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM model_batches
			WHERE analysis_id = $1 AND state = 'sending' AND prefix = $2`, b.analysisID, b.prefix)
		return err
	})
}

// sendBatch sends the first questions of a run as a batch, unless that was done before or is not worth it. Its error
// is a *batchWait where it was, or may have been, sent.
func (s *Service) sendBatch(ctx context.Context, a Analysis, p *assess.Pipeline, h sources, o assess.Options) error {
	if _, err := s.batchOf(ctx, a); !errors.Is(err, db.ErrNotFound) {
		return err
	}
	plan, items, err := p.PlanBatch(ctx, s.kept(ctx, a, h), o)
	if err != nil || plan.Texts() < s.c.BatchFrom {
		return err
	}
	b, err := s.intend(ctx, a, plan)
	if err != nil {
		return err
	}
	sending, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	one, err := s.c.Claude.CreateBatch(sending, items)
	switch {
	case err == nil:
		if b, err = s.sent(ctx, b, one); err != nil {
			return err
		}
		return b.wait(s.c.DB.Now())
	case claude.Unsure(err):
		s.c.Log.WarnContext(ctx, "a batch was sent and the provider's answer was lost; it is looked for",
			"analysis", a.ID, "cause", err)
		return &batchWait{b.sendBy.Add(foundAfter), b.expiresAt}
	case claude.Declined(err):
		s.c.Log.WarnContext(ctx, "the provider takes no such batch, so the model is asked directly",
			"analysis", a.ID, "requests", len(items), "cause", err)
		return s.unsend(ctx, b)
	}
	return errors.Join(err, s.unsend(ctx, b))
}

// intend writes down that a batch is about to be sent, if this run still holds its lease and none was before.
func (s *Service) intend(ctx context.Context, a Analysis, plan assess.BatchPlan) (b modelBatch, err error) {
	sealed, err := s.sealJSON(plan, "batch", a.ID)
	if err != nil {
		return b, err
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		b = modelBatch{
			analysisID: a.ID, state: "sending", model: plan.Model, prefix: plan.Prefix, requests: len(plan.Groups),
			sealed:    sealed,
			createdAt: now, sendBy: now.Add(sendTime), expiresAt: now.Add(sendTime + claude.BatchLives),
		}
		n, err := tx.Exec(ctx, `UPDATE analyses SET stage = $3, done = 0, total = $4, event_seq = event_seq + 1
			WHERE id = $1 AND runner = $2 AND status = 'running'`, a.ID, a.runner, string(assess.StageJudge), plan.Texts())
		if err == nil && n == 1 {
			n, err = tx.Exec(ctx, `INSERT INTO model_batches
				(analysis_id, state, model, prefix, requests, sealed, created_at, send_by, expires_at, next_look)
				VALUES ($1, 'sending', $2, $3, $4, $5, $6, $7, $8, $6) ON CONFLICT (analysis_id) DO NOTHING`,
				b.analysisID, b.model, b.prefix, b.requests, b.sealed, b.createdAt, b.sendBy, b.expiresAt)
		}
		if err == nil && n == 0 {
			err = errLeaseLost
		}
		return err
	})
	return b, err
}

// takeBatch takes the verdicts of a batch that has ended. It gives up one that should have, or whose results cannot be
// read when its time is over.
func (s *Service) takeBatch(
	ctx context.Context, a *Analysis, b modelBatch, p *assess.Pipeline, h sources, o *assess.Options,
) (modelBatch, error) {
	one, err := s.c.Claude.Batch(ctx, b.providerID)
	var results []claude.BatchResult
	if err == nil && one.Ended {
		results, err = s.c.Claude.BatchResults(ctx, b.providerID)
	}
	now := s.c.DB.Now()
	switch {
	case claude.Unknown(err): // somebody has deleted it or its results: what they would have said is asked directly
		s.c.Log.WarnContext(ctx, "the provider does not know a batch any more", "analysis", a.ID, "batch", b.providerID)
	case err == nil && one.Ended:
	case ctx.Err() == nil && b.late(now):
		s.c.Log.WarnContext(ctx, "a batch gave no answers in its time and is given up",
			"analysis", a.ID, "batch", b.providerID, "cause", err)
		return b, s.giveUp(ctx, *a, &b)
	case err != nil:
		return b, err
	default:
		return b, b.wait(now)
	}
	var plan assess.BatchPlan
	if err := s.openJSON(&plan, b.sealed, "batch", a.ID); err != nil {
		return b, err
	}
	out, err := p.TakeBatch(ctx, s.kept(ctx, *a, h), *o, plan, s.c.Prices[b.model], results)
	if err != nil {
		return b, err
	}
	return b, s.settleBatch(ctx, a, &b, out)
}

// settleBatch writes down what a batch has used and cost, once, and deletes the provider's copy.
func (s *Service) settleBatch(ctx context.Context, a *Analysis, b *modelBatch, out assess.BatchOutcome) error {
	used, err := json.Marshal(out.Use)
	if err != nil {
		return err
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE model_batches SET state = 'taken', used = $2, sealed = NULL
			WHERE analysis_id = $1 AND state = 'sent' AND EXISTS
				(SELECT 1 FROM analyses r WHERE r.id = $1 AND r.runner = $3 AND r.status = 'running')`,
			b.analysisID, string(used), a.runner)
		if err == nil && n == 0 {
			return errLeaseLost
		}
		tx.Later(`UPDATE analyses SET model_micro_usd = model_micro_usd + $2 WHERE id = $1`, b.analysisID, out.CostMicroUSD)
		return err
	})
	if err != nil {
		return err
	}
	out.Count(s.c.Metrics, b.model)
	a.modelMicroUSD += out.CostMicroUSD
	b.state, b.used = "taken", out.Use
	if err := s.deleteBatch(ctx, *b); err != nil { // a sweep tries again
		s.c.Log.WarnContext(ctx, "the provider's copy of a batch could not be deleted yet", "batch", b.providerID, "cause",
			err)
	}
	return nil
}

// deleteBatch deletes the provider's copy, which it would keep for 29 days.
func (s *Service) deleteBatch(ctx context.Context, b modelBatch) error {
	if err := s.c.Claude.DeleteBatch(ctx, b.providerID); err != nil {
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE model_batches SET provider_id = '' WHERE analysis_id = $1 AND provider_id = $2`,
			b.analysisID, b.providerID)
		return nil
	})
}

// giveUp lets a run go on without its batch. The row keeps the provider's id, so that a sweep cancels and deletes it.
func (s *Service) giveUp(ctx context.Context, a Analysis, b *modelBatch) error {
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE model_batches SET state = 'taken', sealed = NULL
			WHERE analysis_id = $1 AND state = 'sent' AND EXISTS
				(SELECT 1 FROM analyses r WHERE r.id = $1 AND r.runner = $2 AND r.status = 'running')`, b.analysisID, a.runner)
		if err == nil && n == 0 {
			err = errLeaseLost
		}
		return err
	})
	b.state = "taken"
	return err
}

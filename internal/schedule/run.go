package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Run starts the analysis of a run that is due. It may be repeated: the start is idempotent by the schedule and the
// instant. Its error means that a later try may succeed; with last set there is none, and the run counts as failed.
func (s *Service) Run(ctx context.Context, j RunJob, last bool) error {
	v, err := db.ReadOne(ctx, s.c.DB, db.System, scan,
		`SELECT `+columns+` FROM schedules WHERE id = $1 AND due_at = $2 AND paused_at IS NULL`, j.ScheduleID, j.Due)
	if errors.Is(err, db.ErrNotFound) { // it was removed or paused, or a later run is due
		return nil
	}
	if err != nil {
		return err
	}
	why, err := s.hindrance(ctx, v.UserID, v.AccountID, v.Rule.Every, false)
	if err == nil && why != "" {
		return s.pause(ctx, v, why)
	}
	var a analysis.Analysis
	var day bool
	if err == nil {
		day, err = s.canWait(ctx, v)
	}
	if err == nil {
		a, _, err = s.c.Analyses.Start(ctx, v.UserID, analysis.StartRequest{
			AccountID: v.AccountID, Purpose: v.Purpose, MaxCostCents: v.MaxCostCents,
			IdempotencyKey: "schedule:" + v.ID + ":" + j.Due.UTC().Format(time.RFC3339),
			Scheduled:      string(v.Rule.Every), KeepUntil: v.NextAt.Add(grace), WithinADay: day,
		})
	}
	switch {
	case err == nil:
		return s.started(ctx, v, j.Due, a.ID)
	case errors.Is(err, fault.SubscriptionRequired):
		return s.pause(ctx, v, NoPlan)
	case errors.Is(err, fault.QuotaExceeded): // new ones come with the period, and who used them up was told
		return s.skip(ctx, v, j.Due)
	case errors.Is(err, fault.NotFound):
		return s.pause(ctx, v, NoAccount)
	case last:
		s.c.Log.WarnContext(ctx, "a scheduled analysis could not be started", "schedule", v.ID, "cause", err)
		return s.notStarted(ctx, v)
	}
	return err
}

// started notes the analysis whose end the schedule waits for.
func (s *Service) started(ctx context.Context, v Schedule, due time.Time, analysisID string) error {
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE schedules SET last_at = $2, last_id = $3, awaits_id = $3, skipped = ''
			WHERE id = $1 AND due_at = $2 AND (last_id IS NULL OR last_id <> $3)`, v.ID, due, analysisID)
		return nil
	})
}

func (s *Service) skip(ctx context.Context, v Schedule, due time.Time) error {
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE schedules SET last_at = $2, skipped = $3 WHERE id = $1 AND due_at = $2`, v.ID, due, string(NoQuota))
		return nil
	})
}

package schedule

import (
	"context"
	"errors"
	"slices"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
)

// ended is a schedule whose awaited analysis has ended; status is "" when it was deleted.
type ended struct {
	Schedule
	status string
}

// settleAll notes how the analyses ended that schedules wait for.
func (s *Service) settleAll(ctx context.Context) error {
	all, err := db.Read(ctx, s.c.DB, db.System, func(r db.Rows, v *ended) error { return r.Scan(&v.ID, &v.status) },
		`SELECT s.id, COALESCE(a.status, '') FROM schedules s LEFT JOIN analyses a ON a.id = s.awaits_id
		WHERE s.awaits_id IS NOT NULL AND (a.id IS NULL OR a.status IN ('completed', 'failed', 'cancelled'))
			LIMIT $1`, atOnce)
	if err != nil {
		return err
	}
	for _, v := range all {
		status := v.status
		v.Schedule, err = db.ReadOne(ctx, s.c.DB, db.System, scan, `SELECT `+columns+` FROM schedules WHERE id = $1`, v.ID)
		if err == nil && v.awaits != nil {
			err = s.settle(ctx, v.Schedule, analysis.Status(status))
		}
		// one that was removed meanwhile has nothing to note
		if err != nil && !errors.Is(err, db.ErrNotFound) && ctx.Err() == nil {
			s.c.Log.WarnContext(ctx, "the end of a scheduled analysis was not noted, and is tried again", "schedule", v.ID,
				"cause", err)
		}
	}
	return ctx.Err()
}

func (s *Service) settle(ctx context.Context, v Schedule, status analysis.Status) error {
	switch status {
	case analysis.Completed:
		return s.note(ctx, v, 0, "")
	case analysis.Failed:
		return s.failed(ctx, v)
	}
	return s.note(ctx, v, v.Failures, "") // its owner cancelled or deleted it
}

// failed counts a failure, and pauses the schedule if it is the third in a row or X wants the account connected again.
func (s *Service) failed(ctx context.Context, v Schedule) error {
	all, err := s.c.Accounts.Accounts(ctx, v.UserID)
	if err != nil {
		return err
	}
	why := Pause("")
	if v.Failures+1 >= maxFailures {
		why = TooManyFail
	}
	if slices.ContainsFunc(all, func(x account.XAccount) bool { return x.ID == v.AccountID && x.Health == "reconnect" }) {
		why = Reconnect
	}
	return s.note(ctx, v, v.Failures+1, why)
}

// note writes down how a run ended, once: what another process noted meanwhile stays.
func (s *Service) note(ctx context.Context, v Schedule, failures int, why Pause) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE schedules SET failures = $3, awaits_id = NULL WHERE id = $1 AND failures = $4
			AND COALESCE(CAST(awaits_id AS text), '') = $2`, v.ID, orEmpty(v.awaits), failures, v.Failures)
		if err != nil || n == 0 || why == "" {
			return err
		}
		return pauseIn(ctx, tx, v, why)
	})
}

// notStarted counts a run that could not begin as a failure. What the schedule waits for is another run's end, which
// counts for itself.
func (s *Service) notStarted(ctx context.Context, v Schedule) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE schedules SET failures = $2 WHERE id = $1 AND failures = $3`, v.ID, v.Failures+1,
			v.Failures)
		if err != nil || n == 0 || v.Failures+1 < maxFailures {
			return err
		}
		return pauseIn(ctx, tx, v, TooManyFail)
	})
}

func orEmpty(id *string) string {
	if id == nil {
		return ""
	}
	return *id
}

// pause lets a schedule start nothing any more, and tells its owner unless they did it.
func (s *Service) pause(ctx context.Context, v Schedule, why Pause) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		return pauseIn(ctx, tx, v, why)
	})
}

func pauseIn(ctx context.Context, tx db.Tx, v Schedule, why Pause) error {
	n, err := tx.Exec(ctx, `UPDATE schedules SET paused_at = $2, paused_why = $3, updated_at = $2
		WHERE id = $1 AND paused_at IS NULL`, v.ID, tx.Now(), string(why))
	if err != nil || n == 0 {
		return err
	}
	actor := "system"
	if why == ByPerson {
		actor = "user"
	}
	record(ctx, tx, v.UserID, actor, audit.SchedulePaused, v.ID, map[string]any{"why": string(why)})
	if why == ByPerson {
		return nil
	}
	return notice.Write(ctx, tx, notice.Fact{
		UserID: v.UserID, Kind: notice.SchedulePaused, Subject: v.ID + " " + tx.Now().Format("2006-01-02T15:04:05.000000"),
		Data: notice.Data{Schedule: v.ID, Reason: why.Words()},
	})
}

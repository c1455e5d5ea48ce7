package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

const (
	reconcilePage = 100
	driftSince    = 70 * 24 * time.Hour // two periods back: older ledger rows no longer change
	maxDrifts     = 1_000
)

// Reconcile mirrors every local subscription again, as if an event had come for each, and compares the ledger with
// the analyses. One subscription that fails does not keep it from the others; their errors are joined, a few in full.
func (s *Service) Reconcile(ctx context.Context) error {
	err := s.logDrifts(ctx)
	if s.off {
		return err
	}
	return errors.Join(err, s.mirrorAll(ctx))
}

func (s *Service) mirrorAll(ctx context.Context) error {
	var failed []error
	last := "00000000-0000-0000-0000-000000000000"
	for {
		page, err := db.Read(ctx, s.db, db.System, scanRow,
			`SELECT `+rowColumns+` FROM subscriptions WHERE id > $1 ORDER BY id LIMIT $2`, last, reconcilePage)
		if err != nil {
			return err
		}
		for _, r := range page {
			if _, err := s.refresh(ctx, r, "system"); err != nil {
				failed = append(failed, fmt.Errorf("subscription %s: %w", r.ID, err))
			}
		}
		if len(page) < reconcilePage || ctx.Err() != nil {
			return summary(failed)
		}
		last = page[len(page)-1].ID
	}
}

func summary(failed []error) error {
	if len(failed) <= 5 {
		return errors.Join(failed...)
	}
	return errors.Join(append(failed[:5:5], fmt.Errorf("and %d more subscriptions", len(failed)-5))...)
}

// Drift is a ledger row that the analyses contradict.
type Drift struct {
	UserID      string
	PeriodStart time.Time
	Reserved    int // by the ledger
	Active      int // analyses queued or running
	Used        int // by the ledger
	Completed   int // analyses there are; fewer than Used is no drift, for users may delete theirs
}

// Drifts compares the ledger with the analyses, in one statement and so at one moment. A reservation without a running
// analysis, or a completed one that was not counted, is a fault in the program.
func (s *Service) Drifts(ctx context.Context) ([]Drift, error) {
	return db.Read(ctx, s.db, db.System, scanDrift, `SELECT q.user_id, q.period_start, q.reserved, q.used,
		count(a.id) FILTER (WHERE a.status IN ('queued', 'running')), count(a.id) FILTER (WHERE a.status = 'completed')
		FROM quota_periods q LEFT JOIN analyses a ON a.user_id = q.user_id AND a.period_start = q.period_start
		WHERE q.period_start > $1
		GROUP BY q.user_id, q.period_start, q.reserved, q.used
		HAVING q.reserved <> count(a.id) FILTER (WHERE a.status IN ('queued', 'running')) OR q.used < count(a.id) FILTER
			(WHERE a.status = 'completed')
		ORDER BY q.user_id, q.period_start LIMIT $2`, s.now().Add(-driftSince), maxDrifts)
}

func scanDrift(r db.Rows, v *Drift) error {
	return r.Scan(&v.UserID, &v.PeriodStart, &v.Reserved, &v.Used, &v.Active, &v.Completed)
}

func (s *Service) logDrifts(ctx context.Context) error {
	drifts, err := s.Drifts(ctx)
	for _, d := range drifts {
		s.log.ErrorContext(ctx, "the quota ledger and the analyses disagree", "user", d.UserID, "period", d.PeriodStart,
			"reserved", d.Reserved, "active", d.Active, "used", d.Used, "completed", d.Completed)
	}
	return err
}

package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/page"
)

const columns = `id, user_id, account_id, archive_id, handle, purpose, max_posts, since, tier, model, status, stage, done, total, findings,
	event_seq, x_reads, score, level, score_now, level_now, error_code, error_message, period_start, created_at, started_at, finished_at,
	wait_until, waiting_for, tries, max_cost_cents, model_micro_usd, free, scheduled, keep_until,
	within_a_day, wait_by, steps_done`

func scan(r db.Rows, a *Analysis) error {
	return r.Scan(&a.ID, &a.UserID, &a.AccountID, &a.ArchiveID, &a.Handle, (*string)(&a.Purpose), &a.MaxPosts, &a.Since,
		&a.Tier, &a.Model,
		(*string)(&a.Status), (*string)(&a.Progress.Stage), &a.Progress.Done, &a.Progress.Total, &a.Progress.Findings,
		&a.Seq, &a.XReads, &a.Score, &a.Level, &a.ScoreNow, &a.LevelNow, &a.ErrorCode, &a.ErrorMessage, &a.PeriodStart,
		&a.CreatedAt, &a.StartedAt, &a.FinishedAt,
		&a.WaitUntil, (*string)(&a.WaitingFor), &a.tries, &a.MaxCostCents, &a.modelMicroUSD, &a.Free, &a.Scheduled,
		&a.keepUntil,
		&a.WithinADay, &a.WaitBy, &a.stepsDone)
}

// Get returns one of the user's analyses, or fault.NotFound.
func (s *Service) Get(ctx context.Context, userID, id string) (Analysis, error) {
	a, err := db.ReadOne(ctx, s.c.DB, db.User(userID), scan,
		`SELECT `+columns+` FROM analyses WHERE user_id = $1 AND id = $2`, userID, id)
	return a, notFound(err)
}

func notFound(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return fault.NotFound.Saying("You have no analysis with this id.").Because(err)
	}
	return err
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	AccountID string
	Purpose   assess.Purpose
	Status    Status
	From, To  time.Time
	Limit     int    // 1..100; 0: 20
	Cursor    string // from Page.Next
}

// Page is one page of a list, newest first.
type Page struct {
	Analyses []Analysis
	Next     string // "" on the last page
	Total    int    // of all pages
}

// List returns the user's analyses, newest first.
func (s *Service) List(ctx context.Context, userID string, f Filter) (Page, error) {
	from, err := page.Parse(f.Cursor)
	if err != nil {
		return Page{}, err
	}
	if f.Limit == 0 {
		f.Limit = 20
	}
	where, args := f.where(userID)
	total, err := db.ReadOne(ctx, s.c.DB, db.User(userID), db.Value[int], `SELECT count(*) FROM analyses WHERE `+where,
		args...)
	if err != nil {
		return Page{}, err
	}
	all, err := db.Read(ctx, s.c.DB, db.User(userID), scan, `SELECT `+columns+` FROM analyses WHERE `+where+
		` AND (created_at, id) < ($7, $8) ORDER BY created_at DESC, id DESC LIMIT $9`,
		append(args, from.At, from.ID, f.Limit+1)...)
	if err != nil {
		return Page{}, err
	}
	p := Page{Total: total}
	p.Analyses, p.Next = page.Cut(all, f.Limit,
		func(a Analysis) page.Place { return page.Place{At: a.CreatedAt, ID: a.ID} })
	return p, nil
}

// where always takes the same six arguments, so that the statement stays one prepared text.
func (f Filter) where(userID string) (string, []any) {
	from, to := f.From, f.To
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if from.IsZero() {
		from = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return `user_id = $1 AND ($2 = '' OR CAST(account_id AS text) = $2) AND ($3 = '' OR purpose = $3) AND ($4 = '' OR status = $4) AND created_at >= $5 AND created_at < $6`,
		[]any{userID, f.AccountID, string(f.Purpose), string(f.Status), from, to}
}

// Cancel ends an analysis that has not ended, and gives its unit of quota back.
func (s *Service) Cancel(ctx context.Context, userID, id string) (Analysis, error) {
	err := s.c.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		a, err := db.One(ctx, tx, scan, `
			UPDATE analyses SET status = 'cancelled', stage = 'done', finished_at = $3, lease_until = NULL, event_seq =
				event_seq + 1
			WHERE user_id = $1 AND id = $2 AND status IN ('queued', 'running') RETURNING `+columns, userID, id, tx.Now())
		if err != nil {
			return err
		}
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.AnalysisCancel, Resource: id})
		return s.c.Billing.Release(ctx, tx, userID, a.PeriodStart)
	})
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return Analysis{}, err
	}
	s.bells.ring(id)
	return s.Get(ctx, userID, id) // an analysis that had ended already is simply shown
}

// Delete removes an analysis, its report and what was told of it; one that is still running is cancelled first.
func (s *Service) Delete(ctx context.Context, userID, id string) error {
	if _, err := s.Cancel(ctx, userID, id); err != nil {
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.AnalysisDelete, Resource: id})
		if err := notice.Forget(ctx, tx, userID, id); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM analyses WHERE user_id = $1 AND id = $2`, userID, id)
		if err == nil && n == 0 {
			err = notFound(db.ErrNotFound)
		}
		return err
	})
}

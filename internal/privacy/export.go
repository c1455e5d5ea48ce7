package privacy

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// LinkHours is how long a package can be fetched.
const LinkHours = 24

const (
	linkLife       = LinkHours * time.Hour
	exportsPerDay  = 3
	fetchesPerLink = 10 // each makes the whole package anew
	exportAttempts = 3
	maxExports     = 10 // listed
)

// Export is a wish for a package.
type Export struct {
	ID        string
	Status    string // "queued", "ready", "failed", or "expired"
	Bytes     int64  // of the package as it was tried; it may have grown since
	Fetched   int    // how often it was fetched
	CreatedAt time.Time
	ReadyAt   *time.Time
	ExpiresAt *time.Time // when it can be fetched no more; nil before it is ready
}

const exportColumns = `id, status, bytes, fetched, created_at, ready_at, expires_at`

func (s *Service) scanExport(r db.Rows, e *Export) error {
	err := r.Scan(&e.ID, &e.Status, &e.Bytes, &e.Fetched, &e.CreatedAt, &e.ReadyAt, &e.ExpiresAt)
	if e.ExpiresAt != nil && !s.cfg.DB.Now().Before(*e.ExpiresAt) {
		e.Status = "expired"
	}
	return err
}

// Export asks for a package. While one is under way, that is the one. Error: rate_limited after three in a day.
func (s *Service) Export(ctx context.Context, userID string) (e Export, err error) {
	err = s.cfg.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		var today today
		var some bool
		db.Want(tx, scanToday, &today, &some, `SELECT count(*), min(created_at) FROM exports WHERE user_id = $1
			AND created_at > $2`, userID, tx.Now().Add(-24*time.Hour))
		e, err = db.One(ctx, tx, s.scanExport,
			`INSERT INTO exports (id, user_id, status, created_at, tried_at) VALUES ($1, $2, 'queued', $3, $3)
			ON CONFLICT DO NOTHING RETURNING `+exportColumns, db.NewID(), userID, tx.Now())
		switch {
		case errors.Is(err, db.ErrNotFound):
			e, err = db.One(ctx, tx, s.scanExport,
				`SELECT `+exportColumns+` FROM exports WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1`, userID)
			return err
		case err != nil:
			return err
		case today.count >= exportsPerDay:
			return fault.RateLimited.Saying("You have asked for %d packages in the last 24 hours. Fetch one of those, or ask "+
				"again later.", today.count).
				After(today.first.Add(24 * time.Hour).Sub(tx.Now()))
		}
		audit.Record(ctx, tx, audit.Event{
			UserID: userID, Actor: "user", Action: audit.ExportRequested,
			Resource: "export:" + e.ID,
		})
		return tx.Enqueue(ctx, ExportJob{ExportID: e.ID})
	})
	return e, err
}

// today is what was asked for in the last 24 hours.
type today struct {
	count int
	first time.Time
}

func scanToday(r db.Rows, v *today) error {
	var first *time.Time
	err := r.Scan(&v.count, &first)
	if first != nil {
		v.first = *first
	}
	return err
}

// Exports lists a user's wishes, the newest first, at most 10.
func (s *Service) Exports(ctx context.Context, userID string) ([]Export, error) {
	return db.Read(ctx, s.cfg.DB, db.User(userID), s.scanExport,
		`SELECT `+exportColumns+` FROM exports WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, userID,
		maxExports)
}

// ShowExport reads one. Error: not_found.
func (s *Service) ShowExport(ctx context.Context, userID, id string) (Export, error) {
	if uuid.Validate(id) != nil {
		return Export{}, noExport()
	}
	e, err := db.ReadOne(ctx, s.cfg.DB, db.User(userID), s.scanExport,
		`SELECT `+exportColumns+` FROM exports WHERE user_id = $1 AND id = $2`, userID, id)
	if errors.Is(err, db.ErrNotFound) {
		err = noExport()
	}
	return e, err
}

func noExport() error { return fault.NotFound.Saying("You have no package with this id.") }

// Fetch lets the user have a package that is ready, once more. Errors: not_found, conflict while it is not ready or is
// no longer to be had, rate_limited when it was fetched ten times.
func (s *Service) Fetch(ctx context.Context, userID, id string) (Package, error) {
	e, err := s.ShowExport(ctx, userID, id)
	switch {
	case err != nil:
		return Package{}, err
	case e.Status == "expired":
		return Package{}, fault.Conflict.Saying("This link has expired: a package can be fetched for 24 hours. Ask for " +
			"another.")
	case e.Status != "ready":
		return Package{}, fault.Conflict.Saying("This package is %s. Look at /api/v1/users/me/export/%s and come back "+
			"when it is ready.", e.Status, id)
	}
	err = s.cfg.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE exports SET fetched = fetched + 1 WHERE user_id = $1 AND id = $2 AND fetched < $3`,
			userID, id, fetchesPerLink)
		if err == nil && n == 0 {
			return fault.RateLimited.Saying("This package was fetched %d times. Ask for another.", fetchesPerLink)
		}
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.ExportFetched, Resource: "export:" +
			id})
		return err
	})
	return Package{s: s, userID: userID, at: s.cfg.DB.Now()}, err
}

// ExportJob makes a package once, for its size, and opens its link.
type ExportJob struct {
	ExportID string `json:"export_id"`
}

// Kind names the job in the queue.
func (ExportJob) Kind() string { return "export" }

// InsertOpts bounds the tries; Sweep queues the job anew for a day.
func (ExportJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: db.Housekeeping, MaxAttempts: exportAttempts}
}

// MakeExport tries a package from end to end, counts its bytes, and opens its link. One that is not wanted any more is
// left alone.
func (s *Service) MakeExport(ctx context.Context, id string) error {
	user, err := db.ReadOne(ctx, s.cfg.DB, db.System, db.Value[string],
		`SELECT user_id FROM exports WHERE id = $1 AND status = 'queued'`, id)
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	size := &counter{}
	if err := (Package{s: s, userID: user, at: s.cfg.DB.Now()}).Write(ctx, size); err != nil {
		s.cfg.Log.ErrorContext(ctx, "a package could not be made and will be tried again", "export", id, "error", err)
		return err
	}
	return s.cfg.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE exports SET status = 'ready', bytes = $3, ready_at = $4, expires_at = $5 WHERE id = $1
			AND user_id = $2 AND status = 'queued'`,
			id, user, size.n, tx.Now(), tx.Now().Add(linkLife))
		return nil
	})
}

// counter counts what is written to it.
type counter struct{ n int64 }

var _ io.Writer = (*counter)(nil)

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// Package privacy gives people everything that is kept about them, and erases it.
//
// # Export
//
// [Service.Export] writes the wish down with its job. The job makes the package once, from end to end, for its size
// alone: nothing of it is stored. From then on, for 24 hours, its user may fetch it ([Service.Fetch]), and it is made
// anew while it leaves. So there is no second copy of a person's data to keep sealed and to forget, any replica can
// give it, and memory holds a few hundred rows however large it is. What is in it, and in which words, is the table in
// contents.go.
//
// # Erasure
//
// [Service.Erase] takes five steps, each of which may be repeated (erase.go):
//
//	note       the wish is written down
//	close      the plan ends at the payment provider; if that fails, the wish is taken back, and nothing has happened
//	lock       sessions, runs and clean-ups end, in one transaction; from here on there is no way back
//	disconnect X is told that its tokens are void, then they are wiped
//	remove     posts and verdicts in pieces, then the user with everything else in one transaction
//
// The request itself goes as far as lock; a job does the rest. A process may die between any two steps: [Service.Sweep]
// finds the wish and queues the job anew.
//
// What stays is decided table by table, and a test that reads the schema fails for a table nobody decided about: audit
// lines without the address they came from, and the ids under which the payment provider keeps the invoices.
package privacy

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/share"
)

// Config is what a Service needs.
type Config struct {
	DB       *db.DB
	Accounts *account.Service
	Billing  *billing.Service
	Analyses *analysis.Service
	Cleanups *cleanup.Service
	Shares   *share.Service
	Log      *slog.Logger // nil: discard
}

// Service is safe for concurrent use, on any number of replicas.
type Service struct{ cfg Config }

// New makes a Service.
func New(c Config) *Service {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return &Service{c}
}

// AddWorkers registers the jobs of this package.
func (s *Service) AddWorkers(w *river.Workers) {
	db.Work(w, func(ctx context.Context, j ExportJob) error { return s.MakeExport(ctx, j.ExportID) })
	db.Work(w, func(ctx context.Context, j EraseJob) error { return s.FinishErase(ctx, j.UserID) })
}

const (
	silent       = 2 * time.Minute     // a wish that nobody has worked on for so long is queued anew
	exportGiveUp = 24 * time.Hour      // for a package that cannot be made
	exportsKept  = 30 * 24 * time.Hour // so that their user can still see that they asked
)

// Sweep queues what a process that died was working on, and deletes old wishes. Every process may sweep at any time.
func (s *Service) Sweep(ctx context.Context) error { return s.sweep(ctx, s.cfg.DB.Now().Add(-silent)) }

// Recover queues everything at once. It is for a database that only this process uses: at its start, whoever worked on
// something is gone.
func (s *Service) Recover(ctx context.Context) error { return s.sweep(ctx, s.cfg.DB.Now()) }

func (s *Service) sweep(ctx context.Context, before time.Time) error {
	err := db.Portions(ctx, s.cfg.DB, `DELETE FROM exports WHERE id IN (
		SELECT id FROM exports WHERE created_at <= $2 LIMIT $1)`, s.cfg.DB.Now().Add(-exportsKept))
	if err != nil {
		return err
	}
	return s.cfg.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		tx.Later(`UPDATE exports SET status = 'failed' WHERE status = 'queued' AND created_at <= $1`, now.Add(-exportGiveUp))
		exports, err := db.All(ctx, tx, db.Value[string],
			`UPDATE exports SET tried_at = $2 WHERE status = 'queued' AND tried_at <= $1 RETURNING id`, before, now)
		if err != nil {
			return err
		}
		users, err := db.All(ctx, tx, db.Value[string],
			`UPDATE erasures SET tried_at = $2 WHERE tried_at <= $1 RETURNING user_id`, before, now)
		if err != nil {
			return err
		}
		return enqueue(ctx, tx, exports, users)
	})
}

func enqueue(ctx context.Context, tx db.Tx, exports, users []string) error {
	for _, id := range exports {
		if err := tx.Enqueue(ctx, ExportJob{ExportID: id}); err != nil {
			return err
		}
	}
	for _, id := range users {
		if err := tx.Enqueue(ctx, EraseJob{UserID: id}); err != nil {
			return err
		}
	}
	return nil
}

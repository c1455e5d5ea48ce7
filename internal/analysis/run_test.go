package analysis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

func TestRun_ACompletedAnalysisSpendsItsUnitAndKeepsItsReport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		a := p.start()
		w.ok(w.Run(t.Context(), a.ID, true))
		p.wantStatus(a.ID, Completed)
		p.wantUnits(1, 0)
		if r, err := w.openReport(t.Context(), p.UserID, a.ID); err != nil || r.ID != a.ID || r.Coverage.PostsAnalysed == 0 {
			t.Errorf("the report: %+v, %v", r, err)
		}
		w.ok(w.Run(t.Context(), a.ID, true)) // its job, delivered again
		p.wantUnits(1, 0)
	})
}

// A run that cannot go on for now gives its lease back; at the last try it fails and gives its unit back.
func TestRun_ATroubleThatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		a := p.start()
		claimed := must(w.claim(t.Context(), a.ID))(t)
		trouble := fault.Internal.Saying("not now")
		if err := w.end(t.Context(), claimed, trouble, false); !errors.Is(err, fault.Internal) {
			t.Errorf("the queue hears %v", err)
		}
		p.wantStatus(a.ID, Running)
		p.wantUnits(0, 1)
		claimed = must(w.claim(t.Context(), a.ID))(t) // at once: the lease was given back
		if claimed.ID == "" {
			t.Fatal("the lease was kept")
		}
		w.ok(w.end(t.Context(), claimed, trouble, true))
		p.wantStatus(a.ID, Failed)
		p.wantUnits(0, 0)
	})
}

func TestClaim_OneProcessHoldsTheLease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.subscriber(), w.replica()
		a := p.start()
		claimed := must(w.claim(t.Context(), a.ID))(t)
		if claimed.ID != a.ID || claimed.Status != Running || claimed.StartedAt == nil {
			t.Errorf("claimed %+v", claimed)
		}
		if got, err := other.claim(t.Context(), a.ID); err == nil || got.ID != "" { // to come again later
			t.Errorf("while it is held: %+v, %v", got, err)
		}
		w.sb.Advance(w.c.Lease - time.Second)
		w.ok(w.renew(t.Context(), claimed, &assess.Progress{Stage: assess.StageCollect}))
		w.sb.Advance(w.c.Lease - time.Second)
		if got, err := other.claim(t.Context(), a.ID); err == nil || got.ID != "" {
			t.Errorf("after a renewal: %+v, %v", got, err)
		}
		w.sb.Advance(2 * time.Second)
		if got, err := other.claim(t.Context(), a.ID); err != nil || got.ID != a.ID {
			t.Errorf("after the lease: %+v, %v", got, err)
		}
	})
}

// A run that has waited for longer than a third of its lease, and has told nothing yet, is where it was.
func TestKeep_ARenewalWithoutNewsLeavesTheProgress(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := must(w.claim(t.Context(), w.subscriber().start().ID))(t)
		w.exec(`UPDATE analyses SET stage = 'judge', done = 7, total = 9`) // as the run itself does when it sends a batch
		row := func(query string) string {
			return must(db.ReadOne(t.Context(), w.d, db.System, db.Value[string], query+` FROM analyses WHERE id = $1`, a.ID))(t)
		}
		const lease = `SELECT CAST(lease_until AS text)`
		before := row(lease)
		w.sb.Advance(time.Second)
		w.c.Lease = 3 // nanoseconds: each beat renews it
		bounded, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		ctx, cancel := context.WithCancelCause(bounded)
		kept := make(chan struct{})
		go func() { defer close(kept); w.keep(ctx, cancel, a, new(atomic.Pointer[assess.Progress])) }()
		for bounded.Err() == nil && row(lease) == before {
			runtime.Gosched()
		}
		if bounded.Err() != nil {
			t.Fatal("the lease was not renewed within a minute")
		}
		cancel(nil)
		<-kept
		if now := row(`SELECT stage || ' ' || done || ' ' || total`); now != "judge 7 9" {
			t.Errorf("it is in %q", now)
		}
	})
}

// The runner's name in each write is a fencing token: who slept through a lease changes nothing, even where the same
// process has claimed the analysis again.
func TestLease_WhoLostItWritesNothing(t *testing.T) {
	t.Parallel()
	writes := map[string]struct {
		do   func(ctx context.Context, s *Service, a Analysis) error
		want error
	}{
		"complete": {func(ctx context.Context, s *Service, a Analysis) error {
			return s.save(ctx, a, &assess.Report{})
		}, errLeaseLost},
		"renew": {func(ctx context.Context, s *Service, a Analysis) error {
			return s.renew(ctx, a, &assess.Progress{Stage: assess.StageJudge})
		}, errLeaseLost},
		"fail": {func(ctx context.Context, s *Service, a Analysis) error { return s.fail(ctx, a, fault.Internal) }, nil},
		"rest": {
			func(ctx context.Context, s *Service, a Analysis) error { return ignoreSnooze(s.rest(ctx, a, rest{})) },
			nil,
		},
		"store": {func(ctx context.Context, s *Service, a Analysis) error {
			return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error { return s.mine(ctx, tx, a, 1) })
		}, errLeaseLost},
	}
	for what, write := range writes {
		for _, same := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, the same process %v", what, same), func(t *testing.T) {
				t.Parallel()
				each(t, func(t *testing.T, w *world) {
					p, other := w.subscriber(), w.replica()
					if same {
						other = w.Service
					}
					a := must(w.claim(t.Context(), p.start().ID))(t)
					w.sb.Advance(w.c.Lease + time.Second)
					must(other.claim(t.Context(), a.ID))(t)
					const row = `SELECT status || ' ' || stage || ' ' || coalesce(CAST(lease_until AS text), '') || ' ' || event_seq
						|| ' ' || x_reads
					FROM analyses WHERE id = $1`
					look := func() string {
						return must(db.ReadOne(t.Context(), w.d, db.System, db.Value[string], row, a.ID))(t)
					}
					before := look()
					if err := write.do(t.Context(), w.Service, a); !errors.Is(err, write.want) {
						t.Errorf("%v, want %v", err, write.want)
					}
					if after := look(); after != before {
						t.Errorf("the row was %q and is %q", before, after)
					}
					if n := w.count(`SELECT count(*) FROM reports`); n != 0 {
						t.Errorf("%d reports", n)
					}
					p.wantUnits(0, 1)
				})
			})
		}
	}
}

func TestSweep_QueuesARunWhoseProcessDied(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.subscriber(), w.replica()
		a := must(w.claim(t.Context(), p.start().ID))(t)
		sweep := func() int { return must(other.Sweep(t.Context()))(t) }
		if n := sweep(); n != 0 {
			t.Errorf("%d were queued while the lease held", n)
		}
		w.sb.Advance(w.c.Lease + time.Second)
		if n, again := sweep(), sweep(); n != 1 || again != 0 {
			t.Errorf("%d were queued, then %d", n, again)
		}
		w.ok(other.Run(t.Context(), a.ID, true))
		p.wantStatus(a.ID, Completed)
		p.wantUnits(1, 0)
	})
}

func TestSweep_ARunThatEndsItsProcessAgainAndAgainFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		a := p.start()
		for range maxClaims {
			if got := must(w.claim(t.Context(), a.ID))(t); got.ID == "" {
				t.Fatal("it ended too early")
			}
			w.sb.Advance(w.c.Lease + time.Second)
		}
		if n := must(w.Sweep(t.Context()))(t); n != 0 {
			t.Errorf("%d were queued", n)
		}
		p.wantStatus(a.ID, Failed)
		p.wantUnits(0, 0)
	})
}

func TestRecover_EndsTheLeasesOfTheDeadAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		a := must(w.claim(t.Context(), p.start().ID))(t)
		next := w.replica()
		w.ok(next.Recover(t.Context()))
		if got, err := next.claim(t.Context(), a.ID); err != nil || got.ID != a.ID {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestCancel_AtEachStageGivesTheUnitBackOnce(t *testing.T) {
	t.Parallel()
	for stage, reach := range map[string]func(t *testing.T, w *world, id string){
		"queued":  func(*testing.T, *world, string) {},
		"claimed": func(t *testing.T, w *world, id string) { must(w.claim(t.Context(), id))(t) },
		"judging": func(t *testing.T, w *world, id string) {
			a := must(w.claim(t.Context(), id))(t)
			w.ok(w.renew(t.Context(), a, &assess.Progress{Stage: assess.StageJudge, Done: 1, Total: 2}))
		},
		"its process died": func(t *testing.T, w *world, id string) {
			must(w.claim(t.Context(), id))(t)
			w.sb.Advance(w.c.Lease + time.Second)
		},
	} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.subscriber()
				a := p.start()
				reach(t, w, a.ID)
				_, err := w.Cancel(t.Context(), p.UserID, a.ID)
				w.ok(err)
				p.wantStatus(a.ID, Cancelled)
				p.wantUnits(0, 0)
				_, _ = w.Cancel(t.Context(), p.UserID, a.ID)
				if err := w.save(t.Context(), a, &assess.Report{}); !errors.Is(err, errLeaseLost) {
					t.Errorf("a report of it was kept: %v", err)
				}
				w.ok(w.Run(t.Context(), a.ID, true))
				p.wantStatus(a.ID, Cancelled)
				p.wantUnits(0, 0)
			})
		})
	}
}

func TestRetain_PostsAndVerdictsLiveForThirtyDays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		a := p.start()
		w.ok(w.Run(t.Context(), a.ID, true))
		w.exec(`INSERT INTO verdicts (user_id, key, sealed, created_at) VALUES ($1, 'k', $2, $3)`, p.UserID, []byte{1},
			w.d.Now())
		kept := func() (posts, verdicts, reports int) {
			w.ok(w.Retain(t.Context()))
			return w.count(`SELECT count(*) FROM posts`), w.count(`SELECT count(*) FROM verdicts`),
				w.count(`SELECT count(*) FROM reports`)
		}
		w.sb.Advance(w.c.KeepFor - time.Hour)
		if posts, verdicts, reports := kept(); posts == 0 || verdicts != 1 || reports != 1 {
			t.Errorf("an hour before: %d posts, %d verdicts, %d reports", posts, verdicts, reports)
		}
		w.sb.Advance(2 * time.Hour)
		if posts, verdicts, reports := kept(); posts != 0 || verdicts != 0 || reports != 1 {
			t.Errorf("an hour after: %d posts, %d verdicts, %d reports", posts, verdicts, reports)
		}
	})
}

func TestKeepArchive_KeepsOnlyOnesOwnAndAllOrNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		keep := func(content []byte) (Archive, error) {
			return w.KeepArchive(t.Context(), p.UserID, bytes.NewReader(content), int64(len(content)))
		}
		if _, err := keep(file(t, "somebody", "999", 12)); !errors.Is(err, fault.Forbidden) {
			t.Errorf("somebody else's: %v", err)
		}
		whole := file(t, p.Account.Handle, p.Account.XUserID, 12)
		if _, err := keep(whole[:len(whole)-40]); err == nil {
			t.Error("a file that was cut off was kept")
		}
		if n := w.count(`SELECT (SELECT count(*) FROM archives) + (SELECT count(*) FROM posts)`); n != 0 {
			t.Errorf("%d rows were kept of what was refused", n)
		}
		kept, err := keep(whole)
		if err != nil || kept.Posts != 12 {
			t.Fatalf("%+v, %v", kept, err)
		}
		a, _, err := w.Start(t.Context(), p.UserID, StartRequest{ArchiveID: kept.ID, Consent: true})
		w.ok(err)
		w.ok(w.Run(t.Context(), a.ID, true))
		p.wantStatus(a.ID, Completed)
	})
}

package analysis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
)

// patient is somebody whose analyses may take a day.
func (w *world) patient() *person {
	w.t.Helper()
	w.c.BatchFrom = 50
	p := w.pro("gravelpit_gus")
	w.asksModel()
	w.c.Prices = assess.DefaultPrices()
	return p
}

// created is how many batches were asked for.
func (w *world) created() int {
	w.t.Helper()
	n := 0
	for _, c := range w.sb.Calls("/claude/v1/messages/batches") {
		if c.Method == http.MethodPost {
			n++
		}
	}
	return n
}

// tryRun is one try of a run; that it rests is no failure.
func (p *person) tryRun(s *Service, id string) {
	p.t.Helper()
	if err := s.Run(p.t.Context(), id, false); err != nil && !isSnooze(err) {
		p.t.Fatal(err)
	}
}

func isSnooze(err error) bool {
	return strings.Contains(err.Error(), "Snooze") || strings.Contains(err.Error(), "snooze")
}

// finish lets time pass until the analysis has ended.
func (p *person) finish(id string) Analysis {
	p.t.Helper()
	for range 200 {
		a := p.show(id)
		if a.Status.Ended() {
			return a
		}
		if a.WaitUntil != nil {
			p.sb.Advance(max(0, a.WaitUntil.Sub(p.d.Now())))
		}
		p.tryRun(p.Service, id)
	}
	p.t.Fatal("it does not end")
	return Analysis{}
}

func TestBatched_WaitsWithoutALeaseAndSaysUntilWhen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, a.ID)
		now := p.show(a.ID)
		if !now.Waits() || now.WaitingFor != WaitsForBatch || now.WaitBy == nil || now.Progress.Stage != assess.StageJudge ||
			!strings.Contains(now.WaitWords(), "half the price") {
			t.Fatalf("it waits for %q until %v, at the latest %v, in %s: %s",
				now.WaitingFor, now.WaitUntil, now.WaitBy, now.Progress.Stage, now.WaitWords())
		}
		if n := w.count(`SELECT count(*) FROM analyses WHERE lease_until IS NOT NULL`); n != 0 {
			t.Error("the run keeps its lease")
		}
		first := now.WaitUntil.Sub(w.d.Now())
		w.sb.Advance(first)
		p.tryRun(w.Service, a.ID)
		if next := p.show(a.ID).WaitUntil.Sub(w.d.Now()); next <= first || next > latestLook {
			t.Errorf("it looks again after %v, then %v", first, next)
		}
		if done := p.finish(a.ID); done.Status != Completed {
			t.Fatalf("%+v", done)
		}
		report := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
		if use := report.Models[0]; use.BatchedCalls == 0 || report.Coverage.PostsUnjudged != 0 {
			t.Errorf("%+v, %+v", use, report.Coverage)
		}
		if kept := p.show(a.ID); kept.modelMicroUSD < report.Cost.ModelMicroUSD ||
			kept.modelMicroUSD > report.Cost.ModelMicroUSD+10 {
			t.Errorf("the row knows of %d µ$, the report of %d", kept.modelMicroUSD, report.Cost.ModelMicroUSD)
		}
		if n := w.created(); n != 1 || len(w.sb.Claude().Batches()) != 0 {
			t.Errorf("%d batches were sent, and %v are there still", n, w.sb.Claude().Batches())
		}
		w.sb.Advance(time.Minute)
		w.ok(w.ClearBatches(t.Context()))
		if n := w.count(`SELECT count(*) FROM model_batches`); n != 0 {
			t.Errorf("%d rows stay", n)
		}
	})
}

// A beat that was late writes where the run was before it sent its batch.
func TestBatched_ALateBeatDoesNotHideThatItIsJudging(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, a.ID)
		w.ok(w.d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE analyses SET stage = 'collect', lease_until = $2 WHERE id = $1`, a.ID,
				tx.Now().Add(time.Hour))
			return err
		}))
		a.runner = must(db.ReadOne(t.Context(), w.d, db.System, db.Value[string],
			`SELECT runner FROM analyses WHERE id = $1`, a.ID))(t)
		_ = w.rest(t.Context(), a, rest{why: WaitsForBatch, wait: time.Minute})
		if now := p.show(a.ID); now.Progress.Stage != assess.StageJudge || !now.Waits() {
			t.Errorf("it is in %s, and waits for %q", now.Progress.Stage, now.WaitingFor)
		}
	})
}

// The report is that of a direct run of another person over the same posts; only what it cost and how it was asked
// differs.
func TestBatched_TheReportIsThatOfADirectRun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		slow := p.begin(StartRequest{WithinADay: true})
		p.finish(slow.ID)
		w.exec(`DELETE FROM verdicts`)
		direct := p.begin(StartRequest{})
		p.finish(direct.ID)
		a := must(p.openReport(t.Context(), p.UserID, slow.ID))(t)
		b := must(p.openReport(t.Context(), p.UserID, direct.ID))(t)
		if a.Models[0].BatchedCalls == 0 || b.Models[0].BatchedCalls != 0 || a.Cost.ModelMicroUSD >= b.Cost.ModelMicroUSD {
			t.Errorf("batched %+v for %+v, direct %+v for %+v", a.Models[0], a.Cost, b.Models[0], b.Cost)
		}
		diff := cmp.Diff(b, a, cmpopts.IgnoreFields(assess.Report{}, "ID", "CreatedAt", "ScoredAt", "Models", "Cost"),
			cmpopts.IgnoreFields(assess.Privacy{}, "KeptUntil"))
		if diff != "" {
			t.Errorf("the reports differ (- direct, + batched):\n%s", diff)
		}
	})
}

// Wherever the process dies, one batch is sent and paid for once.
func TestBatched_IsSentAndPaidOnceWhereverItsProcessDies(t *testing.T) {
	t.Parallel()
	for when, c := range map[string]struct {
		before func(p *person)            // the first try
		after  func(p *person, id string) // the first try
		sent   int
	}{
		"after the intent was saved": {after: func(p *person, id string) {
			p.exec(`UPDATE model_batches SET state = 'sending', provider_id = '', prefix = 'rz-nobody'`)
			for _, b := range p.sb.Claude().Batches() { // as if nothing had been sent
				must(p.c.Claude.CancelBatch(p.t.Context(), b))(p.t)
				p.sb.Advance(time.Minute)
				p.ok(p.c.Claude.DeleteBatch(p.t.Context(), b))
			}
		}, sent: 2},
		"after it was sent": {before: func(p *person) {
			p.sb.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.BatchUnanswered})
		}, sent: 1},
		"after its id was saved": {after: func(p *person, id string) {
			p.exec(`UPDATE analyses SET lease_until = $2, wait_until = NULL WHERE id = $1`, id, p.d.Now().Add(-time.Minute))
			p.ok(p.Recover(p.t.Context()))
		}, sent: 1},
		"after the verdicts were kept": {after: func(p *person, id string) {
			p.sb.Advance(time.Hour)
			a := must(p.claim(p.t.Context(), id))(p.t)
			judge := must(p.judge(a))(p.t)
			h := must(p.history(p.t.Context(), a))(p.t)
			o := must(p.options(p.t.Context(), a))(p.t)
			b := must(p.batchOf(p.t.Context(), a))(p.t)
			results := must(p.c.Claude.BatchResults(p.t.Context(), b.providerID))(p.t)
			var plan assess.BatchPlan
			p.ok(p.openJSON(&plan, b.sealed, "batch", id))
			pipe := &assess.Pipeline{Screen: p.screen(), Now: p.d.Now, Judge: judge}
			must(pipe.TakeBatch(p.t.Context(), p.kept(p.t.Context(), a, h), o, plan, judge.Prices, results))(p.t)
			p.exec(`UPDATE analyses SET lease_until = NULL WHERE id = $1`, id)
		}, sent: 1},
	} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				if c.before != nil {
					c.before(p)
				}
				a := p.begin(StartRequest{WithinADay: true})
				p.tryRun(w.Service, a.ID)
				if c.after != nil {
					c.after(p, a.ID)
				}
				w.Service = w.replica()
				p.world = w
				if done := p.finish(a.ID); done.Status != Completed || w.created() != c.sent {
					t.Fatalf("%s, %d batches were sent, want %d", done.Status, w.created(), c.sent)
				}
				report := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
				if kept := p.show(a.ID).modelMicroUSD; kept > report.Cost.ModelMicroUSD+10 || kept < report.Cost.ModelMicroUSD {
					t.Errorf("paid %d µ$, the report says %d", kept, report.Cost.ModelMicroUSD)
				}
				if use := report.Models[0]; use.BatchedCalls == 0 || report.Coverage.PostsUnjudged != 0 {
					t.Errorf("%+v, %+v", use, report.Coverage)
				}
			})
		})
	}
}

// Many processes that wake up for the same analysis at once send one batch.
func TestBatched_ProcessesThatRaceSendItOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := p.begin(StartRequest{WithinADay: true})
		var all sync.WaitGroup
		for range 6 {
			s := w.replica()
			all.Go(func() {
				for range 3 {
					_ = s.Run(context.WithoutCancel(t.Context()), a.ID, false)
					_, _ = s.RunNext(context.WithoutCancel(t.Context()))
				}
			})
		}
		all.Wait()
		p.finish(a.ID)
		if n := w.created(); n != 1 {
			t.Errorf("%d batches were sent", n)
		}
		p.wantStatus(a.ID, Completed)
	})
}

// A run that has lost its lease just before it writes its intent sends nothing.
func TestBatched_ARunWithoutItsLeaseSendsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := must(w.claim(t.Context(), p.begin(StartRequest{WithinADay: true}).ID))(t)
		must(p.Cancel(t.Context(), p.UserID, a.ID))(t)
		_, err := w.intend(t.Context(), a, assess.BatchPlan{Prefix: "rz-x", Groups: [][]string{{"k"}}})
		if !errors.Is(err, errLeaseLost) {
			t.Errorf("got %v", err)
		}
	})
}

// A cancelled analysis cancels its batch, pays for what was answered by then, and leaves nothing at the provider.
func TestBatched_ACancelledRunCancelsItsBatchAndCountsWhatWasUsed(t *testing.T) {
	t.Parallel()
	for what, deleted := range map[string]bool{"cancelled": false, "deleted": true} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				a := p.begin(StartRequest{WithinADay: true})
				p.tryRun(w.Service, a.ID)
				w.sb.Advance(time.Minute) // half of its requests are answered
				if deleted {
					p.ok(p.Delete(t.Context(), p.UserID, a.ID))
				} else {
					must(p.Cancel(t.Context(), p.UserID, a.ID))(t)
				}
				p.wantUnits(0, 0)
				other := w.replica()
				w.ok(errors.Join(w.ClearBatches(t.Context()), other.ClearBatches(t.Context())))
				w.sb.Advance(time.Minute)
				w.ok(errors.Join(other.ClearBatches(t.Context()), w.ClearBatches(t.Context())))
				if n := w.count(`SELECT count(*) FROM model_batches`); n != 0 || len(w.sb.Claude().Batches()) != 0 {
					t.Fatalf("%d rows stay, and at the provider %v", n, w.sb.Claude().Batches())
				}
				if !deleted && p.show(a.ID).modelMicroUSD == 0 {
					t.Error("what was answered is not counted")
				}
			})
		})
	}
}

// Whatever becomes of a batch, the run ends in a report, and what the batch lacks is asked directly.
func TestBatched_AFaultyBatchEndsInAReport(t *testing.T) {
	t.Parallel()
	for kind, batched := range map[claudesandbox.Kind]bool{
		claudesandbox.BatchExpired: false, claudesandbox.BatchStuck: false, claudesandbox.BatchErrored: false,
		claudesandbox.BatchBroken: false, claudesandbox.BatchStranger: false, claudesandbox.BatchDoubled: true,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				w.sb.Claude().Fail(claudesandbox.Fault{Kind: kind, Times: -1})
				a := p.begin(StartRequest{WithinADay: true})
				began := w.d.Now()
				if done := p.finish(a.ID); done.Status != Completed {
					t.Fatalf("%+v", done)
				}
				if took := w.d.Now().Sub(began); took > 26*time.Hour {
					t.Errorf("it took %v", took)
				}
				report := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
				if use := report.Models[0]; (use.BatchedCalls > 0) != batched || report.Coverage.PostsUnjudged != 0 {
					t.Errorf("%+v, %d not judged", use, report.Coverage.PostsUnjudged)
				}
				for range 3 {
					w.sb.Advance(time.Minute)
					w.ok(w.ClearBatches(t.Context()))
				}
				if n := w.count(`SELECT count(*) FROM model_batches`); n != 0 || len(w.sb.Claude().Batches()) != 0 {
					t.Errorf("%d rows stay, and at the provider %v", n, w.sb.Claude().Batches())
				}
			})
		})
	}
}

// A batch of somebody else with the same key is waited for, and neither cancelled, taken nor deleted.
func TestBatched_LeavesTheBatchesOfOthersAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, a.ID)
		w.exec(`UPDATE model_batches SET state = 'sending', provider_id = '', prefix = 'rz-another'`)
		p.finish(a.ID)
		if got := w.sb.Claude().Batches(); len(got) != 1 || w.created() != 2 {
			t.Errorf("%d batches were sent, and %v are there", w.created(), got)
		}
	})
}

// A batch of which nobody can tell whose it is, because it does not end, is waited for a day and an hour. Then the run
// asks directly.
func TestBatched_WaitsADayForWhatMayBeOurs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		var log bytes.Buffer
		w.c.Log = slog.New(slog.NewTextHandler(&log, nil))
		w.sb.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.BatchStuck, Times: -1})
		a := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, a.ID)
		w.exec(`UPDATE model_batches SET state = 'sending', provider_id = '', prefix = 'rz-another'`)
		began := w.d.Now()
		done := p.finish(a.ID)
		if took := w.d.Now().Sub(began); done.Status != Completed || took < 25*time.Hour || took > 26*time.Hour {
			t.Fatalf("%s after %v", done.Status, took)
		}
		report := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
		if use := report.Models[0]; use.Calls == 0 || use.BatchedCalls != 0 || w.created() != 1 {
			t.Errorf("%+v, %d batches were sent", use, w.created())
		}
		if n := strings.Count(log.String(), "was not found in its time and is given up"); n != 1 {
			t.Errorf("the operator is told %d times:\n%s", n, log.String())
		}
		for _, c := range []struct {
			day, rows int
			told      bool
		}{{2, 1, false}, {28, 1, false}, {30, 0, true}} {
			w.sb.Advance(began.AddDate(0, 0, c.day).Sub(w.d.Now()))
			w.ok(w.ClearBatches(t.Context()))
			told := strings.Contains(log.String(), "is forgotten")
			if n := w.count(`SELECT count(*) FROM model_batches`); n != c.rows || told != c.told {
				t.Errorf("on day %d there are %d rows, and the log tells of it: %v", c.day, n, told)
			}
		}
		if got := w.sb.Claude().Batches(); len(got) != 1 || len(w.sb.Calls("/claude/v1/messages/batches/*/cancel")) != 0 {
			t.Errorf("%v are there", got)
		}
	})
}

// A batch whose id was lost is found where the provider's clock goes ten minutes before or after ours.
func TestBatched_IsFoundByAnotherClock(t *testing.T) {
	t.Parallel()
	for _, apart := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		t.Run(apart.String(), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				a := p.begin(StartRequest{WithinADay: true})
				p.tryRun(w.Service, a.ID)
				b := must(p.batchOf(t.Context(), a))(t)
				w.exec(`UPDATE model_batches SET state = 'sending', provider_id = '', created_at = $1, send_by = $2`,
					b.createdAt.Add(apart), b.sendBy.Add(apart))
				if done := p.finish(a.ID); done.Status != Completed || w.created() != 1 {
					t.Errorf("%s, %d batches were sent", done.Status, w.created())
				}
			})
		})
	}
}

// A batch is counted by the prices of its own model, also where another took its place meanwhile and is asked instead.
func TestBatched_IsPaidByThePricesOfItsOwnModel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, a.ID)
		w.c.Fallbacks = []string{"claude-opus-5-5"}
		w.gone.set(a.Model, true)
		p.finish(a.ID)
		report := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
		if len(report.Models) != 2 || report.Coverage.PostsUnjudged != 0 {
			t.Fatalf("%+v, %+v", report.Models, report.Coverage)
		}
		cost := func(u assess.ModelUse) int64 {
			return assess.BatchCost(w.c.Prices[u.Model], claude.Usage{
				Input: u.InputTokens, Output: u.OutputTokens,
				CacheRead: u.CacheReadTokens, CacheWrite: u.CacheWriteTokens,
			}) / 1_000_000
		}
		direct, batched := report.Models[0], report.Models[1]
		want := 2*cost(direct) + cost(batched)
		if got := report.Cost.ModelMicroUSD; batched.Model != a.Model || batched.BatchedCalls != batched.Calls ||
			direct.Model != w.c.Fallbacks[0] || direct.BatchedCalls != 0 || got < want-2 || got > want+4 {
			t.Errorf("%+v cost %d, want about %d", report.Models, got, want)
		}
	})
}

func TestBatched_IsRefusedWhereItCannotBe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		for what, change := range map[string]func(r *StartRequest){
			"few posts":   func(r *StartRequest) { r.MaxPosts = 49 },
			"local model": func(*StartRequest) { w.elsewhere() },
			"no model":    func(*StartRequest) { w.c.Claude = nil },
		} {
			was := w.c.Claude
			r := StartRequest{AccountID: p.Account.ID, Consent: true, WithinADay: true}
			change(&r)
			if _, _, err := p.Start(t.Context(), p.UserID, r); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%s: %v", what, err)
			}
			w.c.Claude = was
		}
		p.wantUnits(0, 0)
	})
}

// What is kept of a batch holds no text of a post.
func TestBatched_ThePlanHoldsNoText(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, a.ID)
		b := must(p.batchOf(t.Context(), a))(t)
		var plan assess.BatchPlan
		w.ok(p.openJSON(&plan, b.sealed, "batch", a.ID))
		text := string(must(json.Marshal(plan))(t))
		for _, sealed := range must(db.Read(t.Context(), w.d, db.System, db.Value[string], `SELECT post_id FROM posts`))(t) {
			if strings.Contains(text, sealed) {
				t.Errorf("post %s is named", sealed)
			}
		}
		for _, g := range plan.Groups {
			for _, key := range g {
				if len(key) != 64 {
					t.Errorf("%q is no key", key)
				}
			}
		}
	})
}

// elsewhere has the model on a server of one's own.
func (w *world) elsewhere() {
	w.c.Claude = claude.New(claude.Config{BaseURL: "http://models.internal:11434"})
}

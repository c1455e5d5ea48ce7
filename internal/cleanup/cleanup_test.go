package cleanup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/sandbox"
)

func TestCleanup_LeadsFromAReportToASignedReceiptAndALowerScore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(3)
		ids := p.ids(3)
		c := p.plan(ids...)
		c = must(p.DryRun(t.Context(), p.UserID, c.ID))(t)
		items := must(p.Posts(t.Context(), p.UserID, c.ID))(t)
		e := must(p.Effect(t.Context(), c, items))(t)
		if e.Posts != 3 || e.Likes != 6 || e.Replies != 3 || !e.Known || e.Score.Score >= *c.Before || e.Took > time.Minute {
			t.Fatalf("the dry run foretells %+v from %v", e, *c.Before)
		}
		if len(w.asks()) != 0 || !w.onX(ids[0]) {
			t.Fatal("a dry run deletes")
		}
		must(p.Backup(t.Context(), p.UserID, c.ID))(t)
		b := must(p.FetchBackup(t.Context(), p.UserID, c.ID))(t)
		if err := b.Write(io.Discard); err != nil || len(b.Posts) != 3 ||
			b.Posts[0].Text != "You are a fucking idiot and everybody knows it" {
			t.Fatalf("the backup holds %+v, %v", b.Posts, err)
		}
		p.leave(c)
		c = p.run(c)
		p.wantState(c, removal.Done)
		for _, id := range ids {
			if w.onX(id) {
				t.Errorf("%s still stands on X", id)
			}
		}
		report := must(p.c.Analyses.Report(t.Context(), p.UserID, p.report.ID))(t)
		if report.Score != *c.Before || report.Now.Score >= report.Score || *c.After != report.Now.Score ||
			report.Now != e.Score {
			t.Errorf("the report says %v, made as %v; the plan %v after %v; the dry run %v", report.Now, report.Score,
				*c.After, *c.Before, e.Score)
		}
		r, err := removal.Verify(must(p.Receipt(t.Context(), p.UserID, c.ID))(t), p.ReceiptKeys()...)
		if err != nil || r.Counts["deleted"] != 3 || r.Posts[0].Hash != removal.Hash(b.Posts[0].Text) ||
			r.Posts[0].At == nil {
			t.Errorf("the receipt says %+v, %v", r, err)
		}
		if held := must(p.HasLeave(t.Context(), c))(t); held || w.number(`SELECT count(*) FROM x_leaves`) != 0 {
			t.Error("the leave was not given back")
		}
		if n := w.number(`SELECT count(*) FROM consents WHERE user_id = $1 AND kind = $2 AND session_id IS NOT NULL`,
			p.UserID, ConsentKind); n != 1 {
			t.Errorf("%d consents", n)
		}
		if _, err := p.c.Accounts.XToken(t.Context(), p.UserID, p.Account.ID); err != nil {
			t.Errorf("the connection that reads has ended too: %v", err)
		}
	})
}

func TestStart_IsRefusedBeforeEachStepThatHasToComeFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(1)
		c := p.plan(p.ids(1)...)
		refused := func(what, says string) {
			t.Helper()
			_, err := p.Start(t.Context(), p.UserID, c.ID)
			if f := fault.From(err); f == nil || !errors.Is(err, fault.Conflict) || !strings.Contains(f.Message, says) {
				t.Errorf("before %s: %v", what, err)
			}
		}
		refused("the dry run", "dry run")
		must(p.DryRun(t.Context(), p.UserID, c.ID))(t)
		refused("the backup", "backup")
		_, err := p.AskLeave(p.context(), p.UserID, p.Tokens.SessionID, c.ID, "/", true)
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("X is asked before the backup: %v", err)
		}
		must(p.Backup(t.Context(), p.UserID, c.ID))(t)
		_, err = p.AskLeave(p.context(), p.UserID, p.Tokens.SessionID, c.ID, "/", false)
		if !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("X is asked without consent: %v", err)
		}
		auth := must(p.AskLeave(p.context(), p.UserID, p.Tokens.SessionID, c.ID, "/", true))(t)
		refused("the leave", "leave")
		if _, err := w.agree(auth, "gravelpit_gus"); !errors.Is(err, fault.Forbidden) {
			t.Errorf("another account's leave is taken: %v", err)
		}
		refused("the right leave", "leave")
		w.sb.Advance(16 * time.Minute)
		if _, err = p.AskLeave(p.context(), p.UserID, p.Tokens.SessionID, c.ID, "/", true); !errors.Is(err,
			fault.SignInAgain) {
			t.Errorf("a sign-in of long ago opens the wider scope: %v", err)
		}
		p.ok(p.Run(t.Context(), c.ID))
		if len(w.asks()) != 0 {
			t.Error("X was asked to delete")
		}
	})
}

func TestRun_DeletesOnlyWhatTheSignedPlanNamesAsItWas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(4)
		ids := p.ids(4)
		c := p.ready(ids...)
		w.sb.X().DeletePost("ada_fernhill", ids[1])
		edited := w.sb.X().EditPost("ada_fernhill", ids[2], "You are kind")
		c = p.run(c)
		p.wantState(c, removal.Done)
		got := map[string]removal.Outcome{}
		for _, it := range must(p.Posts(t.Context(), p.UserID, c.ID))(t) {
			got[it.ID] = it.Outcome
		}
		want := []removal.Outcome{removal.Deleted, removal.Gone, removal.Changed, removal.Deleted}
		for i, id := range ids {
			if got[id] != want[i] {
				t.Errorf("post %d is %q, want %q", i, got[id], want[i])
			}
		}
		if !w.onX(edited) || len(w.asks()) != 2 {
			t.Errorf("X was asked for %v", w.asks())
		}
	})
}

func TestRun_StopsWhenAPlanIsNotAsItWasSigned(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"a post is put in another order": `UPDATE cleanup_posts SET place = 5 WHERE place = 0`,
		"a post is taken out":            `DELETE FROM cleanup_posts WHERE place = 0`,
		"the signature is another":       `UPDATE cleanups SET signature = 'aa'`,
		"a post is put in that was never looked at": `INSERT INTO cleanup_posts (cleanup_id, post_id, user_id, place)
			SELECT cleanup_id, '42', user_id, 9 FROM cleanup_posts WHERE place = 0`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.author(3)
				c := p.ready(p.ids(3)...)
				w.exec(change)
				c = p.run(c)
				p.wantState(c, removal.Stopped)
				if c.WhyCode != "tampered" || len(w.asks()) != 0 {
					t.Errorf("%s, asked for %v", c.WhyCode, w.asks())
				}
			})
		})
	}
}

func TestRun_APostWhoseAnswerWasLostIsLookedUpBeforeItIsAskedForAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(2)
		ids := p.ids(2)
		c := p.ready(ids...)
		first := ""
		w.answer(func(rw http.ResponseWriter, id string, next func() *httptest.ResponseRecorder) bool {
			if first != "" {
				return false
			}
			first = id
			next() // it is deleted, and nobody hears of it
			rw.WriteHeader(http.StatusBadGateway)
			return true
		})
		c = p.run(c)
		p.wantState(c, removal.Running)
		if c.WaitingFor != WaitsForAnswer || c.WaitUntil == nil {
			t.Fatalf("it waits for %q until %v", c.WaitingFor, c.WaitUntil)
		}
		w.sb.Advance(silence + time.Second)
		c = p.again(c)
		p.wantState(c, removal.Done)
		p.wantOutcomes(c, removal.Deleted, removal.Deleted)
		if asks := w.asks(); len(asks) != 2 || asks[0] == asks[1] {
			t.Errorf("X was asked for %v", asks)
		}
	})
}

func TestRun_StopsWhenAPostIsAskedForAgainAndAgainInVain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(1)
		c := p.ready(p.ids(1)...)
		w.answer(func(rw http.ResponseWriter, _ string, _ func() *httptest.ResponseRecorder) bool {
			rw.WriteHeader(http.StatusBadGateway)
			return true
		})
		c = p.run(c)
		for range maxAsks {
			w.sb.Advance(silence + time.Second)
			c = p.again(c)
		}
		p.wantState(c, removal.Stopped)
		if c.WhyCode != "silent" || len(w.asks()) != maxAsks {
			t.Errorf("%s after %d asks", c.WhyCode, len(w.asks()))
		}
	})
}

// What X refuses stops the plan with a sentence and gives the leave back, or lets it wait until the told time.
// A refusal is no lost answer, however often it comes.
func TestRun_ALimitThatComesAgainAndAgainIsWaitedFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(1)
		c := p.ready(p.ids(1)...)
		w.answer(func(rw http.ResponseWriter, _ string, _ func() *httptest.ResponseRecorder) bool {
			rw.Header().Set("x-rate-limit-reset", fmt.Sprint(w.sb.Now().Add(time.Minute).Unix()))
			rw.WriteHeader(http.StatusTooManyRequests)
			return true
		})
		c = p.run(c)
		for range 2 * maxAsks {
			w.sb.Advance(2 * time.Minute)
			c = p.again(c)
			p.wantState(c, removal.Running)
		}
		w.answer(nil)
		w.sb.Advance(2 * time.Minute)
		c = p.again(c)
		p.wantState(c, removal.Done)
		p.wantOutcomes(c, removal.Deleted)
	})
}

// X counts what other programs delete for the person too, so its limit can come before the plan's own. The plan waits
// until X takes more, and goes on.
func TestRun_TheFiftyFirstDeletionThatXCountsIsWaitedFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(8)
		c := p.ready(p.ids(8)...)
		first := true
		w.answer(func(rw http.ResponseWriter, _ string, ask func() *httptest.ResponseRecorder) bool {
			if !first {
				return false
			}
			first = false
			answer := ask()
			for range 44 { // of another program
				ask()
			}
			rw.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
			rw.WriteHeader(answer.Code)
			_, _ = rw.Write(answer.Body.Bytes())
			return true
		})
		c = p.run(c)
		p.wantState(c, removal.Running)
		if n := len(w.asks()); n != 7 || c.WaitingFor != WaitsForX || c.WaitUntil == nil {
			t.Fatalf("after %d asks, of which X refuses the last, it waits for %q until %v", n, c.WaitingFor, c.WaitUntil)
		}
		w.sb.Advance(16 * time.Minute)
		c = p.again(c)
		p.wantState(c, removal.Done)
		p.wantOutcomes(c, slices.Repeat([]removal.Outcome{removal.Deleted}, 8)...)
	})
}

// Whoever gives the leave again has time to press the button that goes on.
func TestSweep_LeavesANewLeaveToAPlanThatWasStopped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(1)
		c := p.ready(p.ids(1)...)
		w.answer(func(rw http.ResponseWriter, _ string, _ func() *httptest.ResponseRecorder) bool {
			rw.WriteHeader(http.StatusForbidden)
			return true
		})
		c = p.run(c)
		p.wantState(c, removal.Stopped)
		w.answer(nil)
		p.leave(c)
		for _, then := range []struct {
			ago  time.Duration
			held bool
		}{{10 * time.Minute, true}, {timeToGoOn, false}} {
			w.sb.Advance(then.ago)
			must(p.Sweep(t.Context()))(t)
			if held := must(p.HasLeave(t.Context(), c))(t); held != then.held {
				t.Errorf("after %v more the leave is held: %v", then.ago, held)
			}
		}
	})
}

// What is agreed to is the plan as the dry run showed it last.
func TestStart_AnotherDryRunAsksForAnotherConsent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(2)
		c := p.ready(p.ids(2)...)
		must(p.DryRun(t.Context(), p.UserID, c.ID))(t)
		must(p.Backup(t.Context(), p.UserID, c.ID))(t)
		if _, err := p.Start(t.Context(), p.UserID, c.ID); err == nil {
			t.Error("it started on the consent to an earlier plan")
		}
		must(p.Agree(p.context(), p.UserID, c.ID, true))(t)
		must(p.Start(t.Context(), p.UserID, c.ID))(t)
	})
}

func TestRun_StopsOrWaitsAsXSays(t *testing.T) {
	t.Parallel()
	reset := func(w *world) string { return fmt.Sprint(w.sb.Now().Add(7 * time.Minute).Unix()) }
	for name, v := range map[string]struct {
		status int
		body   string
		state  removal.State
		code   string
		waits  WaitingFor
	}{
		"a limit":       {429, `{}`, removal.Running, "", WaitsForX},
		"no credits":    {402, `{}`, removal.Running, "", WaitsForOperator},
		"not permitted": {403, `{}`, removal.Stopped, "forbidden", ""},
		"not for this app": {
			403, `{"type":"https://api.twitter.com/2/problems/client-forbidden"}`, removal.Stopped,
			"forbidden", "",
		},
		"no such token":      {401, `{}`, removal.Stopped, "leave_ended", ""},
		"neither yes nor no": {200, `{"data":{"deleted":false}}`, removal.Stopped, "odd_answer", ""},
		"not JSON":           {200, `<html>`, removal.Stopped, "odd_answer", ""},
		"a new refusal":      {418, `{}`, removal.Stopped, "odd_answer", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.author(2)
				c := p.ready(p.ids(2)...)
				w.answer(func(rw http.ResponseWriter, _ string, _ func() *httptest.ResponseRecorder) bool {
					rw.Header().Set("x-rate-limit-reset", reset(w))
					rw.WriteHeader(v.status)
					io.WriteString(rw, v.body)
					return true
				})
				c = p.run(c)
				p.wantState(c, v.state)
				held := must(p.HasLeave(t.Context(), c))(t)
				if c.WhyCode != v.code || c.WaitingFor != v.waits || held != (v.state == removal.Running) ||
					(v.code == "") != (c.Why == "") {
					t.Fatalf("code %q, waits for %q, leave held %v: %s", c.WhyCode, c.WaitingFor, held, c.Why)
				}
				if v.waits == WaitsForX {
					if left := c.WaitUntil.Sub(w.sb.Now()); left < 6*time.Minute || left > 7*time.Minute {
						t.Errorf("it waits %v", left)
					}
				}
				w.answer(nil)
				before := len(w.asks())
				if v.state == removal.Stopped {
					p.leave(c)
					must(p.Start(t.Context(), p.UserID, c.ID))(t)
				} else {
					p.again(c)
					if len(w.asks()) != before {
						t.Error("it did not wait")
					}
					w.sb.Advance(11 * time.Minute)
				}
				p.again(c)
				p.wantState(c, removal.Done)
				p.wantOutcomes(c, removal.Deleted, removal.Deleted)
			})
		})
	}
}

func TestRun_AsksFiftyTimesInFifteenMinutesAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(55)
		c := p.ready(p.ids(55)...)
		c = p.run(c)
		p.wantState(c, removal.Running)
		if c.WaitingFor != WaitsForPace || len(w.asks()) != 50 {
			t.Fatalf("it waits for %q after %d", c.WaitingFor, len(w.asks()))
		}
		p.again(c)
		if len(w.asks()) != 50 {
			t.Fatal("it did not wait")
		}
		w.sb.Advance(16 * time.Minute)
		p.again(c)
		p.wantState(c, removal.Done)
		if len(w.asks()) != 55 || len(w.sb.X().Refusals()) != 0 {
			t.Errorf("%d asks, refused %v", len(w.asks()), w.sb.X().Refusals())
		}
	})
}

func TestRun_KeepsBelowTheDailyBoundOverPlansToo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.pace.PerDay = 3
		p := w.author(5)
		ids := p.ids(5)
		first := p.run(p.ready(ids[:2]...))
		p.wantState(first, removal.Done)
		c := p.run(p.ready(ids[2:]...))
		if c.State != removal.Running || c.WaitingFor != WaitsForDay || len(w.asks()) != 3 {
			t.Fatalf("%s, waits for %q after %d", c.State, c.WaitingFor, len(w.asks()))
		}
		w.sb.Advance(24 * time.Hour)
		p.again(c)
		p.wantState(c, removal.Done)
	})
}

// Two processes, one plan: no post is asked for twice.
func TestRun_TwoProcessesAskForNoPostTwice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(25)
		c := p.ready(p.ids(25)...)
		must(p.Start(t.Context(), p.UserID, c.ID))(t)
		other := New(w.c)
		for p.show(c).State == removal.Running {
			var g sync.WaitGroup
			for _, s := range []*Service{w.Service, other, w.Service, other} {
				g.Go(func() {
					if err := s.Run(t.Context(), c.ID); err != nil {
						t.Error(err)
					}
					if _, err := s.Sweep(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			g.Wait()
		}
		p.wantState(c, removal.Done)
		asks := w.asks()
		slices.Sort(asks)
		if len(asks) != 25 || len(slices.Compact(asks)) != 25 {
			t.Errorf("X was asked %d times", len(w.asks()))
		}
	})
}

// A pause takes hold between two posts, and going on takes up where it was.
func TestPause_AsksForNothingMoreUntilItGoesOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(4)
		c := p.ready(p.ids(4)...)
		w.answer(func(http.ResponseWriter, string, func() *httptest.ResponseRecorder) bool {
			if len(w.asks()) == 2 {
				must(p.Pause(t.Context(), p.UserID, c.ID))(t)
			}
			return false
		})
		c = p.run(c)
		p.wantState(c, removal.Paused)
		p.again(c)
		if len(w.asks()) != 2 {
			t.Fatalf("%d asks", len(w.asks()))
		}
		p.wantOutcomes(c, removal.Deleted, removal.Deleted, removal.Planned, removal.Planned)
		if *c.After >= *c.Before {
			t.Error("what is deleted so far does not count")
		}
		c = p.run(c)
		p.wantState(c, removal.Done)
		if len(w.asks()) != 4 {
			t.Errorf("%d asks", len(w.asks()))
		}
	})
}

// A process that dies with X asked leaves a lease; the next one goes on when it has run out, and looks first.
func TestSweep_GoesOnAfterTheDeathOfAProcess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(3)
		c := p.ready(p.ids(3)...)
		must(p.Start(t.Context(), p.UserID, c.ID))(t)
		dead := must(p.take(t.Context(), c.ID))(t)
		items := must(p.Posts(t.Context(), p.UserID, c.ID))(t)
		p.ok(p.ask(t.Context(), dead, &items[0]))
		w.sb.X().DeletePost("ada_fernhill", items[0].ID) // X did it, and nobody lived to hear of it
		p.again(c)
		if len(w.asks()) != 0 {
			t.Fatal("a plan was taken over from one who holds its lease")
		}
		w.sb.Advance(2 * time.Minute)
		p.again(c)
		p.wantState(c, removal.Done)
		p.wantOutcomes(c, removal.Deleted, removal.Deleted, removal.Deleted)
		if asks := w.asks(); len(asks) != 2 || slices.Contains(asks, items[0].ID) {
			t.Errorf("X was asked for %v", asks)
		}
		if err := p.ask(t.Context(), dead, &items[1]); !errors.Is(err, errLost) {
			t.Errorf("the dead one may still ask: %v", err)
		}
	})
}

func TestEnd_KeepsWhatHadNoTurnAndGivesTheLeaveBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(2)
		ids := p.ids(2)
		c := p.ready(ids...)
		must(p.End(t.Context(), p.UserID, c.ID))(t)
		p.wantOutcomes(c, removal.Kept, removal.Kept)
		if must(p.HasLeave(t.Context(), c))(t) || !w.onX(ids[0]) {
			t.Error("the leave is there still, or a post is gone")
		}
		if _, err := p.Start(t.Context(), p.UserID, c.ID); !errors.Is(err, fault.Conflict) {
			t.Errorf("a plan that is over begins: %v", err)
		}
		r, err := removal.Verify(must(p.Receipt(t.Context(), p.UserID, c.ID))(t), p.ReceiptKeys()...)
		if err != nil || r.Counts["kept"] != 2 || r.Began != nil {
			t.Errorf("the receipt says %+v, %v", r, err)
		}
		p.plan(ids...) // and another one may begin
	})
}

func TestCheck_BelievesATickOnlyWhenXShowsThePostNoMore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(2)
		ids := p.ids(2)
		c := p.plan(ids...)
		w.sb.X().DeletePost("ada_fernhill", ids[0])
		must(p.Tick(t.Context(), p.UserID, c.ID, ids))(t)
		before := must(p.c.Billing.Usage(t.Context(), p.UserID))(t).Reads.Used
		c = must(p.Check(t.Context(), p.UserID, c.ID))(t)
		if used := must(p.c.Billing.Usage(t.Context(), p.UserID))(t).Reads.Used; used != before+1 {
			t.Errorf("%d reads were taken for one post that stands", used-before)
		}
		p.wantState(c, removal.Draft)
		if *c.After >= *c.Before {
			t.Errorf("the score is %v, was %v", *c.After, *c.Before)
		}
		for _, it := range must(p.Posts(t.Context(), p.UserID, c.ID))(t) {
			gone := it.ID == ids[0]
			if (it.Outcome == removal.Gone) != gone || (it.SeenAt == nil) != gone || it.TickedAt != nil && !gone {
				t.Errorf("%s: %q, seen %v, ticked %v", it.ID, it.Outcome, it.SeenAt, it.TickedAt)
			}
		}
		if _, err := p.Check(t.Context(), p.UserID, c.ID); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("nothing is ticked: %v", err)
		}
		w.sb.X().DeletePost("ada_fernhill", ids[1])
		must(p.Tick(t.Context(), p.UserID, c.ID, ids[1:]))(t)
		c = must(p.Check(t.Context(), p.UserID, c.ID))(t)
		p.wantState(c, removal.Done)
		if len(w.asks()) != 0 {
			t.Error("X was asked to delete")
		}
	})
}

func TestCleanup_IsNobodyElsesToSeeOrToMove(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(1)
		c := p.ready(p.ids(1)...)
		o := w.signIn("gravelpit_gus")
		ctx := t.Context()
		for name, do := range map[string]func(id string) error{
			"get":     func(id string) error { _, err := w.Get(ctx, o.UserID, id); return err },
			"remove":  func(id string) error { _, err := w.Remove(ctx, o.UserID, id, nil); return err },
			"dry run": func(id string) error { _, err := w.DryRun(ctx, o.UserID, id); return err },
			"backup":  func(id string) error { _, err := w.Backup(ctx, o.UserID, id); return err },
			"fetch":   func(id string) error { _, err := w.FetchBackup(ctx, o.UserID, id); return err },
			"leave": func(id string) error {
				_, err := w.AskLeave(ctx, o.UserID, o.Tokens.SessionID, id, "/", true)
				return err
			},
			"start":   func(id string) error { _, err := w.Start(ctx, o.UserID, id); return err },
			"pause":   func(id string) error { _, err := w.Pause(ctx, o.UserID, id); return err },
			"tick":    func(id string) error { _, err := w.Tick(ctx, o.UserID, id, nil); return err },
			"check":   func(id string) error { _, err := w.Check(ctx, o.UserID, id); return err },
			"end":     func(id string) error { _, err := w.End(ctx, o.UserID, id); return err },
			"receipt": func(id string) error { _, err := w.Receipt(ctx, o.UserID, id); return err },
			"erase":   func(id string) error { return w.EraseBackup(ctx, o.UserID, id) },
		} {
			for _, id := range []string{c.ID, db.NewID(), "no id"} {
				if err := do(id); !errors.Is(err, fault.NotFound) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if items := must(w.Posts(ctx, o.UserID, c.ID))(t); len(items) != 0 {
			t.Error("somebody else reads the posts")
		}
		if _, err := w.c.Accounts.BeginLeave(ctx, account.LeaveRequest{
			UserID: o.UserID, Session: o.Tokens.SessionID, AccountID: p.Account.ID,
		}); !errors.Is(err, fault.NotFound) {
			t.Errorf("a leave for somebody else's account is asked for: %v", err)
		}
		p.wantState(c, removal.Frozen)
	})
}

func TestRetain_ErasesTheTextsWithThePlanAndKeepsTheReceipt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(2)
		c := p.ready(p.ids(2)...)
		texts := func() int { return w.number(`SELECT count(*) FROM cleanup_posts WHERE sealed IS NOT NULL`) }
		p.ok(p.Retain(t.Context()))
		if texts() != 2 {
			t.Fatal("texts were erased before their time")
		}
		w.sb.Advance(planLife + time.Minute)
		p.ok(p.Retain(t.Context()))
		p.wantState(c, removal.Ended)
		if texts() != 0 || w.number(`SELECT count(*) FROM x_leaves`) != 0 {
			t.Errorf("%d texts are left, or the leave", texts())
		}
		r, err := removal.Verify(must(p.Receipt(t.Context(), p.UserID, c.ID))(t), p.ReceiptKeys()...)
		if err != nil || len(r.Posts) != 2 || r.Posts[0].Hash == "" {
			t.Errorf("the receipt says %+v, %v", r, err)
		}
		w.sb.Advance(rowsKept)
		p.ok(p.Retain(t.Context()))
		if n := w.number(`SELECT count(*) FROM cleanups`); n != 0 {
			t.Errorf("%d plans are left", n)
		}
	})
}

func TestRetain_EndsAPlanWhoseAccountOrConsentIsGone(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]func(p *person) error{
		"unlinked":          func(p *person) error { return p.c.Accounts.RevokeX(p.t.Context(), p.UserID, p.Account.ID) },
		"consent withdrawn": func(p *person) error { return p.c.Analyses.Withdraw(p.t.Context(), p.UserID, "analysis") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.author(1)
				c := p.ready(p.ids(1)...)
				p.ok(gone(p))
				p.ok(p.Retain(t.Context()))
				p.wantState(c, removal.Ended)
				if w.number(`SELECT count(*) FROM cleanup_posts WHERE sealed IS NOT NULL`) != 0 ||
					w.number(`SELECT count(*) FROM x_leaves`) != 0 {
					t.Error("texts or the leave are left")
				}
			})
		})
	}
}

func TestWithdraw_EndsWhatIsOpenAndTheLeave(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(1)
		c := p.ready(p.ids(1)...)
		w.sb.Advance(time.Minute)
		p.ok(p.Withdraw(t.Context(), p.UserID))
		p.wantState(c, removal.Ended)
		if w.number(`SELECT count(*) FROM x_leaves`) != 0 {
			t.Error("the leave is left")
		}
		if err := p.Withdraw(t.Context(), p.UserID); !errors.Is(err, fault.NotFound) {
			t.Errorf("withdrawn twice: %v", err)
		}
	})
}

func TestCreate_RefusesWhatCannotBeAPlan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(2)
		ids := p.ids(2)
		for name, v := range map[string]struct {
			choice Choice
			want   error
		}{
			"no such report":  {Choice{AnalysisID: db.NewID()}, fault.NotFound},
			"no such finding": {Choice{AnalysisID: p.report.ID, Findings: []string{"x"}}, fault.ValidationFailed},
			"no such post":    {Choice{AnalysisID: p.report.ID, Posts: []string{"1"}}, fault.ValidationFailed},
		} {
			if _, err := p.Create(t.Context(), p.UserID, v.choice); !errors.Is(err, v.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		c := p.plan(ids...)
		if _, err := p.Create(t.Context(), p.UserID, Choice{AnalysisID: p.report.ID, Posts: ids}); !errors.Is(err,
			fault.Conflict) {
			t.Errorf("two open plans: %v", err)
		}
		c = must(p.DryRun(t.Context(), p.UserID, c.ID))(t)
		c = must(p.Remove(t.Context(), p.UserID, c.ID, ids[:1]))(t)
		if c.State != removal.Draft || c.signature != "" {
			t.Errorf("a plan that was changed is still %s", c.State)
		}
		if _, err := p.Remove(t.Context(), p.UserID, c.ID, ids[1:]); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("the last post is taken out: %v", err)
		}
	})
}

func TestDryRun_WithoutReadsSaysSoAndFreezesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(2)
		c := p.plan(p.ids(2)...)
		w.exec(`UPDATE quota_periods SET reads_used = reads_limit - 1 WHERE user_id = $1`, p.UserID)
		if _, err := p.DryRun(t.Context(), p.UserID, c.ID); !errors.Is(err, fault.XBudgetExceeded) {
			t.Errorf("%v", err)
		}
		p.wantState(c, removal.Draft)
		if left := must(p.c.Billing.Usage(t.Context(), p.UserID))(t).Reads.Remaining; left != 1 {
			t.Errorf("%d reads are left of one", left)
		}
	})
}

func TestLeave_IsRenewedWhenItsTokenEndsBeforeThePlan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(2)
		c := p.ready(p.ids(2)...)
		w.sb.Advance(3 * time.Hour)
		c = p.run(c)
		p.wantState(c, removal.Done)
	})
}

func TestBoxes_HoldNoTextThatCanBeRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(1)
		c := p.ready(p.ids(1)...)
		box := must(db.ReadOne(t.Context(), w.d, db.System, db.Value[[]byte],
			`SELECT sealed FROM cleanup_posts WHERE cleanup_id = $1`, c.ID))(t)
		if bytes.Contains(box, []byte("idiot")) || len(box) < 100 {
			t.Error("the text stands in the row")
		}
	})
}

// The look before a deletion is refused in an odd way.
func TestRun_StopsWhenTheLookBeforeADeletionIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.author(1)
		c := p.ready(p.ids(1)...)
		w.sb.Fail(sandbox.Fault{Path: "/x/2/tweets", Status: 418, Times: 1})
		c = p.run(c)
		p.wantState(c, removal.Stopped)
		p.leave(c)
		p.run(c)
		p.wantState(c, removal.Done)
	})
}

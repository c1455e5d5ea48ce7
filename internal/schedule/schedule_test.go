package schedule

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/fault"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/xapi"
)

// Three replicas look at the same instant, and each works the job it may have queued: one analysis starts.
func TestTick_OfManyReplicasStartsADueRunOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		s := p.schedule(daily)
		p.untilDue(s.ID)
		due := p.get(s.ID).NextAt
		var wg sync.WaitGroup
		for range 6 {
			replica := New(w.c)
			wg.Go(func() {
				if err := replica.Tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := w.count(`SELECT count(*) FROM river_job WHERE kind = 'schedule_run'`); n != 1 {
			t.Errorf("%d jobs were queued", n)
		}
		for range 4 { // a queue may give a job twice
			replica := New(w.c)
			wg.Go(func() {
				if err := replica.Run(t.Context(), RunJob{s.ID, due}, false); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := w.count(`SELECT count(*) FROM analyses`); n != 1 {
			t.Errorf("%d analyses were started", n)
		}
		if n := w.count(`SELECT count(*) FROM analyses WHERE scheduled = 'daily' AND keep_until IS NOT NULL`); n != 1 {
			t.Error("the analysis does not know its schedule")
		}
	})
}

func TestTick_WhatWasMissedIsStartedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		s := p.schedule(daily)
		w.sb.Advance(9 * 24 * time.Hour)
		for range 3 {
			w.ok(w.Tick(t.Context()))
			w.work(w.Service)
		}
		if n := w.count(`SELECT count(*) FROM analyses`); n != 1 {
			t.Errorf("%d analyses after nine days off", n)
		}
		if next := p.get(s.ID).NextAt; !next.After(w.d.Now()) {
			t.Errorf("next is %s, and it is %s", next, w.d.Now())
		}
	})
}

// A manual analysis in the same month looks some posts up again, which must not let them go before the next run.
func TestKeep_AnotherAnalysisShortensNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		s := p.schedule(monthly)
		p.untilDue(s.ID)
		w.ok(w.c.Billing.Reconcile(t.Context()))
		p.turn(s.ID, false)
		shorter := `SELECT count(*) FROM posts WHERE expires_at < (SELECT max(expires_at) FROM timeline_spans)`
		if n := w.count(shorter); n != 0 {
			t.Fatalf("%d posts end before what they were read with", n)
		}
		w.sb.Advance(2 * time.Hour)
		a, _, err := w.c.Analyses.Start(t.Context(), p.UserID, analysis.StartRequest{AccountID: p.Account.ID, Consent: true})
		w.ok(err)
		w.ok(w.c.Analyses.Run(t.Context(), a.ID, true))
		if n := w.count(`SELECT x_reads FROM analyses WHERE id = '` + a.ID + `'`); n == 0 {
			t.Fatal("nothing was looked up again")
		}
		if n := w.count(shorter); n != 0 {
			t.Errorf("%d posts end earlier now", n)
		}
	})
}

// In the second and third month, longer apart than posts are usually kept, only what is new is read from X.
func TestRun_PaysOnlyForNewPostsMonthAfterMonth(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		s := p.schedule(monthly)
		reads := func() int {
			t.Helper()
			p.untilDue(s.ID)
			w.ok(w.c.Billing.Reconcile(t.Context())) // the plan was renewed meanwhile
			p.turn(s.ID, false)
			w.ok(w.c.Analyses.Retain(t.Context()))
			return w.count(`SELECT x_reads FROM analyses WHERE id = $1`, *p.get(s.ID).LastID)
		}
		first := reads()
		for month := range 2 {
			w.sb.X().AddPost(p.Account.Handle, xsandbox.Post{Text: fmt.Sprintf("A quiet month, number %d.", month)})
			// and a sample of the others
			lookedUp := w.count(`SELECT findings FROM analyses WHERE id = $1`, *p.get(s.ID).LastID) + 20
			if n := reads(); n > lookedUp+xapi.MinPage {
				t.Errorf("month %d: %d posts were read, of which %d to see whether they still stand", month+2, n, lookedUp)
			}
			if n := w.count(`SELECT count(*) FROM posts`); n < first {
				t.Errorf("month %d: %d posts are kept, and %d were read", month+2, n, first)
			}
		}
		if n := w.count(`SELECT count(*) FROM analyses WHERE status = 'completed'`); n != 3 {
			t.Errorf("%d reports", n)
		}
		w.ok(w.Remove(t.Context(), p.UserID, s.ID))
		w.sb.Advance(30*24*time.Hour + time.Minute)
		w.ok(w.c.Analyses.Retain(t.Context()))
		if n := w.count(`SELECT count(*) FROM posts`); n != 0 {
			t.Errorf("%d posts are kept 30 days after the schedule was removed", n)
		}
	})
}

func TestRun_KeepsItsCeiling(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		wish := p.wish(daily)
		wish.MaxCostCents = 50
		s := must(w.Create(t.Context(), p.UserID, wish))(t)
		p.turn(s.ID, false)
		if n := w.count(`SELECT x_reads FROM analyses WHERE max_cost_cents = 50`); n == 0 || n > 100 {
			t.Errorf("%d posts were read for 50 cents", n)
		}
	})
}

func TestTick_PausesWithAReasonAndTellsIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		why     Pause
		happens func(p *person, s Schedule)
	}{
		"the account is unlinked": {NoAccount, func(p *person,
			_ Schedule,
		) {
			p.ok(p.c.Accounts.RevokeX(p.t.Context(), p.UserID, p.Account.ID))
		}},
		"the connection has ended": {Reconnect, func(p *person, _ Schedule) {
			p.exec(`UPDATE x_accounts SET status = 'reconnect' WHERE id = $1`, p.Account.ID)
		}},
		"the consent is withdrawn": {NoConsent, func(p *person, _ Schedule) {
			p.ok(p.c.Analyses.Withdraw(p.t.Context(), p.UserID, analysis.ConsentKind))
		}},
		"the consent to keep posts is withdrawn": {NoConsent, func(p *person, _ Schedule) {
			p.ok(p.c.Analyses.Withdraw(p.t.Context(), p.UserID, analysis.KeepKind))
		}},
		"the plan has ended": {NoPlan, func(p *person, _ Schedule) {
			must(p.c.Billing.Cancel(p.t.Context(), p.UserID, false))(p.t)
		}},
		"the plan is smaller": {TooOften, func(p *person, s Schedule) {
			p.exec(`UPDATE quota_periods SET tier = 'basic' WHERE user_id = $1`, p.UserID)
			p.exec(`UPDATE subscriptions SET tier = 'basic' WHERE user_id = $1`, p.UserID)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.subscriber("pro")
				s := p.schedule(daily)
				tt.happens(p, s)
				p.untilDue(s.ID)
				for range 2 {
					w.ok(w.Tick(t.Context()))
					w.work(w.Service)
				}
				p.wantPaused(s.ID, tt.why)
				if p.told("schedule.paused") != 1 || w.count(`SELECT count(*) FROM analyses`) != 0 {
					t.Errorf("told %d times, %d analyses", p.told("schedule.paused"), w.count(`SELECT count(*) FROM analyses`))
				}
				if tt.why.Words() == "" {
					t.Error("it does not say what must be done")
				}
				w.sb.Advance(3 * 24 * time.Hour)
				w.ok(w.Tick(t.Context()))
				if n := w.count(`SELECT count(*) FROM river_job WHERE kind = 'schedule_run'`); n != 1 {
					t.Errorf("%d runs were queued, although it is paused", n)
				}
			})
		})
	}
}

func TestSettle_PausesAfterThreeFailuresInARow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		s := p.schedule(daily)
		for _, fails := range []bool{true, true, false, true, true} {
			p.turn(s.ID, fails)
			p.wantPaused(s.ID, "")
		}
		p.turn(s.ID, true)
		p.wantPaused(s.ID, TooManyFail)
		if p.told("schedule.paused") != 1 {
			t.Errorf("told %d times", p.told("schedule.paused"))
		}
		v := must(w.Resume(t.Context(), p.UserID, s.ID, false))(t)
		if v.PausedAt != nil || v.Failures != 0 || !v.NextAt.After(w.d.Now()) {
			t.Errorf("it goes on as %+v", v)
		}
	})
}

// An analysis that many replicas see failed is one failure.
func TestSettle_OfManyReplicasCountsAFailureOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		s := p.schedule(daily)
		p.untilDue(s.ID)
		w.ok(w.Tick(t.Context()))
		w.work(w.Service)
		w.exec(`UPDATE analyses SET status = 'failed'`)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := New(w.c).settleAll(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if v := p.get(s.ID); v.Failures != 1 {
			t.Errorf("%d failures", v.Failures)
		}
	})
}

// Who has used all analyses of a period misses runs, and the schedule goes on with the next period.
func TestRun_IsLeftOutWithoutQuotaAndGoesOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		s := p.schedule(daily)
		must(w.c.Billing.Usage(t.Context(), p.UserID))(t)
		w.ok(w.c.Billing.EnsurePeriod(t.Context(), p.UserID))
		w.exec(`UPDATE quota_periods SET used = quota`)
		for range 4 {
			p.untilDue(s.ID)
			w.ok(w.Tick(t.Context()))
			w.work(w.Service)
		}
		v := p.get(s.ID)
		if v.PausedAt != nil || v.Skipped != NoQuota || v.Failures != 0 || w.count(`SELECT count(*) FROM analyses`) != 0 {
			t.Errorf("%+v", v)
		}
		w.exec(`UPDATE quota_periods SET used = 0`)
		p.turn(s.ID, false)
		if v := p.get(s.ID); v.Skipped != "" || v.LastID == nil {
			t.Errorf("with quota again: %+v", v)
		}
	})
}

// However many replicas tell the week and however many schedules somebody has, they are told once; a week without an
// analysis is not told.
func TestDigest_TellsAWeekOnceAndNotAnEmptyOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber("pro")
		s := p.schedule(weekly)
		p.turn(s.ID, false)
		w.sb.Advance(6 * 24 * time.Hour)
		w.exec(`UPDATE schedules SET next_at = $1`, w.d.Now().AddDate(1, 0, 0))
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := New(w.c).Tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := p.told("digest.weekly"); n != 1 {
			t.Errorf("told %d times", n)
		}
		for range 3 {
			w.sb.Advance(7 * 24 * time.Hour)
			w.ok(w.Tick(t.Context()))
		}
		if n := p.told("digest.weekly"); n != 1 {
			t.Errorf("weeks without an analysis are told: %d", n)
		}
	})
}

func TestCreate_RefusesWhatCouldNotRun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.signIn("ada_fernhill")
		if _, err := w.Create(t.Context(), ada.UserID, ada.wish(weekly)); !errors.Is(err, fault.SubscriptionRequired) {
			t.Errorf("without a plan: %v", err)
		}
		p := w.subscriber("basic")
		for name, tt := range map[string]struct {
			wish Wish
			want error
		}{
			"too often for the plan": {p.wish(daily), fault.ValidationFailed},
			"somebody else's":        {ada.wish(weekly), fault.NotFound},
			"without consent":        {Wish{AccountID: p.Account.ID, Rule: weekly}, fault.ValidationFailed},
			"a rule that is none":    {Wish{AccountID: p.Account.ID, Consent: true}, fault.ValidationFailed},
			"a ceiling below zero": {
				Wish{AccountID: p.Account.ID, Rule: weekly, Consent: true, MaxCostCents: -1},
				fault.ValidationFailed,
			},
			"another purpose": {
				Wish{AccountID: p.Account.ID, Rule: weekly, Consent: true, Purpose: "gossip"},
				fault.ValidationFailed,
			},
		} {
			if _, err := w.Create(t.Context(), p.UserID, tt.wish); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s := p.schedule(weekly)
		if _, err := w.Create(t.Context(), p.UserID, p.wish(weekly)); !errors.Is(err, fault.Conflict) {
			t.Errorf("a second one: %v", err)
		}
		if _, err := w.Service.Get(t.Context(), ada.UserID, s.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("another user reads it: %v", err)
		}
		if err := w.Remove(t.Context(), ada.UserID, s.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("another user removes it: %v", err)
		}
		must(w.c.Billing.Cancel(t.Context(), p.UserID, false))(t)
		must(w.Pause(t.Context(), p.UserID, s.ID))(t)
		if _, err := w.Resume(t.Context(), p.UserID, s.ID, true); !errors.Is(err, fault.SubscriptionRequired) {
			t.Errorf("it goes on without a plan: %v", err)
		}
		if p.told("schedule.paused") != 0 {
			t.Error("who paused it is told that it paused")
		}
	})
}

func TestAllowed_NoPlanHasNoRuns(t *testing.T) {
	t.Parallel()
	if Allowed("") != nil || len(Allowed("basic")) != 2 || len(Allowed("pro")) != 3 {
		t.Errorf("%v %v %v", Allowed(""), Allowed("basic"), Allowed("pro"))
	}
}

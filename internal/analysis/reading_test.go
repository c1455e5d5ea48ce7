package analysis

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/sandbox"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
)

const timelines = "/x/2/users/*/tweets"

// pro is somebody whose plan allows every post that X gives.
func (w *world) pro(handle string) *person {
	w.t.Helper()
	w.counting = true
	p := w.signIn(handle)
	must(w.c.Billing.Subscribe(w.t.Context(), p.UserID, billing.SubscribeRequest{
		Tier:          "pro",
		PaymentMethod: "pm_card_visa",
	}))(w.t)
	return p
}

// post adds n posts to the person's timeline, a minute apart.
func (p *person) post(n int) {
	for i := range n {
		p.sb.Advance(time.Minute)
		p.sb.X().AddPost(p.Account.Handle, xsandbox.Post{Text: "A quiet afternoon by the river, number " +
			strconv.Itoa(i) + ".", Lang: "en"})
	}
}

// atX is how many posts X has of the person.
func (p *person) atX() int { return len(p.sb.X().Posts(p.Account.Handle)) }

// analyse runs one analysis to its report.
func (p *person) analyse(r StartRequest) assess.Coverage {
	p.t.Helper()
	a := p.begin(r)
	p.ok(p.Run(p.t.Context(), a.ID, true))
	return p.coverage(a.ID)
}

func (p *person) begin(r StartRequest) Analysis {
	p.t.Helper()
	if r.AccountID == "" && r.ArchiveID == "" {
		r.AccountID = p.Account.ID
	}
	r.Consent = true
	a, _, err := p.Start(p.t.Context(), p.UserID, r)
	p.ok(err)
	return a
}

func (p *person) coverage(id string) assess.Coverage {
	p.t.Helper()
	p.wantStatus(id, Completed)
	return must(p.openReport(p.t.Context(), p.UserID, id))(p.t).Coverage
}

// reads is how many reads of the plan are used.
func (p *person) reads() int {
	p.t.Helper()
	return must(p.c.Billing.Usage(p.t.Context(), p.UserID))(p.t).Reads.Used
}

// wantAll fails unless every post at X was read, X gave each of them so many times, and no gap is left.
func (p *person) wantAll(c assess.Coverage, times int) {
	p.t.Helper()
	n := p.atX()
	if c.PostsTotal != n || len(c.Gaps) != 0 || int(p.delivered.Load()) != times*n {
		p.t.Errorf("%d posts of %d, given %d times, gaps %v", c.PostsTotal, n, p.delivered.Load(), c.Gaps)
	}
	p.wantPaid()
}

// wantPaid fails unless the plan's reads are exactly what X gave.
func (p *person) wantPaid() {
	p.t.Helper()
	if given := int(p.delivered.Load() + p.lookedUp.Load()); p.reads() != given {
		p.t.Errorf("%d reads are used, and X gave %d posts", p.reads(), given)
	}
}

// wantGaps fails unless the gaps have these reasons, each with a sentence in coverage.
func (p *person) wantGaps(c assess.Coverage, reasons ...string) {
	p.t.Helper()
	var got []string
	for _, g := range c.Gaps {
		got = append(got, g.Reason)
		if g.Remedy == "" || g.From == nil && g.To == nil {
			p.t.Errorf("without a date or a way to close it: %+v", g)
		}
	}
	if !slices.Equal(got, reasons) || len(c.OutOfReach) < len(reasons) {
		p.t.Errorf("gaps %v in %q, want %v", got, c.OutOfReach, reasons)
	}
}

// onPage calls f before X answers the nth page that is asked for from now on.
func (w *world) onPage(nth int, f func()) {
	var n atomic.Int64
	w.onX = func() {
		if n.Add(1) == int64(nth) {
			f()
		}
	}
}

// However a reading is interrupted, what it left is read by the next one, and nothing is paid for twice.
func TestReading_AnInterruptionLeavesAGapThatTheNextRunFills(t *testing.T) {
	t.Parallel()
	fail := func(status int) func(t *testing.T, p *person) {
		return func(t *testing.T, p *person) {
			p.analyse(StartRequest{MaxPosts: 20})
			p.post(250)
			p.onPage(2, func() {
				reset := strconv.FormatInt(p.sb.Now().Add(15*time.Minute).Unix(), 10)
				p.sb.Fail(sandbox.Fault{
					Path: timelines, Status: status, Header: map[string]string{"x-rate-limit-reset": reset},
					Body: `{}`,
				})
			})
			a := p.begin(StartRequest{})
			if err := p.Run(t.Context(), a.ID, false); err == nil {
				t.Error("nobody is told to come again")
			}
			p.wantStatus(a.ID, Running)
			if n := p.count(`SELECT count(*) FROM posts WHERE post_id <> $1`, assess.ProfileID); n != 120 {
				t.Errorf("%d posts are kept", n)
			}
			p.ok(p.Run(t.Context(), a.ID, false)) // X answers again
			p.wantAll(p.coverage(a.ID), 1)
		}
	}
	for what, do := range map[string]func(t *testing.T, p *person){
		"two limits with new posts between": func(_ *testing.T, p *person) {
			p.wantGaps(p.analyse(StartRequest{MaxPosts: 50}), assess.GapLimit)
			p.post(200)
			p.wantGaps(p.analyse(StartRequest{MaxPosts: 50}), assess.GapLimit, assess.GapLimit)
			if n := p.delivered.Load(); n != 100 {
				p.t.Errorf("X gave %d posts", n)
			}
			p.wantPaid()
		},
		"since": func(_ *testing.T, p *person) {
			since := p.sb.X().Posts(p.Account.Handle)[155].At
			c := p.analyse(StartRequest{Since: &since})
			p.wantGaps(c, assess.GapSince)
			if c.PostsTotal != 156 || p.reads() != 156 {
				p.t.Errorf("%d posts and %d reads since then", c.PostsTotal, p.reads())
			}
		},
		"429 on page 2": fail(http.StatusTooManyRequests),
		"403 on page 2": fail(http.StatusForbidden),
		"403 on page 2 to the end": func(t *testing.T, p *person) {
			p.analyse(StartRequest{MaxPosts: 20})
			p.post(250)
			p.onPage(2, func() { p.sb.Fail(sandbox.Fault{Path: timelines, Status: http.StatusForbidden}) })
			a := p.begin(StartRequest{})
			p.ok(p.Run(t.Context(), a.ID, true))
			p.wantStatus(a.ID, Failed)
		},
		"kill -9 on page 2": func(t *testing.T, p *person) {
			p.analyse(StartRequest{MaxPosts: 50})
			p.post(200)
			a := p.begin(StartRequest{})
			dead := p.replica()
			ctx, kill := context.WithCancel(t.Context())
			p.onPage(2, func() {
				p.sb.Fail(sandbox.Fault{Path: timelines, Status: http.StatusBadGateway})
				kill()
			})
			claimed := must(dead.claim(ctx, a.ID))(t)
			h := must(dead.history(ctx, claimed))(t)
			r := must(dead.openReader(ctx, claimed, h, func(assess.Progress) {}))(t)
			if err := r.readAll(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("killed: %v", err)
			}
			if n := p.reads(); n != 250 { // the page under way is still reserved
				t.Errorf("%d reads when it died", n)
			}
			other := p.begin(StartRequest{})
			if err := p.Run(t.Context(), other.ID, true); err == nil {
				t.Error("another run did not wait for the lease")
			}
			p.sb.Advance(p.c.Lease + time.Second)
			if n := must(p.Sweep(t.Context()))(t); n != 1 {
				t.Errorf("%d runs were queued", n)
			}
			p.ok(p.Run(t.Context(), a.ID, true))
			p.wantAll(p.coverage(a.ID), 1)
			p.ok(p.Run(t.Context(), other.ID, true))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.pro("gravelpit_gus")
				do(t, p)
				p.wantAll(p.analyse(StartRequest{}), 1)
			})
		})
	}
}

// Eight starts at once are one reading: two pages of a hundred, whichever process runs them.
func TestReading_StartsAtOnceShareOneReading(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber() // 200 posts an analysis, 1,000 reads
		var all []Analysis
		for range 8 {
			all = append(all, p.begin(StartRequest{}))
		}
		var wg sync.WaitGroup
		for _, a := range all {
			s := w.replica()
			wg.Go(func() {
				for !p.show(a.ID).Status.Ended() {
					if err := s.Run(t.Context(), a.ID, true); err != nil && !strings.Contains(err.Error(), "Snooze") {
						t.Error(err)
						return
					}
				}
				if c := p.coverage(a.ID); c.PostsTotal != 200 {
					t.Errorf("%d posts", c.PostsTotal)
				}
			})
		}
		wg.Wait()
		if n := len(w.sb.Calls(timelines)); n != 2 || p.reads() != 200 {
			t.Errorf("%d pages and %d reads", n, p.reads())
		}
		p.wantUnits(8, 0)
	})
}

// Reads are reserved before X is asked: what the budget does not allow is not asked for, and the report says so.
func TestReading_TheBudgetIsNeverOverspentAndItsEndIsAGap(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		w.exec(`UPDATE quota_periods SET reads_limit = 133 WHERE user_id = $1`, p.UserID)
		c := p.analyse(StartRequest{})
		p.wantGaps(c, assess.GapBudget)
		if p.reads() != 133 || c.PostsTotal != 133 {
			t.Errorf("%d reads, %d posts", p.reads(), c.PostsTotal)
		}
		p.wantGaps(p.analyse(StartRequest{}), assess.GapBudget)
		if n := len(w.sb.Calls(timelines)); n != 2 {
			t.Errorf("X was asked %d times", n)
		}
		w.exec(`UPDATE quota_periods SET reads_limit = 4000 WHERE user_id = $1`, p.UserID)
		p.wantAll(p.analyse(StartRequest{}), 1)
	})
}

func TestReading_WhatXTakesBackFromThePlanIsAGapToo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		p.analyse(StartRequest{MaxPosts: 100})
		w.sb.Fail(sandbox.Fault{
			Path: timelines, Status: http.StatusTooManyRequests,
			Body: `{"type":"https://api.x.com/2/problems/usage-capped"}`,
		})
		p.wantGaps(p.analyse(StartRequest{}), assess.GapXPaused)
		p.wantAll(p.analyse(StartRequest{}), 1)
	})
}

// X gives 3,200 posts of an account that has more. That is its end, not the account's.
func TestReading_XsOwnEndIsAGapAndNotTheEndOfTheAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("daily_dorian")
		w.exec(`UPDATE quota_periods SET reads_limit = 9000 WHERE user_id = $1`, p.UserID)
		all := p.atX()
		c := p.analyse(StartRequest{})
		p.wantGaps(c, assess.GapXEnds)
		if all <= xReach || c.PostsTotal != xReach || p.reads() != xReach {
			t.Errorf("%d posts of %d, %d reads", c.PostsTotal, all, p.reads())
		}
		calls := len(w.sb.Calls(timelines))
		p.wantGaps(p.analyse(StartRequest{}), assess.GapXEnds)
		if n := len(w.sb.Calls(timelines)) - calls; n != 1 { // what is newer, and nothing below the end
			t.Errorf("X was asked %d times more", n)
		}
	})
}

func TestReading_ATokenThatXRefusesOnPageTwoIsRenewedAndNothingIsPaidTwice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		w.onPage(2, func() { w.sb.Fail(sandbox.Fault{Path: timelines, Status: http.StatusUnauthorized, Body: `{}`}) })
		p.wantAll(p.analyse(StartRequest{}), 1)
	})
}

// A run that lost the lease of the account keeps nothing of the page it was reading.
func TestTimeline_WhoLostTheLeaseKeepsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		a := must(w.claim(t.Context(), p.begin(StartRequest{}).ID))(t)
		h := must(w.history(t.Context(), a))(t)
		r := must(w.openReader(t.Context(), a, h, func(assess.Progress) {}))(t)
		w.onPage(1, func() { w.exec(`UPDATE timelines SET runner = 'another'`) })
		if err := r.readAll(t.Context()); !errors.Is(err, errLostTimeline) {
			t.Errorf("%v", err)
		}
		if n := w.count(`SELECT (SELECT count(*) FROM posts) + (SELECT count(*) FROM timeline_spans)`); n != 0 {
			t.Errorf("%d rows were kept", n)
		}
	})
}

func TestRetain_WhatIsErasedIsNoLongerCalledRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		p.analyse(StartRequest{})
		w.sb.Advance(w.c.KeepFor + time.Hour)
		w.ok(w.Retain(t.Context()))
		if n := w.count(`SELECT count(*) FROM posts`) + w.count(`SELECT count(*) FROM timeline_spans`); n != 0 {
			t.Fatalf("%d rows are left", n)
		}
	})
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		p.analyse(StartRequest{})
		w.ok(w.Withdraw(t.Context(), p.UserID, ConsentKind))
		p.wantAll(p.analyse(StartRequest{}), 2)
	})
}

func TestHistory_AnArchiveAndTheTimelineAreOneAndAPostCountsOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("ada_fernhill")
		content := file(t, p.Account.Handle, p.Account.XUserID, 12)
		for range 2 { // the same posts twice
			must(w.KeepArchive(t.Context(), p.UserID, bytes.NewReader(content), int64(len(content))))(t)
		}
		c := p.analyse(StartRequest{})
		if n := p.atX(); c.PostsTotal != n+12 || int(w.delivered.Load()) != n {
			t.Errorf("%d posts of %d and 12, X gave %d", c.PostsTotal, n, w.delivered.Load())
		}
		p.wantPaid()
	})
}

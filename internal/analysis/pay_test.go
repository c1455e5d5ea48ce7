package analysis

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/words"
)

// However a run loses its account with a page under way, X has charged for the page: the plan's reads and the analysis
// both say so, and nothing else stays reserved.
func TestReading_APageUnderWayIsPaidForHoweverItsRunEnds(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		end func(p *person, id string)
	}{
		"cancelled":         {end: func(p *person, id string) { must(p.Cancel(p.t.Context(), p.UserID, id))(p.t) }},
		"consent withdrawn": {end: func(p *person, _ string) { p.ok(p.Withdraw(p.t.Context(), p.UserID, ConsentKind)) }},
		"unlinked": {end: func(p *person, _ string) {
			p.sb.Fail(sandbox.Fault{Path: "/x/2/oauth2/revoke", Status: 503, Times: -1}) // so that X answers the page
			p.ok(p.c.Accounts.RevokeX(p.t.Context(), p.UserID, p.Account.ID))
		}},
		"unlinked, and housekeeping comes first": {end: func(p *person, _ string) {
			p.sb.Fail(sandbox.Fault{Path: "/x/2/oauth2/revoke", Status: 503, Times: -1})
			p.ok(p.c.Accounts.RevokeX(p.t.Context(), p.UserID, p.Account.ID))
			p.ok(p.Retain(p.t.Context()))
		}},
		"taken over by another run": {end: func(p *person, _ string) {
			p.exec(`UPDATE timelines SET runner = 'another', reserved = 0, reserved_in = NULL WHERE user_id = $1`, p.UserID)
			p.exec(`UPDATE quota_periods SET reads_used = 0 WHERE user_id = $1`, p.UserID) // it gave back what was reserved
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.pro("gravelpit_gus")
				a := must(w.claim(t.Context(), p.begin(StartRequest{}).ID))(t)
				r := must(w.openReader(t.Context(), a, must(w.history(t.Context(), a))(t), func(assess.Progress) {}))(t)
				w.onPage(1, func() { c.end(p, a.ID) })
				if err := r.readAll(t.Context()); err == nil {
					t.Fatal("the reading went on")
				}
				w.ok(r.close(t.Context()))
				given := int(w.delivered.Load())
				if n := w.count(`SELECT x_reads FROM analyses WHERE id = $1`, a.ID); n != given || given == 0 {
					t.Errorf("the analysis has paid for %d of %d posts", n, given)
				}
				p.wantPaid()
				w.ok(w.Retain(t.Context()))
				p.wantPaid()
				if n := w.count(`SELECT count(*) FROM posts`); n != 0 {
					t.Errorf("%d posts are kept", n)
				}
			})
		})
	}
}

// Whoever cancels does not wait for X, and what X was asked for then counts as given: it may have charged.
func TestReading_AnAnswerThatNobodyWaitedForCountsAsGiven(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("gravelpit_gus")
		a := must(w.claim(t.Context(), p.begin(StartRequest{}).ID))(t)
		r := must(w.openReader(t.Context(), a, must(w.history(t.Context(), a))(t), func(assess.Progress) {}))(t)
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan struct{})
		defer close(answer)
		w.onPage(1, func() { cancel(); <-answer })
		if err := r.readAll(ctx); err == nil {
			t.Fatal("the reading went on")
		}
		w.ok(r.close(ctx))
		if paid := w.count(`SELECT x_reads FROM analyses WHERE id = $1`, a.ID); p.reads() != 100 || paid != 100 {
			t.Errorf("%d reads are used and %d are the analysis's, of a page of 100", p.reads(), paid)
		}
	})
}

// A reservation of a run that died is given back with the row that holds it.
func TestErase_AReservationIsGivenBackWithItsRow(t *testing.T) {
	t.Parallel()
	for what, erase := range map[string]func(p *person){
		"consent withdrawn": func(p *person) { p.ok(p.Withdraw(p.t.Context(), p.UserID, ConsentKind)) },
		"unlinked": func(p *person) {
			p.ok(p.c.Accounts.RevokeX(p.t.Context(), p.UserID, p.Account.ID))
			p.ok(p.Retain(p.t.Context()))
		},
		"posts erased": func(p *person) { p.ok(p.ErasePosts(p.t.Context(), p.UserID)) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.pro("gravelpit_gus")
				a := must(w.claim(t.Context(), p.begin(StartRequest{}).ID))(t)
				dead := must(w.openTimeline(t.Context(), a, p.Account.ID))(t)
				if n := must(dead.reserve(t.Context(), 100, 5))(t); n != 100 || p.reads() != 100 {
					t.Fatalf("%d reads are reserved, %d used", n, p.reads())
				}
				erase(p)
				if n := w.count(`SELECT count(*) FROM timelines`); n != 0 || p.reads() != 0 {
					t.Errorf("%d rows are left, and %d reads are used", n, p.reads())
				}
			})
		})
	}
}

// What X charged for the profile stays with the analysis, through all its tries.
func TestProfile_ItsCostOutlivesTheTryThatReadIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("ada_fernhill")
		a := p.begin(StartRequest{})
		claimed := must(w.claim(t.Context(), a.ID))(t)
		h := must(w.history(t.Context(), claimed))(t)
		w.ok(w.collect(t.Context(), claimed, h, &assess.Options{}, func(assess.Progress) {})) // and then its process died
		w.sb.Advance(w.c.Lease + time.Second)
		must(w.Sweep(t.Context()))(t)
		w.ok(w.Run(t.Context(), a.ID, true))
		if r := must(w.openReport(t.Context(), p.UserID, a.ID))(t); r.Cost.XUserReads != 1 {
			t.Errorf("the report counts %d user reads", r.Cost.XUserReads)
		}
	})
}

// An analysis that was started under an earlier text reads neither the profile nor descriptions of pictures, which that
// text did not name.
func TestProfile_IsNotReadUnderAnEarlierConsent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("ada_fernhill")
		a := p.begin(StartRequest{})
		w.exec(`UPDATE consents SET version = '2026-11-01' WHERE user_id = $1`, p.UserID)
		w.ok(w.Run(t.Context(), a.ID, true))
		r := must(w.openReport(t.Context(), p.UserID, a.ID))(t)
		if n := len(w.sb.Calls("/x/2/users/me")); r.Cost.XUserReads != 0 ||
			!slices.Contains(r.Coverage.OutOfReach, words.For("en").Say("unread.profile_not_agreed")) {
			t.Errorf("the profile was asked for %d times; %q", n, r.Coverage.OutOfReach)
		}
		if n := w.count(`SELECT count(*) FROM posts WHERE post_id = 'profile'`); n != 0 {
			t.Error("a profile is kept")
		}
	})
}

// The policies of the database are the second lock. The first is that each statement names whose row it means.
func TestStatements_OnTimelinesNameTheirUser(t *testing.T) {
	t.Parallel()
	files := must(filepath.Glob("*.go"))(t)
	statement := regexp.MustCompile("`[^`]*(?:UPDATE|FROM) timeline(?:s|_spans)\\b[^`]*`(\\+where)?")
	seen := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, found := range statement.FindAllStringSubmatch(string(must(os.ReadFile(file))(t)), -1) {
			seen++
			_, where, _ := strings.Cut(found[0], "WHERE")
			housekeeping := strings.Contains(where, "expires_at <= $1") || strings.Contains(where, "status = 'revoked'")
			if !strings.Contains(where, "user_id") && !housekeeping && found[1] == "" &&
				!strings.HasSuffix(strings.TrimSpace(where), "AND `") {
				t.Errorf("%s: %s", file, found[0])
			}
		}
	}
	if seen < 12 {
		t.Errorf("only %d statements were found", seen)
	}
}

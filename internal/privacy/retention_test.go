package privacy_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/once"
)

// housekeep does what every process does now and then.
func (w *world) housekeep() {
	w.t.Helper()
	ctx := w.t.Context()
	w.ok(errors.Join(w.billing.Reconcile(ctx), w.accounts.Sweep(ctx), w.analyses.Retain(ctx), once.Retain(ctx, w.d),
		w.analyses.RetainUploads(ctx), w.analyses.RetainReports(ctx), w.billing.Retain(ctx), w.cleanups.Retain(ctx),
		w.shares.Retain(ctx), w.Sweep(ctx)))
}

// What is kept, and for how long: nothing is done but moving the clock.
func TestRetention_ByTheClock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.busy(gus), w.busy(ada)
		w.exec(`INSERT INTO posts (collection_id, post_id, user_id, posted_at, sealed, fetched_at, expires_at)
			VALUES ($1, '1', $2, $3, $4, $3, $5)`,
			db.NewID(), p.UserID, w.d.Now(), []byte{1}, w.d.Now().Add(30*24*time.Hour)) // of an upload that was cut off
		if _, err := w.billing.Cancel(p.ctx, p.UserID, true); err != nil { // the plan lasts 30 more days
			t.Fatal(err)
		}
		kept := func(user string) map[string]bool {
			all := map[string]bool{"cut off": w.count(`SELECT count(*) FROM posts WHERE post_id = '1' AND user_id = $1`,
				user) > 0}
			for _, table := range []string{
				"posts", "archives", "verdicts", "idempotency_keys", "oauth_states",
				"refresh_tokens", "sessions", "exports", "reports", "analyses", "dismissals",
			} {
				all[table] = w.count(`SELECT count(*) FROM `+table+` WHERE user_id = $1`, user) > 0
			}
			all["stripe_events"] = w.count(`SELECT count(*) FROM stripe_events`) > 0
			return all
		}
		told := func(user string) int { // of analyses
			return w.count(`SELECT count(*) FROM notices WHERE user_id = $1 AND kind LIKE 'analysis.%'`, user)
		}
		if told(p.UserID) == 0 {
			t.Fatal("nothing was told of the analysis")
		}
		want := kept(p.UserID)
		begun := w.d.Now()
		for _, step := range []struct {
			day  float64
			gone []string
		}{
			{0.005, nil},
			{0.01, []string{"oauth_states"}}, // ten minutes
			{0.09, []string{"cut off"}},      // two hours
			{0.99, nil},
			{1.01, []string{"idempotency_keys"}},
			{6.99, nil},
			{7.01, []string{"refresh_tokens"}},
			{29.99, nil},
			{30.01, []string{"posts", "archives", "verdicts", "exports"}},
			{36.9, nil},
			{37.1, []string{"sessions"}}, // 30 days after they were over
			{89.9, nil},
			{90.1, []string{"stripe_events"}},
			{119.9, nil},
			{120.1, []string{"reports", "analyses", "dismissals"}}, // 90 days after the plan
		} {
			for now := w.d.Now(); now.Before(begun.Add(time.Duration(step.day * float64(24*time.Hour)))); now = w.d.Now() {
				w.sb.Advance(min(7*24*time.Hour, begun.Add(time.Duration(step.day*float64(24*time.Hour))).Sub(now)))
				w.housekeep()
			}
			for _, name := range step.gone {
				if !want[name] {
					t.Fatalf("there was no %s to begin with", name)
				}
				want[name] = false
			}
			if diff := cmp.Diff(want, kept(p.UserID)); diff != "" {
				t.Fatalf("after %v days (-want +got):\n%s", step.day, diff)
			}
		}
		if n := told(p.UserID); n != 0 || told(other.UserID) == 0 {
			t.Errorf("%d notices tell of reports that are gone, and %d of a subscriber's", n, told(other.UserID))
		}
		if all := kept(other.UserID); !all["reports"] || !all["dismissals"] {
			t.Errorf("a subscriber's reports are gone: %v", all)
		}
		if s := must(w.billing.Subscription(t.Context(), other.UserID))(t); s.Status != "active" {
			t.Errorf("the subscriber is %s, so the test proves nothing", s.Status)
		}
	})
}

func TestRetention_WhatWasReadOfAnUnlinkedAccountGoes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.busy(gus), w.busy(ada)
		archive := p.upload()
		named, _, err := w.analyses.Start(p.ctx, p.UserID, analysis.StartRequest{ArchiveID: archive.ID, Consent: true})
		w.ok(err)
		p.run(named.ID)
		posts := w.count(`SELECT count(*) FROM posts WHERE user_id = $1`, other.UserID)
		w.ok(w.accounts.RevokeX(p.ctx, p.UserID, p.Account.ID))
		w.exec(`INSERT INTO posts (collection_id, post_id, user_id, posted_at, sealed, fetched_at, expires_at)
			VALUES ($1, '1', $2, $3, $4, $3, $5)`,
			p.Account.ID, p.UserID, w.d.Now(), []byte{1}, w.d.Now().Add(time.Hour)) // a run that was at it
		w.housekeep()
		if n := w.count(`SELECT count(*) FROM posts WHERE user_id = $1`, p.UserID); n != 0 {
			t.Errorf("%d posts are left", n)
		}
		if n := w.count(`SELECT count(*) FROM archives WHERE user_id = $1 AND id = $2`, p.UserID, archive.ID); n != 1 ||
			w.count(`SELECT count(*) FROM archives WHERE user_id = $1`, p.UserID) != 1 {
			t.Error("of the archives, the one with a report should be left, without its posts")
		}
		must(w.analyses.Report(p.ctx, p.UserID, named.ID))(t)
		if _, _, err := w.analyses.Start(p.ctx, p.UserID, analysis.StartRequest{ArchiveID: archive.ID}); !errors.Is(err,
			fault.NotFound) {
			t.Errorf("analysing the archive again: %v", err)
		}
		if n := w.count(`SELECT count(*) FROM posts WHERE user_id = $1`, other.UserID); n != posts {
			t.Errorf("another user's %d posts became %d", posts, n)
		}
	})
}

func TestWithdraw_ErasesWhatWasAllowedAndEndsRuns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.busy(gus), w.busy(ada)
		queued, archive := p.start(), p.upload()
		count := func(user, where string) int {
			return w.count(`SELECT count(*) FROM posts WHERE user_id = $1 AND `+where, user)
		}
		theirs := count(other.UserID, "TRUE")
		w.ok(w.analyses.Withdraw(p.ctx, p.UserID, analysis.RetentionKind))
		if ours, archived := count(p.UserID, "TRUE"), count(p.UserID, `collection_id = '`+archive.ID+`'`); ours == 0 ||
			archived != 0 {
			t.Errorf("without consent to keep archives, %d posts are left, %d of the archive", ours, archived)
		}
		if a := must(w.analyses.Get(p.ctx, p.UserID, queued))(t); a.Status != analysis.Queued {
			t.Errorf("a run over the account is %s", a.Status)
		}
		w.ok(w.analyses.Withdraw(p.ctx, p.UserID, analysis.ConsentKind))
		if n := count(p.UserID, "TRUE") + w.count(`SELECT count(*) FROM verdicts WHERE user_id = $1`, p.UserID); n != 0 {
			t.Errorf("%d posts and verdicts are left", n)
		}
		if a := must(w.analyses.Get(p.ctx, p.UserID, queued))(t); a.Status != analysis.Cancelled {
			t.Errorf("a run is %s", a.Status)
		}
		if u := must(w.billing.Usage(p.ctx, p.UserID))(t); u.Quota.Used != 1 || u.Quota.Reserved != 0 {
			t.Errorf("the quota is %+v", u.Quota)
		}
		if err := w.analyses.Withdraw(p.ctx, p.UserID, analysis.ConsentKind); !errors.Is(err, fault.NotFound) {
			t.Errorf("withdrawing twice: %v", err)
		}
		if _, _, err := w.analyses.Start(p.ctx, p.UserID, analysis.StartRequest{AccountID: p.Account.ID}); !errors.Is(err,
			fault.ValidationFailed) {
			t.Errorf("starting without consent: %v", err)
		}
		p.start() // agrees anew
		if n := count(other.UserID, "TRUE"); n != theirs || theirs == 0 {
			t.Errorf("another user's %d posts became %d", theirs, n)
		}
		all := must(w.accounts.Consents(p.ctx, p.UserID))(t)
		if len(all) != 4 || all[0].WithdrawnAt != nil || all[3].WithdrawnAt == nil {
			t.Errorf("the consents are %+v", all)
		}
	})
}

// A page that X sends after the consent was withdrawn is not kept.
func TestWithdraw_StopsARunThatIsReading(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus).subscribe()
		id := p.start()
		w.pause("/x/2/users/*/tweets")
		ended := make(chan error, 1)
		go func() { ended <- w.analyses.Run(t.Context(), id, true) }()
		w.asked("/x/2/users/*/tweets")
		w.ok(w.analyses.Withdraw(p.ctx, p.UserID, analysis.ConsentKind))
		w.ok(<-ended)
		if n := w.count(`SELECT count(*) FROM posts`); n != 0 {
			t.Errorf("%d posts were kept", n)
		}
	})
}

package privacy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

func TestExport_HoldsEverythingThatIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.busy(gus), w.busy(ada)
		e := must(w.Exports(p.ctx, p.UserID))(t)[0]
		w.ok(w.MakeExport(t.Context(), e.ID))
		files := p.fetch(e.ID)
		for name, want := range map[string]int{
			"user.json": 1, "x_accounts.json": 1, "sessions.json": 1, "consents.json": 2, "subscription.json": 1,
			"billing_timeline.json": 2, "quota.json": 1, "archives.json": 1,
			"analyses.json": 1, "reports.json": 1, "dismissals.json": 1, "exports.json": 1, "api_keys.json": 1,
			"cleanups.json": 1, "cleanup_posts.json": 1, "shares.json": 1, "share_views.json": 1, "email.json": 1,
			"notices.json": 2, "notice_choices.json": 1, "schedules.json": 1, "webhooks.json": 1, "webhook_deliveries.json": 1,
			"posts.json":     w.count(`SELECT count(*) FROM posts WHERE user_id = $1`, p.UserID),
			"audit_log.json": w.count(`SELECT count(*) FROM audit_log WHERE user_id = $1`, p.UserID),
		} {
			if got := list(t, files[name]); len(got) != want || want == 0 {
				t.Errorf("%s has %d entries, want %d", name, len(got), want)
			}
			if !strings.Contains(files["README.txt"], "\n"+name+"\n") {
				t.Errorf("the README does not say what %s is", name)
			}
			for _, theirs := range []string{other.UserID, other.Account.ID, ada} {
				if strings.Contains(files[name], theirs) {
					t.Errorf("%s holds something of another user: %s", name, theirs)
				}
			}
		}
		if len(files) != 26 {
			t.Errorf("the package has %d files", len(files))
		}
		if got := list(t, files["reports.json"])[0]["findings"].([]any); len(got) == 0 {
			t.Error("the report has no findings")
		}
		if got := list(t, files["posts.json"])[0]; got["text"] == "" || got["kept_until"] == "" {
			t.Errorf("a post is %v", got)
		}
		if got := list(t, files["audit_log.json"])[0]; got["action"] != "user.created" || got["detail"] == nil {
			t.Errorf("the first line of the audit log is %v", got)
		}
	})
}

// No token, hash or sealed byte leaves: the secrets of this person, and every column that could hold one by its name.
func TestExport_HoldsNoSecret(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.busy(gus)
		token := must(w.accounts.XToken(t.Context(), p.UserID, p.Account.ID))(t)
		next := must(w.accounts.RefreshSession(t.Context(), p.Tokens.Refresh))(t)
		e := must(w.Exports(p.ctx, p.UserID))(t)[0]
		w.ok(w.MakeExport(t.Context(), e.ID))
		hashes := must(db.Read(t.Context(), w.d, db.System, db.Value[string],
			`SELECT hash FROM refresh_tokens UNION ALL SELECT state_hash FROM oauth_states`))(t)
		for name, content := range p.fetch(e.ID) {
			for _, secret := range append(hashes, token, p.Tokens.Access, p.Tokens.Refresh, next.Access, next.Refresh) {
				if strings.Contains(content, secret) {
					t.Errorf("%s holds a secret", name)
				}
			}
			for _, key := range []string{`"tokens"`, `"hash"`, `"sealed"`, `"verifier"`, `"successor"`, `"key"`, `"secret"`} {
				if strings.Contains(content, key) {
					t.Errorf("%s has a field %s", name, key)
				}
			}
		}
	})
}

func TestExport_IsOneWhileItIsUnderWayAndThreeADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(ada)
		ids := make([]string, 12)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				e, err := w.Export(p.ctx, p.UserID)
				if ids[i] = e.ID; err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(slices.Compact(ids)) != 1 {
			t.Fatalf("parallel wishes became %v", ids)
		}
		if n := w.count(`SELECT count(*) FROM audit_log WHERE action = 'export.requested'`); n != 1 {
			t.Errorf("%d lines in the audit log, want 1", n)
		}
		w.ok(w.MakeExport(t.Context(), ids[0]))
		for range 2 {
			p.ready()
		}
		_, err := w.Export(p.ctx, p.UserID)
		f := fault.From(err)
		if !errors.Is(err, fault.RateLimited) || f.Retry <= 23*time.Hour || f.Retry > 24*time.Hour {
			t.Fatalf("the fourth in a day: %v, to be tried in %v", err, f)
		}
		if n := w.count(`SELECT count(*) FROM exports`); n != 3 {
			t.Errorf("%d wishes were written down, want 3", n)
		}
		w.sb.Advance(f.Retry)
		if p.ready().Status != "ready" {
			t.Error("a day later there is no package")
		}
	})
}

func TestExport_LinkLivesADayAndTenFetchesForItsUserAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.signIn(ada), w.signIn(gus)
		e := must(w.Export(p.ctx, p.UserID))(t)
		if _, err := w.Fetch(p.ctx, p.UserID, e.ID); !errors.Is(err, fault.Conflict) || e.Status != "queued" {
			t.Fatalf("a %s package: %v", e.Status, err)
		}
		w.ok(w.MakeExport(t.Context(), e.ID))
		e = must(w.ShowExport(p.ctx, p.UserID, e.ID))(t)
		if e.Status != "ready" || e.Bytes == 0 || e.ExpiresAt.Sub(*e.ReadyAt) != 24*time.Hour {
			t.Fatalf("got %+v", e)
		}
		for _, id := range []string{e.ID, db.NewID(), "x", ""} {
			if _, err := w.Fetch(other.ctx, other.UserID, id); !errors.Is(err, fault.NotFound) {
				t.Errorf("another user fetching %q: %v", id, err)
			}
			if _, err := w.ShowExport(other.ctx, other.UserID, id); !errors.Is(err, fault.NotFound) {
				t.Errorf("another user looking at %q: %v", id, err)
			}
		}
		for range 10 {
			must(w.Fetch(p.ctx, p.UserID, e.ID))(t)
		}
		if _, err := w.Fetch(p.ctx, p.UserID, e.ID); !errors.Is(err, fault.RateLimited) {
			t.Errorf("the eleventh time: %v", err)
		}
		if n := w.count(`SELECT count(*) FROM audit_log WHERE action = 'export.fetched' AND user_id = $1
			AND ip = '203.0.113.7'`, p.UserID); n != 10 {
			t.Errorf("%d lines in the audit log, want 10", n)
		}
		e = p.ready()
		w.sb.Advance(e.ExpiresAt.Sub(w.d.Now()))
		if _, err := w.Fetch(p.ctx, p.UserID, e.ID); !errors.Is(err, fault.Conflict) ||
			!strings.Contains(err.Error(), "expired") {
			t.Errorf("after 24 hours: %v", err)
		}
	})
}

func TestExport_ThatWasCutOffIsMadeAfterARestart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(ada)
		must(w.Export(p.ctx, p.UserID))(t)
		jobs := func() int { return w.count(`SELECT count(*) FROM river_job WHERE kind = 'export'`) }
		w.sb.Advance(time.Minute)
		w.ok(w.Sweep(t.Context()))
		if n := jobs(); n != 1 {
			t.Fatalf("%d jobs while the first may still be at work", n)
		}
		w.sb.Advance(2 * time.Minute)
		w.ok(w.Sweep(t.Context()))
		if n := jobs(); n != 2 {
			t.Fatalf("%d jobs after two silent minutes, want 2", n)
		}
		w.ok(w.Recover(t.Context()))
		if n := jobs(); n != 3 {
			t.Fatalf("%d jobs after a restart of the only process, want 3", n)
		}
		w.sb.Advance(24 * time.Hour)
		w.ok(w.Sweep(t.Context()))
		if e := must(w.Exports(p.ctx, p.UserID))(t)[0]; e.Status != "failed" {
			t.Fatalf("after a day it is %s", e.Status)
		}
		w.sb.Advance(30 * 24 * time.Hour)
		w.ok(w.Sweep(t.Context()))
		if n := w.count(`SELECT count(*) FROM exports`); n != 0 {
			t.Fatalf("%d wishes are kept after a month", n)
		}
	})
}

func TestPackage_BreaksOffRatherThanLeavingSomethingOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.busy(gus)
		w.exec(`UPDATE posts SET sealed = $1 WHERE user_id = $2`, []byte("not what was sealed"), p.UserID)
		e := must(w.Exports(p.ctx, p.UserID))(t)[0]
		if err := w.MakeExport(t.Context(), e.ID); err == nil || !strings.HasPrefix(err.Error(), "posts.json: ") {
			t.Fatalf("got %v", err)
		}
		if e := must(w.ShowExport(p.ctx, p.UserID, e.ID))(t); e.Status != "queued" {
			t.Errorf("it is %s", e.Status)
		}
	})
}

// Tables are read in pages; nothing is lost or told twice where one ends.
func TestExport_HoldsEveryRowOfTablesLongerThanAPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(ada)
		w.ok(w.d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
			for i := range 1001 {
				at := tx.Now().Add(time.Duration(i/7) * time.Second) // several at one instant
				tx.Later(`INSERT INTO audit_log (id, user_id, actor, action, resource, ip, user_agent, request_id, detail,
					created_at) VALUES ($1, $2, 'user', 'test', '', '', '', '', '{}', $3)`, db.NewID(), p.UserID, at)
				tx.Later(`INSERT INTO dismissals (user_id, finding_id, why, created_at) VALUES ($1, $2, '', $3)`, p.UserID,
					fmt.Sprintf("%04d", i), at)
				tx.Later(`INSERT INTO quota_periods (user_id, period_start, period_end, entitled_until, tier, quota, reads_limit)
					VALUES ($1, $2, $2, $2, 'basic', 1, 1)`, p.UserID, tx.Now().Add(time.Duration(i)*time.Second))
			}
			return nil
		}))
		e := must(w.Export(p.ctx, p.UserID))(t)
		w.ok(w.MakeExport(t.Context(), e.ID))
		lines := w.count(`SELECT count(*) FROM audit_log WHERE user_id = $1`, p.UserID) + 1 // the fetching itself
		files := p.fetch(e.ID)
		for name, file := range map[string]struct {
			rows int
			key  string
		}{"audit_log.json": {lines, "id"}, "dismissals.json": {1001, "finding_id"}, "quota.json": {1001, "period_start"}} {
			seen := map[any]bool{}
			all := list(t, files[name])
			for _, row := range all {
				seen[row[file.key]] = true
			}
			if len(all) != file.rows || len(seen) != file.rows {
				t.Errorf("%s has %d entries, %d different, want %d", name, len(all), len(seen), file.rows)
			}
		}
	})
}

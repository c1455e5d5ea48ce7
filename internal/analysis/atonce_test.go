package analysis

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// left is everything that starts have written for a person, but for ids and moments.
func (p *person) left() []string {
	p.t.Helper()
	all, err := db.Read(p.t.Context(), p.c.DB, db.System, db.Value[string], `
		SELECT 'analysis ' || handle || ' ' || purpose || ' ' || CAST(max_posts AS text) || ' ' || tier || ' ' || model
			|| ' ' || status || ' ' || stage || ' ' || CAST(max_cost_cents AS text) || ' waits for ' || waiting_for
			|| ' ' || scheduled || CASE WHEN account_id IS NULL THEN 'no account' ELSE 'account' END || ' '
			|| CASE WHEN wait_until IS NULL THEN '' WHEN wait_until = created_at THEN 'until now' ELSE 'later' END || ' '
			|| CASE WHEN since IS NULL THEN 'all' ELSE 'since' END || ' '
			|| CASE WHEN period_start IN (SELECT period_start FROM quota_periods WHERE user_id = $1) THEN 'in its period'
				ELSE '' END
			FROM analyses WHERE user_id = $1
		UNION ALL SELECT 'audit ' || actor || ' ' || action || ' ' || CAST(detail AS text) || ' '
			|| CASE WHEN resource IN (SELECT CAST(id AS text) FROM analyses) THEN 'of one' ELSE resource END
			FROM audit_log WHERE user_id = $1 AND action LIKE 'analysis.%'
		UNION ALL SELECT 'key ' || key || ' ' || CASE WHEN status IS NULL THEN '' ELSE 'status' END
			FROM idempotency_keys WHERE user_id = $1
		UNION ALL SELECT 'job ' || CAST(state AS text) || ' ' || queue FROM river_job WHERE kind = 'analysis'
			AND args->>'analysis_id' IN (SELECT CAST(id AS text) FROM analyses WHERE user_id = $1)
		UNION ALL SELECT 'units ' || CAST(reserved AS text) || ' ' || CAST(used AS text) FROM quota_periods
			WHERE user_id = $1
		ORDER BY 1`, p.UserID)
	p.ok(err)
	return all
}

// On PostgreSQL a start is one statement, and leaves to the letter what the long way leaves.
func TestStart_AtOnceWritesWhatTheLongWayWrites(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		agreed := p.request("")
		if _, _, err := p.Start(t.Context(), p.UserID, agreed); err != nil {
			t.Fatal(err)
		}
		since := w.c.DB.Now().AddDate(-1, 0, 0)
		var ways [2][]string
		for i, start := range []func(context.Context, string, StartRequest) (Analysis, billing.Reservation, error){
			p.Service.start, p.startAtOnce,
		} {
			if i == 1 && w.c.DB.Name() == "sqlite" {
				start = p.Service.start
			}
			w.exec(`DELETE FROM analyses`)
			w.exec(`DELETE FROM idempotency_keys`)
			w.exec(`UPDATE quota_periods SET reserved = 0`)
			var last *time.Time
			for n, key := range []string{"", "k"} {
				r := p.request(key)
				r.MaxPosts, r.MaxCostCents = 20*n, 3*n
				if n == 1 {
					r.Since = &since
				}
				a, res, err := start(t.Context(), p.UserID, r)
				w.ok(err)
				got := p.show(a.ID)
				if got.MaxPosts != a.MaxPosts || got.Model != a.Model || got.WaitingFor != a.WaitingFor ||
					got.Handle != a.Handle || got.MaxCostCents != a.MaxCostCents || !got.CreatedAt.Equal(a.CreatedAt) ||
					res.Reserved != n+1 || !res.PeriodStart.Equal(a.PeriodStart) {
					t.Errorf("way %d: answered with %+v, %+v; stored is %+v", i, a, res, got)
				}
				turn := must(db.ReadOne(t.Context(), w.c.DB, db.System, db.Value[time.Time],
					`SELECT turn FROM analyses WHERE id = $1`, a.ID))(t)
				if want := newTurn(a.CreatedAt, last, a.Tier); !turn.Equal(a.turn) || !turn.Equal(want) {
					t.Errorf("way %d: its turn is %v, answered with %v, want %v", i, turn, a.turn, want)
				}
				last = &turn
			}
			ways[i] = p.left()
		}
		if d := cmp.Diff(without(ways[0], "audit"), without(ways[1], "audit")); d != "" {
			t.Errorf("the two ways differ:\n%s", d)
		}
		// Lines of the audit log stay when their analyses go: here are five, of which two are of the last way.
		lines := without(ways[1], "analysis", "key", "job", "units")
		of := 0
		for _, line := range lines {
			if line == "audit user analysis.start {} of one" {
				of++
			}
		}
		if len(lines) != 5 || of != 2 {
			t.Errorf("audit lines: %q", lines)
		}
	})
}

func without(all []string, kinds ...string) (some []string) {
	for _, line := range all {
		keep := true
		for _, k := range kinds {
			keep = keep && (len(line) < len(k) || line[:len(k)] != k)
		}
		if keep {
			some = append(some, line)
		}
	}
	return some
}

// What cannot be started at once has changed nothing, and the long way says why, or starts it.
func TestStart_WhatIsNotStartedAtOnceHasChangedNothing(t *testing.T) {
	t.Parallel()
	const (
		withdrawn = `UPDATE consents SET withdrawn_at = created_at WHERE user_id = $1`
		later     = `UPDATE quota_periods SET period_start = '2100-01-01T00:00:00.000000Z' WHERE user_id = $1`
		used      = `INSERT INTO idempotency_keys (user_id, key, request_hash, created_at)
			VALUES ($1, 'k', 'x', '2026-01-01T00:00:00.000000Z')`
	)
	for what, c := range map[string]struct {
		before string
		change func(w *world, p *person, r *StartRequest)
		want   error // of Start; nil: it is started the long way
	}{
		"no plan": {
			`UPDATE quota_periods SET entitled_until = period_start WHERE user_id = $1`,
			func(w *world, p *person, _ *StartRequest) {
				w.exec(`UPDATE subscriptions SET status = 'canceled', entitled_until = NULL WHERE user_id = $1`, p.UserID)
			}, fault.SubscriptionRequired,
		},
		"all is used":         {`UPDATE quota_periods SET quota = 1, used = 1 WHERE user_id = $1`, nil, fault.QuotaExceeded},
		"the last unit":       {`UPDATE quota_periods SET quota = 4, used = 2 WHERE user_id = $1`, nil, nil},
		"three quarters":      {`UPDATE quota_periods SET quota = 8, used = 4 WHERE user_id = $1`, nil, nil},
		"no period yet":       {later, nil, nil},
		"an unknown plan":     {`UPDATE quota_periods SET tier = 'old' WHERE user_id = $1`, nil, nil},
		"an unlinked account": {`UPDATE x_accounts SET status = 'revoked' WHERE user_id = $1`, nil, fault.NotFound},
		"a consent withdrawn": {
			withdrawn, func(_ *world, _ *person, r *StartRequest) { r.Consent = false }, fault.ValidationFailed,
		},
		"a consent given now": {withdrawn, nil, nil},
		"another's account": {
			``, func(w *world, _ *person, r *StartRequest) { r.AccountID = w.signIn("wandering_mira").Account.ID },
			fault.NotFound,
		},
		"a key that is used": {used, nil, fault.IdempotencyMismatch},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.subscriber()
				if _, _, err := p.Start(t.Context(), p.UserID, p.request("")); err != nil {
					t.Fatal(err) // and it is agreed from now on
				}
				r := p.request("k")
				if c.before != "" {
					w.exec(c.before, p.UserID)
				}
				if c.change != nil {
					c.change(w, p, &r)
				}
				before := p.left()
				if _, _, err := p.startAtOnce(t.Context(), p.UserID, r); !errors.Is(err, errNotAtOnce) {
					t.Errorf("at once: %v", err)
				}
				if d := cmp.Diff(before, p.left()); d != "" {
					t.Errorf("it left something behind:\n%s", d)
				}
				if _, _, err := p.Start(t.Context(), p.UserID, r); !errors.Is(err, c.want) {
					t.Errorf("started: %v, want %v", err, c.want)
				}
			})
		})
	}
}

// Starts that race past the place where a start is no longer done at once take each unit once.
// Where a process does not know a session, the start's own statement looks at it, and an ended one starts nothing,
// whichever way the start goes.
func TestStart_LooksAtTheSessionItself(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		p.start() // agrees
		look := p.unknown()
		ctx := look.Before(t.Context())
		if _, _, err := p.Start(ctx, p.UserID, p.request("")); err != nil || account.Pending(ctx) != nil ||
			look.Outcome(t.Context()) != nil {
			t.Fatalf("a session that lives: %v, the outcome is %v", err, look.Outcome(t.Context()))
		}
		p.wantUnits(0, 2)
		_, again, err := w.c.Accounts.AuthenticateLater(p.Tokens.Access)
		if asked := again == nil; err != nil || asked != (w.d.Name() == "sqlite") {
			t.Errorf("the session was asked for apart: %v, %v", asked, err)
		}

		ended := w.signIn("gravelpit_gus")
		w.exec(`UPDATE sessions SET revoked_at = created_at, revoked_why = 'user' WHERE id = $1`, ended.Tokens.SessionID)
		before := p.left()
		for _, key := range []string{"", "k"} {
			look := ended.unknown()
			_, _, err := p.Start(look.Before(t.Context()), p.UserID, p.request(key))
			if !errors.Is(err, fault.SessionRevoked) || !errors.Is(look.Outcome(t.Context()), fault.SessionRevoked) {
				t.Errorf("an ended session: %v, the outcome is %v", err, look.Outcome(t.Context()))
			}
			ended = w.signIn("gravelpit_gus")
			w.exec(`UPDATE sessions SET revoked_at = created_at, revoked_why = 'user' WHERE id = $1`, ended.Tokens.SessionID)
		}
		if d := cmp.Diff(before, p.left()); d != "" {
			t.Errorf("an ended session has changed something:\n%s", d)
		}
		p.wantUnits(0, 2)
	})
}

// unknown is the look at a session that this process does not know.
func (p *person) unknown() *account.Look {
	p.t.Helper()
	_, look, err := p.c.Accounts.AuthenticateLater(p.Tokens.Access)
	if err != nil || look == nil {
		p.t.Fatalf("the session is known here: %v", err)
	}
	return look
}

func TestStart_RacingStartsTakeEachUnitOnceWhicheverWay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const quota, starts = 12, 40
		p := w.subscriber()
		if _, _, err := p.Start(t.Context(), p.UserID, p.request("")); err != nil {
			t.Fatal(err)
		}
		w.exec(`UPDATE quota_periods SET quota = $2 WHERE user_id = $1`, p.UserID, quota)
		services := []*Service{p.Service, w.replica()}
		var accepted, refused atomic.Int64
		var wg sync.WaitGroup
		for n := range starts {
			wg.Go(func() {
				switch _, _, err := services[n%2].Start(t.Context(), p.UserID, p.request("")); {
				case err == nil:
					accepted.Add(1)
				case errors.Is(err, fault.QuotaExceeded):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if accepted.Load() != quota-1 || refused.Load() != starts-quota+1 {
			t.Errorf("%d accepted and %d refused of %d at %d units", accepted.Load(), refused.Load(), starts, quota-1)
		}
		if n := w.count(`SELECT count(*) FROM analyses`); n != quota {
			t.Errorf("%d analyses", n)
		}
		p.wantUnits(0, quota)
	})
}

// The same key at the same moment makes one analysis, also where it is started at once.
func TestStart_TheSameKeyAtOnceStartsOneAnalysis(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		if _, _, err := p.Start(t.Context(), p.UserID, p.request("")); err != nil {
			t.Fatal(err)
		}
		var ids sync.Map
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				a, _, err := p.Start(t.Context(), p.UserID, p.request("k"))
				if err != nil {
					t.Error(err)
				}
				ids.Store(a.ID, true)
			})
		}
		wg.Wait()
		made := 0
		ids.Range(func(any, any) bool { made++; return true })
		if n := w.count(`SELECT count(*) FROM analyses`); made != 1 || n != 2 {
			t.Errorf("answered with %d analyses, and there are %d", made, n)
		}
		p.wantUnits(0, 2)
	})
}

package analysis

import (
	"errors"
	"sync"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
)

// A repetition is answered although nothing is left of what the first request needed.
func TestStart_TheSameKeyGetsTheFirstAnswerWhenItsUnitWasTheLast(t *testing.T) {
	t.Parallel()
	for what, lose := range map[string][]string{
		"quota": {`UPDATE quota_periods SET quota = 1 WHERE user_id = $1`},
		"plan": {
			`UPDATE quota_periods SET entitled_until = period_start WHERE user_id = $1`,
			`UPDATE subscriptions SET status = 'canceled', entitled_until = NULL WHERE user_id = $1`,
		},
		"source": {`UPDATE x_accounts SET status = 'revoked' WHERE user_id = $1`},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.subscriber()
				first, _, err := p.Start(t.Context(), p.UserID, p.request("k"))
				w.ok(err)
				for _, query := range lose {
					w.exec(query, p.UserID)
				}
				again, _, err := p.Start(t.Context(), p.UserID, p.request("k"))
				if err != nil || again.ID != first.ID {
					t.Errorf("again: %s, %v; want %s", again.ID, err, first.ID)
				}
				other := p.request("k")
				other.Purpose = assess.Academic
				if _, _, err := p.Start(t.Context(), p.UserID, other); !errors.Is(err, fault.IdempotencyMismatch) {
					t.Errorf("another request with this key: %v", err)
				}
				if _, _, err := p.Start(t.Context(), p.UserID, p.request("l")); err == nil {
					t.Error("another key was let through")
				}
				if n := w.count(`SELECT count(*) FROM analyses`); n != 1 {
					t.Errorf("%d analyses", n)
				}
			})
		})
	}
}

func TestStart_TheSameKeyAtOnceTakesTheLastUnitOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		w.exec(`UPDATE quota_periods SET quota = 1 WHERE user_id = $1`, p.UserID)
		var mu sync.Mutex
		ids := map[string]int{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				a, _, err := p.Start(t.Context(), p.UserID, p.request("k"))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				ids[a.ID]++
			})
		}
		wg.Wait()
		if n := w.count(`SELECT count(*) FROM analyses`); n != 1 || len(ids) != 1 {
			t.Errorf("%d analyses, answered as %v", n, ids)
		}
		p.wantUnits(0, 1)
	})
}

func TestStart_ARefusedStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		ask := p.request("k")
		ask.Consent = false
		if _, _, err := p.Start(t.Context(), p.UserID, ask); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("without consent: %v", err)
		}
		p.wantUnits(0, 0)
		if n := w.count(`SELECT (SELECT count(*) FROM analyses) + (SELECT count(*) FROM idempotency_keys)`); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		if _, _, err := p.Start(t.Context(), p.UserID, p.request("k")); err != nil { // with the same key
			t.Errorf("with consent: %v", err)
		}
	})
}

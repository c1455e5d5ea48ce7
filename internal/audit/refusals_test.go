package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

func from(t testing.TB, address string) context.Context {
	return audit.WithOrigin(t.Context(), audit.Origin{IP: address, UserAgent: "curl/8", RequestID: "request-" + address})
}

func somebody(t *testing.T, d *db.DB) (id string) {
	t.Helper()
	id = db.NewID()
	err := d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'Ada', $2, $2)`, id, tx.Now())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// told is what the details of a line say.
func told(t *testing.T, l line) (d struct {
	Code, Route string
	Count       int
	Others      bool
},
) {
	t.Helper()
	if err := json.Unmarshal([]byte(l.detail), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t *testing.T, r *audit.Refusals) {
	t.Helper()
	if err := r.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRefusals_ThatAreAlikeAreOneLineWithTheirCount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r, ada := audit.NewRefusals(d), somebody(t, d)
		write(t, r)
		for range 40 {
			r.Note(from(t, "203.0.113.7"), audit.Refusal{
				UserID: ada, Action: "rate.refused", Code: "rate_limited",
				Route: "GET /api/v1/usage",
			})
		}
		write(t, r)
		write(t, r)
		got := lines(t, d, db.User(ada))
		if len(got) != 1 || got[0].actor != "user" || got[0].ip != "203.0.113.7" || got[0].agent != "curl/8" ||
			got[0].request != "request-203.0.113.7" {
			t.Fatalf("got %+v", got)
		}
		if d := told(t, got[0]); d.Count != 40 || d.Code != "rate_limited" || d.Route != "GET /api/v1/usage" {
			t.Errorf("got %+v", d)
		}
		r.Note(from(t, "203.0.113.7"), audit.Refusal{
			UserID: ada, Action: "rate.refused", Code: "rate_limited",
			Route: "GET /api/v1/usage",
		})
		write(t, r)
		if got := lines(t, d, db.User(ada)); len(got) != 2 || told(t, got[1]).Count != 1 {
			t.Errorf("the next window: %+v", got)
		}
	})
}

func TestRefusals_OfStrangersHoldTheirNetworkAlone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := audit.NewRefusals(d)
		for address, want := range map[string]string{
			"203.0.113.7": "203.0.113.0/24", "2001:db8:1:2::7": "2001:db8:1::/48",
			"@": "",
		} {
			r.Note(from(t, address), audit.Refusal{Action: "token.refused", Code: "unauthenticated", Route: "GET /" + address})
			write(t, r)
			all := lines(t, d, db.System)
			if got := all[len(all)-1]; got.actor != "stranger" || got.user != "" || got.ip != want || got.agent != "" {
				t.Errorf("%s: %+v", address, got)
			}
		}
	})
}

func TestRefusals_AFloodLeavesFewLinesAndLosesNoCount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r, ada := audit.NewRefusals(d), somebody(t, d)
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				for i := range 250 {
					r.Note(from(t, fmt.Sprintf("203.%d.%d.7", n, i)),
						audit.Refusal{Action: "sign_in.refused", Code: "rate_limited", Route: "GET /auth/x/login"})
				}
			})
		}
		wg.Wait()
		r.Note(from(t, "198.51.100.1"), audit.Refusal{
			UserID: ada, Action: "access.refused", Code: "forbidden",
			Route: "GET /api/v1/admin/audit",
		})
		write(t, r)
		all, total, others, own := lines(t, d, db.System), 0, 0, 0
		for _, l := range all {
			got := told(t, l)
			if total += got.Count; got.Others {
				others++
			}
			if l.user == ada && l.action == "access.refused" {
				own++
			}
			if got.Others && (l.ip != "" || got.Route != "" || got.Count != 4900) {
				t.Errorf("got %+v", l)
			}
		}
		// 100 networks, the others, and a user, whom strangers take no room from
		if len(all) != 102 || total != 5001 || others != 1 || own != 1 {
			t.Errorf("%d lines of %d refusals, %d of others, %d of the user", len(all), total, others, own)
		}
	})
}

func TestRefusals_OfAnErasedUserAreNotWritten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r, ada := audit.NewRefusals(d), somebody(t, d)
		for _, id := range []string{ada, db.NewID()} {
			r.Note(from(t, "203.0.113.7"), audit.Refusal{
				UserID: id, Action: "rate.refused", Code: "rate_limited",
				Route: "GET /",
			})
		}
		write(t, r)
		if got := lines(t, d, db.System); len(got) != 1 || got[0].user != ada {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRefusals_ThatCannotBeWrittenAreKeptWithinBounds(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t, dbtest.NewClock().Now)
	r := audit.NewRefusals(d)
	none, cancel := context.WithCancel(t.Context())
	cancel()
	for window := range 4 {
		for i := range 40 { // a hundred lines are begun, and each keeps its place however often it cannot be written
			r.Note(from(t, fmt.Sprintf("203.%d.%d.7", window, i)),
				audit.Refusal{Action: "token.refused", Code: "unauthenticated", Route: "GET /"})
		}
		if err := r.Write(none); err == nil {
			t.Fatal("it was written without a database")
		}
	}
	write(t, r)
	total := 0
	all := lines(t, d, db.System)
	for _, l := range all {
		total += told(t, l).Count
		if strings.Contains(l.detail, "null") {
			t.Errorf("got %s", l.detail)
		}
	}
	if len(all) != 101 || total != 160 {
		t.Errorf("%d lines of %d refusals", len(all), total)
	}
}

// A flood that lasts is bounded by the hour, not by how often lines are written.
func TestRefusals_HaveRoomForAnHour(t *testing.T) {
	t.Parallel()
	c := dbtest.NewClock()
	d := dbtest.SQLite(t, c.Now)
	r := audit.NewRefusals(d)
	written := func() int { return len(lines(t, d, db.System)) }
	minute := func() (begun int) {
		before := written()
		for i := range 60 {
			r.Note(from(t, fmt.Sprintf("203.0.%d.7", i)), audit.Refusal{
				Action: "token.refused", Code: "unauthenticated",
				Route: "GET /",
			})
		}
		write(t, r)
		c.Advance(time.Minute)
		return written() - before
	}
	for i, want := range []int{60, 41, 1, 1} {
		if got := minute(); got != want {
			t.Errorf("minute %d: %d lines, want %d", i, got, want)
		}
	}
	c.Advance(time.Hour)
	if got := minute(); got != 60 {
		t.Errorf("the next hour: %d lines", got)
	}
}

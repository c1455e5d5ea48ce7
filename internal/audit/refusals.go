package audit

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// Refusal is something that somebody was not let do.
type Refusal struct {
	UserID string // who asked; "" for a stranger
	Action Action // SignInRefused, TokenRefused, AccessRefused or RateRefused
	Code   string // of the fault
	Route  string // as it is registered; "" when it does not matter
}

// Refusals gathers what was refused, so that a flood leaves a few lines and not one for each request: refusals that are
// alike become one line with their count, which has the origin of the first. See docs/decisions/0017.
//
// A stranger's line holds their network and not their address, since lines are kept for ever and a stranger cannot ask
// for theirs to be erased. It is safe for concurrent use.
type Refusals struct {
	db *db.DB

	mu    sync.Mutex
	lines map[alike]*tally
	hour  time.Time    // that room is for
	room  map[bool]int // lines that may still be begun: for strangers (true), for users (false)
}

// alike is what refusals of one line have in common.
type alike struct {
	Refusal
	address, key string
	others       bool // of callers that found no room
}

// tally is how often, since when, and where the first came from.
type tally struct {
	first Origin
	since time.Time
	count int
}

// maxLines is how many lines are begun in an hour for strangers, and again for users. What finds no room is counted in
// one line for each kind of refusal.
const maxLines = 100

// NewRefusals makes one that writes to d.
func NewRefusals(d *db.DB) *Refusals { return &Refusals{db: d, lines: map[alike]*tally{}} }

// Note counts a refusal. Where it came from is in ctx, as [WithOrigin] set it. It never waits for the database.
func (r *Refusals) Note(ctx context.Context, what Refusal) {
	o := OriginFrom(ctx)
	if what.UserID == "" {
		o = Origin{IP: coarse(o.IP), RequestID: o.RequestID}
	}
	a, t := alike{Refusal: what, address: o.IP, key: o.KeyID}, &tally{o, r.db.Now(), 1}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lines[a] == nil && !r.takeRoom(what.UserID == "", t.since) {
		a, t.first = alike{Refusal: Refusal{Action: what.Action, Code: what.Code}, others: true}, Origin{}
	}
	r.add(a, t)
}

// takeRoom tells whether one more line may be begun.
func (r *Refusals) takeRoom(stranger bool, now time.Time) bool {
	if hour := now.Truncate(time.Hour); !hour.Equal(r.hour) {
		r.hour, r.room = hour, map[bool]int{true: maxLines, false: maxLines}
	}
	r.room[stranger]--
	return r.room[stranger] >= 0
}

// add joins refusals that are alike, those that were earlier first.
func (r *Refusals) add(a alike, t *tally) {
	known := r.lines[a]
	if known == nil {
		r.lines[a] = t
		return
	}
	if t.since.Before(known.since) {
		known.first, known.since = t.first, t.since
	}
	known.count += t.count
}

// Write leaves the lines of what was noted since the last Write. Call it every minute, and at the end. What cannot be
// written is kept for the next time.
func (r *Refusals) Write(ctx context.Context) error {
	r.mu.Lock()
	lines := r.lines
	r.lines = map[alike]*tally{}
	r.mu.Unlock()
	if len(lines) == 0 {
		return nil
	}
	err := r.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		gone, err := erased(ctx, tx, lines)
		for a, t := range lines {
			if !gone[a.UserID] {
				Record(WithOrigin(ctx, t.first), tx, t.event(a))
			}
		}
		return err
	})
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for a, t := range lines {
			r.add(a, t)
		}
	}
	return err
}

func (t *tally) event(a alike) Event {
	e := Event{
		UserID: a.UserID, Actor: "user", Action: a.Action,
		Detail: map[string]any{"code": a.Code, "count": t.count, "since": t.since},
	}
	if a.UserID == "" {
		e.Actor = "stranger"
	}
	if a.others {
		e.Detail["others"] = true
	} else if a.Route != "" {
		e.Detail["route"] = a.Route
	}
	return e
}

// erased tells whose users are gone: where they came from must not be written down any more.
func erased(ctx context.Context, tx db.Tx, lines map[alike]*tally) (map[string]bool, error) {
	gone := map[string]bool{}
	for a := range lines {
		if a.UserID != "" {
			gone[a.UserID] = true
		}
	}
	if len(gone) == 0 {
		return gone, nil
	}
	var places []string
	var ids []any
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		ids = append(ids, id)
		places = append(places, "$"+strconv.Itoa(len(ids)))
	}
	here, err := db.All(ctx, tx, db.Value[string],
		`SELECT CAST(id AS text) FROM users WHERE id IN (`+strings.Join(places, ", ")+`)`, ids...)
	for _, id := range here {
		delete(gone, id)
	}
	return gone, err
}

// coarse is the network around an address, of hundreds of neighbours and more; "" when it is none.
func coarse(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	p, _ := ip.Prefix(bits) // an address has that many
	return p.String()
}

// Package page cuts lists into pages, newest first.
//
// A page ends at a place: the time and id of its last row. The next page begins below it, so that rows which come
// meanwhile neither repeat nor hide any:
//
//	from, err := page.Parse(cursor) // "" is the top
//	rows := … WHERE (created_at, id) < (from.At, from.ID) ORDER BY created_at DESC, id DESC LIMIT limit + 1
//	rows, next := page.Cut(rows, limit, placeOf) // next is "" on the last page
package page

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Place is where a row stands in its list.
type Place struct {
	At time.Time
	ID string // as of db.NewID
}

// top is above every row.
var top = Place{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff"}

// longest is more than any cursor of ours has, in bytes once decoded.
const longest = 100

// Cursor is the place as clients hold it, to give it back unchanged.
func (p Place) Cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.At.UTC().Format(time.RFC3339Nano) + " " + p.ID))
}

// Parse reads a cursor; "" is the top of the list. Error: validation_failed for what no page ended with.
func Parse(cursor string) (Place, error) {
	if cursor == "" {
		return top, nil
	}
	bad := fault.ValidationFailed.At("query.cursor", "use next_cursor of an earlier answer, unchanged")
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) > longest {
		return Place{}, bad
	}
	when, id, _ := strings.Cut(string(raw), " ")
	at, err := time.Parse(time.RFC3339Nano, when)
	if err != nil || !db.IsID(id) || at.Year() < 1 || at.Year() > 9999 { // years that a database holds
		return Place{}, bad
	}
	return Place{at, id}, nil
}

// Cut takes rows, of which one more than limit was asked for, to a page and the cursor of the next; "" when there is
// none.
func Cut[T any](rows []T, limit int, place func(T) Place) (cut []T, next string) {
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], place(rows[limit-1]).Cursor()
}

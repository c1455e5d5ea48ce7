package console

import (
	"time"

	"github.com/repazoo/repazoo/internal/words"
)

// Times are shown in UTC, but where a page puts them into the zone that its reader chose for their account. The zone of
// this machine is nobody's: what a database gives in it is shown in UTC.

// placed is a time where it is shown.
func placed(t time.Time) time.Time {
	if t.Location() == time.Local {
		return t.UTC()
	}
	return t
}

// zoneOf names the zone that a time is shown in: UTC, CET, UTC-03.
func zoneOf(t time.Time) string {
	return words.ZoneOf(placed(t))
}

// place is the zone of whoever looks at a page.
func (v *visit) place() (*time.Location, error) {
	p, err := v.preferences()
	return p.Place(), err
}

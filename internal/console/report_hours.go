package console

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
)

// The chart of the hours at which the posts of findings were written, by the clock of the reader's zone.

// hourRow is an hour of the day, of all days.
type hourRow struct {
	Hour int
	figures
}

// hours are all 24.
func (v reportView) hours() []hourRow {
	rows := make([]hourRow, 24)
	for i := range rows {
		rows[i].Hour = i
	}
	for _, f := range v.R.Findings {
		if !f.Dismissed && f.Item != assess.ItemProfile && !f.PostedAt.IsZero() {
			rows[f.PostedAt.In(v.place()).Hour()].add(f)
		}
	}
	return rows
}

func (v reportView) place() *time.Location { return cmp.Or(v.Place, time.UTC) }

// zoneWords say by which clock the hours are.
func (v reportView) zoneWords(l tongue) string {
	if name := v.place().String(); name != "UTC" {
		return l.Say("view.hours_zone", "zone", name)
	}
	return l.Say("view.hours_utc")
}

// span names the hour: 22:00 to 23:00.
func (r hourRow) span(l tongue) string { return l.Say("zone.range", "from", r.from(), "to", r.to()) }

func (r hourRow) from() string { return fmt.Sprintf("%02d:00", r.Hour) }
func (r hourRow) to() string   { return fmt.Sprintf("%02d:00", (r.Hour+1)%24) }

func anyHour(rows []hourRow) bool {
	return slices.ContainsFunc(rows, func(r hourRow) bool { return r.Findings > 0 })
}

func hourWords(l tongue, rows []hourRow) string {
	if !anyHour(rows) {
		return l.Say("view.no_hour")
	}
	worst := slices.MaxFunc(rows, func(a, b hourRow) int { return cmp.Compare(a.Points, b.Points) })
	return l.Say("view.worst_hour", "from", worst.from(), "to", worst.to(), "points", l.tenths(worst.Points),
		"n", worst.Findings)
}

// hourDrawing stacks the points of each hour, the gravest at the bottom.
func hourDrawing(l tongue, rows []hourRow) drawing {
	most := 0.0
	for _, r := range rows {
		most = max(most, r.Points)
	}
	step, top := scale(most)
	d := drawing{Height: axisAt + 22, Axis: axisAt}
	for at := step; at <= top+step/2; at += step {
		d.Scale = append(d.Scale, tick{axisAt - plotHeight*at/top, l.short(at)})
	}
	for i, r := range rows {
		c := slot(i, len(rows))
		if r.Hour%6 == 0 {
			c.Label = fmt.Sprintf("%02d", r.Hour)
		}
		c.stack(l, r.figures, top)
		c.Value = "" // there is no room for 24 of them
		d.Columns = append(d.Columns, c)
	}
	return d
}

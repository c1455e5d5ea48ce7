// Package recur tells when something is due that happens every day, week or month, by the clock on a person's wall.
//
//	r, err := recur.Rule{Every: recur.Weekly, Weekday: time.Monday, Minute: 8 * 60, Zone: "Europe/Lisbon"}.Checked()
//	next := r.Next(now)
//
// [Rule.Next] is a function of an instant and nothing else: it is strictly later than the instant, and whatever was
// missed in between is due once. So a server that was off for a week does one run and not seven.
//
// # The odd days
//
//   - A month that is shorter than Day has it on its last day; 31 is the last day of every month.
//   - A time that a clock skips (02:30 when it jumps from 02:00 to 03:00) is due as much later as the clock jumps: 03:30.
//   - A time that a clock shows twice is due the first time.
package recur

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no time zones
)

// Every is how often.
type Every string

// The rhythms.
const (
	Daily   Every = "daily"
	Weekly  Every = "weekly"
	Monthly Every = "monthly"
)

// All lists the rhythms, the quickest first.
func All() []Every { return []Every{Daily, Weekly, Monthly} }

const (
	minutesOfDay = 24 * 60
	maxZone      = 64
)

// Rule says when something is due.
type Rule struct {
	Every   Every
	Weekday time.Weekday // of Weekly
	Day     int          // of Monthly: 1 to 31
	Minute  int          // of the day, by the clock of the zone
	Zone    string       // of the IANA database, such as Europe/Lisbon

	place *time.Location
}

// The mistakes that [Rule.Checked] names.
var (
	ErrEvery   = errors.New("must be daily, weekly or monthly")
	ErrWeekday = errors.New("must be 0 (Sunday) to 6 (Saturday)")
	ErrDay     = errors.New("must be 1 to 31")
	ErrMinute  = errors.New("must be a time of day from 00:00 to 23:59")
	ErrZone    = errors.New("must be a time zone such as Europe/Lisbon")
)

// Checked is the rule, ready for [Rule.Next], with the fields that its rhythm does not use set to zero.
func (r Rule) Checked() (Rule, error) {
	switch {
	case !slices.Contains(All(), r.Every):
		return Rule{}, ErrEvery
	case r.Every == Weekly && (r.Weekday < time.Sunday || r.Weekday > time.Saturday):
		return Rule{}, ErrWeekday
	case r.Every == Monthly && (r.Day < 1 || r.Day > 31):
		return Rule{}, ErrDay
	case r.Minute < 0 || r.Minute >= minutesOfDay:
		return Rule{}, ErrMinute
	}
	if r.Every != Weekly {
		r.Weekday = 0
	}
	if r.Every != Monthly {
		r.Day = 0
	}
	place, err := time.LoadLocation(r.Zone)
	if err != nil || !IsZone(r.Zone) {
		return Rule{}, ErrZone
	}
	r.place = place
	return r, nil
}

// IsZone takes names of the IANA database, written as it does. What else a machine may have among its files is no zone
// that every process knows: its own clock's, the same zones under other names, paths.
func IsZone(name string) bool {
	if name == "" || len(name) > maxZone || path.Clean(name) != name {
		return false
	}
	switch area, _, _ := strings.Cut(name, "/"); area {
	case "Local", "localtime", "posixrules", "posix", "right":
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// Clock writes the time of day: 08:30.
func (r Rule) Clock() string { return fmt.Sprintf("%02d:%02d", r.Minute/60, r.Minute%60) }

// ParseClock reads what [Rule.Clock] writes: the minute of the day. Error: [ErrMinute].
func ParseClock(s string) (minute int, err error) {
	at, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, ErrMinute
	}
	return at.Hour()*60 + at.Minute(), nil
}

// Place is the zone of a checked rule.
func (r Rule) Place() *time.Location { return r.place }

// Next is the first instant after another at which a checked rule is due.
func (r Rule) Next(after time.Time) time.Time {
	local := after.In(r.place)
	for i := -1; ; i++ { // a skipped time can fall on the day after its own
		day := r.day(local, i)
		if at := r.at(day); at.After(after) {
			return at.UTC()
		}
	}
}

// day is the i-th day from the day of local on that the rule may be due, at noon in UTC, where no clock jumps.
func (r Rule) day(local time.Time, i int) time.Time {
	y, m, d := local.Date()
	switch r.Every {
	case Weekly:
		ahead := (int(r.Weekday) - int(local.Weekday()) + 7) % 7
		return noon(y, m, d+ahead+7*i)
	case Monthly:
		first := noon(y, m+time.Month(i), 1)
		last := noon(first.Year(), first.Month()+1, 0).Day()
		return noon(first.Year(), first.Month(), min(r.Day, last))
	}
	return noon(y, m, d+i)
}

func noon(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 12, 0, 0, 0, time.UTC) }

// at is when the wall clock shows the rule's time on a day.
func (r Rule) at(day time.Time) time.Time {
	y, m, d := day.Date()
	wall := time.Date(y, m, d, 0, r.Minute, 0, 0, time.UTC) // as if the clock were in UTC
	_, before := wall.Add(-26 * time.Hour).In(r.place).Zone()
	_, later := wall.Add(26 * time.Hour).In(r.place).Zone()
	early, late := max(before, later), min(before, later) // the larger offset is the earlier instant
	for _, offset := range []int{early, late} {
		at := wall.Add(-time.Duration(offset) * time.Second)
		if _, there := at.In(r.place).Zone(); there == offset {
			return at
		}
	}
	return wall.Add(-time.Duration(before) * time.Second) // skipped: as much later as the clock jumps
}

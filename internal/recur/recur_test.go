package recur_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/recur"
)

func checked(t interface{ Fatal(...any) }, r recur.Rule) recur.Rule {
	r, err := r.Checked()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNext_IsByTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	daily := func(minute int, zone string) recur.Rule {
		return recur.Rule{Every: recur.Daily, Minute: minute, Zone: zone}
	}
	monthly := func(day int) recur.Rule {
		return recur.Rule{Every: recur.Monthly, Day: day, Minute: 9 * 60, Zone: "UTC"}
	}
	for name, tt := range map[string]struct {
		rule        recur.Rule
		after, want string
	}{
		"later today":     {daily(540, "UTC"), "2026-11-28T08:00:00Z", "2026-11-28T09:00:00Z"},
		"at that moment":  {daily(540, "UTC"), "2026-11-28T09:00:00Z", "2026-11-29T09:00:00Z"},
		"in another zone": {daily(540, "America/New_York"), "2026-11-28T13:00:00Z", "2026-11-28T14:00:00Z"},
		"the day before in another zone": {
			daily(23*60, "America/New_York"), "2026-11-28T03:30:00Z",
			"2026-11-28T04:00:00Z",
		},
		"a skipped time":       {daily(150, "America/New_York"), "2026-03-08T00:00:00Z", "2026-03-08T07:30:00Z"},
		"after a skipped time": {daily(150, "America/New_York"), "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"},
		"a time shown twice":   {daily(90, "America/New_York"), "2026-11-01T00:00:00Z", "2026-11-01T05:30:00Z"},
		"between the two":      {daily(90, "America/New_York"), "2026-11-01T05:45:00Z", "2026-11-02T06:30:00Z"},
		"half an hour of summer time": {
			daily(135, "Australia/Lord_Howe"), "2026-10-03T00:00:00Z",
			"2026-10-03T15:45:00Z",
		},
		"a day that Samoa never had": {daily(600, "Pacific/Apia"), "2011-12-29T21:00:00Z", "2011-12-30T20:00:00Z"},
		"summer time keeps the wall clock": {recur.Rule{
			Every: recur.Weekly, Weekday: time.Sunday, Minute: 600,
			Zone: "Europe/Berlin",
		}, "2026-03-22T09:00:00Z", "2026-03-29T08:00:00Z"},
		"next week": {recur.Rule{
			Every: recur.Weekly, Weekday: time.Monday, Minute: 480,
			Zone: "UTC",
		}, "2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z"},
		"the last of February":              {monthly(31), "2027-02-01T00:00:00Z", "2027-02-28T09:00:00Z"},
		"the last of February in leap year": {monthly(30), "2028-02-01T00:00:00Z", "2028-02-29T09:00:00Z"},
		"March after the last of February":  {monthly(31), "2027-02-28T09:00:00Z", "2027-03-31T09:00:00Z"},
		"over the year":                     {monthly(5), "2026-12-05T09:00:00Z", "2027-01-05T09:00:00Z"},
	} {
		after, _ := time.Parse(time.RFC3339, tt.after)
		if got := checked(t, tt.rule).Next(after).Format(time.RFC3339); got != tt.want {
			t.Errorf("%s: after %s comes %s, want %s", name, tt.after, got, tt.want)
		}
	}
}

var zones = []string{
	"UTC", "Europe/Lisbon", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata",
	"Australia/Lord_Howe",
	"Pacific/Apia", "Africa/Casablanca", "America/Caracas", "Asia/Pyongyang", "Antarctica/Troll", "Africa/Cairo",
	"Asia/Kathmandu",
}

func anyRule(t *rapid.T) recur.Rule {
	return checked(t, recur.Rule{
		Every:   rapid.SampledFrom(recur.All()).Draw(t, "every"),
		Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")),
		Day:     rapid.IntRange(1, 31).Draw(t, "day"),
		Minute:  rapid.IntRange(0, 1439).Draw(t, "minute"),
		Zone:    rapid.SampledFrom(zones).Draw(t, "zone"),
	})
}

func anyInstant(t *rapid.T, name string) time.Time {
	return time.Unix(rapid.Int64Range(1_262_304_000, 2_208_988_800).Draw(t, name), 0) // 2010 to 2040
}

// The wall clock shows the rule's time, on its weekday or day, unless that time was skipped; and it is never long until
// then.
func TestNext_ShowsTheTimeOfTheRule(t *testing.T) {
	t.Parallel()
	longest := map[recur.Every]time.Duration{
		recur.Daily: 50 * time.Hour, recur.Weekly: 8 * 24 * time.Hour,
		recur.Monthly: 33 * 24 * time.Hour,
	}
	rapid.Check(t, func(t *rapid.T) {
		r, after := anyRule(t), anyInstant(t, "after")
		next := r.Next(after)
		if !next.After(after) || next.Sub(after) > longest[r.Every] {
			t.Fatalf("%+v: after %s comes %s", r, after.UTC(), next)
		}
		local := next.In(r.Place())
		_, before := local.Add(-26 * time.Hour).Zone()
		_, later := local.Add(26 * time.Hour).Zone()
		if before != later {
			return // the clock jumps on a day around it; the table above has those days
		}
		last := time.Date(local.Year(), local.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
		switch {
		case local.Format("15:04") != r.Clock():
			t.Fatalf("%+v: the clock shows %s", r, local.Format("15:04"))
		case r.Every == recur.Weekly && local.Weekday() != r.Weekday:
			t.Fatalf("%+v: it is %s", r, local.Weekday())
		case r.Every == recur.Monthly && local.Day() != min(r.Day, last):
			t.Fatalf("%+v: it is the %d.", r, local.Day())
		}
	})
}

// However often and whenever it is asked, the same instants come in the same order: nothing between two of them is due.
func TestNext_LeavesNothingOutAndInventsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, after := anyRule(t), anyInstant(t, "after")
		next := r.Next(after)
		between := after.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(after))-1).Draw(t, "between")))
		if got := r.Next(between); !got.Equal(next) {
			t.Fatalf("%+v: after %s comes %s, and after %s, before that, comes %s", r, after, next, between, got)
		}
	})
}

// A server that was off for months owes one run.
func TestNext_WhatWasMissedIsDueOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, due := anyRule(t), anyInstant(t, "due")
		back := due.Add(time.Duration(rapid.IntRange(0, 200*24).Draw(t, "off")) * time.Hour)
		runs := 0
		for next := r.Next(due); !next.After(back); next = r.Next(back) {
			runs++
		}
		if runs > 1 {
			t.Fatalf("%+v: %d runs after %s off", r, runs, back.Sub(due))
		}
	})
}

func TestChecked_NamesTheMistake(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule recur.Rule
		want error
	}{
		{recur.Rule{Every: "hourly", Zone: "UTC"}, recur.ErrEvery},
		{recur.Rule{Every: recur.Weekly, Weekday: 7, Zone: "UTC"}, recur.ErrWeekday},
		{recur.Rule{Every: recur.Monthly, Zone: "UTC"}, recur.ErrDay},
		{recur.Rule{Every: recur.Monthly, Day: 32, Zone: "UTC"}, recur.ErrDay},
		{recur.Rule{Every: recur.Daily, Minute: 1440, Zone: "UTC"}, recur.ErrMinute},
		{recur.Rule{Every: recur.Daily, Minute: -1, Zone: "UTC"}, recur.ErrMinute},
		{recur.Rule{Every: recur.Daily}, recur.ErrZone},
		{recur.Rule{Every: recur.Daily, Zone: "Local"}, recur.ErrZone},
		{recur.Rule{Every: recur.Daily, Zone: "../../etc/passwd"}, recur.ErrZone},
		{recur.Rule{Every: recur.Daily, Zone: "localtime"}, recur.ErrZone}, // which many machines have as a file
		{recur.Rule{Every: recur.Daily, Zone: "posix/Europe/Berlin"}, recur.ErrZone},
		{recur.Rule{Every: recur.Daily, Zone: "Europe//Berlin"}, recur.ErrZone},
	} {
		if _, err := tt.rule.Checked(); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.rule, err, tt.want)
		}
	}
}

func TestParseClock_ReadsWhatClockWritesAndNothingElse(t *testing.T) {
	t.Parallel()
	for minute := range 24 * 60 {
		if got, err := recur.ParseClock(recur.Rule{Minute: minute}.Clock()); err != nil || got != minute {
			t.Fatalf("minute %d: %d, %v", minute, got, err)
		}
	}
	for _, s := range []string{"", "9:00", "24:00", "09:60", "09:00 ", "-1:00", "0900", "09:00:00", "０９:00"} {
		if got, err := recur.ParseClock(s); !errors.Is(err, recur.ErrMinute) {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
}

package console

import (
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
)

func in(t *testing.T, zone string) *time.Location {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func TestMoment_IsInTheZoneThatItWasPutInAndElseInUTC(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 24, 23, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		at           time.Time
		moment, date string
	}{
		{at, "24 Dec 2026, 23:30 UTC", "24 December 2026"},
		{at.Local(), "24 Dec 2026, 23:30 UTC", "24 December 2026"},
		{at.In(in(t, "Europe/Berlin")), "25 Dec 2026, 00:30 CET", "25 December 2026"},
		{at.In(in(t, "America/Sao_Paulo")), "24 Dec 2026, 20:30 UTC-03", "24 December 2026"},
		{at.In(in(t, "Asia/Kathmandu")), "25 Dec 2026, 05:15 UTC+0545", "25 December 2026"},
	} {
		if m, d := english().moment(tt.at), english().date(tt.at); m != tt.moment || d != tt.date {
			t.Errorf("got %q and %q, want %q and %q", m, d, tt.moment, tt.date)
		}
	}
}

func TestHours_AreThoseOfTheReadersClock(t *testing.T) {
	t.Parallel()
	post := func(hour int, points float64) assess.Finding {
		return assess.Finding{
			Severity: assess.High, Points: points, PostedAt: time.Date(2026, 7, 3, hour, 30, 0, 0, time.UTC),
		}
	}
	gone, profile, unknown := post(22, 50), post(22, 50), post(22, 50)
	gone.Dismissed, profile.Item, unknown.PostedAt = true, assess.ItemProfile, time.Time{}
	v := reportView{R: &assess.Report{Findings: []assess.Finding{
		post(22, 4), post(22, 3.5), post(7, 2), gone, profile, unknown,
	}}}
	for zone, want := range map[string]struct {
		late, early   int
		said, written string
	}{
		"": {22, 7, "Most weight was written from 22:00 to 23:00: 7.5 points, from 2 findings.", "UTC"},
		"Europe/Berlin": {
			0, 9, "Most weight was written from 00:00 to 01:00: 7.5 points, from 2 findings.",
			"the time zone Europe/Berlin",
		},
		"Asia/Kolkata": {
			4, 13, "Most weight was written from 04:00 to 05:00: 7.5 points, from 2 findings.",
			"the time zone Asia/Kolkata",
		},
	} {
		if v.Place = nil; zone != "" {
			v.Place = in(t, zone)
		}
		rows := v.hours()
		if len(rows) != 24 || rows[want.late].Findings != 2 || rows[want.early].Findings != 1 ||
			v.zoneWords(english()) != "When the posts were written, in "+want.written+"." {
			t.Errorf("%q: %+v", zone, rows)
		}
		if got := hourWords(english(), rows); got != want.said {
			t.Errorf("%q: %s", zone, got)
		}
		if d := hourDrawing(english(), rows); len(d.Columns) != 24 || len(d.Columns[want.late].Parts) != 1 ||
			d.Columns[6].Label != "06" {
			t.Errorf("%q: %+v", zone, d)
		}
	}
	none := reportView{R: &assess.Report{}}
	if got := hourWords(english(), none.hours()); got != "No post has a finding that counts." {
		t.Errorf("without a finding: %s", got)
	}
}

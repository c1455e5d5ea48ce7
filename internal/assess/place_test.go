package assess

import (
	"slices"
	"testing"
	"time"
)

// Hours, days and years are those of whoever reads the report, also where half hours and summer time lie between.
func TestThrough_APlaceHasItsOwnHoursDaysAndYears(t *testing.T) {
	t.Parallel()
	likes := 10
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tally := engagementTally{months: monthly{}}
	for _, s := range []string{
		"2026-01-10T18:10:00Z", "2026-01-11T18:20:00Z", "2026-07-10T17:10:00Z", "2026-07-11T17:20:00Z", // 19 in Berlin
		"2026-01-12T18:40:00Z", // 19 there too, and another hour in Kolkata
	} {
		tally.add(Post{PostedAt: at(s), Metrics: Metrics{Likes: &likes}})
	}
	r := &Report{
		CreatedAt: at("2026-11-28T23:30:00Z"), Purpose: PersonalReputation, Versions: Versions{Score: ScoreVersion},
		Findings: []Finding{{
			ID: "a", PostID: "1", Category: Violence, Severity: High, Confidence: 1, PostedAt: at("2025-12-31T23:30:00Z"),
		}},
		Engagement: tally.result(5),
	}
	for zone, want := range map[string]struct {
		hours     []int
		day, made int
		year      int
	}{
		"Europe/Berlin": {[]int{19}, 1, 29, 2026},
		"Asia/Kolkata":  {[]int{}, 1, 29, 2026}, // two at 23:40, two at 22:40, one at 00:10
		"UTC":           {[]int{18}, 31, 28, 2025},
	} {
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := r.Through(Lens{Place: place})
		if err != nil {
			t.Fatal(err)
		}
		hours, named := seen.BestHours()
		day := DayOf(seen.Findings[0].PostedAt).Day()
		if !slices.Equal(hours, want.hours) || named != zone || day != want.day || DayOf(seen.CreatedAt).Day() != want.made ||
			len(seen.RiskByYear) != 1 || seen.RiskByYear[0].Year != want.year {
			t.Errorf("%s: best hours %v in %s, posted on day %d, made on %v, years %v", zone, hours, named, day,
				seen.CreatedAt, seen.RiskByYear)
		}
	}
	if y := r.Findings[0].PostedAt; y.Location() != time.UTC {
		t.Errorf("the report itself was moved to %s", y.Location())
	}
}

// A report from before hours were kept has them in UTC, and says so.
func TestBestHours_OfAnOldReportAreInUTC(t *testing.T) {
	t.Parallel()
	place, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	r := &Report{Engagement: Engagement{PeakHours: []int{9}}, Place: place}
	if hours, zone := r.BestHours(); !slices.Equal(hours, []int{9}) || zone != "UTC" {
		t.Errorf("%v in %s", hours, zone)
	}
}

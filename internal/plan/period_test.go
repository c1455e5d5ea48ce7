package plan

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMark_IsFourFifthsRoundedUp(t *testing.T) {
	t.Parallel()
	for quota, want := range map[int]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 9: 8, 10: 8, 1000: 800, 10_000: 8_000} {
		if got := NearlyUsed(quota); got != want {
			t.Errorf("of %d: %d, want %d", quota, got, want)
		}
	}
}

func TestNextMonth_TakesTheLastDayWhereTheDayIsMissing(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"2026-01-27": "2026-02-27", "2026-01-28": "2026-02-28", "2026-01-29": "2026-02-28",
		"2026-01-30": "2026-02-28", "2026-01-31": "2026-02-28", "2028-01-28": "2028-02-28",
		"2028-01-29": "2028-02-29", "2028-01-30": "2028-02-29", "2028-01-31": "2028-02-29",
		"2026-02-28": "2026-03-28", "2028-02-29": "2028-03-29", "2026-03-30": "2026-04-30",
		"2026-03-31": "2026-04-30", "2026-04-30": "2026-05-30", "2026-05-31": "2026-06-30",
		"2026-07-31": "2026-08-31", "2026-08-31": "2026-09-30", "2026-10-31": "2026-11-30",
		"2026-12-01": "2027-01-01", "2026-12-31": "2027-01-31",
	} {
		at, err := time.Parse(time.DateOnly, from)
		if err != nil {
			t.Fatal(err)
		}
		if got := NextMonth(at.Add(13 * time.Hour)).Format("2006-01-02 15h"); got != want+" 13h" {
			t.Errorf("after %s comes %s, want %s", from, got, want)
		}
	}
}

// Each run looks at every day of a month: of random instants few are a 31st.
func TestNextMonth_IsTheMonthAfterAtTheSameTimeOfDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		year, number := rapid.IntRange(1970, 2100).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month")
		month := time.Date(year, time.Month(number), 1, 0, 0, 0, 0, time.UTC)
		clock := time.Duration(rapid.Int64Range(0, int64(day)-1).Draw(t, "time of day"))
		for d := 1; d <= 31; d++ {
			at := month.AddDate(0, 0, d-1).Add(clock)
			if at.Month() != month.Month() {
				continue
			}
			next, first := NextMonth(at), month.AddDate(0, 1, 0)
			want := first.AddDate(0, 0, min(d, first.AddDate(0, 1, -1).Day())-1).Add(clock)
			if !next.Equal(want) {
				t.Fatalf("%v after %v, want %v", next, at, want)
			}
		}
	})
}

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

func TestNextMonth_KeepsTheDayOrTakesTheLast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC()
		next := NextMonth(at)
		first := time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		if next.Month() != first.Month() || next.Year() != first.Year() {
			t.Fatalf("%v is not in the month after %v", next, at)
		}
		if last := first.AddDate(0, 1, -1).Day(); next.Day() != min(at.Day(), last) {
			t.Fatalf("%v after %v", next, at)
		}
		if next.Sub(next.Truncate(day)) != at.Sub(at.Truncate(day)) {
			t.Fatalf("the time of day moved: %v after %v", next, at)
		}
	})
}

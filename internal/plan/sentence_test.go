package plan

import (
	"testing"
	"time"
)

func TestSentence_SaysEachKindInPlainWords(t *testing.T) {
	t.Parallel()
	at, until := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC), time.Date(2026, 4, 3, 9, 0, 0, 0, time.UTC)
	tests := map[string]Line{
		"On 3 March you chose pro.": {Kind: lineStarted, Tier: "pro"},
		"On 3 March your card was charged $29.00 for pro until 3 " +
			"April.": {
			Kind: linePaid, Tier: "pro", Cents: 2900, Currency: "usd",
			Until: until,
		},
		"On 3 March your card was charged 29.05 EUR for your " +
			"plan.": {Kind: linePaid, Cents: 2905, Currency: "eur"},
		"On 3 March pro was given up, because its first payment was not made in time. Nothing was " +
			"charged.": {Kind: lineNeverBegan, Tier: "pro"},
		"On 3 March pro was paused, because it was not " +
			"paid.": {Kind: linePaused, Tier: "pro"},
		"On 3 March pro ended.":                         {Kind: lineEnded, Tier: "pro"},
		"On 3 March something about your plan changed.": {Kind: "of tomorrow"},
	}
	for want, l := range tests {
		l.At = at
		if got := l.Sentence(until); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := (Line{Kind: lineStarted, Tier: "pro", At: at}).Sentence(at.AddDate(1, 0,
		0)); got != "On 3 March 2026 you chose pro." {
		t.Errorf("a year on: %q", got)
	}
}

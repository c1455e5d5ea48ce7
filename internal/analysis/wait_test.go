package analysis

import (
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// Whoever refuses and says for how long is not asked before; else the rests grow.
func TestRestOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused *fault.Fault
		tries   int
		wait    time.Duration
		why     WaitingFor
	}{
		"the model names an hour":   {fault.ModelUnavailable.After(time.Hour), 0, time.Hour, WaitsForModel},
		"the model names nothing":   {fault.ModelUnavailable, 1, 4 * time.Second, WaitsForModelBack},
		"X names a minute":          {fault.XUnavailable.After(time.Minute), 0, time.Minute, WaitsForX},
		"X is down":                 {fault.XUnavailable, 0, 2 * time.Second, WaitsForXBack},
		"the database, many times":  {fault.DependencyDown.After(5 * time.Second), 9, time.Minute, WaitsForService},
		"trouble of our own, first": {fault.Internal, 0, 2 * time.Second, WaitsForService},
	} {
		if wait, why := restOf(c.refused, c.tries); wait != c.wait || why != c.why {
			t.Errorf("%s: %v for %q, want %v for %q", name, wait, why, c.wait, c.why)
		}
	}
}

// A wait that X asked for is told otherwise than an X that is away, and each says what becomes of what was read.
func TestWaitWords_SayWhoMadeItWaitAndThatNothingIsLost(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, time.November, 20, 14, 31, 5, 0, time.UTC)
	for why, want := range map[WaitingFor]string{
		WaitsForX:     "X asks us to wait until 14:32 UTC. What was read is safe, and it goes on by itself.",
		WaitsForXBack: "X does not answer. It is asked again at 14:32 UTC; what was read is safe.",
		WaitsForModel: "The language model asks us to wait until 14:32 UTC. What was judged is safe, and it goes on " +
			"by itself.",
		WaitsForModelBack: "The language model does not answer. It is asked again at 14:32 UTC; what was judged is safe.",
		WaitsForService:   "A service that is needed does not answer. It is tried again at 14:32 UTC; nothing is lost.",
		WaitsForRun: "Another analysis of the same account is under way; this one looks again at 14:32 UTC and uses " +
			"what it finds, so nothing is paid twice.",
	} {
		if got := (Analysis{Status: Running, WaitUntil: &until, WaitingFor: why}).WaitWords(); got != want {
			t.Errorf("%s: %q, want %q", why, got, want)
		}
	}
}

// Pages say it by the clock of whoever looks.
func TestWaitIn_IsByTheClockOfAPlace(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, time.November, 20, 22, 31, 5, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for why, want := range map[WaitingFor]string{
		WaitsForX:     "X asks us to wait until 23:32 CET. What was read is safe, and it goes on by itself.",
		WaitsForBatch: "has ended by 00:31 CET on 21 November.",
	} {
		by := until.Add(time.Hour)
		a := Analysis{Status: Running, WaitUntil: &until, WaitBy: &by, WaitingFor: why}
		if got := a.WaitIn(words.For(words.English), berlin); !strings.Contains(got, want) {
			t.Errorf("%s: %q", why, got)
		}
	}
}

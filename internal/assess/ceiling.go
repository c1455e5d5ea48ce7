package assess

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/repazoo/repazoo/internal/claude"
)

// A run has a ceiling in money. A question is asked only if what was spent, what the questions in flight may cost at
// the worst, and what this one will probably cost stay below it together. So the ceiling is passed, if at all, by what
// a single answer is longer than expected. Near the ceiling fewer questions are in flight; once one does not fit with
// none in flight, the model is asked nothing more.

// errCeiling says that the ceiling allows no further question.
var errCeiling = errors.New("assess: the run has reached its ceiling")

// flights are the questions in flight of one run. The Judge's lock guards them.
type flights struct {
	count  int
	worst  int64         // what they cost together at the worst, in millionths of a µUSD
	landed chan struct{} // closed when one has ended; nil while nobody waits
	capped bool          // a question did not fit
}

// admit waits until a question fits below the ceiling, or returns errCeiling. Land it.
func (j *Judge) admit(ctx context.Context, r claude.Request, output int64) (worst int64, err error) {
	if j.MaxMicroUSD == nil {
		return 0, nil
	}
	prices := j.pricesOf(r.Model)
	worst = j.worst(r)
	likely := prices.of(claude.Usage{CacheWrite: textTokens(r.System) + textTokens(r.User) +
		int64(schemaBytes())/4, Output: output})
	j.mu.Lock()
	defer j.mu.Unlock()
	for !j.capped {
		if j.cost+j.flights.worst+likely <= *j.MaxMicroUSD*1_000_000 {
			j.flights.count++
			j.flights.worst += worst
			return worst, nil
		}
		if j.flights.count == 0 {
			j.capped = true
			break
		}
		if err := j.awaitLanding(ctx); err != nil {
			return 0, err
		}
	}
	return 0, errCeiling
}

// worst is what a direct call can cost at most, in millionths of a µUSD.
func (j *Judge) worst(r claude.Request) int64 {
	text := len(r.System) + len(r.User) + schemaBytes() // a token has at least one byte
	return j.pricesOf(r.Model).of(claude.Usage{CacheWrite: int64(text), Output: r.MaxTokens})
}

// awaitLanding lets go of the lock until a question in flight has ended.
func (j *Judge) awaitLanding(ctx context.Context) error {
	if j.landed == nil {
		j.landed = make(chan struct{})
	}
	return j.await(ctx, j.landed)
}

// land ends a question that was admitted; its cost must have been counted before.
func (j *Judge) land(worst int64) {
	if j.MaxMicroUSD == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.flights.count--
	j.flights.worst -= worst
	if j.landed != nil {
		close(j.landed)
		j.landed = nil
	}
}

// Capped reports whether the ceiling kept a question from being asked.
func (j *Judge) Capped() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.capped
}

// PostMicroUSD is what the model's reading of one more post will cost on average. A nil Judge costs nothing.
func (j *Judge) PostMicroUSD() int64 {
	if j == nil {
		return 0
	}
	f := Forecast{}.Beyond(judgeBatch, 0, j)
	return (f.CostMicroUSD + judgeBatch - 1) / judgeBatch
}

var schemaBytes = sync.OnceValue(func() int {
	schema, _ := json.Marshal(judgeSchema())
	return len(schema)
})

// spentElsewhere lowers the ceiling by what the run has paid to somebody else. No question may be in flight.
func (j *Judge) spentElsewhere(microUSD int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.MaxMicroUSD != nil {
		j.MaxMicroUSD = new(max(0, *j.MaxMicroUSD-microUSD))
	}
}

package assess

import (
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/claude"
)

// Pace is how the models have answered lately: tokens and seconds for each text, as running averages. What a run will
// cost and how long it will take is told by it. A nil Pace learns nothing and gives the first guesses. It is safe for
// concurrent use.
type Pace struct {
	mu     sync.Mutex
	models map[string]pace
}

// pace is the average of one model.
type pace struct {
	input   float64 // tokens of the input for each that textTokens counts
	output  float64 // tokens of the answer for each text
	seconds float64 // of a call for each text
	calls   int     // that these rest on
}

// firstGuess holds until a model has answered: an entry without a claim has about thirty tokens, one with a claim a
// hundred.
var firstGuess = pace{input: 1.1, output: 45, seconds: 0.25}

// memory is over how many of the last calls the averages go.
const memory = 20

// of is the pace of a model.
func (p *Pace) of(model string) pace {
	if p == nil {
		return firstGuess
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if one, ok := p.models[model]; ok {
		return one
	}
	return firstGuess
}

// note adds an answer about some texts to the averages. One that was cut or refused tells nothing.
func (p *Pace) note(model string, group []question, a claude.Answer, took time.Duration) {
	if p == nil || a.Stop != "end_turn" || a.Usage.Output == 0 || len(group) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.models == nil {
		p.models = map[string]pace{}
	}
	old := p.models[model]
	old.calls = min(old.calls+1, memory)
	texts, part := float64(len(group)), 1/float64(old.calls)
	in := float64(a.Usage.Input + a.Usage.CacheRead + a.Usage.CacheWrite)
	towards := func(average *float64, value float64) { *average += (value - *average) * part }
	towards(&old.input, in/float64(fixedTokens()+tokensOf(group)))
	towards(&old.output, float64(a.Usage.Output)/texts)
	towards(&old.seconds, took.Seconds()/texts)
	p.models[model] = old
}

package claude_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/repazoo/repazoo/internal/claude"
)

// provider answers after a while. It bears so many questions at once, and so many a minute, and refuses the others.
type provider struct {
	takes    time.Duration
	atOnce   int     // 0: any number
	aMinute  float64 // 0: any number; the bucket is filled without pause, and its headers say how it stands
	retryFor time.Duration
	decides  time.Duration // before it takes or refuses a question

	mu       sync.Mutex
	flying   int
	most     int
	answered int
	refused  int
	left     float64
	filled   time.Time
}

const said = `{"model":"m","stop_reason":"end_turn","content":[{"type":"text","text":"{}"}],
	"usage":{"input_tokens":10,"output_tokens":10}}`

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(p.decides)
	if !p.begin(w.Header()) {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	select {
	case <-time.After(p.takes):
	case <-r.Context().Done():
	}
	p.mu.Lock()
	p.flying--
	p.answered++
	p.mu.Unlock()
	fmt.Fprint(w, said)
}

func (p *provider) begin(h http.Header) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.aMinute > 0 {
		now := time.Now()
		if p.filled.IsZero() {
			p.left, p.filled = p.aMinute, now
		}
		p.left = min(p.aMinute, p.left+p.aMinute*now.Sub(p.filled).Minutes())
		p.filled = now
		h.Set("Anthropic-Ratelimit-Requests-Limit", strconv.Itoa(int(p.aMinute)))
		h.Set("Anthropic-Ratelimit-Requests-Remaining", strconv.Itoa(max(0, int(p.left)-1)))
	}
	if p.atOnce > 0 && p.flying >= p.atOnce || p.aMinute > 0 && p.left < 1 {
		p.refused++
		if p.retryFor > 0 {
			h.Set("Retry-After", strconv.Itoa(int(p.retryFor.Seconds())))
		}
		return false
	}
	p.left--
	p.flying++
	p.most = max(p.most, p.flying)
	return true
}

func (p *provider) client(most int) *claude.Client {
	return claude.New(claude.Config{
		APIKey: "key", BaseURL: "http://127.0.0.1", HTTP: &http.Client{Transport: inProcess{p}}, MaxInFlight: most,
	})
}

// ask asks so many questions, at most so many at once, and returns how long it took.
func ask(t *testing.T, c *claude.Client, turn string, questions, atOnce int) time.Duration {
	t.Helper()
	began := time.Now()
	work := make(chan struct{})
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for range work {
				if _, err := c.Ask(t.Context(), claude.Request{Model: "m", Turn: turn, MaxTokens: 100}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range questions {
		work <- struct{}{}
	}
	close(work)
	all.Wait()
	return time.Since(began)
}

func TestWindow_GrowsWhileTheProviderAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{takes: 8 * time.Second}
		c := p.client(32)
		took := ask(t, c, "a", 200, 50)
		if now, _ := c.InFlight("m"); now != 32 || p.most != 32 || took != 72*time.Second {
			t.Errorf("took %v with at most %d in flight, now %d", took, p.most, now) // 4+8+16+32+…: nine rounds
		}
	})
}

// A provider that bears eight is not asked by sixteen again and again, and is kept busy.
func TestWindow_FindsWhatTheProviderBears(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{takes: 8 * time.Second, atOnce: 8, retryFor: 2 * time.Second}
		took := ask(t, p.client(32), "a", 200, 50)
		if p.refused > 20 || took > 300*time.Second {
			t.Errorf("%d refusals for 200 questions, which took %v; eight at once would be 200 s", p.refused, took)
		}
	})
}

func TestWindow_AsksNoMoreThanTheHeadersAllow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{takes: 2 * time.Second, aMinute: 50, retryFor: 2 * time.Second}
		took := ask(t, p.client(32), "a", 150, 50)
		if p.refused > 3 || took > 140*time.Second {
			t.Errorf("%d refusals for 150 questions, which took %v; 50 at once and 50 a minute would be 122 s", p.refused, took)
		}
	})
}

// Who asks two questions does not wait for who asks two hundred.
func TestWindow_TurnsAreTakenInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{takes: 8 * time.Second}
		c := p.client(4)
		var all sync.WaitGroup
		all.Go(func() { ask(t, c, "many", 200, 100) })
		time.Sleep(20 * time.Second)
		if took := ask(t, c, "few", 2, 1); took > 32*time.Second { // twice a wait for one of four to end, and two answers
			t.Errorf("took %v", took)
		}
		all.Wait()
	})
}

// Where the provider says when, nobody asks before, and who would have to wait too long is told so at once.
func TestWindow_WhatTheProviderAsksForHoldsForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{aMinute: 0.5, retryFor: time.Hour}
		c := p.client(32)
		for i := range 50 {
			time.Sleep(time.Second)
			_, err := c.Ask(t.Context(), claude.Request{Model: "m", MaxTokens: 100})
			if f := wantFailure(t, err); f.RetryAfter != time.Hour-time.Duration(i)*time.Second {
				t.Fatalf("question %d: %v", i, f.RetryAfter)
			}
		}
		if p.refused != 1 {
			t.Errorf("asked %d times", p.refused)
		}
	})
}

func TestWindow_WhoGivesUpTakesNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{takes: 8 * time.Second}
		c := p.client(1)
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7+1)*time.Second)
				defer cancel()
				if _, err := c.Ask(ctx, claude.Request{Model: "m", Turn: strconv.Itoa(i % 3), MaxTokens: 100}); err == nil {
					t.Error("answered in less than the time of an answer")
				}
			})
		}
		all.Wait()
		if took := ask(t, c, "after", 1, 1); took != 8*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// Who waits already when the provider asks for an hour is told so at once, too.
func TestWindow_WhoWaitsWhenItShutsForLongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{takes: 8 * time.Second, aMinute: 1, retryFor: time.Hour, decides: time.Second}
		c := p.client(2)
		began := time.Now()
		var all sync.WaitGroup
		var late, answered atomic.Int64
		for range 20 {
			all.Go(func() {
				_, err := c.Ask(t.Context(), claude.Request{Model: "m", MaxTokens: 100})
				if err == nil {
					answered.Add(1)
				} else if wantFailure(t, err).RetryAfter > 0 && time.Since(began) > time.Minute {
					late.Add(1)
				}
			})
		}
		all.Wait()
		if late.Load() != 0 || answered.Load() != 1 || p.refused != 1 {
			t.Errorf("%d were told late, %d answered, %d refused", late.Load(), answered.Load(), p.refused)
		}
	})
}

// What ends a part of a run is asked before what begins others, so that a run gets on visibly.
func TestWindow_WhatIsAheadWaitsBeforeTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{takes: 8 * time.Second}
		c := p.client(1)
		var all sync.WaitGroup
		all.Go(func() { ask(t, c, "one", 20, 20) })
		time.Sleep(time.Second)
		began := time.Now()
		for range 2 {
			all.Go(func() {
				if _, err := c.Ask(t.Context(), claude.Request{Model: "m", Turn: "one", MaxTokens: 100, Ahead: true}); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > 23*time.Second {
					t.Errorf("took %v", took)
				}
			})
		}
		all.Wait()
	})
}

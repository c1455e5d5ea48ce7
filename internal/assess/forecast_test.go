package assess

import (
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/claude"
)

func answerOf(stop string, output int64) claude.Answer {
	return claude.Answer{Stop: stop, Usage: claude.Usage{Input: 1_000, Output: output}}
}

// The forecast makes the same questions as the run, and once the model's pace is known it is right about their price.
func TestForecast_IsWhatTheRunThenAsks(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 37, 200} {
		p, pace := offline(), &Pace{}
		p.Judge, _ = newTestJudge(t)
		p.Judge.Pace, p.Judge.Cache = pace, NewMemoryVerdicts()
		posts, o := timeline(250), Options{Source: SourceArchive, MaxPosts: limit}
		for round, wrong := range []float64{0.6, 0.05} {
			f, err := p.Forecast(t.Context(), source(posts), o)
			if err != nil {
				t.Fatal(err)
			}
			r, err := p.Run(t.Context(), source(posts), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			use, cost := r.Models[0], float64(r.Cost.ModelMicroUSD)
			if f.Own != 250 || f.Total != 250 || f.Calls != use.Calls || f.Chosen != r.Coverage.PostsJudged || f.Known != 0 ||
				f.Took <= 0 {
				t.Errorf("limit %d: foretold %+v, was %+v", limit, f, use)
			}
			if got := float64(f.CostMicroUSD); got < cost*(1-wrong) || got > cost*(1+wrong) {
				t.Errorf("limit %d, round %d: foretold %.0f µ$, was %.0f", limit, round, got, cost)
			}
			again, err := p.Forecast(t.Context(), source(posts), o)
			if err != nil || again.Calls != 0 || again.CostMicroUSD != 0 || again.Known != again.Chosen || again.Took != 0 {
				t.Errorf("what is known is not free: %+v, %v", again, err)
			}
			judge, _ := newTestJudge(t) // the same model, and nothing is known
			judge.Pace, judge.Cache = pace, NewMemoryVerdicts()
			p.Judge = judge
		}
	}
}

func TestForecast_PostsThatNobodyHasReadAreLikeTheOthers(t *testing.T) {
	t.Parallel()
	p := offline()
	p.Judge, _ = newTestJudge(t)
	all, err := p.Forecast(t.Context(), source(timeline(200)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	half, err := p.Forecast(t.Context(), source(timeline(100)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := half.Beyond(100, 0, p.Judge)
	if near := float64(f.CostMicroUSD) / float64(all.CostMicroUSD); near < 0.8 || near > 1.2 || f.Texts != all.Texts ||
		f.Took < all.Took*3/4 {
		t.Errorf("%+v, all %+v", f, all)
	}
	if f = half.Beyond(500, 120, p.Judge); f.Chosen != 120 || f.Texts != 120 {
		t.Errorf("beyond the limit: %+v", f)
	}
	if f = half.Beyond(100, 0, nil); f != half {
		t.Errorf("without a model: %+v", f)
	}
}

func TestPace_FollowsTheLastAnswersAndIgnoresWhatWasCut(t *testing.T) {
	t.Parallel()
	var nobody *Pace
	if nobody.of("m") != firstGuess {
		t.Error("nobody knows a pace")
	}
	p := &Pace{}
	group := []question{{text: "a"}, {text: "b"}}
	for range 30 {
		p.note("m", group, answerOf("end_turn", 80), 3*time.Second)
	}
	p.note("m", group, answerOf("max_tokens", 16_000), time.Minute)
	if got := p.of("m"); got.output != 40 || got.seconds != 1.5 || got.calls != memory {
		t.Errorf("%+v", got)
	}
	if p.of("other") != firstGuess {
		t.Error("a model learned from another")
	}
}

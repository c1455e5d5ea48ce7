package assess

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Whatever the ceiling, and however wrong the expected length of an answer, the cost passes the ceiling by less than
// one call, and every post is judged or counted as left.
func TestCeiling_IsNeverPassedByMoreThanOneCall(t *testing.T) {
	t.Parallel()
	for _, expected := range []int64{1, 45, 400} { // tokens of the answer for each post
		for _, ceiling := range []int64{0, 300, 900, 1_500, 2_500, 4_000, 1_000_000} {
			t.Run(fmt.Sprintf("%d tokens, %d µ$", expected, ceiling), func(t *testing.T) {
				t.Parallel()
				p := offline()
				p.Judge, _ = newTestJudge(t)
				p.Judge.MaxMicroUSD, p.Judge.Pace = &ceiling, &Pace{}
				p.Judge.Pace.note(p.Judge.Model, make([]question, 1), answerOf("end_turn", expected), time.Second)
				var mu sync.Mutex
				var dearest, sum int64
				p.Judge.Spent = func(_ context.Context, microUSD int64) error {
					mu.Lock()
					defer mu.Unlock()
					dearest, sum = max(dearest, microUSD), sum+microUSD
					return nil
				}
				r, err := p.Run(t.Context(), source(timeline(300)), Options{Source: SourceArchive, MaxCost: 1}, nil)
				if err != nil {
					t.Fatal(err)
				}
				c, cost := r.Coverage, r.Cost.ModelMicroUSD
				if cost > ceiling+dearest || sum < cost {
					t.Errorf("it cost %d and told %d, the dearest call %d", cost, sum, dearest)
				}
				if c.PostsJudged+c.PostsOverCost != 300 || c.PostsUnjudged != c.PostsOverCost || c.ModelUnusable {
					t.Errorf("%d judged, %d left by the ceiling, %d unjudged, unusable %v", c.PostsJudged, c.PostsOverCost,
						c.PostsUnjudged, c.ModelUnusable)
				}
				said := strings.Contains(strings.Join(c.OutOfReach, " "), "ceiling of $0.01")
				if said != (c.PostsOverCost > 0) || ceiling == 1_000_000 && c.PostsOverCost > 0 || ceiling == 0 &&
					c.PostsJudged > 0 {
					t.Errorf("%d left, told: %q", c.PostsOverCost, c.OutOfReach)
				}
			})
		}
	}
}

package assess

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/sandbox"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
)

// slow is a model that takes eight seconds for each answer, and bears so many questions a minute.
type slow struct {
	model   http.Handler
	aMinute float64

	mu             sync.Mutex
	left           float64
	filled         time.Time
	asked, refused int
}

const slowAnswer = 8 * time.Second

// RoundTrip answers without a socket, so that the test's clock is the only one.
func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if !s.begin(w.Header()) {
		w.WriteHeader(http.StatusTooManyRequests)
		return w.Result(), nil
	}
	time.Sleep(slowAnswer)
	s.model.ServeHTTP(w, r)
	return w.Result(), nil
}

func (s *slow) begin(h http.Header) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.filled.IsZero() {
		s.left, s.filled = s.aMinute, now
	}
	s.left, s.filled = min(s.aMinute, s.left+s.aMinute*now.Sub(s.filled).Minutes()), now
	h.Set("Anthropic-Ratelimit-Requests-Limit", strconv.Itoa(int(s.aMinute)))
	h.Set("Anthropic-Ratelimit-Requests-Remaining", strconv.Itoa(max(0, int(s.left)-1)))
	if s.left < 1 {
		s.refused++
		h.Set("Retry-After", "2")
		return false
	}
	s.asked++
	s.left--
	return true
}

func slowRun(t *testing.T, c *claude.Client, person string, posts int) (*Report, time.Duration) {
	t.Helper()
	began := time.Now()
	p := offline()
	p.Judge = &Judge{Client: c, Model: "claude-haiku-5-5", Prices: Prices{100_000, 500_000}, Turn: person}
	r, err := p.Run(t.Context(), withoutErrors(slices.Values(gardenPosts(person, posts))), Options{Source: SourceX}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, time.Since(began)
}

func gardenPosts(person string, n int) []Post {
	posts := make([]Post, n)
	for i := range posts {
		posts[i] = Post{
			ID: fmt.Sprint(1000 + i), Text: fmt.Sprintf("Post %d of %s is about the garden.", i, person),
			Lang: "en",
		}
	}
	return posts
}

func newSlow(aMinute float64) (*slow, *claude.Client) {
	s := &slow{model: sandbox.New(sandbox.Config{}).Handler(), aMinute: aMinute}
	return s, claude.New(claude.Config{
		APIKey: claudesandbox.APIKey, BaseURL: "http://127.0.0.1/claude", HTTP: &http.Client{Transport: s},
	})
}

// The posts of the larger plan are read by a slow model within a hundred seconds, without a storm of refusals.
func TestSlowModel_3200PostsWithin100Seconds(t *testing.T) {
	t.Parallel()
	for _, aMinute := range []float64{1_000, 60} {
		synctest.Test(t, func(t *testing.T) {
			s, c := newSlow(aMinute)
			r, took := slowRun(t, c, "ann", 3_200)
			t.Logf("%v a minute: %v, %d questions, %d refused", aMinute, took, s.asked, s.refused)
			if r.Coverage.PostsJudged != 3_200 || took > 100*time.Second || s.refused > 2 {
				t.Errorf("%v a minute: %d posts in %v, %d refusals", aMinute, r.Coverage.PostsJudged, took, s.refused)
			}
		})
	}
}

// Somebody with forty posts does not wait for three others with thousands.
func TestSlowModel_IsFairBetweenPeople(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := newSlow(1_000)
		var all sync.WaitGroup
		for _, person := range []string{"ann", "bob", "cyd"} {
			all.Go(func() { slowRun(t, c, person, 3_200) })
		}
		time.Sleep(30 * time.Second)
		if _, took := slowRun(t, c, "dan", 40); took > 3*slowAnswer {
			t.Errorf("took %v", took)
		}
		all.Wait()
	})
}

package assess

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"github.com/repazoo/repazoo/internal/screen"
	"github.com/repazoo/repazoo/internal/words"
)

// The screen reads every post. Where the plan lets the model read fewer, the model gets those in which the screen saw
// most to doubt, then the newest. While the posts stream through the screen, the best so far wait in a heap; what falls
// out of it is tallied at once, so memory grows with the limit and not with the posts.

// candidate is a post that the model may read.
type candidate struct {
	post  Post
	seen  screen.Result
	doubt int
}

// strongTone is from where on a negative tone counts as a reason to look.
const strongTone = -0.5

// doubtOf is how much there is for a model to look at: what the screen found or saw framed, words for groups of people,
// a strongly negative tone, and answers to others.
func doubtOf(p Post, seen screen.Result) int {
	doubt := seen.Suspicion
	if seen.SentimentKnown && seen.Sentiment <= strongTone {
		doubt += 2
	}
	if p.Reply {
		doubt++
	}
	return doubt
}

// chooser keeps the best candidates.
type chooser struct {
	limit int
	held  leastDoubted
}

// offer takes a candidate in, and gives back the one that has no place any more.
func (c *chooser) offer(one candidate) (out candidate, full bool) {
	heap.Push(&c.held, one)
	if len(c.held) <= c.limit {
		return candidate{}, false
	}
	return heap.Pop(&c.held).(candidate), true
}

// newestFirst are the chosen ones.
func (c *chooser) newestFirst() []candidate {
	slices.SortFunc(c.held, func(a, b candidate) int { return older(b.post, a.post) })
	return c.held
}

// ModelChoice says which posts the model was given, where it was not all of them.
type ModelChoice struct {
	Limit    int `json:"limit"`     // posts that the plan lets the model read
	Of       int `json:"of"`        // posts that the screen has read
	ByDoubt  int `json:"by_doubt"`  // chosen for what the screen saw in them, or because they answer others
	ByNewest int `json:"by_newest"` // chosen because they are the newest of the rest
}

// Words say which posts those were.
func (m ModelChoice) Words(l *words.Language) string {
	read := m.ByDoubt + m.ByNewest
	switch {
	case m.ByDoubt == 0:
		return l.Say("choice.newest", "read", read, "of", m.Of)
	case m.ByNewest == 0:
		return l.Say("choice.doubt", "read", read, "of", m.Of)
	}
	return l.Say("choice.both", "read", read, "of", m.Of, "doubt", m.ByDoubt, "newest", m.ByNewest)
}

// choice counts why the posts were chosen; nil where every post was.
func (c *chooser) choice(screened int) *ModelChoice {
	if screened <= len(c.held) {
		return nil
	}
	out := &ModelChoice{Limit: c.limit, Of: screened}
	for _, one := range c.held {
		if one.doubt > 0 {
			out.ByDoubt++
		} else {
			out.ByNewest++
		}
	}
	return out
}

// judgeChosen screens every post and lets the model read the chosen ones.
func (r *run) judgeChosen(ctx context.Context, posts sequence) error {
	c := &chooser{limit: r.o.MaxPosts}
	var first []candidate // the profile, which the model reads whatever the limit
	err := r.flow(ctx, r.cutter(posts, screenChunk), r.screenAll, func(k *chunk) {
		for i, p := range k.posts {
			if p.isProfile() {
				first = append(first, candidate{post: p, seen: k.screened[i]})
				continue
			}
			out, full := c.offer(candidate{p, k.screened[i], doubtOf(p, k.screened[i])})
			if full {
				r.addPost(out.post, out.seen, Judgement{}, false, nil)
			}
		}
		r.tell(StageScreen, r.analysed+len(c.held), 0)
	})
	if err != nil {
		return err
	}
	r.choice = c.choice(r.analysed + len(c.held))
	r.expected = r.analysed + len(c.held)
	return r.flow(ctx, r.chosen(slices.Concat(first, c.newestFirst())), r.judge, func(k *chunk) {
		r.addChunk(k, true)
		r.tell(StageJudge, r.analysed, r.expected)
	})
}

// chosen cuts the chosen posts, which are screened already, into what the model gets at once.
func (r *run) chosen(list []candidate) producer {
	return func(ctx context.Context, out func(*chunk) error) error {
		for some := range slices.Chunk(list, cmp.Or(r.Judge.BatchSize, judgeBatch)) {
			k := newChunk(len(some))
			for _, one := range some {
				k.posts, k.screened = append(k.posts, one.post), append(k.screened, one.seen)
			}
			if err := out(k); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

// leastDoubted is a heap of candidates with the first to be dropped on top.
type leastDoubted []candidate

func (h leastDoubted) Len() int { return len(h) }
func (h leastDoubted) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].doubt, h[j].doubt), older(h[i].post, h[j].post)) < 0
}
func (h leastDoubted) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *leastDoubted) Push(x any)   { *h = append(*h, x.(candidate)) }
func (h *leastDoubted) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

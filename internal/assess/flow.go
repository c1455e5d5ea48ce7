package assess

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/repazoo/repazoo/internal/screen"
)

// The posts flow through three kinds of goroutines:
//
//	cut      one: reads the source and cuts it into chunks
//	examine  several: screen a chunk and have it judged
//	tally    one: adds up the chunks, in the order of the source
//
// Chunks are handed to examine and to tally at once; tally waits for each to be done. So the
// order is kept, at most a few chunks are in memory, and nothing needs a lock.

// screenChunk is how many posts go together when there is no judge to set a size.
const screenChunk = 64

// judgeBatch is how many posts the judge gets at once when it does not say.
const judgeBatch = 40

// chunk is some posts and what the witnesses said of them.
type chunk struct {
	posts    []Post
	screened []screen.Result // in the order of the posts
	judged   BatchResult
	opinions map[string]heard // on the screen's grave claims that the model did not make
	groups   [][]question     // what a batch would ask (batched.go)
	done     chan struct{}    // closed when examined
}

// sequence is posts as they come from their source.
type sequence = iter.Seq2[Post, error]

// producer hands chunks out, one after the other, until it has no more or out fails.
type producer func(ctx context.Context, out func(*chunk) error) error

// flow runs chunks through the pipeline: examined by several goroutines, tallied by one, in their order.
func (r *run) flow(
	ctx context.Context, cut producer, examine func(context.Context, *chunk) error, tally func(*chunk),
) error {
	workers := r.workers()
	g, ctx := errgroup.WithContext(ctx)
	work, order := make(chan *chunk), make(chan *chunk, 2*workers)
	g.Go(func() error {
		defer close(work)
		defer close(order)
		return cut(ctx, func(c *chunk) error { return hand(ctx, c, order, work) })
	})
	for range workers {
		g.Go(func() error {
			for c := range work {
				if err := examine(ctx, c); err != nil {
					return err
				}
				close(c.done)
			}
			return nil
		})
	}
	g.Go(func() error {
		for c := range order {
			select {
			case <-c.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			tally(c)
		}
		return nil
	})
	return g.Wait()
}

// all screens every post and, with a judge, has every post judged.
func (r *run) all(ctx context.Context, posts sequence) error {
	stage, size, examine := StageScreen, screenChunk, func(ctx context.Context, c *chunk) error {
		return r.screenAll(ctx, c)
	}
	if r.Judge != nil {
		stage, size = StageJudge, cmp.Or(r.Judge.BatchSize, judgeBatch)
		examine = func(ctx context.Context, c *chunk) error {
			if err := r.screenAll(ctx, c); err != nil {
				return err
			}
			return r.judge(ctx, c)
		}
	}
	return r.flow(ctx, r.cutter(posts, size), examine, func(c *chunk) {
		r.addChunk(c, r.Judge != nil)
		r.tell(stage, r.analysed, r.expected)
	})
}

// cutter cuts the source into chunks of so many posts.
func (r *run) cutter(posts sequence, size int) producer {
	return func(_ context.Context, out func(*chunk) error) error {
		c := newChunk(size)
		for p, err := range posts {
			if err != nil {
				return err
			}
			if c.posts = append(c.posts, p); len(c.posts) < size {
				continue
			}
			if err := out(c); err != nil {
				return err
			}
			c = newChunk(size)
		}
		if len(c.posts) == 0 {
			return nil
		}
		return out(c)
	}
}

func newChunk(size int) *chunk {
	return &chunk{posts: make([]Post, 0, size), done: make(chan struct{})}
}

// hand gives a chunk to each channel in turn.
func hand(ctx context.Context, c *chunk, to ...chan<- *chunk) error {
	for _, ch := range to {
		select {
		case ch <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// screenAll screens a chunk. The longest posts take some hundredths of a second, so ctx is looked at before each.
func (r *run) screenAll(ctx context.Context, c *chunk) error {
	c.screened = make([]screen.Result, len(c.posts))
	for i, p := range c.posts {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.screened[i] = r.look(p)
	}
	return nil
}

// judge asks the model about a chunk that is screened.
func (r *run) judge(ctx context.Context, c *chunk) (err error) {
	if c.judged, err = r.Judge.Batch(ctx, c.posts); err != nil {
		return err
	}
	return r.askSecond(ctx, c)
}

// look screens a post. What stands in somebody else's words is no finding.
func (r *run) look(p Post) screen.Result {
	text := p.Text
	if p.Aside == 0 {
		text = p.withoutPicture()
	}
	seen := r.Screen.Check(text, p.Lang)
	if len(seen.Hits) == 0 {
		return seen
	}
	if others := p.others(r.o.Account.Handle); others.Any() {
		seen.Hits = slices.DeleteFunc(seen.Hits, func(h screen.Hit) bool { return others.Hold(h.Start, h.End) })
	}
	return seen
}

// tally is everything that is gathered about the posts. Its size does not grow with them.
type tally struct {
	account                             ReportAccount
	source                              string
	purpose                             Purpose
	analysed, judged, unjudged, talking int
	overCost                            int // of the unjudged: left by the ceiling
	rejected, notEnglish, dated         int
	guarded                             int
	profileRead, profileJudged          bool
	acquitted                           Acquitted
	postsByYear                         map[int]int
	findings                            keeper
	sentiment                           sentimentTally
	engagement                          engagementTally
	themes                              themeTally
	mayAsk                              bool // for the posts that others answer
	waiting                             []waiting
}

func newTally(o Options, now time.Time) tally {
	return tally{
		account: o.Account, source: o.Source, purpose: o.Purpose,
		postsByYear: map[int]int{},
		findings:    newKeeper(maxFindings, now),
		sentiment:   sentimentTally{months: monthly{}},
		engagement:  engagementTally{months: monthly{}},
		themes:      newThemeTally(),
		acquitted:   Acquitted{Findings: []Finding{}},
		mayAsk:      o.Parents != nil,
	}
}

// addChunk adds an examined chunk.
func (t *tally) addChunk(c *chunk, hasJudge bool) {
	verdicts := make(map[string]Judgement, len(c.judged.Judgements))
	for _, j := range c.judged.Judgements {
		verdicts[j.PostID] = j
	}
	t.rejected += c.judged.Rejected
	t.overCost += c.judged.OverCost
	for i, p := range c.posts {
		verdict, judged := verdicts[p.ID]
		switch {
		case p.isProfile():
			t.profileJudged = judged
		case judged:
			t.judged++
		case hasJudge:
			t.unjudged++
		}
		t.addPost(p, c.screened[i], verdict, judged, c.opinions)
	}
}

// addPost adds one post and what the witnesses said of it.
func (t *tally) addPost(p Post, seen screen.Result, verdict Judgement, judged bool, opinions map[string]heard) {
	if p.isProfile() {
		t.profileRead = true
	} else {
		t.count(p, seen, verdict)
	}
	t.rejected += verdict.Rejected
	t.guarded += verdict.Guarded
	if t.wait(p, seen, verdict, opinions) {
		return
	}
	t.addFindings(p, seen, verdict, judged, opinions)
}

// addFindings adds what the witnesses found in one post.
func (t *tally) addFindings(p Post, seen screen.Result, verdict Judgement, judged bool, opinions map[string]heard) {
	screened := screenClaims(p, seen)
	if judged && !seen.TalksToModel && !verdict.AddressesModel {
		var cleared []Claim
		screened, cleared = acquit(p, screened, verdict, opinions)
		t.addAcquitted(p, cleared)
	}
	t.addClaims(p, append(screened, verdict.Claims...), judged)
}

// count adds a post to what is said of all posts together.
func (t *tally) count(p Post, seen screen.Result, verdict Judgement) {
	t.analysed++
	if !p.PostedAt.IsZero() {
		t.dated++
		t.postsByYear[p.PostedAt.UTC().Year()]++
	}
	if seen.TalksToModel || verdict.AddressesModel {
		t.talking++
	}
	if seen.Lang != "" && seen.Lang != "en" {
		t.notEnglish++
	}
	if seen.SentimentKnown {
		t.sentiment.add(p, t.account, seen.Sentiment)
	}
	t.engagement.add(p)
	t.themes.add(p, seen.Lang, verdict.Themes)
}

// addAcquitted counts what the screen found and the model read as harmless.
func (t *tally) addAcquitted(p Post, cleared []Claim) {
	for _, f := range merge(p, t.account, cleared, true) {
		f, ok := permitted(f, t.source, t.purpose)
		if !ok {
			continue
		}
		t.acquitted.Count++
		if len(t.acquitted.Findings) < maxAcquitted {
			f.Disputed = false
			t.acquitted.Findings = append(t.acquitted.Findings, f)
		}
	}
}

// addClaims verifies the claims about one post, merges them and keeps what policy permits.
func (t *tally) addClaims(p Post, claims []Claim, judged bool) {
	var sound []Claim
	if len(claims) == 0 {
		return
	}
	others := p.others(t.account.Handle)
	for _, c := range claims {
		switch {
		case !c.sound(p.Text):
			t.rejected++
		case !others.Hold(c.Start, c.End):
			sound = append(sound, c)
		}
	}
	for _, f := range merge(p, t.account, sound, judged) {
		if f, ok := permitted(f, t.source, t.purpose); ok {
			t.findings.add(f)
		}
	}
}

// screenClaims are the screen's hits in the form both witnesses share.
func screenClaims(p Post, seen screen.Result) []Claim {
	claims := make([]Claim, 0, len(seen.Hits))
	for _, h := range seen.Hits {
		claims = append(claims, Claim{
			PostID: p.ID, Category: Category(h.Category), Severity: Severity(h.Severity), Start: h.Start, End: h.End,
			Quote:  p.Text[h.Start:h.End],
			Reason: h.Reason, Code: "screen." + h.Rule, Suggestion: h.Suggestion, By: ByScreen,
		})
	}
	return claims
}

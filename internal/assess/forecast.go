package assess

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/claude"
)

// What a run would ask of the model can be told without asking it: the same code chooses the posts, looks into the
// cache and makes the groups; only the tokens of the answers and the time they take are averages (pace.go).

// Forecast is what the model's part of a run would be. Second questions about grave findings are not in it: which there
// will be is known only when the first are answered.
type Forecast struct {
	Total        int           // posts of the source
	Own          int           // of them, in the person's own words: the screen reads all of these
	Chosen       int           // the model would be given
	Known        int           // of them, its verdict is kept: free
	Texts        int           // would leave; equal ones are asked about once
	Calls        int           // questions
	InputTokens  int64         // of all questions
	OutputTokens int64         // of all answers
	CostMicroUSD int64         // by the model's prices
	Took         time.Duration // so long the answers would take, with several questions in flight
}

// Forecast tells what Run would ask of the model about the posts and options. It asks nothing.
func (p *Pipeline) Forecast(ctx context.Context, posts iter.Seq2[Post, error], o Options) (Forecast, error) {
	r := newRun(p, o, nil)
	w := &weighing{judge: p.Judge}
	var err error
	if own := r.own(posts); p.Judge != nil {
		err = r.forModel(ctx, own, w.weigh, func(k *chunk) { w.Own += countPosts(k.posts...) }, func(*chunk) {})
	} else {
		for p, e := range own {
			if err = e; err != nil || ctx.Err() != nil {
				break
			}
			w.Own += countPosts(p)
		}
		err = cmp.Or(err, ctx.Err())
	}
	w.Total = r.total
	if p.Judge != nil {
		w.price()
	}
	return w.Forecast, err
}

// forModel gives visit what Run would give the model, in the same chunks, and tells seen of every own post and done of
// every visited chunk, in their order. Nothing is asked.
func (r *run) forModel(
	ctx context.Context, own sequence, visit func(context.Context, *chunk) error, seen, done func(*chunk),
) error {
	if r.o.MaxPosts == 0 {
		return r.flow(ctx, r.cutter(own, cmp.Or(r.Judge.BatchSize, judgeBatch)), visit, func(k *chunk) { seen(k); done(k) })
	}
	c := &chooser{limit: r.o.MaxPosts}
	var first []candidate
	err := r.flow(ctx, r.cutter(own, screenChunk), r.screenAll, func(k *chunk) {
		for i, p := range k.posts {
			if p.isProfile() {
				first = append(first, candidate{post: p, seen: k.screened[i]})
				continue
			}
			c.offer(candidate{p, k.screened[i], doubtOf(p, k.screened[i])})
		}
		seen(k)
	})
	if err != nil {
		return err
	}
	return r.flow(ctx, r.chosen(slices.Concat(first, c.newestFirst())), visit, done)
}

// weighing adds up what would be asked.
type weighing struct {
	judge *Judge
	mu    sync.Mutex
	Forecast
}

// weigh adds what Judge.Batch would ask about a chunk.
func (w *weighing) weigh(ctx context.Context, c *chunk) error {
	b := batchRun{judge: w.judge, verdicts: map[string]Judgement{}}
	keys := make([]string, len(c.posts))
	for i, p := range c.posts {
		keys[i] = ContentKey(p, w.judge.Model)
	}
	if _, err := b.remember(ctx, keys); err != nil {
		return err
	}
	groups, err := b.groups(ctx, c.posts, keys)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Chosen += countPosts(c.posts...)
	for i, k := range keys {
		if _, known := b.verdicts[k]; known {
			w.Known += countPosts(c.posts[i])
		}
	}
	for _, g := range groups {
		w.Calls++
		w.Texts += len(g)
		w.InputTokens += tokensOf(g)
	}
	return nil
}

// price turns texts and calls into tokens, money and time.
func (w *weighing) price() {
	pace := w.judge.Pace.of(w.judge.Model)
	w.InputTokens = int64(float64(w.InputTokens) * pace.input)
	w.OutputTokens = int64(math.Ceil(float64(w.Texts) * pace.output))
	w.CostMicroUSD, w.InputTokens = w.judge.Prices.expected(w.Calls, w.InputTokens, w.OutputTokens, pace.input)
	w.Took = w.judge.took(w.Texts, w.Calls, pace)
}

// Beyond is the forecast with n more posts, of which nothing is known, so that they are taken to be like the others.
func (f Forecast) Beyond(n, limit int, j *Judge) Forecast {
	if j == nil || n <= 0 {
		return f
	}
	pace := j.Pace.of(j.Model)
	size := cmp.Or(j.BatchSize, judgeBatch)
	more := n
	f.Chosen += n
	if limit > 0 {
		f.Chosen = min(limit, f.Chosen)
		more = max(0, min(limit-f.Texts, n))
	}
	each := float64(unknownText) * pace.input
	if f.Texts > 0 {
		each = float64(f.InputTokens-int64(f.Calls)*overhead(pace.input)) / float64(f.Texts)
	}
	calls := (more + size - 1) / size
	cost, in := j.Prices.expected(calls, int64(float64(more)*each), int64(math.Ceil(float64(more)*pace.output)),
		pace.input)
	f.Texts, f.Calls, f.CostMicroUSD = f.Texts+more, f.Calls+calls, f.CostMicroUSD+cost
	f.InputTokens += in
	f.OutputTokens += int64(math.Ceil(float64(more) * pace.output))
	f.Took = j.took(f.Texts, f.Calls, pace)
	return f
}

// unknownText is how many tokens a post that nobody has read is taken to have.
const unknownText = 50

// expected is what calls with so many tokens of texts cost, and their input with the rubric, which is written to the
// provider's cache once and then read from it.
func (p Prices) expected(calls int, texts, output int64, factor float64) (microUSD, input int64) {
	if calls == 0 {
		return 0, 0
	}
	rubric := overhead(factor)
	cost := p.InputMicroUSD*(texts+rubric*5/4+int64(calls-1)*rubric/10) + p.OutputMicroUSD*output
	return (cost + 999_999) / 1_000_000, texts + int64(calls)*rubric
}

// batchRubric is what the rubric costs in each request of a batch, of the price of its tokens: the requests run side by
// side, so that the provider finds about three in ten in its cache, and the others write it anew.
const batchRubric = 0.7*1.25 + 0.3*0.1

// BatchMicroUSD is what the same questions cost as a batch.
func (f Forecast) BatchMicroUSD(j *Judge) int64 {
	if j == nil || f.Calls == 0 {
		return 0
	}
	rubric := overhead(j.Pace.of(j.Model).input)
	texts := f.InputTokens - int64(f.Calls)*rubric
	input := float64(j.Prices.InputMicroUSD) * (float64(texts) + batchRubric*float64(int64(f.Calls)*rubric))
	full := input + float64(j.Prices.OutputMicroUSD)*float64(f.OutputTokens)
	return int64(math.Ceil(full * claude.BatchPercent / 100 / 1_000_000))
}

// InBatch is how many of the texts a batch may ask about where the ceiling leaves so much for the model; about so many,
// because the requests are taken to be equal. It is the bound of [Pipeline.PlanBatch].
func (f Forecast) InBatch(j *Judge, leftMicroUSD int64) int {
	if j == nil || f.Calls == 0 {
		return 0
	}
	factor := j.Pace.of(j.Model).input
	texts := float64(f.InputTokens-int64(f.Calls)*overhead(factor)) / factor / float64(f.Calls)
	const bytesPerToken = 4
	fit := max(0, leftMicroUSD) * 1_000_000 / max(1, j.worstInBatch(len(rubric)+int(texts*bytesPerToken)))
	return int(min(int64(f.Texts), fit*int64(f.Texts)/int64(f.Calls)))
}

// overhead are the tokens of what each question begins with.
func overhead(factor float64) int64 { return int64(float64(fixedTokens()) * factor) }

var fixedTokens = sync.OnceValue(func() int64 {
	schema, _ := json.Marshal(judgeSchema())
	return textTokens(rubric) + textTokens(string(schema))
})

// took is how long the answers take, with as many in flight as the provider bears now. That number grows by one with
// each answer, until a run has all it may have.
func (j *Judge) took(texts, calls int, pace pace) time.Duration {
	if calls == 0 {
		return 0
	}
	one := float64(texts) / float64(calls) * pace.seconds
	inFlight, most := probes, judgeInFlight
	if j.Client != nil {
		inFlight, most = j.Client.InFlight(j.Model)
		most = min(most, judgeInFlight)
	}
	rounds := 0
	for ; calls > 0; rounds++ {
		calls -= min(inFlight, most)
		inFlight *= 2
	}
	return time.Duration(math.Ceil(float64(rounds)*one)) * time.Second
}

// tokensOf are about the tokens of the texts of a question.
func tokensOf(group []question) int64 {
	const around = 8 // of a text's number, its names and marks
	var n int64
	for _, q := range group {
		n += around + textTokens(q.aliased.Text)
	}
	return n
}

// textTokens are about the tokens of a text: four letters of English make one, and most scripts beyond ASCII need one
// for each letter of two or three bytes.
func textTokens(text string) int64 {
	plain := 0
	for i := range len(text) {
		if text[i] < 0x80 {
			plain++
		}
	}
	return int64((plain+3)/4 + (len(text)-plain+1)/2)
}

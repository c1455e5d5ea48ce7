package limit

import (
	"context"
	_ "embed"
	"errors"
	"hash/maphash"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// Every caller has a version: a random number that changes whenever something changes that their answers are made
// of. It lives in the same value of Redis as their limits, so the call that counts them brings it along for
// nothing, and neither can be evicted or moved to another node of a cluster without the other. What is kept in
// memory under a version (internal/recall) is good for as long as the version stays.
//
// Whoever changes something replaces the version before the change is committed, with [Limiter.Mark] or in the call
// that counts the request ([Limiter.TakeMarking]). A version that was replaced is unsettled for [Unsettled]: the
// change may not be committed yet, so what is read under the version must not be kept. Whoever commits later than
// that marks again.

// Unsettled is for how long after a mark nothing may be kept under the new version.
const Unsettled = time.Second

// Version is how a caller's data stood when their call was counted. The zero value is unknown: Redis did not count
// the call, or nothing was counted.
type Version struct {
	Epoch   uint64 // of the connection that told it
	ID      uint64 // random, 48 bits; 0 is unknown
	Settled bool   // it was replaced longer ago than Unsettled
}

//go:embed mark.lua
var markScript string

// newVersion draws a version. Randomness of a script in Redis would repeat itself.
func newVersion() uint64 { return 1 + rand.Uint64N(1<<48-1) } //nolint:gosec // it need only be new, not secret

// TakeMarking is [Limiter.Take] of a call that may change something: if it is allowed, it replaces the caller's
// version.
func (l *Limiter) TakeMarking(ctx context.Context, key string, ws []Window) (Decision, error) {
	return l.decide(ctx, key, ws, (*Redis).takeMarking, (*Local).takeMarking)
}

// errAlone means that other processes, if there are any, cannot be told.
var errAlone = errors.New("limit: there is no Redis that keeps versions")

// Mark replaces the versions of callers. It fails when Redis does not answer in time; then what others have kept
// is given until it is too old.
func (l *Limiter) Mark(ctx context.Context, keys ...string) error {
	switch {
	case l.local.versions != nil:
		l.local.versions.mark(keys)
		return nil
	case l.redis == nil:
		return errAlone
	case !l.breaker.TryAcquirePermit():
		return errNotConnected
	}
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	err := l.redis.mark(ctx, keys)
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		l.breaker.RecordSuccess()
	} else {
		l.breaker.RecordFailure()
	}
	return err
}

func (r *Redis) mark(ctx context.Context, keys []string) error {
	client, err := r.connection()
	if err != nil {
		return err
	}
	if len(keys) == 1 {
		return r.marking.Exec(ctx, client, []string{prefix + keys[0]}, r.markArguments()).Error()
	}
	calls := make([]rueidis.LuaExec, len(keys))
	for i, key := range keys {
		calls[i] = rueidis.LuaExec{Keys: []string{prefix + key}, Args: r.markArguments()}
	}
	var failed error
	for _, answer := range r.marking.ExecMulti(ctx, client, calls...) {
		failed = errors.Join(failed, answer.Error())
	}
	return failed
}

func (r *Redis) markArguments() []string {
	return []string{r.clock(), strconv.FormatUint(newVersion(), 10), strconv.FormatInt(Unsettled.Milliseconds(), 10)}
}

// version reads what the script says of it. After a new connection nothing is settled for a while, because the
// Redis at its other end may have been restored, or have taken over from one that knew more.
func (r *Redis) version(epoch uint64, id, settled int64) Version {
	if epoch == 0 || epoch != r.dials.Load() || id <= 0 {
		return Version{} // nobody counts the connections, or there is another one now
	}
	rested := r.even().Sub(*r.dialed.Load()) >= Unsettled
	return Version{Epoch: epoch, ID: uint64(id), Settled: settled == 1 && rested}
}

// versions are those of the only process that there is. Keys share places, so that the memory is bounded: a mark also
// replaces the version of whoever has the same place, which costs them one look at the database.
type versions struct {
	now    func() time.Time
	seed   maphash.Seed
	mu     sync.Mutex
	places [4096]struct {
		id     uint64
		marked time.Time
	}
}

// NewAlone makes a Limiter of the only process that there is, which therefore knows every version itself. now must
// run on evenly; it may be another clock than that of local.
func NewAlone(local *Local, now func() time.Time) *Limiter {
	v := &versions{now: now, seed: maphash.MakeSeed()}
	for i := range v.places {
		v.places[i].id = newVersion()
	}
	local.versions = v
	return New(local, nil, 0)
}

func (v *versions) mark(keys []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, key := range keys {
		at := &v.places[maphash.String(v.seed, key)%uint64(len(v.places))]
		at.id, at.marked = newVersion(), v.now()
	}
}

func (v *versions) of(key string) Version {
	if v == nil {
		return Version{}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	at := v.places[maphash.String(v.seed, key)%uint64(len(v.places))]
	return Version{Epoch: 1, ID: at.id, Settled: at.marked.IsZero() || v.now().Sub(at.marked) >= Unsettled}
}

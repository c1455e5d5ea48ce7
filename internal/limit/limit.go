// Package limit counts calls in sliding windows and refuses those over a limit.
//
//	limiter := limit.New(limit.NewLocal(time.Now), redis, 100*time.Millisecond)
//	d, err := limiter.Take(ctx, key, []limit.Window{
//		{Name: "minute", Limit: 60, Per: time.Minute},
//		{Name: "hour", Limit: 1000, Per: time.Hour},
//	})
//	if !d.Allowed { /* answer 429 with d.RetryAfter */ }
//
// What is promised:
//
//   - All windows are decided together, first, and only then counted: a refused
//     call costs nothing and changes nothing.
//   - In no span of Per are there ever more than Limit allowed calls, however
//     many come at the same time, from however many replicas on one Redis.
//   - Waiting for RetryAfter is exactly enough, to the second.
//
// A window is cut into [Buckets] equal parts and a call is counted until the
// whole part it fell into is older than Per. So a call may stay counted for up
// to Per/Buckets longer than Per (2 s of a minute), never shorter.
//
// A key stands for one caller in one group of routes and is always used with
// the same windows. Keys are kept as they are: give short keyed hashes (16 bytes
// are plenty), not addresses or user ids.
//
// [Redis] counts for all replicas in one round trip, [Local] in this process.
// [Limiter] uses Redis while it answers and Local otherwise; then each replica
// counts by itself, starting from zero.
//
// A decision also brings the caller's version, for those who keep answers: see version.go.
package limit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/repazoo/repazoo/internal/fault"
)

// Buckets is how many parts a window is counted in.
const Buckets = 30

// The bounds of a [Window], and how many of them one call may take from.
const (
	MinPer     = time.Second
	MaxPer     = 31 * 24 * time.Hour
	MaxLimit   = 1_000_000
	MaxWindows = 8
)

// pause is how long Redis is left alone after it failed, before one call tries it again.
const pause = time.Second

// Window allows Limit calls in any span of Per.
type Window struct {
	Name  string
	Limit int           // 1 to [MaxLimit]
	Per   time.Duration // [MinPer] to [MaxPer]
}

// State is how a window stands after a decision.
type State struct {
	Window
	Remaining int           // calls that are still allowed now
	Reset     time.Duration // until Remaining grows, in whole seconds, rounded up; 0 when nothing is counted
}

// Decision is the answer to one call.
type Decision struct {
	Allowed    bool
	Windows    []State       // as the windows were given
	RetryAfter time.Duration // whole seconds after which a refused call would be allowed; 0 when allowed
	Local      bool          // this process alone counted: there is no Redis, or it did not answer
	Version    Version       // of the caller's data, if the call was allowed and counted; see version.go
}

// Limiter decides with Redis while that answers, and in this process otherwise.
type Limiter struct {
	local    *Local
	redis    *Redis // nil when there is none
	patience time.Duration
	breaker  circuitbreaker.CircuitBreaker[any]
}

// New makes a Limiter whose calls wait for Redis as long as patience; redis may be nil.
func New(local *Local, redis *Redis, patience time.Duration) *Limiter {
	return newLimiter(local, redis, patience, pause)
}

func newLimiter(local *Local, redis *Redis, patience, pause time.Duration) *Limiter {
	breaker := circuitbreaker.NewBuilder[any]().WithFailureThreshold(1).WithDelay(pause).Build()
	return &Limiter{local, redis, patience, breaker}
}

// Take decides about one call of key and counts it if it is allowed. It waits
// for Redis no longer than its patience, and after that not at all until Redis
// is back. Its errors are windows out of bounds ([fault.Internal]) and ctx's own.
func (l *Limiter) Take(ctx context.Context, key string, ws []Window) (Decision, error) {
	return l.decide(ctx, key, ws, (*Redis).Take, (*Local).Take)
}

// Look tells what Take would decide and counts nothing. It is for calls that cost only when they go wrong: look before,
// take after.
func (l *Limiter) Look(ctx context.Context, key string, ws []Window) (Decision, error) {
	return l.decide(ctx, key, ws, (*Redis).Look, (*Local).Look)
}

// question is Take or Look of a counter.
type question[C any] func(counter C, ctx context.Context, key string, ws []Window) (Decision, error)

func (l *Limiter) decide(ctx context.Context, key string, ws []Window, redis question[*Redis],
	local question[*Local],
) (Decision, error) {
	if l.redis == nil || !l.breaker.TryAcquirePermit() {
		return alone(local(l.local, ctx, key, ws))
	}
	d, err := l.try(ctx, key, ws, redis)
	if err == nil || ctx.Err() != nil || errors.Is(err, fault.Internal) {
		l.breaker.RecordSuccess() // none of these is Redis's failure
		return d, err
	}
	l.breaker.RecordFailure()
	return alone(local(l.local, ctx, key, ws))
}

func alone(d Decision, err error) (Decision, error) {
	d.Local = true
	return d, err
}

func (l *Limiter) try(ctx context.Context, key string, ws []Window, redis question[*Redis]) (Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	return redis(l.redis, ctx, key, ws)
}

// Healthy asks Redis, if there is one, whether it answers in time. Its
// error is a [fault.DependencyDown].
func (l *Limiter) Healthy(ctx context.Context) error {
	if l.redis == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	if err := l.redis.ping(ctx); err != nil {
		return fault.DependencyDown.Because(err)
	}
	return nil
}

// check refuses windows that the counters are not made for: a mistake of the program.
func check(ws []Window) error {
	if len(ws) == 0 || len(ws) > MaxWindows {
		return fault.Internal.Because(fmt.Errorf("limit: %d windows", len(ws)))
	}
	for _, w := range ws {
		if w.Limit < 1 || w.Limit > MaxLimit || w.Per < MinPer || w.Per > MaxPer {
			return fault.Internal.Because(fmt.Errorf("limit: window %q allows %d per %v", w.Name, w.Limit, w.Per))
		}
	}
	return nil
}

// width is the length of a bucket in microseconds, rounded up so that all
// buckets together are never shorter than Per.
func (w Window) width() int64 {
	return (w.Per.Microseconds() + Buckets - 1) / Buckets
}

// seconds rounds microseconds up to whole seconds.
func seconds(micros int64) time.Duration {
	return time.Duration((micros+999_999)/1_000_000) * time.Second
}

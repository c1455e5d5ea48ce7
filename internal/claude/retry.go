package claude

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

const (
	firstWait     = 500 * time.Millisecond // doubled from failure to failure, where the provider names no time
	longestWait   = 8 * time.Second
	maxRetryAfter = 24 * time.Hour
)

// retry calls once until it succeeds, fails for good, or would have to wait longer than there is time.
func retry[T any](ctx context.Context, c *Client, once func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.attempts)*c.timeout)
	defer cancel()
	policy := retrypolicy.NewBuilder[T]().
		WithMaxAttempts(c.attempts).
		WithBackoff(firstWait, longestWait).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[T]) time.Duration { return askedWait(e.LastError()) }).
		AbortIf(func(_ T, err error) bool { return err != nil && hopeless(ctx, failure(err)) }).
		ReturnLastFailure().
		Build()
	out, err := failsafe.With(policy).WithContext(ctx).Get(func() (T, error) { return once(ctx) })
	if err != nil {
		return out, asFault(failure(err))
	}
	return out, nil
}

// askedWait is the wait the provider asked for, or -1 for the policy's own.
func askedWait(err error) time.Duration {
	if f := failure(err); f.RetryAfter > 0 {
		return f.RetryAfter
	}
	return -1
}

// hopeless reports whether another attempt cannot succeed, or cannot start in time.
func hopeless(ctx context.Context, f *Failure) bool {
	deadline, _ := ctx.Deadline()
	return f.Permanent || ctx.Err() != nil || f.RetryAfter >= time.Until(deadline)
}

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

// retry calls once until it succeeds, fails for good, or would have to wait longer than there is time: what the
// attempts may take together.
func retry[T any](ctx context.Context, c *Client, once func(context.Context) (T, error)) (T, error) {
	return retryInTurn(ctx, c, new(time.Duration), once)
}

// retryInTurn is retry where once waits for its turn: what it adds to waited does not count.
func retryInTurn[T any](
	ctx context.Context, c *Client, waited *time.Duration, once func(context.Context) (T, error),
) (T, error) {
	began := time.Now()
	ends := func() time.Time { return began.Add(c.patience() + *waited) }
	policy := retrypolicy.NewBuilder[T]().
		WithMaxAttempts(c.attempts).
		WithBackoff(firstWait, longestWait).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[T]) time.Duration { return askedWait(e.LastError()) }).
		AbortIf(func(_ T, err error) bool { return err != nil && hopeless(ctx, failure(err), ends()) }).
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

// hopeless reports whether another attempt cannot succeed, or cannot start before a time.
func hopeless(ctx context.Context, f *Failure, ends time.Time) bool {
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(ends) {
		ends = deadline
	}
	return f.Permanent || ctx.Err() != nil || f.RetryAfter >= time.Until(ends)
}

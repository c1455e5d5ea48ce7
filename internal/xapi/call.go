package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/repazoo/repazoo/internal/fault"
)

const maxTries = 3 // of one read

// get reads an address into v, trying again where that can help.
func (c *Client) get(ctx context.Context, path string, q url.Values, access string, v any) error {
	retry := retrypolicy.NewBuilder[[]byte]().
		HandleIf(func(_ []byte, err error) bool { return passing(err) }).
		WithMaxAttempts(maxTries).
		WithBackoff(300*time.Millisecond, 3*time.Second).
		WithJitterFactor(.25).
		ReturnLastFailure().
		Build()
	var last error
	body, err := failsafe.With(retry).WithContext(ctx).Get(func() (body []byte, err error) {
		body, err = c.once(ctx, http.MethodGet, path, q, access)
		last = err
		return body, err
	})
	switch {
	case err != nil && errors.Is(last, ErrCutOff): // failsafe tells only that ctx ended
		return last
	case err == nil && json.Unmarshal(body, v) != nil:
		return fault.XUnavailable.Because(ErrMalformed)
	case err != nil && !errors.Is(err, fault.XUnavailable): // cancelled while waiting
		return broken(err)
	}
	return err
}

// passing reports whether an error may be gone at the next try: no answer, half an answer, or a 5xx.
func passing(err error) bool {
	if err == nil || errors.Is(err, errTooLarge) || errors.Is(err, ErrCutOff) {
		return false
	}
	if r, ok := errors.AsType[*Refused](err); ok {
		return r.Status >= 500
	}
	_, limited := errors.AsType[*RateLimited](err)
	return !limited && !errors.Is(err, ErrUnauthorized) && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrCreditsGone)
}

// once makes one call and returns the body of its success.
func (c *Client) once(ctx context.Context, method, path string, q url.Values, access string) ([]byte, error) {
	if err := c.allowed(); err != nil && path != mePath {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.api+path, nil)
	if err != nil {
		return nil, broken(err)
	}
	req.URL.RawQuery = q.Encode()
	req.Header.Set("Authorization", "Bearer "+access)
	req.Header.Set("Accept", "application/json")
	status, header, body, err := c.roundTrip(req)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, c.refusal(status, header, body)
	}
	return body, nil
}

// unanswered is [broken] for a request that was on its way. It tells a caller who did not wait that X may have
// answered.
func unanswered(req *http.Request, err error) error {
	out := broken(err)
	if errors.Is(req.Context().Err(), context.Canceled) {
		return fault.XUnavailable.Because(fmt.Errorf("%w: %w", ErrCutOff, fault.From(out).Cause))
	}
	return out
}

// roundTrip sends req and reads the whole, bounded answer.
func (c *Client) roundTrip(req *http.Request) (int, http.Header, []byte, error) {
	req.Header.Set("User-Agent", "repazoo")
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, nil, unanswered(req, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return 0, nil, nil, unanswered(req, err)
	}
	if len(body) > maxBody {
		return 0, nil, nil, fault.XUnavailable.Because(errTooLarge)
	}
	return res.StatusCode, res.Header, body, nil
}

package xapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

// Causes to compare with errors.Is. They arrive wrapped in a fault.XUnavailable.
var (
	ErrDead         = errors.New("xapi: the code or refresh token is spent, expired or revoked")
	ErrUnauthorized = errors.New("xapi: the access token is not accepted")
	ErrForbidden    = errors.New("xapi: the access token does not permit this")
	ErrCreditsGone  = errors.New("xapi: the app's prepaid credits are used up")
	ErrCutOff       = errors.New("xapi: the caller did not wait for the answer, which X may have charged for")
	ErrMalformed    = errors.New("xapi: the answer could not be understood")

	errTooLarge = errors.New("xapi: the answer is larger than 8 MiB")
	errNotAnID  = errors.New("xapi: an id is not a number")
)

// RateLimited is the cause of a 429. Find it with errors.AsType[*RateLimited].
type RateLimited struct {
	Reset      time.Time // when the window ends; with MonthlyCap the start of the next month in UTC, as X does not say
	MonthlyCap bool      // the app's monthly cap of post reads, not a user's 15-minute window
}

// Error names the window and its end.
func (e *RateLimited) Error() string {
	if e.MonthlyCap {
		return "xapi: the monthly cap of post reads is reached"
	}
	return "xapi: rate limited until " + e.Reset.UTC().Format(time.RFC3339)
}

// Refused is the cause of every other answer that is not a success.
type Refused struct {
	Status int
	// the last segment of the problem's type or the OAuth error code, such as "resource-not-found"; may be empty
	Type string
}

// Error names the status and the type.
func (e *Refused) Error() string { return fmt.Sprintf("xapi: X answered %d %s", e.Status, e.Type) }

// problem is the shape of X's refusals: a problem itself, a list of them, or an OAuth error.
type problem struct {
	Type   string `json:"type"`
	Error  string `json:"error"`
	Errors []struct {
		Type string `json:"type"`
	} `json:"errors"`
}

var plainType = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// problemType is the last path segment of a body's problem type, or its OAuth error code; "" when there is none. X
// writes both api.x.com and api.twitter.com in front, so only the segment counts.
func problemType(body []byte) string {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		return ""
	}
	for _, e := range p.Errors {
		if p.Type == "" {
			p.Type = e.Type
		}
	}
	return lastSegment(cmp.Or(p.Type, p.Error))
}

// lastSegment is the part of a problem type that says what happened; "" when it is not a plain word, so that nothing
// else of an answer reaches an error.
func lastSegment(problemType string) string {
	if t := path.Base(problemType); plainType.MatchString(t) {
		return t
	}
	return ""
}

// refusal turns an answer that is not a success into the error the package promises.
func (c *Client) refusal(status int, header http.Header, body []byte) error {
	kind := problemType(body)
	if name := nameOf(status, kind); name == nameCredentials || name == nameApp {
		return (&Refused{status, kind}).said() // no connection of a person is to blame
	}
	switch status {
	case http.StatusUnauthorized:
		return fault.XUnavailable.Saying("X no longer accepts the connection to this account. Try again; if it stays, " +
			"reconnect the account.").
			Because(&refusedAs{ErrUnauthorized, Refused{status, kind}})
	case http.StatusPaymentRequired:
		return c.pause()
	case http.StatusForbidden:
		return fault.XUnavailable.Saying("X does not permit this for the account. Reconnect it and allow what is asked for.").
			Because(&refusedAs{ErrForbidden, Refused{status, kind}})
	case http.StatusTooManyRequests:
		return c.rateLimited(header, kind == "usage-capped")
	}
	return (&Refused{status, kind}).said()
}

func (c *Client) rateLimited(header http.Header, monthly bool) error {
	now := c.now()
	e := &RateLimited{Reset: resetTime(header, now), MonthlyCap: monthly}
	if !monthly {
		return fault.XUnavailable.Saying("X asks us to wait before reading more from this account. Try again later.").
			After(e.Reset.Sub(now)).Because(e)
	}
	u := now.UTC()
	e.Reset = time.Date(u.Year(), u.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	return fault.XUnavailable.Saying("This month's reads from X are used up. Upload your X archive instead, or wait " +
		"for the next month.").
		After(e.Reset.Sub(now)).Because(e)
}

// resetTime reads when a window ends, at most a day ahead.
func resetTime(h http.Header, now time.Time) time.Time {
	if s, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64); err == nil {
		if t := time.Unix(s, 0); t.After(now) && t.Before(now.Add(24*time.Hour)) {
			return t
		}
	}
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s > 0 && s <= 86400 {
		return now.Add(time.Duration(s) * time.Second)
	}
	return now.Add(windowGuess)
}

// pause stops every call that costs credits for a while.
func (c *Client) pause() error {
	c.mu.Lock()
	c.paused = c.now().Add(creditsPause)
	c.mu.Unlock()
	return creditsGone(creditsPause)
}

// allowed reports the pause that is still running, if any.
func (c *Client) allowed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := c.paused.Sub(c.now()); left > 0 {
		return creditsGone(left)
	}
	return nil
}

func creditsGone(left time.Duration) error {
	return fault.XUnavailable.Saying("Reading from X is paused for everyone right now. Upload your X archive instead, " +
		"or try again later.").
		After(left).Because(ErrCreditsGone)
}

// broken wraps a failed round trip. The address is taken out: it may hold page tokens.
func broken(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.XUnavailable.Saying("X took too long to answer. Try again in a few minutes.").Because(err)
	}
	return fault.XUnavailable.Because(err)
}

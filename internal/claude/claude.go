// Package claude asks Anthropic's Messages API, or any server that speaks it.
//
// It knows how to ask one question and how asking can fail; it knows nothing of posts. A [Request] has a stable part
// (System, cached by the provider when it is byte-identical) and a part that changes (User). The answer follows a JSON
// schema, but only usually: it is not valid JSON after a refusal or a full budget of tokens, so read [Answer].Stop
// first and validate what you read.
//
//	c := claude.New(claude.Config{APIKey: key})
//	answer, err := c.Ask(ctx, claude.Request{Model: "claude-haiku-5-5", System: rubric, User: data, Schema: schema, MaxTokens: 16_000, Effort: "low"})
//
// Every error is a [fault.ModelUnavailable] whose cause is a [*Failure]: whether asking again later can help, and when.
// Neither holds the key, the question or the answer. [retry] is the one loop that asks again.
//
// Many questions that can wait a day travel as a batch, for half the price (batches.go).
//
// Of Anthropic's official SDK the tests alone make use: it is a tenth of a program that needs few calls of it, because
// it registers every type it has when the program starts. TestWire compares what both send and read
// (docs/decisions/0021-two-calls-of-the-messages-api.md).
package claude

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	productionURL   = "https://api.anthropic.com"
	defaultTimeout  = 2 * time.Minute
	defaultAttempts = 4
)

// Config says how to reach the API. One of APIKey and Token is required, by Anthropic; a server of one's own may want
// neither.
type Config struct {
	APIKey      string        // sent as X-Api-Key
	Token       string        // sent as a bearer token, which gateways and local servers take
	BaseURL     string        // default https://api.anthropic.com
	HTTP        *http.Client  // default a client of its own; redirects are never followed, they would carry the key away
	Timeout     time.Duration // of one attempt, default 2 minutes; none begins after MaxAttempts times this
	MaxAttempts int           // default 4
	MaxInFlight int           // questions to one model at once, default 32: it begins with 4 and learns from the answers
}

// Client asks. It is safe for concurrent use.
type Client struct {
	http     *http.Client
	key      atomic.Pointer[string]
	token    string
	base     string
	timeout  time.Duration
	attempts int
	flying   int      // MaxInFlight
	windows  sync.Map // of *window, by model
}

// New makes a Client. It reads nothing from the environment.
func New(cfg Config) *Client {
	c := &Client{
		http:     withoutRedirects(cfg.HTTP),
		token:    cfg.Token,
		base:     cmp.Or(cfg.BaseURL, productionURL),
		timeout:  cmp.Or(cfg.Timeout, defaultTimeout),
		attempts: cmp.Or(cfg.MaxAttempts, defaultAttempts),
		flying:   cmp.Or(cfg.MaxInFlight, mostFlying),
	}
	c.SetKey(cfg.APIKey)
	return c
}

// SetKey replaces the API key for the calls that begin from now on, and for further tries of those under way.
func (c *Client) SetKey(key string) { c.key.Store(&key) }

// Host names who receives what is asked: "anthropic", "sandbox" for the stand-in on this machine, or the host's name.
func (c *Client) Host() string {
	u, err := url.Parse(c.base)
	if err != nil {
		return "unknown"
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	switch {
	case u.Hostname() == "api.anthropic.com":
		return "anthropic"
	case loopback && strings.TrimSuffix(u.Path, "/") == "/claude":
		return "sandbox"
	default:
		return u.Hostname()
	}
}

// Request is one question.
type Request struct {
	Model     string
	System    string         // the same bytes every time: the provider caches it
	User      string         // what changes
	Schema    map[string]any // JSON schema of the answer; every object needs additionalProperties false. nil: plain text
	MaxTokens int64          // for thinking and answer together
	Effort    string         // low, medium, high, xhigh or max; "" is the provider's default
	Turn      string         // not sent: for whom it is asked. Where questions wait, those of different turns take turns.
	Ahead     bool           // not sent: it ends what others of its turn only begin, so it waits before them
}

// Answer is what the model said.
type Answer struct {
	Text  string // the text blocks, joined; thinking is left out
	Stop  string // end_turn, or refusal, max_tokens, model_context_window_exceeded: then Text is not to be relied on
	Usage Usage
	Model string        // as the provider names it
	Took  time.Duration // of the attempt that brought it, without what was waited before
}

// Usage is what one answer cost in tokens. The four do not overlap.
type Usage struct {
	Input      int64 // neither read from nor written to the cache
	Output     int64
	CacheRead  int64
	CacheWrite int64
}

// Ask asks once, and again after failures that may pass, until MaxAttempts or the deadline. It waits before it asks
// while as many questions are in flight as the provider bears (window.go); that wait does not count. An answer that the
// provider's content filter holds back is an Answer that stopped with a refusal, because it concerns what was asked and
// nothing else.
func (c *Client) Ask(ctx context.Context, r Request) (Answer, error) {
	w := c.window(r.Model)
	var waited time.Duration
	return retryInTurn(ctx, c, &waited, func(ctx context.Context) (Answer, error) {
		at := time.Now()
		if err := w.enter(ctx, r.Turn, r.Ahead, c.patience()); err != nil {
			return Answer{}, err
		}
		began := time.Now()
		waited += began.Sub(at)
		var msg message
		err := c.call(ctx, http.MethodPost, "/v1/messages", newParams(r), &msg)
		w.leave(r.Turn, began, msg.header, Usage(msg.Usage), err)
		if err != nil && failure(err).Code == filtered {
			return Answer{Stop: "refusal", Model: r.Model}, nil
		}
		if err != nil {
			return Answer{}, err
		}
		answer, err := msg.answer()
		answer.Took = time.Since(began)
		return answer, err
	})
}

// patience is how long a question may take with its attempts and the waits between them.
func (c *Client) patience() time.Duration { return time.Duration(c.attempts) * c.timeout }

// window is that of a model.
func (c *Client) window(model string) *window {
	if w, ok := c.windows.Load(model); ok {
		return w.(*window)
	}
	w, _ := c.windows.LoadOrStore(model, newWindow(c.flying))
	return w.(*window)
}

// Windows is how many questions may be in flight now, by the models that were asked.
func (c *Client) Windows() map[string]int {
	out := map[string]int{}
	c.windows.Range(func(model, w any) bool {
		out[model.(string)] = w.(*window).allowed()
		return true
	})
	return out
}

// InFlight is how many questions to a model may be in flight now, and how many at most.
func (c *Client) InFlight(model string) (now, most int) { return c.window(model).allowed(), c.flying }

// ModelInfo is what the provider says of a model.
type ModelInfo struct {
	ID        string
	Name      string    // for people
	Lifecycle string    // active, deprecated (still answers) or retired (refuses)
	RetiresAt time.Time // zero while no date is set
	MaxInput  int64     // tokens
	MaxOutput int64     // tokens
}

// Model looks a model up. An unknown one is a permanent failure with status 404.
func (c *Client) Model(ctx context.Context, id string) (ModelInfo, error) {
	return retry(ctx, c, func(ctx context.Context) (ModelInfo, error) {
		var m model
		if err := c.call(ctx, http.MethodGet, "/v1/models/"+url.PathEscape(id), nil, &m); err != nil {
			return ModelInfo{}, err
		}
		return m.info()
	})
}

func withoutRedirects(h *http.Client) *http.Client {
	var c http.Client
	if h != nil {
		c = *h
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// Package claude asks Anthropic's Messages API through the official SDK.
//
// It knows how to ask one question and how asking can fail; it knows nothing of posts. A [Request] has a stable part
// (System, cached by the provider when it is byte-identical) and a part that changes (User). The answer follows a JSON
// schema, but only usually: it is not valid JSON after a refusal or a full budget of tokens, so read [Answer].Stop first
// and validate what you read.
//
//	c := claude.New(claude.Config{APIKey: key})
//	answer, err := c.Ask(ctx, claude.Request{Model: "claude-haiku-5-5", System: rubric, User: data, Schema: schema, MaxTokens: 16_000, Effort: "low"})
//
// Every error is a [fault.ModelUnavailable] whose cause is a [*Failure]: whether asking again later can help, and when.
// Neither holds the key, the question or the answer. There is one retry loop, here; the SDK's own is off, because it
// waits as long as the provider says and asks again after a spending limit.
package claude

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

const (
	productionURL   = "https://api.anthropic.com"
	defaultTimeout  = 2 * time.Minute
	defaultAttempts = 4
	maxAnswerBytes  = 8 << 20
)

// Config says how to reach the API. Only APIKey is required.
type Config struct {
	APIKey      string
	BaseURL     string        // default https://api.anthropic.com
	HTTP        *http.Client  // default a client of its own; redirects are never followed, they would carry the key away
	Timeout     time.Duration // of one attempt, default 2 minutes; a call with its waits takes at most MaxAttempts times this
	MaxAttempts int           // default 4
}

// Client asks. It is safe for concurrent use.
type Client struct {
	api      anthropic.Client
	key      atomic.Pointer[string]
	base     string
	timeout  time.Duration
	attempts int
}

// New makes a Client. It reads nothing from the environment.
func New(cfg Config) *Client {
	c := &Client{
		base:     cmp.Or(cfg.BaseURL, productionURL),
		timeout:  cmp.Or(cfg.Timeout, defaultTimeout),
		attempts: cmp.Or(cfg.MaxAttempts, defaultAttempts),
	}
	c.api = anthropic.NewClient(
		option.WithoutEnvironmentDefaults(),
		option.WithoutOpenTelemetry(),
		option.WithBaseURL(c.base),
		option.WithHTTPClient(withoutRedirects(cfg.HTTP)),
		option.WithMaxRetries(0),
		option.WithRequestTimeout(c.timeout),
		option.WithMiddleware(c.authenticate, boundAnswer),
	)
	c.SetKey(cfg.APIKey)
	return c
}

// SetKey replaces the API key for the calls that begin from now on, and for further tries of those under way.
func (c *Client) SetKey(key string) { c.key.Store(&key) }

func (c *Client) authenticate(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	r.Header.Set("X-Api-Key", *c.key.Load())
	return next(r)
}

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
}

// Answer is what the model said.
type Answer struct {
	Text  string // the text blocks, joined; thinking is left out
	Stop  string // end_turn, or refusal, max_tokens, model_context_window_exceeded: then Text is not to be relied on
	Usage Usage
	Model string // as the provider names it
}

// Usage is what one answer cost in tokens. The four do not overlap.
type Usage struct {
	Input      int64 // neither read from nor written to the cache
	Output     int64
	CacheRead  int64
	CacheWrite int64
}

// Ask asks once, and again after failures that may pass, until MaxAttempts or the deadline. An answer that the provider's
// content filter holds back is an Answer that stopped with a refusal, because it concerns what was asked and nothing else.
func (c *Client) Ask(ctx context.Context, r Request) (Answer, error) {
	return retry(ctx, c, func(ctx context.Context) (Answer, error) {
		msg, err := c.api.Messages.New(ctx, params(r))
		if err != nil && failure(err).Code == filtered {
			return Answer{Stop: "refusal", Model: r.Model}, nil
		}
		if err != nil {
			return Answer{}, err
		}
		return answer(msg)
	})
}

func params(r Request) anthropic.MessageNewParams {
	p := anthropic.MessageNewParams{
		Model:        r.Model,
		MaxTokens:    r.MaxTokens,
		Messages:     []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(r.User))},
		OutputConfig: anthropic.OutputConfigParam{Effort: anthropic.OutputConfigEffort(r.Effort)},
	}
	if r.System != "" {
		p.System = []anthropic.TextBlockParam{{Text: r.System, CacheControl: anthropic.NewCacheControlEphemeralParam()}}
	}
	if r.Schema != nil {
		p.OutputConfig.Format = anthropic.JSONOutputFormatParam{Schema: r.Schema}
	}
	return p
}

// answer picks blocks by type: a thinking block may come first.
func answer(msg *anthropic.Message) (Answer, error) {
	if msg == nil || msg.StopReason == "" {
		return Answer{}, errUnreadable
	}
	var text strings.Builder
	for _, block := range msg.Content {
		if block.Type == "text" {
			text.WriteString(block.Text)
		}
	}
	u := msg.Usage
	return Answer{
		Text:  text.String(),
		Stop:  string(msg.StopReason),
		Usage: Usage{Input: u.InputTokens, Output: u.OutputTokens, CacheRead: u.CacheReadInputTokens, CacheWrite: u.CacheCreationInputTokens},
		Model: msg.Model,
	}, nil
}

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
		m, err := c.api.Models.Get(ctx, id, anthropic.ModelGetParams{})
		if err != nil {
			return ModelInfo{}, err
		}
		if m.ID == "" {
			return ModelInfo{}, errUnreadable
		}
		return ModelInfo{
			ID: m.ID, Name: m.DisplayName, Lifecycle: string(m.Lifecycle), RetiresAt: m.RetiresAt,
			MaxInput: m.MaxInputTokens, MaxOutput: m.MaxTokens,
		}, nil
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

// boundAnswer cuts an answer that is too long to be one; what is left does not parse.
func boundAnswer(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	res, err := next(r)
	if err != nil {
		return res, err
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, maxAnswerBytes), res.Body}
	return res, nil
}

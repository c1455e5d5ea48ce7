package claude

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// APIKey is the key the stand-in accepts unless [Config] names another.
const APIKey = "sandbox-claude-key"

const (
	cacheTTL  = 5 * time.Minute
	minPrefix = 1024     // tokens; a shorter prefix is not cached
	context   = 200_000  // tokens
	maxOutput = 64_000   // tokens
	maxBody   = 32 << 20 // bytes
)

// Config configures the stand-in of Claude.
type Config struct {
	APIKey     string        // default APIKey
	BatchTakes time.Duration // how long a batch is processed, by the sandbox's clock; default 2 minutes
}

// Server is the stand-in of Anthropic's Messages API: POST /v1/messages, GET /v1/models and /v1/messages/batches.
//
// It refuses what the real one refuses (rules.go), answers in the real shape with a thinking block first, counts
// tokens as a quarter of the bytes, and remembers cached prefixes for five minutes of the sandbox's clock. What it says
// of posts comes from a short word list (words.go), so the same posts always get the same verdicts.
type Server struct {
	cfg Config
	now func() time.Time
	mux *http.ServeMux

	mu      sync.Mutex
	calls   int
	cache   map[[32]byte]time.Time // when a prefix was last used
	retires map[string]time.Time
	faults  []*Fault
	batches []*batch // the oldest first
}

// New makes the stand-in. Its clock is now.
func New(cfg Config, now func() time.Time) *Server {
	c := &Server{
		cfg: cfg, now: now, mux: http.NewServeMux(), cache: map[[32]byte]time.Time{}, retires: map[string]time.Time{},
	}
	c.mux.HandleFunc("POST /v1/messages", c.serveMessages)
	c.mux.HandleFunc("POST /v1/messages/batches", c.createBatch)
	c.mux.HandleFunc("GET /v1/messages/batches", c.listBatches)
	c.mux.HandleFunc("GET /v1/messages/batches/{id}", c.onBatch(c.showBatch))
	c.mux.HandleFunc("GET /v1/messages/batches/{id}/results", c.onBatch(c.showResults))
	c.mux.HandleFunc("POST /v1/messages/batches/{id}/cancel", c.onBatch(c.cancelBatch))
	c.mux.HandleFunc("DELETE /v1/messages/batches/{id}", c.onBatch(c.deleteBatch))
	c.mux.HandleFunc("GET /v1/models", c.serveModels)
	c.mux.HandleFunc("GET /v1/models/{id}", c.serveModel)
	c.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		c.refuse(w, &apiError{http.StatusNotFound, "not_found_error", "Not found", ""})
	})
	return c
}

// ServeHTTP sees paths without the prefix /claude.
func (c *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Request-Id", c.nextID("req"))
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r.URL.Path))
	if err := c.checkHeaders(r.Header); err != nil {
		c.refuse(w, err)
		return
	}
	c.mux.ServeHTTP(w, r)
}

func (c *Server) nextID(prefix string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return fmt.Sprintf("%s_sandbox_%06d", prefix, c.calls)
}

func (c *Server) serveMessages(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.refuse(w, &apiError{http.StatusRequestEntityTooLarge, "request_too_large", "Request exceeds the maximum size", ""})
		return
	}
	req, refusal := parseClaude(body)
	if refusal == nil {
		refusal = c.checkModel(req.Model)
	}
	if refusal != nil {
		c.refuse(w, refusal)
		return
	}
	posts := postsIn(req.userText())
	kind := c.takeFault(posts, Kind.ofCalls)
	if kind.answerInstead(w, c) {
		return
	}
	web.JSON(w, http.StatusOK, c.message(req, kind.say(posts), "standard"))
}

// say is what the stand-in says of posts, or of passages in a second question.
func (k Kind) say(posts []sentPost) spoken {
	if slices.ContainsFunc(posts, func(p sentPost) bool { return p.Passage != "" }) {
		return k.second(posts)
	}
	return k.spoil(posts, answerPosts(posts))
}

// spoken is what the stand-in would say, and why it stopped.
type spoken struct{ text, stop string }

// message is the answer as it travels, cut where max_tokens cuts it.
func (c *Server) message(req *request, say spoken, tier string) map[string]any {
	const thinking = "Reading each post on its own." // first, as the real one does: a client must pick blocks by type
	budget := req.MaxTokens*4 - len(thinking)
	if len(say.text) > budget {
		say = spoken{say.text[:max(0, budget)], "max_tokens"}
	}
	content := []map[string]any{{"type": "thinking", "thinking": thinking, "signature": "c2FuZGJveA=="}}
	if say.text != "" {
		content = append(content, map[string]any{"type": "text", "text": say.text})
	}
	usage := c.usage(req)
	usage["output_tokens"], usage["service_tier"] = tokens(len(thinking)+len(say.text)), tier
	return map[string]any{
		"id": c.nextID("msg"), "type": "message", "role": "assistant", "model": req.Model, "content": content,
		"stop_reason": say.stop, "stop_sequence": nil, "usage": usage,
	}
}

// usage counts the input, of which a prefix that was seen lately is read from the cache.
func (c *Server) usage(req *request) map[string]any {
	prefix := tokens(req.prefixBytes)
	u := map[string]any{
		"input_tokens": req.tokens(), "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
	}
	if prefix < minPrefix {
		return u
	}
	u["input_tokens"] = req.tokens() - prefix
	key := sha256.Sum256([]byte(req.Model + "\x00" + string(req.OutputConfig) + "\x00" + req.prefix))
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if used, ok := c.cache[key]; ok && now.Sub(used) < cacheTTL {
		u["cache_read_input_tokens"] = prefix
	} else {
		u["cache_creation_input_tokens"] = prefix
	}
	maps.DeleteFunc(c.cache, func(_ [32]byte, used time.Time) bool { return now.Sub(used) >= cacheTTL })
	c.cache[key] = now
	return u
}

func tokens(bytes int) int { return (bytes + 3) / 4 }

type model struct {
	id, name, line string
	retired        bool
}

func models() []model {
	return []model{
		{"claude-opus-5-5", "Claude Opus 5.5", "opus", false},
		{"claude-sonnet-5-5", "Claude Sonnet 5.5", "sonnet", false},
		{"claude-haiku-5-5", "Claude Haiku 5.5", "haiku", false},
		{"claude-3-5-sonnet-20241022", "Claude Sonnet 3.5", "sonnet", true},
		{"claude-3-haiku-20240307", "Claude Haiku 3", "haiku", true},
	}
}

// Retire announces that model stops answering at a time of the sandbox's clock. Until then it is deprecated.
func (c *Server) Retire(model string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retires[model] = at
}

// describe is the model as GET /v1/models shows it. A retired model stays in the catalogue.
func (c *Server) describe(m model) map[string]any {
	c.mu.Lock()
	at, announced := c.retires[m.id]
	c.mu.Unlock()
	out := map[string]any{
		"type": "model", "id": m.id, "display_name": m.name, "line": m.line, "lifecycle": "active",
		"created_at":    "2026-01-01T00:00:00Z",
		"deprecated_at": nil, "retires_at": nil, "max_input_tokens": context, "max_tokens": maxOutput,
	}
	if announced {
		out["lifecycle"], out["retires_at"] = "deprecated", at.UTC().Format(time.RFC3339)
	}
	if m.retired || announced && !c.now().Before(at) {
		out["lifecycle"] = "retired"
	}
	return out
}

func (c *Server) checkModel(id string) *apiError {
	i := slices.IndexFunc(models(), func(m model) bool { return m.id == id })
	if i < 0 || c.describe(models()[i])["lifecycle"] == "retired" {
		return &apiError{http.StatusNotFound, "not_found_error", "model: " + id, ""}
	}
	return nil
}

func (c *Server) serveModels(w http.ResponseWriter, _ *http.Request) {
	var data []map[string]any
	for _, m := range models() {
		data = append(data, c.describe(m))
	}
	web.JSON(w, http.StatusOK, map[string]any{
		"data": data, "has_more": false, "first_id": data[0]["id"], "last_id": data[len(data)-1]["id"],
	})
}

func (c *Server) serveModel(w http.ResponseWriter, r *http.Request) {
	for _, m := range models() {
		if m.id == r.PathValue("id") {
			web.JSON(w, http.StatusOK, c.describe(m))
			return
		}
	}
	c.refuse(w, &apiError{http.StatusNotFound, "not_found_error", "model: " + r.PathValue("id"), ""})
}

// apiError is a refusal in the API's own shape.
type apiError struct {
	status        int
	kind, message string
	code          string // error.details.error_code, when there is one
}

func (c *Server) refuse(w http.ResponseWriter, e *apiError) {
	web.JSON(w, e.status, e.body(w.Header().Get("Request-Id")))
}

// body is the error as it travels.
func (e *apiError) body(requestID string) map[string]any {
	inner := map[string]any{"type": e.kind, "message": e.message}
	if e.code != "" {
		inner["details"] = map[string]any{"error_code": e.code}
	}
	return map[string]any{"type": "error", "error": inner, "request_id": requestID}
}

// Kind is a way the stand-in of Claude misbehaves beyond what the sandbox's own faults can do.
type Kind string

// The kinds. Those that spoil an answer still charge for it, as the real service does.
const (
	Refuses      Kind = "refusal"        // stop_reason refusal
	MaxTokens    Kind = "max_tokens"     // the answer is cut
	Context      Kind = "context"        // stop_reason model_context_window_exceeded
	Malformed    Kind = "malformed"      // end_turn, but not JSON
	Forgetful    Kind = "forgetful"      // valid JSON that lacks the last post
	Invents      Kind = "invented_quote" // a claim about words that are in no post
	UnknownPost  Kind = "unknown_post"   // a claim about a post that was not sent
	UnknownLabel Kind = "unknown_label"  // a claim with a category that does not exist
	Gullible     Kind = "gullible"       // does what a post says that talks to it: calls every post of the call clean
	Overloaded   Kind = "overloaded"     // 529
	RateLimited  Kind = "rate_limited"   // 429 with Retry-After: 7
	SpendLimit   Kind = "spend_limit"    // 429 that no waiting cures
	Filtered     Kind = "filtered"       // 400: the provider's content filter
	NoCredit     Kind = "no_credit"      // 400: the account's credit is used up
	Local        Kind = "local"          // as servers of local models answer: prose, a fence, unknown fields, no tokens
	Confirms     Kind = "confirms"       // answers yes to every second question
	Labels       Kind = "labels_people"  // gives reasons and themes that name traits of the author
	honest       Kind = ""
)

// The kinds that only batches have: whatever they spoil, no direct call notices.
const (
	BatchErrored    Kind = "batch_errored"    // a request ends as errored, by a fault of the provider
	BatchExpired    Kind = "batch_expired"    // a request is not processed within the day
	BatchStuck      Kind = "batch_stuck"      // the batch never ends, not even after its day
	BatchStranger   Kind = "batch_stranger"   // a result under a custom_id that nobody sent
	BatchDoubled    Kind = "batch_doubled"    // the same result line twice
	BatchBroken     Kind = "batch_broken"     // a result line that is no JSON
	BatchUnanswered Kind = "batch_unanswered" // the batch is created, and the connection breaks before the answer
)

// Fault switches a kind on for the next Times calls whose posts hold the word Containing.
type Fault struct {
	Kind       Kind
	Times      int    // 0 means 1, negative means every call
	Containing string // empty matches every call
}

// Fail switches f on. Faults that match the same call are used up in the order they were added.
func (c *Server) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, &f)
}

// ofCalls are the faults that a direct call meets.
func (k Kind) ofCalls() bool { return !strings.HasPrefix(string(k), "batch_") }

// ofAnyCall are the faults that have nothing to do with what is asked.
func (k Kind) ofAnyCall() bool {
	return slices.Contains([]Kind{Overloaded, RateLimited, SpendLimit, NoCredit}, k)
}

// ofRequests are the faults that a request of a batch meets; the others met the batch when it was created.
func (k Kind) ofRequests() bool { return !k.ofAnyCall() }

func (c *Server) takeFault(posts []sentPost, of func(Kind) bool) Kind {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		if !of(f.Kind) {
			continue
		}
		holds := slices.ContainsFunc(posts, func(p sentPost) bool { return strings.Contains(p.Text, f.Containing) })
		if f.Times != 0 && (holds || f.Containing == "") {
			if f.Times > 0 {
				f.Times--
			}
			return f.Kind
		}
	}
	return honest
}

// answerInstead writes the kinds that are errors, and reports whether it did.
func (k Kind) answerInstead(w http.ResponseWriter, c *Server) bool {
	refusal := k.refusal()
	if refusal == nil {
		return false
	}
	if refusal.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "7")
	}
	c.refuse(w, refusal)
	return true
}

// refusal is the error of the kinds that are errors, nil of the others.
func (k Kind) refusal() *apiError {
	switch k {
	case Overloaded:
		return &apiError{529, "overloaded_error", "Overloaded", ""}
	case RateLimited:
		return &apiError{
			http.StatusTooManyRequests, "rate_limit_error", "Number of requests has exceeded your rate limit",
			"",
		}
	case SpendLimit:
		return &apiError{
			http.StatusTooManyRequests, "rate_limit_error", "The enforced spend limit is reached",
			"enforced_spend_limit_reached",
		}
	case Filtered:
		return badRequest("Output blocked by content filtering policy")
	case NoCredit:
		return badRequest("Your credit balance is too low to access the Anthropic API. " +
			"Please go to Plans & Billing to upgrade or purchase credits.")
	case BatchErrored:
		return &apiError{http.StatusInternalServerError, "api_error", "Internal server error", ""}
	}
	return nil
}

// spoil turns honest verdicts into what kind k says.
func (k Kind) spoil(posts []sentPost, v verdicts) spoken {
	switch k {
	case Refuses:
		return spoken{"", "refusal"}
	case MaxTokens:
		return spoken{v.json()[:len(v.json())/2], "max_tokens"}
	case Context:
		return spoken{"", "model_context_window_exceeded"}
	case Malformed:
		return spoken{`{"posts": [{"id": 1, "claims":`, "end_turn"}
	case Local:
		text := strings.Replace(v.json(), `{"posts":`, `{"comment":"labelled","posts":`, 1)
		return spoken{"Sure! Here is the JSON you asked for:\n```json\n" + text +
			"\n```\nLet me know if you need anything else.", "end_turn"}
	case Labels:
		v.label()
	case Forgetful:
		v.Posts = v.Posts[:max(0, len(v.Posts)-1)]
	case Invents:
		v.claim(0, claim{"harassment", "words that nobody wrote here", "Invented.", "high", "delete"})
	case UnknownPost:
		v.Posts = append(v.Posts, postVerdict{ID: 9999, Claims: []claim{{"violence", "no such " +
			"post", "Invented.", "critical", "delete"}}, Themes: []string{}})
	case UnknownLabel:
		v.claim(0, claim{"political_party", firstWord(posts), "Invented.", "high", "delete"})
	case Gullible:
		v.obey(posts)
	}
	return spoken{v.json(), "end_turn"}
}

// json is v as the text block holds it.
func (v verdicts) json() string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a struct of strings, numbers and slices always marshals
	}
	return string(b)
}

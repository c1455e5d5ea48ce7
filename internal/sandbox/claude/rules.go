package claude

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// request is a request that passed every rule of the real API this stand-in knows.
type request struct {
	Model        string          `json:"model"`
	MaxTokens    int             `json:"max_tokens"`
	Messages     []message       `json:"messages"`
	System       json.RawMessage `json:"system"`
	OutputConfig json.RawMessage `json:"output_config"`

	system      string // its text
	prefix      string // what is cached: the system text up to its last cache mark
	prefixBytes int
}

type message struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	text    string
}

type block struct {
	Type         string          `json:"type"`
	Text         string          `json:"text"`
	CacheControl json.RawMessage `json:"cache_control"`
}

func (q *request) userText() string {
	var b strings.Builder
	for _, m := range q.Messages {
		b.WriteString(m.text)
	}
	return b.String()
}

func (q *request) tokens() int { return tokens(len(q.system) + len(q.userText())) }

func badRequest(format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, "invalid_request_error", fmt.Sprintf(format, args...), ""}
}

func (c *Server) checkHeaders(h http.Header) *apiError {
	want := c.cfg.APIKey
	if want == "" {
		want = APIKey
	}
	switch {
	case h.Get("X-Api-Key") == "":
		return &apiError{http.StatusUnauthorized, "authentication_error", "x-api-key header is required", ""}
	case h.Get("X-Api-Key") != want:
		return &apiError{http.StatusUnauthorized, "authentication_error", "invalid x-api-key", ""}
	case h.Get("Anthropic-Version") == "":
		return badRequest("anthropic-version: header is required")
	case h.Get("Anthropic-Version") != "2023-06-01":
		return badRequest("anthropic-version: %q is not a valid version", h.Get("Anthropic-Version"))
	}
	return nil
}

// parseClaude applies the rules in an order of our own; only the status and the error's type are promised.
func parseClaude(body []byte) (*request, *apiError) {
	var fields map[string]any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&fields); err != nil {
		return nil, badRequest("The request body is not valid JSON")
	}
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		return nil, badRequest("The request body has a field of the wrong type")
	}
	for _, check := range []func() *apiError{
		func() *apiError { return checkNames(fields) },
		func() *apiError { return checkSampling(fields) },
		func() *apiError { return checkLimits(&req, fields) },
		func() *apiError { return readMessages(&req) },
		func() *apiError { return readSystem(&req) },
		func() *apiError { return checkOutput(fields["output_config"]) },
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	if req.tokens() > context {
		return nil, badRequest("prompt is too long: %d tokens > %d maximum", req.tokens(), context)
	}
	return &req, nil
}

func checkNames(fields map[string]any) *apiError {
	known := []string{
		"model", "messages", "max_tokens", "system", "temperature", "top_k", "top_p", "metadata", "output_config",
		"service_tier",
		"stop_sequences", "stream", "thinking", "tool_choice", "tools", "container", "inference_geo", "speed",
		"cache_control", "diagnostics",
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) {
			return badRequest("%s: Extra inputs are not permitted", name)
		}
	}
	for _, name := range []string{"tools", "tool_choice", "container"} {
		if fields[name] != nil {
			return badRequest("%s: not offered by the sandbox", name)
		}
	}
	if fields["stream"] == true {
		return badRequest("stream: not offered by the sandbox")
	}
	return nil
}

// checkSampling: models of the 5.x line take no sampling parameters but the defaults, and no thinking budget.
func checkSampling(fields map[string]any) *apiError {
	for _, name := range []string{"temperature", "top_p"} {
		if v, ok := fields[name]; ok && fmt.Sprint(v) != "1" && fmt.Sprint(v) != "1.0" {
			return badRequest("%s: may only be set to 1 for this model", name)
		}
	}
	if _, ok := fields["top_k"]; ok {
		return badRequest("top_k: may not be set for this model")
	}
	thinking, ok := fields["thinking"].(map[string]any)
	if !ok {
		return nil
	}
	if _, ok := thinking["budget_tokens"]; ok || thinking["type"] == "enabled" {
		return badRequest("thinking.budget_tokens: not supported by this model; use output_config.effort")
	}
	return nil
}

func checkLimits(req *request, fields map[string]any) *apiError {
	switch {
	case req.Model == "":
		return badRequest("model: Field required")
	case fields["max_tokens"] == nil:
		return badRequest("max_tokens: Field required")
	case req.MaxTokens < 1:
		return badRequest("max_tokens: Input should be greater than or equal to 1")
	case req.MaxTokens > maxOutput:
		return badRequest("max_tokens: %d > %d, which is the maximum for this model", req.MaxTokens, maxOutput)
	case countKey(fields, "cache_control") > 4:
		return badRequest("A maximum of 4 blocks with cache_control may be provided. Found %d.",
			countKey(fields, "cache_control"))
	}
	return nil
}

func countKey(v any, key string) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if k == key && inner != nil {
				n++
			}
			n += countKey(inner, key)
		}
	case []any:
		for _, inner := range v {
			n += countKey(inner, key)
		}
	}
	return n
}

func readMessages(req *request) *apiError {
	if len(req.Messages) == 0 {
		return badRequest("messages: at least one message is required")
	}
	for i, m := range req.Messages {
		if m.Role != "user" && m.Role != "assistant" {
			return badRequest("messages.%d.role: Input should be 'user' or 'assistant'", i)
		}
		blocks, ok := readBlocks(m.Content)
		if !ok || len(blocks) == 0 {
			return badRequest("messages.%d.content: must be a non-empty string or text blocks", i)
		}
		for _, b := range blocks {
			req.Messages[i].text += b.Text
		}
	}
	if req.Messages[len(req.Messages)-1].Role == "assistant" {
		return badRequest("This model does not support assistant message prefill. The conversation must end with a user " +
			"message.")
	}
	return nil
}

func readSystem(req *request) *apiError {
	if req.System == nil {
		return nil
	}
	blocks, ok := readBlocks(req.System)
	if !ok {
		return badRequest("system: must be a string or text blocks")
	}
	for _, b := range blocks {
		req.system += b.Text
		if b.CacheControl != nil {
			req.prefix = req.system
		}
	}
	req.prefixBytes = len(req.prefix)
	return nil
}

// readBlocks takes a string or an array of text blocks; no text may be empty.
func readBlocks(raw json.RawMessage) ([]block, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return []block{{Type: "text", Text: s}}, s != ""
	}
	var blocks []block
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if dec.Decode(&blocks) != nil {
		return nil, false
	}
	return blocks, !slices.ContainsFunc(blocks, func(b block) bool { return b.Type != "text" || b.Text == "" })
}

func checkOutput(v any) *apiError {
	config, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	for name := range config {
		if name != "effort" && name != "format" {
			return badRequest("output_config.%s: Extra inputs are not permitted", name)
		}
	}
	if e, ok := config["effort"]; ok && !slices.Contains([]any{"low", "medium", "high", "xhigh", "max"}, e) {
		return badRequest("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
	}
	format, ok := config["format"].(map[string]any)
	if !ok {
		return nil
	}
	schema, ok := format["schema"].(map[string]any)
	if format["type"] != "json_schema" || !ok {
		return badRequest("output_config.format: needs type 'json_schema' and a schema")
	}
	return checkSchema(schema)
}

// checkSchema refuses what structured outputs do not support: open objects and bounds.
func checkSchema(schema map[string]any) *apiError {
	if schema["type"] == "object" && schema["additionalProperties"] != false {
		return badRequest("output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set " +
			"to false")
	}
	for _, name := range []string{
		"minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems",
		"uniqueItems",
	} {
		if _, ok := schema[name]; ok {
			return badRequest("output_config.format.schema: property '%s' is not supported", name)
		}
	}
	inner := []any{schema["items"]}
	if properties, ok := schema["properties"].(map[string]any); ok {
		inner = slices.AppendSeq(inner, maps.Values(properties))
	}
	for _, v := range inner {
		if s, ok := v.(map[string]any); ok {
			if err := checkSchema(s); err != nil {
				return err
			}
		}
	}
	return nil
}

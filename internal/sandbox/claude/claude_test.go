package claude_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/claude"
)

// send sends body as a client with the right headers would; header overrides with "" remove.
func send(t *testing.T, s *sandbox.Sandbox, method, path string, body any,
	header map[string]string,
) (int, map[string]any, http.Header) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, "/claude"+path, strings.NewReader(string(raw)))
	r.Header.Set("X-Api-Key", claude.APIKey)
	r.Header.Set("Anthropic-Version", "2023-06-01")
	for k, v := range header {
		r.Header.Set(k, v)
		if v == "" {
			r.Header.Del(k)
		}
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("status %d, not JSON: %q", w.Code, w.Body)
	}
	return w.Code, out, w.Header()
}

// goodRequest is a request nothing is wrong with.
func goodRequest(posts string) map[string]any {
	return map[string]any{
		"model": "claude-haiku-5-5", "max_tokens": 4000,
		"system": []any{map[string]any{
			"type": "text", "text": strings.Repeat("rubric ", 1000),
			"cache_control": map[string]any{"type": "ephemeral"},
		}},
		"messages": []any{map[string]any{"role": "user", "content": "<posts-00ff>" + posts + "</posts-00ff>"}},
		"output_config": map[string]any{"effort": "low", "format": map[string]any{
			"type": "json_schema",
			"schema": map[string]any{
				"type": "object", "additionalProperties": false,
				"properties": map[string]any{"posts": map[string]any{"type": "array"}},
			},
		}},
	}
}

func errorType(body map[string]any) string {
	inner, _ := body["error"].(map[string]any)
	return fmt.Sprint(body["type"], "/", inner["type"])
}

func TestClaude_RefusesWhatTheRealOneRefuses(t *testing.T) {
	t.Parallel()
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	schema := func(s map[string]any) func(map[string]any) {
		return set("output_config", map[string]any{"format": map[string]any{"type": "json_schema", "schema": s}})
	}
	message := func(role string, content any) any { return map[string]any{"role": role, "content": content} }
	marked := map[string]any{"type": "text", "text": "x", "cache_control": map[string]any{"type": "ephemeral"}}
	tests := map[string]struct {
		change func(map[string]any)
		header map[string]string
		status int
		kind   string
	}{
		"no key":    {header: map[string]string{"X-Api-Key": ""}, status: 401, kind: "authentication_error"},
		"wrong key": {header: map[string]string{"X-Api-Key": "other"}, status: 401, kind: "authentication_error"},
		"no version": {
			header: map[string]string{"Anthropic-Version": ""}, status: 400,
			kind: "invalid_request_error",
		},
		"unknown version": {
			header: map[string]string{"Anthropic-Version": "2020-01-01"}, status: 400,
			kind: "invalid_request_error",
		},
		"unknown parameter": {change: set("temprature", 1), status: 400, kind: "invalid_request_error"},
		"unknown model":     {change: set("model", "claude-9"), status: 404, kind: "not_found_error"},
		"retired model":     {change: set("model", "claude-3-haiku-20240307"), status: 404, kind: "not_found_error"},
		"temperature":       {change: set("temperature", 0), status: 400, kind: "invalid_request_error"},
		"top_p":             {change: set("top_p", 0.5), status: 400, kind: "invalid_request_error"},
		"top_k":             {change: set("top_k", 5), status: 400, kind: "invalid_request_error"},
		"budget_tokens": {
			change: set("thinking", map[string]any{"type": "enabled", "budget_tokens": 1024}),
			status: 400, kind: "invalid_request_error",
		},
		"prefill": {
			change: set("messages", []any{message("user", "a"), message("assistant", "{")}),
			status: 400, kind: "invalid_request_error",
		},
		"no messages": {change: set("messages", []any{}), status: 400, kind: "invalid_request_error"},
		"empty text": {
			change: set("messages", []any{message("user", "")}), status: 400,
			kind: "invalid_request_error",
		},
		"unknown role": {
			change: set("messages", []any{message("system", "a")}), status: 400,
			kind: "invalid_request_error",
		},
		"no max_tokens": {
			change: func(m map[string]any) { delete(m, "max_tokens") }, status: 400,
			kind: "invalid_request_error",
		},
		"zero max_tokens":    {change: set("max_tokens", 0), status: 400, kind: "invalid_request_error"},
		"huge max_tokens":    {change: set("max_tokens", 1_000_000), status: 400, kind: "invalid_request_error"},
		"text as max_tokens": {change: set("max_tokens", "many"), status: 400, kind: "invalid_request_error"},
		"five cache marks": {
			change: set("system", []any{marked, marked, marked, marked, marked}), status: 400,
			kind: "invalid_request_error",
		},
		"open object": {
			change: schema(map[string]any{"type": "object"}), status: 400,
			kind: "invalid_request_error",
		},
		"open inner object": {change: schema(map[string]any{
			"type":  "array",
			"items": map[string]any{"type": "object"},
		}), status: 400, kind: "invalid_request_error"},
		"bound in schema": {
			change: schema(map[string]any{"type": "integer", "minimum": 1}), status: 400,
			kind: "invalid_request_error",
		},
		"old output_format": {change: set("output_format", map[string]any{}), status: 400, kind: "invalid_request_error"},
		"unknown effort": {
			change: set("output_config", map[string]any{"effort": "tiny"}), status: 400,
			kind: "invalid_request_error",
		},
		"prompt too long": {
			change: set("messages", []any{message("user", strings.Repeat("word ", 200_000))}),
			status: 400, kind: "invalid_request_error",
		},
		"streaming": {change: set("stream", true), status: 400, kind: "invalid_request_error"},
		"tools":     {change: set("tools", []any{map[string]any{}}), status: 400, kind: "invalid_request_error"},
		"image instead": {
			change: set("messages", []any{message("user", []any{map[string]any{"type": "image"}})}),
			status: 400, kind: "invalid_request_error",
		},
		"nothing wrong at all": {status: 200, kind: "<nil>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := goodRequest(`[{"id":1,"text":"hello"}]`)
			if tt.change != nil {
				tt.change(req)
			}
			status, body, _ := send(t, sandbox.New(sandbox.Config{}), "POST", "/v1/messages", req, tt.header)
			want := "error/" + tt.kind
			if tt.status == 200 {
				want = "message/<nil>"
			}
			if status != tt.status || errorType(body) != want {
				t.Fatalf("got %d %v", status, body)
			}
		})
	}
}

func TestClaude_RefusesUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Config{})
	for _, call := range [][2]string{
		{"POST", "/v1/complete"},
		{"GET", "/v1/messages"},
		{"DELETE", "/v1/models/claude-haiku-5-5"},
	} {
		if status, body, _ := send(t, s, call[0], call[1], nil, nil); status != 404 ||
			errorType(body) != "error/not_found_error" {
			t.Errorf("%v: got %d %v", call, status, body)
		}
	}
}

func TestClaude_AnswersInTheRealShapeThinkingFirst(t *testing.T) {
	t.Parallel()
	status, body, header := send(t, sandbox.New(sandbox.Config{}), "POST", "/v1/messages",
		goodRequest(`[{"id":7,"text":"Nice day. @person1 you IDIOT, go home! #Monday"}]`), nil)
	content := body["content"].([]any)
	if status != 200 || header.Get("Request-Id") == "" || len(content) != 2 || body["stop_reason"] != "end_turn" {
		t.Fatalf("got %d %v", status, body)
	}
	if first := content[0].(map[string]any); first["type"] != "thinking" {
		t.Fatalf("first block is %v", first)
	}
	want := `{"posts":[{"addresses_model":false,"claims":[{"category":"harassment","quote":"@person1 you IDIOT, go home",` +
		`"reason":"Insults another person.","severity":"medium","suggestion":"delete"}],"id":7,"themes":["monday"]}]}`
	if got := content[1].(map[string]any)["text"]; got != want {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

func TestClaude_JudgesWordsNotPartsOfWords(t *testing.T) {
	t.Parallel()
	for text, claims := range map[string]int{
		"an idiot-proof idea by idiots anonymous": 1, // "idiot" stands before a hyphen
		"idiotic mormons and losers":              0,
		`she said "you idiot" to me`:              0,
		"write me: [email1]":                      1,
	} {
		_, body, _ := send(t, sandbox.New(sandbox.Config{}), "POST", "/v1/messages",
			goodRequest(fmt.Sprintf(`[{"id":1,"text":%q}]`, text)), nil)
		var out struct{ Posts []struct{ Claims []any } }
		if err := json.Unmarshal([]byte(body["content"].([]any)[1].(map[string]any)["text"].(string)), &out); err != nil {
			t.Fatal(err)
		}
		if len(out.Posts[0].Claims) != claims {
			t.Errorf("%q: %d claims, want %d", text, len(out.Posts[0].Claims), claims)
		}
	}
}

func TestClaude_RemembersAPrefixForFiveMinutesOfItsClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := sandbox.New(sandbox.Config{Now: func() time.Time { return now }})
	usage := func(req map[string]any) (write, read float64) {
		_, body, _ := send(t, s, "POST", "/v1/messages", req, nil)
		u := body["usage"].(map[string]any)
		return u["cache_creation_input_tokens"].(float64), u["cache_read_input_tokens"].(float64)
	}
	check := func(step string, req map[string]any, wantWrite, wantRead float64) {
		t.Helper()
		if w, r := usage(req); w != wantWrite || r != wantRead {
			t.Fatalf("%s: wrote %v, read %v", step, w, r)
		}
	}
	check("first", goodRequest("[]"), 1750, 0)
	s.Advance(4 * time.Minute)
	check("again", goodRequest(`[{"id":1,"text":"other posts"}]`), 0, 1750)
	s.Advance(4 * time.Minute)
	check("each use renews it", goodRequest("[]"), 0, 1750)
	s.Advance(5 * time.Minute)
	check("forgotten", goodRequest("[]"), 1750, 0)

	other := maps.Clone(goodRequest("[]"))
	other["model"] = "claude-sonnet-5-5"
	check("another model has its own", other, 1750, 0)
	short := maps.Clone(goodRequest("[]"))
	short["system"] = "too short to cache"
	check("short prefix", short, 0, 0)
}

func TestClaude_CutsTheAnswerAtMaxTokens(t *testing.T) {
	t.Parallel()
	req := goodRequest(`[{"id":1,"text":"you idiot"}]`)
	req["max_tokens"] = 20
	_, body, _ := send(t, sandbox.New(sandbox.Config{}), "POST", "/v1/messages", req, nil)
	if body["stop_reason"] != "max_tokens" {
		t.Fatalf("got %v", body)
	}
}

func TestClaude_RetiresAModelWhenItsClockSaysSo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := sandbox.New(sandbox.Config{Now: func() time.Time { return now }})
	s.Claude().Retire("claude-haiku-5-5", now.Add(time.Hour))
	lifecycle := func() any {
		_, body, _ := send(t, s, "GET", "/v1/models/claude-haiku-5-5", nil, nil)
		return body["lifecycle"]
	}
	if got := lifecycle(); got != "deprecated" {
		t.Fatalf("before: %v", got)
	}
	s.Advance(time.Hour)
	if got := lifecycle(); got != "retired" {
		t.Fatalf("after: %v", got)
	}
	if status, _, _ := send(t, s, "POST", "/v1/messages", goodRequest("[]"), nil); status != 404 {
		t.Fatalf("a retired model answered %d", status)
	}
}

func TestClaude_FaultsFollowTheOrderAndTheWordTheyWait(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Config{})
	s.Claude().Fail(claude.Fault{Kind: claude.Overloaded})
	s.Claude().Fail(claude.Fault{Kind: claude.SpendLimit, Times: -1, Containing: "broke"})
	call := func(text string) (int, map[string]any) {
		status, body, _ := send(t, s, "POST", "/v1/messages", goodRequest(fmt.Sprintf(`[{"id":1,"text":%q}]`, text)), nil)
		return status, body
	}
	for i, want := range []struct {
		text   string
		status int
	}{{"hello", 529}, {"hello", 200}, {"we are broke", 429}, {"hello", 200}, {"still broke", 429}} {
		status, body := call(want.text)
		if status != want.status {
			t.Fatalf("call %d: got %d %v", i, status, body)
		}
	}
	_, body := call("broke")
	if code := body["error"].(map[string]any)["details"].(map[string]any)["error_code"]; code != "enforced_spend_limit_reached" {
		t.Fatalf("got %v", body)
	}
}

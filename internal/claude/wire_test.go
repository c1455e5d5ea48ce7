package claude_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/sandbox"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
)

// recorded notes what a handler is sent, and answers as it does.
type recorded struct {
	handler http.Handler
	body    any
	header  http.Header
}

func (r *recorded) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	sent, _ := io.ReadAll(req.Body)
	_ = json.Unmarshal(sent, &r.body) // a GET sends nothing
	r.header = req.Header.Clone()
	copied := req.Clone(req.Context())
	copied.Body = io.NopCloser(bytes.NewReader(sent))
	r.handler.ServeHTTP(w, copied)
}

// The official SDK is the measure of what travels: both send the same question, and read the same answer.
func TestWire_IsThatOfTheOfficialSDK(t *testing.T) {
	t.Parallel()
	ours := &recorded{handler: sandbox.New(sandbox.Config{}).Handler()}
	theirs := &recorded{handler: sandbox.New(sandbox.Config{}).Handler()}
	sdk := anthropic.NewClient(
		option.WithoutEnvironmentDefaults(),
		option.WithBaseURL("http://127.0.0.1/claude"),
		option.WithHTTPClient(&http.Client{Transport: inProcess{theirs}}),
		option.WithAPIKey(claudesandbox.APIKey),
	)
	q := question()

	got, err := newClient(ours, claudesandbox.APIKey).Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	want, err := sdk.Messages.New(t.Context(), anthropic.MessageNewParams{
		Model:     q.Model,
		MaxTokens: q.MaxTokens,
		System:    []anthropic.TextBlockParam{{Text: q.System, CacheControl: anthropic.NewCacheControlEphemeralParam()}},
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(q.User))},
		OutputConfig: anthropic.OutputConfigParam{
			Effort: anthropic.OutputConfigEffort(q.Effort), Format: anthropic.JSONOutputFormatParam{Schema: q.Schema},
		},
	})
	if err != nil {
		t.Fatal(err)
	}

	if !reflect.DeepEqual(ours.body, theirs.body) {
		t.Errorf("sent %v, the SDK sends %v", ours.body, theirs.body)
	}
	for _, name := range []string{"Anthropic-Version", "Content-Type", "Accept", "X-Api-Key", "Authorization"} {
		if ours.header.Get(name) != theirs.header.Get(name) {
			t.Errorf("%s is %q, the SDK's %q", name, ours.header.Get(name), theirs.header.Get(name))
		}
	}
	last := want.Content[len(want.Content)-1]
	u := want.Usage
	if got.Text != last.Text || got.Stop != string(want.StopReason) || got.Model != want.Model ||
		got.Usage != (claude.Usage{
			Input: u.InputTokens, Output: u.OutputTokens, CacheRead: u.CacheReadInputTokens,
			CacheWrite: u.CacheCreationInputTokens,
		}) {
		t.Errorf("read %+v, the SDK reads %s", got, want.RawJSON())
	}
}

func TestWire_ModelsAreReadAsTheOfficialSDKReadsThem(t *testing.T) {
	t.Parallel()
	s, c := newPair()
	sdk := anthropic.NewClient(
		option.WithoutEnvironmentDefaults(),
		option.WithBaseURL("http://127.0.0.1/claude"),
		option.WithHTTPClient(&http.Client{Transport: inProcess{s.Handler()}}),
		option.WithAPIKey(claudesandbox.APIKey),
	)
	for _, id := range []string{"claude-haiku-5-5", "claude-3-haiku-20240307"} {
		got, err := c.Model(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		m, err := sdk.Models.Get(t.Context(), id, anthropic.ModelGetParams{})
		if err != nil {
			t.Fatal(err)
		}
		want := claude.ModelInfo{
			ID: m.ID, Name: m.DisplayName, Lifecycle: string(m.Lifecycle), RetiresAt: m.RetiresAt,
			MaxInput: m.MaxInputTokens, MaxOutput: m.MaxTokens,
		}
		if got != want {
			t.Errorf("read %+v, the SDK reads %+v", got, want)
		}
	}
}

// A local server takes no key, or a bearer token; nothing else may go to it.
func TestWire_TokenTravelsAsABearerAndNoEmptyKeyDoes(t *testing.T) {
	t.Parallel()
	local := &recorded{handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn"}`)
	})}
	c := claude.New(claude.Config{
		Token: "local-token", BaseURL: "http://127.0.0.1/", HTTP: &http.Client{Transport: inProcess{local}},
	})
	answer, err := c.Ask(t.Context(), claude.Request{Model: "llama", User: "q", MaxTokens: 10})
	if err != nil || answer.Text != "yes" {
		t.Fatalf("got %+v, %v", answer, err)
	}
	if got := local.header.Get("Authorization"); got != "Bearer local-token" {
		t.Errorf("Authorization is %q", got)
	}
	if _, sent := local.header["X-Api-Key"]; sent {
		t.Error("an empty key was sent")
	}
}

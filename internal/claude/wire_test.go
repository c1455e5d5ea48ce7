//go:build !race

// Compiling the SDK for the race detector takes a minute, and nothing here happens at once: make test runs these tests.

package claude_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"testing"
	"time"

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

// The official SDK is the measure of what travels: both send the same batch and read the same of it.
func TestWire_BatchesAreThoseOfTheOfficialSDK(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Config{})
	ours, theirs := &recorded{handler: s.Handler()}, &recorded{handler: s.Handler()}
	sdk := anthropic.NewClient(
		option.WithoutEnvironmentDefaults(), option.WithBaseURL("http://127.0.0.1/claude"),
		option.WithHTTPClient(&http.Client{Transport: inProcess{theirs}}), option.WithAPIKey(claudesandbox.APIKey),
	)
	c := newClient(ours, claudesandbox.APIKey)
	q := items("you idiot")[0]
	got, err := c.CreateBatch(t.Context(), []claude.BatchItem{q})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sdk.Messages.Batches.New(t.Context(),
		anthropic.MessageBatchNewParams{Requests: []anthropic.MessageBatchNewParamsRequest{{
			CustomID: q.ID,
			Params: anthropic.MessageBatchNewParamsRequestParams{
				Model: q.Model, MaxTokens: q.MaxTokens,
				System:   []anthropic.TextBlockParam{{Text: q.System, CacheControl: anthropic.NewCacheControlEphemeralParam()}},
				Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(q.User))},
				OutputConfig: anthropic.OutputConfigParam{
					Effort: anthropic.OutputConfigEffort(q.Effort), Format: anthropic.JSONOutputFormatParam{Schema: q.Schema},
				},
			},
		}}})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ours.body, theirs.body) {
		t.Errorf("sent %v, the SDK sends %v", ours.body, theirs.body)
	}
	s.Advance(time.Hour)
	want, err := sdk.Messages.Batches.Get(t.Context(), got.ID, anthropic.MessageBatchGetParams{})
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.Batch(t.Context(), got.ID)
	if err != nil || now != (claude.Batch{
		ID: want.ID, Ended: want.ProcessingStatus == "ended", CreatedAt: want.CreatedAt, ExpiresAt: want.ExpiresAt,
		Requests: int(want.RequestCounts.Succeeded),
	}) {
		t.Errorf("read %+v (%v), the SDK reads %s", now, err, want.RawJSON())
	}
	stream := sdk.Messages.Batches.ResultsStreaming(t.Context(), got.ID, anthropic.MessageBatchResultsParams{})
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	line := stream.Current()
	all, err := c.BatchResults(t.Context(), got.ID)
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	r, m := all[0], line.Result.Message
	if r.ID != line.CustomID || r.Answer.Text != m.Content[len(m.Content)-1].Text ||
		r.Answer.Stop != string(m.StopReason) ||
		r.Answer.Usage.Output != m.Usage.OutputTokens {
		t.Errorf("read %+v, the SDK reads %+v", r, line)
	}
}

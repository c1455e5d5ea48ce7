package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/client"
)

// answering is a client of a server that answers everything with h.
func answering(t *testing.T, h http.HandlerFunc) *client.ClientWithResponses {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL, "the-key")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const end = "id: 2\nevent: end\ndata: " +
	"{\"id\":\"1\",\"status\":\"completed\",\"finished_at\":\"2026-11-20T09:30:00Z\"}\n\n"

func TestWait_TellsAnEndFromAStreamThatBreaksOff(t *testing.T) {
	t.Parallel()
	const begun = "id: 1\nevent: progress\ndata: {\"id\":\"1\",\"status\":\"running\"}\n\n: a comment\n\n"
	for name, c := range map[string]struct {
		stream, want string // in the error; "" for none
	}{
		"an end":              {begun + end, ""},
		"nothing":             {"", "unexpected EOF"},
		"only a beginning":    {begun, "unexpected EOF"},
		"an event in pieces":  {begun + "data: {\"id\"", "an event cannot be read"},
		"an event of nothing": {begun + "data: nothing\n\n", "an event cannot be read"},
		"an event too long":   {begun + "data: " + strings.Repeat("x", 1<<20) + "\n\n", "token too long"},
	} {
		server := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, c.stream)
		})
		var told []client.AnalysisBodyStatus
		got, err := server.Wait(t.Context(), "1", func(a client.AnalysisBody) { told = append(told, a.Status) })
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		} else if err != nil || got.Status != "completed" ||
			!slices.Equal(told, []client.AnalysisBodyStatus{"running", "completed"}) {
			t.Errorf("%s: %s after %v, %v", name, got.Status, told, err)
		}
	}
}

func TestWait_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	})
	if _, err := c.Wait(ctx, "1", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNew_ShowsTheCredentialToItsServerAlone(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another server was asked, with %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer the-key" {
			t.Errorf("the credential is %q", got)
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if a, err := c.GetUsageWithResponse(t.Context()); err != nil || a.StatusCode() != http.StatusTemporaryRedirect {
		t.Errorf("got %v, %v", a, err)
	}
}

func TestCheck_DoesNotTakeAnotherServersErrorForRepazoos(t *testing.T) {
	t.Parallel()
	c := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<h1>Bad gateway</h1>", http.StatusBadGateway)
	})
	a, err := c.GetUsageWithResponse(t.Context())
	if err := client.Check(a, err); err == nil || err.Error() != "the server answered 502, and not as Repazoo does" {
		t.Errorf("got %v", err)
	}
}

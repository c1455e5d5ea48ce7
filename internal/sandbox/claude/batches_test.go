package claude_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
)

func one(id string) map[string]any {
	return map[string]any{"custom_id": id, "params": goodRequest(`[{"id":1,"text":"hello"}]`)}
}

func TestBatches_RefuseWhatTheRealOnesRefuse(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Config{})
	for name, body := range map[string]any{
		"no requests":   map[string]any{"requests": []any{}},
		"another field": map[string]any{"requests": []any{one("a")}, "model": "claude-haiku-5-5"},
		"an id twice":   map[string]any{"requests": []any{one("a"), one("a")}},
		"an odd id":     map[string]any{"requests": []any{one("a b")}},
		"no id":         map[string]any{"requests": []any{one("")}},
		"a long id":     map[string]any{"requests": []any{one(fmt.Sprintf("%065d", 1))}},
		"no params":     map[string]any{"requests": []any{map[string]any{"custom_id": "a"}}},
	} {
		code, out, _ := send(t, s, http.MethodPost, "/v1/messages/batches", body, nil)
		if code != http.StatusBadRequest || errorType(out) != "error/invalid_request_error" {
			t.Errorf("%s: %d %v", name, code, out)
		}
	}
	for path, want := range map[string]int{
		"/v1/messages/batches/nobody": 404, "/v1/messages/batches?limit=1001": 400, "/v1/messages/batches?limit=0": 400,
		"/v1/messages/batches?limit=1000": 200,
	} {
		if code, out, _ := send(t, s, http.MethodGet, path, nil, nil); code != want {
			t.Errorf("%s: %d %v", path, code, out)
		}
	}
}

// A request that a direct call would refuse ends as errored, and its neighbour is answered.
func TestBatches_CheckEachRequestByItself(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Config{})
	retired := one("b")
	retired["params"].(map[string]any)["model"] = "claude-3-haiku-20240307"
	code, created, _ := send(t, s, http.MethodPost, "/v1/messages/batches",
		map[string]any{"requests": []any{one("a"), retired}}, nil)
	if code != http.StatusOK || created["processing_status"] != "in_progress" || created["results_url"] != nil {
		t.Fatalf("%d %v", code, created)
	}
	path := "/v1/messages/batches/" + created["id"].(string)
	if code, _, _ := send(t, s, http.MethodGet, path+"/results", nil, nil); code != http.StatusBadRequest {
		t.Errorf("results before the end: %d", code)
	}
	s.Advance(time.Hour)
	_, ended, _ := send(t, s, http.MethodGet, path, nil, nil)
	counts, _ := ended["request_counts"].(map[string]any)
	if ended["processing_status"] != "ended" || counts["succeeded"] != 1.0 || counts["errored"] != 1.0 ||
		counts["processing"] != 0.0 {
		t.Errorf("%v", ended)
	}
	s.Advance(30 * 24 * time.Hour)
	if code, _, _ := send(t, s, http.MethodGet, path+"/results", nil, nil); code != http.StatusNotFound {
		t.Errorf("results after 29 days: %d", code)
	}
}

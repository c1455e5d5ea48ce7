//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What was accepted is compared with what there is: an analysis that is gone or does not end is lost, one more than was
// accepted is doubled, and the plan pays for what completed. A moment without an answer is no loss.
func TestSettle_CountsWhatIsLostDoubledAndUnpaid(t *testing.T) {
	t.Parallel()
	busy := true
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ended := func(status string) {
			fmt.Fprintf(w, `{"status":%q,"created_at":"2026-11-28T08:00:00Z","finished_at":"2026-11-28T08:00:03Z"}`, status)
		}
		switch id := strings.TrimPrefix(r.URL.Path, "/api/v1/analyses/"); id {
		case "a", "b":
			ended("completed")
		case "c":
			if busy {
				busy = false
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			ended("failed")
		case "stuck":
			fmt.Fprint(w, `{"status":"running"}`)
		case "/api/v1/analyses":
			fmt.Fprint(w, `{"total":7}`)
		case "/api/v1/usage":
			fmt.Fprint(w, `{"analyses":{"used":4,"reserved":1}}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer srv.Close()
	tally := &tally{patience: time.Second, ids: []string{"stuck", "a", "b", "c", "gone"}}
	if err := tally.settle(t.Context(), &person{base: srv.URL}); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(tally.completed, tally.failed, tally.lost, tally.doubled, tally.unpaid, tally.slowest)
	if want := "2 1 2 2 3 3s"; got != want { // 7 - 5 doubled; 4 - 2 paid for nothing, and 1 still reserved
		t.Errorf("completed, failed, lost, doubled, unpaid, slowest: %s, want %s", got, want)
	}
}

// Whoever ends an attack while it waits for analyses is obeyed at once.
func TestSettle_ObeysItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		fmt.Fprint(w, `{"status":"running"}`)
	}))
	defer srv.Close()
	tally := &tally{patience: time.Hour, ids: []string{"a"}}
	if err := tally.settle(ctx, &person{base: srv.URL}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
}

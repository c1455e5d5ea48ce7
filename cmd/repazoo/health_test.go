package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// A script that starts the server and asks at once learns that it is ready, and not that it was not yet.
func TestHealth_WaitsForAServerThatIsStarting(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	starting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer starting.Close()
	if err := awaitReady(t.Context(), starting.URL, 0); err == nil || asked.Load() != 1 {
		t.Errorf("without --wait: %v after %d questions", err, asked.Load())
	}
	asked.Store(0)
	if err := awaitReady(t.Context(), starting.URL, time.Minute); err != nil || asked.Load() != 2 {
		t.Errorf("with --wait: %v after %d questions", err, asked.Load())
	}
}

func TestHealth_TellsTheLastAnswerWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	never := httptest.NewServer(http.NotFoundHandler())
	defer never.Close()
	err := awaitReady(t.Context(), never.URL, time.Millisecond)
	if want := never.URL + " is not ready (status 404)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

//go:build linux

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Only a 5xx other than 503 is a broken answer: a refusal is right, and 503 says when to come again.
func TestTally_CountsOnlyBrokenAnswers(t *testing.T) {
	t.Parallel()
	var got tally
	for _, status := range []int{200, 202, 404, 422, 429, 503, 500, 502} {
		got.note("GET /x", status, []byte("{}"))
	}
	if got.answered != 8 || got.busy != 1 || len(got.broken) != 2 {
		t.Errorf("%d answered, %d busy, broken: %q", got.answered, got.busy, got.broken)
	}
}

// An attack is longer than an access token lives: whoever is refused renews it once, and asks again.
func TestCall_RenewsATokenThatHasExpired(t *testing.T) {
	t.Parallel()
	renewed := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch token := r.Header.Get("Authorization"); {
		case r.URL.Path == "/auth/token/refresh" && token == "":
			renewed++
			fmt.Fprint(w, `{"access_token":"new","refresh_token":"next"}`)
		case token != "Bearer new":
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer srv.Close()
	p := &person{base: srv.URL, tokens: tokens{Access: "old", Refresh: "first"}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if status, _, err := p.call(t.Context(), http.MethodGet, "/", ""); err != nil || status != http.StatusOK {
				t.Errorf("%d, %v", status, err)
			}
		})
	}
	wg.Wait()
	if renewed != 1 || p.tokens.Refresh != "next" {
		t.Errorf("renewed %d times, the refresh token is %q", renewed, p.tokens.Refresh)
	}
}

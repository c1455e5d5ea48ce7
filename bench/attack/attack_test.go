//go:build linux

package main

import "testing"

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

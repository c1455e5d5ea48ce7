//go:build linux

package main

import (
	"bufio"
	"strings"
	"testing"
	"time"
)

func TestParseStat_ReadsBehindAnyName(t *testing.T) {
	t.Parallel()
	got, ok := parseStat([]byte("42 (a) b (c) S 7 1 1 0 -1 4194560 10 0 0 0 3 4 5 6 20 0 1 0 99\n"))
	if want := (stat{parent: 7, cpu: 180 * time.Millisecond}); !ok || got != want {
		t.Errorf("got %v, %v; want %v", got, ok, want)
	}
	for _, broken := range []string{"", "42 (a) S 7", "42 (a) S x 1 1 0 -1 4194560 10 0 0 0 3 4 5 6"} {
		if got, ok := parseStat([]byte(broken)); ok {
			t.Errorf("%q: got %v", broken, got)
		}
	}
}

func TestHead_TellsStatusAndLength(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]struct {
		status, length int
		ok             bool
	}{
		"HTTP/1.1 202 Accepted\r\nX: y\r\ncontent-length: 12\r\n\r\n": {202, 12, true},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":       {200, -1, false},
		"HTTP/1.1 x\r\n\r\n": {0, 0, false},
		"":                   {0, 0, false},
	} {
		c := &client{in: bufio.NewReader(strings.NewReader(answer))}
		status, length, err := c.head()
		if (err == nil) != want.ok || (want.ok && (status != want.status || length != want.length)) {
			t.Errorf("%q: got %d, %d, %v", answer, status, length, err)
		}
	}
}

func TestMedian_IsOneOfTheValues(t *testing.T) {
	t.Parallel()
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("got %v", got)
	}
}

//go:build linux

package main

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
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

func TestCount_IsExactOrIsNot(t *testing.T) {
	t.Parallel()
	good := count{asked: 100, allowed: 60, refused: 40, expected: 60, took: time.Second}
	if !good.exact() {
		t.Errorf("%+v is not", good)
	}
	for what, spoil := range map[string]func(*count){
		"one slipped through": func(c *count) { c.allowed++; c.refused-- },
		"one was kept out":    func(c *count) { c.allowed--; c.refused++ },
		"one got lost":        func(c *count) { c.refused-- },
		"one was an error":    func(c *count) { c.strange++ },
		"it took too long":    func(c *count) { c.took = time.Minute },
	} {
		c := good
		if spoil(&c); c.exact() {
			t.Errorf("%s: %+v", what, c)
		}
	}
}

func TestPatient_TellsPercentiles(t *testing.T) {
	t.Parallel()
	p := patient{took: []time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}}
	if p.at(50) != 2 || p.at(99) != 2 || p.at(100) != 3 || (patient{}).at(99) != 0 {
		t.Errorf("got %v, %v, %v", p.at(50), p.at(99), p.at(100))
	}
}

func TestMedian_IsOneOfTheValues(t *testing.T) {
	t.Parallel()
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("got %v", got)
	}
}

func TestWire_CountsStatementsTripsAndCommands(t *testing.T) {
	t.Parallel()
	var statements, trips, commands atomic.Int64
	const startup, query, parse = "\x00\x00\x00\x08\x00\x03\x00\x00", "Q\x00\x00\x00\x07\x45\x53\x00", "P\x00\x00\x00\x05E"
	const execute, sync = "E\x00\x00\x00\x09\x00\x00\x00\x00\x00", "S\x00\x00\x00\x04"
	all := startup + query + parse + execute + parse + execute + sync + execute + sync
	if err := countPostgres(strings.NewReader(all), &statements, &trips); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if statements.Load() != 4 || trips.Load() != 3 {
		t.Errorf("%d statements in %d trips", statements.Load(), trips.Load())
	}
	redis := "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$4\r\n*\r\n*\r\n"
	if err := countRedis(strings.NewReader(redis), &commands); !errors.Is(err, io.EOF) || commands.Load() != 2 {
		t.Errorf("%d commands, %v", commands.Load(), err)
	}
}

func TestSince_CountsARequestAndLeavesOutWhatIsHardlyRead(t *testing.T) {
	t.Parallel()
	before := counts{blocks: 100, scanned: map[string]int64{"users": 10, "river_queue": 5}, cpu: time.Second}
	after := counts{
		blocks: 1100, scanned: map[string]int64{"users": 2010, "river_queue": 14, "audit_log": 1000}, cpu: 2 * time.Second,
	}
	got := after.since(before, 1000)
	tables := []string{"audit_log", "users"}
	if got.blocks != 1 || got.scanned != 3 || got.micros != 1000 || !slices.Equal(got.tables, tables) {
		t.Errorf("got %+v", got)
	}
}

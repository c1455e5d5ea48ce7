//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// listener takes webhooks, and treats whoever brings one badly.
type listener struct {
	net.Listener

	calls *atomic.Int64
}

func (l listener) url() string { return "http://" + l.Addr().String() + "/hook" }

// manners are what the listeners do with a connection, once a request is there.
var manners = []func(ctx context.Context, c net.Conn){
	func(ctx context.Context, _ net.Conn) { pause(ctx, time.Minute) }, // never answers
	func(ctx context.Context, c net.Conn) { // drips a header for ever
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: ")
		for ; err == nil && ctx.Err() == nil; _, err = c.Write([]byte("a")) {
			pause(ctx, 100*time.Millisecond)
		}
	},
	func(_ context.Context, c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 O") },
	func(_ context.Context, c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
	},
	func(ctx context.Context, c net.Conn) { // a good answer, with a body that never ends
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		for piece := make([]byte, 32<<10); err == nil && ctx.Err() == nil; _, err = c.Write(piece) {
		}
	},
}

// useListeners opens one listener for each manner.
func useListeners(ctx context.Context, s *server) error {
	for _, manner := range manners {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		bad := listener{l, &atomic.Int64{}}
		s.listeners = append(s.listeners, bad)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				bad.calls.Add(1)
				go func() {
					defer c.Close()
					if _, err := c.Read(make([]byte, 16<<10)); err == nil {
						manner(ctx, c)
					}
				}()
			}
		}()
	}
	return nil
}

// ringWebhooks tries the webhooks of the person, which it makes first. Each analysis rings them, too.
func ringWebhooks(ctx context.Context, s *server, p *person, t *tally) error {
	if len(t.hooks) == 0 {
		for _, l := range s.listeners {
			var made struct{ ID string }
			status, answer, err := p.call(ctx, http.MethodPost, "/api/v1/webhooks", fmt.Sprintf(`{"url":%q}`, l.url()))
			if err != nil || status != http.StatusCreated || json.Unmarshal(answer, &made) != nil {
				return fmt.Errorf("a webhook was answered %d %s: %w", status, answer, err)
			}
			t.hooks = append(t.hooks, made.ID)
		}
	}
	for _, id := range t.hooks {
		path := "/api/v1/webhooks/" + id
		for _, act := range []string{"/test", "/enable"} { // those that fail for long are switched off
			status, answer, err := p.call(ctx, http.MethodPost, path+act, "")
			if err == nil {
				t.note("POST "+path+act, status, answer)
			}
		}
	}
	return nil
}

package db

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// relisten is how long a listener that lost its connection waits before it tries again.
const relisten = time.Second

// Listen calls heard for every [Tx.Notify] of a topic until ctx ends. It calls it with "" each
// time it begins to listen, because something may have been said before.
func (d *DB) Listen(ctx context.Context, topic string, heard func(payload string)) {
	for {
		err := d.listen(ctx, topic, heard)
		if ctx.Err() != nil {
			return
		}
		d.log.WarnContext(ctx, "nothing is heard from other processes for a moment", "topic", topic, "cause", err)
		select {
		case <-ctx.Done():
		case <-time.After(relisten):
		}
	}
}

func (p *postgres) listen(ctx context.Context, topic string, heard func(string)) error {
	conn, err := p.system.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	defer func() { _ = conn.Conn().Close(context.WithoutCancel(ctx)) }() // it must not go back listening
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{topic}.Sanitize()); err != nil {
		return err
	}
	heard("")
	for {
		n, err := conn.Conn().WaitForNotification(ctx)
		if err != nil {
			return err
		}
		heard(n.Payload)
	}
}

// notice is what a transaction says when it commits.
type notice struct{ topic, payload string }

// hub carries notices inside the one process that SQLite has.
type hub struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
}

type listener struct {
	topic string
	heard func(string)
}

func (h *hub) say(all []notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range all {
		for l := range h.listeners {
			if l.topic == n.topic {
				l.heard(n.payload)
			}
		}
	}
}

func (h *hub) set(l *listener, on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !on {
		delete(h.listeners, l)
		return
	}
	h.listeners[l] = struct{}{}
}

func (l *lite) listen(ctx context.Context, topic string, heard func(string)) error {
	me := &listener{topic, heard}
	l.hub.set(me, true)
	defer l.hub.set(me, false)
	heard("")
	<-ctx.Done()
	return ctx.Err()
}

package app

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// unusedBound is how long a connection on which nothing was ever asked holds up the stop.
const unusedBound = 300 * time.Millisecond

// unused are the connections on which nothing was asked yet. Browsers and balancers open some in advance, and so do our
// own clients of the stand-ins; http.Server.Shutdown would wait five seconds for a first request on each.
type unused struct{ conns sync.Map }

// see is told how a connection is, by the server.
func (u *unused) see(c net.Conn, s http.ConnState) {
	if s == http.StateNew {
		u.conns.Store(c, nil)
	} else {
		u.conns.Delete(c)
	}
}

func (u *unused) close() {
	u.conns.Range(func(c, _ any) bool {
		c.(net.Conn).Close()
		return true
	})
}

package account

import (
	"context"
	"sync"

	"github.com/repazoo/repazoo/internal/db"
)

// AuthenticateLater is Authenticate for a request that does nothing but read. Where this process knows how the session
// stands, that is all, and look is nil. Otherwise the database is not asked yet: the session is looked up in the same
// round trip as what the request reads first, in the context that [Look.Before] makes. The Principal is then whom the
// token was made for, without a role, and nobody may be told anything of theirs unless [Look.Outcome] is nil. Errors:
// those of Authenticate.
func (s *Service) AuthenticateLater(bearer string) (p Principal, look *Look, err error) {
	c, err := s.verify(bearer)
	if err != nil {
		return Principal{}, nil, err
	}
	if l, known := s.live.GetIfPresent(c.Session); known {
		p, err = s.principal(c, l)
		return p, nil, err
	}
	return Principal{UserID: c.Subject, SessionID: c.Session}, &Look{s: s, claims: c}, nil
}

// Look is a look at a session that is still to be taken.
type Look struct {
	s      *Service
	claims claims

	mu    sync.Mutex
	taken bool
	err   error
}

// Before makes a context in which nothing is read or written before the session was found alive.
func (l *Look) Before(ctx context.Context) context.Context {
	return db.WithGate(ctx, func(ctx context.Context, ask func(context.Context, db.Question) error) error {
		return l.take(ctx, ask)
	})
}

// Outcome tells whether the session was found alive by whatever was read since, and looks now if nothing was. Errors:
// session_revoked, and dependency_down when the database cannot say.
func (l *Look) Outcome(ctx context.Context) error {
	l.mu.Lock()
	taken, err := l.taken, l.err
	l.mu.Unlock()
	if taken {
		return err
	}
	return l.take(ctx, l.s.askAlone)
}

// take looks, and notes the outcome. A refusal stays: a session may end between two reads of one request.
func (l *Look) take(ctx context.Context, ask asker) error {
	_, err := l.s.check(ctx, l.claims, ask)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = true
	if l.err == nil {
		l.err = err
	}
	return l.err
}

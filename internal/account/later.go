package account

import (
	"context"
	"strconv"
	"sync"

	"github.com/repazoo/repazoo/internal/db"
)

// AuthenticateLater is Authenticate for a request that begins with a read, or with a statement that looks at the
// session itself ([Look.Alive]). Where this process knows how the session stands, that is all, and look is nil.
// Otherwise the database is not asked yet: the session is looked up in the same round trip as what the request reads
// first, in the context that [Look.Before] makes. The Principal is then whom the
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

	mu sync.Mutex
	looked
}

// looked is the outcome of a look, once it is taken.
type looked struct {
	taken bool
	err   error
}

// lookKey is under what a context keeps its look.
type lookKey struct{}

// Before makes a context in which nothing is read or written before the session was found alive.
func (l *Look) Before(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, lookKey{}, l)
	return db.WithGate(ctx, func(ctx context.Context, ask func(context.Context, db.Question) error) error {
		return l.take(ctx, ask)
	})
}

// Pending is the look that a context still waits for, and nil where there is none.
func Pending(ctx context.Context) *Look {
	l, _ := ctx.Value(lookKey{}).(*Look)
	if l == nil || l.outcome().taken {
		return nil
	}
	return l
}

// Alive is a condition of SQL that holds while the session of user $1 lives at the moment $2. Its arguments begin at
// first. A statement that does nothing where it does not hold may run in the context of [Look.Through], without a look
// before it, and whoever sees that it has done something says so with [Look.Found]. Without a look the condition holds.
func (l *Look) Alive(first int) (condition string, args []any) {
	if l == nil {
		return `TRUE`, nil
	}
	return `EXISTS (SELECT 1 FROM sessions WHERE id = $` + strconv.Itoa(first) + ` AND user_id = $1 AND revoked_at IS NULL
		AND expires_at > $2)`, []any{l.claims.Session}
}

// Through is the context for a statement that depends on [Look.Alive].
func (l *Look) Through(ctx context.Context) context.Context {
	if l == nil {
		return ctx
	}
	return db.PastGate(ctx)
}

// Found notes that the session was alive.
func (l *Look) Found() {
	if l != nil {
		_ = l.note(nil)
	}
}

// outcome is how the look stands.
func (l *Look) outcome() looked {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.looked
}

// note notes an outcome, and tells what it is now. A refusal stays: a session may end between two reads of one request.
func (l *Look) note(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = true
	if l.err == nil {
		l.err = err
	}
	return l.err
}

// Outcome tells whether the session was found alive by whatever was read since, and looks now if nothing was. Errors:
// session_revoked, and dependency_down when the database cannot say.
func (l *Look) Outcome(ctx context.Context) error {
	if o := l.outcome(); o.taken {
		return o.err
	}
	return l.take(ctx, l.s.askAlone)
}

// take looks, and notes the outcome.
func (l *Look) take(ctx context.Context, ask asker) error {
	_, err := l.s.check(ctx, l.claims, ask)
	return l.note(err)
}

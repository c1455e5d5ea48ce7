package account

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const (
	maxCached   = 100_000 // sessions whose liveness is remembered
	maxSessions = 200     // listed
	lookupBound = 5 * time.Second
)

// Principal is who makes a request.
type Principal struct {
	UserID    string
	SessionID string  // empty for an API key
	KeyID     string  // empty for a session
	Role      string  // "user" or "admin", as the database says, not the token
	Scopes    []Scope // of an API key; a session may do everything its role may
}

// May tells whether the bearer may do what needs a scope. Nothing that needs none is open to an API key.
func (p Principal) May(scope Scope) bool {
	return p.KeyID == "" && p.Scopes == nil || scope != "" && slices.Contains(p.Scopes, scope)
}

// Session is one signed-in browser or program.
type Session struct {
	ID, Device, IP                   string
	CreatedAt, LastUsedAt, ExpiresAt time.Time
}

// liveness is what a request needs to know about its session.
type liveness struct {
	user, role string
	expires    time.Time
	ended      bool // for good: it was revoked, or its row is gone
}

// cacheClock runs a cache on an injected clock.
type cacheClock func() time.Time

func (c cacheClock) NowNano() int64                            { return c().UnixNano() }
func (cacheClock) Tick(time.Duration) (never <-chan time.Time) { return nil } // expired entries go when others come

// memory is what is used of a cache. With a field of type *otter.Cache, every package that knows a Service would
// compile all of otter again, once for each type in it: six seconds of a processor for each of a dozen packages.
type memory[K comparable, V any] interface {
	GetIfPresent(key K) (V, bool)
	Get(ctx context.Context, key K, otherwise otter.Loader[K, V]) (V, error)
	Set(key K, value V) (V, bool)
	Invalidate(key K) (V, bool)
	InvalidateAll()
}

// newCache remembers what was looked up, for ttl.
func newCache[V any](size int, ttl time.Duration, now func() time.Time) (memory[string, V], error) {
	return otter.New(&otter.Options[string, V]{
		MaximumSize:      size,
		ExpiryCalculator: otter.ExpiryWriting[string, V](ttl),
		Clock:            cacheClock(now),
	})
}

// ended is the topic of sessions and API keys that must be believed no longer, by id and by hash.
const ended = "repazoo_ended"

// Watch makes what another process ends end here too, within moments, until ctx ends. A process that does not hear for
// a while still looks again after Config.CacheTTL.
func (s *Service) Watch(ctx context.Context) {
	s.db.Listen(ctx, ended, func(what string) {
		if what == "" {
			s.live.InvalidateAll()
			s.apiKeys.live.InvalidateAll()
			return
		}
		s.live.Invalidate(what)
		s.apiKeys.forget(what)
	})
}

// newLive remembers how sessions stand: for ttl that one lives, and for longer that one has ended, because it stays so.
func newLive(ttl time.Duration, now func() time.Time) (memory[string, liveness], error) {
	return otter.New(&otter.Options[string, liveness]{
		MaximumSize: maxCached,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, liveness]) time.Duration {
			if e.Value.ended {
				return deadFor
			}
			return ttl
		}),
		Clock: cacheClock(now),
	})
}

// Authenticate tells who bears an access token. Errors: unauthenticated, token_expired, session_revoked, and
// dependency_down when the database cannot say.
func (s *Service) Authenticate(ctx context.Context, bearer string) (Principal, error) {
	c, err := s.verify(bearer)
	if err != nil {
		return Principal{}, err
	}
	return s.check(ctx, c, s.askAlone)
}

// asker asks the database how a session stands.
type asker func(ctx context.Context, q db.Question) error

// askAlone asks nothing else with it.
func (s *Service) askAlone(ctx context.Context, q db.Question) error {
	ctx, cancel := context.WithTimeout(ctx, lookupBound)
	defer cancel()
	return s.db.Ask(ctx, db.System, q)
}

// check tells whether the session of a token lives, from memory or by asking. Others may be waiting for the answer, so
// asking does not end with the request that asked first. A session that is ended meanwhile is asked for again.
func (s *Service) check(ctx context.Context, c claims, ask asker) (Principal, error) {
	l, err := s.live.Get(ctx, c.Session, otter.LoaderFunc[string, liveness](
		func(ctx context.Context, _ string) (liveness, error) {
			return s.lookUp(context.WithoutCancel(ctx), c, ask)
		}))
	if err != nil {
		return Principal{}, fault.DependencyDown.Because(err)
	}
	return s.principal(c, l)
}

// principal is who bears a token whose session stands so. Error: session_revoked.
func (s *Service) principal(c claims, l liveness) (Principal, error) {
	if l.ended || l.user != c.Subject || !s.now().Before(l.expires) {
		return Principal{}, fault.SessionRevoked
	}
	return Principal{UserID: l.user, SessionID: c.Session, Role: l.role}, nil
}

// lookUp reads a session. The question itself refuses where the session is not good, so that nothing is read after it.
func (s *Service) lookUp(ctx context.Context, c claims, ask asker) (l liveness, err error) {
	known := false
	err = ask(ctx, db.Question{
		Query: `SELECT s.user_id, u.role, s.expires_at, s.revoked_at FROM sessions s JOIN users u ON u.id = s.user_id
			WHERE s.id = $1`,
		Args: []any{c.Session},
		Read: func(r db.Rows) (err error) {
			if l, err = readLiveness(r); err != nil {
				return err
			}
			known = true
			_, err = s.principal(c, l)
			return err
		},
	})
	if known {
		err = nil
	}
	return l, err
}

func readLiveness(r db.Rows) (l liveness, err error) {
	if !r.Next() {
		return liveness{ended: true}, r.Err()
	}
	var revoked *time.Time
	err = r.Scan(&l.user, &l.role, &l.expires, &revoked)
	l.ended = revoked != nil
	return l, err
}

// startSession makes a session and its first tokens.
func (s *Service) startSession(ctx context.Context, tx db.Tx, userID, device string) (Tokens, error) {
	role, err := db.One(ctx, tx, db.Value[string], `SELECT role FROM users WHERE id = $1 AND `+notErasing, userID)
	if errors.Is(err, db.ErrNotFound) {
		err = erasing()
	}
	if err != nil {
		return Tokens{}, err
	}
	t, err := s.newTokens(userID, db.NewID(), role, tx.Now())
	if err != nil {
		return Tokens{}, err
	}
	tx.Later(`INSERT INTO sessions (id, user_id, device, ip, created_at, last_used_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6)`,
		t.SessionID, userID, cmp.Or(db.Storable(device, 100), "Unknown device"), audit.OriginFrom(ctx).IP, tx.Now(),
		t.RefreshExpiresAt)
	insertRefresh(tx, userID, nil, t)
	audit.Record(ctx, tx, audit.Event{
		UserID: userID, Actor: "user", Action: audit.SessionStarted,
		Resource: "session:" + t.SessionID,
	})
	return t, nil
}

// Sessions lists a user's living sessions, the last used first, at most 200.
func (s *Service) Sessions(ctx context.Context, userID string) ([]Session, error) {
	return db.Read(ctx, s.db, db.User(userID), func(r db.Rows, v *Session) error {
		return r.Scan(&v.ID, &v.Device, &v.IP, &v.CreatedAt, &v.LastUsedAt, &v.ExpiresAt)
	}, `SELECT id, device, ip, created_at, last_used_at, expires_at FROM sessions
		WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY last_used_at DESC, id DESC
			LIMIT $3`, userID, s.db.Now(), maxSessions)
}

// RevokeSession ends one session of a user: its access tokens are refused at once. A session that has ended stays so.
// Error: not_found.
func (s *Service) RevokeSession(ctx context.Context, userID, id string) error {
	if !isID(id) {
		return noSession()
	}
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE sessions SET revoked_at = COALESCE(revoked_at, $3), revoked_why =
			COALESCE(revoked_why, 'user')
			WHERE id = $1 AND user_id = $2`, id, userID, tx.Now())
		if err == nil && n == 0 {
			return noSession()
		}
		tx.Notify(ended, id)
		audit.Record(ctx, tx, audit.Event{
			UserID: userID, Actor: "user", Action: audit.SessionRevoked,
			Resource: "session:" + id,
		})
		return err
	})
	if err == nil {
		s.live.Invalidate(id)
	}
	return err
}

func noSession() error { return fault.NotFound.Saying("There is no session with this id.") }

// RevokeSessions ends every session of a user, the caller's included, and tells how many there were.
func (s *Service) RevokeSessions(ctx context.Context, userID string) (n int, err error) {
	var over []string
	err = s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		over, err = db.All(ctx, tx, db.Value[string], `UPDATE sessions SET revoked_at = $2, revoked_why = 'user'
			WHERE user_id = $1 AND revoked_at IS NULL RETURNING id`, userID, tx.Now())
		for _, id := range over {
			tx.Notify(ended, id)
		}
		if err == nil {
			audit.Record(ctx, tx, audit.Event{
				UserID: userID, Actor: "user", Action: audit.SessionAllRevoked,
				Resource: "user:" + userID, Detail: map[string]any{"sessions": len(over)},
			})
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, id := range over {
		s.live.Invalidate(id)
	}
	return len(over), nil
}

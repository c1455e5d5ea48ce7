package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// What a request learns about its key. A key that is unknown, expired or revoked is the same to the database (no row),
// to the memory of this process and to the caller: one refusal, in one way and one time.

const (
	usedEvery  = time.Minute // a key's last use is written at most so often
	deadFor    = time.Hour   // a key that is no good never becomes good again, so this only bounds memory
	maxDead    = 20_000
	maxKeyTold = 100_000 // keys whose liveness is remembered
)

// keyLiveness is what a request needs to know about its key.
type keyLiveness struct {
	key, user, role string
	scopes          []Scope
	expires         time.Time
}

// keyMemory is what this process knows of keys, by their hash.
type keyMemory struct {
	live memory[string, keyLiveness]
	dead memory[string, struct{}]
}

func newKeyMemory(ttl time.Duration, now func() time.Time) (m keyMemory, err error) {
	if m.live, err = newCache[keyLiveness](maxKeyTold, ttl, now); err != nil {
		return m, err
	}
	m.dead, err = newCache[struct{}](maxDead, deadFor, now)
	return m, err
}

// forget makes the next request ask the database.
func (m keyMemory) forget(hashes ...string) {
	for _, h := range hashes {
		m.live.Invalidate(h)
	}
}

// RemembersKey tells whether AuthenticateKey can answer without the database: the key was seen a moment ago, or is not
// a key at all. Whoever counts guesses counts the others.
func (s *Service) RemembersKey(key string) bool {
	h, ok := keyHash(key)
	if !ok {
		return true
	}
	_, live := s.apiKeys.live.GetIfPresent(h)
	_, dead := s.apiKeys.dead.GetIfPresent(h)
	return live || dead
}

// AuthenticateKey tells who bears an API key, and notes that it was used. Errors: unauthenticated for a key that is no
// good, whatever the reason, and dependency_down when the database cannot say.
func (s *Service) AuthenticateKey(ctx context.Context, key string) (Principal, error) {
	h, ok := keyHash(key)
	if _, dead := s.apiKeys.dead.GetIfPresent(h); !ok || dead {
		return Principal{}, badKey()
	}
	l, err := s.apiKeys.live.Get(ctx, h, otter.LoaderFunc[string, keyLiveness](s.lookUpKey))
	switch {
	case errors.Is(err, otter.ErrNotFound):
		s.apiKeys.dead.Set(h, struct{}{})
		return Principal{}, badKey()
	case err != nil:
		return Principal{}, fault.DependencyDown.Because(err)
	case !s.now().Before(l.expires):
		return Principal{}, badKey()
	}
	return Principal{UserID: l.user, KeyID: l.key, Role: l.role, Scopes: slices.Clone(l.scopes)}, nil
}

func badKey() error {
	return fault.Unauthenticated.Saying("This API key is not good: it is mistyped, has expired or was revoked. Make a " +
		"new one on your page of API keys.")
}

// lookUpKey reads a living key by its hash: it was hashed from 160 random bits, so how long the search takes tells
// nothing. Others may be waiting for the answer, so it does not end with the request that asked first.
func (s *Service) lookUpKey(ctx context.Context, hash string) (keyLiveness, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupBound)
	defer cancel()
	var used *time.Time
	now := s.db.Now()
	l, err := db.ReadOne(ctx, s.db, db.System, func(r db.Rows, l *keyLiveness) error {
		var scopes string
		err := r.Scan(&l.key, &l.user, &l.role, &scopes, &l.expires, &used)
		l.scopes = parseScopes(scopes)
		return err
	}, `SELECT k.id, k.user_id, u.role, k.scopes, CASE WHEN k.hash = $1 THEN k.expires_at ELSE k.old_until END, CASE WHEN
		k.hash = $1 THEN k.last_used_at ELSE k.old_used_at END
		FROM api_keys k JOIN users u ON u.id = k.user_id
		WHERE (k.hash = $1 AND k.expires_at > $2) OR (k.old_hash = $1 AND k.old_until > $2)`, hash, now)
	if errors.Is(err, db.ErrNotFound) {
		return l, otter.ErrNotFound
	}
	if err == nil && (used == nil || now.Sub(*used) >= usedEvery) {
		s.noteUse(ctx, l, hash)
	}
	return l, err
}

// noteUse writes when a secret was used, at most once a minute however many processes see it. The person's request goes
// on without it.
func (s *Service) noteUse(ctx context.Context, l keyLiveness, hash string) {
	err := s.db.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		before := tx.Now().Add(-usedEvery)
		tx.Later(`UPDATE api_keys SET last_used_at = $3 WHERE user_id = $1 AND hash = $2
			AND (last_used_at IS NULL OR last_used_at <= $4)`, l.user, hash, tx.Now(), before)
		tx.Later(`UPDATE api_keys SET old_used_at = $3 WHERE user_id = $1 AND old_hash = $2
			AND (old_used_at IS NULL OR old_used_at <= $4)`, l.user, hash, tx.Now(), before)
		return nil
	})
	if err != nil {
		s.log.WarnContext(ctx, "the use of an API key was not noted", "key", l.key, "error", err)
	}
}

package account

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// A session's refresh tokens are one family. Each is good for one use, which makes its successor. Two requests of one
// browser may race with the same token, and an answer may be lost on its way: for ten seconds the same token gets the
// same answer, which is kept sealed in its row. After that it gets the same successor for as long as nobody has used
// that one: an answer was lost, and nothing stolen. Once the successor was used, the return of its parent means that it
// was copied, and the session ends.

const (
	refreshPrefix = "rzr_" // lets secret scanners find a leaked one
	grace         = 10 * time.Second
)

// Tokens are what a session is carried by. They print as dots.
type Tokens struct {
	Access           string    `json:"access"`  // JWT
	Refresh          string    `json:"refresh"` // opaque, good for one use
	AccessExpiresAt  time.Time `json:"access_expires_at"`
	RefreshExpiresAt time.Time `json:"refresh_expires_at"`
	SessionID        string    `json:"session_id"`
}

func (s *Service) newTokens(userID, sessionID, role string, now time.Time) (t Tokens, err error) {
	t = Tokens{
		Refresh: refreshPrefix + newSecret(), SessionID: sessionID,
		AccessExpiresAt: now.Add(s.accessTTL).Truncate(time.Second), RefreshExpiresAt: now.Add(s.refreshTTL),
	}
	t.Access, err = s.keys.Load().sign(userID, sessionID, role, now, t.AccessExpiresAt)
	return t, err
}

// insertRefresh stores a refresh token. parent is the hash of the token that it succeeds, nil for the first of a
// session.
func insertRefresh(tx db.Tx, userID string, parent any, t Tokens) {
	tx.Later(`INSERT INTO refresh_tokens (hash, session_id, user_id, parent, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		hash(t.Refresh), t.SessionID, userID, parent, tx.Now(), t.RefreshExpiresAt)
}

// spent is a row of refresh_tokens with its session and user.
type spent struct {
	hash, session, user, role string
	expires                   time.Time
	used, revoked             *time.Time
	successor                 []byte
}

// RefreshSession trades a refresh token for new tokens. Errors: unauthenticated, session_revoked, and token_reused,
// with which the session has ended.
func (s *Service) RefreshSession(ctx context.Context, refresh string) (Tokens, error) {
	if !strings.HasPrefix(refresh, refreshPrefix) || len(refresh) != len(refreshPrefix)+secretLen {
		return Tokens{}, badRefresh()
	}
	var t Tokens
	var refusal error // committed, not rolled back: ending the family must last
	var over string
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		over = ""
		row, err := s.useRefresh(ctx, tx, hash(refresh))
		if err != nil {
			return err
		}
		if t, refusal, err = s.answer(ctx, tx, row); errors.Is(refusal, fault.TokenReused) {
			over = row.session
			tx.Notify(ended, over)
		}
		return err
	})
	if over != "" {
		s.live.Invalidate(over)
	}
	if err != nil {
		return Tokens{}, err
	}
	return t, refusal
}

func badRefresh() error {
	return fault.Unauthenticated.Saying("This refresh token cannot be used: it is unknown or has expired. Sign in again.")
}

// useRefresh marks the token used, if it was not and may be, and gives its row as it was before. Of two callers one
// finds it unused: the statement waits for the other's commit.
func (s *Service) useRefresh(ctx context.Context, tx db.Tx, hash string) (spent, error) {
	n, err := tx.Exec(ctx, `UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL
		AND expires_at > $2`, hash, tx.Now())
	if err != nil {
		return spent{}, err
	}
	row, err := db.One(ctx, tx, scanSpent,
		`SELECT t.hash, t.session_id, t.user_id, u.role, t.expires_at, t.used_at, t.successor, s.revoked_at
		FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = t.user_id
			WHERE t.hash = $1`, hash)
	if errors.Is(err, db.ErrNotFound) {
		return spent{}, badRefresh()
	}
	if n == 1 {
		row.used = nil
	}
	return row, err
}

func scanSpent(r db.Rows, v *spent) error {
	return r.Scan(&v.hash, &v.session, &v.user, &v.role, &v.expires, &v.used, &v.successor, &v.revoked)
}

// answer decides what the bearer of a known token gets: tokens, or a refusal whose consequences are committed.
func (s *Service) answer(ctx context.Context, tx db.Tx, row spent) (t Tokens, refusal, err error) {
	switch {
	case row.revoked != nil:
		return t, fault.SessionRevoked, nil
	case row.used == nil && !tx.Now().Before(row.expires):
		return t, badRefresh(), nil
	case row.used == nil:
		t, err = s.succeed(ctx, tx, row)
		return t, nil, err
	}
	if tx.Now().Sub(*row.used) <= grace {
		t, err = s.sameAnswer(row)
		return t, nil, err
	}
	if unused, err := successorUnused(ctx, tx, row); err != nil || unused {
		if err == nil {
			t, err = s.answerAgain(row, tx.Now())
		}
		return t, nil, err
	}
	endFamily(ctx, tx, row)
	return t, fault.TokenReused, nil
}

// successorUnused tells whether the token that was made for a used one is still good and was never used.
func successorUnused(ctx context.Context, tx db.Tx, row spent) (bool, error) {
	if row.successor == nil {
		return false, nil
	}
	n, err := db.One(ctx, tx, db.Value[int],
		`SELECT count(*) FROM refresh_tokens WHERE parent = $1 AND used_at IS NULL AND expires_at > $2`, row.hash, tx.Now())
	return n == 1, err
}

// answerAgain gives the successor of a token again, with an access token that is good from now on.
func (s *Service) answerAgain(row spent, now time.Time) (Tokens, error) {
	given, err := s.sameAnswer(row)
	if err != nil {
		return Tokens{}, err
	}
	t, err := s.newTokens(row.user, row.session, row.role, now)
	t.Refresh, t.RefreshExpiresAt = given.Refresh, given.RefreshExpiresAt
	return t, err
}

// succeed makes the successor of a token that was just used.
func (s *Service) succeed(ctx context.Context, tx db.Tx, row spent) (Tokens, error) {
	t, err := s.newTokens(row.user, row.session, row.role, tx.Now())
	if err != nil {
		return Tokens{}, err
	}
	plain, err := json.Marshal(t)
	if err != nil {
		return Tokens{}, err
	}
	tx.Later(`UPDATE refresh_tokens SET successor = $2 WHERE hash = $1`, row.hash, s.seal.Seal(plain, []byte(row.hash)))
	insertRefresh(tx, row.user, row.hash, t)
	tx.Later(`UPDATE sessions SET last_used_at = $3, expires_at = $4, ip = CASE WHEN $5 = '' THEN ip ELSE $5 END
		WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL`,
		row.session, row.user, tx.Now(), t.RefreshExpiresAt, audit.OriginFrom(ctx).IP)
	return t, nil
}

func (s *Service) sameAnswer(row spent) (t Tokens, err error) {
	plain, err := s.seal.Open(row.successor, []byte(row.hash))
	if err != nil {
		return Tokens{}, err
	}
	return t, json.Unmarshal(plain, &t)
}

func endFamily(ctx context.Context, tx db.Tx, row spent) {
	tx.Later(`UPDATE sessions SET revoked_at = $3, revoked_why = 'reuse' WHERE id = $1 AND user_id = $2
		AND revoked_at IS NULL`, row.session, row.user, tx.Now())
	audit.Record(ctx, tx, audit.Event{
		UserID: row.user, Actor: "system", Action: audit.SessionEndedByReuse,
		Resource: "session:" + row.session,
	})
}

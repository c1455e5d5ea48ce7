package account

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const maxConsents = 1_000 // listed

// GivenConsent is one time that a user agreed to something.
type GivenConsent struct {
	ID, Kind, Version string
	GivenAt           time.Time
	WithdrawnAt       *time.Time // nil while it holds
}

// Consent records that a user agreed to something, in which version of its words, and from which session. Signing in is
// not consent. The transaction may be the user's own or db.System's.
func (s *Service) Consent(ctx context.Context, tx db.Tx, userID, kind, version string) {
	session := any(nil)
	if id := audit.OriginFrom(ctx).SessionID; isID(id) {
		session = id
	}
	tx.Later(`INSERT INTO consents (id, user_id, kind, version, session_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		db.NewID(), userID, db.Storable(kind, 50), db.Storable(version, 50), session, tx.Now())
	audit.Record(ctx, tx, audit.Event{
		UserID: userID, Actor: "user", Action: audit.ConsentGiven, Resource: "user:" + userID,
		Detail: map[string]any{"kind": db.Storable(kind, 50), "version": db.Storable(version, 50)},
	})
}

// HasConsent tells whether a user agreed to this version of these words, and has not withdrawn it.
func (s *Service) HasConsent(ctx context.Context, userID, kind, version string) (bool, error) {
	n, err := db.ReadOne(ctx, s.db, db.User(userID), db.Value[int],
		`SELECT count(*) FROM consents WHERE user_id = $1 AND kind = $2 AND version = $3 AND withdrawn_at IS NULL`, userID,
		kind, version)
	return n > 0, err
}

// Consents lists what a user agreed to, the newest first, at most 1,000.
func (s *Service) Consents(ctx context.Context, userID string) ([]GivenConsent, error) {
	return db.Read(ctx, s.db, db.User(userID), func(r db.Rows, v *GivenConsent) error {
		return r.Scan(&v.ID, &v.Kind, &v.Version, &v.GivenAt, &v.WithdrawnAt)
	}, `SELECT id, kind, version, created_at, withdrawn_at FROM consents WHERE user_id = $1
		ORDER BY created_at DESC, id DESC LIMIT $2`, userID, maxConsents)
}

// WithdrawConsent ends every consent of a kind, in the caller's transaction of db.System, which also does what that
// means. Error: not_found when none holds.
func (s *Service) WithdrawConsent(ctx context.Context, tx db.Tx, userID, kind string) error {
	n, err := tx.Exec(ctx, `UPDATE consents SET withdrawn_at = $3 WHERE user_id = $1 AND kind = $2
		AND withdrawn_at IS NULL`, userID, kind, tx.Now())
	if err == nil && n == 0 {
		return fault.NotFound.Saying("You have given no consent of this kind that could be withdrawn.")
	}
	audit.Record(ctx, tx, audit.Event{
		UserID: userID, Actor: "user", Action: audit.ConsentWithdrawn, Resource: "user:" +
			userID, Detail: map[string]any{"kind": kind},
	})
	return err
}

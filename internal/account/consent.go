package account

import (
	"context"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
)

// Consent records that a user agreed to something, in which version of its words, and from which session. Signing in is
// not consent. The transaction may be the user's own or db.System's.
func (s *Service) Consent(ctx context.Context, tx db.Tx, userID, kind, version string) {
	session := any(nil)
	if id := audit.OriginFrom(ctx).SessionID; isID(id) {
		session = id
	}
	tx.Later(`INSERT INTO consents (id, user_id, kind, version, session_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		db.NewID(), userID, clean(kind, 50), clean(version, 50), session, tx.Now())
	audit.Record(ctx, tx, audit.Event{
		UserID: userID, Actor: "user", Action: "consent.given", Resource: "user:" + userID,
		Detail: map[string]any{"kind": clean(kind, 50), "version": clean(version, 50)},
	})
}

// HasConsent tells whether a user agreed to this version of these words.
func (s *Service) HasConsent(ctx context.Context, userID, kind, version string) (bool, error) {
	n, err := db.ReadOne(ctx, s.db, db.User(userID), db.Value[int],
		`SELECT count(*) FROM consents WHERE user_id = $1 AND kind = $2 AND version = $3`, userID, kind, version)
	return n > 0, err
}

package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const (
	maxAccounts = 200             // listed
	renewEarly  = 5 * time.Minute // before an access token of X expires
)

// XAccount is an X account that a user linked.
type XAccount struct {
	ID        string
	XUserID   string // never changes; the handle may
	Released  bool   // it was unlinked, opens nothing here any more, and can be linked by anybody
	Handle    string // without the @
	Name      string
	AvatarURL string // may be empty
	Scopes    []string
	Status    string // "active"; "reconnect" when X ended the grant; "revoked" when its user did
	// Status, but of an active one "expiring" or "expired" by its access token, which is renewed when needed
	Health         string
	LinkedAt       time.Time
	LastSyncAt     *time.Time // when its posts were last read; nil when never
	TokenExpiresAt *time.Time // of the access token; nil when there is none
}

// accountColumns are what scanAccount reads; a user may read each of them.
const accountColumns = `id, COALESCE(released_x_user_id, x_user_id), released_x_user_id IS NOT NULL, handle, name, COALESCE(avatar_url, ''),
	scopes, status, linked_at, last_sync_at, token_expires_at`

func (s *Service) scanAccount(r db.Rows, a *XAccount) error {
	var scopes string
	err := r.Scan(a.fields(&scopes)...)
	a.complete(scopes, s.now())
	return err
}

func (a *XAccount) fields(scopes *string) []any {
	return []any{
		&a.ID, &a.XUserID, &a.Released, &a.Handle, &a.Name, &a.AvatarURL,
		scopes, &a.Status, &a.LinkedAt, &a.LastSyncAt, &a.TokenExpiresAt,
	}
}

func (a *XAccount) complete(scopes string, now time.Time) {
	a.Scopes = strings.Fields(scopes)
	a.Health = health(a.Status, a.TokenExpiresAt, now)
}

func health(status string, expires *time.Time, now time.Time) string {
	switch {
	case status != "active":
		return status
	case expires == nil || !now.Before(*expires):
		return "expired"
	case expires.Sub(now) < renewEarly:
		return "expiring"
	}
	return "active"
}

// Accounts lists the X accounts a user ever linked, the oldest first, at most 200.
func (s *Service) Accounts(ctx context.Context, userID string) ([]XAccount, error) {
	return db.Read(ctx, s.db, db.User(userID), s.scanAccount,
		`SELECT `+accountColumns+` FROM x_accounts WHERE user_id = $1 ORDER BY linked_at, id LIMIT $2`, userID, maxAccounts)
}

// handleKey is a handle as it is looked up: X allows letters, digits and underscores only.
func handleKey(handle string) string {
	return strings.ToLower(db.Storable(strings.TrimPrefix(strings.TrimSpace(handle), "@"), 50))
}

// MarkSynced notes that an account's posts were read. The transaction must be one of db.System.
func (s *Service) MarkSynced(_ context.Context, tx db.Tx, userID, accountID string) {
	tx.Later(`UPDATE x_accounts SET last_sync_at = $3 WHERE id = $1 AND user_id = $2`, accountID, userID, tx.Now())
}

func noAccount() error { return fault.NotFound.Saying("There is no linked X account with this id.") }

func orNoAccount(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return noAccount()
	}
	return err
}

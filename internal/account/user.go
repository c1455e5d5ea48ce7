package account

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const maxName = 100 // runes of a user's name

// User is what a person is to Repazoo.
type User struct {
	ID, Name           string
	Email              string // where notices are mailed, empty until it is confirmed
	Role               string // "user" or "admin"
	CreatedAt          time.Time
	Tier               string // of the subscription as it stands, "none" without one; billing decides what it is good for
	SubscriptionStatus string // as the payment provider spells it, "none" without one
	Accounts           int    // linked X accounts, those that were unlinked not counted
	Preferences
}

// Me reads a user in one round trip. Error: not_found after the account was erased.
func (s *Service) Me(ctx context.Context, userID string) (User, error) {
	u, err := db.ReadOne(ctx, s.db, db.User(userID), scanUser, `
		SELECT u.id, u.name, COALESCE(u.email, ''), u.role, u.created_at, COALESCE(b.tier, 'none'), COALESCE(b.status,
			'none'),
		       (SELECT count(*) FROM x_accounts a WHERE a.user_id = u.id AND a.status <> 'revoked'), `+preferenceColumns+`
		FROM users u LEFT JOIN subscriptions b ON b.user_id = u.id WHERE u.id = $1`, userID)
	if errors.Is(err, db.ErrNotFound) {
		return User{}, noSuchUser()
	}
	return u, err
}

func scanUser(r db.Rows, u *User) error {
	own := []any{&u.ID, &u.Name, &u.Email, &u.Role, &u.CreatedAt, &u.Tier, &u.SubscriptionStatus, &u.Accounts}
	return r.Scan(append(own, u.columns()...)...)
}

// Rename gives a user another display name: 1 to 100 characters, none of them control characters.
func (s *Service) Rename(ctx context.Context, userID, name string) (User, error) {
	name, err := CheckName(name)
	if err != nil {
		return User{}, err
	}
	err = s.db.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		tx.Touch(userID)
		_, err := tx.Exec(ctx, `UPDATE users SET name = $2, updated_at = $3 WHERE id = $1`, userID, name, tx.Now())
		audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.UserRenamed, Resource: "user:" +
			userID})
		return err
	})
	if err != nil {
		return User{}, err
	}
	return s.Me(ctx, userID)
}

// CheckName trims what a user wants to be called. Error: validation_failed for a name that cannot be kept.
func CheckName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) ||
		strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.ValidationFailed.At("body.name", "must have 1 to 100 characters and no line breaks")
	}
	return name, nil
}

// SetRole makes a user "admin" or "user" again. It is for the operator's command line only: no request may reach it.
// The user is named by id, or by the handle of an X account linked to them.
func (s *Service) SetRole(ctx context.Context, xHandleOrUserID, role string) error {
	if role != "user" && role != "admin" {
		return fault.ValidationFailed.At("role", `must be "user" or "admin"`)
	}
	return s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		id, err := findUser(ctx, tx, xHandleOrUserID)
		if err != nil {
			return err
		}
		tx.Touch(id)
		n, err := tx.Exec(ctx, `UPDATE users SET role = $2, updated_at = $3 WHERE id = $1`, id, role, tx.Now())
		if err == nil && n == 0 {
			return noUser()
		}
		audit.Record(ctx, tx, audit.Event{UserID: id, Actor: "operator", Action: audit.UserRoleSet, Resource: "user:" +
			id, Detail: map[string]any{"role": role}})
		return err
	})
}

// findUser refuses a handle that two users' accounts carry, which happens when X gave it to somebody else.
func findUser(ctx context.Context, tx db.Tx, handleOrID string) (string, error) {
	if isID(handleOrID) {
		return handleOrID, nil
	}
	found, err := db.All(ctx, tx, db.Value[string], `SELECT DISTINCT user_id FROM x_accounts WHERE lower(handle) = $1
		AND status <> 'revoked' LIMIT 2`, handleKey(handleOrID))
	switch {
	case err != nil:
		return "", err
	case len(found) > 1:
		return "", fault.Conflict.Saying("More than one user has linked an account with this handle. Name the user by id.")
	case len(found) == 0:
		return "", noUser()
	}
	return found[0], nil
}

func noUser() error {
	return fault.NotFound.Saying("There is no user with this id or X handle. They must sign in once first.")
}

// Find is the id of the user with this id, X handle or confirmed e-mail address, whole. It is for administrators, who
// look for somebody that wrote to them; nothing lists users. Error: not_found, and conflict when two users have the
// handle or the address.
func (s *Service) Find(ctx context.Context, who string) (id string, err error) {
	who = strings.TrimSpace(who)
	err = s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		query, arg := `SELECT CAST(id AS text) FROM users WHERE lower(email) = $1 AND email_confirmed_at IS NOT NULL
			LIMIT 2`, strings.ToLower(who)
		if at := strings.IndexByte(who, '@'); at <= 0 { // a handle or an id
			if arg, err = findUser(ctx, tx, who); err != nil {
				return err
			}
			query = `SELECT CAST(id AS text) FROM users WHERE CAST(id AS text) = $1`
		}
		found, err := db.All(ctx, tx, db.Value[string], query, arg)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return noUser()
		case len(found) > 1:
			return fault.Conflict.Saying("More than one user has this address. Name the user by id or X handle.")
		}
		id = found[0]
		return nil
	})
	return id, err
}

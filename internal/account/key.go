package account

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// API keys let a program act for a person, within the scopes they chose and for a time they chose. The secret is told
// once, when it is made, and kept as a hash. Keys are made, rotated and revoked in a session only: no scope reaches
// that, nor sessions, linked accounts, erasure and payment, so whoever steals a key cannot make its access last.
//
// A rotation gives a key another secret. The one before may stay good for a while, so that a program can change over
// without a gap; a key never has more than these two. A key that is revoked is gone, as if it had never been: only the
// audit log remembers it.

// Scope is what an API key may do; routes name the one they need.
type Scope string

// The scopes. Whoever adds one decides in the route table what it opens.
const (
	AnalysesRead  Scope = "analyses:read"  // analyses, reports, findings
	AnalysesWrite Scope = "analyses:write" // start, cancel and delete them, upload archives, dismiss findings
	AccountRead   Scope = "account:read"   // the profile, linked X accounts, what the plan still allows
	BillingRead   Scope = "billing:read"   // the plan
	AuditRead     Scope = "audit:read"     // what happened on the account
)

// Scopes lists every scope, in the order people are shown them.
func Scopes() []Scope {
	return []Scope{AnalysesRead, AnalysesWrite, AccountRead, BillingRead, AuditRead}
}

// The bounds of keys.
const (
	MaxKeys        = 20 // that have not expired, for each user
	MaxKeyDays     = 365
	DefaultKeyDays = 90
	MaxOverlap     = 7 * 24 * time.Hour // how long the secret before a rotation may stay good

	maxKeyName = 100                 // runes
	keysListed = 100                 // the newest
	keysKept   = 30 * 24 * time.Hour // after they expired, so that their owner can see why a program was refused
)

// Key is an API key without its secret.
type Key struct {
	ID, Name             string
	Hint                 string // the last four characters of its secret, so that people tell keys apart
	Scopes               []Scope
	CreatedAt, ExpiresAt time.Time
	Expired              bool
	LastUsedAt           *time.Time // to the minute; nil when its secret was never used
	RotatedAt            *time.Time
	OldUntil             *time.Time // until when the secret before the rotation is good; nil when it is not
	OldUsedAt            *time.Time // when that one was last used
}

// NewKey is a key with its secret, which cannot be had again. It prints as dots.
type NewKey struct {
	Key
	Secret string
}

// KeyRequest says which key to make.
type KeyRequest struct {
	Name   string  // 1 to 100 characters, another than the user's other keys have
	Scopes []Scope // at least one
	Days   int     // until it expires, 1 to 365; 0 means 90
}

// Rotation says how to give a key another secret.
type Rotation struct {
	Overlap time.Duration // how long the secret before stays good, at most 7 days; 0 ends it at once
	Days    int           // until the key expires, counted from now, as in KeyRequest
}

// keyColumns are what scanKey reads; a user may read each of them.
const keyColumns = `id, name, hint, scopes, created_at, expires_at, last_used_at, rotated_at, old_until, old_used_at`

func (s *Service) scanKey(r db.Rows, k *Key) error {
	var scopes string
	err := r.Scan(k.fields(&scopes)...)
	k.complete(scopes, s.now())
	return err
}

func (k *Key) fields(scopes *string) []any {
	return []any{
		&k.ID, &k.Name, &k.Hint, scopes, &k.CreatedAt, &k.ExpiresAt, &k.LastUsedAt, &k.RotatedAt, &k.OldUntil,
		&k.OldUsedAt,
	}
}

func (k *Key) complete(scopes string, now time.Time) {
	k.Scopes = parseScopes(scopes)
	k.Expired = !now.Before(k.ExpiresAt)
	if k.OldUntil != nil && !now.Before(*k.OldUntil) {
		k.OldUntil, k.OldUsedAt = nil, nil
	}
}

// Keys lists a user's keys, the newest first, at most 100, with those that expired in the last 30 days.
func (s *Service) Keys(ctx context.Context, userID string) ([]Key, error) {
	return db.Read(ctx, s.db, db.User(userID), s.scanKey,
		`SELECT `+keyColumns+` FROM api_keys WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, userID,
		keysListed)
}

// CreateKey makes an API key. Errors: validation_failed, and conflict when the user has 20, or one of this name.
func (s *Service) CreateKey(ctx context.Context, userID string, r KeyRequest) (NewKey, error) {
	if err := r.check(); err != nil {
		return NewKey{}, err
	}
	var k NewKey
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := roomForKey(ctx, tx, userID, r.Name); err != nil {
			return err
		}
		k = newKey(r, tx.Now())
		tx.Later(`INSERT INTO api_keys (id, user_id, name, hash, hint, scopes, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			k.ID, userID, k.Name, hash(k.Secret), k.Hint, joinScopes(k.Scopes), k.CreatedAt, k.ExpiresAt)
		recordKey(ctx, tx, userID, audit.APIKeyCreated, k.Key)
		return nil
	})
	if err != nil {
		return NewKey{}, err
	}
	return k, nil
}

// check also puts the scopes into their order and drops repeated ones.
func (r *KeyRequest) check() error {
	r.Name = strings.TrimSpace(r.Name)
	if r.Name == "" || utf8.RuneCountInString(r.Name) > maxKeyName || !utf8.ValidString(r.Name) ||
		strings.ContainsFunc(r.Name, unicode.IsControl) {
		return fault.ValidationFailed.At("body.name", "must have 1 to 100 characters and no line breaks")
	}
	known := slices.DeleteFunc(Scopes(), func(s Scope) bool { return !slices.Contains(r.Scopes, s) })
	if len(known) == 0 || slices.ContainsFunc(r.Scopes, func(s Scope) bool { return !slices.Contains(known, s) }) {
		return fault.ValidationFailed.At("body.scopes", "must be one or more of "+strings.ReplaceAll(joinScopes(Scopes()),
			" ", ", "))
	}
	r.Scopes = known
	return checkDays(&r.Days)
}

func checkDays(days *int) error {
	*days = cmp.Or(*days, DefaultKeyDays)
	if *days < 1 || *days > MaxKeyDays {
		return fault.ValidationFailed.At("body.expires_in_days", "must be 1 to 365")
	}
	return nil
}

func newKey(r KeyRequest, now time.Time) NewKey {
	secret := newKeySecret()
	return NewKey{Secret: secret, Key: Key{
		ID: db.NewID(), Name: r.Name, Hint: hintOf(secret), Scopes: r.Scopes, CreatedAt: now,
		ExpiresAt: now.AddDate(0, 0, r.Days),
	}}
}

func hintOf(secret string) string { return secret[len(secret)-hintLen:] }

// LockUser makes what is done for one user wait for its turn until tx ends, by a row lock on the user: whoever counts
// before they add counts what is there. Error: not_found.
func LockUser(ctx context.Context, tx db.Tx, userID string) error {
	n, err := tx.Exec(ctx, `UPDATE users SET updated_at = updated_at WHERE id = $1`, userID)
	if err == nil && n == 0 {
		return fault.NotFound.Saying("This user does not exist any more.")
	}
	return err
}

// roomForKey makes the creations of one user wait for each other; otherwise two could both see 19 keys.
func roomForKey(ctx context.Context, tx db.Tx, userID, name string) error {
	if err := LockUser(ctx, tx, userID); err != nil {
		return err
	}
	type counts struct{ living, namesakes int }
	c, err := db.One(ctx, tx, func(r db.Rows, c *counts) error { return r.Scan(&c.living, &c.namesakes) },
		`SELECT count(*), count(*) FILTER (WHERE name = $3) FROM api_keys WHERE user_id = $1 AND expires_at > $2`, userID,
		tx.Now(), name)
	switch {
	case err != nil:
		return err
	case c.namesakes > 0:
		return fault.Conflict.Saying("You already have a key with this name. Choose another name, or rotate that key.")
	case c.living >= MaxKeys:
		return fault.Conflict.Saying("You have %d keys, and more are not allowed. Revoke one that you do not need any "+
			"more.", MaxKeys)
	}
	return nil
}

// keyRow is a key with the hashes of its secrets.
type keyRow struct {
	Key
	hash, oldHash string
}

func (s *Service) scanKeyRow(r db.Rows, k *keyRow) error {
	var scopes string
	err := r.Scan(append(k.fields(&scopes), &k.hash, &k.oldHash)...)
	k.complete(scopes, s.now())
	return err
}

// RotateKey gives a key another secret and a new life. Of several at once one wins. Errors: not_found,
// validation_failed, and conflict for a key that has expired, or whose secret before is still good, unless the overlap
// is 0.
func (s *Service) RotateKey(ctx context.Context, userID, id string, r Rotation) (NewKey, error) {
	if !isID(id) {
		return NewKey{}, noKey()
	}
	if r.Overlap < 0 || r.Overlap > MaxOverlap {
		return NewKey{}, fault.ValidationFailed.At("body.overlap_hours", "must be 0 to 168")
	}
	if err := checkDays(&r.Days); err != nil {
		return NewKey{}, err
	}
	var was keyRow
	var k NewKey
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		was, err = db.One(ctx, tx, s.scanKeyRow,
			`SELECT `+keyColumns+`, hash, COALESCE(old_hash, '') FROM api_keys WHERE id = $1 AND user_id = $2`, id, userID)
		if err == nil {
			err = was.mayRotate(r)
		}
		if err == nil {
			k, err = rotate(ctx, tx, userID, was, r)
			notifyKey(tx, was)
		}
		return err
	})
	if err != nil {
		return NewKey{}, orNoKey(err)
	}
	s.apiKeys.forget(was.hash, was.oldHash) // and learn anew until when they are good
	return k, nil
}

func (k *keyRow) mayRotate(r Rotation) error {
	switch {
	case k.Expired:
		return fault.Conflict.Saying("This key has expired. Make a new one.")
	case k.OldUntil != nil && r.Overlap > 0:
		return fault.Conflict.Saying("The secret before the last rotation is still good until %s. Wait, or rotate with no "+
			"overlap, which ends both at once.", k.OldUntil.UTC().Format(time.RFC3339))
	}
	return nil
}

// rotate stores the new secret if nobody else did since was was read.
func rotate(ctx context.Context, tx db.Tx, userID string, was keyRow, r Rotation) (NewKey, error) {
	k := newKey(KeyRequest{Name: was.Name, Scopes: was.Scopes, Days: r.Days}, tx.Now())
	k.ID, k.CreatedAt, k.RotatedAt = was.ID, was.CreatedAt, new(tx.Now())
	until := tx.Now().Add(r.Overlap)
	if was.ExpiresAt.Before(until) {
		until = was.ExpiresAt
	}
	n, err := tx.Exec(ctx, `UPDATE api_keys SET old_hash = hash, old_until = $5, old_used_at = last_used_at,
			hash = $6, hint = $7, expires_at = $8, rotated_at = $4, last_used_at = NULL
		WHERE id = $1 AND user_id = $2 AND hash = $3`, k.ID, userID, was.hash, tx.Now(), until, hash(k.Secret), k.Hint,
		k.ExpiresAt)
	if err != nil {
		return NewKey{}, err
	}
	if n == 0 {
		return NewKey{}, fault.Conflict.Saying("This key was rotated or revoked at the same moment. Look at your keys " +
			"before you try again.")
	}
	if r.Overlap > 0 {
		k.OldUntil, k.OldUsedAt = &until, was.LastUsedAt
	}
	recordKey(ctx, tx, userID, audit.APIKeyRotated, k.Key)
	return k, nil
}

// notifyKey makes every process ask the database about a key again.
func notifyKey(tx db.Tx, k keyRow) {
	for _, h := range []string{k.hash, k.oldHash} {
		if h != "" {
			tx.Notify(ended, h)
		}
	}
}

// RevokeKey ends a key and every secret of it: here at once, in other processes within moments (see Watch). Error:
// not_found.
func (s *Service) RevokeKey(ctx context.Context, userID, id string) error {
	if !isID(id) {
		return noKey()
	}
	var was keyRow
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		was, err = db.One(ctx, tx, s.scanKeyRow, `DELETE FROM api_keys WHERE id = $1 AND user_id = $2
			RETURNING `+keyColumns+`, hash, COALESCE(old_hash, '')`, id, userID)
		if err == nil {
			notifyKey(tx, was)
			recordKey(ctx, tx, userID, audit.APIKeyRevoked, was.Key)
		}
		return err
	})
	if err != nil {
		return orNoKey(err)
	}
	s.apiKeys.forget(was.hash, was.oldHash)
	return nil
}

// recordKey leaves the name out: it is the person's own words, and a line of the audit log is for ever.
func recordKey(ctx context.Context, tx db.Tx, userID string, action audit.Action, k Key) {
	detail := map[string]any{"hint": k.Hint, "scopes": k.Scopes, "expires_at": k.ExpiresAt.UTC().Format(time.RFC3339)}
	if k.OldUntil != nil {
		detail["old_until"] = k.OldUntil.UTC().Format(time.RFC3339)
	}
	audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: action, Resource: "api_key:" +
		k.ID, Detail: detail})
}

func joinScopes(scopes []Scope) string {
	var b strings.Builder
	for i, s := range scopes {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// parseScopes never gives nil, which would mean everything.
func parseScopes(stored string) []Scope {
	scopes := []Scope{}
	for s := range strings.FieldsSeq(stored) {
		scopes = append(scopes, Scope(s))
	}
	return scopes
}

func noKey() error { return fault.NotFound.Saying("You have no API key with this id.") }

func orNoKey(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return noKey()
	}
	return err
}

//go:build linux

package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/repazoo/repazoo/internal/analysis"
)

// issuer is the address Repazoo believes to have; nobody resolves it.
const issuer = "https://repazoo.invalid"

// keys are made for one run and thrown away with it.
type keys struct{ jwt, encryption string }

func newKeys() keys { return keys{rand.Text() + rand.Text(), rand.Text() + rand.Text()} }

// person is a signed-in user with one linked account.
type person struct{ user, session, account, consent string }

func newPeople(n int) []person {
	all := make([]person, n)
	for i := range all {
		all[i] = person{newID(), newID(), newID(), newID()}
	}
	return all
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// token is an access token as internal/account signs it.
func (k keys) token(p person, now time.Time) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": issuer, "aud": "authenticated", "sub": p.user, "role": "authenticated", "sid": p.session, "jti": newID(),
		"iat": now.Unix(), "exp": now.Add(2 * time.Hour).Unix(), "token_use": "access", "app_role": "user",
	})
	name := hmac.New(sha256.New, []byte(k.jwt))
	name.Write([]byte("repazoo/jwt/kid"))
	t.Header["kid"] = hex.EncodeToString(name.Sum(nil)[:8])
	return t.SignedString([]byte(k.jwt))
}

// row is one insert of a person's data.
type row struct {
	query string
	args  []any
}

// rows are what a sign-in with X, a consent and a first analysis would have left behind. Times
// are arguments, because the two databases keep them differently.
func (p person) rows(stamp func(time.Time) any, now time.Time) []row {
	at, later := stamp(now), stamp(now.AddDate(0, 1, 0))
	return []row{
		{`INSERT INTO users (id, name, email, role, created_at, updated_at)
			VALUES ($1, 'Load Tester', 'load@repazoo.invalid', 'user', $2, $2)`, []any{p.user, at}},
		{`INSERT INTO x_accounts (id, user_id, x_user_id, handle, name, scopes, status, linked_at, updated_at)
			VALUES ($1, $2, $3, $4, 'Load Tester', 'tweet.read users.read', 'active', $5, $5)`, []any{
			p.account, p.user,
			p.account, "load" + p.account[24:], at,
		}},
		{`INSERT INTO sessions (id, user_id, device, ip, created_at, last_used_at, expires_at)
			VALUES ($1, $2, 'load', '127.0.0.1', $3, $3, $4)`, []any{p.session, p.user, at, later}},
		{
			`INSERT INTO consents (id, user_id, kind, version, session_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			[]any{p.consent, p.user, analysis.ConsentKind, analysis.ConsentVersion, p.session, at},
		},
		{`INSERT INTO quota_periods (user_id, period_start, period_end, entitled_until, tier, quota, reads_limit)
			VALUES ($1, $2, $3, $3, 'pro', 1000000000, 1000000000)`, []any{p.user, at, later}},
	}
}

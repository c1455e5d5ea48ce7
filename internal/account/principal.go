package account

import (
	"context"
	"crypto/hmac"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type principalKey struct{}

// WithPrincipal puts the signed-in user into the context of a request.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom is the signed-in user of a request, or the zero Principal for a stranger.
func PrincipalFrom(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// newLateParser reads access tokens as long after their end as their sessions are kept.
func newLateParser(issuer string, now func() time.Time) *jwt.Parser {
	return newParser(issuer, now, jwt.WithLeeway(sessionsKept))
}

// Whose tells which user an access token was made for, though it may have expired or its session have ended; "" for one
// that Repazoo has not signed. It lets its bearer do nothing: it only tells who wrote what came with it.
func (s *Service) Whose(bearer string) string {
	if bearer == "" || len(bearer) > maxBearer {
		return ""
	}
	c, err := s.parse(s.late, bearer)
	if err != nil {
		return ""
	}
	return c.Subject
}

type formerKey struct{}

// WithFormer puts into the context of a request whose browser it comes from, as Whose says, when nobody is signed in.
func WithFormer(ctx context.Context, userID string) context.Context {
	return context.WithValue(ctx, formerKey{}, userID)
}

// FormerFrom is the user whose session has ended in the browser that a request comes from; "" where that is not known.
// Nobody may be let in by it.
func FormerFrom(ctx context.Context) string {
	userID, _ := ctx.Value(formerKey{}).(string)
	return userID
}

// writtenPurpose is of the MAC that binds a form to who wrote it.
const writtenPurpose = "written form"

// Written binds a form that goes to a path to the user who wrote it; "" for somebody unknown.
func (s *Service) Written(userID, path string) []byte {
	return s.seal.MAC(writtenPurpose, written(userID, path))
}

// WroteIt tells whether Written made a sum for this user and path.
func (s *Service) WroteIt(userID, path string, sum []byte) bool {
	wrote := false
	for _, want := range s.seal.MACs(writtenPurpose, written(userID, path)) {
		wrote = hmac.Equal(want, sum) || wrote
	}
	return wrote
}

func written(userID, path string) []byte { return []byte(userID + "\x00" + path) }

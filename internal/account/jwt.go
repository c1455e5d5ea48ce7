package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const (
	minKey    = 32 // bytes of a signing key
	maxBearer = 4 << 10
	maxSkew   = time.Minute // between the clocks of our processes
	signedIn  = "authenticated"
)

// claims are Supabase's and ours. Supabase reads aud, role and sub; use keeps any other token we may ever sign from
// passing as an access token.
type claims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"` // user id
	Role      string `json:"role"`
	Session   string `json:"sid"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"` // Unix seconds
	ExpiresAt int64  `json:"exp"`
	Use       string `json:"token_use"`
	AppRole   string `json:"app_role"`
}

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return date(c.ExpiresAt), nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return date(c.IssuedAt), nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (c *claims) GetIssuer() (string, error)                   { return c.Issuer, nil }
func (c *claims) GetSubject() (string, error)                  { return c.Subject, nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return jwt.ClaimStrings{c.Audience}, nil }

func date(unix int64) *jwt.NumericDate {
	if unix == 0 {
		return nil
	}
	return jwt.NewNumericDate(time.Unix(unix, 0))
}

// keySet holds the HS256 keys; the first signs.
type keySet struct {
	issuer string
	plain  bool // tokens name no key
	keys   []signingKey
}

type signingKey struct {
	kid string
	key []byte
}

func newKeySet(issuer string, plain bool, secrets []string) (keySet, error) {
	if len(secrets) == 0 {
		return keySet{}, errors.New("JWT_SECRET_KEY is empty")
	}
	set := keySet{issuer: issuer, plain: plain}
	for i, secret := range secrets {
		k := signingKey{kidOf(secret), []byte(secret)}
		if len(secret) < minKey {
			return keySet{}, fmt.Errorf("key %d of JWT_SECRET_KEY has %d bytes, it needs at least %d", i+1, len(secret), minKey)
		}
		if set.find(k.kid) != nil {
			return keySet{}, fmt.Errorf("key %d of JWT_SECRET_KEY is given twice", i+1)
		}
		set.keys = append(set.keys, k)
	}
	return set, nil
}

// kidOf names a key without telling anything about it.
func kidOf(secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("repazoo/jwt/kid"))
	return hex.EncodeToString(m.Sum(nil)[:8])
}

func (s keySet) find(kid string) []byte {
	i := slices.IndexFunc(s.keys, func(k signingKey) bool { return k.kid == kid })
	if i < 0 {
		return nil
	}
	return s.keys[i].key
}

// sign makes the access token of a session.
func (s keySet) sign(userID, sessionID, role string, now, expires time.Time) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, &claims{
		Issuer: s.issuer, Audience: signedIn, Subject: userID, Role: signedIn, Session: sessionID, ID: db.NewID(),
		IssuedAt: now.Unix(), ExpiresAt: expires.Unix(), Use: "access", AppRole: role,
	})
	if !s.plain {
		t.Header["kid"] = s.keys[0].kid
	}
	return t.SignedString(s.keys[0].key)
}

func newParser(issuer string, now func() time.Time, more ...jwt.ParserOption) *jwt.Parser {
	options := append(strict(now), jwt.WithIssuer(issuer), jwt.WithAudience(signedIn), jwt.WithExpirationRequired())
	return jwt.NewParser(append(options, more...)...)
}

// strict is how every token is read, whatever it says.
func strict(now func() time.Time) []jwt.ParserOption {
	return []jwt.ParserOption{jwt.WithValidMethods([]string{"HS256"}), jwt.WithStrictDecoding(), jwt.WithTimeFunc(now)}
}

// choose finds the key of a token. A header says alg, kid and typ and nothing else, as it was
// signed: nothing in it may bring a key, an address of one, or rules that are not known here.
func (s keySet) choose(t *jwt.Token) (any, error) {
	kid, named := t.Header["kid"].(string)
	members := 3
	if !named && s.plain {
		kid, members = s.keys[0].kid, 2
	}
	if key := s.find(kid); key != nil && t.Header["typ"] == "JWT" && len(t.Header) == members {
		return key, nil
	}
	return nil, jwt.ErrTokenUnverifiable
}

// keyOf names the key that a token was verified with.
func (s keySet) keyOf(t *jwt.Token) string {
	if kid, named := t.Header["kid"].(string); named {
		return kid
	}
	return s.keys[0].kid
}

const maxVerified = 20_000 // tokens whose signature is remembered

// checked is a token whose signature was good, and the key that signed it.
type checked struct {
	claims
	kid string
}

// newVerified remembers tokens whose signature has been checked, by their hash.
func newVerified(now func() time.Time) (memory[[sha256.Size]byte, checked], error) {
	return otter.New(&otter.Options[[sha256.Size]byte, checked]{
		MaximumSize:      maxVerified,
		ExpiryCalculator: otter.ExpiryWriting[[sha256.Size]byte, checked](5 * time.Minute),
		Clock:            cacheClock(now),
	})
}

// verify reads an access token that this server signed and that has not expired. A signature that was good stays good
// while its key is known; that and the time are looked at every time.
func (s *Service) verify(bearer string) (claims, error) {
	if len(bearer) > maxBearer {
		return claims{}, fault.Unauthenticated
	}
	hash := sha256.Sum256([]byte(bearer))
	c, known := s.verified.GetIfPresent(hash)
	if !known || s.keys.Load().find(c.kid) == nil {
		var err error
		if c, err = s.parse(s.parser, bearer); err != nil {
			return claims{}, err
		}
		s.verified.Set(hash, c)
	}
	if !s.now().Before(time.Unix(c.ExpiresAt, 0)) {
		return claims{}, fault.TokenExpired
	}
	return c.claims, nil
}

func (s *Service) parse(parser *jwt.Parser, bearer string) (checked, error) {
	var c claims
	keys := s.keys.Load()
	token, err := parser.ParseWithClaims(bearer, &c, keys.choose)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return checked{}, fault.TokenExpired
	case err != nil || c.Use != "access" || c.Role != signedIn || !isID(c.Subject) || !isID(c.Session) || !isID(c.ID):
		return checked{}, fault.Unauthenticated
	case c.IssuedAt == 0 || time.Unix(c.IssuedAt, 0).After(s.now().Add(maxSkew)):
		return checked{}, fault.Unauthenticated
	}
	return checked{c, keys.keyOf(token)}, nil
}

// SetKeys replaces the keys of access tokens while requests go on, as Config.JWTKeys and Config.PlainKey have them: the
// first signs from now on, and a token that another key signed is refused once its key is not among them. Nothing
// changes with an error.
func (s *Service) SetKeys(secrets []string, plain bool) error {
	set, err := newKeySet(s.keys.Load().issuer, plain, secrets)
	if err != nil {
		return err
	}
	s.keys.Store(&set)
	return nil
}

package notice

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// Every mail has an address that ends mails like it with one click, as RFC 8058 says: a mail program posts to it,
// without a session and without a page in between. What the address carries is signed and names one user and one kind,
// so it is good for switching that kind's mails off and for nothing else. It does not expire, because mails are kept
// for years, and it ends when the secret that signed it is forgotten. Following it with GET changes nothing: programs
// that look into mail follow every link.

const (
	stopPath    = "/email/unsubscribe"
	stopPurpose = "unsubscribe" // of the signature
	maxStop     = 300           // bytes of a token
	hashLength  = 16

	// confirmPrefix stands before the hash of an address in a token that takes back the wish to confirm it.
	confirmPrefix = "email.confirm:"
)

// stopLink is the address that ends a user's mails of a kind.
func (s *Service) stopLink(userID, kind string) string {
	return s.c.PublicURL + stopPath + "?" + url.Values{"token": {s.stopToken(userID, kind)}}.Encode()
}

func (s *Service) stopToken(userID, kind string) string {
	text := userID + " " + kind
	return encoded([]byte(text)) + "." + encoded(s.c.Seal.MAC(stopPurpose, []byte(text)))
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// addressHash names an address in a token without telling it.
func addressHash(email string) string { return hashed(email)[:hashLength] }

// Stop is what an address of a mail ends.
type Stop struct {
	userID, kind string
}

// Words name what ends, as "a report that is ready".
func (s Stop) Words() string {
	if s.Confirmation() {
		return "the confirmation of this address"
	}
	return Kind(s.kind).Words()
}

// Confirmation tells whether it ends the mail that confirms an address.
func (s Stop) Confirmation() bool { return strings.HasPrefix(s.kind, confirmPrefix) }

// Kind is the kind of notices whose mails it ends.
func (s Stop) Kind() Kind { return Kind(s.kind) }

// ReadStop tells what a token ends. Error: not_found for one that Repazoo did not make.
func (s *Service) ReadStop(token string) (Stop, error) {
	text, sum, both := strings.Cut(token, ".")
	body, err := base64.RawURLEncoding.DecodeString(text)
	given, sumErr := base64.RawURLEncoding.DecodeString(sum)
	if len(token) > maxStop || !both || err != nil || sumErr != nil {
		return Stop{}, noStop()
	}
	genuine := false
	for _, want := range s.c.Seal.MACs(stopPurpose, body) {
		genuine = hmac.Equal(want, given) || genuine
	}
	userID, kind, _ := strings.Cut(string(body), " ")
	known := strings.HasPrefix(kind, confirmPrefix) || slices.Contains(Kinds(), Kind(kind))
	if !genuine || !known || !db.IsID(userID) {
		return Stop{}, noStop()
	}
	return Stop{userID, kind}, nil
}

// Unsubscribe ends a user's mails of the kind that a token names, or takes back the wish to confirm the address that it
// was mailed to. Whoever has the token may, any number of times. Error: not_found for a token that Repazoo did not
// make.
func (s *Service) Unsubscribe(ctx context.Context, token string) (Stop, error) {
	stop, err := s.ReadStop(token)
	if err != nil {
		return Stop{}, err
	}
	if hash, waiting := strings.CutPrefix(stop.kind, confirmPrefix); waiting {
		return stop, s.forgetWaiting(ctx, stop.userID, hash)
	}
	return stop, s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := setMute(ctx, tx, stop.userID, stop.kind, byMail, false)
		if err == nil && n > 0 {
			recordChoice(ctx, tx, stop.userID, map[string]any{stop.kind + " " + byMail: false, "by": "the link in a mail"})
		}
		return err
	})
}

// forgetWaiting takes back the wish to confirm an address, if it is still the one with this hash.
func (s *Service) forgetWaiting(ctx context.Context, userID, hash string) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		waits, err := db.All(ctx, tx, db.Value[string],
			`SELECT email FROM email_confirmations WHERE user_id = $1 AND email IS NOT NULL`, userID)
		if err != nil || len(waits) == 0 || addressHash(waits[0]) != hash {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE email_confirmations SET email = NULL, token_hash = NULL, expires_at = $3
			WHERE user_id = $1 AND email = $2`, userID, waits[0], tx.Now())
		if err == nil && n > 0 {
			recordEmail(ctx, tx, userID, audit.UserEmailRemoved)
		}
		return err
	})
}

func noStop() error {
	return fault.NotFound.Saying("This link is not one of ours, or is damaged. Choose what you want to hear of on the " +
		"page of your notices.")
}

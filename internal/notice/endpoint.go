package notice

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/seal"
)

// MaxEndpoints is how many endpoints a user may have.
const MaxEndpoints = 5

const (
	secretPrefix = "whsec_"
	secretBytes  = 32
)

// Endpoint is an address of a user's own that hears of their notices.
type Endpoint struct {
	ID, URL      string
	Kinds        []Kind // that it hears of; none means all of them
	CreatedAt    time.Time
	FailingSince *time.Time // nil while the last delivery that ended well is newer than any that failed
	DisabledAt   *time.Time // nil while it is switched on
}

// Host is the part of the URL that is safe to show anywhere: the rest may be a secret.
func (e Endpoint) Host() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// hears tells whether an endpoint is to be told of a kind.
func (e Endpoint) hears(k Kind) bool { return len(e.Kinds) == 0 || slices.Contains(e.Kinds, k) }

// NewEndpoint is an endpoint with the secret that signs what is sent to it, which cannot be had again.
type NewEndpoint struct {
	Endpoint
	Secret string // whsec_ and base64, as the Standard Webhooks specification has it
}

// SealedColumns is where this package keeps boxes, for package keyring.
func SealedColumns() []seal.Column {
	return []seal.Column{{
		Table: "webhook_endpoints", Name: "secret", Key: []string{"id"},
		Bound: func(key []string) []byte { return []byte(key[0]) },
	}}
}

const endpointColumns = `id, url, kinds, created_at, failing_since, disabled_at`

func scanEndpoint(r db.Rows, e *Endpoint) error {
	var kinds string
	err := r.Scan(&e.ID, &e.URL, &kinds, &e.CreatedAt, &e.FailingSince, &e.DisabledAt)
	e.Kinds = splitKinds(kinds)
	return err
}

func splitKinds(stored string) []Kind {
	kinds := []Kind{}
	for k := range strings.FieldsSeq(stored) {
		kinds = append(kinds, Kind(k))
	}
	return kinds
}

func joinKinds(kinds []Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, " ")
}

// Endpoints lists a user's endpoints, the oldest first.
func (s *Service) Endpoints(ctx context.Context, userID string) ([]Endpoint, error) {
	return db.Read(ctx, s.c.DB, db.User(userID), scanEndpoint, `SELECT `+endpointColumns+` FROM webhook_endpoints
		WHERE user_id = $1 ORDER BY created_at, id LIMIT $2`, userID, MaxEndpoints)
}

// Endpoint reads one endpoint. Error: not_found.
func (s *Service) Endpoint(ctx context.Context, userID, id string) (Endpoint, error) {
	if !db.IsID(id) {
		return Endpoint{}, noEndpoint()
	}
	e, err := db.ReadOne(ctx, s.c.DB, db.User(userID), scanEndpoint,
		`SELECT `+endpointColumns+` FROM webhook_endpoints WHERE user_id = $1 AND id = $2`, userID, id)
	return e, orNoEndpoint(err)
}

// AddEndpoint makes an endpoint that hears of some kinds, or of all when none is named. Errors: validation_failed, and
// conflict when the user has five, or one with this URL.
func (s *Service) AddEndpoint(ctx context.Context, userID, address string, kinds []Kind) (NewEndpoint, error) {
	if err := checkURL(address, s.c.Local); err != nil {
		return NewEndpoint{}, err
	}
	known := slices.DeleteFunc(Kinds(), func(k Kind) bool { return !slices.Contains(kinds, k) })
	if slices.ContainsFunc(kinds, func(k Kind) bool { return !slices.Contains(known, k) }) {
		return NewEndpoint{}, fault.ValidationFailed.At("body.kinds",
			"must be some of "+strings.ReplaceAll(joinKinds(Kinds()), " ", ", "))
	}
	var e NewEndpoint
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := roomForEndpoint(ctx, tx, userID, address); err != nil {
			return err
		}
		e = NewEndpoint{Endpoint{ID: db.NewID(), URL: address, Kinds: known, CreatedAt: tx.Now()}, newSecret()}
		tx.Later(`INSERT INTO webhook_endpoints (id, user_id, url, secret, kinds, created_at)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			e.ID, userID, e.URL, s.c.Seal.Seal([]byte(e.Secret), []byte(e.ID)), joinKinds(known), e.CreatedAt)
		recordEndpoint(ctx, tx, userID, audit.WebhookAdded, e.ID)
		return nil
	})
	if err != nil {
		return NewEndpoint{}, err
	}
	return e, nil
}

func newSecret() string {
	random := make([]byte, secretBytes)
	rand.Read(random)
	return secretPrefix + base64.StdEncoding.EncodeToString(random)
}

// roomForEndpoint makes the creations of one user wait for each other, by writing to the user's row first; otherwise
// two could both see four endpoints.
func roomForEndpoint(ctx context.Context, tx db.Tx, userID, address string) error {
	n, err := tx.Exec(ctx, `UPDATE users SET updated_at = updated_at WHERE id = $1`, userID)
	if err == nil && n == 0 {
		return fault.NotFound.Saying("This user does not exist any more.")
	}
	if err != nil {
		return err
	}
	type counts struct{ all, same int }
	c, err := db.One(ctx, tx, func(r db.Rows, c *counts) error { return r.Scan(&c.all, &c.same) },
		`SELECT count(*), count(*) FILTER (WHERE url = $2) FROM webhook_endpoints WHERE user_id = $1`, userID, address)
	switch {
	case err != nil:
		return err
	case c.same > 0:
		return fault.Conflict.Saying("You already have a webhook with this address.")
	case c.all >= MaxEndpoints:
		return fault.Conflict.Saying("You have %d webhooks, and more are not allowed. Remove one that you do not need any "+
			"more.", MaxEndpoints)
	}
	return nil
}

// RemoveEndpoint removes an endpoint with its deliveries. Error: not_found.
func (s *Service) RemoveEndpoint(ctx context.Context, userID, id string) error {
	return s.changeEndpoint(ctx, userID, id, audit.WebhookRemoved,
		`DELETE FROM webhook_endpoints WHERE user_id = $1 AND id = $2`)
}

// EnableEndpoint switches an endpoint on again that was switched off because it did not answer. Error: not_found.
func (s *Service) EnableEndpoint(ctx context.Context, userID, id string) (Endpoint, error) {
	err := s.changeEndpoint(ctx, userID, id, audit.WebhookEnabled,
		`UPDATE webhook_endpoints SET disabled_at = NULL, failing_since = NULL WHERE user_id = $1 AND id = $2`)
	if err != nil {
		return Endpoint{}, err
	}
	return s.Endpoint(ctx, userID, id)
}

func (s *Service) changeEndpoint(ctx context.Context, userID, id string, action audit.Action, query string) error {
	if !db.IsID(id) {
		return noEndpoint()
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, query, userID, id)
		if err == nil && n == 0 {
			return noEndpoint()
		}
		recordEndpoint(ctx, tx, userID, action, id)
		return err
	})
}

// recordEndpoint leaves the URL out: a line of the audit log is for ever, and many URLs are secrets.
func recordEndpoint(ctx context.Context, tx db.Tx, userID string, action audit.Action, id string) {
	audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: action, Resource: "webhook:" + id})
}

func noEndpoint() error { return fault.NotFound.Saying("You have no webhook with this id.") }

func orNoEndpoint(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return noEndpoint()
	}
	return err
}

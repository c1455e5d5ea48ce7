package notice

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/page"
)

// Test is the type of a delivery that somebody asked for to try an endpoint. It tells of nothing.
const Test Kind = "webhook.test"

// States of a delivery.
const (
	Waiting   = "waiting"   // for its first try, or the next
	Delivered = "delivered" // answered with 2xx
	Failed    = "failed"    // given up; it may be asked for again
)

const deliveriesKept = 30 * 24 * time.Hour

// Delivery is what became of telling one endpoint of one notice.
type Delivery struct {
	ID        string
	Kind      Kind
	Status    string // Waiting, Delivered or Failed
	Attempts  int    // since it was last asked for
	Code      *int   // the HTTP status of the last answer; nil without one
	Trouble   string // why the last try failed, as the end of a sentence; "" when it did not
	CreatedAt time.Time
	TriedAt   *time.Time
	NextTryAt *time.Time // nil unless waiting
}

// DeliveryPage is one page of deliveries, the newest first.
type DeliveryPage struct {
	Deliveries []Delivery
	Next       string // "" on the last page
	Total      int
}

const deliveryColumns = `id, kind, status, attempts, code, trouble, created_at, tried_at, next_try_at`

func scanDelivery(r db.Rows, v *Delivery) error {
	return r.Scan(&v.ID, (*string)(&v.Kind), &v.Status, &v.Attempts, &v.Code, &v.Trouble, &v.CreatedAt, &v.TriedAt,
		&v.NextTryAt)
}

// Deliveries lists what was sent to an endpoint in the last 30 days. Errors: not_found, validation_failed.
func (s *Service) Deliveries(ctx context.Context, userID, endpointID string, limit int,
	cursor string,
) (p DeliveryPage, err error) {
	from, err := page.Parse(cursor)
	if err != nil {
		return DeliveryPage{}, err
	}
	if _, err := s.Endpoint(ctx, userID, endpointID); err != nil {
		return DeliveryPage{}, err
	}
	limit = bounded(limit)
	p.Total, err = db.ReadOne(ctx, s.c.DB, db.User(userID), db.Value[int],
		`SELECT count(*) FROM webhook_deliveries WHERE user_id = $1 AND endpoint_id = $2`, userID, endpointID)
	if err != nil {
		return DeliveryPage{}, err
	}
	p.Deliveries, err = db.Read(ctx, s.c.DB, db.User(userID), scanDelivery,
		`SELECT `+deliveryColumns+` FROM webhook_deliveries
		WHERE user_id = $1 AND endpoint_id = $2 AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC
			LIMIT $5`, userID, endpointID, from.At, from.ID, limit+1)
	if err != nil {
		return DeliveryPage{}, err
	}
	p.Deliveries, p.Next = page.Cut(p.Deliveries, limit,
		func(v Delivery) page.Place { return page.Place{At: v.CreatedAt, ID: v.ID} })
	return p, nil
}

// A user may ask for so many tests within testsPer, over all their endpoints.
const (
	maxTests = 5
	testsPer = time.Minute
)

// TestEndpoint sends an endpoint something that tells of nothing, also while it is switched off. Errors: not_found, and
// rate_limited after a few within a minute.
func (s *Service) TestEndpoint(ctx context.Context, userID, endpointID string) (Delivery, error) {
	if !db.IsID(endpointID) {
		return Delivery{}, noEndpoint()
	}
	var made Delivery
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		e, err := db.One(ctx, tx, scanEndpoint,
			`SELECT `+endpointColumns+` FROM webhook_endpoints WHERE user_id = $1 AND id = $2`, userID, endpointID)
		if err != nil {
			return orNoEndpoint(err)
		}
		if err := roomForTest(ctx, tx, userID); err != nil {
			return err
		}
		id := db.NewID()
		body, err := payload(Notice{ID: id, Kind: Test, CreatedAt: tx.Now()})
		if err == nil {
			made, err = queue(ctx, tx, delivery{id: id, user: userID, endpoint: e.ID, kind: Test, message: "msg_" +
				id, body: body})
		}
		return err
	})
	return made, err
}

// roomForTest makes the tests of one user wait for each other (a row lock on the user), and counts them.
func roomForTest(ctx context.Context, tx db.Tx, userID string) error {
	tx.Later(`UPDATE users SET updated_at = updated_at WHERE id = $1`, userID)
	oldest, err := db.All(ctx, tx, db.Value[time.Time], `SELECT created_at FROM webhook_deliveries
		WHERE user_id = $1 AND kind = $2 AND created_at > $3 ORDER BY created_at DESC LIMIT $4`,
		userID, string(Test), tx.Now().Add(-testsPer), maxTests)
	if err != nil || len(oldest) < maxTests {
		return err
	}
	wait := oldest[maxTests-1].Add(testsPer).Sub(tx.Now())
	return fault.RateLimited.After(wait).Saying("You have sent %d tests within a minute. Wait %.0f seconds before the "+
		"next.",
		maxTests, math.Ceil(wait.Seconds()))
}

// Redeliver sends something again that was sent before, under its old message id, and gives it a new day of tries.
// Errors: not_found, and conflict while the endpoint is switched off.
func (s *Service) Redeliver(ctx context.Context, userID, endpointID, id string) (v Delivery, err error) {
	e, err := s.Endpoint(ctx, userID, endpointID)
	if err != nil {
		return Delivery{}, err
	}
	if !db.IsID(id) {
		return Delivery{}, noDelivery()
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		type again struct {
			Delivery
			round int
		}
		found, err := db.One(ctx, tx, func(r db.Rows, v *again) error {
			return r.Scan(&v.ID, (*string)(&v.Kind), &v.Status, &v.Attempts, &v.Code, &v.Trouble, &v.CreatedAt, &v.TriedAt,
				&v.NextTryAt, &v.round)
		}, `UPDATE webhook_deliveries SET round = round + 1, attempts = 0, status = 'waiting', code = NULL, trouble = '',
			next_try_at = $4
			WHERE user_id = $1 AND endpoint_id = $2 AND id = $3
				RETURNING `+deliveryColumns+`, round`, userID, endpointID, id, tx.Now())
		switch {
		case errors.Is(err, db.ErrNotFound):
			return noDelivery()
		case err != nil:
			return err
		case e.DisabledAt != nil && found.Kind != Test:
			return fault.Conflict.Saying("This webhook is switched off. Switch it on first.")
		}
		v = found.Delivery
		recordEndpoint(ctx, tx, userID, "webhook.redelivered", endpointID)
		return tx.Enqueue(ctx, DeliverJob{DeliveryID: id, Round: found.round})
	})
	return v, err
}

func noDelivery() error { return fault.NotFound.Saying("This webhook has no delivery with this id.") }

// delivery is a line of the log as it is made.
type delivery struct {
	id, user, endpoint string
	notice             *string // nil for a test
	kind               Kind
	message, body      string
}

// queue writes a delivery down with its job, unless the endpoint was told of the notice before.
func queue(ctx context.Context, tx db.Tx, v delivery) (Delivery, error) {
	made, err := db.One(ctx, tx, scanDelivery, `INSERT INTO webhook_deliveries (id, user_id, endpoint_id, notice_id,
		kind, message_id, payload, status, created_at, next_try_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $8) ON CONFLICT (endpoint_id, notice_id) DO NOTHING
			RETURNING `+deliveryColumns,
		v.id, v.user, v.endpoint, v.notice, string(v.kind), v.message, v.body, tx.Now())
	if err != nil {
		return Delivery{}, err
	}
	return made, tx.Enqueue(ctx, DeliverJob{DeliveryID: v.id})
}

// message is the body of a webhook, in the shape that the Standard Webhooks specification asks for.
type message struct {
	Type      Kind        `json:"type"`
	Timestamp time.Time   `json:"timestamp"` // of the notice
	Data      messageData `json:"data"`
}

type messageData struct {
	ID       string `json:"id"` // of the notice
	Title    string `json:"title"`
	Sentence string `json:"sentence"`
	Language string `json:"language"` // of the two
	Data            // its fields stand beside the others
}

func payload(n Notice) (string, error) {
	b, err := json.Marshal(message{
		n.Kind, n.CreatedAt.UTC(),
		messageData{n.ID, n.Title(), n.Sentence(), n.words().Tag, n.Data},
	})
	return string(b), err
}

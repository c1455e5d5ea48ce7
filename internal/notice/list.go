package notice

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/page"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	kept         = 365 * 24 * time.Hour
)

// Filter narrows a list; zero fields do not.
type Filter struct {
	Unread bool
	Limit  int    // 1 to 100; 0 means 20
	Cursor string // Page.Next of the page before
}

// Page is one page of notices, the newest first.
type Page struct {
	Notices []Notice
	Next    string // "" on the last page
	Total   int    // of all pages
}

// columns are those of a notice, and how its user is spoken to.
const columns = `id, kind, CAST(data AS text), created_at, read_at, ` + spoken + `,
	COALESCE((SELECT u.time_zone FROM users u WHERE u.id = user_id), '')`

// spoken is the language of the user that a row belongs to: the one they chose, or that of their browser.
const spoken = `COALESCE((SELECT CASE u.language WHEN '' THEN u.browser_language ELSE u.language END
	FROM users u WHERE u.id = user_id), '')`

func scan(r db.Rows, n *Notice) error { return n.scan(r) }

// scan reads the columns, and more that stand behind them.
func (n *Notice) scan(r db.Rows, more ...any) error {
	var data string
	if err := r.Scan(append([]any{
		&n.ID, (*string)(&n.Kind), &data, &n.CreatedAt, &n.ReadAt,
		&n.Language, &n.Zone,
	}, more...)...); err != nil {
		return err
	}
	return json.Unmarshal([]byte(data), &n.Data)
}

// List gives a user's notices, the newest first, in one round trip. Error: validation_failed for a cursor that is none.
func (s *Service) List(ctx context.Context, userID string, f Filter) (p Page, err error) {
	from, err := page.Parse(f.Cursor)
	if err != nil {
		return Page{}, err
	}
	limit := bounded(f.Limit)
	where := `user_id = $1`
	if f.Unread {
		where += ` AND read_at IS NULL`
	}
	var counted bool
	err = s.c.DB.Ask(ctx, db.User(userID),
		db.Maybe(db.Value[int], &p.Total, &counted, `SELECT count(*) FROM notices WHERE `+where, userID),
		db.Every(scan, &p.Notices, `SELECT `+columns+` FROM notices WHERE `+where+
			` AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4`,
			userID, from.At, from.ID, limit+1))
	if err != nil {
		return Page{}, err
	}
	p.Notices, p.Next = page.Cut(p.Notices, limit,
		func(n Notice) page.Place { return page.Place{At: n.CreatedAt, ID: n.ID} })
	return p, nil
}

// bounded is how many rows a page has.
func bounded(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// Read marks a notice as read, for good: the first time counts. Error: not_found.
func (s *Service) Read(ctx context.Context, userID, id string) (n Notice, err error) {
	if !db.IsID(id) {
		return Notice{}, noNotice()
	}
	err = s.c.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		tx.Touch(userID)
		n, err = db.One(ctx, tx, scan, `UPDATE notices SET read_at = COALESCE(read_at, $3) WHERE user_id = $1 AND id = $2
			RETURNING `+columns, userID, id, tx.Now())
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		err = noNotice()
	}
	return n, err
}

func noNotice() error { return fault.NotFound.Saying("You have no notice with this id.") }

// retainBatch bounds one transaction of Retain, and how many users it tells that their notices are others now.
const retainBatch = 500

// Retain deletes what is past its time: notices after a year, deliveries after 30 days, addresses
// that nobody confirmed after a day.
func (s *Service) Retain(ctx context.Context) error {
	for n := retainBatch; n == retainBatch; {
		var err error
		if n, err = s.dropOld(ctx); err != nil {
			return err
		}
	}
	now := s.c.DB.Now()
	return errors.Join(
		db.Portions(ctx, s.c.DB, `DELETE FROM email_confirmations WHERE user_id IN (
			SELECT user_id FROM email_confirmations WHERE expires_at <= $2 AND day_began_at <= $3 LIMIT $1)`,
			now, now.Add(-tokenLives)),
		db.Portions(ctx, s.c.DB, `DELETE FROM webhook_deliveries WHERE id IN (
			SELECT id FROM webhook_deliveries WHERE created_at <= $2 LIMIT $1)`, now.Add(-deliveriesKept)),
	)
}

// dropOld deletes some of the notices that are past their time, and tells how many.
func (s *Service) dropOld(ctx context.Context) (n int, err error) {
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		whose, err := db.All(ctx, tx, db.Value[string], `DELETE FROM notices WHERE id IN (
			SELECT id FROM notices WHERE created_at <= $1 LIMIT $2) RETURNING user_id`, tx.Now().Add(-kept), retainBatch)
		tx.Touch(whose...)
		n = len(whose)
		return err
	})
	return n, err
}

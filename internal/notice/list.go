package notice

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
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

const columns = `id, kind, CAST(data AS text), created_at, read_at`

func scan(r db.Rows, n *Notice) error { return n.scan(r) }

// scan reads the columns, and more that stand behind them.
func (n *Notice) scan(r db.Rows, more ...any) error {
	var data string
	if err := r.Scan(append([]any{&n.ID, (*string)(&n.Kind), &data, &n.CreatedAt, &n.ReadAt}, more...)...); err != nil {
		return err
	}
	return json.Unmarshal([]byte(data), &n.Data)
}

// List gives a user's notices, the newest first. Error: validation_failed for a cursor that is none.
func (s *Service) List(ctx context.Context, userID string, f Filter) (p Page, err error) {
	before, beforeID, err := parseCursor(f.Cursor)
	if err != nil {
		return Page{}, err
	}
	limit := bounded(f.Limit)
	where := `user_id = $1`
	if f.Unread {
		where += ` AND read_at IS NULL`
	}
	if p.Total, err = db.ReadOne(ctx, s.DB, db.User(userID), db.Value[int], `SELECT count(*) FROM notices WHERE `+where, userID); err != nil {
		return Page{}, err
	}
	p.Notices, err = db.Read(ctx, s.DB, db.User(userID), scan, `SELECT `+columns+` FROM notices WHERE `+where+
		` AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4`, userID, before, beforeID, limit+1)
	if err != nil {
		return Page{}, err
	}
	if len(p.Notices) > limit {
		p.Notices = p.Notices[:limit]
		p.Next = cursor(p.Notices[limit-1].CreatedAt, p.Notices[limit-1].ID)
	}
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
	if !ids.MatchString(id) {
		return Notice{}, noNotice()
	}
	err = s.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		n, err = db.One(ctx, tx, scan, `UPDATE notices SET read_at = COALESCE(read_at, $3) WHERE user_id = $1 AND id = $2 RETURNING `+columns, userID, id, tx.Now())
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		err = noNotice()
	}
	return n, err
}

func noNotice() error { return fault.NotFound.Saying("You have no notice with this id.") }

// Retain deletes what is past its time: notices after a year, deliveries after 30 days, addresses
// that nobody confirmed after a day.
func (s *Service) Retain(ctx context.Context) error {
	return s.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM notices WHERE created_at <= $1`, tx.Now().Add(-kept))
		tx.Later(`DELETE FROM email_confirmations WHERE expires_at <= $1 AND day_began_at <= $2`, tx.Now(), tx.Now().Add(-tokenLives))
		tx.Later(`DELETE FROM webhook_deliveries WHERE created_at <= $1`, tx.Now().Add(-deliveriesKept))
		return nil
	})
}

// A cursor is the place of the last row, and opaque to clients.
func cursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.UTC().Format(time.RFC3339Nano) + " " + id))
}

func parseCursor(c string) (at time.Time, id string, err error) {
	if c == "" {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff", nil
	}
	bad := fault.ValidationFailed.At("query.cursor", "use next_cursor of an earlier answer, unchanged")
	raw, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil || len(raw) > 100 {
		return at, "", bad
	}
	when, id, _ := strings.Cut(string(raw), " ")
	if at, err = time.Parse(time.RFC3339Nano, when); err != nil || !ids.MatchString(id) || at.Year() < 1 || at.Year() > 9999 {
		return time.Time{}, "", bad
	}
	return at, id, nil
}

var ids = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

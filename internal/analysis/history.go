package analysis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/history"
)

// What was read of an X account and what its uploaded archives hold are one history: an analysis of either reads all of
// it. A post that was kept from several of them counts once, as it was fetched last.

// rowsAtOnce bounds the rows of one INSERT.
const rowsAtOnce = 100

// sources are what the history of one X account is kept in.
type sources struct {
	xUserID   string
	accountID string   // of the linked account; "" when it is not linked now
	archives  []string // ids of the uploads that are kept
}

// all are the ids of the collections.
func (h sources) all() []string {
	if h.accountID == "" {
		return h.archives
	}
	return append([]string{h.accountID}, h.archives...)
}

// in is an SQL list of the collections, whose arguments are numbered from n on.
func (h sources) in(n int) (list string, args []any) {
	var marks []string
	for i, id := range h.all() {
		marks, args = append(marks, fmt.Sprintf("$%d", n+i)), append(args, id)
	}
	return "(" + strings.Join(marks, ", ") + ")", args
}

// history finds everything that is kept of the X account that an analysis is about.
func (s *Service) history(ctx context.Context, a Analysis) (h sources, err error) {
	table, id := "x_accounts", a.AccountID
	if a.ArchiveID != nil {
		table, id = "archives", a.ArchiveID
	}
	h.xUserID, err = db.ReadOne(ctx, s.c.DB, db.System, db.Value[string],
		`SELECT x_user_id FROM `+table+` WHERE user_id = $1 AND id = $2`, a.UserID, *id)
	if err != nil {
		return h, err
	}
	linked, err := db.Read(ctx, s.c.DB, db.System, db.Value[string],
		`SELECT id FROM x_accounts WHERE user_id = $1 AND x_user_id = $2 AND status <> 'revoked'`, a.UserID, h.xUserID)
	if err != nil {
		return h, err
	}
	if len(linked) > 0 {
		h.accountID = linked[0]
	}
	h.archives, err = db.Read(ctx, s.c.DB, db.System, db.Value[string],
		`SELECT id FROM archives WHERE user_id = $1 AND x_user_id = $2 AND expires_at > $3
			ORDER BY created_at DESC, id DESC LIMIT $4`,
		a.UserID, h.xUserID, s.c.DB.Now(), maxArchives)
	if a.ArchiveID != nil && !slices.Contains(h.archives, *a.ArchiveID) {
		h.archives = append(h.archives, *a.ArchiveID)
	}
	return h, err
}

// keptIDs are the posts of some collections, each once, the oldest first. Ids that are no number are left out.
func (s *Service) keptIDs(ctx context.Context, userID string, h sources) ([]history.ID, error) {
	if len(h.all()) == 0 {
		return nil, nil
	}
	list, args := h.in(2)
	rows, err := db.Read(ctx, s.c.DB, db.System, db.Value[string],
		`SELECT post_id FROM posts WHERE user_id = $1 AND collection_id IN `+list, append([]any{userID}, args...)...)
	ids := make([]history.ID, 0, len(rows))
	for _, r := range rows {
		if id, ok := history.Parse(r); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// store keeps posts sealed. A post that the collection has already is replaced by what is newer.
func (s *Service) store(tx db.Tx, userID, collectionID string, posts []assess.Post) error {
	now := tx.Now()
	posts = lastOfEach(posts) // one INSERT must not touch a row twice
	for len(posts) > 0 {
		n := min(len(posts), rowsAtOnce)
		var values strings.Builder
		args := []any{collectionID, userID, now, now.Add(s.c.KeepFor)}
		for i, p := range posts[:n] {
			sealed, err := s.sealJSON(p, "post", collectionID, p.ID)
			if err != nil {
				return err
			}
			if i > 0 {
				values.WriteByte(',')
			}
			k := len(args)
			fmt.Fprintf(&values, "($1, $%d, $2, $%d, $%d, $3, $4)", k+1, k+2, k+3)
			args = append(args, p.ID, sortedAt(p), sealed)
		}
		tx.Later(`INSERT INTO posts (collection_id, post_id, user_id, posted_at, sealed, fetched_at, expires_at)
			VALUES `+values.String()+`
			ON CONFLICT (collection_id, post_id) DO UPDATE SET posted_at = excluded.posted_at, sealed = excluded.sealed,
				fetched_at = excluded.fetched_at,
				expires_at = CASE WHEN posts.expires_at > excluded.expires_at THEN posts.expires_at
					ELSE excluded.expires_at END`, args...)
		posts = posts[n:]
	}
	return nil
}

// sortedAt is the time under which a post is kept. The profile is kept with the posts and comes before all of them.
func sortedAt(p assess.Post) time.Time {
	if p.ID == assess.ProfileID {
		return time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return p.PostedAt
}

// lastOfEach leaves one post of each id.
func lastOfEach(posts []assess.Post) []assess.Post {
	at := make(map[string]int, len(posts))
	var each []assess.Post
	for _, p := range posts {
		i, seen := at[p.ID]
		if seen {
			each[i] = p
			continue
		}
		at[p.ID] = len(each)
		each = append(each, p)
	}
	return each
}

// kept yields the kept posts of a history, the newest first, page by page, so that memory does not grow with them.
func (s *Service) kept(ctx context.Context, a Analysis, h sources) iter.Seq2[assess.Post, error] {
	since := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	if a.Since != nil {
		since = *a.Since
	}
	list, collections := h.in(5)
	once := ""
	if len(collections) > 1 {
		once = ` AND NOT EXISTS (SELECT 1 FROM posts q WHERE q.collection_id IN ` + list + ` AND q.post_id = p.post_id
			AND (q.fetched_at, q.collection_id) > (p.fetched_at, p.collection_id))`
	}
	query := `SELECT p.collection_id, p.post_id, p.posted_at, p.sealed FROM posts p
		WHERE p.user_id = $1 AND p.collection_id IN ` + list + ` AND p.posted_at >= $2
			AND (p.posted_at, p.post_id) < ($3, $4)` + once + `
		ORDER BY p.posted_at DESC, p.post_id DESC LIMIT 500`
	return func(yield func(assess.Post, error) bool) {
		before, beforeID := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ""
		for len(collections) > 0 {
			rows, err := db.Read(ctx, s.c.DB, db.System, scanSealed, query,
				append([]any{a.UserID, since, before, beforeID}, collections...)...)
			if err != nil {
				yield(assess.Post{}, err)
				return
			}
			for _, r := range rows {
				var p assess.Post
				if err := s.openJSON(&p, r.sealed, "post", r.collection, r.id); err != nil {
					yield(assess.Post{}, err)
					return
				}
				if !yield(p, nil) {
					return
				}
			}
			if len(rows) < 500 {
				return
			}
			before, beforeID = rows[499].at, rows[499].id
		}
	}
}

type sealedRow struct {
	collection, id string
	at             time.Time
	sealed         []byte
}

func scanSealed(r db.Rows, v *sealedRow) error { return r.Scan(&v.collection, &v.id, &v.at, &v.sealed) }

// archiveSpans are the parts of a history that its archives cover: X is not asked for them. An archive of which
// something could not be read covers nothing.
func (s *Service) archiveSpans(ctx context.Context, userID string, h sources) (set history.Set, err error) {
	for _, id := range h.archives {
		unread, err := s.unreadOf(ctx, userID, id)
		if err != nil {
			return nil, err
		}
		if len(unread.Sentences) > 0 {
			continue
		}
		ids, err := s.keptIDs(ctx, userID, sources{archives: []string{id}})
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			set = set.With(history.Span{First: ids[0], Last: ids[len(ids)-1]})
		}
	}
	return set, nil
}

var errLostTimeline = errors.New("analysis: another run reads this account now")

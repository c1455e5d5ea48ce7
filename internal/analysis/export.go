package analysis

import (
	"context"
	"iter"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// These give a user everything that is kept sealed about them, opened, a few rows at a time.

// reportsAtOnce bounds the reports that are in memory together; each may be large.
const reportsAtOnce = 4

// KeptPost is a raw post as it is kept.
type KeptPost struct {
	CollectionID string    `json:"collection_id"` // the X account's id, or the archive's
	KeptUntil    time.Time `json:"kept_until"`
	Post
}

// EveryReport yields every report of a user, the oldest id first, as it was made: dismissals are not applied.
func (s *Service) EveryReport(ctx context.Context, userID string) iter.Seq2[*Report, error] {
	return func(yield func(*Report, error) bool) {
		for last := noID; last != ""; {
			rows, err := db.Read(ctx, s.DB, db.User(userID), func(r db.Rows, v *sealedRow) error { return r.Scan(&v.id, &v.sealed) },
				`SELECT analysis_id, sealed FROM reports WHERE user_id = $1 AND analysis_id > $2 ORDER BY analysis_id LIMIT $3`, userID, last, reportsAtOnce)
			if err != nil {
				yield(nil, err)
				return
			}
			last = ""
			for _, row := range rows {
				r, err := s.unsealReport(userID, row.id, row.sealed)
				if !yield(r, err) || err != nil {
					return
				}
				last = row.id
			}
		}
	}
}

// EveryPost yields every raw post of a user.
func (s *Service) EveryPost(ctx context.Context, userID string) iter.Seq2[KeptPost, error] {
	return func(yield func(KeptPost, error) bool) {
		collection, last := noID, ""
		for {
			rows, err := db.Read(ctx, s.DB, db.User(userID), scanKept, `SELECT collection_id, post_id, expires_at, sealed FROM posts
				WHERE user_id = $1 AND (collection_id, post_id) > ($2, $3) ORDER BY collection_id, post_id LIMIT 500`, userID, collection, last)
			if err != nil {
				yield(KeptPost{}, err)
				return
			}
			for _, r := range rows {
				err := s.openJSON(&r.Post, r.sealed, "post", r.CollectionID, r.id)
				if !yield(r.KeptPost, err) || err != nil {
					return
				}
			}
			if len(rows) < 500 {
				return
			}
			collection, last = rows[499].CollectionID, rows[499].id
		}
	}
}

// noID sorts before every id.
const noID = "00000000-0000-0000-0000-000000000000"

type keptRow struct {
	KeptPost
	id     string
	sealed []byte
}

func scanKept(r db.Rows, v *keptRow) error {
	return r.Scan(&v.CollectionID, &v.id, &v.KeptUntil, &v.sealed)
}

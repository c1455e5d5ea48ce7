package analysis

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// These give a user everything that is kept sealed about them, opened, a few rows at a time.

// idsAtOnce bounds how many reports are known by id together; of the reports themselves one is in memory.
const idsAtOnce = 1_000

// KeptPost is a raw post as it is kept.
type KeptPost struct {
	CollectionID string    `json:"collection_id"` // the X account's id, or the archive's
	KeptUntil    time.Time `json:"kept_until"`
	assess.Post
}

// EveryReport yields every report of a user, the oldest id first, as it was made: dismissals are not applied.
func (s *Service) EveryReport(ctx context.Context, userID string) iter.Seq2[*assess.Report, error] {
	return func(yield func(*assess.Report, error) bool) {
		for last := noID; ; {
			ids, err := db.Read(ctx, s.c.DB, db.User(userID), db.Value[string],
				`SELECT analysis_id FROM reports WHERE user_id = $1 AND analysis_id > $2 ORDER BY analysis_id LIMIT $3`, userID,
				last, idsAtOnce)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, id := range ids {
				r, err := s.openReport(ctx, userID, id)
				if errors.Is(err, fault.NotFound) { // it was deleted meanwhile
					continue
				}
				if !yield(r, err) || err != nil {
					return
				}
			}
			if len(ids) < idsAtOnce {
				return
			}
			last = ids[idsAtOnce-1]
		}
	}
}

// EveryPost yields every raw post of a user, collection by collection, which is the order of the table.
func (s *Service) EveryPost(ctx context.Context, userID string) iter.Seq2[KeptPost, error] {
	return func(yield func(KeptPost, error) bool) {
		collections, err := db.Read(ctx, s.c.DB, db.User(userID), db.Value[string],
			`SELECT DISTINCT collection_id FROM posts WHERE user_id = $1`, userID)
		if err != nil {
			yield(KeptPost{}, err)
			return
		}
		for _, id := range collections {
			for p, err := range s.collection(ctx, userID, id) {
				if !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

func (s *Service) collection(ctx context.Context, userID, id string) iter.Seq2[KeptPost, error] {
	return func(yield func(KeptPost, error) bool) {
		for last := ""; ; {
			rows, err := db.Read(ctx, s.c.DB, db.User(userID), scanKept,
				`SELECT collection_id, post_id, expires_at, sealed FROM posts
				WHERE collection_id = $2 AND user_id = $1 AND post_id > $3 ORDER BY post_id LIMIT 500`, userID, id, last)
			if err != nil {
				yield(KeptPost{}, err)
				return
			}
			for _, r := range rows {
				err := s.openJSON(&r.Post, r.sealed, "post", id, r.id)
				if !yield(r.KeptPost, err) || err != nil {
					return
				}
			}
			if len(rows) < 500 {
				return
			}
			last = rows[499].id
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

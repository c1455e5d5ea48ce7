package cleanup

import (
	"context"
	"iter"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/removal"
)

// KeptPost is a post of a plan as it is kept, for its owner.
type KeptPost struct {
	CleanupID string          `json:"cleanup_id"`
	Outcome   removal.Outcome `json:"outcome"`
	AskedAt   *time.Time      `json:"asked_at"`
	DoneAt    *time.Time      `json:"done_at"`
	TickedAt  *time.Time      `json:"ticked_at"`
	removal.Post
}

// EveryPost yields every post of every plan of a user, opened, a plan at a time.
func (s *Service) EveryPost(ctx context.Context, userID string) iter.Seq2[KeptPost, error] {
	return func(yield func(KeptPost, error) bool) {
		ids, err := db.Read(ctx, s.c.DB, db.User(userID), db.Value[string],
			`SELECT id FROM cleanups WHERE user_id = $1 ORDER BY id`, userID)
		if err != nil {
			yield(KeptPost{}, err)
			return
		}
		for _, id := range ids {
			items, err := s.Posts(ctx, userID, id)
			if err != nil {
				yield(KeptPost{}, err)
				return
			}
			for _, it := range items {
				if !yield(KeptPost{id, it.Outcome, it.AskedAt, it.DoneAt, it.TickedAt, it.Post}, nil) {
					return
				}
			}
		}
	}
}

package cleanup

import (
	"context"
	"slices"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// Tick notes which posts their author says they deleted by hand: these, and no others of the plan. Nothing is believed
// before [Service.Check].
func (s *Service) Tick(ctx context.Context, userID, id string, posts []string) (Cleanup, error) {
	return s.act(ctx, userID, id, removal.Tick, ``, nil, func(ctx context.Context, tx db.Tx, _ Cleanup) error {
		tx.Later(`UPDATE cleanup_posts SET ticked_at = NULL WHERE cleanup_id = $1 AND user_id = $2 AND outcome = ''`, id,
			userID)
		for _, post := range posts {
			n, err := tx.Exec(ctx, `UPDATE cleanup_posts SET ticked_at = $4 WHERE cleanup_id = $1 AND user_id = $2
				AND post_id = $3`,
				id, userID, post, tx.Now())
			if err != nil {
				return err
			}
			if n == 0 {
				return fault.NotFound.Saying("This clean-up has no such post.")
			}
		}
		return nil
	})
}

// Check looks the ticked posts up at X. Those that are gone count no more; of the others it is noted that X still shows
// them. It needs no leave to delete.
func (s *Service) Check(ctx context.Context, userID, id string) (Cleanup, error) {
	c, err := s.Get(ctx, userID, id)
	if err != nil {
		return c, err
	}
	if !c.State.May(removal.Tick) {
		return c, refused(c)
	}
	items, err := s.Posts(ctx, userID, id)
	if err != nil {
		return c, err
	}
	ticked := slices.DeleteFunc(open(items), func(it *Item) bool { return it.TickedAt == nil })
	if len(ticked) == 0 {
		return c, fault.ValidationFailed.Saying("Tick the posts that you have deleted on X first.")
	}
	if _, err := s.account(ctx, c); err != nil {
		return c, err
	}
	for part := range slices.Chunk(ticked, xapi.MaxLookup) {
		seen, err := s.lookUp(ctx, c, s.reading(c), idsOf(part))
		if err != nil {
			return c, err
		}
		if err := s.noteSeen(ctx, c, part, seen); err != nil {
			return c, err
		}
	}
	if err := s.settle(ctx, c); err != nil {
		return c, err
	}
	return s.Get(ctx, userID, id)
}

// noteSeen notes what X shows of ticked posts. A tick that was wrong is taken back.
func (s *Service) noteSeen(ctx context.Context, c Cleanup, posts []*Item, seen look) error {
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		gone, there := 0, 0
		for _, it := range posts {
			if slices.Contains(seen.Gone, it.ID) {
				gone++
				tx.Later(`UPDATE cleanup_posts SET outcome = 'gone', done_at = $4
					WHERE cleanup_id = $1 AND user_id = $2 AND post_id = $3
						AND outcome IN ('', 'asked')`, c.ID, c.UserID, it.ID, tx.Now())
				continue
			}
			at := any(nil) // X says neither that it is there nor that it is gone
			if _, shown := seen.at(it.ID); shown {
				there++
				at = tx.Now()
			}
			tx.Later(`UPDATE cleanup_posts SET seen_at = $4, ticked_at = NULL WHERE cleanup_id = $1 AND user_id = $2
				AND post_id = $3`,
				c.ID, c.UserID, it.ID, at)
		}
		audit.Record(ctx, tx, audit.Event{
			UserID: c.UserID, Actor: "user", Action: audit.CleanupChecked, Resource: c.ID,
			Detail: map[string]any{"gone": gone, "still_there": there},
		})
		return nil
	})
}

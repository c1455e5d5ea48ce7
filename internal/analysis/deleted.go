package analysis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// PostsDeleted takes posts that are gone from X out of all that counts: their findings are dismissed with why as the
// reason, the score as it stands now falls in the newest reports, and what is kept of the posts is erased. Reports keep
// the score they were made with. It may be repeated.
func (s *Service) PostsDeleted(ctx context.Context, userID string, posts []string, why string) error {
	if len(posts) == 0 {
		return nil
	}
	all, err := s.dismissed(ctx, userID)
	if err != nil {
		return err
	}
	found, in, err := s.reportsAbout(ctx, userID, posts)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(found, func(id string) bool { _, known := all[id]; return known })
	for _, id := range fresh {
		all[id] = why
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		for _, id := range fresh {
			tx.Later(`INSERT INTO dismissals (user_id, finding_id, why, created_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (user_id, finding_id) DO NOTHING`, userID, id, why, tx.Now())
		}
		if err := restand(tx, userID, in, all, nil); err != nil {
			return err
		}
		for part := range slices.Chunk(posts, rowsAtOnce) {
			list, args := numbered(part, 2)
			tx.Later(`DELETE FROM posts WHERE user_id = $1 AND post_id IN `+list, append([]any{userID}, args...)...)
		}
		audit.Record(ctx, tx, audit.Event{
			UserID: userID, Actor: "system", Action: audit.PostsDeleted, Resource: "user:" +
				userID, Detail: map[string]any{"posts": len(posts)},
		})
		return nil
	})
}

// reportsAbout finds the newest reports with a finding in any of the posts, and the ids of those findings.
func (s *Service) reportsAbout(ctx context.Context, userID string,
	posts []string,
) (found []string, in []*assess.Report, err error) {
	ids, err := db.Read(ctx, s.c.DB, db.User(userID), db.Value[string],
		`SELECT analysis_id FROM reports WHERE user_id = $1 ORDER BY created_at DESC LIMIT 20`, userID)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		r, err := s.openReport(ctx, userID, id)
		if fault.From(err) != nil && fault.From(err).Kind == fault.KindNotFound { // it was deleted meanwhile
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		holds := false
		for _, f := range r.Findings {
			if !slices.Contains(posts, f.PostID) {
				continue
			}
			holds = true
			if !slices.Contains(found, f.ID) {
				found = append(found, f.ID)
			}
		}
		if holds {
			in = append(in, r)
		}
	}
	return found, in, nil
}

// numbered is an SQL list of values whose arguments are numbered from n on.
func numbered(values []string, n int) (list string, args []any) {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i], args = fmt.Sprintf("$%d", n+i), append(args, v)
	}
	return "(" + strings.Join(marks, ", ") + ")", args
}

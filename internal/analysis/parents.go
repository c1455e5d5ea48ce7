package analysis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/xapi"
)

// Where the model cannot judge a post without the one that it answers, that one is looked for: first among the kept
// posts, because many people answer themselves, then at X, all in one lookup. Reads are taken from the plan before X is
// asked, as for any other page, and the ceiling counts them. What X gives is handed to the run and kept nowhere: most
// of it is by people who have agreed to nothing.

// perParent is for how many posts that an analysis may read it may look up one that they answer.
const perParent = 10

// maxParents is how many posts by others an analysis may look up at X.
func (a Analysis) maxParents() int {
	if a.AccountID == nil || a.Model == "" {
		return 0 // an archive costs no reads
	}
	return min(max(1, a.MaxPosts/perParent), xapi.MaxLookup)
}

// parents finds the posts that own posts answer, for one run.
func (s *Service) parents(
	a Analysis, h sources, judge *assess.Judge,
) func(context.Context, []string) (assess.Parents, error) {
	return func(ctx context.Context, ids []string) (assess.Parents, error) {
		out := assess.Parents{Found: map[string]assess.Parent{}, Missing: map[string]assess.Context{}}
		if err := s.keptParents(ctx, a, h, ids, &out); err != nil {
			return out, err
		}
		var rest []string
		for _, id := range ids {
			if _, ok := out.Found[id]; !ok {
				rest = append(rest, id)
				out.Missing[id] = assess.ContextLimit
			}
		}
		if a.AccountID == nil {
			missing(&out, rest, assess.ContextArchive)
			return out, nil
		}
		rest = rest[:min(len(rest), a.maxParents())]
		consented, err := s.c.Accounts.HasConsent(ctx, a.UserID, ConsentKind, ConsentVersion)
		// this run was started under words that did not speak of it
		if err != nil || !consented || len(rest) == 0 || h.accountID == "" {
			return out, err
		}
		return out, s.lookUpParents(ctx, a, h, judge, rest, &out)
	}
}

func missing(out *assess.Parents, ids []string, why assess.Context) {
	for _, id := range ids {
		out.Missing[id] = why
	}
}

// keptParents takes what the history itself holds.
func (s *Service) keptParents(ctx context.Context, a Analysis, h sources, ids []string, out *assess.Parents) error {
	if len(h.all()) == 0 {
		return nil
	}
	list, args := h.in(2)
	args = append([]any{a.UserID}, args...)
	var places []string
	for _, id := range ids {
		args = append(args, id)
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	rows, err := db.Read(ctx, s.c.DB, db.System, scanSealed, `SELECT collection_id, post_id, posted_at, sealed FROM posts
		WHERE user_id = $1 AND collection_id IN `+list+` AND post_id IN (`+strings.Join(places, ", ")+`)
			ORDER BY fetched_at`, args...)
	if err != nil {
		return err
	}
	for _, r := range rows {
		var p assess.Post
		if err := s.openJSON(&p, r.sealed, "post", r.collection, r.id); err != nil {
			return err
		}
		out.Found[p.ID] = assess.Parent{Text: p.Text, Lang: p.Lang}
	}
	return nil
}

// lookUpParents asks X for posts in one call, for as many as the plan and the ceiling allow. What X does not answer is
// no error: each post says why its parent is missing.
func (s *Service) lookUpParents(
	ctx context.Context, a Analysis, h sources, judge *assess.Judge, ids []string, out *assess.Parents,
) (err error) {
	if a.XReads, err = db.ReadOne(ctx, s.c.DB, db.System, db.Value[int], `SELECT x_reads FROM analyses WHERE id = $1`,
		a.ID); err != nil {
		return err
	}
	a.modelMicroUSD += judge.CostMicroUSD()
	t, err := s.openTimeline(ctx, a, h.accountID)
	if err != nil {
		return err
	}
	r := &reader{timeline: t, h: h}
	err = r.giveParents(ctx, ids, out)
	err = errors.Join(err, r.close(ctx))
	switch {
	case errors.Is(err, errBudget), errors.Is(err, errCeiling):
		return nil
	case errors.Is(err, fault.XUnavailable):
		s.without(ctx, a, "the posts that others answer", err)
		missing(out, ids, assess.ContextSilent)
		return nil
	}
	return err
}

// giveParents pays for a lookup and hands on what it brought, without keeping it.
func (r *reader) giveParents(ctx context.Context, ids []string, out *assess.Parents) error {
	if err := r.bearer(ctx); err != nil {
		return err
	}
	n, err := r.reserve(ctx, len(ids), 1)
	if err != nil {
		return err
	}
	found, err := r.lookUpOnce(ctx, ids[:n])
	if err != nil {
		return err
	}
	r.s.c.Metrics.Reads(float64(found.Reads) * assess.XReadMicroUSD / 1e6)
	err = r.s.c.DB.InTx(ctx, db.System,
		func(ctx context.Context, tx db.Tx) error { return r.settle(ctx, tx, found.Reads) })
	if err != nil {
		return r.unkept(ctx, err, found.Reads)
	}
	r.reserved, out.XReads = 0, found.Reads
	missing(out, ids[:n], assess.ContextHidden)
	missing(out, found.Gone, assess.ContextGone)
	for _, p := range found.Posts {
		out.Found[p.ID] = assess.Parent{Text: p.Text, Lang: p.Lang}
		delete(out.Missing, p.ID)
	}
	return nil
}

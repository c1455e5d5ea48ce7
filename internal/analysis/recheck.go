package analysis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/history"
	"github.com/repazoo/repazoo/internal/words"
	"github.com/repazoo/repazoo/internal/xapi"
)

// A post that its author has deleted must not count any more. Before a report is made, the posts with findings of the
// last report are looked up again at X, and once a day some of the others, those first that were not seen for longest.
// If one of those is gone, more are looked up, until a call finds nothing gone. X charges for posts that it still has.

const (
	maxRechecked = 3 * xapi.MaxLookup // posts with findings that one report looks up again
	sampleSize   = 20                 // other posts, to notice that many were deleted
	sampleAfter  = 24 * time.Hour
)

// recheck looks up what may be gone. What X does not answer is no error: the report says so.
func (r *reader) recheck(ctx context.Context, o *assess.Options) error {
	err := r.recheckFindings(ctx, o)
	if err == nil && r.s.c.DB.Now().Sub(r.checked) >= sampleAfter {
		err = r.recheckSample(ctx)
	}
	o.PostsGone = r.gone
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errCeiling):
		o.OutOfReach = append(o.OutOfReach, words.M("unread.recheck", "why", "ceiling", "ceiling", ceilingOf(r.a)))
		return nil
	case errors.Is(err, errBudget):
		o.OutOfReach = append(o.OutOfReach, words.M("unread.recheck", "why", "budget"))
		return nil
	case errors.Is(err, fault.XUnavailable):
		r.s.without(ctx, r.a, "a look at what may be gone", err)
		o.OutOfReach = append(o.OutOfReach, words.M("unread.recheck", "why", "x"))
		return nil
	}
	return err
}

// recheckArchive looks up the posts with findings of the last report on an archive's account. It costs nothing when
// there is no such report, and is left out when the account is not linked.
func (s *Service) recheckArchive(ctx context.Context, a Analysis, h sources, o *assess.Options) error {
	r := &reader{h: h, floor: 1}
	archived, err := s.archiveSpans(ctx, a.UserID, h)
	if err != nil {
		return err
	}
	r.have = archived
	if h.accountID != "" {
		ids, err := s.doubtful(ctx, a, h, o)
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			if r, err = s.openReader(ctx, a, h, func(assess.Progress) {}); err != nil {
				return err
			}
			r.checked = s.c.DB.Now() // no sample
			if err := errors.Join(r.recheck(ctx, o), r.close(ctx)); err != nil {
				return err
			}
		}
	}
	if err = s.count(ctx, a, o); err == nil {
		r.describeArchive(o)
	}
	return err
}

// recheckFindings looks up the posts with open findings that X has not shown since the analysis was started.
func (r *reader) recheckFindings(ctx context.Context, o *assess.Options) error {
	ids, err := r.s.doubtful(ctx, r.a, r.h, o)
	for len(ids) > 0 && err == nil {
		n := min(len(ids), xapi.MaxLookup)
		_, err = r.lookUp(ctx, ids[:n])
		ids = ids[n:]
	}
	return err
}

// recheckSample looks up the posts that were not seen for longest, and goes on while a
// quarter of them is gone.
func (r *reader) recheckSample(ctx context.Context) error {
	for n := sampleSize; ; n = xapi.MaxLookup {
		ids, err := db.Read(ctx, r.s.c.DB, db.System, db.Value[string], `SELECT post_id FROM posts
			WHERE user_id = $1 AND collection_id = $2 AND fetched_at < $3 AND post_id <> $5 ORDER BY fetched_at, post_id
				LIMIT $4`,
			r.a.UserID, r.id, r.a.CreatedAt, n, assess.ProfileID)
		if err != nil {
			return err
		}
		gone := 0
		if len(ids) > 0 {
			if gone, err = r.lookUp(ctx, ids); err != nil {
				return err
			}
		}
		if gone*4 < len(ids) || len(ids) < n { // each that still stands costs a read
			return r.s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
				tx.Later(`UPDATE timelines SET checked_at = $3 WHERE account_id = $1 AND user_id = $2`, r.id, r.a.UserID, tx.Now())
				return nil
			})
		}
	}
}

// doubtful are the posts with open findings in the last report on a history, the gravest first, that X has not shown
// since the analysis was started.
func (s *Service) doubtful(ctx context.Context, a Analysis, h sources, o *assess.Options) ([]string, error) {
	list, args := h.in(2)
	last, err := db.ReadOne(ctx, s.c.DB, db.System, db.Value[string],
		`SELECT r.analysis_id FROM reports r JOIN analyses n ON n.id = r.analysis_id
		WHERE r.user_id = $1 AND COALESCE(n.account_id, n.archive_id) IN `+list+`
			ORDER BY r.created_at DESC, r.analysis_id DESC LIMIT 1`,
		append([]any{a.UserID}, args...)...)
	if errors.Is(err, db.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	report, err := s.openReport(ctx, a.UserID, last)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) { // it was deleted this moment
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.unseen(ctx, a, h, openPosts(report, o.Dismissed))
}

// openPosts are the posts of a report's findings that nobody has dismissed, the most points first.
func openPosts(report *assess.Report, dismissed map[string]string) []string {
	all := slices.DeleteFunc(slices.Clone(report.Findings), func(f assess.Finding) bool {
		_, ok := dismissed[f.ID]
		_, number := history.Parse(f.PostID)
		return ok || !number
	})
	slices.SortStableFunc(all, func(a, b assess.Finding) int { return cmp.Compare(b.Points, a.Points) })
	var ids []string
	for _, f := range all {
		if len(ids) < maxRechecked && !slices.Contains(ids, f.PostID) {
			ids = append(ids, f.PostID)
		}
	}
	return ids
}

// unseen are those of the posts that are kept and that X has not shown since the analysis was started.
func (s *Service) unseen(ctx context.Context, a Analysis, h sources, ids []string) ([]string, error) {
	list, collections := h.in(3)
	var left []string
	for part := range slices.Chunk(ids, xapi.MaxLookup) {
		args := append([]any{a.UserID, a.CreatedAt}, collections...)
		var places []string
		for _, id := range part {
			args = append(args, id)
			places = append(places, fmt.Sprintf("$%d", len(args)))
		}
		found, err := db.Read(ctx, s.c.DB, db.System, db.Value[string],
			`SELECT post_id FROM posts WHERE user_id = $1 AND collection_id IN `+list+`
			AND post_id IN (`+strings.Join(places, ", ")+`) GROUP BY post_id HAVING max(fetched_at) < $2`, args...)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			if slices.Contains(found, id) {
				left = append(left, id)
			}
		}
	}
	return left, nil
}

// lookUp asks X for posts by their ids, as far as the budget allows. What is gone is erased, what was edited is
// replaced by its newest version, and what stands is stored as it is now.
func (r *reader) lookUp(ctx context.Context, ids []string) (gone int, err error) {
	if err := r.bearer(ctx); err != nil {
		return 0, err
	}
	n, err := r.reserve(ctx, len(ids), 1)
	if err != nil {
		return 0, err
	}
	found, err := r.lookUpOnce(ctx, ids[:n])
	if err != nil {
		return 0, err
	}
	if err := r.keepFound(ctx, found); err != nil {
		return 0, err
	}
	gone = len(found.Gone)
	if newer := r.newVersions(found.Posts); len(newer) > 0 {
		more, err := r.lookUp(ctx, newer)
		return gone + more, err
	}
	if n < len(ids) {
		err = r.short
	}
	return gone, err
}

// lookUpOnce renews a token that X refuses once.
func (r *reader) lookUpOnce(ctx context.Context, ids []string) (found xapi.Found, err error) {
	defer func() { r.cutOff = errors.Is(err, xapi.ErrCutOff) }()
	found, err = r.s.c.X.Lookup(ctx, r.token, ids)
	if !errors.Is(err, xapi.ErrUnauthorized) {
		return found, err
	}
	if r.token, err = r.s.c.Accounts.XTokenAfter(ctx, r.a.UserID, r.id, r.token); err != nil {
		return found, err
	}
	return r.s.c.X.Lookup(ctx, r.token, ids)
}

// newVersions are the newest versions of edited posts that are not kept yet.
func (r *reader) newVersions(posts []xapi.Post) []string {
	var ids []string
	for _, p := range posts {
		newest := p.ID
		for _, v := range p.Versions {
			if newerID(v, newest) {
				newest = v
			}
		}
		if newest != p.ID && !r.hasNewer(p) && !slices.Contains(ids, newest) && len(ids) < xapi.MaxLookup {
			ids = append(ids, newest)
		}
	}
	return ids
}

func (r *reader) keepFound(ctx context.Context, found xapi.Found) error {
	drop := map[string]bool{}
	for _, id := range found.Gone {
		drop[id] = true
	}
	for _, p := range found.Posts {
		if r.hasNewer(p) {
			drop[p.ID] = true
		}
	}
	err := r.s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := r.settle(ctx, tx, found.Reads); err != nil {
			return err
		}
		if err := r.storeNewest(tx, found.Posts); err != nil {
			return err
		}
		r.forget(tx, drop)
		tx.Later(`UPDATE timelines SET gone = gone + $3 WHERE account_id = $1 AND user_id = $2`,
			r.id, r.a.UserID, len(found.Gone))
		return nil
	})
	r.s.c.Metrics.Reads(float64(found.Reads) * assess.XReadMicroUSD / 1e6)
	if err != nil {
		return r.unkept(ctx, err, found.Reads)
	}
	r.spent += found.Reads
	r.reserved, r.gone = 0, r.gone+len(found.Gone)
	r.ids = slices.DeleteFunc(joined(r.ids, idsOf(found.Posts)), func(id history.ID) bool { return drop[id.String()] })
	return nil
}

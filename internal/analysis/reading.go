package analysis

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/history"
	"github.com/repazoo/repazoo/internal/xapi"
)

// A reading goes through what is missing of an account, the newest first, until it has as many posts as the analysis
// may have. Each page is kept as it comes, together with the range of ids that is complete with it, so that a reading
// that stops anywhere leaves a gap that the next one finds.

// xReach is how many posts X gives of an account, the newest. A list that ends somewhat earlier has ended for the same
// reason, because X leaves withheld posts out after it has counted.
const (
	xReach     = 3200
	xReachFrom = xReach - xReach/20
)

// reader reads one account from X.
type reader struct {
	*timeline
	h        sources
	token    string
	floor    history.ID   // the oldest id that the analysis asks for
	have     history.Set  // what need not be asked for: read before, or in an archive
	ids      []history.ID // of the kept posts, each once, the oldest first
	given    []history.ID // those of them that X gave
	asked    time.Time    // when X was asked for the page under way
	agreed   bool         // its user has agreed to the present text, which speaks of the profile and of pictures
	progress func(assess.Progress)
	stopped  error // why the reading ended early; nil where it did not
}

// collect reads from X what is missing, looks up what may be gone, and notes in o what it cost and what is not there.
func (s *Service) collect(ctx context.Context, a Analysis, h sources, o *assess.Options,
	progress func(assess.Progress),
) error {
	if a.AccountID == nil {
		return s.recheckArchive(ctx, a, h, o)
	}
	r, err := s.openReader(ctx, a, h, progress)
	if err != nil {
		return err
	}
	err = r.readAll(ctx)
	if err == nil {
		err = r.readProfile(ctx, o)
	}
	if err == nil {
		err = r.recheck(ctx, o)
	}
	if err = errors.Join(err, r.close(ctx)); err != nil {
		return err
	}
	if err = s.count(ctx, a, o); err == nil {
		r.describe(o)
	}
	return err
}

// without logs why a report goes on without something that X did not answer. The report itself names it as a gap.
func (s *Service) without(ctx context.Context, a Analysis, what string, err error) {
	s.c.Log.WarnContext(ctx, "X did not answer, and the report goes on without a part", "analysis", a.ID, "part", what,
		"cause", err)
}

// count notes what X charged for the run.
func (s *Service) count(ctx context.Context, a Analysis, o *assess.Options) (err error) {
	type reads struct{ posts, users int }
	n, err := db.ReadOne(ctx, s.c.DB, db.System, func(r db.Rows, v *reads) error { return r.Scan(&v.posts, &v.users) },
		`SELECT x_reads, x_user_reads FROM analyses WHERE id = $1 AND user_id = $2`, a.ID, a.UserID)
	o.XReads, o.XUserReads = n.posts, n.users
	return err
}

// openReader takes the lease of the account and finds out what is there already.
func (s *Service) openReader(ctx context.Context, a Analysis, h sources,
	progress func(assess.Progress),
) (*reader, error) {
	t, err := s.openTimeline(ctx, a, h.accountID)
	if err != nil {
		return nil, err
	}
	r, err := s.newReader(ctx, a, h, t)
	if err != nil {
		return nil, errors.Join(err, t.close(ctx))
	}
	r.progress = progress
	return r, nil
}

// newReader finds out what is there of an account already.
func (s *Service) newReader(ctx context.Context, a Analysis, h sources, t *timeline) (*reader, error) {
	r := &reader{timeline: t, h: h, floor: 1}
	if a.Since != nil {
		r.floor = history.After(*a.Since)
	}
	archived, err := s.archiveSpans(ctx, a.UserID, h)
	if err == nil {
		r.agreed, err = s.c.Accounts.HasConsent(ctx, a.UserID, ConsentKind, ConsentVersion)
	}
	if err == nil {
		r.ids, err = s.keptIDs(ctx, a.UserID, h)
	}
	if err == nil {
		r.given, err = s.keptIDs(ctx, a.UserID, sources{accountID: h.accountID})
	}
	r.have = history.Of(slices.Concat(archived, t.read)...)
	return r, err
}

// newer is how many kept posts are newer than an id.
func (r *reader) newer(id history.ID) int {
	i, found := slices.BinarySearch(r.ids, id)
	if found {
		i++
	}
	return len(r.ids) - i
}

// readAll fills gap after gap. What ends it early but leaves something to work with is noted in stopped.
func (r *reader) readAll(ctx context.Context) error {
	for _, gap := range r.toRead() {
		left := r.a.MaxPosts - r.newer(gap.Last)
		if left <= 0 {
			break
		}
		err := r.fill(ctx, gap, left)
		if err != nil && r.goesOn(err) {
			r.stopped = err
			break
		}
		switch {
		case errors.Is(err, errBudget):
			return fault.XBudgetExceeded
		case errors.Is(err, errCeiling):
			return tooLow(r.a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// toRead are the gaps that X may fill, the newest first. What is newest is not asked for again where another run has
// asked since this analysis was started.
func (r *reader) toRead() []history.Span {
	last := history.Top
	if !r.readAt.Before(r.a.CreatedAt) {
		last = r.have.Newest()
	}
	return r.have.Gaps(history.Span{First: max(r.floor, r.endID), Last: last})
}

// goesOn tells whether a report can be made of what is kept although the reading could not go on. What may pass in a
// moment is tried again instead, and what the person can mend fails.
func (r *reader) goesOn(err error) bool {
	limited, isLimit := errors.AsType[*xapi.RateLimited](err)
	lasting := errors.Is(err, errBudget) || errors.Is(err, errCeiling) || errors.Is(err, xapi.ErrCreditsGone) ||
		isLimit && limited.MonthlyCap
	return lasting && len(r.ids) > 0
}

// fill reads a gap from its newest end, at most so many posts. A token that X refuses is renewed once.
func (r *reader) fill(ctx context.Context, gap history.Span, left int) error {
	err := r.fillOnce(ctx, &gap, &left)
	if !errors.Is(err, xapi.ErrUnauthorized) {
		return err
	}
	if r.token, err = r.s.c.Accounts.XTokenAfter(ctx, r.a.UserID, r.id, r.token); err != nil {
		return err
	}
	return r.fillOnce(ctx, &gap, &left)
}

// fillOnce moves gap.Last and left along with the pages, so that it can be called again after a failure.
func (r *reader) fillOnce(ctx context.Context, gap *history.Span, left *int) (err error) {
	if err := r.bearer(ctx); err != nil {
		return err
	}
	q := xapi.Query{Max: *left, Before: func(n int) (int, error) {
		r.asked = r.s.c.DB.Now()
		return r.reserve(ctx, n, xapi.MinPage)
	}}
	if gap.Last < history.Top {
		q.UntilID = (gap.Last + 1).String()
	}
	if gap.First > 1 {
		q.SinceID = (gap.First - 1).String()
	}
	if r.a.Since != nil && gap.First == r.floor {
		q.SinceID, q.Start = "", *r.a.Since
	}
	fresh := gap.Last == history.Top
	span := history.Span{First: gap.Last + 1, Last: gap.Last} // what is complete: it grows downward
	if fresh {
		span = history.Span{First: history.Top, Last: 0}
	}
	for page, err := range r.s.c.X.Posts(ctx, r.token, r.h.xUserID, q) {
		if err != nil {
			r.cutOff = errors.Is(err, xapi.ErrCutOff)
			return err
		}
		if err := r.keep(ctx, page, gap, &span, fresh); err != nil {
			return err
		}
		*left -= len(page.Posts)
	}
	return nil
}

// bearer finds the token, once.
func (r *reader) bearer(ctx context.Context) (err error) {
	if r.token == "" {
		r.token, err = r.s.c.Accounts.XToken(ctx, r.a.UserID, r.id)
	}
	return err
}

// keep stores a page, pays for it and notes what is complete with it: all or nothing.
func (r *reader) keep(ctx context.Context, page xapi.Page, gap *history.Span, span *history.Span, fresh bool) error {
	posts := slices.Concat(page.Posts, page.Beyond)
	ids := idsOf(posts)
	done, end, given := *span, r.endID, joined(r.given, ids)
	if len(ids) > 0 {
		done = history.Span{First: min(done.First, ids[0]), Last: max(done.Last, ids[len(ids)-1])}
	}
	if page.Next == "" {
		done.First, end = r.bottom(done, *gap, given)
	}
	err := r.s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := r.settle(ctx, tx, page.Reads); err != nil {
			return err
		}
		if err := r.storeNewest(tx, posts); err != nil {
			return err
		}
		r.note(tx, done)
		tx.Later(`UPDATE timelines SET end_id = $3 WHERE account_id = $1 AND user_id = $2`, r.id, r.a.UserID, int64(end))
		if fresh {
			tx.Later(`UPDATE timelines SET read_at = $3 WHERE account_id = $1 AND user_id = $2`, r.id, r.a.UserID, r.asked)
		}
		return nil
	})
	r.s.c.Metrics.Reads(float64(page.Reads) * assess.XReadMicroUSD / 1e6) // X counts them, whatever became of the page
	if err != nil {
		return r.unkept(ctx, err, page.Reads)
	}
	r.spent += page.Reads
	r.reserved, r.given, r.ids, r.endID, *span = 0, given, joined(r.ids, ids), end, done
	if !done.Empty() {
		r.have = r.have.With(done)
		gap.Last = done.First - 1
	}
	r.progress(assess.Progress{Stage: assess.StageCollect, Done: min(len(r.ids), r.a.MaxPosts), Total: r.a.MaxPosts})
	return nil
}

// unkept pays for a page that X gave and that could not be kept.
func (r *reader) unkept(ctx context.Context, why error, reads int) error {
	err := r.pay(ctx, reads)
	if err == nil {
		r.reserved = 0
	}
	return errors.Join(why, err)
}

// joined are the ids of both lists, each once, the oldest first.
func joined(a, b []history.ID) []history.ID {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// bottom is how far down a gap is complete once X has no further page, and where X ends. Where X has given about as
// many posts as it gives of any account, its list has ended and not the account's history.
func (r *reader) bottom(done, gap history.Span, given []history.ID) (first, end history.ID) {
	low := done.First
	i, _ := slices.BinarySearch(given, low)
	if low < history.Top && len(given)-i >= xReachFrom {
		return low, max(r.endID, low)
	}
	return gap.First, r.endID
}

func idsOf(posts []xapi.Post) []history.ID {
	var ids []history.ID
	for _, p := range posts {
		if id, ok := history.Parse(p.ID); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// storeNewest stores posts, of an edited one only the newest version.
func (r *reader) storeNewest(tx db.Tx, posts []xapi.Post) error {
	var kept []assess.Post
	old := map[string]bool{}
	for _, p := range posts {
		for _, v := range p.Versions {
			if v != p.ID && newerID(p.ID, v) {
				old[v] = true
			}
		}
	}
	for _, p := range posts {
		if !old[p.ID] && !r.hasNewer(p) {
			if !r.agreed {
				p.AltTexts = nil
			}
			kept = append(kept, fromX(p))
		}
	}
	r.forget(tx, old)
	return r.s.store(tx, r.a.UserID, r.id, kept)
}

// hasNewer tells whether a later version of a post is kept.
func (r *reader) hasNewer(p xapi.Post) bool {
	return slices.ContainsFunc(p.Versions, func(v string) bool {
		id, ok := history.Parse(v)
		_, kept := slices.BinarySearch(r.ids, id)
		return ok && kept && newerID(v, p.ID)
	})
}

func newerID(a, b string) bool {
	return len(a) > len(b) || len(a) == len(b) && a > b
}

// forget erases posts, whichever collection of the history they are kept in.
func (r *reader) forget(tx db.Tx, ids map[string]bool) {
	list, args := r.h.in(3)
	for id := range ids {
		tx.Later(`DELETE FROM posts WHERE user_id = $1 AND post_id = $2 AND collection_id IN `+list,
			append([]any{r.a.UserID, id}, args...)...)
	}
}

package analysis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/history"
	"github.com/repazoo/repazoo/internal/words"
)

// What a start would do is told before it does it: nothing is read from X, no model is asked, nothing is written. How
// many posts X has is what X said when the account was last linked or its owner signed in.

// previewed is how many kept posts a preview looks at, the newest. Beyond them it gives totals only.
const previewed = 10_000

// Preview is what an analysis would do if it were started now.
type Preview struct {
	Analysis    // as it would be started; it has no id and no times
	NeedConsent bool
	Reads       PreviewReads
	Kept        int             // posts that need not be read from X again
	Model       assess.Forecast // what the model would be asked; zero where no model is used
	ModelCalls  bool            // whether a model is used
	Day         PreviewDay      // the same within a day, for less
	Gaps        []assess.Gap    // what cannot be read, whatever is spent
	OutOfReach  []string        // the same in sentences
	// of the same account, which has not ended: this one would wait for it, and use its posts and answers
	Other *Analysis
	Usage billing.Usage // before the start, which takes one analysis

	ceilinged bool            // the ceiling allows fewer reads than the plan
	unread    []words.Message // what OutOfReach says
}

// Unreachable is OutOfReach in a language.
func (p Preview) Unreachable(l *words.Language) []string { return assess.Sentences(l, p.unread) }

// PreviewDay is what the model's part would be as a batch: see batched.go.
type PreviewDay struct {
	Offered      bool
	WhyNot       string // a sentence, where it is not offered
	CostMicroUSD int64  // without second questions, as that of direct calls
	AtMost       time.Duration
}

// PreviewReads is what would be read from X.
type PreviewReads struct {
	Expected  *int       // new posts, by X's own count; nil when X has not said how many there are
	AtMost    int        // new posts that the plan, its reads that are left and max_posts allow
	Rechecked int        // posts that are looked up again, because they may have been deleted; at most
	Parents   int        // posts that own ones answer, read where the model cannot judge without them; at most
	AtX       *int       // posts of the account at X
	CountedAt *time.Time // when X said so
}

// readsMicroUSD is what X charges for so many reads.
func readsMicroUSD(n int) int64 { return int64(n) * assess.XReadMicroUSD }

// ExpectedMicroUSD is what the analysis would cost, the reading of the profile at X included, as far as that can be
// told: where X has not said how many posts there are, AtMost counts.
func (p Preview) ExpectedMicroUSD() int64 { return p.readMicroUSD() + p.ModelMicroUSD() }

// readMicroUSD is what of that X charges.
func (p Preview) readMicroUSD() int64 {
	n := p.Reads.AtMost
	if p.Reads.Expected != nil {
		n = *p.Reads.Expected
	}
	return readsMicroUSD(n+p.Reads.Rechecked) + p.profileMicroUSD()
}

// ModelMicroUSD is what the model would cost, in the way that was asked for.
func (p Preview) ModelMicroUSD() int64 {
	if p.WithinADay && p.Day.Offered {
		return p.Day.CostMicroUSD
	}
	return p.Model.CostMicroUSD
}

// ReachesCeiling tells whether the ceiling would leave something unread or unjudged.
func (p Preview) ReachesCeiling() bool {
	return p.MaxCostCents > 0 && (p.ceilinged || p.ExpectedMicroUSD() > p.ceiling())
}

// Preview tells what Start would do with the same request. It costs nothing, and refuses what Start would refuse,
// except that it needs no consent and no quota left.
func (s *Service) Preview(ctx context.Context, userID string, r StartRequest) (Preview, error) {
	if r.Purpose == "" {
		r.Purpose = assess.PersonalReputation
	}
	r.IdempotencyKey = ""
	if err := r.check(); err != nil {
		return Preview{}, err
	}
	usage, err := s.c.Billing.Usage(ctx, userID)
	if err != nil {
		return Preview{}, err
	}
	if usage.Tier.Name == "" {
		return Preview{}, fault.SubscriptionRequired
	}
	from, err := s.findSource(ctx, userID, r)
	if err != nil {
		return Preview{}, err
	}
	a := s.newAnalysis(userID, r, from, billing.Reservation{Tier: usage.Tier, PeriodStart: usage.PeriodStart},
		s.c.DB.Now())
	if a.WithinADay {
		if err := s.batchable(a); err != nil {
			return Preview{}, err
		}
	}
	p := Preview{Analysis: a, NeedConsent: !from.consented, Usage: usage, ModelCalls: a.Model != ""}
	return p, s.foresee(ctx, &p)
}

// findSource looks up whose posts a request is about.
func (s *Service) findSource(ctx context.Context, userID string, r StartRequest) (from origin, err error) {
	found := false
	err = s.c.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		askSource(tx, userID, r, &from, &found)
		_, err := db.One(ctx, tx, db.Value[int], `SELECT 1`) // what is asked for travels with the next statement
		return err
	})
	if err == nil && !found {
		err = errNoSource(r)
	}
	return from, err
}

// foresee fills in what would be read and judged.
func (s *Service) foresee(ctx context.Context, p *Preview) error {
	o, err := s.options(ctx, p.Analysis)
	if err != nil {
		return err
	}
	h, err := s.history(ctx, p.Analysis)
	if err != nil {
		return err
	}
	r, err := s.peek(ctx, p.Analysis, h)
	if err != nil {
		return err
	}
	if p.Other, err = s.unended(ctx, p.UserID, h); err != nil {
		return err
	}
	p.Kept = len(r.ids)
	if err := s.foreseeReads(ctx, p, r, &o); err != nil {
		return err
	}
	p.Gaps, p.unread = o.Gaps, o.OutOfReach
	p.OutOfReach = p.Unreachable(words.For(words.English))
	return s.foreseeModel(ctx, p, h, o)
}

// peek is a reader that may look at what is there, and does not hold the account.
func (s *Service) peek(ctx context.Context, a Analysis, h sources) (*reader, error) {
	t := &timeline{s: s, a: a, id: h.accountID}
	if h.accountID != "" {
		row, err := db.ReadOne(ctx, s.c.DB, db.System, scanTimeline,
			`SELECT `+timelineColumns+` FROM timelines WHERE account_id = $1 AND user_id = $2`, h.accountID, a.UserID)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return nil, err
		}
		spans, err := db.Read(ctx, s.c.DB, db.System, scanSpan,
			`SELECT first_id, last_id FROM timeline_spans WHERE account_id = $1 AND user_id = $2 AND expires_at > $3`,
			h.accountID, a.UserID, s.c.DB.Now())
		if err != nil {
			return nil, err
		}
		t.endID, t.readAt, t.checked, t.read = history.ID(row.endID), orZero(row.readAt), orZero(row.checked),
			history.Of(spans...)
	}
	return s.newReader(ctx, a, h, t)
}

// unended is the oldest analysis of the same history that has not ended.
func (s *Service) unended(ctx context.Context, userID string, h sources) (*Analysis, error) {
	list, args := h.in(2)
	a, err := db.ReadOne(ctx, s.c.DB, db.System, scan, `SELECT `+columns+` FROM analyses WHERE user_id = $1
		AND COALESCE(account_id, archive_id) IN `+list+` AND status IN ('queued', 'running') ORDER BY created_at, id LIMIT 1`,
		append([]any{userID}, args...)...)
	if errors.Is(err, db.ErrNotFound) {
		return nil, nil
	}
	return &a, err
}

// foreseeReads tells what would be read from X, and what cannot be read.
func (s *Service) foreseeReads(ctx context.Context, p *Preview, r *reader, o *assess.Options) error {
	doubtful, err := s.doubtful(ctx, p.Analysis, r.h, o)
	if err != nil {
		return err
	}
	left := p.Usage.Reads.Remaining
	if p.AccountID == nil {
		p.Reads.Rechecked = min(left, len(doubtful))
		r.describeArchive(o)
		return nil
	}
	if p.Reads.AtX, p.Reads.CountedAt, err = s.postsAtX(ctx, p.UserID, *p.AccountID); err != nil {
		return err
	}
	wanted := r.wanted()
	p.Reads.AtMost = min(left, wanted)
	p.Reads.Parents = min(left, p.maxParents())
	if p.MaxCostCents > 0 {
		judge, err := s.judge(p.Analysis)
		if err != nil {
			return err
		}
		affordable := p.readable(0, judge.PostMicroUSD())
		p.ceilinged = affordable < p.Reads.AtMost && (p.Reads.AtX == nil || r.expected(*p.Reads.AtX) > affordable)
		p.Reads.AtMost = min(p.Reads.AtMost, affordable)
	}
	if p.Reads.AtX != nil {
		p.Reads.Expected = new(min(p.Reads.AtMost, r.expected(*p.Reads.AtX)))
	}
	recheck := len(doubtful)
	if s.c.DB.Now().Sub(r.checked) >= sampleAfter {
		recheck += min(sampleSize, max(0, len(r.given)-recheck))
	}
	p.Reads.Rechecked = min(recheck, left-min(left, p.Reads.AtMost))
	r.describeBefore(p.Reads, left, wanted, o)
	return nil
}

// wanted is how many posts the analysis may ask X for.
func (r *reader) wanted() int {
	gaps := r.toRead()
	if len(gaps) == 0 {
		return 0
	}
	return max(0, r.a.MaxPosts-r.newer(gaps[0].Last))
}

// expected is how many of them X has by its own count. What is newer than the count comes on top.
func (r *reader) expected(atX int) int {
	missing := max(0, min(atX, xReach)-len(r.given))
	for _, gap := range r.toRead() {
		if gap.Last < history.Top || len(r.given) == 0 {
			return min(missing, max(0, r.a.MaxPosts-r.newer(gap.Last)))
		}
	}
	return min(missing, r.wanted())
}

// describeBefore names what an analysis cannot read.
func (r *reader) describeBefore(reads PreviewReads, left, wanted int, o *assess.Options) {
	for _, gap := range r.have.Gaps(history.Span{First: 1, Last: max(1, r.have.Newest())}) {
		for _, part := range r.parts(gap) {
			if part.Last < max(r.floor, r.endID) {
				reason, limit := r.why(part)
				say(o, part, reason, limit)
			}
		}
	}
	note := func(key string, args ...any) { o.OutOfReach = append(o.OutOfReach, words.M(key, args...)) }
	if left < wanted {
		note("unread.reads_left", "n", left, "wanted", wanted)
	}
	if reads.AtMost < min(left, wanted) {
		note("unread.ceiling_reads", "ceiling", ceilingOf(r.a), "n", reads.AtMost)
	}
	if reads.AtX == nil {
		return
	}
	if beyond := *reads.AtX - max(xReach, len(r.ids)); beyond > 0 && r.endID == 0 {
		note("unread.beyond", "reach", xReach, "n", beyond)
	}
	missing := min(*reads.AtX, xReach) - len(r.given) - *reads.Expected
	if missing > 0 && reads.AtMost == wanted && r.floor == 1 {
		note("unread.next", "n", missing, "limit", r.a.MaxPosts)
	}
}

// postsAtX is how many posts X said that an account has, and when; nil when it has not.
func (s *Service) postsAtX(ctx context.Context, userID, accountID string) (*int, *time.Time, error) {
	type count struct {
		n  *int
		at *time.Time
	}
	c, err := db.ReadOne(ctx, s.c.DB, db.User(userID), func(r db.Rows, v *count) error { return r.Scan(&v.n, &v.at) },
		`SELECT post_count, counted_at FROM x_accounts WHERE user_id = $1 AND id = $2`, userID, accountID)
	return c.n, c.at, err
}

// foreseeModel tells what the model would be asked: about the kept posts exactly, about those that are to be read as
// they are on average.
func (s *Service) foreseeModel(ctx context.Context, p *Preview, h sources, o assess.Options) error {
	judge, err := s.judge(p.Analysis)
	if err != nil || judge == nil {
		return err
	}
	pipe := &assess.Pipeline{Screen: s.screen(), Now: s.c.DB.Now, Judge: judge}
	f, err := pipe.Forecast(ctx, firstOf(s.kept(ctx, p.Analysis, h), previewed), o)
	if err != nil {
		return err
	}
	more := p.Reads.AtMost
	if p.Reads.Expected != nil {
		more = *p.Reads.Expected
	}
	p.Model = f.Beyond(more, o.MaxPosts, judge)
	p.Day = s.foreseeDay(*p, judge)
	return nil
}

// foreseeDay tells what the model's part would be as a batch.
func (s *Service) foreseeDay(p Preview, judge *assess.Judge) PreviewDay {
	day := PreviewDay{CostMicroUSD: p.Model.BatchMicroUSD(judge), AtMost: claude.BatchLives}
	err := s.batchable(p.Analysis)
	fit := p.Model.Texts
	if p.MaxCostCents > 0 {
		fit = p.Model.InBatch(judge, p.ceiling()-p.readMicroUSD())
	}
	switch {
	case err != nil:
		day.WhyNot = fault.From(err).Message
	case p.Model.Texts < s.c.BatchFrom:
		day.WhyNot = fmt.Sprintf("Cheaper within a day begins at %s that the model has not judged before, and here are %s.",
			assess.Counting(s.c.BatchFrom, "post"), assess.Thousands(p.Model.Texts))
	case fit < s.c.BatchFrom:
		day.WhyNot = fmt.Sprintf("Cheaper within a day asks about all posts at once, and begins at %s. "+
			"The ceiling of %s has room for %s at the worst, beside the reading.",
			assess.Counting(s.c.BatchFrom, "post"), assess.Dollars(p.MaxCostCents), assess.Thousands(fit))
	default:
		day.Offered = true
		direct := p.Model.CostMicroUSD - day.CostMicroUSD // that the ceiling leaves out is asked directly
		day.CostMicroUSD += direct * int64(p.Model.Texts-fit) / int64(p.Model.Texts)
	}
	return day
}

// firstOf are at most n posts of a sequence.
func firstOf(posts iter.Seq2[assess.Post, error], n int) iter.Seq2[assess.Post, error] {
	return func(yield func(assess.Post, error) bool) {
		left := n
		for p, err := range posts {
			if left--; left < 0 || !yield(p, err) {
				return
			}
		}
	}
}

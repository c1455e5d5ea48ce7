package analysis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/xapi"
)

// Collecting keeps each page as it is read, so that a run that is cut off reads nothing
// twice: newer posts than the newest kept are read first, then older ones than the oldest.

// rowsAtOnce bounds the rows of one INSERT.
const rowsAtOnce = 100

// makeReport collects the posts and runs the pipeline over them.
func (s *Service) makeReport(ctx context.Context, a Analysis, progress func(assess.Progress)) (*assess.Report, error) {
	progress(assess.Progress{Stage: assess.StageCollect, Total: a.MaxPosts})
	o, err := s.options(ctx, a)
	if err != nil {
		return nil, err
	}
	if a.AccountID != nil {
		if o.XReads, o.OutOfReach, err = s.collect(ctx, a, progress); err != nil {
			return nil, err
		}
	}
	p := &assess.Pipeline{Screen: s.screen(), Now: s.DB.Now, AppVersion: s.App, Judge: s.judge(a)}
	return p.Run(ctx, s.kept(ctx, a), o, progress)
}

func (s *Service) options(ctx context.Context, a Analysis) (assess.Options, error) {
	dismissed, err := s.dismissed(ctx, a.UserID)
	if err != nil {
		return assess.Options{}, err
	}
	o := assess.Options{
		Purpose: a.Purpose, MaxPosts: a.MaxPosts, MinPosts: assess.MinPosts, Dismissed: dismissed, Source: assess.SourceX,
		KeptUntil: s.DB.Now().Add(s.KeepFor).Format(time.RFC3339),
		NeverRead: []string{"direct messages", "the home timeline", "likes", "followers", "contacts"},
	}
	table, id := "x_accounts", a.AccountID
	if a.ArchiveID != nil {
		table, id, o.Source = "archives", a.ArchiveID, assess.SourceArchive
		unread, err := s.unreadOf(ctx, a.UserID, *a.ArchiveID)
		if err != nil {
			return assess.Options{}, err
		}
		o.Unread = func() assess.Unread { return unread }
	}
	o.Account.Handle = a.Handle
	o.Account.ID, err = db.ReadOne(ctx, s.DB, db.System, db.Value[string], `SELECT x_user_id FROM `+table+` WHERE user_id = $1 AND id = $2`, a.UserID, *id)
	return o, err
}

func (s *Service) judge(a Analysis) *assess.Judge {
	if s.Claude == nil || a.Model == "" {
		return nil
	}
	return &assess.Judge{
		Client: s.Claude, Model: a.Model, Prices: s.Prices[a.Model],
		SecondModel: s.SecondModel, SecondPrices: s.Prices[s.SecondModel], Cache: &sealedVerdicts{s, a.UserID},
		TalksToModel: func(text string) bool { return s.screen().Check(text, "").TalksToModel },
		Metrics:      s.Metrics,
	}
}

// collect reads from X what is not kept yet, and tells what it cost and what was out of reach.
func (s *Service) collect(ctx context.Context, a Analysis, progress func(assess.Progress)) (reads int, outOfReach []string, err error) {
	c := &collector{s: s, a: a, progress: progress}
	if c.kept, c.oldest, c.newest, err = s.keptRange(ctx, *a.AccountID); err != nil {
		return 0, nil, err
	}
	usage, err := s.Billing.Usage(ctx, a.UserID)
	if err != nil {
		return 0, nil, err
	}
	if c.budget = usage.Reads.Remaining; c.budget <= 0 && c.kept == 0 {
		return 0, nil, fault.XBudgetExceeded
	}
	if err := c.run(ctx); err != nil {
		return 0, nil, err
	}
	reads, err = db.ReadOne(ctx, s.DB, db.System, db.Value[int], `SELECT x_reads FROM analyses WHERE id = $1`, a.ID)
	return reads, c.outOfReach(), err
}

type collector struct {
	s              *Service
	a              Analysis
	progress       func(assess.Progress)
	kept           int // posts kept so far
	read           int // posts read by this collector
	budget         int // reads the plan still allows
	oldest, newest string
	capped         bool // X served its last reachable post
}

func (c *collector) run(ctx context.Context) error {
	if c.newest != "" {
		if err := c.pages(ctx, xapi.Query{SinceID: c.newest, Max: min(c.a.MaxPosts, c.budget)}); err != nil {
			return err
		}
	}
	if missing := min(c.a.MaxPosts-c.kept, c.budget); missing > 0 {
		before := c.read
		if err := c.pages(ctx, xapi.Query{UntilID: c.oldest, Max: missing}); err != nil {
			return err
		}
		c.capped = c.read-before < missing
	}
	return nil
}

// pages reads and keeps page after page; one refused token is exchanged for a fresh one.
func (c *collector) pages(ctx context.Context, q xapi.Query) error {
	if q.Max <= 0 {
		return nil
	}
	if c.a.Since != nil {
		q.Start = *c.a.Since
	}
	token, err := c.s.Accounts.XToken(ctx, c.a.UserID, *c.a.AccountID)
	if err != nil {
		return err
	}
	err = c.readPages(ctx, token, &q)
	if errors.Is(err, xapi.ErrUnauthorized) {
		if token, err = c.s.Accounts.XTokenAfter(ctx, c.a.UserID, *c.a.AccountID, token); err != nil {
			return err
		}
		err = c.readPages(ctx, token, &q)
	}
	return err
}

func (c *collector) readPages(ctx context.Context, token string, q *xapi.Query) error {
	id, err := c.s.xUserID(ctx, c.a)
	if err != nil {
		return err
	}
	for page, err := range c.s.X.Posts(ctx, token, id, *q) {
		if err != nil {
			return err
		}
		if err := c.keep(ctx, page); err != nil {
			return err
		}
		if n := len(page.Posts); n > 0 && q.SinceID == "" {
			q.UntilID = page.Posts[n-1].ID // where a second try goes on
		}
		q.Max -= page.Reads
		c.progress(assess.Progress{Stage: assess.StageCollect, Done: min(c.kept, c.a.MaxPosts), Total: c.a.MaxPosts})
	}
	return nil
}

// keep stores a page and pays for it, both or neither.
func (c *collector) keep(ctx context.Context, page xapi.Page) error {
	posts := make([]assess.Post, len(page.Posts))
	for i, p := range page.Posts {
		posts[i] = fromX(p)
	}
	err := c.s.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := c.s.mine(ctx, tx, c.a.ID, page.Reads); err != nil {
			return err
		}
		if err := c.s.store(tx, c.a.UserID, *c.a.AccountID, posts); err != nil {
			return err
		}
		_, err := c.s.Billing.SpendReads(ctx, tx, c.a.UserID, c.a.PeriodStart, page.Reads)
		return err
	})
	c.s.Metrics.Reads(float64(page.Reads) * assess.XReadMicroUSD / 1e6) // X counts them, whatever became of the page
	c.kept, c.read = c.kept+len(posts), c.read+page.Reads
	c.budget -= page.Reads
	return err
}

// mine adds to what a run has read, if it is still this process's: one that was cancelled, or whose user withdrew their
// consent, may not store a page that was under way.
func (s *Service) mine(ctx context.Context, tx db.Tx, id string, reads int) error {
	n, err := tx.Exec(ctx, `UPDATE analyses SET x_reads = x_reads + $2 WHERE id = $1 AND runner = $3 AND status = 'running'`, id, reads, s.runner)
	if err == nil && n == 0 {
		err = errLeaseLost
	}
	return err
}

func (c *collector) outOfReach() []string {
	var out []string
	if c.budget <= 0 && !c.capped {
		out = append(out, "Your plan's reads from X for this period are used up, so older posts were not read. Upload your X archive to include them.")
	}
	if c.kept >= xReach {
		out = append(out, fmt.Sprintf("X serves only the newest %d posts of an account. Upload your X archive to include older ones.", xReach))
	}
	return out
}

// xReach is how far back X's own interface goes.
const xReach = 3200

func fromX(p xapi.Post) assess.Post {
	return assess.Post{
		ID: p.ID, Text: p.Text, Lang: p.Lang, PostedAt: p.PostedAt, Repost: p.Repost, Reply: p.Reply, Quote: p.Quote,
		Hashtags: p.Hashtags, Media: p.Media,
		Metrics: assess.Metrics{Likes: p.Metrics.Likes, Reposts: p.Metrics.Reposts, Replies: p.Metrics.Replies, Quotes: p.Metrics.Quotes, Bookmarks: p.Metrics.Bookmarks, Impressions: p.Metrics.Impressions},
	}
}

func (s *Service) xUserID(ctx context.Context, a Analysis) (string, error) {
	return db.ReadOne(ctx, s.DB, db.System, db.Value[string], `SELECT x_user_id FROM x_accounts WHERE user_id = $1 AND id = $2`, a.UserID, *a.AccountID)
}

// store keeps posts sealed; a post that is kept already is left as it is.
func (s *Service) store(tx db.Tx, userID, collectionID string, posts []assess.Post) error {
	now := tx.Now()
	for len(posts) > 0 {
		n := min(len(posts), rowsAtOnce)
		var values strings.Builder
		args := []any{collectionID, userID, now, now.Add(s.KeepFor)}
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
			args = append(args, p.ID, p.PostedAt, sealed)
		}
		tx.Later(`INSERT INTO posts (collection_id, post_id, user_id, posted_at, sealed, fetched_at, expires_at) VALUES `+values.String()+
			` ON CONFLICT (collection_id, post_id) DO NOTHING`, args...)
		posts = posts[n:]
	}
	return nil
}

func (s *Service) keptRange(ctx context.Context, collectionID string) (n int, oldest, newest string, err error) {
	type kept struct {
		n      int
		lo, hi *string
	}
	k, err := db.ReadOne(ctx, s.DB, db.System, func(r db.Rows, v *kept) error { return r.Scan(&v.n, &v.lo, &v.hi) }, `
		SELECT count(*),
			(SELECT post_id FROM posts WHERE collection_id = $1 ORDER BY length(post_id), post_id LIMIT 1),
			(SELECT post_id FROM posts WHERE collection_id = $1 ORDER BY length(post_id) DESC, post_id DESC LIMIT 1)
		FROM posts WHERE collection_id = $1`, collectionID)
	if err != nil || k.n == 0 {
		return 0, "", "", err
	}
	return k.n, *k.lo, *k.hi, nil
}

// kept yields the newest kept posts, page by page, so that memory does not grow with them.
func (s *Service) kept(ctx context.Context, a Analysis) iter.Seq2[assess.Post, error] {
	collectionID := a.AccountID
	if collectionID == nil {
		collectionID = a.ArchiveID
	}
	since := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	if a.Since != nil {
		since = *a.Since
	}
	return func(yield func(assess.Post, error) bool) {
		before, beforeID := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ""
		for {
			rows, err := db.Read(ctx, s.DB, db.System, scanSealed, `
				SELECT post_id, posted_at, sealed FROM posts
				WHERE collection_id = $1 AND user_id = $2 AND posted_at >= $3 AND (posted_at, post_id) < ($4, $5)
				ORDER BY posted_at DESC, post_id DESC LIMIT 500`, *collectionID, a.UserID, since, before, beforeID)
			if err != nil {
				yield(assess.Post{}, err)
				return
			}
			for _, r := range rows {
				var p assess.Post
				if err := s.openJSON(&p, r.sealed, "post", *collectionID, r.id); err != nil {
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
	id     string
	at     time.Time
	sealed []byte
}

func scanSealed(r db.Rows, v *sealedRow) error { return r.Scan(&v.id, &v.at, &v.sealed) }

package cleanup

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
)

// Choice says which posts of a report are to go. With neither findings nor posts, it is those that the report advises
// to delete and that count.
type Choice struct {
	AnalysisID string
	Findings   []string // ids; their posts are chosen
	Posts      []string // ids
}

// Create makes a draft of the posts that were chosen. X is not asked. Errors: not_found, conflict when the account has
// an open clean-up already or is not linked, validation_failed.
func (s *Service) Create(ctx context.Context, userID string, ch Choice) (Cleanup, error) {
	if len(ch.Findings)+len(ch.Posts) > maxNamed {
		return Cleanup{}, tooMany()
	}
	a, err := s.c.Analyses.Get(ctx, userID, ch.AnalysisID)
	if err != nil {
		return Cleanup{}, err
	}
	r, err := s.c.Analyses.Report(ctx, userID, ch.AnalysisID)
	if err != nil {
		return Cleanup{}, err
	}
	posts, err := chosen(r, ch)
	if err != nil {
		return Cleanup{}, err
	}
	account, err := s.linked(ctx, userID, r)
	if err != nil {
		return Cleanup{}, err
	}
	return s.insert(ctx, userID, account, a, r, posts)
}

// maxNamed bounds the ids of a choice; a report lists no more findings.
const maxNamed = 5_000

func tooMany() error {
	return fault.ValidationFailed.Saying("A clean-up holds at most %d posts. Choose fewer; another can follow.",
		removal.MaxPosts)
}

// linked finds the linked account whose posts a report is about.
func (s *Service) linked(ctx context.Context, userID string, r *assess.Report) (string, error) {
	all, err := s.c.Accounts.Accounts(ctx, userID)
	if err != nil {
		return "", err
	}
	for _, a := range all {
		if a.XUserID == r.Account.ID && !a.Released && a.Status != "revoked" {
			return a.ID, nil
		}
	}
	return "", fault.Conflict.Saying("@%s is not linked to your account. Link it first; then its posts can be looked "+
		"up and deleted.", r.Account.Handle)
}

// chosen are the posts that a choice names, the heaviest first, so that stopping early still helps.
func chosen(r *assess.Report, ch Choice) ([]removal.Post, error) {
	missing := map[string]bool{}
	for _, id := range slices.Concat(ch.Findings, ch.Posts) {
		missing[id] = true
	}
	everything := len(missing) == 0
	wanted := map[string]bool{}
	for _, f := range r.Findings {
		named := missing[f.ID] || missing[f.PostID] || slices.Contains(ch.Posts, f.PostID) ||
			slices.Contains(ch.Findings, f.ID)
		if _, err := strconv.ParseUint(f.PostID, 10, 64); err != nil { // the profile is no post
			if named {
				return nil, fault.ValidationFailed.Saying("Your profile cannot be deleted with a clean-up. Change it on X.")
			}
			continue
		}
		if named || everything && f.Suggestion == assess.SuggestDelete && !f.Dismissed {
			wanted[f.PostID] = true
			delete(missing, f.ID)
			delete(missing, f.PostID)
		}
	}
	switch {
	case len(missing) > 0:
		return nil, fault.ValidationFailed.Saying("This report has no finding or post with a finding of one of these ids.").
			At("body.findings", "unknown id")
	case len(wanted) == 0:
		return nil, fault.ValidationFailed.Saying("Choose at least one post. This report advises to delete none that " +
			"still counts.")
	case len(wanted) > removal.MaxPosts:
		return nil, tooMany()
	}
	return gather(r, wanted), nil
}

// gather makes posts of the findings in them.
func gather(r *assess.Report, wanted map[string]bool) []removal.Post {
	var posts []removal.Post
	at := map[string]int{}
	weight := map[string]float64{}
	for _, f := range r.Findings {
		if !wanted[f.PostID] {
			continue
		}
		i, known := at[f.PostID]
		if !known {
			i = len(posts)
			at[f.PostID] = i
			posts = append(posts, removal.Post{ID: f.PostID, PostedAt: f.PostedAt, URL: f.URL, Text: snippet(f)})
		}
		weight[f.PostID] += f.Points
		posts[i].Findings = append(posts[i].Findings, removal.PostFinding{
			ID: f.ID, Category: string(f.Category), Severity: string(f.Severity), Quote: f.Quote,
			QuoteStart: f.QuoteStart, QuoteEnd: f.QuoteEnd, Reason: f.Reason, Points: f.Points,
		})
	}
	slices.SortStableFunc(posts, func(a, b removal.Post) int { return cmp.Compare(weight[b.ID], weight[a.ID]) })
	return posts
}

// snippet is what a report quotes of a post, with a sign where it leaves out what stands around.
func snippet(f assess.Finding) string {
	text := f.Before + f.Quote + f.After
	if utf8.RuneCountInString(f.Before) >= assess.ContextRunes {
		text = "… " + text
	}
	if utf8.RuneCountInString(f.After) >= assess.ContextRunes {
		text += " …"
	}
	return text
}

func (s *Service) insert(ctx context.Context, userID, account string, a analysis.Analysis, r *assess.Report,
	posts []removal.Post,
) (Cleanup, error) {
	id := db.NewID()
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		_, err := tx.Exec(ctx, `INSERT INTO cleanups (id, user_id, account_id, analysis_id, handle, state, score_before,
			score_after, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, 'draft', $6, $6, $7, $8)`,
			id, userID, account, a.ID, r.Account.Handle, r.Now.Score, now, now.Add(planLife))
		if err != nil {
			return err
		}
		for i, p := range posts {
			sealed, err := s.sealPost(id, p)
			if err != nil {
				return err
			}
			tx.Later(`INSERT INTO cleanup_posts (cleanup_id, post_id, user_id, place, sealed) VALUES ($1, $2, $3, $4, $5)`,
				id, p.ID, userID, i, sealed)
		}
		audit.Record(ctx, tx, audit.Event{
			UserID: userID, Actor: "user", Action: audit.CleanupPlanned, Resource: id,
			Detail: map[string]any{"posts": len(posts)},
		})
		return nil
	})
	if errors.Is(err, db.ErrConflict) {
		return Cleanup{}, fault.Conflict.Saying("There is an open clean-up of @%s already. Finish it or end it first.",
			r.Account.Handle)
	}
	if err != nil {
		return Cleanup{}, err
	}
	return s.Get(ctx, userID, id)
}

// Open is the clean-up of an analysis' account that is not over; ok is false without one.
func (s *Service) Open(ctx context.Context, userID, analysisID string) (c Cleanup, ok bool, err error) {
	all, err := s.List(ctx, userID)
	for _, c := range all {
		if c.AnalysisID != nil && *c.AnalysisID == analysisID && !c.State.Over() {
			return c, true, err
		}
	}
	return Cleanup{}, false, err
}

// Remove takes posts out of a plan that has not begun. A plan that was frozen is a draft again.
func (s *Service) Remove(ctx context.Context, userID, id string, posts []string) (Cleanup, error) {
	return s.act(ctx, userID, id, removal.Change,
		`, signature = '', frozen_at = NULL, backup_at = NULL, consent_at = NULL`, nil,
		func(ctx context.Context, tx db.Tx, c Cleanup) error {
			for _, post := range posts {
				n, err := tx.Exec(ctx, `DELETE FROM cleanup_posts WHERE cleanup_id = $1 AND user_id = $2 AND post_id = $3`, id,
					userID, post)
				if err != nil {
					return err
				}
				if n == 0 {
					return fault.NotFound.Saying("This clean-up has no such post.")
				}
			}
			left, err := db.One(ctx, tx, db.Value[int],
				`SELECT count(*) FROM cleanup_posts WHERE cleanup_id = $1 AND user_id = $2`, id, userID)
			if err == nil && left == 0 {
				return fault.ValidationFailed.Saying("That is the last post of this clean-up. End the clean-up instead.")
			}
			return err
		})
}

// End ends a plan before every post had its turn. Posts that had none stay on X.
func (s *Service) End(ctx context.Context, userID, id string) (Cleanup, error) {
	c, err := s.end(ctx, userID, id, "user")
	if err == nil {
		s.giveBack(ctx, c)
	}
	return c, err
}

func (s *Service) end(ctx context.Context, userID, id, actor string) (Cleanup, error) {
	return s.act(ctx, userID, id, removal.End, `, finished_at = $5, wait_until = NULL, waiting_for = ''`,
		[]any{s.c.DB.Now()},
		func(ctx context.Context, tx db.Tx, c Cleanup) error {
			keepRest(tx, c)
			audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: actor, Action: audit.CleanupEnded, Resource: id})
			return nil
		})
}

// keepRest notes of the posts that had no turn that they stay. One that X was asked for keeps its question open.
func keepRest(tx db.Tx, c Cleanup) {
	tx.Later(`UPDATE cleanup_posts SET outcome = 'kept', done_at = $3 WHERE cleanup_id = $1 AND user_id = $2
		AND outcome = ''`,
		c.ID, c.UserID, tx.Now())
}

// giveBack ends the leave of a plan. What fails here is done by the sweep.
func (s *Service) giveBack(ctx context.Context, c Cleanup) {
	if err := s.c.Accounts.EndLeave(ctx, c.UserID, c.AccountID); err != nil {
		s.c.Log.WarnContext(ctx, "the leave to delete was not given back and will be", "cleanup", c.ID, "cause", err)
	}
}

// EndAll ends every plan of a user, in the caller's transaction of db.System.
func (s *Service) EndAll(tx db.Tx, userID string) {
	tx.Later(`UPDATE cleanup_posts SET outcome = 'kept', done_at = $2 WHERE user_id = $1 AND outcome = ''`, userID,
		tx.Now())
	tx.Later(`UPDATE cleanups SET state = 'ended', finished_at = $2, wait_until = NULL, waiting_for = ''
		WHERE user_id = $1 AND state NOT IN ('done', 'ended')`, userID, tx.Now())
}

// EndOpen ends every open plan of a user and gives the leaves back.
func (s *Service) EndOpen(ctx context.Context, userID string) error {
	err := s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error { s.EndAll(tx, userID); return nil })
	if err == nil {
		_, err = s.Sweep(ctx)
	}
	return err
}

// Withdraw takes the consent to clean-ups back, which ends every plan that is open. Error: not_found when there is
// none.
func (s *Service) Withdraw(ctx context.Context, userID string) error {
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if err := s.c.Accounts.WithdrawConsent(ctx, tx, userID, ConsentKind); err != nil {
			return err
		}
		s.EndAll(tx, userID)
		return nil
	})
	if err == nil {
		_, err = s.Sweep(ctx)
	}
	return err
}

// Effect is what a plan would do, or does.
type Effect struct {
	Posts    int // that would be deleted, or are left to be
	Likes    int // that are lost with them
	Replies  int
	Gone     int // at X already
	LeftOut  int // not yours, not shown by X, or changed
	Until    time.Time
	Took     time.Duration // about how long it takes
	MicroUSD int64         // what X charges for the deletions and for looking once more
	Score    assess.Standing
	Known    bool // the score is
}

// Effect tells what is left to be done, with the pace that X and the daily bound allow from now on.
func (s *Service) Effect(ctx context.Context, c Cleanup, items []Item) (e Effect, err error) {
	var without []string
	for _, it := range items {
		switch {
		case !it.Outcome.Settled():
			e.Posts++
			e.Likes += it.Likes
			e.Replies += it.Replies
			without = append(without, it.ID)
		case it.Outcome == removal.Gone:
			e.Gone++
		case it.Outcome != removal.Deleted:
			e.LeftOut++
		}
	}
	asked, err := s.asked(ctx, c)
	if err != nil {
		return e, err
	}
	now := s.c.DB.Now()
	e.Until = s.pace.Estimate(e.Posts, asked, now)
	e.Took = e.Until.Sub(now)
	e.MicroUSD = int64(e.Posts) * (deleteUSD + readUSD)
	if c.AnalysisID == nil {
		return e, nil
	}
	r, err := s.c.Analyses.WhatIf(ctx, c.UserID, *c.AnalysisID, "", without)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) {
		return e, nil
	}
	if err == nil {
		e.Score, e.Known = r.Now, true
	}
	return e, err
}

// asked are the times when X was asked to delete posts of the plan's account, in the last day. A post that was asked
// for twice counts twice, at the later time.
func (s *Service) asked(ctx context.Context, c Cleanup) ([]time.Time, error) {
	type row struct {
		at   time.Time
		asks int
	}
	rows, err := db.Read(ctx, s.c.DB, db.System, func(r db.Rows, v *row) error { return r.Scan(&v.at, &v.asks) },
		`SELECT p.asked_at, p.asks FROM cleanup_posts p JOIN cleanups c ON c.id = p.cleanup_id
		WHERE p.user_id = $1 AND c.account_id = $2 AND p.asked_at > $3`, c.UserID, c.AccountID,
		s.c.DB.Now().Add(-24*time.Hour))
	var all []time.Time
	for _, r := range rows {
		for range max(r.asks, 1) { // a refusal is no lost answer, and X counted it all the same
			all = append(all, r.at)
		}
	}
	return all, err
}

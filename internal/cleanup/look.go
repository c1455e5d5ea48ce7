package cleanup

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// tokens give an access token of X; rejected is one that X has just refused, or "".
type tokens func(ctx context.Context, rejected string) (string, error)

// reading is the connection that reads an account's posts.
func (s *Service) reading(c Cleanup) tokens {
	return func(ctx context.Context, rejected string) (string, error) {
		if rejected != "" {
			return s.c.Accounts.XTokenAfter(ctx, c.UserID, c.AccountID, rejected)
		}
		return s.c.Accounts.XToken(ctx, c.UserID, c.AccountID)
	}
}

// deleting is the leave to delete, which may read too.
func (s *Service) deleting(c Cleanup) tokens {
	return func(ctx context.Context, rejected string) (string, error) {
		return s.c.Accounts.LeaveToken(ctx, c.UserID, c.AccountID, rejected)
	}
}

// lookUp asks X for posts by their ids. What it may cost is taken from the plan's reads before; what was gone, and so
// cost nothing, goes back. A token that X refuses is renewed once.
func (s *Service) lookUp(ctx context.Context, c Cleanup, token tokens, ids []string) (seen look, err error) {
	access, err := token(ctx, "")
	if err != nil {
		return seen, err
	}
	period, err := s.c.Billing.ReadsPeriod(ctx, c.UserID)
	if err != nil {
		return seen, err
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := s.c.Billing.ReserveReads(ctx, tx, c.UserID, period, len(ids))
		if err == nil && n < len(ids) { // the transaction ends without an effect
			err = fault.XBudgetExceeded
		}
		return err
	})
	if err != nil {
		return seen, outOfReads(err, len(ids))
	}
	found, err := s.c.X.Lookup(ctx, access, ids)
	if errors.Is(err, xapi.ErrUnauthorized) {
		if access, err = token(ctx, access); err == nil {
			found, err = s.c.X.Lookup(ctx, access, ids)
		}
	}
	if errors.Is(err, xapi.ErrCutOff) || ctx.Err() != nil { // nobody heard the answer, and X may have charged for it
		found.Reads = len(ids)
	}
	s.c.Metrics.Reads(float64(found.Reads) * readUSD / 1e6)
	ctx = context.WithoutCancel(ctx)
	back := s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		s.c.Billing.ReturnReads(tx, c.UserID, period, len(ids)-found.Reads)
		return nil
	})
	return look{found}, errors.Join(err, back)
}

func outOfReads(err error, n int) error {
	if errors.Is(err, fault.XBudgetExceeded) {
		f := fault.From(err)
		return f.Saying("Your plan's reads from X do not suffice to look up %d posts. Choose a larger plan, or wait for "+
			"the next period.", n)
	}
	return err
}

// look is what X shows of posts.
type look struct{ xapi.Found }

// at is a post as X shows it.
func (l look) at(id string) (xapi.Post, bool) {
	i := slices.IndexFunc(l.Posts, func(p xapi.Post) bool { return p.ID == id })
	if i < 0 {
		return xapi.Post{}, false
	}
	return l.Posts[i], true
}

// text is what a post says, with the descriptions of its pictures after it, a line each, as in a report.
func text(p xapi.Post) string { return strings.Join(append([]string{p.Text}, p.AltTexts...), "\n") }

// judge says what a look at X makes of a post of a plan: an outcome, or Planned where it may be deleted. xUserID is
// whose posts the plan is about, hash what the text must be; "" is any text.
func (l look) judge(id, xUserID, hash string) removal.Outcome {
	p, shown := l.at(id)
	switch {
	case slices.Contains(l.Gone, id):
		return removal.Gone
	case !shown:
		return removal.Hidden
	case p.AuthorID != xUserID:
		return removal.Foreign
	case len(p.Versions) > 0 && p.Versions[len(p.Versions)-1] != id: // it was edited: its words stand under another id now
		return removal.Changed
	case hash != "" && removal.Hash(text(p)) != hash:
		return removal.Changed
	}
	return removal.Planned
}

// whole gives a post of a plan the text that X shows.
func whole(p removal.Post, shown xapi.Post) removal.Post {
	p.Text, p.Whole = text(shown), true
	p.Hash = removal.Hash(p.Text)
	if shown.Metrics.Likes != nil {
		p.Likes = *shown.Metrics.Likes
	}
	if shown.Metrics.Replies != nil {
		p.Replies = *shown.Metrics.Replies
	}
	if !shown.PostedAt.IsZero() {
		p.PostedAt = shown.PostedAt
	}
	for i, f := range p.Findings {
		p.Findings[i].QuoteStart, p.Findings[i].QuoteEnd = 0, 0 // where the words stand in this text
		if at := strings.Index(p.Text, f.Quote); at >= 0 {
			p.Findings[i].QuoteStart = utf8.RuneCountInString(p.Text[:at])
			p.Findings[i].QuoteEnd = p.Findings[i].QuoteStart + utf8.RuneCountInString(f.Quote)
		}
	}
	return p
}

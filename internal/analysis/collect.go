package analysis

import (
	"cmp"
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/xapi"
)

// makeReport collects the posts and runs the pipeline over them.
func (s *Service) makeReport(ctx context.Context, a Analysis, progress func(assess.Progress)) (*assess.Report, error) {
	judge, err := s.judge(a) // before X is read and paid for
	if err != nil {
		return nil, err
	}
	if err := s.mayRun(ctx, a); err != nil {
		return nil, err
	}
	o, err := s.options(ctx, a)
	if err != nil {
		return nil, err
	}
	h, err := s.history(ctx, a)
	if err != nil {
		return nil, err
	}
	if judge != nil {
		if err := s.takeAlone(ctx, a, h.accountID); err != nil {
			return nil, err
		}
	}
	p := &assess.Pipeline{Screen: s.screen(), Now: s.c.DB.Now, AppVersion: s.c.App, Judge: judge}
	if judge != nil && a.WithinADay {
		if err := s.followBatch(ctx, &a, p, h, &o); err != nil {
			return nil, err
		}
	}
	progress(assess.Progress{Stage: assess.StageCollect, Total: a.MaxPosts})
	if err := s.collect(ctx, a, h, &o, progress); err != nil {
		return nil, err
	}
	s.bound(judge, a, o.XReads)
	if judge != nil {
		o.Parents = s.parents(a, h, judge)
	}
	if judge != nil && a.WithinADay && s.batchable(a) == nil {
		if err := s.sendBatch(ctx, a, p, h, o); err != nil {
			return nil, err
		}
	}
	return p.Run(ctx, s.kept(ctx, a, h), o, progress)
}

func (s *Service) options(ctx context.Context, a Analysis) (assess.Options, error) {
	dismissed, err := s.dismissed(ctx, a.UserID)
	if err != nil {
		return assess.Options{}, err
	}
	until, err := s.keptUntil(ctx, a)
	if err != nil {
		return assess.Options{}, err
	}
	o := assess.Options{
		Purpose: a.Purpose, MaxPosts: a.MaxPosts, MinPosts: assess.MinPosts, Dismissed: dismissed, Source: assess.SourceX,
		MaxCost: a.MaxCostCents, ModelCost: a.modelMicroUSD,
		KeptUntil: until.Format(time.RFC3339),
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
	o.Account.ID, err = db.ReadOne(ctx, s.c.DB, db.System, db.Value[string],
		`SELECT x_user_id FROM `+table+` WHERE user_id = $1 AND id = $2`, a.UserID, *id)
	return o, err
}

// judge is nil without a model. A model that was retired is replaced by a fallback, or is a fault.
func (s *Service) judge(a Analysis) (*assess.Judge, error) {
	model, err := s.usable(a.Model)
	if err != nil || s.c.Claude == nil || model == "" {
		return nil, err
	}
	second, err := s.usable(s.c.SecondModel)
	if err != nil {
		second = "" // the model of the first questions answers the second ones
	}
	return s.judgeWith(a, model, second), nil
}

// judgeWith asks these models, whether or not they still answer.
func (s *Service) judgeWith(a Analysis, model, second string) *assess.Judge {
	return &assess.Judge{
		Client: s.c.Claude, Model: model, Prices: s.c.Prices[model],
		SecondModel: second, SecondPrices: s.c.Prices[second], Cache: &sealedVerdicts{s, a.UserID},
		TalksToModel: func(text string) bool { return s.screen().Check(text, "").TalksToModel },
		Metrics:      s.c.Metrics, Pace: &s.pace, Turn: a.UserID,
	}
}

func fromX(p xapi.Post) assess.Post {
	return assess.Post{
		ID: p.ID, Lang: p.Lang, PostedAt: p.PostedAt, Repost: p.Repost, Reply: p.Reply, Quote: p.Quote,
		Answers:  cmp.Or(p.ReplyToID, p.QuotedID),
		Hashtags: p.Hashtags, Media: p.Media,
		Metrics: assess.Metrics{
			Likes: p.Metrics.Likes, Reposts: p.Metrics.Reposts, Replies: p.Metrics.Replies,
			Quotes: p.Metrics.Quotes, Bookmarks: p.Metrics.Bookmarks, Impressions: p.Metrics.Impressions,
		},
	}.Saying(p.Text, p.AltTexts)
}

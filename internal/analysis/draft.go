package analysis

import (
	"context"

	"github.com/repazoo/repazoo/internal/assess"
)

// DraftRequest is a text that somebody thinks of posting.
type DraftRequest struct {
	Text    string
	Purpose assess.Purpose
	Offline bool // the text must not leave this server: no model is asked
}

// CheckDraft asks the screen, and for somebody with a plan the plan's model, about a text that is not posted. Nothing
// is read from X, nothing is kept, and no unit of the quota is spent; [Config.TakeDraft] bounds how often.
func (s *Service) CheckDraft(ctx context.Context, userID string, r DraftRequest) (assess.Draft, error) {
	purpose, err := assess.ParsePurpose(string(r.Purpose))
	if err != nil {
		return assess.Draft{}, err
	}
	if s.c.TakeDraft != nil {
		if err := s.c.TakeDraft(ctx, userID); err != nil {
			return assess.Draft{}, err
		}
	}
	p := &assess.Pipeline{Screen: s.screen(), Now: s.c.DB.Now, AppVersion: s.c.App}
	if !r.Offline {
		usage, err := s.c.Billing.Usage(ctx, userID)
		if err != nil {
			return assess.Draft{}, err
		}
		if p.Judge, err = s.judge(Analysis{UserID: userID, Model: usage.Tier.Model}); err != nil {
			return assess.Draft{}, err
		}
		if p.Judge != nil {
			p.Judge.Cache = nil // a verdict would be a trace of a text that was never posted
		}
	}
	return p.CheckDraft(ctx, r.Text, assess.Options{Purpose: purpose})
}

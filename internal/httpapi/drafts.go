package httpapi

import (
	"context"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
)

type draftInput struct {
	Body struct {
		Text    string `json:"text" minLength:"1" maxLength:"25000" doc:"What you want to post. It is not kept."`
		Purpose string `json:"purpose,omitempty" maxLength:"50" doc:"The lens, as for an analysis; personal_reputation by default."`
		Offline bool   `json:"offline,omitempty" doc:"The word screen alone: the text goes to no model. Without a plan this is always so."`
	}
}

type draftOutput struct{ Body assess.Draft }

func (a *API) checkDraft(ctx context.Context, in *draftInput) (*draftOutput, error) {
	b := &in.Body
	d, err := a.Analyses.CheckDraft(ctx, caller(ctx), analysis.DraftRequest{
		Text: b.Text, Purpose: assess.Purpose(b.Purpose), Offline: b.Offline,
	})
	if err != nil {
		return nil, err
	}
	return &draftOutput{d}, nil
}

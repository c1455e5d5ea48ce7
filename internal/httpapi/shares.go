package httpapi

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/share"
)

// ShareBody is a link to a report. Its address is told once, by the answer that made it.
type ShareBody struct {
	ID         string     `json:"id" format:"uuid"`
	AnalysisID string     `json:"analysis_id" format:"uuid"`
	Purpose    string     `json:"purpose" doc:"The lens that the report is shown through."`
	Sections   []string   `json:"sections" doc:"The parts of the report that are shown."`
	Note       string     `json:"note" doc:"Whom it is for. Whoever opens the link does not see it."`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	Live       bool       `json:"live" doc:"It opens: it was neither revoked nor has it expired."`
	Opened     int        `json:"opened" doc:"How often it was opened. The owner's own visits do not count."`
	LastOpened *time.Time `json:"last_opened_at"`
}

func newShareBody(s share.Share, now time.Time) ShareBody {
	b := ShareBody{
		ID: s.ID, AnalysisID: s.AnalysisID, Purpose: string(s.Purpose), Note: s.Note, CreatedAt: s.CreatedAt,
		ExpiresAt: s.ExpiresAt,
		RevokedAt: s.RevokedAt, Live: s.Live(now), Opened: s.Opened, LastOpened: s.LastOpenedAt,
		Sections: make([]string, len(s.Sections)),
	}
	for i, section := range s.Sections {
		b.Sections[i] = string(section)
	}
	return b
}

type madeShareBody struct {
	ShareBody
	URL string `json:"url" doc:"The link. It is told this once: only a hash of it is kept."`
}

type (
	shareMadeOutput struct {
		Location string `header:"Location"`
		Body     madeShareBody
	}
	sharesOutput struct {
		Body struct {
			Data []ShareBody `json:"data"`
		}
	}
)

type createShareInput struct {
	ID             string `path:"id" format:"uuid"`
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"The same key makes one link. Sent again, it is a conflict, because the link is told once."`
	Body           *struct {
		Purpose  string   `json:"purpose,omitempty" maxLength:"50" doc:"Another lens; the report's own by default."`
		Sections []string `json:"sections,omitempty" maxItems:"10" doc:"Of score, steps, findings, quotes (the words of the posts, masked; with findings), charts and coverage. By default all but quotes."`
		Hours    int      `json:"expires_in_hours,omitempty" minimum:"1" maximum:"720" doc:"A week by default."`
		Note     string   `json:"note,omitempty" maxLength:"100" doc:"Whom it is for; only you see it."`
	}
}

func (in *createShareInput) request() share.Request {
	r, b := share.Request{AnalysisID: in.ID, Key: in.IdempotencyKey}, in.Body
	if b == nil {
		return r
	}
	r.Purpose, r.Hours, r.Note = assess.Purpose(b.Purpose), b.Hours, b.Note
	if b.Sections != nil {
		r.Sections = []share.Section{}
	}
	for _, s := range b.Sections {
		r.Sections = append(r.Sections, share.Section(s))
	}
	return r
}

func (a *API) createShare(ctx context.Context, in *createShareInput) (*shareMadeOutput, error) {
	m, err := a.Shares.Create(ctx, caller(ctx), in.request())
	if err != nil {
		return nil, err
	}
	return &shareMadeOutput{
		Location: "/api/v1/shares/" + m.ID,
		Body:     madeShareBody{newShareBody(m.Share, m.CreatedAt), a.PublicURL + m.Path()},
	}, nil
}

func (a *API) shares(ctx context.Context, in *idInput) (*sharesOutput, error) {
	all, err := a.Shares.List(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &sharesOutput{}
	out.Body.Data = make([]ShareBody, len(all))
	for i, s := range all {
		out.Body.Data[i] = newShareBody(s, a.Now())
	}
	return out, nil
}

type viewBody struct {
	At      time.Time `json:"at"`
	Network string    `json:"network" doc:"The first 16 bits of the address, or 32 of IPv6, such as 203.0.0.0/16. More is not kept."`
	Device  string    `json:"device" doc:"Such as Firefox on Linux; empty when unknown."`
}

type shareWhole struct {
	ShareBody
	Views []viewBody `json:"views" doc:"When it was opened, the newest first, at most 500."`
}

type shareOutput struct{ Body shareWhole }

func (a *API) showShare(ctx context.Context, in *idInput) (*shareOutput, error) {
	s, err := a.Shares.Get(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	views, err := a.Shares.Views(ctx, s.UserID, s.ID)
	if err != nil {
		return nil, err
	}
	out := &shareOutput{shareWhole{newShareBody(s, a.Now()), make([]viewBody, len(views))}}
	for i, v := range views {
		out.Body.Views[i] = viewBody(v)
	}
	return out, nil
}

func (a *API) revokeShare(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, a.Shares.Revoke(ctx, caller(ctx), in.ID)
}

package httpapi

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/notice"
)

type noticeBody struct {
	ID        string      `json:"id" format:"uuid"`
	Kind      notice.Kind `json:"kind" doc:"What happened, for programs. It is also the type of the webhook." example:"quota.nearly_used"`
	Title     string      `json:"title" doc:"In a few words."`
	Sentence  string      `json:"sentence" doc:"What happened, and what to do about it."`
	Data      notice.Data `json:"data" doc:"What the sentence is made of."`
	CreatedAt time.Time   `json:"created_at"`
	ReadAt    *time.Time  `json:"read_at" doc:"Null while it is unread. What is over, such as a payment that came after all, is read by itself."`
}

func newNoticeBody(n notice.Notice) noticeBody {
	return noticeBody{n.ID, n.Kind, n.Title(), n.Sentence(), n.Data, n.CreatedAt, n.ReadAt}
}

type noticesInput struct {
	Unread bool   `query:"unread" doc:"Only those that were not read yet."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of an earlier answer."`
}

type noticesOutput struct {
	Body struct {
		Data       []noticeBody `json:"data"`
		NextCursor *string      `json:"next_cursor" doc:"Null on the last page."`
		Total      int          `json:"total"`
	}
}

func (a *API) notices(ctx context.Context, in *noticesInput) (*noticesOutput, error) {
	p, err := a.Notices.List(ctx, caller(ctx), notice.Filter{Unread: in.Unread, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	mayKeep(ctx, time.Time{}) // words say when, never how long ago
	out := &noticesOutput{}
	out.Body.Data, out.Body.NextCursor, out.Body.Total = make([]noticeBody, len(p.Notices)), orNull(p.Next), p.Total
	for i, n := range p.Notices {
		out.Body.Data[i] = newNoticeBody(n)
	}
	return out, nil
}

type noticeOutput struct{ Body noticeBody }

func (a *API) readNotice(ctx context.Context, in *idInput) (*noticeOutput, error) {
	n, err := a.Notices.Read(ctx, caller(ctx), in.ID)
	return &noticeOutput{newNoticeBody(n)}, err
}

type choiceBody struct {
	Kind   notice.Kind `json:"kind" example:"analysis.finished"`
	Page   bool        `json:"page" doc:"Shown as new on the front page. What is switched off stands in the list all the same, as read."`
	Mail   bool        `json:"mail" doc:"Mailed to your confirmed address, if there is one."`
	Pinned bool        `json:"pinned" doc:"It is always shown on the page: it tells who may sign in, or that a plan stops."`
}

type choicesOutput struct {
	Body struct {
		Data []choiceBody `json:"data"`
	}
}

func (a *API) noticeChoices(ctx context.Context, _ *struct{}) (*choicesOutput, error) {
	all, err := a.Notices.Choices(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	out := &choicesOutput{}
	out.Body.Data = make([]choiceBody, len(all))
	for i, c := range all {
		out.Body.Data[i] = choiceBody{c.Kind, c.Page, c.Mail, c.Kind.Pinned()}
	}
	return out, nil
}

type chooseInput struct {
	Body struct {
		Kind string `json:"kind" minLength:"1" maxLength:"50" doc:"Of a notice." example:"analysis.finished"`
		Page *bool  `json:"page,omitempty" doc:"Left out: as it is."`
		Mail *bool  `json:"mail,omitempty" doc:"Left out: as it is."`
	}
}

func (a *API) chooseNotices(ctx context.Context, in *chooseInput) (*choicesOutput, error) {
	change := notice.Change{Kind: notice.Kind(in.Body.Kind), Page: in.Body.Page, Mail: in.Body.Mail}
	if err := a.Notices.Change(ctx, caller(ctx), change); err != nil {
		return nil, err
	}
	return a.noticeChoices(ctx, nil)
}

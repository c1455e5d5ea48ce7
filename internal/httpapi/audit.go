package httpapi

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
)

type lineBody struct {
	ID        string         `json:"id" format:"uuid"`
	UserID    *string        `json:"user_id" format:"uuid" doc:"Whose data it concerns; null when nobody's."`
	Actor     string         `json:"actor" doc:"Who did it: user, system, operator, admin, stripe, or stranger for somebody who is not known."`
	Action    string         `json:"action" example:"session.revoked"`
	Resource  *string        `json:"resource" doc:"To what, as kind and id."`
	IP        *string        `json:"ip" doc:"From where. In your own log only for what you did."`
	UserAgent *string        `json:"user_agent"`
	RequestID *string        `json:"request_id"`
	Detail    map[string]any `json:"detail"`
	CreatedAt time.Time      `json:"created_at"`
}

func newLineBody(l audit.Line) lineBody {
	return lineBody{
		ID: l.ID, UserID: orNull(l.UserID), Actor: l.Actor, Action: string(l.Action), Resource: orNull(l.Resource),
		IP:        orNull(l.IP),
		UserAgent: orNull(l.Agent), RequestID: orNull(l.Request), Detail: l.Detail, CreatedAt: l.At,
	}
}

// AuditQuery narrows a reading of the log. It is exported because huma looks into no other embedded struct.
type AuditQuery struct {
	Limit  int       `query:"limit" minimum:"1" maximum:"100" default:"50"`
	Cursor string    `query:"cursor" maxLength:"200" doc:"next_cursor of an earlier answer."`
	Action string    `query:"action" maxLength:"81" doc:"Such as session.revoked, or session for everything of that kind."`
	From   time.Time `query:"from" doc:"At or after."`
	To     time.Time `query:"to" doc:"Before."`
}

func (in *AuditQuery) filter() audit.Filter {
	return audit.Filter{Action: in.Action, From: in.From, To: in.To, Limit: in.Limit, Cursor: in.Cursor}
}

type adminAuditInput struct {
	AuditQuery
	UserID string `query:"user_id" format:"uuid" doc:"Whose lines; everybody's by default."`
}

type auditOutput struct {
	Body struct {
		Data       []lineBody `json:"data"`
		NextCursor *string    `json:"next_cursor" doc:"Null on the last page."`
		Total      int        `json:"total" doc:"Counted up to 10000."`
	}
}

func newAuditOutput(p audit.Page) *auditOutput {
	out := &auditOutput{}
	out.Body.Data, out.Body.NextCursor, out.Body.Total = make([]lineBody, len(p.Lines)), orNull(p.Next), p.Total
	for i, l := range p.Lines {
		out.Body.Data[i] = newLineBody(l)
	}
	return out
}

func (a *API) audit(ctx context.Context, in *AuditQuery) (*auditOutput, error) {
	p, err := a.Audit.Of(ctx, caller(ctx), in.filter())
	return newAuditOutput(p), err
}

// adminAudit leaves a line itself, which the person concerned sees.
func (a *API) adminAudit(ctx context.Context, in *adminAuditInput) (*auditOutput, error) {
	f := in.filter()
	f.UserID = in.UserID
	p, err := a.Audit.All(ctx, caller(ctx), f)
	return newAuditOutput(p), err
}

package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/repazoo/repazoo/internal/analysis"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/privacy"
)

type consentBody struct {
	ID          string     `json:"id" format:"uuid"`
	Kind        string     `json:"kind" doc:"analysis: reading, keeping and judging posts. retention: keeping an uploaded archive. cleanup: deleting the posts of a clean-up at X."`
	Version     string     `json:"version" doc:"Of the words that were agreed to."`
	GivenAt     time.Time  `json:"given_at"`
	WithdrawnAt *time.Time `json:"withdrawn_at" doc:"Null while it holds."`
}

type consentsOutput struct {
	Body struct {
		Data []consentBody `json:"data"`
	}
}

func (a *API) consents(ctx context.Context, _ *struct{}) (*consentsOutput, error) {
	all, err := a.Accounts.Consents(ctx, caller(ctx))
	out := &consentsOutput{}
	out.Body.Data = make([]consentBody, len(all))
	for i, c := range all {
		out.Body.Data[i] = newConsentBody(c)
	}
	return out, err
}

func newConsentBody(c account.GivenConsent) consentBody {
	return consentBody{c.ID, c.Kind, c.Version, c.GivenAt, c.WithdrawnAt}
}

type kindInput struct {
	Kind string `path:"kind" maxLength:"50" doc:"analysis erases every kept post and ends what runs; retention erases uploaded archives; cleanup ends open clean-ups. Reports stay."`
}

func (a *API) withdraw(ctx context.Context, in *kindInput) (*struct{}, error) {
	if in.Kind == cleanup.ConsentKind {
		return nil, a.Cleanups.Withdraw(ctx, caller(ctx))
	}
	if in.Kind == analysis.ConsentKind { // what reads no more deletes no more
		if err := a.Cleanups.EndOpen(ctx, caller(ctx)); err != nil {
			return nil, err
		}
	}
	return nil, a.Analyses.Withdraw(ctx, caller(ctx), in.Kind)
}

type exportBody struct {
	ID        string     `json:"id" format:"uuid"`
	Status    string     `json:"status" enum:"queued,ready,failed,expired"`
	Bytes     int64      `json:"bytes" doc:"About how large the package is; 0 while that is unknown."`
	CreatedAt time.Time  `json:"created_at"`
	ReadyAt   *time.Time `json:"ready_at"`
	ExpiresAt *time.Time `json:"expires_at" doc:"The link is good for 24 hours."`
	Link      *string    `json:"link" doc:"Where to fetch the package, as yourself; null unless it is ready."`
}

func newExportBody(e privacy.Export) exportBody {
	b := exportBody{e.ID, e.Status, e.Bytes, e.CreatedAt, e.ReadyAt, e.ExpiresAt, nil}
	if e.Status == "ready" {
		b.Link = new("/api/v1/users/me/export/" + e.ID + "/package.zip")
	}
	return b
}

type exportOutput struct {
	Location string `header:"Location"`
	Body     exportBody
}

func (a *API) export(ctx context.Context, _ *struct{}) (*exportOutput, error) {
	e, err := a.Privacy.Export(ctx, caller(ctx))
	return &exportOutput{"/api/v1/users/me/export/" + e.ID, newExportBody(e)}, err
}

type showExportOutput struct{ Body exportBody }

func (a *API) showExport(ctx context.Context, in *idInput) (*showExportOutput, error) {
	e, err := a.Privacy.ShowExport(ctx, caller(ctx), in.ID)
	return &showExportOutput{newExportBody(e)}, err
}

// fetchExport streams the package. When it cannot be finished the connection breaks, so that nobody takes half of it
// for the whole.
func (a *API) fetchExport(ctx context.Context, in *idInput) (*huma.StreamResponse, error) {
	p, err := a.Privacy.Fetch(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/zip")
		hc.SetHeader("Content-Disposition", `attachment; filename="`+p.Name()+`"`)
		if err := p.Write(ctx, patient(hc.BodyWriter())); err != nil {
			a.Log.WarnContext(ctx, "a package broke off", "cause", err)
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

// patientWriter gives its reader time for each piece rather than for the whole.
type patientWriter struct {
	io.Writer
	control *http.ResponseController
}

func patient(w io.Writer) patientWriter {
	return patientWriter{w, http.NewResponseController(w.(http.ResponseWriter))}
}

func (w patientWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(bodyTimeout))
	return w.Writer.Write(p)
}

type eraseInput struct {
	Body struct {
		Confirm string `json:"confirm" maxLength:"100" doc:"The handle of an X account that is linked to you now, with or without @."`
	}
}

type eraseOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Clear     string        `header:"Clear-Site-Data"`
	Body      struct {
		Status string `json:"status" enum:"erasing"`
		Detail string `json:"detail"`
	}
}

func (a *API) erase(ctx context.Context, in *eraseInput) (*eraseOutput, error) {
	if err := a.Privacy.Erase(ctx, caller(ctx), in.Body.Confirm); err != nil {
		return nil, err
	}
	out := &eraseOutput{SetCookie: a.expiredCookies(), Clear: siteData}
	out.Body.Status = "erasing"
	out.Body.Detail = "Your plan and every session have ended, and all that is kept about you is being erased. It " +
		"takes a few minutes at most."
	return out, nil
}

package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
)

// CleanupBody is a clean-up in answers. It is exported because huma describes no other embedded struct.
type CleanupBody struct {
	ID          string            `json:"id" format:"uuid"`
	AccountID   string            `json:"account_id" format:"uuid"`
	AnalysisID  *string           `json:"analysis_id" doc:"Null once the analysis was deleted."`
	Handle      string            `json:"handle"`
	State       string            `json:"state" enum:"draft,frozen,running,paused,stopped,done,ended" doc:"frozen: the dry run was made. stopped: see why. done: every post has its outcome. ended: before that."`
	ScoreBefore *float64          `json:"score_before" doc:"When the clean-up was planned."`
	ScoreNow    *float64          `json:"score_now"`
	WaitingFor  string            `json:"waiting_for" enum:",x,pace,day,answer,operator" doc:"Why nothing happens before wait_until: X asked for it, 50 in 15 minutes are done, the daily bound, X does not answer, this server's credits at X."`
	WaitUntil   *time.Time        `json:"wait_until"`
	WhyCode     string            `json:"why_code" doc:"Of a stopped clean-up."`
	Why         string            `json:"why" doc:"What happened, and who must act."`
	CreatedAt   time.Time         `json:"created_at"`
	FrozenAt    *time.Time        `json:"frozen_at"`
	BackupAt    *time.Time        `json:"backup_at"`
	ConsentAt   *time.Time        `json:"consent_at"`
	StartedAt   *time.Time        `json:"started_at"`
	FinishedAt  *time.Time        `json:"finished_at"`
	ExpiresAt   time.Time         `json:"expires_at" doc:"The plan, its leave and its backup end then."`
	Links       map[string]string `json:"links"`
}

func newCleanupBody(c cleanup.Cleanup) CleanupBody {
	self := "/api/v1/cleanups/" + c.ID
	b := CleanupBody{
		ID: c.ID, AccountID: c.AccountID, AnalysisID: c.AnalysisID, Handle: c.Handle, State: string(c.State),
		ScoreBefore: c.Before, ScoreNow: c.After, WhyCode: c.WhyCode, Why: c.Why,
		CreatedAt: c.CreatedAt, FrozenAt: c.FrozenAt, BackupAt: c.BackupAt, ConsentAt: c.ConsentAt,
		StartedAt: c.StartedAt, FinishedAt: c.FinishedAt, ExpiresAt: c.ExpiresAt,
		Links: map[string]string{"self": self},
	}
	if c.WaitingFor != cleanup.WaitsForNothing { // otherwise it only says when the queue looks again
		b.WaitingFor, b.WaitUntil = string(c.WaitingFor), c.WaitUntil
	}
	if c.BackupAt != nil {
		b.Links["backup"] = self + "/backup.zip"
	}
	if c.State.Over() {
		b.Links["receipt"] = self + "/receipt.json"
	}
	return b
}

type cleanupPostBody struct {
	removal.Post
	Outcome  string     `json:"outcome" enum:",asked,deleted,gone,changed,foreign,hidden,kept" doc:"Empty: it is still to go. gone: it was gone already. changed, foreign and hidden: left alone."`
	AskedAt  *time.Time `json:"asked_at" doc:"When X was asked to delete it."`
	DoneAt   *time.Time `json:"done_at"`
	TickedAt *time.Time `json:"ticked_at" doc:"You said that you deleted it by hand; not looked up yet."`
	SeenAt   *time.Time `json:"seen_at" doc:"X still showed it, after you had said so."`
}

type cleanupEffect struct {
	Posts      int       `json:"posts" doc:"That are still to go."`
	Likes      int       `json:"likes_lost"`
	Replies    int       `json:"replies_lost"`
	Gone       int       `json:"already_gone"`
	LeftOut    int       `json:"left_out" doc:"Not yours, not shown by X, or changed."`
	Seconds    int       `json:"seconds" doc:"About how long it takes, waits included."`
	Until      time.Time `json:"until"`
	MicroUSD   int64     `json:"micro_usd" doc:"What X charges this server."`
	ScoreAfter *float64  `json:"score_after" doc:"Null when the report is gone."`
	LevelAfter *string   `json:"level_after"`
}

// cleanupWhole is a clean-up with its posts.
type cleanupWhole struct {
	CleanupBody
	HasLeave bool              `json:"has_leave" doc:"X's leave to delete is there."`
	Consent  string            `json:"consent_text" doc:"What is agreed to before X is asked for the leave."`
	Effect   cleanupEffect     `json:"effect"`
	Keys     []string          `json:"receipt_keys" doc:"The public keys (Ed25519, base64) of receipts, the current first."`
	Posts    []cleanupPostBody `json:"posts" doc:"In the order in which they go."`
}

type (
	cleanupOutput      struct{ Body CleanupBody }
	cleanupWholeOutput struct{ Body cleanupWhole }
	cleanupMadeOutput  struct {
		Location string `header:"Location"`
		Body     CleanupBody
	}
	cleanupsOutput struct {
		Body struct {
			Data []CleanupBody `json:"data"`
		}
	}
)

type createCleanupInput struct {
	Body struct {
		AnalysisID string   `json:"analysis_id" format:"uuid"`
		Findings   []string `json:"findings,omitempty" maxItems:"2500" doc:"Ids of findings, whose posts are chosen. Without findings and posts: those that the report advises to delete."`
		Posts      []string `json:"posts,omitempty" maxItems:"500" doc:"Ids of posts."`
	}
}

func (a *API) createCleanup(ctx context.Context, in *createCleanupInput) (*cleanupMadeOutput, error) {
	b := &in.Body
	c, err := a.Cleanups.Create(ctx, caller(ctx), cleanup.Choice{
		AnalysisID: b.AnalysisID, Findings: b.Findings,
		Posts: b.Posts,
	})
	return &cleanupMadeOutput{"/api/v1/cleanups/" + c.ID, newCleanupBody(c)}, err
}

func (a *API) cleanups(ctx context.Context, _ *struct{}) (*cleanupsOutput, error) {
	all, err := a.Cleanups.List(ctx, caller(ctx))
	out := &cleanupsOutput{}
	out.Body.Data = make([]CleanupBody, len(all))
	for i, c := range all {
		out.Body.Data[i] = newCleanupBody(c)
	}
	return out, err
}

func (a *API) cleanup(ctx context.Context, in *idInput) (*cleanupWholeOutput, error) {
	c, err := a.Cleanups.Get(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	items, err := a.Cleanups.Posts(ctx, c.UserID, c.ID)
	if err != nil {
		return nil, err
	}
	e, err := a.Cleanups.Effect(ctx, c, items)
	if err != nil {
		return nil, err
	}
	held, err := a.Cleanups.HasLeave(ctx, c)
	return &cleanupWholeOutput{newCleanupWhole(c, items, e, held, a.Cleanups.ReceiptKeys())}, err
}

func newCleanupWhole(c cleanup.Cleanup, items []cleanup.Item, e cleanup.Effect, held bool, keys []string) cleanupWhole {
	b := cleanupWhole{
		CleanupBody: newCleanupBody(c), HasLeave: held, Consent: cleanup.ConsentText, Keys: keys,
		Posts: make([]cleanupPostBody, len(items)),
		Effect: cleanupEffect{
			Posts: e.Posts, Likes: e.Likes, Replies: e.Replies, Gone: e.Gone, LeftOut: e.LeftOut, Seconds: seconds(e.Took),
			Until: e.Until, MicroUSD: e.MicroUSD,
		},
	}
	if e.Known {
		b.Effect.ScoreAfter, b.Effect.LevelAfter = &e.Score.Score, new(string(e.Score.Level))
	}
	for i, it := range items {
		b.Posts[i] = cleanupPostBody{it.Post, string(it.Outcome), it.AskedAt, it.DoneAt, it.TickedAt, it.SeenAt}
	}
	return b
}

type changeCleanupInput struct {
	ID   string `path:"id" format:"uuid"`
	Body *struct {
		Remove []string  `json:"remove,omitempty" maxItems:"500" doc:"Ids of posts that are to stay. A frozen plan is a draft again."`
		Ticked *[]string `json:"ticked,omitempty" maxItems:"500" doc:"The ids of the posts that you deleted by hand: these and no others."`
	}
}

func (a *API) changeCleanup(ctx context.Context, in *changeCleanupInput) (*cleanupOutput, error) {
	c, err := a.Cleanups.Get(ctx, caller(ctx), in.ID)
	if in.Body == nil { // nothing is to change
		return moved(c, err)
	}
	if err == nil && len(in.Body.Remove) > 0 {
		c, err = a.Cleanups.Remove(ctx, caller(ctx), in.ID, in.Body.Remove)
	}
	if err == nil && in.Body.Ticked != nil {
		c, err = a.Cleanups.Tick(ctx, caller(ctx), in.ID, *in.Body.Ticked)
	}
	return &cleanupOutput{newCleanupBody(c)}, err
}

// moved answers with a plan that something was done with.
func moved(c cleanup.Cleanup, err error) (*cleanupOutput, error) {
	return &cleanupOutput{newCleanupBody(c)}, err
}

func (a *API) dryRun(ctx context.Context, in *idInput) (*cleanupOutput, error) {
	return moved(a.Cleanups.DryRun(ctx, caller(ctx), in.ID))
}

func (a *API) backUp(ctx context.Context, in *idInput) (*cleanupOutput, error) {
	return moved(a.Cleanups.Backup(ctx, caller(ctx), in.ID))
}

func (a *API) startCleanup(ctx context.Context, in *idInput) (*cleanupOutput, error) {
	return moved(a.Cleanups.Start(ctx, caller(ctx), in.ID))
}

func (a *API) pauseCleanup(ctx context.Context, in *idInput) (*cleanupOutput, error) {
	return moved(a.Cleanups.Pause(ctx, caller(ctx), in.ID))
}

func (a *API) checkCleanup(ctx context.Context, in *idInput) (*cleanupOutput, error) {
	return moved(a.Cleanups.Check(ctx, caller(ctx), in.ID))
}

func (a *API) endCleanup(ctx context.Context, in *idInput) (*cleanupOutput, error) {
	return moved(a.Cleanups.End(ctx, caller(ctx), in.ID))
}

func (a *API) eraseBackup(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, a.Cleanups.EraseBackup(ctx, caller(ctx), in.ID)
}

func (a *API) fetchBackup(ctx context.Context, in *idInput) (*huma.StreamResponse, error) {
	b, err := a.Cleanups.FetchBackup(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/zip")
		hc.SetHeader("Content-Disposition", `attachment; filename="`+b.Name()+`"`)
		hc.SetHeader("Cache-Control", "no-store")
		if err := b.Write(patient(hc.BodyWriter())); err != nil {
			a.Log.WarnContext(ctx, "a backup broke off", "cause", err)
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

type askLeaveInput struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Consent    bool   `json:"consent,omitempty" doc:"You agree to the consent_text of the clean-up; needed the first time."`
		RedirectTo string `json:"redirect_to,omitempty" maxLength:"2000" doc:"Where the browser goes afterwards; the page of the clean-up by default."`
	}
}

type askLeaveOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      loginBody
}

func (a *API) askLeave(ctx context.Context, in *askLeaveInput) (*askLeaveOutput, error) {
	to := in.Body.RedirectTo
	if to == "" {
		to = "/cleanups/" + in.ID
	}
	me := account.PrincipalFrom(ctx)
	auth, err := a.Cleanups.AskLeave(ctx, me.UserID, me.SessionID, in.ID, to, in.Body.Consent)
	if err != nil {
		return nil, err
	}
	return &askLeaveOutput{
		SetCookie: []http.Cookie{a.cookie(stateCookieOf(auth.State), auth.Browser, auth.ExpiresAt)},
		Body:      loginBody{auth.URL, auth.State, auth.ExpiresAt},
	}, nil
}

type goForLeaveInput struct {
	ID     string `query:"cleanup_id" format:"uuid" required:"true"`
	Accept string `header:"Accept"`
}

// goForLeave is what the page of a clean-up leads to: X's page, with the cookie that its answer has to come back with.
func (a *API) goForLeave(ctx context.Context, in *goForLeaveInput) (*loginOutput, error) {
	me, page := account.PrincipalFrom(ctx), "/cleanups/"+in.ID
	auth, err := a.Cleanups.AskLeave(ctx, me.UserID, me.SessionID, in.ID, page, false)
	if errors.Is(err, fault.SignInAgain) && !wantsJSON(in.Accept) {
		return &loginOutput{Status: http.StatusFound, Location: withError(page, fault.SignInAgain.Code)}, nil
	}
	if err != nil {
		return nil, err
	}
	out := &loginOutput{SetCookie: []http.Cookie{a.cookie(stateCookieOf(auth.State), auth.Browser, auth.ExpiresAt)}}
	if wantsJSON(in.Accept) {
		out.Status, out.Body = http.StatusOK, &loginBody{auth.URL, auth.State, auth.ExpiresAt}
	} else {
		out.Status, out.Location = http.StatusFound, auth.URL
	}
	return out, nil
}

func (a *API) receipt(ctx context.Context, in *idInput) (*huma.StreamResponse, error) {
	file, err := a.Cleanups.Receipt(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		hc.SetHeader("Content-Disposition", `attachment; filename="receipt-`+in.ID+`.json"`)
		_, _ = hc.BodyWriter().Write(file) // a reader that has gone is no error of ours
	}}, nil
}

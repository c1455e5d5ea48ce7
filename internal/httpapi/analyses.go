package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/report"
	"github.com/repazoo/repazoo/internal/review"
	"github.com/repazoo/repazoo/internal/words"
)

type analysisBody struct {
	ID         string            `json:"id" format:"uuid"`
	AccountID  *string           `json:"account_id" format:"uuid"`
	ArchiveID  *string           `json:"archive_id" format:"uuid"`
	Handle     string            `json:"handle"`
	Purpose    string            `json:"purpose"`
	MaxPosts   int               `json:"max_posts"`
	MaxCost    int               `json:"max_cost_cents" doc:"X and the model together cost the operator at most so many cents of a US dollar; 0 for no ceiling."`
	Tier       string            `json:"tier"`
	Model      string            `json:"model" doc:"Empty when the screen stands alone."`
	Status     string            `json:"status" enum:"queued,running,completed,failed,cancelled"`
	Progress   progressBody      `json:"progress"`
	WithinADay bool              `json:"within_a_day" doc:"The model may take a day, for half of its price."`
	Waiting    *waitingBody      `json:"waiting" doc:"What it waits for; null while it does not."`
	Score      *float64          `json:"score" doc:"As on the day it was made; it does not change. Null until it has completed."`
	Level      *string           `json:"level"`
	ScoreNow   *float64          `json:"score_now" doc:"With the dismissals made since."`
	LevelNow   *string           `json:"level_now"`
	Free       bool              `json:"free" doc:"It has completed and took no analysis of the plan, because the model's answers could not be used."`
	Error      *analysisError    `json:"error"`
	CreatedAt  time.Time         `json:"created_at"`
	StartedAt  *time.Time        `json:"started_at"`
	FinishedAt *time.Time        `json:"finished_at"`
	Links      map[string]string `json:"links" doc:"Where to go from here."`
}

type progressBody struct {
	Stage    string `json:"stage" enum:"queued,collect,screen,judge,verify,score,recommend,save,done"`
	Done     int    `json:"done"`
	Total    int    `json:"total" doc:"0 while it is unknown."`
	Findings int    `json:"findings" doc:"Found so far."`
}

type waitingBody struct {
	For     string     `json:"for" enum:"x,model,batch,service,run" doc:"For run: another one of the same account."`
	Until   time.Time  `json:"until" doc:"It goes on by itself then, or looks again."`
	By      *time.Time `json:"by" doc:"What it waits for has ended by then; null where that is not known."`
	Message string     `json:"message" doc:"The same in a sentence."`
}

func newWaitingBody(x analysis.Analysis) *waitingBody {
	if !x.Waits() {
		return nil
	}
	return &waitingBody{string(x.WaitingFor.Of()), *x.WaitUntil, x.WaitBy, x.WaitWords()}
}

type analysisError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func newAnalysisBody(x analysis.Analysis) analysisBody {
	self := "/api/v1/analyses/" + x.ID
	b := analysisBody{
		ID: x.ID, AccountID: x.AccountID, ArchiveID: x.ArchiveID, Handle: x.Handle, Purpose: string(x.Purpose),
		MaxPosts: x.MaxPosts, MaxCost: x.MaxCostCents, Free: x.Free,
		Tier: x.Tier, Model: x.Model, Status: string(x.Status), Progress: newProgressBody(x.Progress), Score: x.Score,
		Level: x.Level, ScoreNow: x.ScoreNow, LevelNow: x.LevelNow,
		CreatedAt: x.CreatedAt, StartedAt: x.StartedAt, FinishedAt: x.FinishedAt,
		Links: map[string]string{"self": self, "events": self + "/events"},
	}
	b.Waiting, b.WithinADay = newWaitingBody(x), x.WithinADay
	if x.Status == analysis.Completed {
		b.Links["report"] = self + "/report.json"
	}
	if x.ErrorCode != nil && x.ErrorMessage != nil {
		b.Error = &analysisError{*x.ErrorCode, *x.ErrorMessage}
	}
	return b
}

func newProgressBody(p assess.Progress) progressBody {
	return progressBody{string(p.Stage), p.Done, p.Total, p.Findings}
}

// startBody is what is asked for by a start, and by its preview.
type startBody struct {
	AccountID string     `json:"account_id,omitempty" format:"uuid" doc:"A linked X account."`
	Handle    string     `json:"handle,omitempty" maxLength:"50" doc:"The same by its handle, with or without @."`
	ArchiveID string     `json:"archive_id,omitempty" format:"uuid" doc:"An uploaded archive."`
	Purpose   string     `json:"purpose,omitempty" maxLength:"50" doc:"The lens: personal_reputation (default), job_search, career_development, brand_building, influencer, public_office, corporate_communications, academic or visa_application."`
	MaxPosts  int        `json:"max_posts,omitempty" minimum:"0" doc:"The newest so many; as many as the plan allows by default."`
	MaxCost   int        `json:"max_cost_cents,omitempty" minimum:"0" doc:"A ceiling of what X and the model together may cost the operator, in cents of a US dollar: reading and judging stop before it, and the report says what was left. The plan's by default, and never more."`
	Since     *time.Time `json:"since,omitempty" doc:"Leave out what is older."`
	Day       bool       `json:"within_a_day,omitempty" doc:"Cheaper, within a day: the model reads the posts as a batch at half its price, mostly within an hour and at most in a day. From 400 posts for the model on, and where the server's model offers it; the preview says so."`
	Consent   bool       `json:"consent,omitempty" doc:"You agree that the posts are read and judged. Needed the first time."`
}

type startInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"The same key and body start one analysis, however often they are sent."`
	Body           startBody
}

type startOutput struct {
	Location       string `header:"Location"`
	QuotaLimit     int    `header:"X-Quota-Limit"`
	QuotaUsed      int    `header:"X-Quota-Used"`
	QuotaRemaining int    `header:"X-Quota-Remaining"`
	QuotaReset     int    `header:"X-Quota-Reset" doc:"Seconds until the period ends."`
	Body           analysisBody
}

func (a *API) start(ctx context.Context, in *startInput) (*startOutput, error) {
	r := in.Body.request()
	r.IdempotencyKey = in.IdempotencyKey
	x, left, err := a.Analyses.Start(ctx, caller(ctx), r)
	if errors.Is(err, fault.QuotaExceeded) {
		return nil, a.overQuota(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	out := &startOutput{Location: "/api/v1/analyses/" + x.ID, Body: newAnalysisBody(x)}
	out.quota(left, a.Now())
	return out, nil
}

// overQuota refuses a start with the figures of the quota, as a start that is accepted has them.
func (a *API) overQuota(ctx context.Context, err error) error {
	u, unknown := a.Billing.Usage(ctx, caller(ctx))
	if unknown != nil {
		return err
	}
	p := refusal(ctx, a.Log, err)
	p.header = http.Header{}
	for name, n := range map[string]int{
		"X-Quota-Limit": u.Quota.Limit, "X-Quota-Used": u.Quota.Used +
			u.Quota.Reserved, "X-Quota-Remaining": u.Quota.Remaining,
		"X-Quota-Reset": max(0, seconds(u.PeriodEnd.Sub(a.Now()))),
	} {
		p.header.Set(name, strconv.Itoa(n))
	}
	return p
}

func (o *startOutput) quota(r billing.Reservation, now time.Time) {
	o.QuotaLimit, o.QuotaUsed = r.Quota, r.Used+r.Reserved
	o.QuotaRemaining = max(0, r.Quota-r.Used-r.Reserved)
	if !r.PeriodEnd.IsZero() {
		o.QuotaReset = seconds(r.PeriodEnd.Sub(now))
	}
}

type listInput struct {
	Limit     int       `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor    string    `query:"cursor" maxLength:"200" doc:"next_cursor of an earlier answer."`
	AccountID string    `query:"account_id" format:"uuid"`
	Purpose   string    `query:"purpose" maxLength:"50"`
	Status    string    `query:"status" enum:"queued,running,completed,failed,cancelled"`
	From      time.Time `query:"from" doc:"Created at or after."`
	To        time.Time `query:"to" doc:"Created before."`
}

type listOutput struct {
	Body struct {
		Data       []analysisBody `json:"data"`
		NextCursor *string        `json:"next_cursor" doc:"Null on the last page."`
		Total      int            `json:"total"`
	}
}

func (a *API) list(ctx context.Context, in *listInput) (*listOutput, error) {
	page, err := a.Analyses.List(ctx, caller(ctx), analysis.Filter{
		AccountID: in.AccountID, Purpose: assess.Purpose(in.Purpose), Status: analysis.Status(in.Status),
		From: in.From, To: in.To, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, err
	}
	out := &listOutput{}
	out.Body.Data, out.Body.Total = make([]analysisBody, len(page.Analyses)), page.Total
	for i, x := range page.Analyses {
		out.Body.Data[i] = newAnalysisBody(x)
	}
	if page.Next != "" {
		out.Body.NextCursor = &page.Next
	}
	return out, nil
}

type analysisOutput struct{ Body analysisBody }

func (a *API) show(ctx context.Context, in *idInput) (*analysisOutput, error) {
	x, err := a.Analyses.Get(ctx, caller(ctx), in.ID)
	return &analysisOutput{newAnalysisBody(x)}, err
}

func (a *API) cancel(ctx context.Context, in *idInput) (*analysisOutput, error) {
	x, err := a.Analyses.Cancel(ctx, caller(ctx), in.ID)
	return &analysisOutput{newAnalysisBody(x)}, err
}

func (a *API) remove(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, a.Analyses.Delete(ctx, caller(ctx), in.ID)
}

type eventsInput struct {
	ID          string `path:"id" format:"uuid"`
	LastEventID int    `header:"Last-Event-ID" doc:"Resume after this event."`
}

// events streams the analysis as it moves, until it has ended.
func (a *API) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	if _, err := a.Analyses.Get(ctx, caller(ctx), in.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/event-stream")
		hc.SetHeader("X-Accel-Buffering", "no")
		w := hc.BodyWriter()
		control := http.NewResponseController(w.(http.ResponseWriter))
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(a.stopping, cancel)()
		for x, err := range a.Analyses.Watch(ctx, caller(ctx), in.ID, in.LastEventID) {
			if err != nil {
				return
			}
			name := "progress"
			if x.Status.Ended() {
				name = "end"
			}
			body, _ := json.Marshal(newAnalysisBody(x))
			_ = control.SetWriteDeadline(time.Now().Add(bodyTimeout)) // a reader that is gone must not hold the stream
			if _, err := fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", x.Seq, name, body); err != nil {
				return
			}
			_ = control.Flush()
		}
	}}, nil
}

type reportOutput struct {
	ContentType        string   `header:"Content-Type"`
	ContentDisposition string   `header:"Content-Disposition"`
	Policy             string   `header:"Content-Security-Policy"` // of a page that is opened in a tab; "" is the chain's
	Language           string   `header:"Content-Language"`
	Vary               []string `header:"Vary"`
	Tag                string   `header:"ETag" doc:"For If-None-Match."`
	Cached             string   `header:"Cache-Control"`
	Status             int
	Body               []byte
}

// reportPolicy lets a report that is opened in a tab show its own style, which is inside it, and nothing else.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action " +
	"'none'; frame-ancestors 'none'"

type reportInput struct {
	ID      string `path:"id" format:"uuid"`
	Purpose string `query:"purpose" maxLength:"50" doc:"Another lens; the report's own by default."`
	Mask    bool   `query:"mask" doc:"For somebody else: handles, names, numbers, addresses and links in posts are replaced, and what leads to the account or its posts is taken out."`
	Quotes  bool   `query:"quotes" default:"true" doc:"With mask, false leaves out the words of the posts."`
	Lang    string `query:"lang" enum:"en,de,es" doc:"Language of the sentences. By default what you chose for your account, or else what Accept-Language asks for."`
	Accept  string `header:"Accept-Language" hidden:"true"`
	Known   string `header:"If-None-Match" doc:"ETags of earlier answers: if one still holds, the answer is 304 without a body."`
}

// seen is the report that a download is made of.
func (a *API) seen(ctx context.Context, in *reportInput, lens assess.Lens) (*assess.Report, error) {
	if in.Mask {
		return a.Shares.Masked(ctx, caller(ctx), in.ID, lens, in.Quotes)
	}
	return a.Analyses.Seen(ctx, caller(ctx), in.ID, lens)
}

// lens is how a report is asked for: in the language of the address, or the one its user has chosen, or what their
// browser asks for; and by the clock of the zone they chose, but where programs read it, and where nobody is told
// where they live.
func (a *API) lens(ctx context.Context, in *reportInput, f report.Format) (assess.Lens, error) {
	p, err := a.Accounts.Preferences(ctx, caller(ctx))
	l := assess.Lens{Purpose: assess.Purpose(in.Purpose), Language: in.Lang}
	if l.Language == "" {
		l.Language = words.Choose(in.Accept, p.Language).Tag
	}
	if f != report.JSON && f != report.CSV && !in.Mask {
		l.Place = p.Place()
	}
	return l, err
}

func (a *API) report(format string) func(context.Context, *reportInput) (*reportOutput, error) {
	f, err := report.ParseFormat(format)
	if err != nil {
		panic(err) // a programmer's mistake in the route table
	}
	return func(ctx context.Context, in *reportInput) (*reportOutput, error) {
		lens, err := a.lens(ctx, in, f)
		if err != nil {
			return nil, err
		}
		language := lens.Language
		tag, err := a.reportTag(ctx, in, format, &lens)
		if err != nil {
			return nil, err
		}
		out := &reportOutput{
			ContentType: report.ContentType(f), Language: language, Vary: []string{"Accept-Language"},
			Tag: tag, Cached: "private, no-cache", Status: http.StatusOK,
		}
		if format == "html" {
			out.Policy = reportPolicy
		}
		if holds(tag, in.Known) {
			out.Status = http.StatusNotModified
			return out, nil
		}
		r, err := a.seen(ctx, in, lens)
		if err != nil {
			return nil, err
		}
		var buf bytes.Buffer
		if err := report.Write(&buf, r, f); err != nil {
			return nil, err
		}
		out.ContentDisposition = fmt.Sprintf("inline; filename=%q", report.Filename(r, f))
		out.Language, out.Body = r.Language, buf.Bytes()
		return out, nil
	}
}

type findingsInput struct {
	ID       string `path:"id" format:"uuid"`
	Limit    int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor   string `query:"cursor" maxLength:"300" doc:"next_cursor of an earlier answer, with the same filters."`
	Purpose  string `query:"purpose" maxLength:"50" doc:"Another lens; the report's own by default."`
	Text     string `query:"q" maxLength:"200" doc:"Words that the quote, what stands around it or the reason has, all of them."`
	Severity string `query:"severity" enum:"low,medium,high,critical"`
	Category string `query:"category" enum:"hate_speech,harassment,violence,extremism,sexual_content,profanity,substance_use,misinformation,controversial_topic,professional_conduct,brand_safety,geopolitical_topic,privacy_exposure"`
	Year     int    `query:"year" minimum:"1" maximum:"9999" doc:"Of the post, in UTC."`
	Source   string `query:"source" enum:"screen,model,both" doc:"Who claims it: one witness alone, or both."`
	State    string `query:"state" enum:"open,dismissed" doc:"Both by default."`
}

func (in *findingsInput) query() review.Query {
	return review.Query{
		Text: in.Text, Severity: assess.Severity(in.Severity), Category: assess.Category(in.Category), Year: in.Year,
		Source: review.Source(in.Source), State: review.State(in.State),
	}
}

type findingsOutput struct {
	Body struct {
		Data       []assess.Finding `json:"data"`
		NextCursor *string          `json:"next_cursor" doc:"Null on the last page."`
		Total      int              `json:"total" doc:"Of all pages."`
	}
}

func (a *API) findings(ctx context.Context, in *findingsInput) (*findingsOutput, error) {
	r, err := a.Analyses.WhatIf(ctx, caller(ctx), in.ID, assess.Purpose(in.Purpose), nil)
	if err != nil {
		return nil, err
	}
	picked := in.query().Pick(r.Findings)
	out := &findingsOutput{}
	cut, next, err := review.Cut(picked, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out.Body.Data, out.Body.Total = cut, len(picked)
	if next != "" {
		out.Body.NextCursor = &next
	}
	return out, nil
}

type dismissInput struct {
	ID   string `path:"id" minLength:"10" maxLength:"64"`
	Body struct {
		Dismissed bool   `json:"dismissed"`
		Why       string `json:"why,omitempty" maxLength:"500"`
	}
}

type findingOutput struct{ Body assess.Finding }

func (a *API) dismiss(ctx context.Context, in *dismissInput) (*findingOutput, error) {
	f, err := a.Analyses.Dismiss(ctx, caller(ctx), in.ID, in.Body.Dismissed, in.Body.Why)
	return &findingOutput{f}, err
}

type scoreInput struct {
	ID      string   `path:"id" format:"uuid"`
	Purpose string   `query:"purpose" maxLength:"50" doc:"Another lens; the report's own by default."`
	Without []string `query:"without" maxItems:"200" doc:"Ids of posts and of findings, comma separated: the score as if these posts were deleted and these findings dismissed. Unknown ids are refused."`
}

type scoreOutput struct {
	Body struct {
		Purpose  string           `json:"purpose"`
		Score    float64          `json:"score" doc:"Without what was left out, and with the dismissals of today."`
		Level    string           `json:"level"`
		Made     assess.Standing  `json:"made" doc:"For this purpose, as on the day when the report was made."`
		Findings []assess.Finding `json:"findings"`
	}
}

func (a *API) score(ctx context.Context, in *scoreInput) (*scoreOutput, error) {
	r, err := a.Analyses.WhatIf(ctx, caller(ctx), in.ID, assess.Purpose(in.Purpose), in.Without)
	if err != nil {
		return nil, err
	}
	out := &scoreOutput{}
	out.Body.Purpose, out.Body.Findings = string(r.Purpose), r.Findings
	out.Body.Score, out.Body.Level = r.Now.Score, string(r.Now.Level)
	out.Body.Made = assess.Standing{Score: r.Score, Level: r.Level}
	return out, nil
}

type compareInput struct {
	From string `query:"from" required:"true" format:"uuid"`
	To   string `query:"to" required:"true" format:"uuid"`
}

type compareOutput struct{ Body assess.Comparison }

func (a *API) compare(ctx context.Context, in *compareInput) (*compareOutput, error) {
	c, err := a.Analyses.Compare(ctx, caller(ctx), in.From, in.To)
	return &compareOutput{c}, err
}

package httpapi

import (
	"context"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
)

type previewBody struct {
	AccountID     *string      `json:"account_id" format:"uuid"`
	ArchiveID     *string      `json:"archive_id" format:"uuid"`
	Handle        string       `json:"handle"`
	Purpose       string       `json:"purpose"`
	MaxPosts      int          `json:"max_posts" doc:"As the plan and the request allow."`
	Tier          string       `json:"tier"`
	ConsentNeeded bool         `json:"consent_needed" doc:"Whether a start has to send consent."`
	Reads         previewReads `json:"reads"`
	Known         previewKnown `json:"known"`
	Model         *previewAsks `json:"model" doc:"Null when the screen stands alone."`
	WithinADay    *previewDay  `json:"within_a_day" doc:"The same by a batch of the model, at half of its price; null when the screen stands alone."`
	Cost          previewCost  `json:"cost"`
	Gaps          []assess.Gap `json:"gaps" doc:"What cannot be read, whatever is spent."`
	OutOfReach    []string     `json:"out_of_reach" doc:"The same and more in sentences."`
	Waits         *previewWait `json:"waits_for" doc:"It would wait for this one of the same account. Else null."`
	Quota         previewQuota `json:"quota"`
}

type previewReads struct {
	Expected  *int       `json:"expected" doc:"New posts to read from X, by X's own count; null when X has not said how many there are."`
	AtMost    int        `json:"at_most" doc:"As many as the plan, its reads that are left and max_posts allow."`
	Rechecked int        `json:"rechecked" doc:"At most so many known posts are looked up again, because they may have been deleted."`
	Answered  int        `json:"answered_at_most" doc:"Where the model cannot judge a post without the one that it answers or quotes, that one is read too: at most so many. They are not in the expected cost; the ceiling counts them."`
	Remaining int        `json:"remaining" doc:"Reads that the plan has left in this period."`
	MicroUSD  int64      `json:"cost_micro_usd" doc:"Of expected and rechecked, or of at_most where nothing is expected, and of the profile; in millionths of a US dollar."`
	PostsAtX  *int       `json:"posts_at_x" doc:"As X said at counted_at."`
	CountedAt *time.Time `json:"counted_at"`
}

type previewKnown struct {
	Posts    int `json:"posts" doc:"Kept: they are not read again."`
	Verdicts int `json:"verdicts" doc:"Of the posts for the model, so many are answered from earlier analyses."`
}

type previewAsks struct {
	Model    string `json:"model"`
	Posts    int    `json:"posts" doc:"That the model would be given; known.verdicts of them cost nothing."`
	Texts    int    `json:"texts" doc:"That would be sent."`
	Calls    int    `json:"calls"`
	Seconds  int    `json:"seconds" doc:"How long the answers take, as they have lately."`
	MicroUSD int64  `json:"cost_micro_usd" doc:"Without second questions about grave findings."`
}

// previewDay is the cheaper way.
type previewDay struct {
	Offered  bool   `json:"offered" doc:"A start may send within_a_day."`
	WhyNot   string `json:"why_not" doc:"Why it is not offered, in a sentence; else empty."`
	MicroUSD int64  `json:"cost_micro_usd" doc:"Of the model, instead of model.cost_micro_usd."`
	Seconds  int    `json:"seconds_at_most" doc:"How long its answers take at most; mostly an hour is enough."`
}

type previewCost struct {
	MicroUSD int64 `json:"expected_micro_usd" doc:"What the operator would pay, in millionths of a US dollar."`
	Ceiling  int   `json:"max_cost_cents" doc:"The ceiling that the analysis keeps, in cents; 0 for none."`
	Reaches  bool  `json:"reaches_ceiling" doc:"It would probably stop there: some posts would be left unread or unjudged."`
}

type previewWait struct {
	AnalysisID string `json:"analysis_id" format:"uuid"`
	Status     string `json:"status" enum:"queued,running"`
	Stage      string `json:"stage"`
}

type previewQuota struct {
	Takes     int `json:"takes" doc:"Analyses of the plan that a start takes."`
	Remaining int `json:"remaining" doc:"Before it."`
}

func newPreviewBody(p analysis.Preview) previewBody {
	reads := p.ExpectedMicroUSD() - p.ModelMicroUSD()
	b := previewBody{
		AccountID: p.AccountID, ArchiveID: p.ArchiveID, Handle: p.Handle, Purpose: string(p.Purpose), MaxPosts: p.MaxPosts,
		Tier:          p.Tier,
		ConsentNeeded: p.NeedConsent,
		Reads: previewReads{
			p.Reads.Expected, p.Reads.AtMost, p.Reads.Rechecked, p.Reads.Parents,
			p.Usage.Reads.Remaining, reads, p.Reads.AtX, p.Reads.CountedAt,
		},
		Known: previewKnown{p.Kept, p.Model.Known},
		Cost:  previewCost{p.ExpectedMicroUSD(), p.MaxCostCents, p.ReachesCeiling()},
		Gaps:  append([]assess.Gap{}, p.Gaps...), OutOfReach: append([]string{}, p.OutOfReach...),
		Quota: previewQuota{1, p.Usage.Quota.Remaining},
	}
	if p.ModelCalls {
		m := p.Model
		b.Model = &previewAsks{p.Analysis.Model, m.Chosen, m.Texts, m.Calls, seconds(m.Took), m.CostMicroUSD}
		b.WithinADay = &previewDay{p.Day.Offered, p.Day.WhyNot, p.Day.CostMicroUSD, seconds(p.Day.AtMost)}
	}
	if o := p.Other; o != nil {
		b.Waits = &previewWait{o.ID, string(o.Status), string(o.Progress.Stage)}
	}
	return b
}

type foresightInput struct{ Body startBody }

type foresightOutput struct{ Body previewBody }

func (a *API) preview(ctx context.Context, in *foresightInput) (*foresightOutput, error) {
	p, err := a.Analyses.Preview(ctx, caller(ctx), in.Body.request())
	if err != nil {
		return nil, err
	}
	return &foresightOutput{newPreviewBody(p)}, nil
}

// request is what a start or a preview was asked for.
func (b *startBody) request() analysis.StartRequest {
	return analysis.StartRequest{
		AccountID: b.AccountID, ArchiveID: b.ArchiveID, Handle: strings.TrimPrefix(b.Handle, "@"),
		Purpose: assess.Purpose(b.Purpose), MaxPosts: b.MaxPosts, MaxCostCents: b.MaxCost, Since: b.Since, Consent: b.Consent,
		WithinADay: b.Day,
	}
}

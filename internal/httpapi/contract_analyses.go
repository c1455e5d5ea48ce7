package httpapi

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
)

func exampleRun(status string) analysisBody {
	self := "/api/v1/analyses/" + exampleAnalysis
	b := analysisBody{
		ID: exampleAnalysis, AccountID: new(exampleAccount), Handle: exampleHandle, Purpose: "job_search", MaxPosts: 200,
		MaxCost: 300, Tier: "basic", Model: "claude-haiku-5-5",
		Status: status, Progress: progressBody{Stage: "queued"}, CreatedAt: exampleTime(),
		Links: map[string]string{"self": self, "events": self + "/events"},
	}
	if status == "completed" {
		b.Progress = progressBody{"done", 200, 200, 1}
		b.Score, b.Level, b.ScoreNow, b.LevelNow = new(41.5), new("medium"), new(41.5), new("medium")
		b.StartedAt, b.FinishedAt = new(exampleTime()), new(exampleTime())
		b.Links["report"] = self + "/report.json"
	}
	return b
}

func exampleFindings() []assess.Finding {
	return []assess.Finding{{
		ID: exampleFinding, PostID: "1800000000000000042", URL: "https://x.com/" + exampleHandle +
			"/status/1800000000000000042", PostedAt: exampleTime().AddDate(-2, 0, 0),
		Before: "That referee is ", Quote: "a complete idiot", After: ", as always", QuoteStart: 16, QuoteEnd: 32,
		Category: assess.Harassment, Severity: assess.Medium, Confidence: 0.95,
		Witnesses: []assess.Witness{assess.ByScreen, assess.ByModel},
		Reason:    "It insults a person.", Suggestion: "delete", Points: 12.5,
	}}
}

func exampleDraft() assess.Draft {
	return assess.Draft{
		Score: 18.2, Level: assess.Low, Advice: "Change what is quoted below, or leave it unposted.",
		Purpose: assess.JobSearch,
		Findings: []assess.DraftFinding{{
			Category: assess.ProfessionalConduct, Severity: assess.Medium, Confidence: 0.75,
			Witnesses: []assess.Witness{assess.ByScreen},
			Quote:     "My boss is a complete idiot", QuoteStart: 0, QuoteEnd: 27, Reason: "It speaks ill of somebody at work.",
			Points: 18.2,
		}},
		ReadAsHarmless: []assess.DraftFinding{}, Models: []assess.ModelUse{},
		Versions: assess.Versions{Screen: "screen-5", Policy: assess.PolicyVersion, Score: assess.ScoreVersion, App: "0.2.0"},
	}
}

func examplePreview() previewBody {
	return previewBody{
		AccountID: new(exampleAccount), Handle: exampleHandle, Purpose: "job_search", MaxPosts: 200, Tier: "basic",
		Reads: previewReads{
			Expected: new(50), AtMost: 50, Rechecked: 1, Answered: 20, Remaining: 850, MicroUSD: 255_000,
			PostsAtX: new(412), CountedAt: exampleLater(-2),
		},
		Known: previewKnown{Posts: 150, Verdicts: 150},
		Model: &previewAsks{Model: "claude-haiku-5-5", Posts: 200, Texts: 50, Calls: 2, Seconds: 7, MicroUSD: 1_950},
		Cost:  previewCost{MicroUSD: 256_950, Ceiling: 300}, Gaps: exampleGaps(),
		OutOfReach: []string{"212 posts would be left for another analysis, because this one reads at most 200."},
		Quota:      previewQuota{Takes: 1, Remaining: 990},
	}
}

// startRefusals are those of what starts an analysis.
func startRefusals() []*fault.Fault {
	return []*fault.Fault{
		fault.SubscriptionRequired, fault.NotFound, fault.Conflict, fault.IdempotencyMismatch,
		fault.QuotaExceeded,
	}
}

func analysisEntries() map[string]entry {
	list, findings, score := listOutput{}, findingsOutput{}, scoreOutput{}
	list.Body.Data, list.Body.Total = []analysisBody{exampleRun("completed")}, 1
	findings.Body.Data, findings.Body.Total = exampleFindings(), 1
	score.Body.Purpose, score.Body.Score, score.Body.Level, score.Body.Findings = "academic", 28, "low", exampleFindings()
	score.Body.Made = assess.Standing{Score: 41.5, Level: assess.Medium}
	cancelled := exampleRun("cancelled")
	cancelled.FinishedAt = new(exampleTime())
	dismissed := exampleFindings()[0]
	dismissed.Dismissed, dismissed.Why, dismissed.Points = true, "We are old friends.", 0
	return map[string]entry{
		"POST /api/v1/analyses": {
			text: "It takes one analysis of your plan, which is given back if it fails. Follow it at its Location, or at " +
				"links.events.\n\n" +
				"Name a linked account, or an archive you have uploaded. The first time, consent says that the posts may be " +
				"read and judged.\n\n" +
				"It keeps below the ceiling in max_cost_cents; the preview says what it would cost. A report whose model's " +
				"answers could not be used takes no analysis of your plan.\n\n" +
				"With an Idempotency-Key the same request may be sent again: for a day it gives the same analysis, and another " +
				"body under the same key is refused.",
			sent:     map[string]any{"account_id": exampleAccount, "purpose": "job_search", "consent": true},
			answered: exampleRun("queued"), refusals: startRefusals(),
		},
		"POST /api/v1/analyses/preview": {
			text: "What a start with the same body would do, without doing it: nothing is read from X, no model is asked, " +
				"nothing is written, and no analysis is taken from the plan. It says how many posts would be read and what " +
				"they cost, what is known already and free, what the model would be asked, its price and how long it takes, " +
				"what cannot be read, and whether the analysis would wait for another of the same account and use its posts " +
				"and answers. It needs no consent.",
			sent:     map[string]any{"account_id": exampleAccount, "purpose": "job_search"},
			answered: examplePreview(), refusals: []*fault.Fault{fault.SubscriptionRequired, fault.NotFound},
		},
		"POST /api/v1/drafts/check": {
			text: "The same witnesses as in a report look at a text that is not posted: the word screen, and with a plan " +
				"its model, which is sent the text with handles, links, contact data, numbers and passwords replaced. Nothing " +
				"is kept, nothing is read from X, and no analysis is taken from the plan. It has a rate limit of its own.",
			sent:     map[string]any{"text": "My boss is a complete idiot.", "purpose": "job_search"},
			answered: exampleDraft(), refusals: []*fault.Fault{fault.RateLimited, fault.ModelUnavailable},
		},
		"GET /api/v1/analyses": {
			text:     "A page at a time, narrowed by account, purpose, status and time.",
			answered: list.Body,
		},
		"GET /api/v1/analyses/{id}": {
			text: "How far it is and, once it has ended, its score or why it failed. While it waits, waiting says for what: " +
				"x, the model, its batch within a day, a service that is needed, or another run of the same account, whose " +
				"posts and answers it then uses.",
			answered: exampleRun("completed"),
		},
		"GET /api/v1/analyses/compare": {
			text: "The findings that are new, gone or changed, and what of the score's " +
				"movement each of them made. The movements add up exactly.", answered: exampleComparison(),
			refusals: []*fault.Fault{fault.NotFound, fault.Conflict},
		},
		"GET /api/v1/analyses/{id}/events": {
			text: "One event for each change, with the analysis as its data; the last is named end. After a break, send the " +
				"last id as Last-Event-ID.",
			media: "text/event-stream", answered: "id: 3\nevent: progress\ndata: {\"id\":\"" + exampleAnalysis +
				"\",\"status\":\"running\"}\n\n",
		},
		"POST /api/v1/analyses/{id}/cancel": {text: "What it took of your plan is given back. One that has ended stays as " +
			"it is.", answered: cancelled},
		"DELETE /api/v1/analyses/{id}": {text: "One that runs is cancelled first. Dismissals are kept for the next " +
			"report."},
		"GET /api/v1/analyses/{id}/findings": {
			text: "Most points first, a page at a time, narrowed by what they say, how grave they are, their category, year " +
				"and source, and whether they were dismissed. Each quotes the words it is about. Where these are no text of a " +
				"post, item says so: alt_text for the description of one of its pictures, profile for the account's profile, " +
				"whose post_id is profile.", answered: findings.Body,
			refusals: []*fault.Fault{fault.Conflict},
		},
		"GET /api/v1/analyses/{id}/score": {
			text: "What the report would say for another purpose, or if some posts were deleted. No model is asked, and " +
				"it costs nothing.",
			answered: score.Body, refusals: []*fault.Fault{fault.Conflict},
		},
		"PATCH /api/v1/findings/{id}": {
			text: "A dismissed finding counts for nothing, at once and in later reports too.",
			sent: map[string]any{"dismissed": true, "why": "We are old friends."}, answered: dismissed,
		},
		"POST /api/v1/archives": {
			text: "The zip that X gives you, as the form field `file`. It is streamed; only the post, account and " +
				"profile files in it are read, and it is not kept. What was read of it is kept, sealed, until expires_at.",
			answered: archiveBody{exampleArchive, exampleHandle, 12_840, *exampleLater(30)},
			refusals: []*fault.Fault{fault.Forbidden, fault.ArchiveUnreadable},
		},
	}
}

func exampleComparison() assess.Comparison {
	return assess.Comparison{
		From: assess.ComparedReport{
			ID: exampleEarlier, CreatedAt: exampleTime().AddDate(0, -1, 0),
			Purpose: assess.JobSearch, Score: 29, Level: assess.Low,
		},
		To: assess.ComparedReport{
			ID: exampleAnalysis, CreatedAt: exampleTime(), Purpose: assess.JobSearch,
			Score: 41.5, Level: assess.Medium,
		},
		Movement: 12.5, New: exampleFindings(),
		Causes: []assess.Cause{{Kind: "new", Points: 12.5, Why: "One finding is new.", Findings: []string{exampleFinding}}},
	}
}

// reportEntries describe one report in its four forms.
func (a *API) reportEntries() map[string]entry {
	const at = "GET /api/v1/analyses/{id}/report."
	none := []*fault.Fault{fault.Conflict}
	return map[string]entry{
		at + "json": {
			text: "All of it: score, findings, how much was read, how the score came about, what it cost. Until the " +
				"analysis has completed it is refused with conflict.",
			media: "application/json", schema: a.reportSchema(), answered: exampleReport(), refusals: none,
			also: unchanged(),
		},
		at + "csv": {
			text: "One row for each finding, in UTF-8 with a byte order mark. It is made for spreadsheets: an " +
				"apostrophe stands before ids of posts, which would be rounded as numbers, and before what would be a formula. " +
				"Programs read report.json.", media: "text/csv", answered: "post,posted_at,category,severity,quote\n",
			refusals: none, also: unchanged(),
		},
		at + "html": {
			text: "A page that needs nothing else, to keep or to print.", media: "text/html",
			answered: "<!doctype html>\n<title>Report</title>\n", refusals: none, also: unchanged(),
		},
		at + "pdf": {text: "To keep, to print, to hand on.", media: "application/pdf", refusals: none, also: unchanged()},
	}
}

// unchanged is the answer to whoever has the report already.
func unchanged() map[string]*huma.Response {
	return map[string]*huma.Response{"304": {
		Description: "What you have is still the answer: one of the tags in If-None-Match holds.",
		Headers: map[string]*huma.Header{"ETag": {
			Description: "The tag that holds.", Schema: &huma.Schema{Type: huma.TypeString},
		}},
	}}
}

// reportSchema is that of a report with the name of its published schema, which only the file has.
func (a *API) reportSchema() *huma.Schema {
	all := a.huma.OpenAPI().Components.Schemas
	s := all.Schema(typeOf[assess.Report](), true, "")
	all.SchemaFromRef(s.Ref).Properties["$schema"] = &huma.Schema{
		Type: huma.TypeString, Format: "uri-reference",
		Description: "Where the server shows the JSON Schema of reports. Its number is the version.",
	}
	return s
}

func exampleGaps() []assess.Gap {
	return []assess.Gap{{
		To: exampleLater(-901), Reason: assess.GapLimit,
		Remedy: "Ask for more posts, where your plan allows more, or upload your X archive.",
	}}
}

func exampleReport() assess.Report {
	return assess.Report{
		ID: exampleAnalysis, CreatedAt: exampleTime(), ScoredAt: exampleTime(),
		Account: assess.ReportAccount{ID: "1800000000000000001", Handle: exampleHandle},
		Source:  "x", Purpose: assess.JobSearch, Score: 41.5, Level: assess.Medium,
		Summary:     "One of 200 posts may harm you in a job search.",
		KeyFindings: []string{"One post insults a person."}, Findings: exampleFindings(),
		Coverage: assess.Coverage{
			PostsTotal: 200, PostsAnalysed: 200, PostsJudged: 200, From: exampleLater(-900),
			To: exampleLater(-1), Gaps: exampleGaps(),
		},
		Recommendations: []assess.Recommendation{{
			Title: "Look at the post that insults", Category: "harassment", Priority: "this_week", Why: "It counts most.",
			Effort: "minutes",
			Steps:  []string{"Read it once more.", "Delete it if you would not write it today."},
			Posts:  []string{"1800000000000000042"},
		}},
		Versions: assess.Versions{Screen: "1", Policy: "1", Prompt: "1", Score: "1", App: "1.0.0"},
		Privacy: assess.Privacy{
			SentToModel: []string{"id", "text"}, KeptUntil: "2026-12-20T09:30:00Z",
			RecipientHosts: []string{"anthropic"},
		},
	}
}

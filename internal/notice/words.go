package notice

import (
	"math"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/words"
)

// What notices say, in the language of whoever gets them: pages, answers of the API, webhooks and mails all ask here.
// The sentences themselves stand in the catalogue, package words.

func (n Notice) words() *words.Language { return words.For(n.Language) }

// Title is a notice in a few words.
func (n Notice) Title() string {
	if l, key := n.words(), "notice.title."+string(n.Kind); l.Has(key) {
		return l.Say(key)
	}
	return n.words().Say("notice.title.other")
}

// Words name a kind, as what somebody may want to hear of, on pages that are in English.
func (k Kind) Words() string {
	switch k {
	case PaymentFailed:
		return "a payment that failed"
	case GraceEnding:
		return "a plan that is about to be paused"
	case GraceEnded:
		return "a plan that was paused"
	case PlanChanged:
		return "another plan"
	case PlanCancelled:
		return "a plan that was cancelled"
	case PlanEnded:
		return "a plan that ended"
	case TrialEnding:
		return "a free trial that ends soon"
	case QuotaNearlyUsed:
		return "four fifths of the analyses used"
	case QuotaUsedUp:
		return "all analyses used"
	case EndpointOff:
		return "a webhook that was switched off"
	case AccountLinked:
		return "an X account that was linked"
	case AccountReleased:
		return "an X account that was unlinked"
	case NewBrowser:
		return "a sign-in from a new browser"
	case AnalysisFinished:
		return "a report that is ready"
	case AnalysisFailed:
		return "an analysis that failed"
	case SchedulePaused:
		return "a regular check that has paused"
	case Digest:
		return "what the week has brought"
	case NewHigh:
		return "a new finding that is high or critical"
	case Test:
		return "a test"
	}
	return string(k)
}

// Sentence says what happened and what to do about it.
func (n Notice) Sentence() string {
	l, d := n.words(), n.Data
	until := d.Until.In(n.place())
	switch n.Kind {
	case PaymentFailed:
		if d.Until.IsZero() {
			return l.Say("notice.say.payment.failed_paused", "plan", d.plan())
		}
		return l.Say("notice.say.payment.failed", "plan", d.plan(), "until", until)
	case GraceEnding:
		return l.Say("notice.say.grace.ending", "plan", d.plan(), "until", until)
	case GraceEnded:
		return l.Say("notice.say.grace.ended", "plan", d.plan())
	case PlanChanged:
		return l.Say("notice.say.plan.changed", "to", title(d.Plan), "from", title(d.From))
	case PlanCancelled:
		return l.Say("notice.say.plan.cancelled", "plan", d.plan(), "until", until)
	case PlanEnded:
		return n.planEnded(l, until)
	case TrialEnding:
		return l.Say("notice.say.trial.ending", "plan", d.plan(), "until", until, "card", d.NoCard)
	case QuotaNearlyUsed:
		return l.Say("notice.say.quota.nearly_used", "used", d.Used, "quota", d.Quota, "until", until)
	case QuotaUsedUp:
		return l.Say("notice.say.quota.used_up", "quota", d.Quota, "until", until)
	}
	return n.otherSentence(l)
}

// otherSentence is of a notice that is not about a plan.
func (n Notice) otherSentence(l *words.Language) string {
	d := n.Data
	switch n.Kind {
	case EndpointOff:
		return l.Say("notice.say.webhook.disabled", "host", d.Host)
	case AccountLinked:
		return l.Say("notice.say.account.linked", "handle", d.Handle)
	case AccountReleased:
		return l.Say("notice.say.account.released", "handle", d.Handle)
	case NewBrowser:
		return l.Say("notice.say.session.new_browser")
	case AnalysisFinished:
		if d.Score == nil {
			return l.Say("notice.say.analysis.finished_plain", "handle", d.Handle)
		}
		return l.Say("notice.say.analysis.finished", "handle", d.Handle, "score", math.Round(*d.Score), "level",
			level(l, d.Level))
	case AnalysisFailed:
		return l.Say("notice.say.analysis.failed", "handle", d.Handle, "reason", failure(l, d))
	case SchedulePaused:
		return l.Say("notice.say.schedule.paused", "reason", pause(l, d.Reason))
	case Digest:
		return n.digest(l)
	case NewHigh:
		return l.Say("notice.say.findings.new_high", "handle", d.Handle, "findings", d.Findings)
	case Test:
		return l.Say("notice.say.webhook.test")
	}
	return l.Say("notice.say.other")
}

func (n Notice) planEnded(l *words.Language, until time.Time) string {
	switch {
	case n.Data.Unpaid:
		return l.Say("notice.say.plan.ended_unpaid", "plan", n.Data.plan())
	case !n.Data.Until.IsZero():
		return l.Say("notice.say.plan.ended_paid", "plan", n.Data.plan(), "until", until)
	}
	return l.Say("notice.say.plan.ended", "plan", n.Data.plan())
}

func (n Notice) digest(l *words.Language) string {
	d := n.Data
	week := l.Say("notice.week.made", "reports", d.Reports)
	if d.Failed > 0 {
		week += " " + l.Say("notice.week.failed", "failed", d.Failed)
	}
	if d.Findings > 0 {
		week += ", " + l.Say("notice.week.found", "findings", d.Findings)
	}
	if d.Score == nil {
		return week + "."
	}
	return week + ". " + l.Say("notice.week.newest", "handle", d.Handle, "score", math.Round(*d.Score), "level",
		level(l, d.Level))
}

// level is a level of a report, which was kept by its name.
func level(l *words.Language, name string) string {
	if key := "risk." + name; l.Has(key) {
		return l.Say(key)
	}
	return name
}

// failure is why an analysis failed. It was kept as an English sentence with the code of its refusal; another language
// has a sentence for each code that is frequent.
func failure(l *words.Language, d Data) string {
	if l.Tag == words.English {
		return d.Reason
	}
	if key := "failed." + d.Code; l.Has(key) {
		return l.Say(key)
	}
	return l.Say("failed.other")
}

// pause is why a schedule has paused, which was kept as an English sentence of the catalogue.
func pause(l *words.Language, reason string) string {
	if key, ok := words.For(words.English).KeyOf("pause.", reason); ok {
		return l.Say(key)
	}
	return reason
}

// Path is the page that a notice leads to, on the server that tells it.
func (n Notice) Path() string {
	if n.Data.Analysis != "" {
		return "/a/" + n.Data.Analysis
	}
	if n.Data.Schedule != "" {
		return "/schedules"
	}
	if n.Kind == Digest { // its newest report was deleted, or there was none
		return "/history"
	}
	return "/"
}

// Action is what is written on the link there.
func (n Notice) Action() string {
	l := n.words()
	switch n.Kind {
	case AnalysisFinished, NewHigh:
		return l.Say("notice.action.report")
	case Digest:
		if n.Data.Analysis == "" {
			return l.Say("notice.action.history")
		}
		return l.Say("notice.action.newest")
	case SchedulePaused:
		return l.Say("notice.action.schedule")
	case AnalysisFailed:
		return l.Say("notice.action.analysis")
	}
	return l.Say("notice.action.open")
}

// At is when it was written, in the zone of its reader.
func (n Notice) At() time.Time { return n.CreatedAt.In(n.place()) }

// place is the zone of the reader's times.
func (n Notice) place() *time.Location {
	if place, err := time.LoadLocation(n.Zone); err == nil {
		return place
	}
	return time.UTC
}

// plan is the name of the plan after a space; nothing for a name that is not known, of a price that is not ours.
func (d Data) plan() string { return strings.TrimSuffix(" "+title(d.Plan), " ") }

// title writes a tier as people see it: Basic.
func title(tier string) string {
	if tier == "" {
		return ""
	}
	return strings.ToUpper(tier[:1]) + tier[1:]
}

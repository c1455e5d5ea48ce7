package notice

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// What notices say. This is the one place that knows: pages, answers of the API, webhooks and e-mail all ask here.

// Title is a notice in a few words.
func (n Notice) Title() string {
	switch n.Kind {
	case PaymentFailed:
		return "Your payment did not go through"
	case GraceEnding:
		return "Your plan is about to be paused"
	case GraceEnded:
		return "Your plan is paused"
	case PlanChanged:
		return "Your plan has changed"
	case PlanCancelled:
		return "Your plan is cancelled"
	case PlanEnded:
		return "Your plan has ended"
	case TrialEnding:
		return "Your free trial ends soon"
	case QuotaNearlyUsed:
		return "Most of your analyses are used"
	case QuotaUsedUp:
		return "All of your analyses are used"
	case EndpointOff:
		return "A webhook of yours was switched off"
	case AccountLinked:
		return "An X account was linked"
	case AccountReleased:
		return "An X account was unlinked"
	case NewBrowser:
		return "A sign-in from a new browser"
	case AnalysisFinished:
		return "Your report is ready"
	case AnalysisFailed:
		return "An analysis failed"
	case NewHigh:
		return "Something new weighs heavily"
	case SchedulePaused:
		return "A schedule has paused"
	case Digest:
		return "Your week on Repazoo"
	case Test:
		return "A test"
	}
	return "Something happened to your plan"
}

// Words name a kind, as what somebody may want to hear of.
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
		return "a schedule that has paused"
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
	d := n.Data
	switch n.Kind {
	case PaymentFailed:
		return n.paymentFailed()
	case GraceEnding:
		return fmt.Sprintf("%s will be paused on %s, because its last payment did not go through. Check your card before then, and nothing stops.", d.plan(), moment(d.Until))
	case GraceEnded:
		return fmt.Sprintf("%s is paused, because its last payment did not go through. It opens again as soon as the payment does. Your reports are still there.", d.plan())
	case PlanChanged:
		return fmt.Sprintf("You now have the %s plan instead of %s.", title(d.Plan), title(d.From))
	case PlanCancelled:
		return fmt.Sprintf("%s will not be renewed. You can use it until %s, and keep it if you change your mind before then.", d.plan(), moment(d.Until))
	case PlanEnded:
		return n.planEnded()
	case TrialEnding:
		return n.trialEnding()
	case QuotaNearlyUsed:
		return fmt.Sprintf("You have used %s of the %s analyses of this period. New ones come on %s, or with a larger plan.", count(d.Used), count(d.Quota), moment(d.Until))
	case QuotaUsedUp:
		return fmt.Sprintf("You have used all %s analyses of this period. New ones come on %s, or with a larger plan.", count(d.Quota), moment(d.Until))
	case EndpointOff:
		return fmt.Sprintf("What was sent to %s has failed for days, so nothing more is sent there. See why on the page of the webhook, and switch it on again.", d.Host)
	case AccountLinked:
		return fmt.Sprintf("@%s can sign in to your account from now on. If that was not you, unlink it on the page of your account and end every session.", d.Handle)
	case AccountReleased:
		return fmt.Sprintf("@%s was unlinked, and its kept posts are erased. It no longer opens your account, and can be linked elsewhere. If that was not you, end every session on the page of your account.", d.Handle)
	case NewBrowser:
		return "Somebody signed in to your account from a browser or a program that Repazoo does not recognise; until its first sign-in here that is every one. If that was not you, " +
			"end every session on the page of your account, and look after your account at X."
	case AnalysisFinished:
		return n.finished()
	case AnalysisFailed:
		return fmt.Sprintf("The analysis of @%s failed, and took none of your plan's. %s", d.Handle, d.Reason)
	case SchedulePaused:
		return "A schedule of yours starts no analysis any more. " + d.Reason
	case Digest:
		return n.digest()
	case NewHigh:
		return fmt.Sprintf("The newest report on @%s has %s of high or critical severity. Open it to see what was found and what to do.",
			d.Handle, counted(d.Findings, "new finding"))
	case Test:
		return "Your webhook works. Nothing has happened to your plan."
	}
	return "Look at your plan on the front page."
}

func (n Notice) paymentFailed() string {
	if n.Data.Until.IsZero() {
		return fmt.Sprintf("The payment for %s did not go through, so it is paused. Check your card; the plan opens again as soon as the payment does.", n.Data.thePlan())
	}
	return fmt.Sprintf("The payment for %s did not go through. The plan stays open until %s. If it is not paid by then, it pauses, "+
		"and comes back with the payment. Check your card before then.", n.Data.thePlan(), moment(n.Data.Until))
}

func (n Notice) planEnded() string {
	switch {
	case n.Data.Unpaid:
		return fmt.Sprintf("%s has ended, because its last payment did not go through. You can choose a plan again whenever you want.", n.Data.plan())
	case !n.Data.Until.IsZero():
		return fmt.Sprintf("%s is ended. What you paid for stays usable until %s, and then nothing more is charged.", n.Data.plan(), moment(n.Data.Until))
	}
	return fmt.Sprintf("%s has ended, and nothing more is charged. You can choose a plan again whenever you want.", n.Data.plan())
}

func (n Notice) trialEnding() string {
	d := n.Data
	switch d.NoCard {
	case "":
		return fmt.Sprintf("The free trial of %s ends on %s. Your card is charged for the first time then. If you do not want that, cancel before; you can use the plan until then all the same.", d.thePlan(), moment(d.Until))
	case "pause":
		return fmt.Sprintf("The free trial of %s ends on %s. There is no card, so the plan is paused then and nothing is charged. Put a card in place before, and it goes on.", d.thePlan(), moment(d.Until))
	}
	return fmt.Sprintf("The free trial of %s ends on %s. There is no card, so the plan ends then and nothing is charged. Put a card in place before, and it goes on.", d.thePlan(), moment(d.Until))
}

func (n Notice) finished() string {
	d := n.Data
	if d.Score == nil {
		return fmt.Sprintf("The report on @%s is ready.", d.Handle)
	}
	return fmt.Sprintf("The report on @%s is ready: %.0f of 100, %s.", d.Handle, math.Round(*d.Score), d.Level)
}

func (n Notice) digest() string {
	d := n.Data
	words := "In the last seven days " + counted(d.Reports, "report")
	if d.Reports == 1 {
		words += " was made"
	} else {
		words += " were made"
	}
	if d.Failed > 0 {
		words += " and " + cmp.Or(map[int]string{1: "1 analysis"}[d.Failed], count(d.Failed)+" analyses") + " failed"
	}
	if d.Findings > 0 {
		words += ", with " + counted(d.Findings, "new finding")
	}
	if d.Score == nil {
		return words + "."
	}
	return fmt.Sprintf("%s. The newest, on @%s, is at %.0f of 100, %s.", words, d.Handle, math.Round(*d.Score), d.Level)
}

// Path is the page that a notice leads to, on the server that tells it.
func (n Notice) Path() string {
	if n.Data.Analysis != "" {
		return "/a/" + n.Data.Analysis
	}
	if n.Data.Schedule != "" {
		return "/schedules"
	}
	return "/"
}

// Action is what is written on the link there.
func (n Notice) Action() string {
	switch n.Kind {
	case AnalysisFinished, NewHigh:
		return "Open the report"
	case Digest:
		return "Open the newest report"
	case SchedulePaused:
		return "See the schedule"
	case AnalysisFailed:
		return "See the analysis"
	}
	return "Open Repazoo"
}

// counted writes a number with its noun: 1 new finding, 2 new findings.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// plan begins a sentence.
func (d Data) plan() string { return "Y" + d.thePlan()[1:] }

// thePlan leaves out a name that is not known, of a price that is not ours.
func (d Data) thePlan() string { return strings.TrimSuffix("your "+title(d.Plan), " ") + " plan" }

// title writes a tier as people see it: Basic.
func title(tier string) string {
	if tier == "" {
		return ""
	}
	return strings.ToUpper(tier[:1]) + tier[1:]
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// count writes a whole number with commas: 10,000.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

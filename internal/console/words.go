package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/cleanup"
	devices "github.com/repazoo/repazoo/internal/device"
	"github.com/repazoo/repazoo/internal/fault"
)

// This file is what the pages say where a service has only a code. Every code has words:
// the tests compare with the services' own lists.

// sentence is what a fault tells a person. Where the catalogue speaks to programs, a page
// says the same in its own way.
func sentence(f *fault.Fault) string {
	switch {
	case f.Message != catalogueMessage(f):
		return f.Message
	case f.Code == fault.SubscriptionRequired.Code:
		return "This needs a plan. Choose one below; you can start right after."
	case f.Code == fault.ValidationFailed.Code:
		return "Some of what you entered cannot be used."
	case f.Code == fault.SubscriptionExists.Code:
		return "You already have a plan."
	case f.Code == fault.Internal.Code:
		return "Something went wrong on our side. Try again; if it stays, tell us the request id."
	}
	return f.Message
}

func catalogueMessage(f *fault.Fault) string {
	for _, known := range []*fault.Fault{fault.SubscriptionRequired, fault.ValidationFailed, fault.SubscriptionExists, fault.Internal} {
		if f.Code == known.Code {
			return known.Message
		}
	}
	return f.Message
}

// signInTrouble is what the front page says for the code that a sign-in came back with when it
// failed, or the linking of an account.
func signInTrouble(code string) string {
	switch code {
	case fault.Unauthenticated.Code, fault.TokenExpired.Code, fault.SessionRevoked.Code, fault.TokenReused.Code:
		return "Please sign in first. You will come back to where you were going."
	case fault.ValidationFailed.Code:
		return "That sign-in could not be completed: it was too old, was already used, or was begun in another browser. Sign in again."
	case fault.Forbidden.Code:
		return "You did not give Repazoo access at X, so nothing was changed. Sign in again whenever you want to."
	case fault.SignInAgain.Code:
		return "To link a further X account, your sign-in must not be older than 15 minutes. Sign out, sign in again, and link it then."
	case fault.ScopeMissing.Code:
		return "X did not grant everything that reading your posts needs. Sign in again and leave every permission on."
	case fault.AlreadyLinked.Code:
		return "That X account belongs to another Repazoo user. Sign in with it instead, or unlink it there first."
	case fault.Conflict.Code:
		return "That X account was changed while you signed in, or its account here is being erased. Wait a minute, then sign in again."
	case fault.XUnavailable.Code:
		return "X did not answer as expected. Try again in a few minutes."
	case fault.RateLimited.Code:
		return "There were too many attempts from here. Wait a minute, then sign in again."
	case fault.DependencyDown.Code, fault.Overloaded.Code:
		return "Repazoo is busy right now. Try again shortly."
	}
	return "Something went wrong while signing you in. Try again; nothing was changed."
}

// done is what a page says after a form was carried out.
func done(code string) string {
	switch code {
	case "archive":
		return "Your archive was read. It is chosen below: say what the report is for and press the button."
	case "job-again":
		return "The job is tried again now."
	case "job-cancelled":
		return "The job was cancelled."
	case "event-again":
		return "The event is applied again now."
	case "checkout-left":
		return "You left before paying, so no plan has begun and nothing was charged. The plans are still here."
	case "cancelled":
		return "The analysis was cancelled. It does not count against your plan."
	case "deleted":
		return "The analysis and its report were deleted."
	case "subscribed":
		return "Your plan is active."
	case "plan-cancelled":
		return "Your plan will end with the period you have paid for. You can keep it until then."
	case "plan-kept":
		return "Your plan goes on."
	case "plan-changed":
		return "Your plan was changed, and what it gives is yours from now on."
	case "change-planned":
		return "Your plan will change with the next period. You can take that back until then."
	case "change-dropped":
		return "Your plan stays as it is."
	case "renamed":
		return "Your name was changed."
	case "preferences-saved":
		return "Your language and time zone are saved."
	case "refreshed":
		return "The connection to X was renewed."
	case "unlinked":
		return "The account was unlinked. X was told, and its stored posts were erased."
	case "share-revoked":
		return "The link is revoked: it opens no more."
	case "key-revoked":
		return "The key was revoked. Programs that use it are refused from now on."
	case "session-ended":
		return "That session was ended."
	case "withdrawn":
		return "Your consent was withdrawn, and what was kept because of it is erased."
	case "export-asked":
		return "Your package is being made. It takes a moment."
	case "webhook-tested":
		return "A test is on its way. Look again in a moment."
	case "webhook-enabled":
		return "The webhook is switched on again."
	case "webhook-removed":
		return "The webhook was removed."
	case "webhook-again":
		return "It is being sent again. Look again in a moment."
	case "email-given":
		return "A mail is on its way to that address. Follow the link in it within a day."
	case "email-removed":
		return "The address was removed. You get no more mail."
	case "notice-read":
		return "Noted. It is still under Account, Notices."
	case "schedule-made":
		return "Saved. From now on this account is checked by itself."
	case "schedule-changed":
		return "Saved."
	case "schedule-paused":
		return "Paused. Nothing starts until you let it go on."
	case "schedule-resumed":
		return "It goes on."
	case "schedule-removed":
		return "Removed. Its reports stay."
	case "notices-chosen":
		return "Saved. From now on you are told what is ticked."
	case "erasing":
		return "Your account is being erased, and you are signed out everywhere. Everything will be gone in a few minutes."
	case "signed-out":
		return "You are signed out."
	}
	return ""
}

// stage is a step of an analysis in words.
func stageWords(s assess.Stage) string {
	switch s {
	case assess.StageQueued:
		return "Waiting for its turn"
	case assess.StageCollect:
		return "Reading your posts"
	case assess.StageScreen:
		return "Screening every post"
	case assess.StageJudge:
		return "Asking the language model"
	case assess.StageVerify:
		return "Checking every quote"
	case assess.StageScore:
		return "Adding up the score"
	case assess.StageRecommend:
		return "Working out what to do"
	case assess.StageSave:
		return "Saving the report"
	}
	return "Done"
}

// purposeWords says what a lens looks at.
func purposeWords(p assess.Purpose) string {
	switch p {
	case assess.PersonalReputation:
		return "how you come across to anyone"
	case assess.JobSearch:
		return "what a recruiter would notice"
	case assess.CareerDevelopment:
		return "what colleagues and managers would notice"
	case assess.BrandBuilding:
		return "what could hurt your brand"
	case assess.Influencer:
		return "what sponsors would check"
	case assess.PublicOffice:
		return "what opponents and the press would find"
	case assess.CorporateComms:
		return "what could embarrass your company"
	case assess.Academic:
		return "what a university or journal would notice"
	case assess.VisaApplication:
		return "what a visa officer could ask about"
	}
	return ""
}

// consentTitle names what a consent is about.
func consentTitle(kind string) string {
	switch kind {
	case analysis.ConsentKind:
		return "Reading and judging your posts"
	case analysis.RetentionKind:
		return "Keeping your uploaded archives"
	case analysis.KeepKind:
		return "Keeping posts for a schedule"
	case cleanup.ConsentKind:
		return "Deleting posts at X by a clean-up"
	}
	return capital(kind)
}

// consentWords is what was agreed to.
func consentWords(kind string) string {
	switch kind {
	case analysis.ConsentKind:
		return analysis.ConsentText
	case analysis.RetentionKind:
		return "Repazoo may keep the posts of the X archives that you upload, sealed, for at most 30 days."
	case analysis.KeepKind:
		return analysis.KeepText
	case cleanup.ConsentKind:
		return cleanup.ConsentText
	}
	return ""
}

// capital begins a title with a capital letter.
func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// health is the state of a linked account in words: an access token that has run out is
// renewed when it is needed, so it is nothing to worry about.
func healthWords(health string) string {
	switch health {
	case "reconnect":
		return "Needs reconnecting"
	case "revoked":
		return "Unlinked"
	}
	return "Connected"
}

// planWords says where a subscription stands, when that needs saying.
func planWords(p billing.Subscription) string {
	switch p.Status {
	case "past_due":
		if p.Tier.Name == "" {
			return "The last payment did not go through, so your plan is closed until it is paid. " + nextTry(p) + "Put another card in place."
		}
		if p.NextTry.After(p.GraceUntil) {
			return "The last payment did not go through. Your plan stays open until " + date(p.GraceUntil) +
				", is paused then, and comes back with the payment that is tried again on " + date(p.NextTry) +
				". So that nothing stops: put another card in place before then."
		}
		return "The last payment did not go through. " + nextTry(p) + "Your plan stays open until " + date(p.GraceUntil) + ": put another card in place before then."
	case "unpaid":
		return "The last payment did not go through, so your plan is paused. Put another card in place."
	case "incomplete":
		return "Your bank still has to confirm the payment."
	case "paused":
		return "Your plan is paused. Put a card in place, then take it up again."
	case "trialing":
		return trialWords(p)
	}
	return ""
}

// nextTry says when a failed payment is made again, if it is.
func nextTry(p billing.Subscription) string {
	if p.NextTry.IsZero() {
		return ""
	}
	return "Your card is charged again on " + date(p.NextTry) + ". "
}

// trialWords says until when a plan is free, and what comes then.
func trialWords(p billing.Subscription) string {
	say := "You are trying this plan for free until " + date(p.TrialEnd) + ". "
	switch {
	case p.CancelAtPeriodEnd:
		return say + "It ends then, and nothing is charged."
	case p.NoCard:
		return say + "There is no card yet: put one in place before then, and the plan goes on."
	}
	return say + "Your card is charged for the first time then; cancel before if you do not want that."
}

// adviceFor says what to do about an analysis that failed.
func adviceFor(code string) string {
	switch code {
	case fault.SubscriptionRequired.Code, fault.QuotaExceeded.Code:
		return "Look at your plan on the front page, then start again."
	case fault.XBudgetExceeded.Code:
		return "Wait for your next period, or choose the larger plan."
	case fault.ValidationFailed.Code:
		return "Once that is sorted out, start again. This attempt did not count against your plan."
	case fault.XUnavailable.Code:
		return "If your account page says that the account needs reconnecting, do that first. Otherwise try again in a " +
			"few minutes. " +
			"This attempt did not count, and what was read is not read again."
	}
	return "Try again in a few minutes. This attempt did not count against your plan."
}

// device names a browser by its User-Agent, or is that itself.
func device(agent string) string { return cmp.Or(devices.Name(agent), agent) }

// initials stand for a picture: pictures of X would be loaded from elsewhere.
func initials(name string) string {
	var out []rune
	for word := range strings.FieldsSeq(name) {
		if r := []rune(strings.ToUpper(word))[0]; len(out) < 2 {
			out = append(out, r)
		}
	}
	return string(out)
}

func date(t time.Time) string { return placed(t).Format("2 January 2006") }

func moment(t time.Time) string { return placed(t).Format("2 Jan 2006, 15:04 ") + zoneOf(t) }

// sandboxWords says what is not real here.
func sandboxWords(standIns []string) string {
	var not []string
	for _, s := range []struct{ service, what string }{{"X", "X account"}, {"Stripe", "money"}, {"Claude", "model"}} {
		if slices.Contains(standIns, s.service) {
			not = append(not, s.what)
		}
	}
	last := len(not) - 1
	switch {
	case last < 0:
		return ""
	case last > 0:
		not = []string{strings.Join(not[:last], ", ") + " or " + not[last]}
	}
	return "This is a sandbox: no real " + not[0] + " is used."
}

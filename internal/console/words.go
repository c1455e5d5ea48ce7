package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/billing"
	devices "github.com/repazoo/repazoo/internal/device"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// This file is what the pages say where a service has only a code. Every code has words:
// the tests compare with the services' own lists.

// sentence is what a fault tells a person. Where the list of refusals speaks to programs, a page says the same in its
// own way. A sentence that a service has in English alone is said in other languages as its code is.
func (l tongue) sentence(f *fault.Fault) string {
	for _, forPrograms := range []*fault.Fault{
		fault.SubscriptionRequired, fault.ValidationFailed, fault.SubscriptionExists, fault.Internal,
	} {
		if f.Message == forPrograms.Message {
			return l.Say("refuse." + forPrograms.Code)
		}
	}
	if key := forPerson(f.Message); key != "" {
		return l.Say(key)
	}
	if said, ok := english().Recall("refuse.", f.Message); ok {
		return l.retold(said, depth)
	}
	if l.Tag == words.English {
		return f.Message
	}
	if key := "refuse." + f.Code; l.Has(key) {
		return l.Say(key)
	}
	return l.Say("refuse.other")
}

// toPrograms is how a sentence begins that tells a program what to send, with the key of what a page says to a person.
var toPrograms = [...]struct{ begins, key string }{
	{"Agree first", "refuse.page.agree"},
	{"Say whose posts to read: ", "refuse.page.whose"},
	{"This analysis is still ", "refuse.page.running"},
	{"There is no such purpose. ", "refuse.page.purpose"},
	{"The form has no field named file.", "refuse.page.file"},
	{"There is no such plan: ", "refuse.page.plan"},
	{"This package is ", "refuse.page.package"},
	{"use next_cursor of an earlier answer", "refuse.page.cursor"},
}

func forPerson(sentence string) (key string) {
	for _, p := range toPrograms {
		if strings.HasPrefix(sentence, p.begins) {
			return p.key
		}
	}
	return ""
}

// depth is how many sentences are read back that stand in one another: a refusal, what it is because of, and why.
const depth = 3

// retold is a refusal that was read back. A refusal within it is read back, too.
func (l tongue) retold(said words.Message, deep int) string {
	for name, v := range said.Args {
		if name == "plan" {
			said.Args[name] = capital(v)
			continue
		}
		if inner, ok := within(v); ok && deep > 1 {
			said.Args[name] = l.retold(inner, deep-1)
		}
	}
	return l.Render(said)
}

// within finds the sentence that a value is, if it is one.
func within(value string) (words.Message, bool) {
	if key, ok := english().KeyOf("skip.", value); ok { // why a part of an archive was left out
		return words.Message{Key: key}, true
	}
	return english().Recall("refuse.", value)
}

// refused is the same for what the HTTP layer refuses, of which a page knows the status and the English sentence, and
// whether there is a time to wait.
func (l tongue) refused(sentence string, status int, wait string) string {
	if wait != "" && status == http.StatusTooManyRequests && l.Tag != words.English {
		return l.Say("refuse.wait", "n", wait)
	}
	return l.sentence(&fault.Fault{Message: sentence, Code: codesOf[status]})
}

// codesOf are the refusals that a status stands for.
var codesOf = map[int]string{
	http.StatusUnauthorized: fault.Unauthenticated.Code, http.StatusForbidden: fault.Forbidden.Code,
	http.StatusNotFound: fault.NotFound.Code, http.StatusMethodNotAllowed: fault.NotFound.Code,
	http.StatusConflict: fault.Conflict.Code, http.StatusRequestEntityTooLarge: fault.PayloadTooLarge.Code,
	http.StatusTooManyRequests: fault.RateLimited.Code, http.StatusInternalServerError: fault.Internal.Code,
	http.StatusServiceUnavailable: fault.Overloaded.Code, http.StatusBadGateway: fault.XUnavailable.Code,
	http.StatusUnprocessableEntity: "form",
}

// signInTrouble is what the front page says for the code that a sign-in came back with when it
// failed, or the linking of an account.
func (l tongue) signInTrouble(code string) string {
	switch code {
	case fault.Unauthenticated.Code, fault.TokenExpired.Code, fault.SessionRevoked.Code, fault.TokenReused.Code:
		return l.Say("signin.first")
	case fault.DependencyDown.Code, fault.Overloaded.Code:
		return l.Say("signin.busy")
	}
	if key := "signin." + code; l.Has(key) {
		return l.Say(key)
	}
	return l.Say("signin.other")
}

// done is what a page says after a form was carried out.
func (l tongue) done(code string) string {
	if key := "done." + code; l.Has(key) {
		return l.Say(key)
	}
	return ""
}

// stage is a step of an analysis in words.
func stageWords(l tongue, s assess.Stage) string {
	if key := "stage." + string(s); l.Has(key) {
		return l.Say(key)
	}
	return l.Say("stage.done")
}

// purposeTitle names a purpose: job search.
func purposeTitle(l tongue, p assess.Purpose) string { return l.Say("purpose." + string(p)) }

// purposeWords says what a lens looks at.
func purposeWords(l tongue, p assess.Purpose) string { return l.Say("look." + string(p)) }

// categoryTitle names a category: Hate speech.
func categoryTitle(l tongue, c assess.Category) string { return l.Say("category." + string(c)) }

// levelWord is a severity, or the level of a score: high.
func levelWord(l tongue, level string) string {
	if level == "" {
		return ""
	}
	return l.Say("risk." + level)
}

func statusWords(l tongue, s analysis.Status) string { return l.Say("status." + string(s)) }

// consentTitle names what a consent is about.
func consentTitle(l tongue, kind string) string {
	if key := "consent.title." + kind; l.Has(key) {
		return l.Say(key)
	}
	return capital(kind)
}

// consentWords is what was agreed to. In English that is the text itself; a test compares it with the catalogue.
func consentWords(l tongue, kind string) string {
	if key := "consent.text." + kind; l.Has(key) {
		return l.Say(key)
	}
	return ""
}

// agreedWords is a text to agree to, which a service gives in English.
func agreedWords(l tongue, text string) string {
	if key, ok := english().KeyOf("consent.text.", text); ok {
		return l.Say(key)
	}
	return text
}

// capital begins a title with a capital letter.
func capital(s string) string { return words.Capital(s) }

// health is the state of a linked account in words: an access token that has run out is
// renewed when it is needed, so it is nothing to worry about.
func healthWords(l tongue, health string) string {
	switch health {
	case "reconnect":
		return l.Say("health.reconnect")
	case "revoked":
		return l.Say("health.revoked")
	}
	return l.Say("health.connected")
}

// planWords says where a subscription stands, when that needs saying.
func planWords(l tongue, p billing.Subscription) string {
	switch p.Status {
	case "past_due":
		return pastDueWords(l, p)
	case "unpaid":
		return l.Say("pays.unpaid")
	case "incomplete":
		return l.Say("pays.incomplete")
	case "paused":
		return l.Say("pays.paused")
	case "trialing":
		return trialWords(l, p)
	}
	return ""
}

func pastDueWords(l tongue, p billing.Subscription) string {
	switch {
	case p.Tier.Name == "":
		return l.Say("pays.closed", "next", nextTry(l, p))
	case p.NextTry.After(p.GraceUntil):
		return l.Say("pays.paused_before_try", "until", l.date(p.GraceUntil), "try", l.date(p.NextTry))
	}
	return l.Say("pays.open", "next", nextTry(l, p), "until", l.date(p.GraceUntil))
}

// nextTry says when a failed payment is made again, if it is.
func nextTry(l tongue, p billing.Subscription) string {
	if p.NextTry.IsZero() {
		return ""
	}
	return l.Say("pays.next_try", "at", l.date(p.NextTry)) + " "
}

// trialWords says until when a plan is free, and what comes then.
func trialWords(l tongue, p billing.Subscription) string {
	say := l.Say("trial.until", "until", l.date(p.TrialEnd)) + " "
	switch {
	case p.CancelAtPeriodEnd:
		return say + l.Say("trial.ends")
	case p.NoCard:
		return say + l.Say("trial.no_card")
	}
	return say + l.Say("trial.charged")
}

// adviceFor says what to do about an analysis that failed.
func adviceFor(l tongue, code string) string {
	switch code {
	case fault.SubscriptionRequired.Code, fault.QuotaExceeded.Code:
		return l.Say("live.advice.plan")
	case fault.XBudgetExceeded.Code:
		return l.Say("live.advice.reads")
	case fault.ValidationFailed.Code:
		return l.Say("live.advice.entered")
	case fault.XUnavailable.Code:
		return l.Say("live.advice.x")
	}
	return l.Say("live.advice.other")
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

// sandboxWords says what is not real here.
func sandboxWords(l tongue, standIns []string) string {
	var not []string
	for _, service := range []string{"X", "Stripe", "Claude"} {
		if slices.Contains(standIns, service) {
			not = append(not, l.Say("sandbox."+strings.ToLower(service)))
		}
	}
	if len(not) == 0 {
		return ""
	}
	return l.Say("sandbox", "what", l.either(not))
}

package console_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/analysis"
)

func TestPlan_IsChosenWithOneButtonAndPaidAtTheCheckout(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	p.get("/").shows(http.StatusOK, "Choose a plan", "Choose Basic", "Choose Pro", "Nothing yet.")
	at := must(url.Parse(p.post("/billing/subscribe", url.Values{"tier": {"pro"}}).leadsTo()))(t)
	if !strings.HasPrefix(at.Path, "/stripe/checkout/cs_") {
		t.Fatalf("leads to %s", at)
	}
	p.post("/billing/subscribe", url.Values{"tier": {"gold"}}).shows(http.StatusUnprocessableEntity,
		"There is no such plan. Choose one of those that are shown.", `role="alert"`, "<h1>Your reports</h1>")
}

func TestPlan_WaitsForThePaymentABoundedTime(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	for query, want := range map[string]string{
		"?checkout=done":        "1; url=/?checkout=done&try=1",
		"?checkout=done&try=6":  "1; url=/?checkout=done&try=7",
		"?checkout=done&try=8":  "",
		"?checkout=done&try=-1": "1; url=/?checkout=done&try=1",
		"?checkout=cancelled":   "",
		"":                      "",
	} {
		if got := p.get("/" + query).shows(http.StatusOK).header.Get("Refresh"); got != want {
			t.Errorf("%s: Refresh %q, want %q", query, got, want)
		}
	}
	p.subscribe("pro")
	page := p.get("/?checkout=done").shows(http.StatusOK, "Your plan is active.", "Plan: Pro").hides("Choose a plan")
	if got := page.header.Get("Refresh"); got != "" {
		t.Errorf("Refresh %q with a plan", got)
	}
}

func TestPlan_CanBeCancelledAndKept(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	p.get(p.post("/account/plan/cancel", nil).leadsTo()).shows(http.StatusOK,
		"Your plan will end with the period you have paid for.", "Keep my plan", "It ends on")
	p.get(p.post("/account/plan/resume", nil).leadsTo()).shows(http.StatusOK, "Your plan goes on.",
		"Cancel my plan").hides("Keep my plan")
}

func TestStart_NeedsAPlanAndConsentAndSaysSo(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	form := url.Values{"source": {p.account}, "purpose": {"visa_application"}}
	p.post("/analyses", form).shows(http.StatusUnprocessableEntity, "This needs a plan. Choose one, and",
		`value="visa_application" selected`)
	p.subscribe("basic")
	p.get("/").shows(http.StatusOK, "I agree. "+analysis.ConsentText)
	p.post("/analyses", form).shows(http.StatusUnprocessableEntity, "Please tick the box first")
	form.Set("consent", "yes")
	p.post("/analyses/preview", form).shows(http.StatusOK, "would do this", "read from X", "It takes one of the",
		"Nothing was read or spent", "What would it cost?")
	at := p.post("/analyses", form).leadsTo()
	p.get("/").shows(http.StatusOK, `href="`+at+`"`, "visa application").hides("I agree.")
}

func TestProgress_WorksWithAndWithoutTheScript(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	at := p.post("/analyses", url.Values{"source": {p.account}, "consent": {"yes"}}).leadsTo()
	p.get(at).shows(http.StatusOK, "<h1>Reading @"+ada+"</h1>",
		`<noscript><meta http-equiv="refresh" content="2"></noscript>`,
		`/assets/live.js?v=`, `data-analysis="`+strings.TrimPrefix(at, "/a/")+`"`,
		`<li class="now" data-stage="queued" aria-current="step">`).hides(`data-stage="judge"`)
}

func TestCancel_EndsTheAnalysisAndOffersAnother(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	at := p.post("/analyses", url.Values{"source": {p.account}, "consent": {"yes"}}).leadsTo()
	p.get(p.post(at+"/cancel", nil).leadsTo()).shows(http.StatusOK, "was cancelled",
		"It does not count against your plan.", "Start again", `name="source" value="`+p.account+`"`)
	p.get("/").shows(http.StatusOK, ">Cancelled</span>", "0 of 1,000 used")
}

func TestFailed_SaysWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn("fresh_finn").subscribe("basic")
	p.get(p.completed()).shows(http.StatusOK, "failed</h1>", "Start again",
		"This attempt did not count against your plan.")
}

func TestDelete_RemovesTheReport(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	at := p.completed()
	p.get(p.post(at+"/delete", nil).leadsTo()).shows(http.StatusOK, "The analysis and its report were deleted.").hides(at)
	p.get(at).shows(http.StatusNotFound, "You have no analysis with this id.", "<h1>There is nothing here</h1>")
}

func TestAnalyses_OfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.signIn(ada).subscribe("basic").completed()
	other := w.signIn(gus)
	other.get(at).shows(http.StatusNotFound, "You have no analysis with this id.").hides(ada)
	for _, path := range []string{"/cancel", "/delete", "/findings"} {
		other.post(at+path, url.Values{"do": {"dismiss"}, "chosen": {"x"}}).shows(http.StatusNotFound).hides(ada)
	}
}

func TestHistory_IsShownTenAtATime(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	for range 11 {
		must(0, p.started())(t)
	}
	first := p.get("/").shows(http.StatusOK, `<a href="/?cursor=`)
	older := html.UnescapeString(regexp.MustCompile(`/\?cursor=[^#"]+`).FindString(first.body))
	entries := regexp.MustCompile(`<li><a href="/a/`)
	if n := len(entries.FindAllString(first.body, -1)); n != 10 {
		t.Errorf("%d entries at first", n)
	}
	if n := len(entries.FindAllString(p.get(older).shows(http.StatusOK).body, -1)); n != 1 {
		t.Errorf("%d older entries", n)
	}
}

// started starts an analysis with the service itself.
func (p *person) started() error {
	_, _, err := p.analyses.Start(p.t.Context(), p.me.UserID, analysis.StartRequest{AccountID: p.account, Consent: true})
	return err
}

func TestAccount_ShowsAndChangesWhatIsTheirs(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	p.get("/account").shows(http.StatusOK, "@"+ada, "Connected", "Chrome on Linux", "this browser", `href="/privacy"`)
	p.get(p.post("/account/name", url.Values{"name": {`Ada <script>`}}).leadsTo()).shows(http.StatusOK,
		"Your name was changed.", `value="Ada &lt;script&gt;"`)
	p.get(p.post("/account/preferences", url.Values{"language": {"de"}, "time_zone": {"Europe/Berlin"}}).leadsTo()).
		shows(http.StatusOK, "Ihre Sprache und Zeitzone sind gespeichert.",
			`<option value="de" lang="de" selected>Deutsch</option>`,
			`value="Europe/Berlin"`)
	p.get("/").shows(http.StatusOK, `<html lang="de">`, "Ihre Berichte")
	p.post("/account/preferences", url.Values{"language": {"en"}, "time_zone": {"Europe/Berlin"}}).leadsTo()
	p.post("/account/preferences", url.Values{"language": {"es"}, "time_zone": {"Mars/Crater"}}).
		shows(http.StatusUnprocessableEntity, "Time zone: must be a name such as Europe/Berlin", `value="Mars/Crater"`,
			`<option value="es" lang="es" selected>`)
	p.post("/account/name", url.Values{"name": {""}}).shows(http.StatusUnprocessableEntity,
		"Some of what you entered cannot be used.", "<li>Name: must have 1 to 100 characters")
	p.get(p.post("/account/x/"+p.account+"/refresh", nil).leadsTo()).shows(http.StatusOK,
		"The connection to X was renewed.")
	p.get(p.post("/account/x/"+p.account+"/unlink", nil).leadsTo()).shows(http.StatusOK, "The account was unlinked.",
		"Connect again").hides("Unlink @")
	p.get("/").shows(http.StatusOK, "None of your X accounts can be read right now.")
}

func TestAccount_OfOthersCannotBeTouched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.signIn(ada), w.signIn(gus)
	other.post("/account/x/"+p.account+"/unlink", nil).shows(http.StatusNotFound,
		"There is no linked X account with this id.")
	other.post("/account/x/"+p.account+"/refresh", nil).shows(http.StatusNotFound)
	other.post("/account/sessions/"+p.me.SessionID+"/end", nil).shows(http.StatusNotFound,
		"There is no session with this id.")
	p.get("/account").shows(http.StatusOK, "Connected")
}

func TestSessions_EndOneOrAllOrThisOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, second := w.signIn(ada), w.signIn(ada)
	if at := p.post("/account/sessions/"+second.me.SessionID+"/end",
		nil).leadsTo(); at != "/account?done=session-ended#sessions" {
		t.Errorf("ending another leads to %s", at)
	}
	if n := len(must(w.accounts.Sessions(t.Context(), p.me.UserID))(t)); n != 1 {
		t.Errorf("%d sessions are left", n)
	}
	if at := p.post("/sign-out", nil).leadsTo(); at != "/?done=signed-out" {
		t.Errorf("signing out leads to %s", at)
	}
	third := w.signIn(ada)
	if at := third.post("/account/sessions/end", nil).leadsTo(); at != "/?done=signed-out" {
		t.Errorf("ending all leads to %s", at)
	}
	if n := len(must(w.accounts.Sessions(t.Context(), p.me.UserID))(t)); n != 0 {
		t.Errorf("%d sessions are left in the end", n)
	}
	w.stranger().get("/?done=signed-out").shows(http.StatusOK, "You are signed out.")
}

package console_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/console"
)

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// A form that comes after its session has ended changes nothing and loses nothing: the page holds all of it, and
// sending it from there does what it would have done.
func TestKept_AFormOutlivesItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := url.Values{"url": {`https://example.com/hook?a=<b>&c="d"`}, "kind": {"analysis.failed", "payment.failed"}}
	page := w.stranger().post("/account/webhooks?from=here", form).shows(http.StatusUnauthorized,
		"Nothing that you entered is lost", `action="/account/webhooks?from=here"`, `target="_blank"`,
		"redirect_to=%2Fsigned-in")
	if got := page.header; got.Get("Location") != "" || got.Get("Set-Cookie") != "" ||
		got.Get("Cache-Control") != "no-store" {
		t.Errorf("what was typed may stand where it should not: %v", got)
	}
	kept := hiddenIn(t, page.body)
	p := w.signIn(ada)
	sum := kept["written"]
	kept.Del("written")
	if len(sum) != 1 || kept.Encode() != form.Encode() {
		t.Fatalf("kept is %v with the sum %q", kept, sum)
	}
	kept["written"] = hiddenIn(t, w.formerly(p).post("/account/webhooks?from=here", form).body)["written"]
	p.get("/signed-in").shows(http.StatusOK, "Go back to the tab")
	p.get("/account/webhooks").hides("?a=")
	p.post("/account/webhooks", kept).shows(http.StatusOK, "This is the only time it is shown.")
}

func hiddenIn(t *testing.T, body string) url.Values {
	t.Helper()
	kept := url.Values{}
	for _, f := range hidden.FindAllStringSubmatch(body, -1) {
		kept.Add(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
	}
	return kept
}

// formerly is a stranger in the browser in which somebody's session has ended.
func (w *world) formerly(p *person) *person { return &person{world: w, former: p.me.UserID} }

// What one person typed before the session ended is not carried out in the name of the next who signs in there.
func TestKept_AFormOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	typist, next := w.signIn(ada).subscribe("basic"), w.signIn(gus).subscribe("basic")
	form := url.Values{"confirm": {"yes"}}
	kept := hiddenIn(t, w.formerly(typist).post("/account/plan/cancel", form).shows(http.StatusUnauthorized).body)
	ends := func(p *person) bool {
		return must(w.billing.Subscription(t.Context(), p.me.UserID))(t).CancelAtPeriodEnd
	}
	for name, changed := range map[string]string{"as it was": kept.Get("written"), "damaged": "!", "empty": ""} {
		next.post("/account/plan/cancel", url.Values{"confirm": {"yes"}, "written": {changed}}).
			shows(http.StatusForbidden, "was entered in another account", "@"+gus, "Nothing was carried out.").
			hides(`action="/account/plan/cancel"`)
		if ends(next) || ends(typist) {
			t.Fatalf("%s: a plan was cancelled", name)
		}
	}
	if at := typist.post("/account/plan/cancel", kept).leadsTo(); !ends(typist) || ends(next) {
		t.Errorf("whose form it is was led to %s; it ends %v, the other's %v", at, ends(typist), ends(next))
	}
	next.post("/account/plan/resume", kept).shows(http.StatusForbidden) // nor is it good for another form
}

// Where nobody knows who typed it, the account that it would be carried out for is named first.
func TestKept_AFormOfSomebodyUnknownIsAskedAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(gus).subscribe("basic")
	kept := hiddenIn(t, w.stranger().post("/account/plan/cancel", url.Values{"confirm": {"yes"}}).body)
	page := p.post("/account/plan/cancel", kept).shows(http.StatusConflict, "You are signed in as <b>@"+gus+"</b>",
		`action="/account/plan/cancel"`)
	ends := func() bool { return must(w.billing.Subscription(t.Context(), p.me.UserID))(t).CancelAtPeriodEnd }
	if ends() {
		t.Fatal("the plan was cancelled before it was asked")
	}
	again := hiddenIn(t, page.body)
	w.signIn(ada).post("/account/plan/cancel", again).shows(http.StatusForbidden)
	p.post("/account/plan/cancel", again).leadsTo()
	if !ends() {
		t.Error("the plan was not cancelled after it was confirmed")
	}
}

// What is kept is what somebody has typed: no key and no mark of a choice.
func TestKept_ShowsWhatWasTyped(t *testing.T) {
	t.Parallel()
	newWorld(t).stranger().post("/a/1/findings", url.Values{
		"why": {"a joke"}, "key": {"key-1"}, "chosen": {"chosen-1"}, "once": {"once-1"},
	}).shows(http.StatusUnauthorized, `<li dir="auto">a joke</li>`).
		hides(`<li dir="auto">key-1`, `<li dir="auto">chosen-1`, `<li dir="auto">once-1`)
}

func TestKept_WhatIsTooMuchOrNoFormIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := url.Values{}
	for range 501 {
		many.Add("chosen", "x")
	}
	for name, form := range map[string]url.Values{"many fields": many, "a large one": {"name": {strings.Repeat("a",
		70_000)}}} {
		if at := w.stranger().post("/account/name", form).leadsTo(); at != "/?error=unauthenticated" {
			t.Errorf("%s leads to %s", name, at)
		}
	}
}

// Whatever is refused, what was typed stands in the form again.
func TestForms_KeepWhatWasTypedWhenTheyAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(gus).subscribe("basic")
	p.post("/schedules", weeklyForm(p.account)).leadsTo()
	schedule := regexp.MustCompile(`/schedules/([0-9a-f-]{36})/pause`).FindStringSubmatch(p.get("/schedules").body)[1]
	p.post("/account/keys", url.Values{
		"name": {"mine"}, "scope": {"analyses:read"},
		"days": {"90"},
	}).shows(http.StatusOK)
	key := regexp.MustCompile(`/account/keys/([0-9a-f-]{36})/rotate`).FindStringSubmatch(p.get("/account/keys").body)[1]
	for name, c := range map[string]struct {
		path string
		form url.Values
		want []string
	}{
		"a name": {"/account/name", url.Values{"name": {strings.Repeat("n", 101)}}, []string{`value="` +
			strings.Repeat("n", 101) + `"`}},
		"an ending": {"/privacy/erase", url.Values{"confirm": {"@somebody"}}, []string{`name="confirm" value="@somebody"`}},
		"a webhook": {
			"/account/webhooks",
			url.Values{"url": {"http://nowhere"}, "kind": {"analysis.failed"}},
			[]string{`value="http://nowhere"`, `value="analysis.failed" checked`},
		},
		"a key": {
			"/account/keys",
			url.Values{"name": {""}, "scope": {"audit:read"}, "days": {"30"}},
			[]string{`value="audit:read" checked`, `<option value="30" selected>`},
		},
		"a rotation": {
			"/account/keys/" + key + "/rotate",
			url.Values{"hours": {"72"}, "days": {"9999"}},
			[]string{"<details open>", `<option value="72" selected>`},
		},
		"a change of a schedule": {
			"/schedules/" + schedule,
			url.Values{
				"every": {"monthly"}, "weekday": {"2"}, "day": {"17"}, "time": {"07:15"}, "zone": {"Nowhere/Land"},
				"purpose": {"academic"}, "ceiling": {"9.75"},
			},
			[]string{
				"<details open>", `value="monthly" selected`, `value="17"`, `value="07:15"`, `value="Nowhere/Land"`,
				`value="academic" selected`,
				`value="9.75"`, "Every Wednesday at 09:30 (Europe/Lisbon)",
			},
		},
		"a start": {
			"/analyses",
			url.Values{"source": {"nobody"}, "purpose": {"academic"}, "consent": {"yes"}},
			[]string{`value="academic" selected`},
		},
	} {
		page := p.post(c.path, c.form)
		if page.status < 400 {
			t.Errorf("%s: status %d", name, page.status)
		}
		page.shows(page.status, append(c.want, `role="alert"`)...)
	}
	w.signIn(ada).post("/analyses", url.Values{"source": {"nobody"}, "consent": {"yes"}}).
		shows(http.StatusNotFound, `name="consent" value="yes" checked`)
}

// A reason that is too long for a dismissal is given back, with what it was for.
func TestReview_ARefusedReasonStaysWithWhatWasChosen(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus).subscribe("basic")
	at := p.completed()
	id := regexp.MustCompile(`name="chosen" value="([^"]+)"`).FindStringSubmatch(p.get(at).body)[1]
	why := strings.Repeat("because ", 70)
	p.post(at+"/findings", url.Values{"do": {"dismiss"}, "chosen": {id}, "why": {why}}).
		shows(http.StatusUnprocessableEntity, "Say why in at most 500 characters.", "1 finding chosen.",
			`id="why-many" name="why" value="`+why+`"`)
}

// What cannot be reached for the moment is offered again with all that was typed.
func TestForm_RefusedForTheMomentCanBeSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(ada)
	w.stopStripe()
	p.post("/billing/subscribe", url.Values{"tier": {"pro"}}).shows(http.StatusServiceUnavailable, `role="alert"`,
		`<form method="post" action="/billing/subscribe"><input type="hidden" name="tier" value="pro">`,
		"Send it again")
}

func TestCheckout_LeavingItIsTold(t *testing.T) {
	t.Parallel()
	newWorld(t).signIn(ada).get("/?checkout=cancelled").shows(http.StatusOK,
		"You left before paying, so no plan has begun and nothing was charged.", "Choose Pro")
}

// Pages for persons give no advice to programmers.
func TestRefuse_SaysWhereToGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]string{
		"/api/v1/users/me/export/1/package.zip": `href="/privacy#export">Make another package`,
		"/api/v1/analyses/1/report.pdf":         `href="/history">Look at your reports`,
		"/archives":                             `>Sign in with X</a>`,
		"/nowhere":                              `<a href="/">To the front page</a>`,
	} {
		if got := w.refused(w.console, path); !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func (w *world) refused(c *console.Console, path string) string {
	w.t.Helper()
	return w.recorded(func(rec http.ResponseWriter, r *http.Request) {
		c.Refuse(rec, r, http.StatusNotFound,
			"Gone.")
	}, path)
}

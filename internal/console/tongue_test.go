package console_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/sample"
	"github.com/repazoo/repazoo/internal/words"
)

// spoken are the texts of a page that somebody reads or hears, but for what people wrote, those that are marked with
// another language, and those for programs.
func spoken(n *html.Node, into map[string]bool) map[string]bool {
	if n.Type == html.TextNode {
		if s := strings.Join(strings.Fields(n.Data), " "); s != "" {
			into[s] = true
		}
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "lang" && n.Data != "html", a.Key == "dir", n.Data == "code", n.Data == "script", n.Data == "style":
			return into
		case a.Key == "aria-label", a.Key == "placeholder", a.Key == "alt", a.Key == "title", a.Key == "content":
			into[a.Val] = true
		}
	}
	for c := range n.ChildNodes() {
		spoken(c, into)
	}
	return into
}

// foreign are the English texts of a catalogue that a page in another language says.
func foreign(l *words.Language, page string) []string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	said, own := spoken(root, map[string]bool{}), map[string]bool{}
	for s := range l.Texts() {
		own[s] = true
	}
	var found []string
	for english := range words.For(words.English).Texts() {
		sentence := strings.Count(english, " ") >= 3
		for s := range said {
			if !own[english] && (s == english || sentence && strings.Contains(s, english)) {
				found = append(found, s)
			}
		}
	}
	slices.Sort(found)
	return found
}

// ofEnglish are words that German and Spanish do not have.
var ofEnglish = regexp.MustCompile(`(?i)\b(the|of|and|with|from|your|you|this|that|are|which|what|not|without|show)\b`)

// english are the texts of a page that have a word of English, but for what people wrote.
func english(page string, quotes *strings.Replacer) []string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for s := range spoken(root, map[string]bool{}) {
		if ofEnglish.MatchString(quotes.Replace(s)) {
			found = append(found, s)
		}
	}
	slices.Sort(found)
	return found
}

// quotesOf takes what people wrote out of a page: as it is, and as far as a line has room for it.
func quotesOf(findings []assess.Finding) *strings.Replacer {
	pairs := []string{"from:", ""} // which X wants in a search
	for _, f := range findings {
		line := strings.Join(strings.Fields(f.Quote), " ")
		for _, s := range []string{f.Quote, line, string([]rune(line)[:min(80, len([]rune(line)))])} {
			if s != "" {
				pairs = append(pairs, s, "")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// reportOf are the findings of the report at an address.
func reportOf(p *person, at string) []assess.Finding {
	p.t.Helper()
	r := must(p.analyses.Report(p.t.Context(), p.me.UserID, strings.TrimPrefix(at, "/a/")))(p.t)
	return r.Findings
}

// In German and in Spanish no page has a sentence in English, and each says which language it is in.
func TestPages_AreWhollyInTheLanguageOfTheirReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(gus).subscribe("pro")
	first, second := p.completed(), p.completed()
	id := strings.TrimPrefix(second, "/a/")
	p.post("/schedules", url.Values{
		"account": {p.account}, "every": {"weekly"}, "weekday": {"1"}, "day": {"1"}, "time": {"09:00"},
		"zone": {"UTC"}, "purpose": {"job_search"}, "consent": {"yes"},
	}).leadsTo()
	p.post("/account/keys", url.Values{"name": {"k"}, "scope": {"analyses:read"}, "days": {"30"}}).shows(http.StatusOK)
	chosen := regexp.MustCompile(`name="chosen" value="([^"]+)"`).FindStringSubmatch(p.get(second).body)
	tidy := p.post(second+"/cleanup", url.Values{"chosen": chosen[1:]}).leadsTo()
	fresh, sampled := w.signIn(ada), must(sample.Report())(t).Findings
	p.post(second+"/shares", url.Values{"hours": {"24"}, "section": {"score", "charts"}, "purpose": {"academic"}}).
		shows(http.StatusOK)
	paths := map[string]*person{
		"/": p, "/history": p, "/compare?" + url.Values{
			"from": {strings.TrimPrefix(first, "/a/")}, "to": {id},
		}.Encode(): p,
		"/account": p, "/account/plan": p, "/account/plan/change?tier=basic": p, "/account/notices": p,
		"/account/webhooks": p,
		"/account/keys":     p, "/account/activity": p, "/schedules": p, "/privacy": p, tidy: p,
		tidy + "/by-hand": p, "/signed-in": p, "/email/confirm?token=x": p, "/no/such/page": p,
		"/history?account=" + fresh.account: fresh, "/schedules?": fresh, "/account/plan?": fresh, "/?checkout=done": fresh,
		"/help": w.stranger(), "/privacy-policy": w.stranger(), "/terms": w.stranger(), "/security": w.stranger(),
		"/contact": w.stranger(), "/?next=": w.stranger(), "/?error=forbidden": fresh, "/privacy?done=withdrawn": fresh,
		"/cleanups/none": fresh,
		second:           p, second + "?purpose=academic&state=all&q=the": p, second + "?q=nothinglikeit": p,
		second + "?chosen=" + reportOf(p, second)[0].ID: p, second + "/shares": p,
		"/a/none": p, "/sample": w.stranger(), "/sample?purpose=academic&chosen=" + sampled[0].ID: w.stranger(),
	}
	admin := w.signIn(ada)
	admin.me.Role = "admin"
	for _, path := range []string{
		"", "/jobs", "/jobs?all=1", "/inbox", "/inbox?all=1", "/users", "/users?who=nobody", "/users/" + p.me.UserID, "/cost",
		"/billing?days=7",
	} {
		paths["/admin"+path] = admin
	}
	quotes := quotesOf(append(reportOf(p, second), sampled...))
	for _, l := range words.Languages()[1:] {
		for path, who := range maps.All(paths) {
			page := who.with("Accept-Language", l.Tag, path)
			if path == "/no/such/page" {
				page = who.refused(l.Tag)
			}
			if !strings.Contains(page.body, `<html lang="`+l.Tag+`">`) || page.header.Get("Content-Language") != l.Tag ||
				!slices.Contains(page.header.Values("Vary"), "Accept-Language") {
				t.Errorf("%s in %s: status %d, %v", path, l.Tag, page.status, page.header)
			}
			for _, s := range append(foreign(l, page.body), english(page.body, quotes)...) {
				t.Errorf("%s in %s says %q", path, l.Tag, s)
			}
		}
	}
}

// refused is the page for an address that there is not, which the HTTP layer asks for.
func (p *person) refused(tag string) seen {
	p.t.Helper()
	recorder := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(p.context(), http.MethodGet, "/no/such/page", nil)
	r.Header.Set("Accept-Language", tag)
	p.console.Refuse(recorder, r, http.StatusNotFound, "There is nothing here.")
	return seen{p.t, recorder.Code, recorder.Result().Header, recorder.Body.String()}
}

// A refusal with values says as much in every language.
func TestRefusals_KeepTheirValuesInEveryLanguage(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	for tag, want := range map[string]string{
		"de": "Begründen Sie es in höchstens 500 Zeichen.", "es": "Diga el motivo en 500 caracteres como máximo.",
	} {
		if err := p.accounts.Prefer(t.Context(), p.me.UserID, account.Wish{Language: &tag}); err != nil {
			t.Fatal(err)
		}
		p.post(p.at+"/findings", url.Values{"do": {"dismiss"}, "chosen": {"x"}, "why": {strings.Repeat("a", 501)}}).
			shows(http.StatusUnprocessableEntity, want)
	}
}

// The chosen language goes before that of the browser, also for the page of a report.
func TestPages_AreInTheLanguageThatWasChosen(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	german := "de"
	if err := p.accounts.Prefer(t.Context(), p.me.UserID, account.Wish{Language: &german}); err != nil {
		t.Fatal(err)
	}
	p.with("Accept-Language", "es", "/history").shows(http.StatusOK, `<html lang="de">`, "Ihre Daten")
	p.with("Accept-Language", "es", "/a/none").shows(http.StatusNotFound, `<html lang="de">`,
		"Ihre Daten").hides("Your data")
}

// A consent that is given in another language is given to the same text. Nobody but a reader can tell: whoever changes
// one of the languages reads all of them side by side, sentence by sentence, and then writes the new hash here.
func TestConsents_WereReadSideBySideInEveryLanguage(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		analysis.ConsentKind: "63a18c77d4f9", analysis.RetentionKind: "07f2b6ff26e0",
		analysis.KeepKind: "9198f2076487", cleanup.ConsentKind: "4caa3a1910c4",
	} {
		h := sha256.New()
		for _, l := range words.Languages() {
			fmt.Fprintln(h, l.Tag, l.Say("consent.text."+kind))
		}
		if got := hex.EncodeToString(h.Sum(nil)[:6]); got != want {
			t.Errorf("%s: %s is not %s: are the texts still the same in all languages?", kind, got, want)
		}
	}
}

// An upload counts as consent, so its text stands beside the button.
func TestUpload_ShowsWhatIsAgreedToByIt(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("pro")
	for _, l := range words.Languages() {
		page := p.with("Accept-Language", l.Tag, "/").body
		if !strings.Contains(html.UnescapeString(page), l.Say("consent.text."+analysis.RetentionKind)) {
			t.Errorf("the page in %s does not say it", l.Tag)
		}
	}
}

// What a person agrees to is what the service means by it: the catalogue has the very text.
func TestConsents_StandInTheCatalogueWordForWord(t *testing.T) {
	t.Parallel()
	english := words.For(words.English)
	for kind, text := range map[string]string{
		analysis.ConsentKind: analysis.ConsentText, analysis.KeepKind: analysis.KeepText,
		analysis.RetentionKind: analysis.RetentionText, cleanup.ConsentKind: cleanup.ConsentText,
	} {
		if got := english.Say("consent.text." + kind); got != text {
			t.Errorf("%s: %q, not %q", kind, got, text)
		}
	}
	for _, p := range assess.Purposes {
		if got := english.Say("purpose." + string(p)); got != p.Title() {
			t.Errorf("%s: %q", p, got)
		}
	}
	for _, c := range assess.Categories {
		if got := english.Say("category." + string(c)); got != c.Title() {
			t.Errorf("%s: %q", c, got)
		}
	}
}

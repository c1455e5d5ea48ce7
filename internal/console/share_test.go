package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// wish is the form for a link with these sections.
func wish(sections ...string) url.Values {
	return url.Values{
		"note": {"My <coach>"}, "hours": {"168"}, "purpose": {"visa_application"}, "section": sections,
		"key": {"form-1"},
	}
}

// shared makes a link and returns its path.
func (r reader) shared(form url.Values) string {
	r.t.Helper()
	page := r.post(r.at+"/shares", form).shows(http.StatusOK, "this is the only time it is shown")
	m := regexp.MustCompile(`id="secret">[^<]*(/shared/[A-Z2-7]{26,})<`).FindStringSubmatch(page.body)
	if m == nil || page.header.Get("Cache-Control") != "no-store" {
		r.t.Fatalf("no link is shown, or the page may be stored:\n%s", page.body)
	}
	return m[1]
}

func TestShare_AStrangerReadsTheMaskedReportBehindAButton(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.reader(gus)
	quote := r.report().Findings[0].Quote
	link := r.shared(wish("score", "steps", "findings", "charts", "coverage"))
	stranger := w.stranger()

	door := stranger.get(link).shows(http.StatusOK, "Open the report").hides(gus, "Risk score", "<script", quote, "coach")
	page := stranger.post(link, nil).shows(http.StatusOK, "What the posts of an X account say", "visa application",
		"This copy is masked",
		"What to do", "Findings", "Risk by year", "How much was read", "The link ends on").
		hides(gus, "<script", "x.com", "coach", quote, "<blockquote", "Receipt")
	for name, s := range map[string]seen{
		"the door": door, "the report": page,
		"what is not there": stranger.get("/shared/nothing"),
	} {
		for header, want := range map[string]string{"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"} {
			if got := s.header.Get(header); got != want {
				t.Errorf("%s has %s %q, want %q", name, header, got, want)
			}
		}
		if policy := s.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") ||
			strings.Contains(policy, "script-src") || strings.Contains(policy, "http") ||
			!strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s has the policy %q", name, policy)
		}
	}
	list := r.get(r.at+"/shares").shows(http.StatusOK, "My &lt;coach&gt;", "Opened 1 time.", "When it was opened",
		"an unknown browser")
	if strings.Contains(list.body, link) {
		t.Error("the link is shown again")
	}
	r.post(link, nil).shows(http.StatusOK)
	r.get(link).shows(http.StatusOK, "This is your own link")
	r.get(r.at+"/shares").shows(http.StatusOK, "Opened 1 time.")
}

func TestShare_ShowsTheChosenSectionsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.reader(gus)
	parts := map[string]string{
		"score": `class="gauge"`, "steps": "What to do", "findings": `id="report-findings"`, "quotes": "<blockquote",
		"charts":   `id="report-engagement"`,
		"coverage": "How much was read",
	}
	for _, chosen := range [][]string{
		{"score"}, {"steps"}, {"findings"}, {"findings", "quotes"}, {"charts"}, {"coverage"},
	} {
		form := wish(chosen...)
		form.Set("key", strings.Join(chosen, "-"))
		page := w.stranger().post(r.shared(form), nil).shows(http.StatusOK)
		for section, words := range parts {
			has, want := strings.Contains(page.body, words), strings.Contains(strings.Join(chosen, " "), section)
			if has != want {
				t.Errorf("chosen %v: %q is there: %v", chosen, words, has)
			}
		}
		if chosen[0] != "score" {
			page.hides("</strong> points", "Risk by year", "The points add up")
		}
	}
}

func TestShare_ALinkThatWasRevokedAnswersLikeOneThatNeverWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.reader(gus)
	link := r.shared(wish("score"))
	never := "/shared/" + strings.Repeat("A", 26)
	list := r.get(r.at+"/shares").shows(http.StatusOK, "Open until")
	revoke := regexp.MustCompile(`action="(/a/[^"]+/revoke)"`).FindStringSubmatch(list.body)
	w.signIn(ada).post(revoke[1], nil).shows(http.StatusNotFound)
	w.stranger().get(link).shows(http.StatusOK)
	r.get(r.post(revoke[1], nil).leadsTo()).shows(http.StatusOK, "The link is revoked: it opens no more.", "Revoked ")
	for _, way := range []func(string) seen{
		w.stranger().get, func(path string) seen { return w.stranger().post(path, nil) },
	} {
		gone, unknown := way(link).shows(http.StatusNotFound), way(never).shows(http.StatusNotFound)
		if gone.body != unknown.body {
			t.Errorf("one says\n%s\nand the other\n%s", gone.body, unknown.body)
		}
	}
}

func TestShare_IsReadInTheLanguageOfWhoeverOpensIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.reader(gus)
	link := r.shared(wish("score", "findings"))
	w.stranger().get(link).shows(http.StatusOK, `lang="en"`, "A report is shared with you", `hreflang="de"`)
	w.stranger().get(link+"?lang=de").shows(http.StatusOK,
		`<section class="card narrow" aria-labelledby="door" lang="de">`,
		"Ein Bericht wurde mit Ihnen geteilt", `action="`+link+`?lang=de"`, "Bericht öffnen", `hreflang="es"`,
		"dass der Bericht geöffnet wurde")
	opened := w.stranger().post(link+"?lang=de", nil).shows(http.StatusOK, `<html lang="de">`, "Ein geteilter Bericht",
		"Vom Verfasser der Beiträge mit Ihnen geteilt", "Uhr (UTC)")
	if got := opened.header.Get("Content-Language"); got != "de" {
		t.Errorf("the answer says that it is in %q", got)
	}
	reader := w.signIn(ada)
	reader.post("/account/preferences", url.Values{"language": {"es"}}).leadsTo()
	reader.get(link).shows(http.StatusOK, "Se ha compartido un informe con usted")
	reader.post(link, nil).shows(http.StatusOK, `<html lang="es">`, "Compartido con usted")
	reader.get(link+"?lang=tlh").shows(http.StatusOK, "Se ha compartido un informe con usted")
}

func TestShare_AFormThatIsSentAgainOrRefusedKeepsWhatWasChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.reader(gus)
	r.shared(wish("score"))
	r.post(r.at+"/shares", wish("score")).shows(http.StatusUnprocessableEntity, "This link was made already")
	r.post(r.at+"/shares", wish("quotes")).shows(http.StatusUnprocessableEntity, "Quotes are shown with the findings",
		`value="quotes" checked`, `value="My &lt;coach&gt;"`, `value="visa_application" selected`)
	w.signIn(ada).get(r.at + "/shares").shows(http.StatusNotFound)
}

func TestReport_LeadsToMaskedDownloadsAndToSharingThroughTheLens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.reader(gus)
	page := r.get(r.at + "?purpose=academic")
	if got := page.link("PDF, masked"); !strings.HasSuffix(got, "/report.pdf?mask=true&purpose=academic") {
		t.Errorf("the masked PDF is at %s", got)
	}
	r.get(page.link("Share")).shows(http.StatusOK, `value="academic" selected`)
}

package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/words"
)

// translated is the sample with what is kept by codes, for a reader of a language.
func translated(t *testing.T, tag string) *assess.Report {
	t.Helper()
	r := sample()
	codes := []string{"screen.harassment.insult", "own.profanity", "screen.violence.wish", "screen.profanity.common"}
	for i, code := range codes {
		r.Findings[i].ReasonCode, r.Findings[i].Reason = code, words.For(words.English).Say(code)
	}
	r.Coverage.Unread = []words.Message{words.M("unread.gap", "span", "before", "to", today.AddDate(-8, 0, 0),
		"reason", assess.GapXEnds, "limit", 3200)}
	r.Coverage.OutOfReach = assess.Sentences(words.For(words.English), r.Coverage.Unread)
	r.Coverage.Gaps = []assess.Gap{{
		To: new(today.AddDate(-8, 0, 0)), Reason: assess.GapXEnds,
		Remedy: "Upload your X archive.",
	}}
	r.Privacy.Read = []string{"posts"}
	seen, err := r.Through(assess.Lens{Language: tag})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestWrite_SaysItInGermanAndInSpanish(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"de", "es"} {
		golden(t, "sample."+tag+".txt", written(t, translated(t, tag), Text))
	}
}

// Whoever reads German finds no English but in the posts themselves, in any format for people.
func TestWrite_LeavesNoEnglishInAnotherLanguage(t *testing.T) {
	t.Parallel()
	tags := regexp.MustCompile(`(?s)<style>.*</style>|<[^>]*>`)
	for _, tag := range []string{"de", "es"} {
		r := translated(t, tag)
		page := written(t, r, HTML)
		if !strings.Contains(page, `<html lang="`+tag+`">`) {
			t.Errorf("the page does not say that it is in %s", tag)
		}
		own := map[string]bool{}
		for s := range words.For(tag).Texts() {
			own[s] = true
		}
		shown := map[string]string{
			"HTML": tags.ReplaceAllString(page, "\n"), "PDF": readPDF(t, r).Text(),
			"text": written(t, r, Text),
		}
		for name, text := range shown {
			if strings.Contains(text, "{") && name != "HTML" {
				t.Errorf("%s in %s lacks a value", name, tag)
			}
			for english := range words.For(words.English).Texts() {
				whole := regexp.MustCompile(`(?m)(^|[^\pL])` + regexp.QuoteMeta(english) + `($|[^\pL])`)
				if len(english) >= 8 && !own[english] && whole.MatchString(text) {
					t.Errorf("%s in %s holds %q", name, tag, english)
				}
			}
		}
	}
}

func TestWrite_ThePDFNamesItsLanguage(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"en", "de", "es"} {
		if got := readPDF(t, translated(t, tag)).Lang; got != tag {
			t.Errorf("the PDF in %s says that it is in %q", tag, got)
		}
	}
}

// A reason that the model wrote stays as it is, and is marked. One that the word screen gave before reasons had codes
// is known by its English.
func TestThrough_TranslatesWhatHasACodeAndMarksWhatTheModelWrote(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Findings[0].Reason = "Calls somebody you know an idiot."
	r.Findings[1].Reason, r.Findings[1].ReasonCode = "Insults somebody directly.", ""
	seen, err := r.Through(assess.Lens{Language: "de"})
	if err != nil {
		t.Fatal(err)
	}
	page := written(t, seen, HTML)
	for _, want := range []string{
		`<span lang="en">Calls somebody you know an idiot.</span>`, "Beleidigt jemanden direkt.",
		"stehen hier in der damaligen",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	back, err := seen.Through(assess.Lens{Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if got := written(t, back, HTML); strings.Contains(got, "lang=\"de\"") || strings.Contains(got, "Beleidigt") {
		t.Error("German is left in English")
	}
}

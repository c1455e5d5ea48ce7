package console_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/console"
	"github.com/repazoo/repazoo/internal/review"
)

// reader is a person with the report that they go through.
type reader struct {
	*person
	at string // its page
}

func (w *world) reader(handle string) reader {
	w.t.Helper()
	p := w.signIn(handle).subscribe("basic")
	return reader{p, p.completed()}
}

func (r reader) report() *assess.Report {
	r.t.Helper()
	return must(r.analyses.Report(r.t.Context(), r.me.UserID, strings.TrimPrefix(r.at, "/a/")))(r.t)
}

// listed are the findings that a page lists, in their order.
func (s seen) listed() []string {
	var ids []string
	for _, m := range regexp.MustCompile(`<li class="finding[^"]*" id="f-([^"]+)"`).FindAllStringSubmatch(s.body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// total is the score that stays in sight.
func (s seen) total() string {
	return regexp.MustCompile(`Risk score [\d.]+`).FindString(s.body)
}

// link is where the first link leads whose words match.
func (s seen) link(words string) string {
	s.t.Helper()
	m := regexp.MustCompile(`<a[^>]* href="([^"]+)"[^>]*>\s*` + words).FindStringSubmatch(s.body)
	if m == nil {
		s.t.Fatalf("no link says %q:\n%s", words, s.body)
	}
	return html.UnescapeString(m[1])
}

func idsOf(findings []assess.Finding) []string {
	ids := make([]string, len(findings))
	for i, f := range findings {
		ids[i] = f.ID
	}
	return ids
}

func TestReport_SaysFirstWhatDecidesAndWhatItWouldBeWithout(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	r := p.report()
	page := p.get(p.at).shows(http.StatusOK, "Three posts weigh most.", "Without these three:", "/assets/review.css?v=",
		"What to do",
		html.EscapeString(r.Findings[0].Quote), html.EscapeString(r.Recommendations[0].Title)).hides(">" +
		r.Findings[0].PostID + "<")
	first, _, _ := strings.Cut(page.body, `id="todo"`)
	for _, words := range []string{"Delete on X", "Dismiss", "Open"} {
		if n := strings.Count(first, ">"+words+"<span"); n != 3 {
			t.Errorf("%q stands %d times at the posts that weigh most, want 3", words, n)
		}
	}
	p.get(page.link("Look at the report with them chosen")).shows(http.StatusOK, "Without the ",
		" chosen: <b>").hides("Without the no chosen")
}

// Each step can be ticked without a script, whichever page of the report one looks at, and the tick is there in another
// browser too.
func TestReport_TicksOfWhatToDoAreKept(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	steps := regexp.MustCompile(`name="step" value="([^"]*)"`).FindAllStringSubmatch(p.get(p.at).body, -1)
	if len(steps) != len(p.report().Recommendations) {
		t.Fatalf("%d steps can be ticked, want %d", len(steps), len(p.report().Recommendations))
	}
	for i, step := range steps {
		next := p.post(p.at+"/steps?severity=high", url.Values{"step": {step[1]}, "done": {"yes"}}).leadsTo()
		if next != p.at+"?severity=high#todo" {
			t.Fatalf("a tick leads to %s", next)
		}
		if n := strings.Count(p.get(p.at).body, `class="tick" aria-pressed="true"`); n != i+1 {
			t.Fatalf("after %d ticks there are %d", i+1, n)
		}
	}
	p.post(p.at+"/steps", url.Values{"step": {steps[0][1]}}).leadsTo()
	if n := strings.Count(p.get(p.at).body, `class="tick" aria-pressed="true"`); n != len(steps)-1 {
		t.Errorf("after one was taken back there are %d", n)
	}
}

func TestReport_OfAnAccountWithoutRiskSaysSo(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(ada)
	for len(p.get(p.at).listed()) > 0 {
		p.post(p.at+"/findings", url.Values{"do": {"dismiss"}, "chosen": p.get(p.at).listed()}).leadsTo()
	}
	p.get(p.at).shows(http.StatusOK, "Low risk. Nothing was found that counts.").hides("Without these")
}

func TestReport_PagesHoldEveryFindingOnceAndHeaviestFirst(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	want := idsOf(p.report().Findings)
	if len(want) <= 2*console.FindingsPerPage {
		t.Fatalf("%d findings are too few", len(want))
	}
	page := p.get(p.at).shows(http.StatusOK, fmt.Sprintf("Page 1 of %d",
		(len(want)+console.FindingsPerPage-1)/console.FindingsPerPage)).hides(`rel="prev"`)
	got := page.listed()
	for strings.Contains(page.body, `rel="next"`) {
		page = p.get(page.link("Next")).shows(http.StatusOK, `rel="prev"`)
		got = append(got, page.listed()...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, beyond := range []string{"?page=1000", "?page=9223372036854775807"} {
		if diff := cmp.Diff(page.listed(), p.get(p.at+beyond).listed()); diff != "" {
			t.Errorf("beyond the last page: %s", diff)
		}
	}
}

func TestReport_FiltersStandInTheAddressAndFitTheFindings(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	all := p.report().Findings
	f := all[len(all)/2]
	year := f.PostedAt.UTC().Year()
	word := strings.Fields(f.Quote)[0]
	for name, at := range map[string]struct {
		address string
		query   review.Query
	}{
		"severity": {"?severity=" + string(f.Severity), review.Query{Severity: f.Severity}},
		"category": {"?category=" + string(f.Category), review.Query{Category: f.Category}},
		"year":     {fmt.Sprintf("?year=%d", year), review.Query{Year: year}},
		"source":   {"?source=model", review.Query{Source: review.ByModel}},
		"words":    {"?" + url.Values{"q": {strings.ToUpper(word)}}.Encode(), review.Query{Text: word}},
		"two": {
			fmt.Sprintf("?year=%d&category=%s", year, f.Category),
			review.Query{Year: year, Category: f.Category},
		},
		"dismissed":   {"?state=dismissed", review.Query{State: review.Dismissed}},
		"no such one": {"?severity=grave&category=x&source=me&year=x&state=x&page=-3", review.Query{}},
	} {
		want := idsOf(at.query.Pick(all))
		want = want[:min(len(want), console.FindingsPerPage)]
		if got := p.get(p.at + at.address).shows(http.StatusOK).listed(); !slices.Equal(got, want) {
			t.Errorf("%s: the page lists %v, want %v", name, got, want)
		}
	}
	p.get(p.at+"?q=zzzzzz").shows(http.StatusOK, "Nothing matches.", `value="zzzzzz"`)
}

func TestReport_LinksAndFormsKeepTheAddress(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	const narrow = "severity=low&state=all"
	page := p.get(p.at+"?"+narrow+"&page=2").shows(http.StatusOK, html.EscapeString(p.at+"/findings?page=2&"+narrow))
	lens := page.link("Academic")
	if lens != p.at+"?page=2&purpose=academic&"+narrow {
		t.Errorf("another lens leads to %s", lens)
	}
	seen := p.get(lens).shows(http.StatusOK, "made for",
		html.EscapeString("/report.pdf?purpose=academic")).hides(`/report.pdf"`)
	if next := seen.link("Next"); next != p.at+"?page=3&purpose=academic&"+narrow+"#findings" {
		t.Errorf("the next page is %s", next)
	}
	chosen := seen.listed()[0]
	back := p.post(p.at+"/findings?page=2&purpose=academic&"+narrow,
		url.Values{"do": {"dismiss"}, "chosen": {chosen}, "next": {seen.listed()[1]}}).leadsTo()
	if want := p.at + "?did=dismissed&page=2&purpose=academic&" + narrow + "&undo=" + chosen + "#f-" +
		seen.listed()[1]; back != want {
		t.Errorf("after a dismissal it goes on at %s, want %s", back, want)
	}
	p.get(p.at+"?purpose=astrology").shows(http.StatusOK, `/report.pdf"`).hides("made for")
	for _, odd := range []string{"", `"><b>`, strings.Repeat("a", 65)} {
		if to := p.post(p.at+"/findings", url.Values{
			"do": {"restore"}, "chosen": {chosen},
			"next": {odd},
		}).leadsTo(); !strings.HasSuffix(to, "#findings") {
			t.Errorf("next %q leads to %s", odd, to)
		}
	}
}

func TestReview_DismissedChangesTheScoreAndIsTakenBackWithOneButton(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	before := p.get(p.at).shows(http.StatusOK)
	id := before.listed()[0]
	after := p.get(p.post(p.at+"/findings", url.Values{
		"do": {"dismiss"}, "chosen": {id},
		"why": {`quoting <b>a song</b>`},
	}).leadsTo()).
		shows(http.StatusOK, "1 finding dismissed.", `id="undo" name="do" value="restore"`,
			"what was dismissed since makes it")
	if before.total() == after.total() || slices.Contains(after.listed(), id) {
		t.Errorf("%s before and %s after; listed still: %v", before.total(), after.total(),
			slices.Contains(after.listed(), id))
	}
	p.get(p.at+"?state=dismissed").shows(http.StatusOK, html.EscapeString("Dismissed: quoting <b>a song</b>"),
		"Restore").hides("1 finding dismissed.")
	restored := p.get(p.post(p.at+"/findings", url.Values{"do": {"restore"}, "chosen": {id}}).leadsTo()).
		shows(http.StatusOK, "1 finding restored.", `id="undo" name="do" value="dismiss"`)
	if before.total() != restored.total() || restored.listed()[0] != id {
		t.Errorf("%s before and %s in the end", before.total(), restored.total())
	}
	p.get(p.at + "?did=dismissed&undo=" + id).shows(http.StatusOK).hides("1 finding dismissed.") // it is not any more
	p.post(p.at+"/findings", url.Values{"do": {"dismiss"}, "chosen": {id}, "why": {strings.Repeat("a", 501)}}).
		shows(http.StatusUnprocessableEntity, "Say why in at most 500 characters.")
}

func TestReview_ManyAtOnceAreAllDoneOrNone(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	before := p.get(p.at)
	ids := before.listed()[:5]
	p.post(p.at+"/findings", url.Values{"do": {"dismiss"}, "chosen": append([]string{"unknown"}, ids...)}).
		shows(http.StatusNotFound, "You have no finding with this id.")
	p.post(p.at+"/findings", url.Values{"do": {"dismiss"}}).shows(http.StatusUnprocessableEntity,
		"Choose between 1 and 100 findings.")
	if got := p.get(p.at).total(); got != before.total() {
		t.Fatalf("a refused form moved the score from %s to %s", before.total(), got)
	}
	told := p.get(p.at+"?chosen="+strings.Join(ids, "&chosen=")).shows(http.StatusOK, "Without the five chosen",
		"5 findings chosen.")
	after := p.get(p.post(p.at+"/findings", url.Values{
		"do": {"dismiss"}, "chosen": ids,
		"why": {"old jokes"},
	}).leadsTo()).shows(http.StatusOK, "5 findings dismissed.")
	score := regexp.MustCompile(`[\d.]+`).FindString(after.total())
	without := regexp.MustCompile(`The score without: (\d+)`).FindStringSubmatch(told.body)
	if whole := fmt.Sprintf("%.0f", must(parse(score))(t)); without == nil || without[1] != whole {
		t.Errorf("the score was told to be %v without them, and is %s", without, whole)
	}
	if n := strings.Count(p.get(p.at+"?state=dismissed").body, "Dismissed: old jokes"); n != 5 {
		t.Errorf("%d findings say why, want 5", n)
	}
	restored := p.get(p.post(p.at+"/findings", url.Values{"do": {"restore"}, "chosen": ids}).leadsTo())
	if restored.total() != before.total() {
		t.Errorf("the score went from %s to %s", before.total(), restored.total())
	}
}

func parse(s string) (v float64, err error) {
	_, err = fmt.Sscan(s, &v)
	return v, err
}

func TestReport_ChartsAddUpToWhatIsThere(t *testing.T) {
	t.Parallel()
	p := newWorld(t).reader(gus)
	page := p.get(p.at).shows(http.StatusOK, "Risk by year", "Findings by category", "Tone over time", "How much was read")
	r := p.report()
	years, posts := 0, 0
	for _, m := range regexp.MustCompile(`aria-label="\d{4}: [\d.]+ points, ([^"]+)"`).FindAllStringSubmatch(page.body,
		-1) {
		for _, n := range regexp.MustCompile(`\d+`).FindAllString(m[1], -1) {
			years += int(must(parse(n))(t))
		}
	}
	for _, m := range regexp.MustCompile(`<li class="(?:judged|screened|skipped|unread)"><b>([\d,]+)</b>`).FindAllStringSubmatch(page.body, -1) {
		posts += int(must(parse(strings.ReplaceAll(m[1], ",", "")))(t))
	}
	if years != len(r.Findings) || posts != r.Coverage.PostsTotal {
		t.Errorf("the years have %d of %d findings, the meter %d of %d posts", years, len(r.Findings), posts,
			r.Coverage.PostsTotal)
	}
	f := r.Findings[0]
	byCategory := p.get(page.link(f.Category.Title())).shows(http.StatusOK)
	if !slices.Contains(byCategory.listed(), f.ID) {
		t.Errorf("the row of %s does not lead to its findings", f.Category)
	}
}

func TestAddress_ReadsBackAsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := url.Values{}
		for name, values := range map[string][]string{
			"purpose": {"academic", "personal_reputation", "x"}, "severity": {"low", "x"}, "category": {"harassment", "x"},
			"source": {"both", "x"},
			"year":   {"2020", "-1", "x"}, "state": {"open", "dismissed", "all", "x"}, "page": {"0", "1", "7", "x"},
			"chosen": {"a", "b"}, "did": {"dismissed"},
		} {
			if rapid.Bool().Draw(t, name) {
				q.Set(name, rapid.SampledFrom(values).Draw(t, "value of "+name))
			}
		}
		q.Set("q", rapid.String().Draw(t, "words"))
		if first, again := console.Reread(q); cmp.Diff(first, again) != "" {
			t.Fatalf("%v is read back as %v", first, again)
		}
	})
}

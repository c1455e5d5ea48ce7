package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// sample is an invented report that holds a little of everything, mischief included.
func sample() *assess.Report {
	r := &assess.Report{
		ID: "01990000-0000-7000-8000-000000000001", CreatedAt: today, ScoredAt: today,
		Account: assess.ReportAccount{ID: "9", Handle: "anna"}, Source: assess.SourceArchive,
		Coverage: assess.Coverage{
			PostsTotal: 1300, PostsAnalysed: 1200, PostsSkipped: 100, Reposts: 90, PostsJudged: 1199, PostsUnjudged: 1,
			TalkToModel: 1, NotEnglish: 37,
			From: new(time.Date(2019, 1, 2, 0, 0, 0, 0, time.UTC)), To: new(today),
			OutOfReach: []string{"10 older posts lie beyond the limit of 1,200 posts an analysis."},
		},
		RejectedClaims: 3,
		Findings: []assess.Finding{
			{
				ID: "aaa", PostID: "101", URL: "https://x.com/anna/status/101", PostedAt: today.AddDate(0, -2, 0),
				Category: assess.Harassment,
				Severity: assess.High, Confidence: 0.95, Witnesses: []assess.Witness{assess.ByScreen, assess.ByModel},
				Suggestion: assess.SuggestDelete,
				Before:     "Honestly, ", Quote: "you're a complete idiot <b>and</b> a liar", After: " 😀 good night.",
				QuoteStart: 10, QuoteEnd: 49, Reason: "Insults a person by name.",
			},
			{
				ID: "bbb", PostID: "102", URL: "https://x.com/anna/status/102", PostedAt: today.AddDate(-7, 0, 0),
				Category: assess.Profanity,
				Severity: assess.Low, Confidence: 0.7, Witnesses: []assess.Witness{assess.ByScreen},
				Suggestion: assess.SuggestContext,
				Item:       assess.ItemAltText, Quote: "=HYPERLINK(\"http://evil.example\")", QuoteEnd: 33, Reason: "A swear word.",
			},
			{
				ID: "ccc", PostID: "103", URL: "https://x.com/anna/status/103", Category: assess.Violence,
				Severity: assess.Critical, Confidence: 0.85, Witnesses: []assess.Witness{assess.ByModel},
				Suggestion: assess.SuggestDelete,
				Quote:      "\x1b[2Jkill \u202eeverybody", QuoteEnd: 10, Reason: "A threat.", Dismissed: true,
				Why: "A line from a film.",
			},
			{
				ID: "ddd", PostID: assess.ProfileID, Item: assess.ItemProfile, URL: "https://x.com/anna",
				Category: assess.Profanity,
				Severity: assess.Low, Confidence: 0.75, Witnesses: []assess.Witness{assess.ByScreen},
				Suggestion: assess.SuggestContext,
				Quote:      "damn good", QuoteEnd: 9, After: " gardener", Reason: "A swear word.",
			},
		},
		Sentiment: assess.Sentiment{
			Known: true, Measured: 1000, Positive: new(0.5), Neutral: new(0.3), Negative: new(0.2),
			Trend: []assess.SentimentPoint{{Month: "2026-09", Mean: 0.4, Posts: 10}, {Month: "2026-10", Mean: -0.2, Posts: 5}},
			Samples: []assess.Sample{{
				PostID: "104", URL: "https://x.com/anna/status/104", Text: "What a lovely garden!",
				Label: "most_positive", Value: 0.8,
			}},
		},
		Themes: []assess.Theme{{Name: "solar panels", Posts: 12, By: "word"}, {Name: "#gardening", Posts: 9, By: "hashtag"}},
		Engagement: assess.Engagement{
			Known: true, Posts: 1200, AvgLikes: new(4.5), AvgReposts: new(0.25), PeakHours: []int{9, 21}, PostsPerWeek: new(2.9),
			Trend: []assess.EngagementPoint{{Month: "2026-09", Mean: 4, Posts: 10}, {Month: "2026-10", Mean: 6, Posts: 5}},
		},
		RiskByYear: []assess.YearRisk{{Year: 2019, Posts: 200}, {Year: 2026, Posts: 1000}},
		Models: []assess.ModelUse{{
			Model: "claude-haiku-5-5", Host: "sandbox", Calls: 30, CachedVerdicts: 12,
			InputTokens: 123456, OutputTokens: 7890,
		}},
		Cost: assess.Cost{XReads: 0, ModelMicroUSD: 16291, TotalMicroUSD: 16291},
		Versions: assess.Versions{
			Screen: "screen-1", Policy: assess.PolicyVersion, Prompt: "1", Score: assess.ScoreVersion, App: "test",
		},
		Privacy: assess.Privacy{
			SentToModel: []string{"text of own posts"}, AliasedFirst: []string{"handles", "links"},
			Read: []string{"posts", "the profile"}, NeverRead: []string{"direct messages"}, KeptUntil: "2026-12-22T12:00:00Z",
			RecipientHosts: []string{"sandbox"},
		},
	}
	r.ScoredAt = today
	seen, err := r.Through(assess.Lens{Purpose: assess.JobSearch})
	if err != nil {
		panic(err)
	}
	return seen
}

// bare is a report about which almost nothing is known.
func bare() *assess.Report {
	r := &assess.Report{CreatedAt: today, Source: assess.SourceX, Versions: assess.Versions{Score: assess.ScoreVersion}}
	seen, err := r.Through(assess.Lens{})
	if err != nil {
		panic(err)
	}
	return seen
}

func written(t *testing.T, r *assess.Report, f Format) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Fatalf("%s differs; if it should, run the test with -update and look at it\n%s", path, diff)
	}
}

func TestWrite_SaysWhereAFindingStandsAndWhatToDoThere(t *testing.T) {
	t.Parallel()
	text := strings.Join(strings.Fields(written(t, sample(), Text)), " ")
	page := strings.Join(strings.Fields(written(t, sample(), HTML)), " ")
	for _, want := range []string{
		"points · Profile · screen", "A swear word. Change it: it is what people see first.",
		"A swear word. It stands in the description of a picture. Add",
		"Read: posts, the profile", "Now: Change your profile",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("text lacks %q", want)
		}
	}
	for _, want := range []string{
		`<span class="dot">·</span> Profile <span`, "<strong>Change it: it is what people see first.</strong>",
		"A swear word. It stands in the description of a picture. <strong>Add",
		`<a href="https://x.com/anna" rel="noopener noreferrer">Open the profile<span class="hidden"> on X</span></a>`,
		"3 findings in 2 posts and the profile.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %q", want)
		}
	}
}

func TestWrite_TextJSONAndCSVSayWhatTheySaidBefore(t *testing.T) {
	t.Parallel()
	golden(t, "sample.txt", written(t, sample(), Text))
	golden(t, "sample.json", written(t, sample(), JSON))
	golden(t, "sample.csv", written(t, sample(), CSV))
	golden(t, "bare.txt", written(t, bare(), Text))
}

func TestWrite_HTMLBodySaysWhatItSaidBefore(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	if err := article(htmlView{view: newView(sample())}).Render(t.Context(), &body); err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.html", body.String())
}

func TestWrite_JSONReadsBackAsTheSameReport(t *testing.T) {
	t.Parallel()
	want := sample()
	var got assess.Report
	if err := json.Unmarshal([]byte(written(t, want, JSON)), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Fatal(diff)
	}
}

func TestWrite_CSVCellsNeverBecomeFormulas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := sample()
		r.Findings = r.Findings[:1]
		text := rapid.StringMatching(`[ \t\r\n]{0,3}[=+\-@＝\x00a"',]{0,4}.{0,8}`)
		r.Findings[0].Quote, r.Findings[0].Reason, r.Findings[0].Why = text.Draw(t, "quote"), text.Draw(t, "reason"),
			text.Draw(t, "why")
		var b bytes.Buffer
		if err := Write(&b, r, CSV); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != len(csvHeader) {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, cell := range rows[1] {
			if trimmed := strings.TrimSpace(cell); trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@") {
				t.Fatalf("cell %q would be a formula", cell)
			}
		}
	})
}

func TestWrite_TextHoldsNoTerminalEscapesFromPosts(t *testing.T) {
	t.Parallel()
	got := written(t, sample(), Text)
	if strings.ContainsAny(got, "\x1b\u202e\x07\r") {
		t.Fatal("a control character came through")
	}
}

func TestWriteText_ColoursOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteText(&b, sample(), TextOptions{Color: true}); err != nil {
		t.Fatal(err)
	}
	uncoloured := regexp.MustCompile(`\x1b\[[0-9;]+m`).ReplaceAllString(b.String(), "")
	if diff := cmp.Diff(written(t, sample(), Text), uncoloured); diff != "" {
		t.Fatal(diff)
	}
	if uncoloured == b.String() {
		t.Fatal("no colour")
	}
}

func TestWriteText_StaysWithinItsWidth(t *testing.T) {
	t.Parallel()
	for columns, want := range map[int]int{20: 80, 80: 80, 95: 95, 300: 100} {
		var b bytes.Buffer
		if err := WriteText(&b, sample(), TextOptions{Width: columns}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := cells(strings.TrimRight(line, "\n")); n > want {
				t.Errorf("%d columns in a line for %d: %s", n, want, line)
			}
		}
	}
}

func TestWriteText_ShowsAsManyFindingsAsAskedAndSaysWhatItLeftOut(t *testing.T) {
	t.Parallel()
	r := sample()
	for range 4 {
		r.Findings = append([]assess.Finding{r.Findings[0]}, r.Findings...)
	}
	for each, want := range map[int]int{2: 2, -1: 5} {
		var b bytes.Buffer
		if err := WriteText(&b, r, TextOptions{Each: each}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), "complete idiot") - 3; got != want { // in the key findings and two steps
			t.Errorf("each %d: %d shown, want %d", each, got, want)
		}
		if strings.Contains(b.String(), "and 3 more") != (each == 2) {
			t.Errorf("each %d: does not say what it left out", each)
		}
	}
}

func TestWrap_KeepsEveryWordWithinTheColumns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z漢字é 👩]{0,80}`).Draw(t, "text")
		columns := rapid.IntRange(10, 40).Draw(t, "columns")
		lines := wrap(text, columns)
		for _, l := range lines {
			if cells(l) > columns {
				t.Fatalf("%q takes %d of %d", l, cells(l), columns)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(strings.Join(lines, " ")) != squeeze(text) {
			t.Fatalf("%q became %q", text, lines)
		}
	})
}

func TestWrap_LeavesALinkWhole(t *testing.T) {
	t.Parallel()
	link := "https://x.com/anna/status/1234567890"
	if diff := cmp.Diff([]string{"see", link}, wrap("see "+link, 20)); diff != "" {
		t.Fatal(diff)
	}
}

// elements are the start tags of a page, which must be well formed.
func elements(t *testing.T, page string) []xml.StartElement {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var out []xml.StartElement
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			out = append(out, e.Copy())
		}
	}
}

// A report that was made elsewhere, or damaged, cannot carry a link that runs.
func TestWrite_HTMLLinksOnlyToTheWeb(t *testing.T) {
	t.Parallel()
	r := sample()
	for i := range r.Findings {
		r.Findings[i].URL = "javascript:alert(1)"
	}
	for i := range r.Sentiment.Samples {
		r.Sentiment.Samples[i].URL = "JavaScript:alert(1)"
	}
	page := written(t, r, HTML)
	if strings.Contains(strings.ToLower(page), "javascript:") || !strings.Contains(page, "about:invalid") {
		t.Errorf("a link runs: %s", page)
	}
}

func TestWrite_HTMLLoadsNothingAndRunsNothing(t *testing.T) {
	t.Parallel()
	page := written(t, sample(), HTML)
	ids := map[string]bool{}
	for _, n := range elements(t, page) {
		switch n.Name.Local {
		case "script", "link", "img", "iframe", "object", "form", "base", "b":
			t.Errorf("there is a <%s>", n.Name.Local)
		}
		for _, a := range n.Attr {
			key := a.Name.Local
			if key == "style" || strings.HasPrefix(key, "on") || key == "src" || key == "href" &&
				!strings.HasPrefix(a.Value, "https://x.com/") {
				t.Errorf("<%s %s=%q>", n.Name.Local, key, a.Value)
			}
			if key == "id" && ids[a.Value] {
				t.Errorf("two elements have the id %s", a.Value)
			}
			ids[a.Value] = ids[a.Value] || key == "id"
		}
	}
	if !strings.Contains(page, "&lt;b&gt;and&lt;/b&gt;") || strings.ContainsAny(page, "\x1b\u202e") {
		t.Error("the quote was not escaped and cleaned")
	}
	if strings.Contains(css, "url(") || strings.Contains(css, "@import") {
		t.Error("the style sheet loads something")
	}
}

func TestWrite_HTMLAllowsItsOwnStyleSheetByHash(t *testing.T) {
	t.Parallel()
	page := written(t, bare(), HTML)
	start, end := strings.Index(page, "<style>")+len("<style>"), strings.Index(page, "</style>")
	if page[start:end] != css {
		t.Fatal("the style sheet was changed on its way, so its hash does not match")
	}
}

func TestCSS_StaysInsideTheReport(t *testing.T) {
	t.Parallel()
	rules := regexp.MustCompile(`(?m)^\s*([^{}@/]+)\{`)
	for _, m := range rules.FindAllStringSubmatch(css, -1) {
		for selector := range strings.SplitSeq(m[1], ",") {
			if !strings.HasPrefix(strings.TrimSpace(selector), ".report") {
				t.Errorf("%q would style the console's own page", selector)
			}
		}
	}
}

func TestWrite_AnyQuoteCanBeWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := sample()
		r.Findings[0].Quote = rapid.String().Draw(t, "quote")
		r.Findings[0].Before = rapid.String().Draw(t, "before")
		r.Account.Handle = rapid.String().Draw(t, "handle")
		for _, f := range []Format{Text, JSON, CSV, HTML} {
			if err := Write(io.Discard, r, f); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
		}
	})
}

// A spreadsheet reads the file as UTF-8, and no id as a number.
func TestWriteCSV_SurvivesASpreadsheet(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Findings[0].PostID, r.Findings[0].Quote = "1800000000000000042", "schön"
	text, marked := strings.CutPrefix(written(t, r, CSV), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || rows[1][1] != "'1800000000000000042" || rows[1][11] != "schön" {
		t.Errorf("marked %v, %q, %v", marked, rows, err)
	}
}

func TestParseFormat_RefusesAnUnknownOneAndListsTheChoices(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Format{"": Text, "txt": Text, " JSON ": JSON, "pdf": PDF} {
		if got, err := ParseFormat(in); err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
	if _, err := ParseFormat("docx"); !errors.Is(err, fault.ValidationFailed) {
		t.Errorf("docx: got %v", err)
	}
	if err := Write(&bytes.Buffer{}, bare(), "docx"); !errors.Is(err, fault.ValidationFailed) {
		t.Errorf("Write as docx: got %v", err)
	}
}

func TestFilename_HoldsNothingAPathOrAHeaderCouldMisread(t *testing.T) {
	t.Parallel()
	r := sample()
	if got := Filename(r, Text); got != "repazoo-anna-job_search-2026-11-22.txt" {
		t.Errorf("got %s", got)
	}
	safe := regexp.MustCompile(`^repazoo-[A-Za-z0-9_]*-[a-z_]*-\d{4}-\d\d-\d\d\.pdf$`)
	rapid.Check(t, func(t *rapid.T) {
		r := sample()
		r.Account.Handle = rapid.String().Draw(t, "handle")
		if got := Filename(r, PDF); !safe.MatchString(got) {
			t.Fatalf("got %q", got)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[31mred\x1b[0m\u202e\x9b")
	f.Add("a\tb\u2028c\ufeff")
	f.Fuzz(func(t *testing.T, s string) {
		if got := clean(s); strings.ContainsFunc(got, func(c rune) bool {
			return c < ' ' || c >= 0x7f && c < 0xa0 || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069
		}) {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

func TestWrite_ADismissalShowsTheScoreOfNowBesideTheOneItWasMadeWith(t *testing.T) {
	t.Parallel()
	r := sample()
	seen, err := r.Through(assess.Lens{Dismissed: map[string]string{r.Findings[0].ID: "A quotation."}})
	if err != nil {
		t.Fatal(err)
	}
	want := number(seen.Now.Score) + " of 100, was " + number(r.Score)
	if seen.Now.Score == r.Score || !strings.Contains(written(t, seen, Text), want) {
		t.Errorf("the text lacks %q", want)
	}
	if !strings.Contains(written(t, seen, HTML), "of 100, was "+number(r.Score)) {
		t.Error("the page lacks it")
	}
}

// A report that was masked has neither links nor, if its owner left them out, words of posts. No format leaves a hole
// there.
func TestWrite_AMaskedReportHasNoEmptyQuoteOrLink(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Masked, r.Account = true, assess.ReportAccount{}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.URL, f.Before, f.Quote, f.After = "", "", "", ""
	}
	page, text := written(t, r, HTML), written(t, r, Text)
	for _, hole := range []string{"<blockquote cite=\"\"", `href=""`, "<mark></mark>", "«»", "\n    \n", "Open the post"} {
		if strings.Contains(page, hole) || strings.Contains(text, hole) {
			t.Errorf("%q is there", hole)
		}
	}
	for format, got := range map[Format]string{HTML: page, Text: strings.Join(strings.Fields(text), " ")} {
		if !strings.Contains(got, "This copy is masked: whose posts these are") || !strings.Contains(got, "an X account") {
			t.Errorf("%s does not say that it is masked", format)
		}
	}
	if words := strings.Join(strings.Fields(readPDF(t, r).Text()), " "); !strings.Contains(words,
		"This copy is masked") || strings.Contains(words, "Open the post") {
		t.Errorf("the PDF says %.300q", words)
	}
	if name := Filename(r, PDF); name != "repazoo-report-job_search-2026-11-22.pdf" {
		t.Errorf("the file is called %s", name)
	}
}

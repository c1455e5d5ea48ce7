package report

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/pdf/pdftest"
)

// voices are invented posts in six scripts and emoji: what stands before the quote, the quote, and what follows.
var voices = [...][3]string{
	{"Long day at the office. ", "My boss is a fool and the whole floor knows it", ", but the coffee is fine ☕"},
	{"Опять понедельник, и ", "наш начальник полный болван", ", зато обеды хорошие 🙂"},
	{"كان يومًا طويلًا، و", "المدير (John) لا يفهم شيئًا عن الإصدار 3.1", " لكن القهوة ممتازة"},
	{"היום בעבודה: ", "המנהל שלי טיפש גמור", " וגם איחרתי 12 דקות ל-Bus 7."},
	{"आज फिर वही बैठक, ", "हमारे अधिकारी बिल्कुल मूर्ख हैं", " और क्षमा भी नहीं माँगते।"},
	{"今天又开会，", "老板什么都不懂，真是笨蛋", "，不过咖啡不错。昨日もカレー、회의가 또 취소됐다!"},
	{"No words: ", "🤬🔥 what a clown 🤡", " 👩🏽‍🚀 👨‍👩‍👧‍👦 🇩🇪 1️⃣ 𝓯𝓪𝓷𝓬𝔂"},
}

// wide is a report of so many findings in six scripts, most of them in one category.
func wide(n int) *assess.Report {
	r := sample()
	categories := []assess.Category{
		assess.Profanity, assess.Profanity, assess.Profanity, assess.ProfessionalConduct,
		assess.Harassment, assess.Violence, assess.PrivacyExposure,
	}
	r.Findings = r.Findings[:0]
	for i := range n {
		v := voices[i%len(voices)]
		f := assess.Finding{
			ID: fmt.Sprintf("f%d", i), PostID: fmt.Sprint(1800000000000000000 + i), PostedAt: today.AddDate(0, 0, -i%3000),
			Category: categories[(i/7+i)%len(categories)], Severity: assess.Low,
			Confidence: 0.9, Witnesses: []assess.Witness{assess.ByModel},
			Suggestion: assess.SuggestDelete, Before: v[0], Quote: v[1],
			After: fmt.Sprintf("%s (%d)", v[2], i), Reason: "Insults a person at work.",
		}
		f.URL = "https://x.com/anna/status/" + f.PostID
		switch {
		case f.Category == assess.Profanity:
		case i%17 == 0:
			f.Severity = assess.Critical
		case i%5 == 0:
			f.Severity = assess.High
		case i%2 == 0:
			f.Severity = assess.Medium
		}
		r.Findings = append(r.Findings, f)
	}
	seen, err := r.Through(assess.Lens{Purpose: assess.JobSearch})
	if err != nil {
		panic(err)
	}
	return seen
}

// readPDF writes a report and reads it back, following every reference of the file.
func readPDF(t *testing.T, r *assess.Report) *pdftest.File {
	t.Helper()
	f, err := pdftest.Read([]byte(written(t, r, PDF)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWritePDF_SaysWhatTheReportSays(t *testing.T) {
	t.Parallel()
	f := readPDF(t, sample())
	text := strings.Join(strings.Fields(f.Text()), " ")
	for _, want := range []string{
		"What the posts of @anna say", "Read for job search, on 22 November 2026", "What was read", "How it was judged",
		"1,300 posts from an X data archive", "you're a complete idiot <b>and</b> a liar", "😀 good night.",
		"Change it: it is what people see first.",
		"Findings by category", "Risk by year", "Receipt: models, cost, privacy, versions",
		"Repazoo · @anna · 22 November 2026 Page 1 of",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the pages lack %q", want)
		}
	}
	if f.Lang != "en" || f.Title != "Repazoo report on @anna" ||
		!slices.Contains(f.Links, "https://x.com/anna/status/101") {
		t.Errorf("language %q, title %q, links %q", f.Lang, f.Title, f.Links)
	}
	for _, want := range []string{"What the posts of @anna say", "Findings, the worst first", "High", "Low"} {
		if !slices.Contains(f.Bookmarks, want) {
			t.Errorf("no bookmark leads to %q", want)
		}
	}
	if f.Elements["H1"] != 1 || f.Elements["BlockQuote"] != 3 || f.Elements["Table"] != 5 || f.Elements["TH"] == 0 {
		t.Errorf("the structure is %v", f.Elements)
	}
}

func TestWritePDF_IsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*assess.Report{"sample": sample(), "bare": bare(), "wide": wide(60)} {
		if got := written(t, r, PDF); got != written(t, r, PDF) {
			t.Errorf("%s: two writings differ", name)
		}
		readPDF(t, r)
	}
}

func TestWritePDF_ReadsInSixScripts(t *testing.T) {
	t.Parallel()
	f := readPDF(t, wide(len(voices)))
	// From the right, the pieces of a line stand in the order of the eye, and their words in the structure.
	for _, want := range []string{
		"наш начальник полный болван", "हमारे अधिकारी बिल्कुल मूर्ख हैं", "老板什么都不懂，真是笨蛋",
		"🤬🔥 what a clown 🤡", "👨‍👩‍👧‍👦 🇩🇪",
	} {
		if !strings.Contains(f.Text(), want) {
			t.Errorf("the pages lack %q", want)
		}
	}
	for _, want := range []string{"המנהל שלי טיפש גמור", "المدير"} {
		if !slices.ContainsFunc(f.Spoken, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("nobody hears %q", want)
		}
	}
}

// One large category of light findings hid 203 grave ones of another.
func TestWritePDF_PrintsTheWorstOfAllCategoriesFirst(t *testing.T) {
	t.Parallel()
	r := wide(1200)
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Category, f.Severity, f.Points = assess.Profanity, assess.Low, 9
		if i >= 900 && i < 1103 {
			f.Category, f.Severity, f.Points = assess.Harassment, assess.High, 0.1
		}
	}
	printed := newView(r).printed()
	if len(printed) != 203 {
		t.Fatalf("%d are printed", len(printed))
	}
	for _, f := range printed {
		if f.Category != assess.Harassment {
			t.Fatalf("%s stands before a worse one", f.Category)
		}
	}
	text := strings.Join(strings.Fields(readPDF(t, r).Text()), " ")
	for _, want := range []string{
		"Harassment 0 203 0 0 203 203 0", "Profanity 0 0 0 997 997 0 997",
		"203 of 1,200 findings are printed",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the pages lack %q", want)
		}
	}
}

func TestView_PrintsByWeightWithinASeverityAndNoMoreThanThePagesHold(t *testing.T) {
	t.Parallel()
	r := wide(1200)
	printed := newView(r).printed()
	if len(printed) != usuallyPrinted {
		t.Errorf("%d are printed", len(printed))
	}
	for i, f := range printed[1:] {
		before := printed[i]
		if f.Severity.Rank() > before.Severity.Rank() || f.Severity == before.Severity && f.Points > before.Points {
			t.Fatalf("the %dth is worse than the one before", i+2)
		}
	}
	for i := range r.Findings {
		r.Findings[i].Severity = assess.Critical
	}
	if n := len(newView(r).printed()); n != mostPrinted {
		t.Errorf("%d of 1,200 critical ones are printed", n)
	}
}

func TestWritePDF_TakesAnyText(t *testing.T) {
	t.Parallel()
	for _, quote := range []string{
		"", " ", "\\()<>{pages}", "\x00\xff\xfe", "日本語のテキスト", "👩‍👩‍👧‍👦", "\u202eabc",
		"مرحبا", strings.Repeat("w", 5000), strings.Repeat("long and ", 2000),
		"]TJ ET EMC endstream endobj", "Z" + strings.Repeat("\u0300\u0489", 300), "\xed\xa0\x80 half",
		strings.Repeat("👩\u200d", 300),
	} {
		r := sample()
		r.Findings[0].Quote, r.Account.Handle, r.Findings[0].URL = quote, quote, "https://x.com/"+quote
		text := readPDF(t, r).Text()
		if !strings.Contains(text, "Page 1 of ") || !strings.Contains(text, "Receipt: models, cost, privacy, versions") {
			t.Errorf("%.20q: the pages lack their foot or their end", quote)
		}
	}
}

func TestWritePDF_SaysHowMuchOfALongPostItLeavesOut(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Findings[0].Quote = strings.Repeat("ab ", 8000)
	text := strings.Join(strings.Fields(readPDF(t, r).Text()), " ")
	if !strings.Contains(text, "(22,000 further characters)") {
		t.Error("it does not say it")
	}
}

func TestWritePDF_NamesTheCharactersWithoutALetter(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Findings[0].Quote = "cuneiform \U00012000"
	text := readPDF(t, r).Text()
	if !strings.Contains(text, "U+12000") || !strings.Contains(text, "cuneiform \U00012000") {
		t.Error("the box is not explained, or does not copy")
	}
}

// heap notes the most memory in use while a report is written.
type heap struct{ most, written int }

func (h *heap) Write(b []byte) (int, error) {
	if h.written += len(b); len(b) > 512 { // each page
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		h.most = max(h.most, int(m.HeapAlloc))
	}
	return len(b), nil
}

// It must not run beside others, whose memory it would count.
//
//nolint:paralleltest // see above
func TestWritePDF_AThousandFindingsTakeAtMost64MiB(t *testing.T) {
	r := wide(1000)
	for i := range r.Findings {
		r.Findings[i].Severity = assess.Critical
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h := &heap{}
	if err := Write(h, r, PDF); err != nil {
		t.Fatal(err)
	}
	if used := h.most - int(m.HeapAlloc); used > 64<<20 {
		t.Errorf("%d MiB were in use", used>>20)
	}
}

func BenchmarkWritePDF(b *testing.B) {
	for _, n := range []int{1000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := wide(n)
			for i := range r.Findings {
				r.Findings[i].Severity = assess.Critical
			}
			for b.Loop() {
				if err := Write(io.Discard, r, PDF); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package assess

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const mergeText = "naïve post: you are a complete idiot, damn idiot"

func claimOn(words string, c Category, s Severity, by Witness) Claim {
	for i := range mergeText {
		if i+len(words) <= len(mergeText) && mergeText[i:i+len(words)] == words {
			return Claim{PostID: "7", Category: c, Severity: s, Start: i, End: i +
				len(words), By: by, Reason: string(by), Suggestion: SuggestDelete}
		}
	}
	panic(words + " is not in the text")
}

func TestMerge_MakesOneFindingOfOverlappingClaims(t *testing.T) {
	t.Parallel()
	type finding struct {
		Quote      string
		Severity   Severity
		Confidence float64
		Witnesses  []Witness
		Disputed   bool
	}
	screenHit := claimOn("idiot", Harassment, High, ByScreen)
	for _, c := range []struct {
		name   string
		claims []Claim
		judged bool
		want   []finding
	}{
		{"the screen alone", []Claim{screenHit}, false, []finding{{
			"idiot", High, screenConfidence,
			[]Witness{ByScreen},
			false,
		}}},
		{
			"the model is silent on a high hit",
			[]Claim{screenHit},
			true,
			[]finding{{"idiot", High, screenConfidence, []Witness{ByScreen}, true}},
		},
		{
			"the model alone",
			[]Claim{claimOn("complete idiot", Harassment, High, ByModel)},
			true,
			[]finding{{"complete idiot", High, modelConfidence, []Witness{ByModel}, false}},
		},
		{
			"both, and the model's word stands",
			[]Claim{screenHit, claimOn("a complete idiot", Harassment, Medium, ByModel)},
			true,
			[]finding{{"a complete idiot", Medium, bothConfidence, []Witness{ByScreen, ByModel}, true}},
		},
		{
			"both agree that it is high or worse",
			[]Claim{screenHit, claimOn("idiot", Harassment, Critical, ByModel)},
			true,
			[]finding{{"idiot", Critical, bothConfidence, []Witness{ByScreen, ByModel}, false}},
		},
		{
			"another category is another finding",
			[]Claim{screenHit, claimOn("idiot", BrandSafety, Low, ByScreen)},
			false,
			[]finding{
				{"idiot", Low, screenConfidence, []Witness{ByScreen}, false},
				{"idiot", High, screenConfidence, []Witness{ByScreen}, false},
			},
		},
		{
			"claims that only touch are apart",
			[]Claim{claimOn("complete ", Harassment, Low, ByScreen), claimOn("idiot", Harassment, Low, ByScreen)},
			false,
			[]finding{
				{"complete ", Low, screenConfidence, []Witness{ByScreen}, false},
				{"idiot", Low, screenConfidence, []Witness{ByScreen}, false},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []finding
			for _, f := range merge(Post{ID: "7", Text: mergeText}, ReportAccount{}, c.claims, c.judged) {
				got = append(got, finding{f.Quote, f.Severity, f.Confidence, f.Witnesses, f.Disputed})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestMerge_TellsTheSameWhateverTheOrderOfClaims(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		claims := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Claim {
			start := rapid.IntRange(12, len(mergeText)-2).Draw(t, "start")
			return Claim{
				Category: rapid.SampledFrom([]Category{Harassment, Profanity}).Draw(t, "category"),
				Severity: rapid.SampledFrom([]Severity{Low, Medium, High, Critical}).Draw(t, "severity"),
				By:       rapid.SampledFrom([]Witness{ByScreen, ByModel}).Draw(t, "by"),
				Start:    start, End: rapid.IntRange(start+1, len(mergeText)).Draw(t, "end"),
			}
		}), 0, 6).Draw(t, "claims")
		post := Post{ID: "7", Text: mergeText}
		a := merge(post, ReportAccount{}, claims, true)
		b := merge(post, ReportAccount{}, rapid.Permutation(claims).Draw(t, "shuffled"), true)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatal(diff)
		}
		for _, f := range a {
			if got := string([]rune(mergeText)[f.QuoteStart:f.QuoteEnd]); got != f.Quote {
				t.Fatalf("the offsets show %q, the quote is %q", got, f.Quote)
			}
		}
	})
}

func TestMerge_KeepsTheWordsAroundAQuote(t *testing.T) {
	t.Parallel()
	f := merge(Post{ID: "7", Text: mergeText}, ReportAccount{Handle: "anna"},
		[]Claim{claimOn("a complete idiot", Harassment, Low, ByScreen)}, false)[0]
	if f.Before != "naïve post: you are " || f.After != ", damn idiot" || f.URL != "https://x.com/anna/status/7" ||
		f.QuoteStart != 20 {
		t.Fatalf("got %+v", f)
	}
}

func TestFindingID_IsStable(t *testing.T) {
	t.Parallel()
	if got := findingID("7", Harassment, "idiot"); got != "ddvigavng7f2vghsj2ltyifoh5" {
		t.Fatalf("got %s: stored dismissals would be lost", got)
	}
}

func TestClaim_IsUnsoundOutsideItsTextOrLabels(t *testing.T) {
	t.Parallel()
	text := "a café"
	good := Claim{Start: 2, End: 7, Severity: Low, Category: Profanity}
	if !good.sound(text) {
		t.Fatal("a good claim was refused")
	}
	for name, spoil := range map[string]func(*Claim){
		"before the text":   func(c *Claim) { c.Start = -1 },
		"behind the text":   func(c *Claim) { c.End = 8 },
		"empty":             func(c *Claim) { c.End = 2 },
		"half a code point": func(c *Claim) { c.End = 6 },
		"unknown severity":  func(c *Claim) { c.Severity = "huge" },
		"unknown category":  func(c *Claim) { c.Category = "health" },
	} {
		c := good
		if spoil(&c); c.sound(text) {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestKeeper_KeepsTheHeaviestOfEachCategoryAndCountsTheRest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		findings := rapid.SliceOfNDistinct(rapid.Custom(anyFinding), 0, 40, func(f Finding) string { return f.ID }).Draw(t,
			"findings")
		k := newKeeper(8, today)
		byCategory := map[Category][]Finding{}
		for i, f := range findings {
			k.add(f)
			findings[i].Points = Hazard(f, PersonalReputation, today)
			byCategory[f.Category] = append(byCategory[f.Category], findings[i])
		}
		kept := map[Category][]Finding{}
		most := 0
		for _, f := range k.all() {
			kept[f.Category] = append(kept[f.Category], f)
			most = max(most, len(kept[f.Category]))
		}
		if k.kept != min(8, len(findings)) || k.kept+k.leftOut.Findings != len(findings) {
			t.Fatalf("kept %d and left out %d of %d", k.kept, k.leftOut.Findings, len(findings))
		}
		for c, all := range byCategory {
			slices.SortFunc(all, byPoints)
			slices.SortFunc(kept[c], byPoints)
			n := len(kept[c])
			if !slices.Equal(idsOf(kept[c]), idsOf(all[:n])) || k.leftOut.ByCategory[c] != len(all)-n {
				t.Fatalf("%s: kept %v of %v, left out %d", c, idsOf(kept[c]), idsOf(all), k.leftOut.ByCategory[c])
			}
			if n < len(all) && n < most-1 {
				t.Fatalf("%s lost findings at %d, another keeps %d", c, n, most)
			}
		}
	})
}

func TestRun_CountsFindingsThatTheReportDoesNotList(t *testing.T) {
	t.Parallel()
	r := scored(PersonalReputation, risk("a", "1", High))
	r.LeftOut = LeftOut{Findings: 3, ByCategory: map[Category]int{ProfessionalConduct: 3}, ByYear: map[int]int{2026: 3}}
	r.conclude()
	if !strings.Contains(r.Summary, "4 findings, led by professional conduct (4)") {
		t.Error(r.Summary)
	}
	if got := r.RiskByYear; len(got) != 1 || got[0].Findings != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestShort_CutsOnlyWhatIsTooLong(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "añb": "añb", "añbc": "añbc", "añbcd": "añb…", "a\n\tb": "a b"} {
		if got := short(in, 4); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestCounting_ReadsAsEnglish(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"1 post": Counting(1, "post"), "0 posts": Counting(0, "post"), "12,345 posts": Counting(12345, "post"),
		"2 findings are": Counting(2, "finding is/findings are"), "1,000,000": Thousands(1_000_000),
		"-1,234": Thousands(-1234),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

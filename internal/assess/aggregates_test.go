package assess

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestSentiment_IsUnknownWithoutAMeasuredPost(t *testing.T) {
	t.Parallel()
	s := sentimentTally{months: monthly{}}
	want := Sentiment{Trend: []SentimentPoint{}, Samples: []Sample{}}
	if diff := cmp.Diff(want, s.result()); diff != "" {
		t.Fatal(diff)
	}
}

func TestSentiment_CountsByThePublishedBoundsAndShowsTheExtremes(t *testing.T) {
	t.Parallel()
	s := sentimentTally{months: monthly{}}
	for i, v := range []float64{0.05, 0.9, 0.049, -0.05, -0.6, 0.3, 0.4, 0} {
		s.add(Post{ID: fmt.Sprint(i), Text: "text", PostedAt: time.Date(2026, time.Month(1+i%2), 3, 0, 0, 0, 0, time.UTC)},
			ReportAccount{}, v)
	}
	got := s.result()
	if *got.Positive != 0.5 || *got.Neutral != 0.25 || *got.Negative != 0.25 || got.Measured != 8 {
		t.Errorf("got %v %v %v of %d", *got.Positive, *got.Neutral, *got.Negative, got.Measured)
	}
	if diff := cmp.Diff([]SentimentPoint{{"2026-01", -0.025, 4}, {"2026-02", 0.288, 4}}, got.Trend); diff != "" {
		t.Error(diff)
	}
	var shown []string
	for _, sample := range got.Samples {
		shown = append(shown, sample.Label+" "+sample.PostID)
	}
	want := []string{"most_positive 1", "most_positive 6", "most_positive 5", "most_negative 4", "most_negative 3"}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error(diff)
	}
}

func TestSentiment_SamplesAreTheSameWhateverTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1, 1), 0, 20).Draw(t, "values")
		posts := make([]int, len(values))
		for i := range posts {
			posts[i] = i
		}
		tell := func(order []int) []Sample {
			s := sentimentTally{months: monthly{}}
			for _, i := range order {
				s.add(Post{ID: fmt.Sprint(i)}, ReportAccount{}, values[i])
			}
			return s.result().Samples
		}
		if diff := cmp.Diff(tell(posts), tell(rapid.Permutation(posts).Draw(t, "order"))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestEngagement_IsUnknownWhenPostsStateNoNumbers(t *testing.T) {
	t.Parallel()
	e := engagementTally{months: monthly{}}
	e.add(Post{ID: "1"})
	want := Engagement{PeakHours: []int{}, Trend: []EngagementPoint{}}
	if diff := cmp.Diff(want, e.result(0)); diff != "" {
		t.Fatal(diff)
	}
}

func TestEngagement_RestsOnThePostsOwnNumbers(t *testing.T) {
	t.Parallel()
	e := engagementTally{months: monthly{}}
	at := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	for i := range 6 {
		p := Post{
			PostedAt: at.Add(time.Duration(i) * 7 * 12 * time.Hour),
			Metrics:  Metrics{Likes: new(2 * i), Reposts: new(1)},
		}
		if i < 2 {
			p.Metrics.Impressions, p.Metrics.Replies = new(50), new(1)
		}
		e.add(p)
	}
	got := e.result(6)
	want := Engagement{
		Known: true, Posts: 6, AvgLikes: new(5.0), AvgReposts: new(1.0), AvgReplies: new(1.0),
		Rate:      new(0.06), // (0+1+1 + 2+1+1) / 100
		PeakHours: []int{21, 9}, Hours: [][]int{{3, 19, 3, 15}, {3, 43, 3, 21}},
		Trend: []EngagementPoint{{"2026-03", 6, 6}}, PostsPerWeek: new(2.4),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestEngagement_IsNeverNaNAndTheRateNeverAboveOne(t *testing.T) {
	t.Parallel()
	number := rapid.Custom(func(t *rapid.T) *int {
		if rapid.Bool().Draw(t, "unknown") {
			return nil
		}
		return new(rapid.IntRange(-5, 1000).Draw(t, "n"))
	})
	rapid.Check(t, func(t *rapid.T) {
		e := engagementTally{months: monthly{}}
		dated := 0
		for range rapid.IntRange(0, 8).Draw(t, "posts") {
			p := Post{Metrics: Metrics{
				number.Draw(t, "likes"), number.Draw(t, "reposts"), number.Draw(t, "replies"),
				number.Draw(t, "quotes"), number.Draw(t, "bookmarks"), number.Draw(t, "views"),
			}}
			if rapid.Bool().Draw(t, "dated") {
				p.PostedAt, dated = today.Add(time.Duration(rapid.Int64Range(-1e17, 0).Draw(t, "age"))), dated+1
			}
			e.add(p)
		}
		got := e.result(dated)
		for _, v := range []*float64{got.AvgLikes, got.AvgReposts, got.AvgReplies, got.Rate, got.PostsPerWeek} {
			if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0) || *v < 0) {
				t.Fatalf("got %v", *v)
			}
		}
		if got.Rate != nil && *got.Rate > 1 {
			t.Fatalf("rate %v", *got.Rate)
		}
	})
}

func TestThemes_AreHashtagsContentWordsAndWhatTheModelNamed(t *testing.T) {
	t.Parallel()
	themes := newThemeTally()
	for range 3 {
		themes.add(Post{
			Hashtags: []string{"Climate", "climate"},
			Text:     "The @minister on climate change: https://t.co/x #climate and my garden",
		}, "en", []string{"Energy policy"})
		themes.add(Post{Text: "la vida de los otros"}, "es", nil)
	}
	themes.add(Post{Text: "garden party"}, "en", []string{"gardens"})
	want := []Theme{
		{"energy policy", 3, "model"},
		{"#climate", 3, "hashtag"},
		{"garden", 4, "word"},
		{"climate change", 3, "word"},
	}
	if diff := cmp.Diff(want, themes.result()); diff != "" {
		t.Fatal(diff)
	}
}

func TestThemes_ANameIsListedOnceWhoeverNamesIt(t *testing.T) {
	t.Parallel()
	themes := newThemeTally()
	for range themeMinPosts {
		themes.add(Post{Hashtags: []string{"Ranked", "Garden"}, Text: "ranked again, then the garden"}, "en",
			[]string{"Ranked"})
	}
	seen := map[string]bool{}
	for _, theme := range themes.result() {
		name := strings.TrimPrefix(theme.Name, "#")
		if seen[name] {
			t.Errorf("%q is listed twice", name)
		}
		seen[name] = true
	}
	if !seen["ranked"] || !seen["garden"] {
		t.Errorf("the themes are %v", seen)
	}
}

func TestThemes_AWordIsListedInOneNumber(t *testing.T) {
	t.Parallel()
	themes := newThemeTally()
	for range themeMinPosts {
		themes.add(Post{Text: "everybody drew four maps. A map!"}, "en", nil)
	}
	themes.add(Post{Text: "maps"}, "en", nil)
	want := []Theme{{"maps", 4, "word"}, {"drew", 3, "word"}}
	if diff := cmp.Diff(want, themes.result()); diff != "" {
		t.Fatal(diff)
	}
}

func TestContentWords_PassOverHandlesLinksNumbersAndStopWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"@anna I can't believe 2026 https://x.com/y": nil,
		"Solar panels, Berlin’s roofs!":              {"solar", "panels", "solar panels", "berlin", "roofs", "berlin roofs"},
		"panels PANELS":                              {"panels", "panels"},
		"the \"state-of-the-art\" thing":             {"state-of-the-art"},
		"":                                           nil,
	} {
		if diff := cmp.Diff(want, newStopSet().contentWords(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestFrequent_NeverOverstatesAndMissesAtMostItsShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const counters = 4
		names := rapid.SliceOfN(rapid.StringMatching(`[a-h]`), 0, 200).Draw(t, "names")
		f, exact := newFrequent(counters), map[string]int{}
		for _, name := range names {
			f.add(name)
			exact[name]++
		}
		if len(f.counts) > counters {
			t.Fatalf("%d counters in use", len(f.counts))
		}
		for name, n := range exact {
			if got := f.counts[name]; got > n || n-got > len(names)/(counters+1) {
				t.Fatalf("%s: counted %d of %d among %d", name, got, n, len(names))
			}
		}
	})
}

func FuzzContentWords(f *testing.F) {
	f.Add("Solar panels, Berlin’s roofs! @x #y https://z")
	f.Add("\xff'''s --- \u202e")
	stop := newStopSet()
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range stop.contentWords(text) {
			if strings.TrimSpace(w) == "" || strings.ContainsAny(w, "@#/") || len(strings.Fields(w)) > 2 {
				t.Fatalf("%q from %q", w, text)
			}
		}
	})
}

// wordByWord is contentWords as it reads when every word and pair is a string of its own.
func wordByWord(stop stopSet, text string) []string {
	var out []string
	previous := ""
	for token := range strings.FieldsSeq(text) {
		word := ""
		if !strings.ContainsAny(token[:1], "@#&") {
			word = stop.contentWord(token)
		}
		if word != "" {
			out = append(out, word)
			if previous != "" && previous != word {
				out = append(out, previous+" "+word)
			}
		}
		previous = word
		if last, _ := utf8.DecodeLastRuneInString(token); unicode.IsPunct(last) {
			previous = ""
		}
	}
	return out
}

func FuzzContentWords_AreThoseOfWordByWord(f *testing.F) {
	f.Add("Solar panels, Berlin’s roofs! @x #y https://z the sun's panels PANELS 'n'-- rock'n'roll x2y É's")
	f.Add("\xffabc a\u00a0bcd -abc'S abc-' 'abc'def")
	f.Add(strings.Repeat("many different words of one post stand here side by side ", 9))
	stop := newStopSet()
	f.Fuzz(func(t *testing.T, text string) {
		if diff := cmp.Diff(wordByWord(stop, text), stop.contentWords(text)); diff != "" {
			t.Fatalf("%q: %s", text, diff)
		}
	})
}

// Whatever findings come in whatever order, those that stay are the same as if the weakest of the fullest category
// were taken away after each.
func TestKeeper_KeepsTheStrongestOfEachCategory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 6).Draw(t, "limit")
		k, kept, lost := newKeeper(limit, today), map[Category][]Finding{}, 0
		for i := range rapid.IntRange(0, 40).Draw(t, "findings") {
			f := Finding{
				ID: fmt.Sprint(i), Category: rapid.SampledFrom(Categories[:3]).Draw(t, "category"), Confidence: 0.7,
				Severity: rapid.SampledFrom([]Severity{Low, Medium, High}).Draw(t, "severity"), PostedAt: today,
			}
			k.add(f)
			f.Points = Hazard(f, PersonalReputation, today)
			kept[f.Category] = append(kept[f.Category], f)
			if len(slices.Concat(slices.Collect(maps.Values(kept))...)) <= limit {
				continue
			}
			fullest := Categories[0]
			for _, c := range Categories[:3] {
				if len(kept[c]) > len(kept[fullest]) {
					fullest = c
				}
			}
			slices.SortFunc(kept[fullest], byPoints)
			kept[fullest] = kept[fullest][:len(kept[fullest])-1]
			lost++
		}
		want, got := slices.Concat(slices.Collect(maps.Values(kept))...), k.all()
		byID := func(a, b Finding) int { return strings.Compare(a.ID, b.ID) }
		slices.SortFunc(want, byID)
		slices.SortFunc(got, byID)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || k.leftOut.Findings != lost {
			t.Fatalf("%d left out, want %d: %s", k.leftOut.Findings, lost, diff)
		}
	})
}

func TestRecommend_IsOrderedByUrgencyAndNamesThePosts(t *testing.T) {
	t.Parallel()
	r := scored(JobSearch,
		Finding{
			ID: "p", PostID: "1", Category: PrivacyExposure, Severity: High, Confidence: 0.7, PostedAt: today,
			Suggestion: SuggestDelete,
		},
		Finding{
			ID: "h", PostID: "2", Category: Harassment, Severity: High, Confidence: 0.95, PostedAt: today,
			Suggestion: SuggestDelete,
		},
		Finding{
			ID: "c", PostID: "3", Category: ControversialTopic, Severity: Low, Confidence: 0.85, PostedAt: today,
			Suggestion: SuggestContext,
		},
	)
	r.Coverage = Coverage{PostsTotal: 100, PostsAnalysed: 80, PostsJudged: 80, Reposts: 10}
	r.conclude()
	type line struct {
		Category, Priority string
		Posts              []string
	}
	var got []line
	for _, rec := range r.Recommendations {
		got = append(got, line{rec.Category, rec.Priority, rec.Posts})
	}
	want := []line{
		{"privacy_exposure", "now", []string{"1"}},
		{"harassment", "now", []string{"2"}},
		{"controversial_topic", "this_week", []string{"3"}},
		{"job_search", "this_week", []string{"2"}},
		{"coverage", "this_week", nil},
		{"routine", "ongoing", nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestRecommend_AlwaysUsesTheKnownHorizonsAndEfforts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := scored(rapid.SampledFrom(Purposes[:]).Draw(t, "purpose"), findingsGen.Draw(t, "findings")...)
		for _, rec := range r.Recommendations {
			if !slices.Contains([]string{"now", "this_week", "this_month", "ongoing"}, rec.Priority) ||
				!slices.Contains([]string{"minutes", "an_hour", "a_day"}, rec.Effort) ||
				rec.Title == "" || rec.Why == "" || rec.Category == "" || len(rec.Steps) == 0 || len(rec.Posts) > recommendedPosts {
				t.Fatalf("%+v", rec)
			}
			if rec.ScoreAfter != nil && *rec.ScoreAfter > r.Now.Score {
				t.Fatalf("%q raises the score from %v to %v", rec.Title, r.Now.Score, *rec.ScoreAfter)
			}
		}
		if len(r.KeyFindings) > 5 || strings.Contains(r.Summary, "%!") {
			t.Fatalf("%q %q", r.KeyFindings, r.Summary)
		}
	})
}

func TestSummarise_ReadsTheReportsOwnNumbers(t *testing.T) {
	t.Parallel()
	r := scored(VisaApplication,
		Finding{
			ID: "a", PostID: "1", Category: Violence, Severity: High, Confidence: 0.7, PostedAt: today,
			Quote: "I'll burn it down",
		},
		Finding{ID: "b", PostID: "1", Category: Profanity, Severity: Low, Confidence: 0.7, PostedAt: today, Dismissed: true})
	r.Account.Handle = "anna"
	r.Coverage = Coverage{
		PostsTotal: 1300, PostsAnalysed: 1200, Reposts: 1,
		From: new(time.Date(2019, 1, 2, 0, 0, 0, 0, time.UTC)), To: new(today),
	}
	r.conclude()
	want := "This report rests on 1,200 of 1,300 posts by @anna, from 2 January 2019 to 22 November 2026; 1 repost is " +
		"counted but not judged. Read for visa application, the risk is medium (45.7 of 100): 1 finding in 1 post, led " +
		"by violence (1). 1 dismissed finding no longer counts. No language model was used. The offline screen knows " +
		"words, not meaning: it misses what is put politely and flags some of what was meant as a joke."
	if diff := cmp.Diff(want, r.Summary); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Violence in 1 post; the heaviest is high, posted on 22 November 2026: “I'll burn it " +
		"down”."}, r.KeyFindings); diff != "" {
		t.Error(diff)
	}
}

package mask

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/assess"
	say "github.com/repazoo/repazoo/internal/words"
)

var today = time.Date(2026, 11, 22, 17, 31, 12, 0, time.UTC)

// about is a report on ada_fernhill with these findings.
func about(t rapid.TB, findings ...assess.Finding) *assess.Report {
	t.Helper()
	r := &assess.Report{
		ID: "01990000-0000-7000-8000-000000000001", CreatedAt: today, ScoredAt: today,
		Source: assess.SourceX, Findings: findings,
		Account: assess.ReportAccount{ID: "1800000000000000001", Handle: "ada_fernhill"},
		Coverage: assess.Coverage{
			PostsTotal: 1300, PostsAnalysed: 1200, PostsJudged: 1200, From: new(today.AddDate(-5, 0, 0)), To: new(today),
			OutOfReach: []string{
				"X gives only the newest 3,200 posts of @ada_fernhill.",
				"2 entries of tweets.js were skipped: broken JSON (post 1800000000000000555, 180000).",
			},
			AlreadyGone: assess.Gone{Count: 1, Posts: []string{"1800000000000000777"}},
			Gaps: []assess.Gap{
				{Reason: assess.GapXEnds, Remedy: "Upload the archive of @ada_fernhill.", To: new(today)},
			},
		},
		Themes: []assess.Theme{
			{Name: "politics of Mrs Miller", Posts: 9, By: "model"},
			{Name: "#fernhillwedding", Posts: 5, By: "hashtag"},
			{Name: "fernhill", Posts: 4, By: "word"},
		},
		Sentiment: assess.Sentiment{Samples: []assess.Sample{
			{
				PostID: "1800000000000000888", URL: "https://x.com/ada_fernhill/status/1800000000000000888",
				Text: "What a garden!",
			},
		}},
		ReadAsHarmless: assess.Acquitted{Count: 1, Findings: []assess.Finding{
			{
				ID: "hhh", PostID: "1800000000000000999", Quote: "harmless words",
				Category: assess.Profanity, Severity: assess.Low,
			},
		}},
		Versions: assess.Versions{Score: assess.ScoreVersion},
	}
	seen, err := r.Through(assess.Lens{Purpose: assess.JobSearch})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func finding(n int, before, quote, after string) assess.Finding {
	id := fmt.Sprintf("18000000000000001%02d", n)
	return assess.Finding{
		ID: "f_" + id, PostID: id, URL: "https://x.com/ada_fernhill/status/" + id, PostedAt: today.AddDate(0, -n, 0),
		Before: before, Quote: quote, After: after,
		Category: assess.Harassment, Severity: assess.High, Confidence: 0.9, Witnesses: []assess.Witness{assess.ByModel},
		Reason: "Insults @grumpy_bert.", Suggestion: assess.SuggestDelete,
	}
}

func masked(t rapid.TB, r *assess.Report, quotes bool) *assess.Report {
	t.Helper()
	m, err := Report(r, Options{Own: []string{"ada_fernhill", "Ada Fernhill"}, Quotes: quotes})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func text(t rapid.TB, r *assess.Report) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReport_ReplacesWhatTellsWhoIsSpokenOf(t *testing.T) {
	t.Parallel()
	r := about(t, finding(1, "Hey @grumpy_bert, ", "you idiot, call +44 20 7946 0958",
		" or bert@grumpy.org, see https://grumpy.org/x"),
		finding(2, "@grumpy_bert again. ", "Ada Fernhill says you are a fool", " #adafernhillfan since 2019"))
	got := masked(t, r, true)
	type words struct{ Before, Quote, After string }
	want := []words{
		{"Hey [person 1], ", "you idiot, call [phone number 1]", " or [e-mail address 1], see [link 1]"},
		{"[person 1] again. ", "[the author] says you are a fool", " [the author] since [number 1]"},
	}
	var have []words
	for _, f := range got.Findings {
		have = append(have, words{f.Before, f.Quote, f.After})
		if f.Reason != "Insults [person 1]." {
			t.Errorf("the reason is %q", f.Reason)
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

func TestReport_TakesOutWhatLeadsToThePosts(t *testing.T) {
	t.Parallel()
	dismissed := finding(3, "", "dismissed words", "")
	dismissed.Dismissed, dismissed.Why = true, "my own private reason"
	profile := finding(4, "", "profile words", "")
	profile.PostID, profile.Item = assess.ProfileID, assess.ItemProfile
	r := about(t, finding(1, "", "you idiot", ""), finding(1, "", "you fool", ""), dismissed, profile)
	before := text(t, r)
	got := masked(t, r, true)
	all := text(t, got)
	for _, secret := range []string{
		"ada_fernhill", "1800000000", "x.com", "f_18", r.ID, "dismissed words", "my own private reason", "profile words",
		"What a garden", "harmless words", "fernhill", "Miller", "grumpy",
	} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is still there:\n%s", secret, all)
		}
	}
	if text(t, r) != before {
		t.Error("the report itself was changed")
	}
	if got.Findings[0].PostID != got.Findings[1].PostID || got.Findings[0].ID == got.Findings[1].ID {
		t.Errorf("two findings of one post are %+v and %+v", got.Findings[0], got.Findings[1])
	}
	if got.Score != r.Score || got.Now != r.Now || !got.Masked || len(got.Findings) != 3 {
		t.Errorf("score %v now %v, masked %v, %d findings", got.Score, got.Now, got.Masked, len(got.Findings))
	}
	if !strings.Contains(got.Summary, "1 dismissed finding no longer counts") ||
		!strings.Contains(got.Summary, "by this account") {
		t.Errorf("the summary is %q", got.Summary)
	}
	if at := got.Findings[0].PostedAt; at != at.Truncate(24*time.Hour) {
		t.Errorf("the hour of a post is there: %s", at)
	}
	day, first := today.Truncate(24*time.Hour), today.AddDate(-5, 0, 0).Truncate(24*time.Hour)
	c := got.Coverage
	if !c.From.Equal(first) || !c.To.Equal(day) || len(c.Gaps) != 1 || c.Gaps[0].From != nil || !c.Gaps[0].To.Equal(day) {
		t.Errorf("coverage is from %s to %s, with the gaps %+v", c.From, c.To, c.Gaps)
	}
	want := []string{
		"X gives only the newest 3,200 posts of [the author].",
		"2 entries of tweets.js were skipped: broken JSON (post [number], [number]).",
	}
	if !cmp.Equal(got.Coverage.OutOfReach, want) {
		t.Errorf("out of reach: %q", got.Coverage.OutOfReach)
	}
}

// What could not be read is said without the posts' ids, in the list and in the step that quotes it.
func TestReport_SaysWhatWasSkippedWithoutWhichPosts(t *testing.T) {
	t.Parallel()
	r := about(t, finding(1, "", "you idiot", ""))
	r.Coverage.Unread = []say.Message{
		say.M("unread.skipped_posts", "n", 1, "file", "tweets.js", "reason", "skip.json", "posts", "1800000000000000555"),
		say.M("unread.skipped_more", "n", 1234567, "file", "tweets.js", "reason", "skip.date", "posts", "555555, 666666"),
		say.M("unread.verbatim", "sentence", "Post 777777 is odd."),
	}
	r.Coverage.OutOfReach = assess.Sentences(say.For(say.English), r.Coverage.Unread)
	r, err := r.Through(assess.Lens{})
	if err != nil {
		t.Fatal(err)
	}
	got := masked(t, r, true)
	want := []string{
		"1 entry of tweets.js was skipped: broken JSON.",
		"1,234,567 entries of tweets.js were skipped: a date that cannot be read.",
		"Post [number] is odd.",
	}
	if diff := cmp.Diff(want, got.Coverage.OutOfReach); diff != "" {
		t.Error(diff)
	}
	all := text(t, got)
	for _, id := range []string{"1800000000", "555555", "666666", "777777"} {
		if strings.Contains(all, id) {
			t.Errorf("%s is still there:\n%s", id, all)
		}
	}
}

func TestReport_WithoutQuotesHoldsNoWordOfAPost(t *testing.T) {
	t.Parallel()
	got := text(t, masked(t, about(t, finding(1, "around ", "zebra crossing", " behind")), false))
	for _, word := range []string{"zebra", "around", "behind", "“"} {
		if strings.Contains(got, word) {
			t.Errorf("%q is still there: %s", word, got)
		}
	}
	if !strings.Contains(got, "Harassment in 1 post; the heaviest is high, posted on 22 October 2026.") {
		t.Errorf("the key finding is not told: %s", got)
	}
}

func TestQuoted_HalfAWordAtTheCutIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newWords(nil)
	before, quote, after := w.quoted("nhill "+strings.Repeat("a ", 40), "you idiot",
		strings.Repeat(" b", 40)+" @grumpy_b")
	if strings.Contains(before, "nhill") || strings.Contains(after, "grumpy") || quote != "you idiot" ||
		before[:len("…")] != "…" {
		t.Errorf("%q %q %q", before, quote, after)
	}
	if before, _, _ := w.quoted(strings.Repeat("x", 80), "q", ""); before != "…" {
		t.Errorf("a text without a space is %q", before)
	}
}

func TestQuoted_WhatCrossesTheEdgeOfAQuoteBelongsToIt(t *testing.T) {
	t.Parallel()
	before, quote, after := newWords(nil).quoted("ring 0151 ", "234567", "89 now")
	if before != "ring " || !strings.HasPrefix(quote, "[") || !strings.HasSuffix(quote, "]") || after != " now" {
		t.Errorf("%q %q %q", before, quote, after)
	}
}

func TestMask_AShortNameIsAWordOfItsOwn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"time for lunch":           "time for lunch",
		"#timfan and #teamtim":     "[hashtag 1] and [hashtag 2]",
		"#Tim #TIMFAN # timely":    "[the author] [hashtag 1] # timely",
		"sometimes I estimate":     "sometimes I estimate",
		"Tim, tim and #TIM":        "[the author], [the author] and [the author]",
		"Tims Auto, Tim's car":     "[the author] Auto, [the author]'s car",
		"x @tim99 tim_berlin":      "x [the author] [the author]",
		"TIMOTHYFERN's fans":       "[the author]'s fans",
		"the timothy_fernfans_2 x": "the [the author] x",
		"私は田中太です":                  "私は[the author]です",
		"@ai aid":                  "[the author] aid",
	} {
		if got := newWords([]string{"Tim", "timothy_fern", "田中太", "@ai"}).mask(text); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}

// Whatever a name is and wherever it stands, no letter, digit or underscore of the same word is left beside the mask
// that could tell the name, and a name that stands alone is masked.
func TestMask_NoRestOfAWordTellsTheName(t *testing.T) {
	t.Parallel()
	rest := regexp.MustCompile(`[\pL\pN_]\[the author\]|\[the author\][\pL\pN_]`)
	rapid.Check(t, func(t *rapid.T) {
		own := rapid.StringMatching(`[A-Z][a-z]{2,8}`).Draw(t, "name")
		affix := rapid.SampledFrom([]string{"", "e", "some", "fan", "_x", "7", "ß", "é"})
		word := affix.Draw(t, "before") + rapid.SampledFrom([]string{own, strings.ToLower(own)}).Draw(t, "as") +
			affix.Draw(t, "after")
		got := newWords([]string{own}).mask("one " + word + " and " + own + " two")
		if rest.MatchString(got) {
			t.Fatalf("%q becomes %q", word, got)
		}
		if !strings.HasSuffix(got, " [the author] two") {
			t.Fatalf("the name that stands alone is still in %q", got)
		}
	})
}

// harmless words stand around the secrets.
var harmless = []string{"well", "you idiot", "看这里", "и что", "no 12 or 5", "😀"}

// A handle, a number, an address or a link of a report is in no part of its masked copy, wherever it stands in a
// post and however the author's own name is spelled.
func TestReport_NoSecretSurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := func(name string) string {
			return rapid.OneOf(
				rapid.StringMatching(`@[a-z][a-z0-9_]{5,13}[a-z]`),
				rapid.StringMatching(`[1-9][0-9]{6,15}`),
				rapid.StringMatching(`\+49 1[5-7][0-9] [0-9]{7,8}`),
				rapid.StringMatching(`[a-z]{4,8}@[a-z]{5,9}\.(org|de)`),
				rapid.StringMatching(`https://[a-z]{5,9}\.(org|com)/[a-z]{3,9}`),
				rapid.SampledFrom([]string{
					"ada_fernhill", "@Ada_Fernhill", "AdaFernhill", "Ada Fernhill", "#adafernhill", "ADA-FERNHILL",
				}),
			).Draw(t, name)
		}
		var findings []assess.Finding
		var secrets []string
		for n := range rapid.IntRange(1, 5).Draw(t, "findings") {
			var parts [3]string
			for i := range parts {
				s := secret(fmt.Sprintf("secret %d.%d", n, i))
				secrets = append(secrets, s)
				around := rapid.SampledFrom(harmless).Draw(t, "words")
				parts[i] = around + " " + s + " " + around
			}
			f := finding(n, parts[0], " "+parts[1], " "+parts[2])
			f.Reason = "Says " + secret("in the reason") + " to somebody."
			findings = append(findings, f)
		}
		r := about(t, findings...)
		id := rapid.StringMatching(`[1-9][0-9]{6,18}`).Draw(t, "skipped")
		r.Coverage.OutOfReach = append(r.Coverage.OutOfReach, "Skipped: post "+id+".")
		if rapid.Bool().Draw(t, "as a message") {
			r.Coverage.OutOfReach = r.Coverage.OutOfReach[:1]
			r.Coverage.Unread = []say.Message{say.M("unread.skipped_posts", "n", 1, "file", "f", "reason", "r", "posts", id)}
		}
		all := strings.ToLower(text(t, masked(t, r, true)))
		for _, s := range append(secrets, id, "ada_fernhill", "fernhill") {
			if strings.Contains(all, strings.ToLower(strings.TrimLeft(s, "@#"))) {
				t.Fatalf("%q is still there:\n%s", s, all)
			}
		}
	})
}

func BenchmarkReport(b *testing.B) {
	var findings []assess.Finding
	for n := range 1000 {
		f := finding(n%90, "Hey @grumpy_bert, ", "you idiot, call +44 20 7946 0958", " or bert@grumpy.org")
		f.ID = fmt.Sprint(n)
		findings = append(findings, f)
	}
	r := about(b, findings...)
	for b.Loop() {
		masked(b, r, true)
	}
}

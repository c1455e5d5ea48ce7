package assess

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// keyFindingsMax is how many sentences the key findings hold.
const keyFindingsMax = 5

// keyQuoteRunes is how much of a quote a key finding repeats.
const keyQuoteRunes = 90

// theme of risk: one category's findings, the heaviest first.
type categoryFindings struct {
	category Category
	findings []Finding
	points   float64
}

// grouped are the counted findings by category, the category with the heaviest finding
// first. findings come heaviest first.
func grouped(findings []Finding) []categoryFindings {
	var out []categoryFindings
	for _, f := range counted(findings) {
		i := slices.IndexFunc(out, func(g categoryFindings) bool { return g.category == f.Category })
		if i < 0 {
			i = len(out)
			out = append(out, categoryFindings{category: f.Category})
		}
		out[i].findings = append(out[i].findings, f)
		out[i].points += f.Points
	}
	slices.SortStableFunc(out, func(a, b categoryFindings) int {
		return cmp.Or(cmp.Compare(b.findings[0].Points, a.findings[0].Points), cmp.Compare(b.points, a.points))
	})
	return out
}

// keyFindings says in at most five sentences what weighs most, a category each.
func keyFindings(findings []Finding) []string {
	out := []string{}
	for _, g := range grouped(findings) {
		if len(out) == keyFindingsMax {
			break
		}
		f := g.findings[0]
		out = append(out, fmt.Sprintf("%s in %s; the heaviest is %s, %s%s.",
			g.category.Title(), places(g.findings), f.Severity, placed(f), quoted(f)))
	}
	return out
}

// quoted is the end of a sentence that quotes a finding. A report can be masked so that no words of posts are in it.
func quoted(f Finding) string {
	if f.Quote == "" {
		return ""
	}
	return ": “" + short(f.Quote, keyQuoteRunes) + "”"
}

// placed says where a finding stands, or when it was posted.
func placed(f Finding) string {
	if f.OfProfile() {
		return "in the profile"
	}
	return "posted " + onDate(f.PostedAt)
}

// summarise is the executive summary: plain sentences made of the report's own numbers, so
// that the same report always reads the same.
func summarise(r *Report) string {
	sentences := []string{whatWasRead(r), whatWasFound(r)}
	if n := len(r.Findings) - len(counted(r.Findings)); n > 0 {
		sentences = append(sentences, Counting(n, "dismissed finding no longer counts/dismissed findings no longer count")+".")
	}
	if r.Now.Score != r.Score {
		sentences = append(sentences, "When the report was made, the score was "+decimal(r.Score)+".")
	}
	if r.Versions.Score != ScoreVersion {
		sentences = append(sentences, "This report keeps the earlier formula of the score, with which it was made; a new one is not comparable with it.")
	}
	if r.HumanReview.Needed {
		sentences = append(sentences, "A person should look before anything is decided: "+
			strings.TrimSuffix(strings.Join(r.HumanReview.Reasons, " "), ".")+".")
	}
	if s := mood(r.Sentiment); s != "" {
		sentences = append(sentences, s)
	}
	if n := r.ReadAsHarmless.Count; n > 0 {
		sentences = append(sentences, "The model read "+Counting(n, "finding")+" of the word screen as harmless; "+
			oneOrMany(n, "it counts", "they count")+" nothing.")
	}
	if r.Coverage.PostsJudged == 0 || r.Coverage.ModelUnusable {
		sentences = append(sentences, whyScreenAlone(r)+" The offline screen knows words, not meaning: "+
			"it misses what is put politely and flags some of what was meant as a joke.")
		if n := r.Coverage.NotEnglish; n > 0 {
			sentences = append(sentences, Counting(n, "post is/posts are")+" not in English, where it knows fewer words.")
		}
	}
	return strings.Join(sentences, " ")
}

func whatWasRead(r *Report) string {
	who := "this account"
	if r.Account.Handle != "" {
		who = "@" + r.Account.Handle
	}
	c := r.Coverage
	s := fmt.Sprintf("This report rests on %s of %s by %s", Thousands(c.PostsAnalysed), Counting(c.PostsTotal, "post"), who)
	if len(c.Gaps) > 0 { // the number that was read is not the number that there is
		s = fmt.Sprintf("This report rests on %s by %s, and others were not read", Counting(c.PostsAnalysed, "post"), who)
	}
	if c.From != nil && c.To != nil {
		s += fmt.Sprintf(", from %s to %s", c.From.UTC().Format("2 January 2006"), c.To.UTC().Format("2 January 2006"))
	}
	if c.Reposts > 0 {
		s += fmt.Sprintf("; %s counted but not judged", Counting(c.Reposts, "repost is/reposts are"))
	}
	if m := c.ModelChoice; m != nil {
		s += "; the word screen read all of them, the model " + m.String()
	}
	if c.OthersWords > 0 {
		s += fmt.Sprintf("; %s counted but not judged", Counting(c.OthersWords, "post in others' words is/posts in others' words are"))
	}
	if n := c.AlreadyGone.Count; n > 0 {
		s += fmt.Sprintf("; %s deleted already", Counting(n, "post was/posts were"))
	}
	if c.PostsGone > 0 {
		s += fmt.Sprintf("; %s no more", Counting(c.PostsGone,
			"post that you deleted since the last report counts/posts that you deleted since the last report count"))
	}
	return s + "."
}

func whatWasFound(r *Report) string {
	groups := grouped(r.Findings)
	lens := "Read for " + r.Purpose.Title()
	if len(groups) == 0 {
		return fmt.Sprintf("%s, the risk is %s (0 of 100): nothing was found that counts.", lens, r.Now.Level)
	}
	var names []string
	for _, g := range groups[:min(len(groups), 3)] {
		n := len(g.findings) + r.LeftOut.ByCategory[g.category]
		names = append(names, fmt.Sprintf("%s (%s)", strings.ToLower(g.category.Title()), Thousands(n)))
	}
	found := counted(r.Findings)
	return fmt.Sprintf("%s, the risk is %s (%s of 100): %s%s, led by %s.", lens, r.Now.Level, decimal(r.Now.Score),
		Counting(len(found)+r.LeftOut.Findings, "finding"), inPosts(r, found), listing(names))
}

// inPosts says how many posts hold the findings, where the report lists all of them.
func inPosts(r *Report, found []Finding) string {
	if r.LeftOut.Findings > 0 {
		return ""
	}
	return " in " + places(found)
}

// whyScreenAlone says why the word screen is the only witness.
func whyScreenAlone(r *Report) string {
	if r.Coverage.ModelUnusable {
		return "The model's answers could not be used, so the word screen stands alone."
	}
	return "No language model was used."
}

// mood is one sentence on the tone, or "" when it could not be measured.
func mood(s Sentiment) string {
	if !s.Known {
		return ""
	}
	return fmt.Sprintf("Of the %s whose tone could be measured, %.0f%% read positive, %.0f%% neutral and %.0f%% negative.",
		Counting(s.Measured, "post"), 100**s.Positive, 100**s.Neutral, 100**s.Negative)
}

// postsOf are the ids of the posts that hold the findings, each once, in their order. The profile is none.
func postsOf(findings []Finding) []string {
	ids := make([]string, 0, len(findings))
	seen := make(map[string]bool, len(findings))
	for _, f := range findings {
		if !seen[f.PostID] && !f.OfProfile() {
			seen[f.PostID] = true
			ids = append(ids, f.PostID)
		}
	}
	return ids
}

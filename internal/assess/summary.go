package assess

import (
	"cmp"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/words"
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
func keyFindings(l *words.Language, findings []Finding) []string {
	out := []string{}
	for _, g := range grouped(findings) {
		if len(out) == keyFindingsMax {
			break
		}
		f := g.findings[0]
		category, where, severity, when := title(l, g.category), places(l, g.findings), severityWords(l, f.Severity),
			placed(l, f)
		if f.Quote == "" { // a report can be masked so that no words of posts are in it
			out = append(out, l.Say("key.finding_masked", "category", category, "places", where, "severity", severity,
				"placed", when))
			continue
		}
		out = append(out, l.Say("key.finding", "category", category, "places", where, "severity", severity, "placed", when,
			"quote", short(f.Quote, keyQuoteRunes)))
	}
	return out
}

func severityWords(l *words.Language, s Severity) string { return l.Say("severity." + string(s)) }

// placed says where a finding stands, or when it was posted.
func placed(l *words.Language, f Finding) string {
	switch {
	case f.OfProfile():
		return l.Say("placed.profile")
	case f.PostedAt.IsZero():
		return l.Say("placed.unknown")
	}
	return l.Say("placed.date", "at", DayOf(f.PostedAt))
}

// summarise is the executive summary: plain sentences made of the report's own numbers, so
// that the same report always reads the same.
func summarise(r *Report) string {
	l := r.words()
	sentences := []string{whatWasRead(r), whatWasFound(r)}
	if n := len(r.Findings) - len(counted(r.Findings)); n > 0 {
		sentences = append(sentences, l.Say("sum.dismissed", "n", n))
	}
	if r.Now.Score != r.Score {
		sentences = append(sentences, l.Say("sum.was", "score", r.Score))
	}
	if r.Versions.Score != ScoreVersion {
		sentences = append(sentences, l.Say("sum.formula"))
	}
	if r.HumanReview.Needed {
		sentences = append(sentences, l.Say("sum.review", "reasons", strings.Join(r.HumanReview.Reasons, " ")))
	}
	if s := r.Sentiment; s.Known {
		sentences = append(sentences, l.Say("sum.mood", "n", s.Measured, "positive", *s.Positive, "neutral", *s.Neutral,
			"negative", *s.Negative))
	}
	if n := r.ReadAsHarmless.Count; n > 0 {
		sentences = append(sentences, l.Say("sum.harmless", "n", n))
	}
	return strings.Join(append(sentences, screenAlone(r)...), " ")
}

// screenAlone says why the word screen is the only witness, where it is, and what that means.
func screenAlone(r *Report) []string {
	l := r.words()
	var out []string
	switch {
	case r.Coverage.ModelUnusable:
		out = append(out, l.Say("sum.unusable"))
	case r.Coverage.PostsJudged == 0:
		out = append(out, l.Say("sum.no_model"))
	default:
		return nil
	}
	out = append(out, l.Say("sum.screen"))
	if n := r.Coverage.NotEnglish; n > 0 {
		out = append(out, l.Say("sum.not_english", "n", n))
	}
	return out
}

func whatWasRead(r *Report) string {
	l, c := r.words(), r.Coverage
	who := l.Say("sum.account")
	if r.Account.Handle != "" {
		who = "@" + r.Account.Handle
	}
	s := l.Say("sum.read", "analysed", c.PostsAnalysed, "n", c.PostsTotal, "who", who)
	if len(c.Gaps) > 0 { // the number that was read is not the number that there is
		s = l.Say("sum.read_some", "n", c.PostsAnalysed, "who", who)
	}
	if c.From != nil && c.To != nil {
		s += l.Say("sum.span", "from", *c.From, "to", *c.To)
	}
	if c.Reposts > 0 {
		s += l.Say("sum.reposts", "n", c.Reposts)
	}
	if m := c.ModelChoice; m != nil {
		s += l.Say("sum.choice", "choice", m.Words(l))
	}
	if c.OthersWords > 0 {
		s += l.Say("sum.others", "n", c.OthersWords)
	}
	if n := c.AlreadyGone.Count; n > 0 {
		s += l.Say("sum.gone_before", "n", n)
	}
	if c.PostsGone > 0 {
		s += l.Say("sum.gone", "n", c.PostsGone)
	}
	return s + "."
}

func whatWasFound(r *Report) string {
	l, groups := r.words(), grouped(r.Findings)
	purpose, level := l.Say("purpose."+string(r.Purpose)), l.Say("risk."+string(r.Now.Level))
	if len(groups) == 0 {
		return l.Say("sum.nothing", "purpose", purpose, "level", level)
	}
	most := groups[:min(len(groups), 3)]
	names := within(l, most)
	for i, g := range most {
		names[i] += " (" + l.Count(int64(len(g.findings)+r.LeftOut.ByCategory[g.category])) + ")"
	}
	found := counted(r.Findings)
	if more := r.LeftOut.Findings; more > 0 { // how many posts hold them is not known
		return l.Say("sum.found_more", "purpose", purpose, "level", level, "score", r.Now.Score, "n", len(found)+more,
			"names", names)
	}
	return l.Say("sum.found", "purpose", purpose, "level", level, "score", r.Now.Score, "n", len(found),
		"places", places(l, found), "names", names)
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

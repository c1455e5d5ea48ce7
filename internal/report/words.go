package report

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/words"
)

// view is a report arranged for reading. The formats for people share it. Its score is the
// one that holds now, and Made the one that the report was made with.
type view struct {
	*assess.Report
	*words.Language
	Made      float64
	Groups    []group                   // findings that count, by category, the heaviest first
	Dismissed []assess.Finding          // findings that do not
	Posts     int                       // posts that hold findings that count
	Profile   bool                      // the profile holds some
	heaviest  map[string]assess.Finding // that counts, of each post
}

// group is the findings of one category.
type group struct {
	Category assess.Category
	Worst    assess.Severity
	Findings []assess.Finding
}

// of100 is what stands beside the score: "of 100", and what it was where dismissals have moved it since.
func (v view) of100() string {
	if v.Made == v.Score {
		return v.Say("report.of100")
	}
	return v.Say("report.of100_was", "was", v.Made)
}

func newView(r *assess.Report) view {
	shown := *r
	shown.Score, shown.Level = r.Now.Score, r.Now.Level
	v := view{Report: &shown, Language: words.For(r.Language), Made: r.Score}
	posts := map[string]bool{}
	v.heaviest = map[string]assess.Finding{}
	for _, f := range r.Findings { // most points first, so that groups come in that order too
		if f.Dismissed {
			v.Dismissed = append(v.Dismissed, f)
			continue
		}
		if _, there := v.heaviest[f.PostID]; !there {
			v.heaviest[f.PostID] = f
		}
		if f.OfProfile() {
			v.Profile = true
		} else {
			posts[f.PostID] = true
		}
		i := slices.IndexFunc(v.Groups, func(g group) bool { return g.Category == f.Category })
		if i < 0 {
			i = len(v.Groups)
			v.Groups = append(v.Groups, group{Category: f.Category})
		}
		g := &v.Groups[i]
		g.Findings = append(g.Findings, f)
		if f.Severity.Rank() > g.Worst.Rank() {
			g.Worst = f.Severity
		}
	}
	v.Posts = len(posts)
	return v
}

// stepPost is a post that a step is about: its words and day, and where it stands.
type stepPost struct{ Words, URL string }

const (
	postsOfStep = 3  // that a step quotes
	runesOfStep = 60 // of each
)

// postsOf quotes the first posts of a step, because nobody knows a post by its number. A masked report may have no
// words.
func (v view) postsOf(r assess.Recommendation) (quoted []stepPost) {
	for _, id := range r.Posts {
		if f := v.heaviest[id]; f.Quote != "" && f.URL != "" && len(quoted) < postsOfStep {
			quoted = append(quoted, stepPost{v.Say("report.step_post", "quote", short(clean(f.Quote)), "at", v.place(f)), f.URL})
		}
	}
	return quoted
}

// moreOf says how many posts of a step are not quoted.
func (v view) moreOf(r assess.Recommendation) string {
	n := len(r.Posts) - len(v.postsOf(r))
	if n == 0 {
		return ""
	}
	return ", " + v.Say("report.more", "n", n)
}

// short cuts a quote for a line that holds several.
func short(quote string) string {
	if runes := []rune(quote); len(runes) > runesOfStep {
		return strings.TrimSpace(string(runes[:runesOfStep])) + "…"
	}
	return quote
}

// Counted is how many findings count.
func (v view) Counted() int { return len(v.Findings) - len(v.Dismissed) }

// Places says where the findings that count stand.
func (v view) Places() string { return assess.Places(v.Language, v.Posts, v.Profile) }

// Who is the account in a heading.
func (v view) Who() string {
	switch {
	case v.Account.Handle != "":
		return "@" + clean(v.Account.Handle)
	case v.Account.ID != "":
		return v.Say("report.account", "id", clean(v.Account.ID))
	default:
		return v.Say("report.an_account")
	}
}

// For is the purpose in words.
func (v view) For() string { return v.Say("purpose." + string(v.Purpose)) }

// category, severity and rule are those in words.
func (v view) category(c assess.Category) string { return v.Say("category." + string(c)) }
func (v view) severity(s assess.Severity) string { return v.Say("severity." + string(s)) }
func (v view) rule(r string) string              { return v.Say("rule." + r) }

// risk is a level in words, as it is said of the risk.
func (v view) risk(s assess.Severity) string { return v.Say("risk." + string(s)) }

// count writes a whole number.
func (v view) count(n int) string { return v.Count(int64(n)) }

// findingsWords counts findings.
func (v view) findingsWords(n int) string { return v.Say("report.findings_count", "n", n) }

// SourceName says in words where the posts came from.
func (v view) SourceName() string {
	if v.Source == assess.SourceArchive {
		return v.Say("receipt.archive")
	}
	return v.Say("receipt.x")
}

// Mixed reports whether sentences of the report are in another language than the rest.
func (v view) Mixed() bool {
	return slices.ContainsFunc(v.Findings, func(f assess.Finding) bool {
		_,
			foreign := f.Foreign(v.Report)
		return foreign
	})
}

// fact is a label and what it says.
type fact struct{ Label, Value string }

// CoverageFacts say how much of the account the report rests on.
func (v view) CoverageFacts() []fact {
	c := v.Coverage
	facts := []fact{
		{v.Say("cover.total"), v.count(c.PostsTotal)},
		{v.Say("cover.analysed"), v.count(c.PostsAnalysed)},
		{v.Say("cover.judged"), v.count(c.PostsJudged)},
		{v.Say("cover.skipped"), v.Say("cover.skipped_value", "n", c.PostsSkipped, "reposts", c.Reposts)},
		{v.Say("cover.from"), v.dateOf(c.From)},
		{v.Say("cover.to"), v.dateOf(c.To)},
		{v.Say("cover.zone"), v.Zone()},
		{v.Say("cover.rejected"), v.count(v.RejectedClaims)},
		{v.Say("cover.machine"), v.count(c.TalkToModel)},
	}
	if m := c.ModelChoice; m != nil {
		facts = append(facts, fact{v.Say("cover.chosen"), m.Words(v.Language)})
	}
	for _, f := range []struct {
		label string
		n     int
	}{
		{v.Say("cover.others"), c.OthersWords},
		{v.Say("cover.quoting"), c.Quoting},
		{v.Say("cover.gone_before"), c.AlreadyGone.Count},
		{v.Say("cover.outdated"), c.Outdated},
		{v.Say("cover.lost"), c.EntriesLost},
		{v.Say("cover.not_english"), c.NotEnglish},
		{v.Say("cover.unjudged"), c.PostsUnjudged},
		{v.Say("cover.weaker"), c.FindingsLost},
		{v.Say("cover.gaps"), len(c.Gaps)},
		{v.Say("cover.gone"), c.PostsGone},
	} {
		if f.n > 0 {
			facts = append(facts, fact{f.label, v.count(f.n)})
		}
	}
	return facts
}

// Covered says how much of the account a report rests on: labels, and what they say.
func Covered(r *assess.Report) iter.Seq2[string, string] { return each(newView(r).CoverageFacts()) }

// Receipt says what a report was made with, what it cost and where data went: labels, and what they say.
func Receipt(r *assess.Report) iter.Seq2[string, string] { return each(newView(r).Receipt()) }

// Engagement is the averages of the posts' own numbers: labels, and what they say.
func Engagement(r *assess.Report) iter.Seq2[string, string] {
	return each(newView(r).EngagementFacts())
}

func each(facts []fact) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, f := range facts {
			if !yield(f.Label, f.Value) {
				return
			}
		}
	}
}

// EngagementFacts are the averages of the posts' own numbers.
func (v view) EngagementFacts() []fact {
	e := v.Engagement
	hours, zone := v.BestHours()
	return []fact{
		{v.Say("engagement.likes"), v.optional(e.AvgLikes)},
		{v.Say("engagement.reposts"), v.optional(e.AvgReposts)},
		{v.Say("engagement.replies"), v.optional(e.AvgReplies)},
		{v.Say("engagement.rate"), v.percentOf(e.Rate)},
		{v.Say("engagement.week"), v.optional(e.PostsPerWeek)},
		{v.Say("engagement.hours", "zone", zone), v.hours(hours)},
	}
}

// Receipt says what the report was made with, what it cost and where data went.
func (v view) Receipt() []fact {
	p, nothing := v.Privacy, v.Say("receipt.nothing")
	facts := []fact{{v.Say("receipt.from"), v.SourceName()}}
	if len(p.Read) > 0 { // a report from before this was noted does not say
		facts = append(facts, fact{v.Say("receipt.read"), either(p.Read, "")})
	}
	for _, m := range v.Models {
		batched := ""
		if m.BatchedCalls > 0 {
			batched = " " + v.Say("receipt.batched", "n", m.BatchedCalls)
		}
		facts = append(facts, fact{v.Say("receipt.model"), v.Say("receipt.model_value", "model", clean(m.Model),
			"host", clean(m.Host), "calls", m.Calls, "batched", batched, "cached", m.CachedVerdicts,
			"refusals", m.Refusals, "in", m.InputTokens, "out", m.OutputTokens, "read", m.CacheReadTokens)})
	}
	if len(v.Models) == 0 {
		facts = append(facts, fact{v.Say("receipt.model"), v.Say("receipt.no_model")})
	}
	return append(facts,
		fact{v.Say("receipt.cost"), v.Say("receipt.cost_value", "total", v.Cost.TotalMicroUSD, "reads", v.reads(),
			"x", v.Cost.XMicroDollars, "model", v.Cost.ModelMicroUSD)},
		fact{v.Say("receipt.sent"), either(p.SentToModel, nothing)},
		fact{v.Say("receipt.replaced"), either(p.AliasedFirst, nothing)},
		fact{v.Say("receipt.who"), either(p.RecipientHosts, v.Say("receipt.nobody"))},
		fact{v.Say("receipt.never"), either(p.NeverRead, v.Say("receipt.nothing_else"))},
		fact{v.Say("receipt.kept"), v.kept(p.KeptUntil)},
		fact{v.Say("receipt.versions"), v.Say("receipt.versions_value", "app", v.orUnknown(v.Versions.App),
			"screen", v.orUnknown(v.Versions.Screen), "prompt", cmp.Or(clean(v.Versions.Prompt), v.Say("receipt.none")),
			"policy", v.orUnknown(v.Versions.Policy), "score", v.orUnknown(v.Versions.Score))},
		fact{v.Say("receipt.report"), cmp.Or(clean(v.ID), v.Say("receipt.not_stored"))},
	)
}

// reads are what X charged for.
func (v view) reads() string {
	s := v.count(v.Cost.XReads)
	if v.Cost.XUserReads > 0 {
		return v.Say("receipt.reads_profile", "reads", s)
	}
	return s
}

func either(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return clean(strings.Join(list, ", "))
}

func (v view) kept(until string) string {
	if t, err := time.Parse(time.RFC3339, until); err == nil {
		return v.Date(t)
	}
	return v.orUnknown(until)
}

func (v view) orUnknown(s string) string { return cmp.Or(clean(s), v.Say("report.unknown")) }

// witnesses names who claims a finding.
func (v view) witnesses(f assess.Finding) string {
	names := make([]string, len(f.Witnesses))
	for i, w := range f.Witnesses {
		names[i] = v.Say("witness." + string(w))
	}
	return v.List(names)
}

// claimed says who claims a finding, and how sure that is.
func (v view) claimed(f assess.Finding) string {
	return v.Say("report.confidence", "witnesses", v.witnesses(f), "confidence", f.Confidence)
}

// advice is a finding's suggestion in words.
func (v view) advice(f assess.Finding) string {
	switch {
	case f.OfProfile():
		return v.Say("advice.profile")
	case f.Suggestion == assess.SuggestKeep, f.Suggestion == assess.SuggestDelete:
		return v.Say("advice." + f.Suggestion)
	default:
		return v.Say("advice.edit_context")
	}
}

// horizon is a priority in words.
func (v view) horizon(priority string) string {
	switch priority {
	case "now", "this_week", "this_month":
		return v.Say("when." + priority)
	default:
		return v.Say("when.ongoing")
	}
}

// outcome says how long a step takes and where it leads: "Takes a few minutes. After this
// step: 46.".
func (v view) outcome(r assess.Recommendation) string {
	s := v.takes(r.Effort)
	if r.ScoreAfter != nil {
		s += " " + v.Say("takes.after", "score", *r.ScoreAfter)
	}
	return s
}

func (v view) takes(effort string) string {
	switch effort {
	case "minutes", "an_hour":
		return v.Say("takes." + effort)
	default:
		return v.Say("takes.a_day")
	}
}

// howScored says how the score came about, in the formula that the report was made with.
func (v view) howScored() string {
	if v.Versions.Score != assess.ScoreVersion {
		return v.Say("report.how_scored_1", "purpose", v.For(), "most", 0.7, "mean", 0.3)
	}
	return v.Say("report.how_scored", "purpose", v.For())
}

// place says where a finding stands: the date of its post, or the profile.
func (v view) place(f assess.Finding) string {
	if f.OfProfile() {
		return v.Say("report.profile")
	}
	return v.Date(assess.DayOf(f.PostedAt))
}

// reason is why something is a finding.
func (v view) reason(f assess.Finding) string { return f.WholeReason(v.Language) }

// besides is what follows the reason itself: where the finding stands, and what became of the post that it answers.
func (v view) besides(f assess.Finding) string {
	f.Reason = ""
	return strings.TrimSpace(v.reason(f))
}

// open names the link to where a finding stands.
func (v view) open(f assess.Finding) string {
	if f.OfProfile() {
		return v.Say("report.open_profile")
	}
	return v.Say("report.open_post")
}

// which tells the links to posts apart for those who hear them.
func (v view) which(f assess.Finding) string {
	if f.OfProfile() {
		return " " + v.Say("report.on_x")
	}
	return " " + v.Say("report.a_post_on_x", "id", f.PostID)
}

// made is the day on which the report was made.
func (v view) made() time.Time { return assess.DayOf(v.CreatedAt) }

func (v view) dateOf(t *time.Time) string {
	if t == nil {
		return v.Say("report.unknown")
	}
	return v.Date(assess.DayOf(*t))
}

// number is a number as programs read it.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (v view) optional(n *float64) string {
	if n == nil {
		return v.Say("report.unknown")
	}
	return v.Number(*n)
}

func (v view) percentOf(part *float64) string {
	if part == nil {
		return v.Say("report.unknown")
	}
	return v.Percent(*part, 1)
}

// signed is a number between −1 and 1 with its sign.
func (v view) signed(n float64) string {
	s := v.Fixed(n, 2)
	if n >= 0 {
		return "+" + s
	}
	return s
}

func (v view) hours(list []int) string {
	if len(list) == 0 {
		return v.Say("report.unknown")
	}
	out := make([]string, len(list))
	for i, h := range list {
		out[i] = fmt.Sprintf("%02d:00", h)
	}
	return strings.Join(out, ", ")
}

// clean makes text from outside fit to be shown in one line: white space becomes single
// spaces, and control characters, terminal escapes, and the marks that turn the direction
// of writing around are taken out.
func clean(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c), c == '\u2028', c == '\u2029', c == '\ufeff',
			c == unicode.ReplacementChar:
			return -1
		}
		return c
	}, s)
	return s
}

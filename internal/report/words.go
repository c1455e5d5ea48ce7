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
)

// unknown stands where a number could not be had. It is never a zero.
const unknown = "unknown"

// maskedWords say what a report is that was made for somebody else (package mask).
const maskedWords = "This copy is masked: whose posts these are, links, dates to the hour, and the names, handles, numbers and " +
	"addresses that can be told as such were taken out. What the report's owner dismissed is left out."

// view is a report arranged for reading. The formats for people share it. Its score is the
// one that holds now, and Made the one that the report was made with.
type view struct {
	*assess.Report
	Made      float64
	Groups    []group          // findings that count, by category, the heaviest first
	Dismissed []assess.Finding // findings that do not
	Posts     int              // posts that hold findings that count
	Profile   bool             // the profile holds some
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
		return "of 100"
	}
	return "of 100, was " + number(v.Made)
}

func newView(r *assess.Report) view {
	shown := *r
	shown.Score, shown.Level = r.Now.Score, r.Now.Level
	v := view{Report: &shown, Made: r.Score}
	posts := map[string]bool{}
	for _, f := range r.Findings { // most points first, so that groups come in that order too
		if f.Dismissed {
			v.Dismissed = append(v.Dismissed, f)
			continue
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

// Counted is how many findings count.
func (v view) Counted() int { return len(v.Findings) - len(v.Dismissed) }

// Places says where the findings that count stand.
func (v view) Places() string {
	switch {
	case !v.Profile:
		return assess.Counting(v.Posts, "post")
	case v.Posts == 0:
		return "the profile"
	}
	return assess.Counting(v.Posts, "post") + " and the profile"
}

// Who is the account in a heading.
func (v view) Who() string {
	switch {
	case v.Account.Handle != "":
		return "@" + clean(v.Account.Handle)
	case v.Account.ID != "":
		return "account " + clean(v.Account.ID)
	default:
		return "an X account"
	}
}

// Source says in words where the posts came from.
func (v view) SourceName() string {
	if v.Source == assess.SourceArchive {
		return "an X data archive"
	}
	return "X"
}

// fact is a label and what it says.
type fact struct{ Label, Value string }

// CoverageFacts say how much of the account the report rests on.
func (v view) CoverageFacts() []fact {
	c := v.Coverage
	facts := []fact{
		{"Posts that were read", assess.Thousands(c.PostsTotal)},
		{"Analysed", assess.Thousands(c.PostsAnalysed)},
		{"Read by a language model", assess.Thousands(c.PostsJudged)},
		{"Skipped", fmt.Sprintf("%s (of these reposts: %s)", assess.Thousands(c.PostsSkipped), assess.Thousands(c.Reposts))},
		{"From", dateOf(c.From)},
		{"To", dateOf(c.To)},
		{"Claims dropped because their quote was not in the post", assess.Thousands(v.RejectedClaims)},
		{"Posts that address a machine reader", assess.Thousands(c.TalkToModel)},
	}
	if m := c.ModelChoice; m != nil {
		facts = append(facts, fact{"Chosen for the model", m.String()})
	}
	for _, f := range []struct {
		label string
		n     int
	}{
		{"Posts in others' words, counted but not judged", c.OthersWords},
		{"Posts judged without the words of others in them", c.Quoting},
		{"Posts deleted already, not judged", c.AlreadyGone.Count},
		{"Earlier versions of edited posts, not judged", c.Outdated},
		{"Entries that could not be read", c.EntriesLost},
		{"Posts not in English, where the screen knows fewer words", c.NotEnglish},
		{"Posts the model gave no usable answer for", c.PostsUnjudged},
		{"Weaker findings beyond what a report lists", c.FindingsLost},
		{"Parts of the account that were not read", len(c.Gaps)},
		{"Posts deleted since the last report, which count no more", c.PostsGone},
	} {
		if f.n > 0 {
			facts = append(facts, fact{f.label, assess.Thousands(f.n)})
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
	return []fact{
		{"Likes a post", optional(e.AvgLikes)},
		{"Reposts a post", optional(e.AvgReposts)},
		{"Replies a post", optional(e.AvgReplies)},
		{"Engagement rate", percentOf(e.Rate)},
		{"Posts a week", optional(e.PostsPerWeek)},
		{"Best hours (UTC)", hours(e.PeakHours)},
	}
}

// Receipt says what the report was made with, what it cost and where data went.
func (v view) Receipt() []fact {
	facts := []fact{{"Read from", v.SourceName()}}
	if len(v.Privacy.Read) > 0 { // a report from before this was noted does not say
		facts = append(facts, fact{"Read", either(v.Privacy.Read, "")})
	}
	for _, m := range v.Models {
		batched := ""
		if m.BatchedCalls > 0 {
			batched = " (" + assess.Thousands(m.BatchedCalls) + " in a batch at half the price)"
		}
		facts = append(facts, fact{"Model", fmt.Sprintf(
			"%s at %s: %s calls%s, %s cached verdicts, %s refusals, %s tokens in, %s out, %s read from cache",
			clean(m.Model), clean(m.Host), assess.Thousands(m.Calls), batched, assess.Thousands(m.CachedVerdicts),
			assess.Thousands(m.Refusals),
			assess.Thousands(m.InputTokens), assess.Thousands(m.OutputTokens), assess.Thousands(m.CacheReadTokens))})
	}
	if len(v.Models) == 0 {
		facts = append(facts, fact{"Model", "none: the offline screen alone"})
	}
	return append(facts,
		fact{"Cost", fmt.Sprintf("%s (X reads %s: %s; model: %s)", dollars(v.Cost.TotalMicroUSD), v.reads(), dollars(v.Cost.XMicroDollars), dollars(v.Cost.ModelMicroUSD))},
		fact{"Sent to the model", either(v.Privacy.SentToModel, "nothing")},
		fact{"Replaced by placeholders first", either(v.Privacy.AliasedFirst, "nothing")},
		fact{"Who received post text", either(v.Privacy.RecipientHosts, "nobody")},
		fact{"Never opened", either(v.Privacy.NeverRead, "nothing else was there")},
		fact{"Posts kept until", kept(v.Privacy.KeptUntil)},
		fact{"Versions", fmt.Sprintf("app %s, screen %s, prompt %s, policy %s, score %s", orUnknown(v.Versions.App), orUnknown(v.Versions.Screen),
			cmp.Or(clean(v.Versions.Prompt), "none"), orUnknown(v.Versions.Policy), orUnknown(v.Versions.Score))},
		fact{"Report", cmp.Or(clean(v.ID), "not stored")},
	)
}

// reads are what X charged for.
func (v view) reads() string {
	s := assess.Thousands(v.Cost.XReads)
	if v.Cost.XUserReads > 0 {
		s += " and the profile"
	}
	return s
}

func either(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return clean(strings.Join(list, ", "))
}

func kept(until string) string {
	if t, err := time.Parse(time.RFC3339, until); err == nil {
		return date(t)
	}
	return cmp.Or(clean(until), unknown)
}

func orUnknown(s string) string { return cmp.Or(clean(s), unknown) }

// witnesses names who claims a finding.
func witnesses(f assess.Finding, and string) string {
	names := make([]string, len(f.Witnesses))
	for i, w := range f.Witnesses {
		names[i] = string(w)
	}
	return strings.Join(names, and)
}

// advice is a finding's suggestion in words.
func advice(f assess.Finding) string {
	switch {
	case f.OfProfile():
		return "Change it: it is what people see first."
	case f.Suggestion == assess.SuggestKeep:
		return "Keep it."
	case f.Suggestion == assess.SuggestDelete:
		return "Delete it."
	default:
		return "Add the missing context, or delete it."
	}
}

// horizon is a priority in words.
func horizon(priority string) string {
	switch priority {
	case "now":
		return "Now"
	case "this_week":
		return "This week"
	case "this_month":
		return "This month"
	default:
		return "Ongoing"
	}
}

// takes is an effort in words.
// outcome says how long a step takes and where it leads: "Takes a few minutes. After this
// step: 46.".
func outcome(r assess.Recommendation) string {
	s := "Takes " + takes(r.Effort) + "."
	if r.ScoreAfter != nil {
		s += " After this step: " + number(*r.ScoreAfter) + "."
	}
	return s
}

// howScored says how the score came about, in the formula that the report was made with.
func howScored(v view) string {
	if v.Versions.Score != assess.ScoreVersion {
		return "Points are severity × weight for " + v.Purpose.Title() +
			" × confidence × recency; by the formula of that time the score is 0.7 × the largest + 0.3 × their mean."
	}
	return "The points add up to the score. They follow from severity, confidence, age and the weight for " +
		v.Purpose.Title() + ", and each further finding of a category counts nine tenths of the one before."
}

func takes(effort string) string {
	switch effort {
	case "minutes":
		return "a few minutes"
	case "an_hour":
		return "about an hour"
	default:
		return "about a day"
	}
}

func date(t time.Time) string {
	if t.IsZero() {
		return "date unknown"
	}
	return t.UTC().Format("2 January 2006")
}

// place says where a finding stands: the date of its post, or the profile.
func place(f assess.Finding) string {
	if f.OfProfile() {
		return "Profile"
	}
	return date(f.PostedAt)
}

// reason is why something is a finding.
func reason(f assess.Finding) string { return f.WholeReason() }

// open names the link to where a finding stands.
func open(f assess.Finding) string {
	if f.OfProfile() {
		return "Open the profile"
	}
	return "Open the post"
}

// which tells the links to posts apart for those who hear them.
func which(f assess.Finding) string {
	if f.OfProfile() {
		return ""
	}
	return " " + f.PostID
}

func dateOf(t *time.Time) string {
	if t == nil {
		return unknown
	}
	return date(*t)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func optional(v *float64) string {
	if v == nil {
		return unknown
	}
	return number(*v)
}

func percentOf(v *float64) string {
	if v == nil {
		return unknown
	}
	return strconv.FormatFloat(100**v, 'f', 1, 64) + "%"
}

func hours(list []int) string {
	if len(list) == 0 {
		return unknown
	}
	out := make([]string, len(list))
	for i, h := range list {
		out[i] = fmt.Sprintf("%02d:00", h)
	}
	return strings.Join(out, ", ")
}

// dollars writes millionths of a dollar: to the cent, or finer where a cent is too coarse.
func dollars(micro int64) string {
	if micro%10_000 == 0 {
		return fmt.Sprintf("$%.2f", float64(micro)/1e6)
	}
	return fmt.Sprintf("$%.4f", float64(micro)/1e6)
}

// clean makes text from outside fit to be shown in one line: white space becomes single
// spaces, and control characters, terminal escapes, and the marks that turn the direction
// of writing around are taken out.
func clean(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c), c == '\u2028', c == '\u2029', c == '\ufeff', c == unicode.ReplacementChar:
			return -1
		}
		return c
	}, s)
	return s
}

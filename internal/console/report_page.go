package console

import (
	"cmp"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/review"
)

// The page of a report: what decides the score, the findings to go through, what to do, and
// how it all came about. Lens, filters and page stand in its address (see [address]).

// findingsPerPage is how many findings stand on a page.
const findingsPerPage = 20

// leadingPosts is how many posts are named as those that decide the score.
const leadingPosts = 3

// maxWhy bounds the reason of a dismissal.
const maxWhy = 500

type reportView struct {
	page
	Analysis analysis.Analysis
	R        *assess.Report // through the lens
	At       address
	Lenses   []lens
	Leading  []heavyPost
	Without  assess.Standing // once the leading posts are gone
	Chosen   whatIf
	Undo     undo
	Matching []assess.Finding // of all pages
	Shown    []assess.Finding // on this page
	Pages    int
	Counts   map[assess.Severity]int // of those that match, were no severity asked for; "" is all of them
	Years    []int                   // that have findings
	Steps    []todoStep
	Since    *analysis.Movement // from the report before; nil for the first
	Why      string             // the reason that was typed into a form that was refused
	Sample   bool               // of nobody, so there is nothing to do but to look
	Place    *time.Location     // of its reader; nil for UTC
	NoZone   bool               // its reader has chosen no zone
}

// lens is a purpose to read the report for, and the score that it gives.
type lens struct {
	Purpose assess.Purpose
	assess.Standing
}

// heavyPost is one of the posts that weigh most.
type heavyPost struct {
	First  assess.Finding // the heaviest in it
	Points float64        // of all that was found in it
	IDs    []string       // of all that was found in it
}

// whatIf is what the score would be without the findings that are ticked.
type whatIf struct {
	IDs []string
	assess.Standing
}

// undo is what the last form did, to be taken back.
type undo struct {
	Dismissed bool // or restored
	IDs       []string
}

// todoStep is a recommendation with the words that it is about.
type todoStep struct {
	assess.Recommendation
	Key    string // that a tick is kept by: the same in all languages
	Done   bool
	First  bool // of its priority
	Quotes []assess.Finding
	More   int // further posts
	IDs    []string
}

// showReport shows the report of an analysis that has completed.
func (c *Console) showReport(v *visit, a analysis.Analysis) error {
	at := readAddress("/a/"+a.ID, v.r.URL.Query(), a.Purpose)
	if v.alert != nil { // what was chosen stays chosen
		chosen := v.r.PostForm["chosen"]
		at.Chosen = chosen[:min(len(chosen), analysis.MaxDismiss)]
	}
	prefer, err := c.Accounts.Preferences(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	r, err := c.Analyses.Seen(v.r.Context(), v.me.UserID, a.ID, assess.Lens{
		Purpose: at.Lens, Language: v.tongue().Tag, Place: prefer.Place(),
	})
	if err != nil {
		return err
	}
	if err := c.Notices.Seen(v.r.Context(), v.me.UserID, a.ID); err != nil {
		return err
	}
	view := reportView{page: c.page(v, v.tongue().Say("view.title", "handle", a.Handle)), Analysis: a, R: r, At: at}
	view.Report, view.Why = true, v.typed("why", "")
	view.gather()
	if view.Since, err = c.Analyses.MovedSince(v.r.Context(), a, r.Account.ID); err != nil {
		return err
	}
	view.Place, view.NoZone = prefer.Place(), prefer.TimeZone == ""
	view.Undo = undoOf(v.r.URL.Query(), r.Findings)
	return c.ok(v, reportPage(view))
}

// gather works out from the report and the address what is shown.
func (v *reportView) gather() {
	v.Lenses = lensesOf(v.R)
	v.addLeading()
	v.addFindings()
	v.addSteps()
}

func lensesOf(r *assess.Report) []lens {
	all := make([]lens, len(assess.Purposes))
	for i, p := range assess.Purposes {
		all[i] = lens{p, r.Under(p)}
	}
	return all
}

func (v *reportView) addLeading() {
	all := heavyPosts(v.R.Findings)
	v.Leading = all[:min(len(all), leadingPosts)]
	v.Without = v.R.Without(v.leadingIDs()...)
}

// heavyPosts are the posts with findings that count, the heaviest first.
func heavyPosts(findings []assess.Finding) []heavyPost {
	var posts []heavyPost
	place := map[string]int{}
	for _, f := range findings {
		if f.Dismissed {
			continue
		}
		i, known := place[f.PostID]
		if !known {
			i = len(posts)
			place[f.PostID] = i
			posts = append(posts, heavyPost{First: f})
		}
		posts[i].Points += f.Points
		posts[i].IDs = append(posts[i].IDs, f.ID)
	}
	slices.SortStableFunc(posts, func(a, b heavyPost) int { return cmp.Compare(b.Points, a.Points) })
	return posts
}

func (v *reportView) leadingIDs() []string {
	var ids []string
	for _, p := range v.Leading {
		ids = append(ids, p.IDs...)
	}
	return ids
}

// addFindings picks those that the address asks for, and its page of them.
func (v *reportView) addFindings() {
	v.Matching = v.At.Pick(v.R.Findings)
	v.Pages = max(1, (len(v.Matching)+findingsPerPage-1)/findingsPerPage)
	v.At.Page = min(v.At.Page, v.Pages)
	v.Shown = v.Matching[(v.At.Page-1)*findingsPerPage : min(v.At.Page*findingsPerPage, len(v.Matching))]
	v.Counts = map[assess.Severity]int{}
	ungraded := v.At.Query
	ungraded.Severity = ""
	for _, f := range ungraded.Pick(v.R.Findings) {
		v.Counts[f.Severity]++
		v.Counts[""]++
	}
	for _, f := range v.R.Findings {
		if y := f.PostedAt.Year(); !f.PostedAt.IsZero() && !slices.Contains(v.Years, y) {
			v.Years = append(v.Years, y)
		}
	}
	slices.SortFunc(v.Years, func(a, b int) int { return cmp.Compare(b, a) })
	v.At.Chosen = known(v.At.Chosen, v.R.Findings, func(f assess.Finding) bool { return !f.Dismissed })
	v.Chosen = whatIf{v.At.Chosen, v.R.Without(v.At.Chosen...)}
}

// known are the ids that name a finding which fits; an address can be old, or somebody's own.
func known(ids []string, findings []assess.Finding, fits func(assess.Finding) bool) []string {
	there := map[string]bool{}
	for _, f := range findings {
		there[f.ID] = fits(f)
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !there[id] })
}

// quotesOfStep is how many posts a step quotes.
const quotesOfStep = 3

func (v *reportView) addSteps() {
	first := map[string]assess.Finding{}
	ids := map[string][]string{}
	for _, f := range v.R.Findings {
		if f.Dismissed {
			continue
		}
		if _, seen := first[f.PostID]; !seen {
			first[f.PostID] = f
		}
		ids[f.PostID] = append(ids[f.PostID], f.ID)
	}
	before := ""
	for _, rec := range v.R.Recommendations {
		s := todoStep{Recommendation: rec, Key: v.keyOf(rec), First: rec.Priority != before}
		s.Done = v.Analysis.Ticked(s.Key)
		before = rec.Priority
		for _, post := range rec.Posts {
			if len(s.Quotes) < quotesOfStep {
				s.Quotes = append(s.Quotes, first[post])
			}
			s.IDs = append(s.IDs, ids[post]...)
		}
		s.IDs = s.IDs[:min(len(s.IDs), analysis.MaxDismiss)]
		s.More = len(rec.Posts) - len(s.Quotes)
		v.Steps = append(v.Steps, s)
	}
}

// keyOf tells a step from the others of the report.
func (v *reportView) keyOf(rec assess.Recommendation) string {
	key := rec.Category + " " + rec.Priority
	for slices.ContainsFunc(v.Steps, func(s todoStep) bool { return s.Key == key }) {
		key += " again"
	}
	return key
}

// undoOf reads from the address what the last form did, and holds it against how things are.
func undoOf(q url.Values, findings []assess.Finding) undo {
	u := undo{Dismissed: q.Get("did") == "dismissed"}
	if u.Dismissed || q.Get("did") == "restored" {
		asked := q["undo"]
		u.IDs = known(asked[:min(len(asked), analysis.MaxDismiss)], findings,
			func(f assess.Finding) bool { return f.Dismissed == u.Dismissed })
	}
	return u
}

// tick keeps that a step is done, or no longer, and returns to the list of what to do.
func (c *Console) tick(v *visit) (string, error) {
	a, err := c.Analyses.Get(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	if err != nil {
		return "", err
	}
	at := readAddress("/a/"+a.ID, v.r.URL.Query(), a.Purpose)
	return at.String() + "#todo", c.Analyses.Tick(v.r.Context(), v.me.UserID, a.ID, v.field("step"), v.field("done") != "")
}

// review takes findings out of the score, or back into it, and returns to the next of them.
func (c *Console) review(v *visit) (string, error) {
	a, err := c.Analyses.Get(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	if err != nil {
		return "", err
	}
	out := v.field("do") != "restore"
	if utf8.RuneCountInString(v.field("why")) > maxWhy {
		return "", fault.ValidationFailed.Saying("Say why in at most %d characters.", maxWhy)
	}
	ids := v.r.PostForm["chosen"]
	if _, err := c.Analyses.DismissAll(v.r.Context(), v.me.UserID, ids, out, v.field("why")); err != nil {
		return "", err
	}
	at := readAddress("/a/"+a.ID, v.r.URL.Query(), a.Purpose)
	at.Chosen = nil
	q := at.values()
	q.Set("did", "restored")
	if out {
		q.Set("did", "dismissed")
	}
	q["undo"] = ids
	return at.path + "?" + q.Encode() + "#" + anchor(v.field("next")), nil
}

// anchor is the part of the page to go on at: the finding with this id, or the list.
func anchor(id string) string {
	if id == "" || url.PathEscape(id) != id || len(id) > 64 {
		return "findings"
	}
	return "f-" + id
}

// after is the finding to go on at once the i-th of the page is done with.
func (v reportView) after(i int) string {
	switch {
	case i+1 < len(v.Shown):
		return v.Shown[i+1].ID
	case v.At.State == "": // it stays where it is, or near
		return v.Shown[i].ID
	case i > 0:
		return v.Shown[i-1].ID
	}
	return ""
}

// pageOf is the page on which a finding stands when all that count are shown.
func (v reportView) pageOf(id string) int {
	open := review.Query{State: review.Open}.Pick(v.R.Findings)
	return max(0, slices.IndexFunc(open, func(f assess.Finding) bool { return f.ID == id }))/findingsPerPage + 1
}

func (v reportView) isChosen(f assess.Finding) bool { return slices.Contains(v.Chosen.IDs, f.ID) }

func (v reportView) shownIDs() []string {
	ids := make([]string, len(v.Shown))
	for i, f := range v.Shown {
		ids[i] = f.ID
	}
	return ids
}

// chosenElsewhere are the findings that are chosen and not on this page.
func (v reportView) chosenElsewhere() []string {
	shown := v.shownIDs()
	return slices.DeleteFunc(slices.Clone(v.Chosen.IDs), func(id string) bool { return slices.Contains(shown, id) })
}

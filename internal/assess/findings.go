package assess

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/base32"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"
)

// ContextRunes is how much of a post is kept on each side of a quote.
const ContextRunes = 80

// merge turns the verified claims about one post into findings.
//
// Claims of one category whose spans overlap are one finding. If the model is among its
// witnesses, its quote, severity, reason and suggestion stand, because it reads the whole
// post and the screen only knows words; otherwise those of the severest claim do. The
// finding is disputed when the screen says high or worse and the model, having judged the
// post, says less or nothing, or the other way round where both speak.
func merge(p Post, a ReportAccount, claims []Claim, judged bool) []Finding {
	var out []Finding
	for group := range overlapping(claims) {
		f := newFinding(p, a, group, judged)
		if !slices.ContainsFunc(out, func(g Finding) bool { return g.ID == f.ID }) {
			out = append(out, f)
		}
	}
	return out
}

// overlapping yields the claims of one category whose spans hang together, the leading
// claim of each group first.
func overlapping(claims []Claim) func(yield func([]Claim) bool) {
	if len(claims) == 1 {
		return slices.Values([][]Claim{claims})
	}
	sorted := slices.SortedFunc(slices.Values(claims), func(a, b Claim) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Start, b.Start), lead(a, b))
	})
	return func(yield func([]Claim) bool) {
		for len(sorted) > 0 {
			end, n := sorted[0].End, 1
			for n < len(sorted) && sorted[n].Category == sorted[0].Category && sorted[n].Start < end {
				end, n = max(end, sorted[n].End), n+1
			}
			group := slices.SortedFunc(slices.Values(sorted[:n]), lead)
			sorted = sorted[n:]
			if !yield(group) {
				return
			}
		}
	}
}

// lead orders claims by who speaks for the group: the model, the severest, the longest
// quote, the earliest; the words settle the rest.
func lead(a, b Claim) int {
	rank := func(c Claim) int {
		if c.By == ByModel {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(rank(b), rank(a)),
		cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
		cmp.Compare(b.End-b.Start, a.End-a.Start),
		cmp.Compare(a.Start, b.Start),
		cmp.Compare(a.Reason, b.Reason),
		cmp.Compare(a.Suggestion, b.Suggestion),
	)
}

func newFinding(p Post, a ReportAccount, group []Claim, judged bool) Finding {
	c := group[0]
	quote := p.Text[c.Start:c.End]
	start := utf8.RuneCountInString(p.Text[:c.Start])
	before, after := p.around(c)
	witnesses, confidence := witnessesOf(group)
	suggestion := cmp.Or(c.Suggestion, SuggestContext)
	if p.isProfile() {
		suggestion = SuggestContext
	}
	return Finding{
		ID:         findingID(p.scope(a), c.Category, quote),
		PostID:     p.ID,
		Item:       p.itemAt(c.Start),
		URL:        p.linkTo(a),
		PostedAt:   p.PostedAt.UTC(),
		Before:     lastRunes(before, ContextRunes),
		Quote:      quote,
		After:      firstRunes(after, ContextRunes),
		QuoteStart: start,
		QuoteEnd:   start + utf8.RuneCountInString(quote),
		Category:   c.Category,
		Severity:   c.Severity,
		Confidence: confidence,
		Witnesses:  witnesses,
		Disputed:   disputed(group, judged),

		NeedsContext: slices.ContainsFunc(group, func(c Claim) bool { return c.NeedsContext }),
		Context:      contextOf(group),
		Reason:       c.Reason,
		ReasonCode:   c.Code,
		ReasonLang:   c.Lang,
		Suggestion:   suggestion,
	}
}

// around is the text before and after a claim, as far as it is of the same kind: the descriptions of pictures do not
// follow the words of a post as if they were part of them.
func (p Post) around(c Claim) (before, after string) {
	from, to := 0, len(p.Text)
	switch {
	case p.Aside == 0:
	case c.Start >= p.Aside:
		from = p.Aside
	case c.End < p.Aside:
		to = p.Aside - len("\n")
	}
	return p.Text[from:c.Start], p.Text[c.End:to]
}

func witnessesOf(group []Claim) ([]Witness, float64) {
	screen := slices.ContainsFunc(group, func(c Claim) bool { return c.By == ByScreen })
	model := slices.ContainsFunc(group, func(c Claim) bool { return c.By == ByModel })
	switch {
	case screen && model:
		return []Witness{ByScreen, ByModel}, bothConfidence
	case model:
		return []Witness{ByModel}, modelConfidence
	default:
		return []Witness{ByScreen}, screenConfidence
	}
}

func disputed(group []Claim, judged bool) bool {
	worst := map[Witness]int{}
	for _, c := range group {
		worst[c.By] = max(worst[c.By], c.Severity.Rank())
	}
	screen, screenSpoke := worst[ByScreen]
	model, modelSpoke := worst[ByModel]
	switch {
	case screenSpoke && modelSpoke:
		return (screen >= High.Rank()) != (model >= High.Rank())
	case screenSpoke:
		return judged && screen >= High.Rank()
	default:
		return false // the screen's silence means nothing: it only knows words
	}
}

// sound says whether a claim can be shown: its span lies inside the text, on whole code
// points, and its labels are known.
func (c Claim) sound(text string) bool {
	return c.Start >= 0 && c.Start < c.End && c.End <= len(text) &&
		utf8.ValidString(text[c.Start:c.End]) && utf8.RuneStart(text[c.Start]) &&
		(c.End == len(text) || utf8.RuneStart(text[c.End])) &&
		c.Severity.Rank() > 0 && slices.Contains(Categories[:], c.Category)
}

// findingID names a finding by what it says, so that it survives a new run.
func findingID(postID string, c Category, quote string) string {
	var room [512]byte
	b := append(room[:0], postID...)
	b = append(append(append(b, 0), c...), 0)
	sum := sha256.Sum256(append(b, quote...))
	var name [56]byte // what 32 bytes come out as
	lowerBase32.Encode(name[:], sum[:])
	return string(name[:26])
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567")

// postURL links to the post. X finds a post by its id alone; the handle is for the reader.
func postURL(a ReportAccount, postID string) string {
	return "https://x.com/" + url.PathEscape(cmp.Or(a.Handle, "i")) + "/status/" + url.PathEscape(postID)
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func lastRunes(s string, n int) string {
	i := len(s)
	for ; i > 0 && n > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s[i:]
}

// keeper keeps at most limit findings: of each category the severest, surest and most recent,
// which are the same for every purpose. When there are too many, the weakest of the category
// with the most findings goes. It counts what it let go.
type keeper struct {
	limit   int
	now     time.Time
	kept    int
	of      map[Category]*weakestFirst
	leftOut LeftOut
}

func newKeeper(limit int, now time.Time) keeper {
	return keeper{limit: limit, now: now, of: map[Category]*weakestFirst{}}
}

func (k *keeper) add(f Finding) {
	f.Points = Hazard(f, PersonalReputation, k.now) // weights are 1 there
	h := k.of[f.Category]
	if h == nil {
		h = &weakestFirst{}
		k.of[f.Category] = h
	}
	if k.kept < k.limit {
		heap.Push(h, f)
		k.kept++
		return
	}
	*h = append(*h, f) // to count as one of its category
	fullest := k.fullest()
	*h = (*h)[:len(*h)-1]
	switch {
	case fullest != h:
		k.leftOut.add(heap.Pop(fullest).(Finding))
		heap.Push(h, f)
	case len(*h) == 0 || byPoints(f, (*h)[0]) > 0: // the weakest of all
		k.leftOut.add(f)
	default:
		k.leftOut.add((*h)[0])
		(*h)[0] = f
		heap.Fix(h, 0)
	}
}

// fullest is the category with the most findings.
func (k *keeper) fullest() *weakestFirst {
	var most *weakestFirst
	for _, c := range Categories {
		if h := k.of[c]; h != nil && (most == nil || len(*h) > len(*most)) {
			most = h
		}
	}
	return most
}

// all are the findings that were kept, in no order that means anything.
func (k *keeper) all() []Finding {
	out := make([]Finding, 0, k.kept)
	for _, c := range Categories {
		if h := k.of[c]; h != nil {
			out = append(out, *h...)
		}
	}
	return out
}

// add counts one finding that a report does not list.
func (l *LeftOut) add(f Finding) {
	if l.ByCategory == nil {
		l.ByCategory, l.ByYear = map[Category]int{}, map[int]int{}
	}
	l.Findings++
	l.ByCategory[f.Category]++
	if !f.PostedAt.IsZero() {
		l.ByYear[f.PostedAt.UTC().Year()]++
	}
}

// weakestFirst is a heap of findings with the first to be dropped on top.
type weakestFirst []Finding

func (h weakestFirst) Len() int           { return len(h) }
func (h weakestFirst) Less(i, j int) bool { return byPoints(h[j], h[i]) < 0 }
func (h weakestFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *weakestFirst) Push(x any)        { *h = append(*h, x.(Finding)) }
func (h *weakestFirst) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

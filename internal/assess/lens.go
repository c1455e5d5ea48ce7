package assess

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// Lens is a way to look at a report: for another purpose, with the dismissals of today, or as
// if some posts or findings were gone. It changes what is shown, never the report.
type Lens struct {
	Purpose   Purpose           // "" is the report's own
	Language  string            // that its sentences are said in; "" is the report's own
	Dismissed map[string]string // finding id → why, as they stand now; nil leaves those of the report
	Without   []string          // ids of posts and of findings
	Place     *time.Location    // whose days and hours it is read in; nil leaves those of the report
}

// reviewBelow is the confidence under which a high finding asks for a person.
const reviewBelow = 0.7

// Through gives the report as it is seen through a lens. Score and Level stay those of the
// day when it was made (for another purpose: those that it would have been made with); Now,
// the points, and whatever rests on them follow the lens. The report itself is not changed.
//
// An unknown purpose, or an id that neither a post nor a finding of the report has, is a fault.
func (r *Report) Through(l Lens) (*Report, error) {
	purpose, err := ParsePurpose(string(cmp.Or(l.Purpose, r.Purpose)))
	if err != nil {
		return nil, err
	}
	c := *r
	c.Language = words.For(cmp.Or(l.Language, r.Language)).Tag
	c.Purpose = purpose
	c.Findings = slices.Clone(r.Findings)
	c.translate()
	if l.Place != nil {
		c.moveTo(l.Place)
	}
	if purpose != r.Purpose {
		c.Score, c.Level = scoreFor(r.Versions.Score)(c.Findings, purpose, r.scoredAt())
	}
	if c.ReadAsHarmless.Findings == nil { // of a report from before the model could acquit
		c.ReadAsHarmless.Findings = []Finding{}
	}
	c.applyDismissals(l.Dismissed)
	if err := c.leaveOut(l.Without); err != nil {
		return nil, err
	}
	c.conclude()
	return &c, nil
}

// moveTo lets the report be read by the clock of a place: days and years begin when they begin there.
func (r *Report) moveTo(place *time.Location) {
	r.Place, r.CreatedAt = place, r.CreatedAt.In(place)
	for i := range r.Findings {
		r.Findings[i].PostedAt = r.Findings[i].PostedAt.In(place)
	}
	for _, t := range []**time.Time{&r.Coverage.From, &r.Coverage.To} {
		if *t != nil {
			*t = new((*t).In(place))
		}
	}
}

// place is where the report is read.
func (r *Report) place() *time.Location { return cmp.Or(r.Place, time.UTC) }

// Zone names whose days and hours the report is read in.
func (r *Report) Zone() string { return r.place().String() }

// DayOf is the day that t has in its own zone, for what writes days in UTC.
func DayOf(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (r *Report) applyDismissals(dismissed map[string]string) {
	if dismissed == nil {
		return
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Why, f.Dismissed = dismissed[f.ID]
	}
}

// leaveOut dismisses the findings that ids name, or that stand in the posts they name.
func (r *Report) leaveOut(ids []string) error {
	gone := make(map[string]bool, len(ids))
	for _, id := range ids {
		gone[id] = false
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, id := range []string{f.ID, f.PostID} {
			if _, named := gone[id]; named {
				f.Dismissed, gone[id] = true, true
			}
		}
	}
	var unknown []string
	for _, id := range ids {
		if !gone[id] {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		return fault.ValidationFailed.
			Saying("This report has no finding or post with a finding of these ids: %s.",
				strings.Join(unknown[:min(len(unknown), 5)], ", ")).
			At("query.without", "unknown id")
	}
	return nil
}

// conclude computes what follows from the findings, the purpose and ScoredAt. A run and
// every lens end here, so that a lens gives what a fresh run would.
func (r *Report) conclude() {
	scoring := scoreFor(r.Versions.Score)
	r.Now.Score, r.Now.Level = scoring(r.Findings, r.Purpose, r.scoredAt())
	if r.Level == "" { // it is being made
		r.Score, r.Level = r.Now.Score, r.Now.Level
	}
	r.Language = r.words().Tag
	r.Policy = policyTable(r.words(), r.Source, r.Purpose)
	slices.SortFunc(r.Findings, byPoints)
	r.RiskByYear = r.riskByYear(scoring)
	r.HumanReview = humanReview(r.words(), r.Findings, r.Coverage.ModelUnusable)
	r.KeyFindings = keyFindings(r.words(), r.Findings)
	r.Recommendations = recommend(r)
	r.Summary = summarise(r)
}

// byPoints puts the heaviest first, then the newest; ids settle the rest.
func byPoints(a, b Finding) int {
	return cmp.Or(cmp.Compare(b.Points, a.Points), b.PostedAt.Compare(a.PostedAt), cmp.Compare(a.ID, b.ID))
}

// riskByYear scores each year's findings by the same formula. The years and their posts come
// from the run and are kept; a finding of another year adds that year. Findings that the
// report does not list are counted too.
func (r *Report) riskByYear(scoring scorer) []YearRisk {
	byYear := map[int][]Finding{}
	for _, f := range r.Findings {
		if !f.PostedAt.IsZero() {
			y := f.PostedAt.Year()
			byYear[y] = append(byYear[y], f)
		}
	}
	years := slices.Clone(r.RiskByYear)
	for year := range byYear {
		if !slices.ContainsFunc(years, func(y YearRisk) bool { return y.Year == year }) {
			years = append(years, YearRisk{Year: year})
		}
	}
	for i := range years {
		y := &years[i]
		found := byYear[y.Year]
		y.Score, _ = scoring(found, r.Purpose, r.scoredAt())
		y.Findings = len(counted(found)) + r.LeftOut.ByYear[y.Year]
	}
	slices.SortFunc(years, func(a, b YearRisk) int { return cmp.Compare(a.Year, b.Year) })
	return years
}

// scoredAt is when the ages of posts were taken.
func (r *Report) scoredAt() time.Time {
	if r.ScoredAt.IsZero() {
		return r.CreatedAt
	}
	return r.ScoredAt
}

// Under is the score and level for another purpose, with everything else as it stands: what
// [Report.Through] would give, at the price of the score alone.
func (r *Report) Under(p Purpose) Standing {
	score, level := scoreFor(r.Versions.Score)(slices.Clone(r.Findings), p, r.scoredAt())
	return Standing{score, level}
}

// Without is the score and level once the posts and findings of these ids are gone. An id
// that the report does not have changes nothing.
func (r *Report) Without(ids ...string) Standing {
	score := r.scoreWithout(ids)
	return Standing{score, LevelOf(score)}
}

// scoreWithout is the score once the posts and findings of these ids are gone.
func (r *Report) scoreWithout(ids []string) float64 {
	gone := make(map[string]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	rest := only(r.Findings, func(f Finding) bool { return !gone[f.ID] && !gone[f.PostID] })
	score, _ := scoreFor(r.Versions.Score)(rest, r.Purpose, r.scoredAt())
	return score
}

// counted are the findings that are not dismissed.
func counted(findings []Finding) []Finding {
	return only(findings, func(f Finding) bool { return !f.Dismissed })
}

func only(findings []Finding, keep func(Finding) bool) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return !keep(f) })
}

// humanReview asks for a person where a machine should not have the last word.
func humanReview(l *words.Language, findings []Finding, modelUnusable bool) HumanReview {
	var critical, unsure, disputed, context int
	for _, f := range counted(findings) {
		switch {
		case f.Severity == Critical:
			critical++
		case f.Severity == High && f.Confidence < reviewBelow:
			unsure++
		}
		switch {
		case f.NeedsContext:
			context++
		case f.Disputed:
			disputed++
		}
	}
	h := HumanReview{Reasons: []string{}}
	note := func(n int, sentence string) {
		if n > 0 {
			h.Reasons = append(h.Reasons, sentence)
		}
	}
	note(critical, l.Say("review.critical", "n", critical))
	note(unsure, l.Say("review.unsure", "n", unsure, "below", reviewBelow))
	note(disputed, l.Say("review.disputed", "n", disputed))
	note(context, l.Say("review.context", "n", context))
	if modelUnusable {
		h.Reasons = append(h.Reasons, l.Say("review.model"))
	}
	h.Needed = len(h.Reasons) > 0
	return h
}

package assess

import (
	"slices"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/words"
)

// recommendedPosts is how many posts one recommendation names.
const recommendedPosts = 10

// Horizons of a recommendation.
const (
	horizonNow   = "now"
	horizonWeek  = "this_week"
	horizonMonth = "this_month"
	horizonOpen  = "ongoing"
)

// Efforts of a recommendation.
const (
	effortMinutes = "minutes"
	effortHour    = "an_hour"
	effortDay     = "a_day"
)

// oldPosts is the age in years after which clearing a post is worth advising by age alone.
const oldPosts = 5

// recommend turns a report into things to do, the most urgent first. Each rule looks at
// one thing and gives a recommendation or nothing.
func recommend(r *Report) []Recommendation {
	found := counted(r.Findings)
	posts := outsideProfile(found)
	out := []Recommendation{}
	for _, step := range []struct {
		rule func(*Report, []Finding) (Recommendation, bool)
		over []Finding
	}{
		{changeProfile, inProfile(found)},
		{hidePersonalData, posts},
		{deleteHeaviest, posts},
		{deleteRest, posts},
		{askPerson, found},
		{addContext, posts},
		{clearSwearing, posts},
		{preparePurpose, posts},
		{clearOldPosts, posts},
		{readTheRest, found},
		{useModel, found},
		{mindTone, found},
		{keepWatch, found},
	} {
		if rec, ok := step.rule(r, step.over); ok {
			out = append(out, rec)
		}
	}
	order := []string{horizonNow, horizonWeek, horizonMonth, horizonOpen}
	slices.SortStableFunc(out, func(a, b Recommendation) int {
		return slices.Index(order, a.Priority) - slices.Index(order, b.Priority)
	})
	return out
}

// about fills in the posts that hold the findings. It reports whether there are any.
func (rec Recommendation) about(findings []Finding) (Recommendation, bool) {
	ids := postsOf(findings)
	rec.Posts = ids[:min(len(ids), recommendedPosts)]
	return rec, len(findings) > 0
}

// clearing is about for a step after which the posts are gone from r, and with them
// everything that was found in them.
func (rec Recommendation) clearing(r *Report, findings []Finding) (Recommendation, bool) {
	rec, ok := rec.about(findings)
	if ok {
		rec.ScoreAfter = new(r.scoreWithout(postsOf(findings)))
	}
	return rec, ok
}

// dismissing is about for a step after which the findings are dismissed.
func (rec Recommendation) dismissing(r *Report, findings []Finding) (Recommendation, bool) {
	rec, ok := rec.about(findings)
	if ok {
		rec.ScoreAfter = new(r.scoreWithout(idsOf(findings)))
	}
	return rec, ok
}

// step is a recommendation in the words of the catalogue: its title, why, and its steps as many as there are.
func step(l *words.Language, name string, args ...any) Recommendation {
	rec := Recommendation{Title: l.Say("do."+name+".title", args...)}
	if why := "do." + name + ".why"; l.Has(why) {
		rec.Why = l.Say(why, args...)
	}
	for i := 1; l.Has("do." + name + ".step" + strconv.Itoa(i)); i++ {
		rec.Steps = append(rec.Steps, l.Say("do."+name+".step"+strconv.Itoa(i), args...))
	}
	return rec
}

// filed says what a recommendation is about, how soon to do it, and how long it takes.
func (rec Recommendation) filed(category, priority, effort string) Recommendation {
	rec.Category, rec.Priority, rec.Effort = category, priority, effort
	return rec
}

// changeProfile is about the profile, which is changed where a post would be deleted.
func changeProfile(r *Report, found []Finding) (Recommendation, bool) {
	if len(found) == 0 {
		return Recommendation{}, false
	}
	l := r.words()
	rec := step(l, "profile", "names", within(l, grouped(found))).filed(ItemProfile, horizonNow, effortMinutes)
	rec.ScoreAfter = new(r.scoreWithout([]string{ProfileID}))
	return rec, true
}

func hidePersonalData(r *Report, found []Finding) (Recommendation, bool) {
	exposed := only(found, func(f Finding) bool { return f.Category == PrivacyExposure })
	return step(r.words(), "personal", "n", len(postsOf(exposed))).
		filed(string(PrivacyExposure), horizonNow, effortMinutes).clearing(r, exposed)
}

func deleteHeaviest(r *Report, found []Finding) (Recommendation, bool) {
	heavy := only(found, func(f Finding) bool {
		return f.Suggestion == SuggestDelete && f.Severity.Rank() >= High.Rank() && f.Category != PrivacyExposure
	})
	l := r.words()
	return step(l, "heaviest", "n", len(postsOf(heavy)), "names", within(l, grouped(heavy))).
		filed(firstCategory(heavy), horizonNow, effort(len(heavy))).clearing(r, heavy)
}

// deleteRest is about what the findings say to delete and no step before it does.
func deleteRest(r *Report, found []Finding) (Recommendation, bool) {
	rest := only(found, func(f Finding) bool {
		return f.Suggestion == SuggestDelete && f.Severity.Rank() < High.Rank() && f.Category != PrivacyExposure &&
			f.Category != Profanity
	})
	l := r.words()
	return step(l, "lighter", "n", len(postsOf(rest)), "names", within(l, grouped(rest))).
		filed(firstCategory(rest), horizonWeek, effort(len(rest))).clearing(r, rest)
}

func askPerson(r *Report, found []Finding) (Recommendation, bool) {
	doubtful := only(found, func(f Finding) bool {
		return f.Severity == Critical || f.Disputed || f.Severity == High && f.Confidence < reviewBelow
	})
	rec := step(r.words(), "person", "n", len(doubtful), "what", toShow(doubtful)).
		filed("human_review", horizonNow, effort(len(doubtful)))
	rec.Why = strings.Join(r.HumanReview.Reasons, " ")
	return rec.dismissing(r, doubtful)
}

// toShow is what holds the findings, as the catalogue asks.
func toShow(findings []Finding) string {
	switch {
	case len(inProfile(findings)) == 0:
		return "posts"
	case len(postsOf(findings)) == 0:
		return "profile"
	}
	return "both"
}

func addContext(r *Report, found []Finding) (Recommendation, bool) {
	leaves := map[string]bool{} // posts that another finding says to delete
	for _, f := range found {
		leaves[f.PostID] = leaves[f.PostID] || f.Suggestion == SuggestDelete
	}
	unclear := only(found, func(f Finding) bool {
		return f.Suggestion == SuggestContext && f.Category != Profanity && !leaves[f.PostID]
	})
	return step(r.words(), "context", "n", len(postsOf(unclear))).
		filed(firstCategory(unclear), horizonWeek, effort(len(unclear))).clearing(r, unclear)
}

func clearSwearing(r *Report, found []Finding) (Recommendation, bool) {
	swearing := only(found, func(f Finding) bool { return f.Category == Profanity && f.Suggestion != SuggestKeep })
	rec, ok := step(r.words(), "swearing", "n", len(postsOf(swearing))).
		filed(string(Profanity), horizonMonth, effort(len(swearing))).clearing(r, swearing)
	return rec, ok && len(rec.Posts) >= 3
}

func clearOldPosts(r *Report, found []Finding) (Recommendation, bool) {
	old := only(found, func(f Finding) bool {
		return !f.PostedAt.IsZero() && f.PostedAt.Before(r.ScoredAt.AddDate(-oldPosts, 0, 0))
	})
	wholePercent := 100 * len(old) / max(len(found), 1)
	rec, _ := step(r.words(), "old", "n", len(postsOf(old)), "years", oldPosts, "part", float64(wholePercent)/100).
		filed("history", horizonMonth, effort(len(old))).clearing(r, old)
	return rec, len(old) >= 5 && 2*len(old) >= len(found)
}

func readTheRest(r *Report, _ []Finding) (Recommendation, bool) {
	c := r.Coverage
	missing := c.PostsTotal - c.Reposts - c.OthersWords - c.AlreadyGone.Count - c.PostsAnalysed
	name := "rest"
	if r.Source == SourceArchive {
		name = "rest_archive"
	}
	rec := step(r.words(), name).filed("coverage", horizonWeek, effortMinutes)
	rec.Why = strings.TrimSpace(rec.Why + " " + strings.Join(c.OutOfReach, " "))
	return rec, missing > 0 || r.Source == SourceX && len(c.OutOfReach) > 0
}

func useModel(r *Report, _ []Finding) (Recommendation, bool) {
	return step(r.words(), "model").filed("coverage", horizonMonth, effortMinutes), r.Coverage.PostsJudged == 0
}

func mindTone(r *Report, _ []Finding) (Recommendation, bool) {
	s := r.Sentiment
	if !s.Known || *s.Negative < 0.4 {
		return Recommendation{}, false
	}
	rec := step(r.words(), "tone", "part", *s.Negative, "n", s.Measured)
	return rec.filed("sentiment", horizonOpen, effortMinutes), true
}

func keepWatch(r *Report, found []Finding) (Recommendation, bool) {
	name := "watch"
	if len(found) == 0 {
		name = "watch_clean"
	}
	return step(r.words(), name).filed("routine", horizonOpen, effortMinutes), true
}

// preparePurpose is what the occasion asks for, whatever was found.
func preparePurpose(r *Report, found []Finding) (Recommendation, bool) {
	l := r.words()
	rec, ok := occasion(l, r.Purpose)
	rec.Category = string(r.Purpose)
	weighty := only(found, func(f Finding) bool { return Weight(r.Purpose, f.Category) > 1 })
	if n := len(postsOf(weighty)); n > 0 {
		rec.Why += " " + l.Say("weighs.more", "purpose", l.Say("purpose."+string(r.Purpose)), "n", n)
	}
	rec, _ = rec.about(weighty)
	return rec, ok
}

func occasion(l *words.Language, p Purpose) (Recommendation, bool) {
	var name string
	effort := effortHour
	switch p {
	case JobSearch, CareerDevelopment:
		name = "job"
	case VisaApplication:
		name = "visa"
	case BrandBuilding, Influencer, CorporateComms:
		name = "brand"
	case PublicOffice:
		name, effort = "office", effortDay
	case Academic:
		name = "academic"
	default:
		return Recommendation{}, false
	}
	return step(l, name).filed("", horizonWeek, effort), true
}

func firstCategory(findings []Finding) string {
	if len(findings) == 0 {
		return ""
	}
	return string(findings[0].Category)
}

// effort guesses how long going through n posts takes, at a minute or so each.
func effort(n int) string {
	switch {
	case n <= 15:
		return effortMinutes
	case n <= 90:
		return effortHour
	default:
		return effortDay
	}
}

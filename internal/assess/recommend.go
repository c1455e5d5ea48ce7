package assess

import (
	"fmt"
	"slices"
	"strings"
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

// changeProfile is about the profile, which is changed where a post would be deleted.
func changeProfile(r *Report, found []Finding) (Recommendation, bool) {
	if len(found) == 0 {
		return Recommendation{}, false
	}
	var names []string
	for _, g := range grouped(found) {
		names = append(names, strings.ToLower(g.category.Title()))
	}
	return Recommendation{
		Title: "Change your profile", Category: ItemProfile, Priority: horizonNow, Effort: effortMinutes,
		Why: fmt.Sprintf("It is what people see first, and it holds %s.", listing(names)),
		Steps: []string{
			"On X: Profile, Edit profile. Take out of display name, bio, location and link what the findings quote.",
			"Leave what you want strangers to have, such as a business address, and dismiss the finding.",
		},
		ScoreAfter: new(r.scoreWithout([]string{ProfileID})),
	}, true
}

func hidePersonalData(r *Report, found []Finding) (Recommendation, bool) {
	exposed := only(found, func(f Finding) bool { return f.Category == PrivacyExposure })
	return Recommendation{
		Title:    fmt.Sprintf("Take the personal data out of %s", Counting(len(postsOf(exposed)), "post")),
		Category: string(PrivacyExposure), Priority: horizonNow, Effort: effortMinutes,
		Why: "Contact details and documents in public posts are collected by machines and used for fraud. The rest of this list can wait; this cannot.",
		Steps: []string{
			"Open each post below and delete it; X does not let you edit old posts.",
			"If it shows a password, a card or a document number, change or block it today: deleting does not undo copies.",
			"Search X for the same number or address to find what others have repeated.",
		},
	}.clearing(r, exposed)
}

func deleteHeaviest(r *Report, found []Finding) (Recommendation, bool) {
	heavy := only(found, func(f Finding) bool {
		return f.Suggestion == SuggestDelete && f.Severity.Rank() >= High.Rank() && f.Category != PrivacyExposure
	})
	if len(heavy) == 0 {
		return Recommendation{}, false
	}
	var names []string
	for _, g := range grouped(heavy) {
		names = append(names, strings.ToLower(g.category.Title()))
	}
	title, what := "Delete the post that weighs most", "It holds"
	if n := len(postsOf(heavy)); n > 1 {
		title, what = fmt.Sprintf("Delete the %s that weigh most", Counting(n, "post")), "They hold"
	}
	return Recommendation{
		Title:    title,
		Category: string(heavy[0].Category), Priority: horizonNow, Effort: effort(len(heavy)),
		Why: fmt.Sprintf("%s %s of high or critical severity, which decides the score more than all lighter findings.", what, listing(names)),
		Steps: []string{
			"Read each post below in full. If the finding is wrong, dismiss it: it then counts nothing.",
			"Download your X archive first if you want to keep a copy.",
			"Delete the rest, then run this report again to see the score without them.",
		},
	}.clearing(r, heavy)
}

// deleteRest is about what the findings say to delete and no step before it does.
func deleteRest(r *Report, found []Finding) (Recommendation, bool) {
	rest := only(found, func(f Finding) bool {
		return f.Suggestion == SuggestDelete && f.Severity.Rank() < High.Rank() && f.Category != PrivacyExposure && f.Category != Profanity
	})
	if len(rest) == 0 {
		return Recommendation{}, false
	}
	var names []string
	for _, g := range grouped(rest) {
		names = append(names, strings.ToLower(g.category.Title()))
	}
	n := len(postsOf(rest))
	return Recommendation{
		Title:    fmt.Sprintf("Go through %s with %s", Counting(n, "post"), listing(names)),
		Category: string(rest[0].Category), Priority: horizonWeek, Effort: effort(len(rest)),
		Why: "None of them is grave alone. " + oneOrMany(n, "It is", "Together they are") + " what a stranger would quote.",
		Steps: []string{
			"Read each post below as somebody who does not know you, the heaviest first, and delete what you would not say today.",
			"If a finding is wrong, dismiss it: it then counts nothing.",
		},
	}.clearing(r, rest)
}

func oneOrMany(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func askPerson(r *Report, found []Finding) (Recommendation, bool) {
	doubtful := only(found, func(f Finding) bool {
		return f.Severity == Critical || f.Disputed || f.Severity == High && f.Confidence < reviewBelow
	})
	return Recommendation{
		Title:    fmt.Sprintf("Have a person look at %s", Counting(len(doubtful), "finding")),
		Category: "human_review", Priority: horizonNow, Effort: effort(len(doubtful)),
		Why: strings.Join(r.HumanReview.Reasons, " "),
		Steps: []string{
			"Show " + toShow(doubtful) + " to someone you trust and who was not part of the conversation.",
			"Dismiss what they read as harmless, with a word on why; the reason is kept with the report.",
		},
	}.dismissing(r, doubtful)
}

func toShow(findings []Finding) string {
	switch {
	case len(inProfile(findings)) == 0:
		return "the posts below"
	case len(postsOf(findings)) == 0:
		return "your profile"
	}
	return "your profile and the posts below"
}

func addContext(r *Report, found []Finding) (Recommendation, bool) {
	leaves := map[string]bool{} // posts that another finding says to delete
	for _, f := range found {
		leaves[f.PostID] = leaves[f.PostID] || f.Suggestion == SuggestDelete
	}
	unclear := only(found, func(f Finding) bool {
		return f.Suggestion == SuggestContext && f.Category != Profanity && !leaves[f.PostID]
	})
	n := len(postsOf(unclear))
	return Recommendation{
		Title:    fmt.Sprintf("Put %s into context", Counting(n, "post")),
		Category: firstCategory(unclear), Priority: horizonWeek, Effort: effort(len(unclear)),
		Why: fmt.Sprintf("Read alone, years later, %s can be taken for something you did not mean.", oneOrMany(n, "it", "they")),
		Steps: []string{
			"Reply to your own post with the missing context, or delete it if it no longer matters to you.",
			"Where it quotes or answers somebody, check that their post still exists: without it only your half is left.",
		},
	}.clearing(r, unclear)
}

func clearSwearing(r *Report, found []Finding) (Recommendation, bool) {
	swearing := only(found, func(f Finding) bool { return f.Category == Profanity && f.Suggestion != SuggestKeep })
	rec, ok := Recommendation{
		Title:    fmt.Sprintf("Clear the swearing in %s", Counting(len(postsOf(swearing)), "post")),
		Category: string(Profanity), Priority: horizonMonth, Effort: effort(len(swearing)),
		Why: "One strong word is nothing; many of them set the tone a stranger remembers.",
		Steps: []string{
			"Start with the posts below, which weigh most, and with posts that name a person or an employer.",
			"Leave what is plainly a joke among friends if you can stand by it, and dismiss the finding.",
		},
	}.clearing(r, swearing)
	return rec, ok && len(rec.Posts) >= 3
}

func clearOldPosts(r *Report, found []Finding) (Recommendation, bool) {
	old := only(found, func(f Finding) bool {
		return !f.PostedAt.IsZero() && f.PostedAt.Before(r.ScoredAt.AddDate(-oldPosts, 0, 0))
	})
	rec, _ := Recommendation{
		Title:    fmt.Sprintf("Clear %s older than %d years", Counting(len(postsOf(old)), "flagged post"), oldPosts),
		Category: "history", Priority: horizonMonth, Effort: effort(len(old)),
		Why: fmt.Sprintf("%d%% of what was found is older than %d years. It no longer speaks for you, and nobody will miss it.",
			100*len(old)/max(len(found), 1), oldPosts),
		Steps: []string{
			"Download your X archive, so that nothing is lost to you.",
			"Delete the flagged posts of those years, the oldest first.",
		},
	}.clearing(r, old)
	return rec, len(old) >= 5 && 2*len(old) >= len(found)
}

func readTheRest(r *Report, _ []Finding) (Recommendation, bool) {
	c := r.Coverage
	missing := c.PostsTotal - c.Reposts - c.OthersWords - c.AlreadyGone.Count - c.PostsAnalysed
	rec := Recommendation{
		Title:    "Have the rest of your posts read",
		Category: "coverage", Priority: horizonWeek, Effort: effortMinutes,
		Why: strings.TrimSpace("Others can find posts that this report has not seen. " + strings.Join(r.Coverage.OutOfReach, " ")),
		Steps: []string{
			"On X: Settings, Your account, Download an archive of your data. It arrives within a day or two.",
			"Analyse that file: an archive holds every post and costs no reads from X.",
		},
	}
	if r.Source == SourceArchive {
		rec.Steps = []string{"The archive holds them already: run again with a higher limit of posts, or with the offline command, which has none."}
	}
	return rec, missing > 0 || r.Source == SourceX && len(r.Coverage.OutOfReach) > 0
}

func useModel(r *Report, _ []Finding) (Recommendation, bool) {
	return Recommendation{
		Title:    "Let a language model read the same posts",
		Category: "coverage", Priority: horizonMonth, Effort: effortMinutes,
		Why: "The offline screen finds words. Irony, threats without bad words and harmless quotations need a reader.",
		Steps: []string{
			"Configure a model (ANTHROPIC_API_KEY) and run again; handles, addresses and numbers are replaced before posts leave.",
			"Compare the two reports: what both witnesses say is the surest.",
		},
	}, r.Coverage.PostsJudged == 0
}

func mindTone(r *Report, _ []Finding) (Recommendation, bool) {
	s := r.Sentiment
	if !s.Known || *s.Negative < 0.4 {
		return Recommendation{}, false
	}
	return Recommendation{
		Title:    "Mind the overall tone",
		Category: "sentiment", Priority: horizonOpen, Effort: effortMinutes,
		Why: fmt.Sprintf("%.0f%% of %s read negative. Single posts may be fine; the sum is what a visitor feels.",
			100**s.Negative, Counting(s.Measured, "post")),
		Steps: []string{"Before posting a complaint, add what would make it better.", "Post about something you like as often as about something you do not."},
	}, true
}

func keepWatch(_ *Report, found []Finding) (Recommendation, bool) {
	rec := Recommendation{
		Title:    "Look again in three months",
		Category: "routine", Priority: horizonOpen, Effort: effortMinutes,
		Why:   "New posts bring new findings, and a comparison shows whether the cleaning worked.",
		Steps: []string{"Run this report again and compare it with this one.", "Before an occasion that matters, run it with that purpose."},
	}
	if len(found) == 0 {
		rec.Why = "Nothing was found that counts. A look every few months keeps it that way."
	}
	return rec, true
}

// preparePurpose is what the occasion asks for, whatever was found.
func preparePurpose(r *Report, found []Finding) (Recommendation, bool) {
	rec, ok := occasion(r.Purpose)
	rec.Category = string(r.Purpose)
	weighty := only(found, func(f Finding) bool { return Weight(r.Purpose, f.Category) > 1 })
	if n := len(postsOf(weighty)); n > 0 {
		rec.Why += fmt.Sprintf(" For %s, what %s here %s weighs more than elsewhere.",
			r.Purpose.Title(), Counting(n, "post"), oneOrMany(n, "holds", "hold"))
	}
	rec, _ = rec.about(weighty)
	return rec, ok
}

func occasion(p Purpose) (Recommendation, bool) {
	switch p {
	case JobSearch, CareerDevelopment:
		return Recommendation{
			Title: "Read your profile as a recruiter would", Priority: horizonWeek, Effort: effortHour,
			Why: "People who hire look at the last months and search for your name with a former employer's.",
			Steps: []string{
				"Search X for from:yourhandle with each employer, client and colleague you have named, and remove what you would not say in an interview.",
				"Make the pinned post and the profile text say what you do now.",
			},
		}, true
	case VisaApplication:
		return Recommendation{
			Title: "Prepare your account for the form", Priority: horizonWeek, Effort: effortHour,
			Why: "Some forms ask for the handles you used in the last five years, and the answer must be true.",
			Steps: []string{
				"List every handle you used, including old ones, and state them where the form asks.",
				"Decide early what you want to clear. Deleting a post does not change what a form must be told.",
				"Keep this report: it shows what was public and when. It is no legal advice.",
			},
		}, true
	case BrandBuilding, Influencer, CorporateComms:
		return Recommendation{
			Title: "Check what a partner's tool would flag", Priority: horizonWeek, Effort: effortHour,
			Why: "Brands look for strong language, adult topics and quarrels with other brands before they sign.",
			Steps: []string{
				"Clear posts that name a brand you may want to work with.",
				"Write down your own three no-go topics and keep to them.",
			},
		}, true
	case PublicOffice:
		return Recommendation{
			Title: "Be ready to answer for each post", Priority: horizonWeek, Effort: effortDay,
			Why: "What you posted will be quoted without its context, and deleted posts have usually been saved by somebody.",
			Steps: []string{
				"For every finding of medium and above, write the one sentence you would say if asked.",
				"Correct wrong facts in the open, with a reply, before deleting anything.",
			},
		}, true
	case Academic:
		return Recommendation{
			Title: "Check claims and quarrels with colleagues", Priority: horizonWeek, Effort: effortHour,
			Why:   "Committees and students read you as a source.",
			Steps: []string{"Add a source or a correction to factual claims that did not hold.", "Remove posts in which a student or a colleague can be recognised."},
		}, true
	default:
		return Recommendation{}, false
	}
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

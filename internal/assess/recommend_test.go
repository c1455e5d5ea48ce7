package assess

import (
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/words"
)

// adviceOn are the recommendations of a report with these findings, by their titles.
func adviceOn(t *testing.T, findings ...Finding) map[string]Recommendation {
	t.Helper()
	for i := range findings {
		findings[i].ID, findings[i].PostedAt, findings[i].Confidence = findings[i].PostID+string(rune('a'+i)), today, 1
	}
	r := &Report{Purpose: JobSearch, ScoredAt: today, Findings: findings, Versions: Versions{Score: ScoreVersion}}
	r.Coverage.PostsJudged = 1
	out := map[string]Recommendation{}
	for _, rec := range recommend(r) {
		out[rec.Title] = rec
	}
	return out
}

func TestRecommend_EveryPostThatIsToBeDeletedHasAStep(t *testing.T) {
	t.Parallel()
	all := adviceOn(
		t,
		Finding{PostID: "1", Category: Harassment, Severity: Medium, Suggestion: SuggestDelete},
		Finding{PostID: "1", Category: Harassment, Severity: Low, Suggestion: SuggestContext},
		Finding{PostID: "2", Category: Violence, Severity: Medium, Suggestion: SuggestDelete},
		Finding{PostID: "3", Category: SubstanceUse, Severity: Medium, Suggestion: SuggestContext},
		Finding{PostID: "4", Category: Harassment, Severity: High, Suggestion: SuggestDelete},
	)
	rest, ok := all["Go through 2 posts with harassment and violence"]
	if !ok || !slices.Equal(rest.Posts, []string{"1", "2"}) || rest.ScoreAfter == nil {
		t.Errorf("%+v", all)
	}
	context, ok := all["Put 1 post into context"]
	if !ok || !slices.Equal(context.Posts, []string{"3"}) || !strings.Contains(context.Why, "it can be taken") {
		t.Errorf("a post to delete is put into context, or none is: %+v", context)
	}
	if heavy := all["Delete the post that weighs most"]; !slices.Equal(heavy.Posts, []string{"4"}) {
		t.Errorf("%+v", heavy)
	}
	if why := all["Read your profile as a recruiter would"].Why; !strings.Contains(why, "For job search, what ") {
		t.Errorf("%q", why)
	}
}

func TestRecommend_SwearingToBeKeptIsNoStep(t *testing.T) {
	t.Parallel()
	var kept []Finding
	for _, id := range []string{"1", "2", "3", "4"} {
		kept = append(kept, Finding{PostID: id, Category: Profanity, Severity: Low, Suggestion: SuggestKeep})
	}
	for title := range adviceOn(t, kept...) {
		if strings.Contains(title, "swearing") {
			t.Errorf("%q", title)
		}
	}
}

func TestModelChoice_SaysWhichPostsWithoutAnEmptyPart(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]ModelChoice{
		"200 of 900, the newest":                     {Of: 900, ByNewest: 200},
		"200 of 900, those with most to see in them": {Of: 900, ByDoubt: 200},
		"200 of 900: 50 for what was seen in them or because they answer others, then the newest 150": {
			Of:      900,
			ByDoubt: 50, ByNewest: 150,
		},
	} {
		if m.Words(words.For("en")) != want {
			t.Errorf("got %v, want %q", m, want)
		}
	}
}

// The description of a picture is not part of what the post says, nor the reverse.
func TestFinding_TheWordsAroundAQuoteAreOfItsKind(t *testing.T) {
	t.Parallel()
	p := Post{ID: "1"}.Saying("I hate this stupid day", []string{"A wet street in the evening"})
	for quote, want := range map[string][2]string{
		"stupid": {"I hate this ", " day"},
		"wet":    {"A ", " street in the evening"},
	} {
		at := strings.Index(p.Text, quote)
		f := newFinding(p, ReportAccount{}, []Claim{{Start: at, End: at + len(quote), Category: Profanity, Severity: Low}},
			false)
		if f.Before != want[0] || f.After != want[1] {
			t.Errorf("%s: %q and %q", quote, f.Before, f.After)
		}
	}
}

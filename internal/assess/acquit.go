package assess

import (
	"context"
	"slices"

	"github.com/repazoo/repazoo/internal/personal"
)

// maxAcquitted is how many acquitted findings a report lists; all are counted.
const maxAcquitted = 200

// acquittable reports whether the model's silence can clear a claim of the screen: not where the model claims the same
// category in that post, not for what check digits prove, and not for what it was not shown.
func acquittable(p Post, c Claim, v Judgement) bool {
	claimed := slices.ContainsFunc(v.Claims, func(m Claim) bool { return m.Category == c.Category })
	return !claimed && !proven(p, c) && !p.unseen(c)
}

// proven reports whether a claim about personal data stands by itself: its digits add up, or it has the form of a key.
func proven(p Post, c Claim) bool {
	return c.Category == PrivacyExposure && slices.ContainsFunc(personal.Find(p.Text, p.Lang), func(s personal.Span) bool {
		return s.Exposed && s.Certainty == personal.Proven && s.Start < c.End && c.Start < s.End
	})
}

// doubtsOf are the grave claims of the screen about a post that the model did not claim.
func doubtsOf(p Post, screened []Claim, v Judgement) []doubt {
	var out []doubt
	for _, c := range screened {
		if c.Severity.Rank() >= High.Rank() && acquittable(p, c, v) {
			out = append(out, doubt{post: p, claim: c})
		}
	}
	return out
}

// askSecond asks about the doubts of a chunk. A post that talks to the model is left out: the screen keeps its findings
// there.
func (r *run) askSecond(ctx context.Context, c *chunk) error {
	var doubts []doubt
	for i, p := range c.posts {
		v, judged := c.judged.of(p.ID)
		if judged && !v.AddressesModel && !c.screened[i].TalksToModel {
			doubts = append(doubts, doubtsOf(p, screenClaims(p, c.screened[i]), v)...)
		}
	}
	if len(doubts) == 0 {
		return nil
	}
	opinions, err := r.Judge.second(ctx, doubts)
	if err != nil {
		return err
	}
	c.opinions = make(map[string]heard, len(doubts))
	for i, d := range doubts {
		c.opinions[opinionKey(d.claim)] = heard{Opinion: opinions[i]}
	}
	return nil
}

// opinionKey names a claim of the screen within a chunk.
func opinionKey(c Claim) string { return findingID(c.PostID, c.Category, c.Quote) }

// of is the judgement on a post.
func (b BatchResult) of(postID string) (Judgement, bool) {
	i := slices.IndexFunc(b.Judgements, func(j Judgement) bool { return j.PostID == postID })
	if i < 0 {
		return Judgement{}, false
	}
	return b.Judgements[i], true
}

// acquit parts the screen's claims about a judged post into those that stand and those that the model read as harmless.
// One that the second question confirmed has both witnesses.
func acquit(p Post, screened []Claim, v Judgement, opinions map[string]heard) (stand, cleared []Claim) {
	for _, c := range screened {
		opinion := opinions[opinionKey(c)]
		c.Context = opinion.context
		switch {
		case !acquittable(p, c, v):
			stand = append(stand, c)
		case c.Severity.Rank() < High.Rank(), opinion.Opinion == OpinionNo:
			cleared = append(cleared, c)
		case opinion.Opinion == OpinionYes:
			confirmed := c
			confirmed.By = ByModel
			stand = append(stand, c, confirmed)
		default:
			c.NeedsContext = opinion.Opinion == OpinionNeedsContext
			stand = append(stand, c)
		}
	}
	return stand, cleared
}

package assess

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/fault"
)

// MaxPostLength is how long X lets a post be, in Unicode code points.
const MaxPostLength = 25_000

// Draft is what the witnesses say of a text that is not posted. Its score is the one that a report would have if this
// were its only post.
type Draft struct {
	Score          float64        `json:"score"`
	Level          Severity       `json:"level"`
	Advice         string         `json:"advice"`
	Findings       []DraftFinding `json:"findings"`         // most points first
	ReadAsHarmless []DraftFinding `json:"read_as_harmless"` // what the screen found and the model cleared
	Purpose        Purpose        `json:"purpose"`
	ModelUnusable  bool           `json:"model_unusable"` // the model gave no usable answer: the screen alone
	Models         []ModelUse     `json:"models"`         // empty: the text left nowhere
	Versions       Versions       `json:"versions"`
}

// DraftFinding is one passage of a draft, and why it is a risk.
type DraftFinding struct {
	Category     Category  `json:"category"`
	Severity     Severity  `json:"severity"`
	Confidence   float64   `json:"confidence"` // both witnesses 1.0, model 0.9, screen 0.75
	Witnesses    []Witness `json:"witnesses"`
	Quote        string    `json:"quote"`
	QuoteStart   int       `json:"quote_start"` // in Unicode code points of the text
	QuoteEnd     int       `json:"quote_end"`
	Reason       string    `json:"reason"`
	NeedsContext bool      `json:"needs_context,omitempty"`
	Points       float64   `json:"points"` // its part of the score
}

// CheckDraft asks the same witnesses as Run about a text that is not posted. An empty text and one that is longer than
// a post may be are refused; errors of the model come back as they are.
func (p *Pipeline) CheckDraft(ctx context.Context, text string, o Options) (Draft, error) {
	if err := draftable(text); err != nil {
		return Draft{}, err
	}
	post := Post{ID: "1", Text: text, PostedAt: p.Now().UTC()}
	o.MinPosts = -1          // a text in others' words alone leaves none, and has an answer too
	o.Source = SourceArchive // the text is the person's own and was not read from X
	r, err := p.Run(ctx, func(yield func(Post, error) bool) { yield(post, nil) }, o, nil)
	if err != nil {
		return Draft{}, err
	}
	return Draft{
		Score: r.Score, Level: r.Level, Advice: adviseDraft(r),
		Findings: draftFindings(r.Findings), ReadAsHarmless: draftFindings(r.ReadAsHarmless.Findings),
		Purpose: r.Purpose, ModelUnusable: r.Coverage.ModelUnusable, Models: r.Models, Versions: r.Versions,
	}, nil
}

func draftable(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fault.ValidationFailed.Saying("The text is empty: write what you want to post.")
	case !utf8.ValidString(text):
		return fault.ValidationFailed.Saying("The text is not valid UTF-8: send it in that encoding.")
	case utf8.RuneCountInString(text) > MaxPostLength:
		return fault.ValidationFailed.Saying("The text is longer than the %s that X allows: shorten it.",
			Counting(MaxPostLength, "character"))
	}
	return nil
}

// adviseDraft is one sentence on what to do with the text.
func adviseDraft(r *Report) string {
	switch {
	case r.Coverage.PostsAnalysed == 0:
		return "These are somebody else's words, and are not judged."
	case len(r.Findings) == 0:
		return "Nothing was found that would count against you."
	case r.HumanReview.Needed:
		return "Let somebody you trust read it before you post it: " + Counting(len(r.Findings), "passage") +
			" can be held against you."
	case !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity.Rank() >= Medium.Rank() }):
		return "You can post it: what was found weighs little."
	}
	return "Change what is quoted below, or leave it unposted."
}

func draftFindings(all []Finding) []DraftFinding {
	out := make([]DraftFinding, len(all))
	for i, f := range all {
		out[i] = DraftFinding{
			Category: f.Category, Severity: f.Severity, Confidence: f.Confidence, Witnesses: f.Witnesses, Quote: f.Quote,
			QuoteStart: f.QuoteStart, QuoteEnd: f.QuoteEnd, Reason: f.Reason, NeedsContext: f.NeedsContext, Points: f.Points,
		}
	}
	return out
}

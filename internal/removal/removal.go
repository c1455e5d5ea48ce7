// Package removal is the rules of a clean-up as values: which state may follow which, what becomes of a post, how fast
// X may be asked, what is frozen and signed, and the receipt. It knows no database and no network; internal/cleanup
// stores and acts.
//
//	state.go    the states of a plan and what a person may do in each
//	pace.go     how many deletions are allowed now, and when the next one is
//	frozen.go   the one form of a plan that is signed, and the hash of a text
//	receipt.go  what became of each post, as a file that is signed
//	backup.go   the zip with the posts of a plan
package removal

import "time"

// MaxPosts is how many posts a plan may hold.
const MaxPosts = 500

// Post is one post of a plan. What it says is known once X has shown it; before that, Text is what the report quotes.
type Post struct {
	ID       string        `json:"id"`
	PostedAt time.Time     `json:"posted_at"`
	URL      string        `json:"url"`
	Text     string        `json:"text"`
	Hash     string        `json:"sha256,omitempty"` // of the text as X showed it; "" before the dry run
	Whole    bool          `json:"whole"`            // Text is the whole text
	Likes    int           `json:"likes"`
	Replies  int           `json:"replies"`
	Findings []PostFinding `json:"findings"`
}

// PostFinding is a finding in a post, and so why a post is in a plan.
type PostFinding struct {
	ID         string  `json:"id"`
	Category   string  `json:"category"`
	Severity   string  `json:"severity"`
	Quote      string  `json:"quote"`
	QuoteStart int     `json:"quote_start"` // in Unicode code points of the whole text
	QuoteEnd   int     `json:"quote_end"`
	Reason     string  `json:"reason"`
	Points     float64 `json:"points"`
}

// Outcome is what became of a post.
type Outcome string

// What can become of a post. One that is planned or asked for is not done with.
const (
	Planned Outcome = ""        // nothing was done yet
	Asked   Outcome = "asked"   // X was asked to delete it, and its answer is not known
	Deleted Outcome = "deleted" // X said so, or it was asked for and is gone
	Gone    Outcome = "gone"    // it was gone already, or its author deleted it by hand
	Changed Outcome = "changed" // it says something else than in the plan, so it was left alone
	Foreign Outcome = "foreign" // it is somebody else's, so it was left alone
	Hidden  Outcome = "hidden"  // X neither shows it nor says that it is gone, so it was left alone
	Kept    Outcome = "kept"    // the plan ended before its turn
)

// Settled tells whether nothing more will happen to the post.
func (o Outcome) Settled() bool { return o != Planned && o != Asked }

// Away tells whether the post is no longer on X.
func (o Outcome) Away() bool { return o == Deleted || o == Gone }

// Words says it in a few words.
func (o Outcome) Words() string {
	switch o {
	case Asked:
		return "asked for, answer not known yet"
	case Deleted:
		return "deleted"
	case Gone:
		return "was gone already"
	case Changed:
		return "left alone: its text has changed"
	case Foreign:
		return "left alone: it is not yours"
	case Hidden:
		return "left alone: X does not show it"
	case Kept:
		return "kept: the clean-up ended before"
	}
	return "planned"
}

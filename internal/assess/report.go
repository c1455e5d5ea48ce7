package assess

import (
	"time"

	"github.com/repazoo/repazoo/internal/words"
)

// Report is what a person gets. Its JSON names are a contract (see docs/report.md).
// Missing data is null or "unknown", never a default.
type Report struct {
	ID        string    `json:"id,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	// of its sentences: "en", "de" or "es"; reasons say where theirs is another
	Language string `json:"language"`
	// when ages were taken: later than created_at after a dismissal or another purpose
	ScoredAt       time.Time     `json:"scored_at"`
	Account        ReportAccount `json:"account"`
	Source         string        `json:"source"` // "x" or "archive"
	Purpose        Purpose       `json:"purpose"`
	Score          float64       `json:"score"` // 0..99.9, one decimal, as on the day it was made
	Level          Severity      `json:"level"` // low ≤ 30 < medium ≤ 60 < high ≤ 85 < critical
	Now            Standing      `json:"now"`   // with the dismissals made since
	Summary        string        `json:"summary"`
	KeyFindings    []string      `json:"key_findings"` // at most 5 sentences
	HumanReview    HumanReview   `json:"human_review"`
	Coverage       Coverage      `json:"coverage"`
	Findings       []Finding     `json:"findings"` // most points first
	LeftOut        LeftOut       `json:"left_out"`
	ReadAsHarmless Acquitted     `json:"read_as_harmless"`
	RejectedClaims int           `json:"rejected_claims"`
	// reasons and themes of the model that named a trait of a person, and are not shown
	GuardedWords    int              `json:"guarded_words"`
	Sentiment       Sentiment        `json:"sentiment"`
	Themes          []Theme          `json:"themes"`
	Engagement      Engagement       `json:"engagement"`
	RiskByYear      []YearRisk       `json:"risk_by_year"`
	Recommendations []Recommendation `json:"recommendations"`
	Models          []ModelUse       `json:"models"`
	Cost            Cost             `json:"cost"`
	Versions        Versions         `json:"versions"`
	Policy          []PolicyRow      `json:"policy"`
	Privacy         Privacy          `json:"privacy"`
	// made for somebody else: what tells whose posts these are is taken out
	Masked bool `json:"masked,omitempty"`

	Place *time.Location `json:"-"` // whose days and hours it is read in; nil for UTC
}

// Standing is a score and its level. The points of the findings add up to it exactly.
type Standing struct {
	Score float64  `json:"score"`
	Level Severity `json:"level"`
}

// LeftOut counts the findings that a report does not list, because there are more than
// 5,000: the weakest of the largest categories. Every count of the report includes them.
type LeftOut struct {
	Findings   int              `json:"findings"`
	ByCategory map[Category]int `json:"by_category,omitempty"`
	ByYear     map[int]int      `json:"by_year,omitempty"`
}

// Acquitted is what the screen found and the model, having read the post, did not: it counts nothing.
type Acquitted struct {
	Count    int       `json:"count"`
	Findings []Finding `json:"findings"` // the first 200
}

// ReportAccount is whose posts were read.
type ReportAccount struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
}

// Coverage says how much of the account the report rests on.
type Coverage struct {
	PostsTotal    int `json:"posts_total"`    // posts seen in the source
	PostsAnalysed int `json:"posts_analysed"` // screened, and judged where a model was used
	PostsSkipped  int `json:"posts_skipped"`  // in others' words, or deleted already
	Reposts       int `json:"reposts"`
	// besides reposts: passed on by hand, quoted whole, lyrics
	OthersWords int `json:"posts_in_others_words"`
	// analysed, but for the words in them that are somebody else's
	Quoting int `json:"posts_quoting_others"`
	// posts that X has deleted and the archive still holds
	AlreadyGone Gone         `json:"already_deleted"`
	Outdated    int          `json:"earlier_versions"`       // of edited posts; only the newest version counts
	EntriesLost int          `json:"entries_unreadable"`     // out_of_reach says which, and why
	ModelChoice *ModelChoice `json:"model_choice,omitempty"` // which posts the model was given, where not all
	PostsJudged int          `json:"posts_judged"`           // by the model; 0 when the screen stood alone
	// posts written to a reader that is a machine; judged alone
	TalkToModel   int `json:"posts_addressing_model"`
	PostsUnjudged int `json:"posts_unjudged"` // the model gave no usable answer for them
	// of the unjudged: the ceiling of the run left them
	PostsOverCost int `json:"posts_over_ceiling,omitempty"`
	// its answers could not be used, so the screen stands alone
	ModelUnusable bool       `json:"model_unusable"`
	NotEnglish    int        `json:"posts_not_in_english"` // the screen knows fewer words there
	FindingsLost  int        `json:"findings_left_out"`    // weaker ones beyond the 5,000 a report lists
	From          *time.Time `json:"from"`
	To            *time.Time `json:"to"`
	OutOfReach    []string   `json:"out_of_reach"` // sentences: what could not be read, and why
	// the same as messages, of which sentences are made in any language
	Unread []words.Message `json:"out_of_reach_messages,omitempty"`
	// the parts of the account that were not read, the newest first
	Gaps []Gap `json:"gaps"`
	// deleted at X since the last report; they count no more
	PostsGone int `json:"posts_gone"`
	// posts that own ones answer, read by the model for context
	ParentsRead int `json:"parents_read"`
}

// Gone lists posts that were deleted before the report was made. They are not judged.
type Gone struct {
	Count int      `json:"count"`
	Posts []string `json:"posts,omitempty"` // the ids of the first 200
}

// Gap is a part of the account that was not read. A missing From is the beginning of the account, a missing To is
// today.
type Gap struct {
	From   *time.Time `json:"from"`
	To     *time.Time `json:"to"`
	Reason string     `json:"reason"` // limit, since, budget, ceiling, x_ends, x_paused or archive
	Remedy string     `json:"remedy"` // a sentence: how to close it
}

// Why a part of an account was not read.
const (
	GapLimit   = "limit"    // the analysis takes only so many posts
	GapSince   = "since"    // it was asked for newer posts only
	GapBudget  = "budget"   // the plan's reads are used up
	GapXEnds   = "x_ends"   // X gives only the newest posts of an account
	GapCeiling = "ceiling"  // the ceiling of the run allows no more
	GapXPaused = "x_paused" // X allows no further reads for now
	GapArchive = "archive"  // no archive that is kept has it
)

// Finding is one verified risk in one post, or in the profile. The text that its quote stands in is the post's, with
// the descriptions of its pictures after it, a line each; of the profile the bio, the display name, the location and
// the link.
type Finding struct {
	ID     string `json:"id"`      // stable: the same post, category and quote give the same id
	PostID string `json:"post_id"` // "profile" for the profile
	// where the quote stands: "profile", "alt_text", or nothing for the text of a post
	Item       string    `json:"item,omitempty"`
	URL        string    `json:"url"`
	PostedAt   time.Time `json:"posted_at"`
	Before     string    `json:"before,omitempty"` // the words around the quote, at most 80 code points a side
	Quote      string    `json:"quote"`
	After      string    `json:"after,omitempty"`
	QuoteStart int       `json:"quote_start"` // in Unicode code points of the post's text
	QuoteEnd   int       `json:"quote_end"`
	Category   Category  `json:"category"`
	Severity   Severity  `json:"severity"`
	Confidence float64   `json:"confidence"` // both witnesses 1.0, model 0.9, screen 0.75
	Witnesses  []Witness `json:"witnesses"`
	Disputed   bool      `json:"disputed,omitempty"` // the witnesses disagree on whether it is high

	NeedsContext bool    `json:"needs_context,omitempty"` // the model could not tell without the posts around it
	Context      Context `json:"context,omitempty"`       // what became of the post that it answers

	Reason     string  `json:"reason"`
	ReasonCode string  `json:"reason_code,omitempty"`     // of a reason that is the same for all findings of its kind
	ReasonLang string  `json:"reason_language,omitempty"` // that the reason is written in; not there: English
	Suggestion string  `json:"suggestion"`                // keep, edit_context or delete
	Dismissed  bool    `json:"dismissed"`
	Why        string  `json:"why,omitempty"` // why it was dismissed, in the user's words
	Points     float64 `json:"points"`        // its part of now.score; 0 when dismissed
}

// The suggestions a finding can carry.
const (
	SuggestKeep    = "keep"
	SuggestContext = "edit_context"
	SuggestDelete  = "delete"
)

// HumanReview says whether a person should look before anything is decided, and why.
type HumanReview struct {
	Needed  bool     `json:"needed"`
	Reasons []string `json:"reasons"`
}

// Sentiment is measured by the screen on posts whose language it can read.
type Sentiment struct {
	Known    bool             `json:"known"`
	Measured int              `json:"measured"` // posts it rests on
	Positive *float64         `json:"positive"` // ratios 0..1; null when unknown
	Neutral  *float64         `json:"neutral"`
	Negative *float64         `json:"negative"`
	Trend    []SentimentPoint `json:"trend"` // by month, oldest first
	Samples  []Sample         `json:"samples"`
}

// SentimentPoint is one month's mean, −1..1.
type SentimentPoint struct {
	Month string  `json:"month"` // 2026-11
	Mean  float64 `json:"mean"`
	Posts int     `json:"posts"`
}

// Sample is a post shown as an example.
type Sample struct {
	PostID string  `json:"post_id"`
	URL    string  `json:"url"`
	Text   string  `json:"text"`
	Label  string  `json:"label"` // most_positive, most_negative
	Value  float64 `json:"value"`
}

// Theme is what the posts are about.
type Theme struct {
	Name  string `json:"name"`
	Posts int    `json:"posts"`
	By    string `json:"by"` // hashtag, word or model
}

// Engagement is computed from the posts' own numbers.
type Engagement struct {
	Known      bool     `json:"known"`
	Posts      int      `json:"posts"`
	AvgLikes   *float64 `json:"avg_likes"`
	AvgReposts *float64 `json:"avg_reposts"`
	AvgReplies *float64 `json:"avg_replies"`
	// engagements by impressions, 0..1; null when impressions are unknown
	Rate      *float64 `json:"rate"`
	PeakHours []int    `json:"peak_hours"` // UTC, best first, at most 3
	// month, half hour of the day (0..47, UTC), posts, and their likes and reposts; left out of masked reports
	Hours        [][]int           `json:"hours,omitempty"`
	Trend        []EngagementPoint `json:"trend"`
	PostsPerWeek *float64          `json:"posts_per_week"`
}

// EngagementPoint is one month's average likes plus reposts a post.
type EngagementPoint struct {
	Month string  `json:"month"`
	Mean  float64 `json:"mean"`
	Posts int     `json:"posts"`
}

// YearRisk is the risk of one year's posts.
type YearRisk struct {
	Year     int     `json:"year"`
	Posts    int     `json:"posts"`
	Findings int     `json:"findings"`
	Score    float64 `json:"score"` // by the same formula over that year's findings
}

// Recommendation is something to do.
type Recommendation struct {
	Title    string   `json:"title"`
	Category string   `json:"category"`
	Priority string   `json:"priority"` // now, this_week, this_month, ongoing
	Why      string   `json:"why"`
	Effort   string   `json:"effort"` // minutes, an_hour, a_day
	Steps    []string `json:"steps"`
	Posts    []string `json:"posts,omitempty"`

	// ScoreAfter is the score once the step is done and nothing else: its posts deleted, or
	// its findings dismissed. It is null for a step that changes no finding.
	ScoreAfter *float64 `json:"score_after"`
}

// ModelUse is what one model did for this report.
type ModelUse struct {
	Model            string `json:"model"`
	Host             string `json:"host"` // "anthropic", "sandbox" or the host asked
	Calls            int    `json:"calls"`
	BatchedCalls     int    `json:"batched_calls"` // of them, answered in a batch at half the price
	CachedVerdicts   int    `json:"cached_verdicts"`
	InputTokens      int64  `json:"input_tokens"`
	OutputTokens     int64  `json:"output_tokens"`
	CacheReadTokens  int64  `json:"cache_read_tokens"`
	CacheWriteTokens int64  `json:"cache_write_tokens"`
	Refusals         int    `json:"refusals"`
}

// Cost is what the report cost the operator, in millionths of a US dollar.
type Cost struct {
	XReads          int   `json:"x_reads"`      // posts
	XUserReads      int   `json:"x_user_reads"` // readings of the profile
	XMicroDollars   int64 `json:"x_micro_usd"`
	ModelMicroUSD   int64 `json:"model_micro_usd"`
	TotalMicroUSD   int64 `json:"total_micro_usd"`
	PricesPerMTokIn int64 `json:"price_input_micro_usd_per_mtok"`
	PricesPerMTokOu int64 `json:"price_output_micro_usd_per_mtok"`
}

// Versions names every rule set the report was made with.
type Versions struct {
	Screen string `json:"screen"`
	Policy string `json:"policy"`
	Prompt string `json:"prompt"`
	Score  string `json:"score"`
	App    string `json:"app"`
}

// PolicyRow is one line of what may be looked for in this source and purpose.
type PolicyRow struct {
	Category Category `json:"category"`
	Rule     string   `json:"rule"` // allow, topic_only or deny
	Why      string   `json:"why"`
}

// Privacy is the receipt: which fields went where.
type Privacy struct {
	SentToModel    []string `json:"sent_to_model"`     // field names; empty when no model was used
	AliasedFirst   []string `json:"aliased_first"`     // what was replaced by placeholders before leaving
	Read           []string `json:"read,omitempty"`    // parts of the source that were read
	NeverRead      []string `json:"never_read"`        // parts of the source that were not opened
	KeptUntil      string   `json:"kept_until"`        // RFC 3339 or "not kept"
	RecipientHosts []string `json:"recipient_of_data"` // who received post text
}

package assess

import (
	"time"
)

// Category is what kind of risk a post holds. It labels a post, never a person.
type Category string

// The categories, in the order reports list them.
const (
	HateSpeech          Category = "hate_speech"
	Harassment          Category = "harassment"
	Violence            Category = "violence"
	Extremism           Category = "extremism"
	SexualContent       Category = "sexual_content"
	Profanity           Category = "profanity"
	SubstanceUse        Category = "substance_use"
	Misinformation      Category = "misinformation"
	ControversialTopic  Category = "controversial_topic"
	ProfessionalConduct Category = "professional_conduct"
	BrandSafety         Category = "brand_safety"
	GeopoliticalTopic   Category = "geopolitical_topic"
	PrivacyExposure     Category = "privacy_exposure"
)

// Categories lists every category in the order reports use.
var Categories = [...]Category{
	HateSpeech, Harassment, Violence, Extremism, SexualContent, Profanity, SubstanceUse,
	Misinformation, ControversialTopic, ProfessionalConduct, BrandSafety, GeopoliticalTopic, PrivacyExposure,
}

// Severity is how serious one finding is.
type Severity string

// The severities and their base points are in score.go.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Purpose is the lens a report is read through. It changes weights, never findings.
type Purpose string

// The purposes; PersonalReputation is the default.
const (
	PersonalReputation Purpose = "personal_reputation"
	JobSearch          Purpose = "job_search"
	CareerDevelopment  Purpose = "career_development"
	BrandBuilding      Purpose = "brand_building"
	Influencer         Purpose = "influencer"
	PublicOffice       Purpose = "public_office"
	CorporateComms     Purpose = "corporate_communications"
	Academic           Purpose = "academic"
	VisaApplication    Purpose = "visa_application"
)

// Purposes lists every purpose, default first.
var Purposes = [...]Purpose{
	PersonalReputation, JobSearch, CareerDevelopment, BrandBuilding, Influencer,
	PublicOffice, CorporateComms, Academic, VisaApplication,
}

// Witness is who claims a finding.
type Witness string

// The two witnesses.
const (
	ByScreen Witness = "screen" // the offline rules
	ByModel  Witness = "model"  // the language model
)

// Post is one post of the account, from X or from an archive. Text is whole and unescaped; the descriptions of its
// pictures follow it, a line each. With the id [ProfileID] it is the account's profile.
type Post struct {
	ID       string    `json:"id"`
	Text     string    `json:"text"`
	Lang     string    `json:"lang,omitempty"` // BCP 47 as X says; "" or "und" when unknown
	PostedAt time.Time `json:"posted_at"`
	Repost   bool      `json:"repost,omitempty"`  // somebody else's words: counted, not judged
	Deleted  bool      `json:"deleted,omitempty"` // gone from X already: listed, not judged
	Reply    bool      `json:"reply,omitempty"`
	Quote    bool      `json:"quote,omitempty"`
	Answers  string    `json:"answers,omitempty"` // id of the post that it answers or quotes; "": unknown
	Hashtags []string  `json:"hashtags,omitempty"`
	Media    int       `json:"media,omitempty"`
	// where in Text the descriptions of its pictures begin; of a profile, what is not the bio
	Aside   int     `json:"aside,omitempty"`
	Metrics Metrics `json:"metrics"`
}

// Metrics are the post's public numbers; nil means unknown.
type Metrics struct {
	Likes       *int `json:"likes,omitempty"`
	Reposts     *int `json:"reposts,omitempty"`
	Replies     *int `json:"replies,omitempty"`
	Quotes      *int `json:"quotes,omitempty"`
	Bookmarks   *int `json:"bookmarks,omitempty"`
	Impressions *int `json:"impressions,omitempty"`
}

// Claim is what one witness says of one post, before it is verified. Quote must be
// found in the post's text; Start and End are byte offsets into it once verified.
type Claim struct {
	PostID     string   `json:"post_id"`
	Category   Category `json:"category"`
	Severity   Severity `json:"severity"`
	Quote      string   `json:"quote"`
	Start      int      `json:"start"`
	End        int      `json:"end"`
	Reason     string   `json:"reason"`
	Code       string   `json:"code,omitempty"` // of a reason that the catalogue of words has
	Lang       string   `json:"lang,omitempty"` // that the reason is written in; "": English
	Suggestion string   `json:"suggestion"`     // keep, edit_context or delete
	By         Witness  `json:"by"`

	NeedsContext bool    `json:"needs_context,omitempty"` // the model could not tell without the posts around it
	Context      Context `json:"context,omitempty"`       // what became of the post that it answers
}

// Judgement is what the model said of one post: verified claims, claims that did not
// hold, themes, and whether the post talks to the model.
type Judgement struct {
	PostID         string   `json:"post_id"`
	Claims         []Claim  `json:"claims"`
	Rejected       int      `json:"rejected"`
	Themes         []string `json:"themes,omitempty"`
	AddressesModel bool     `json:"addresses_model,omitempty"`
	// reasons and themes that named a trait of a person and are not shown
	Guarded int     `json:"guarded,omitempty"`
	Opinion Opinion `json:"opinion,omitempty"` // set where this is the answer to a second question
}

// Stage is a step of the pipeline, in the order they run.
type Stage string

// The stages as progress reports them.
const (
	StageQueued    Stage = "queued"
	StageCollect   Stage = "collect"
	StageScreen    Stage = "screen"
	StageJudge     Stage = "judge"
	StageVerify    Stage = "verify"
	StageScore     Stage = "score"
	StageRecommend Stage = "recommend"
	StageSave      Stage = "save"
	StageDone      Stage = "done"
)

// Progress is how far a run has come. Total is 0 while it is unknown.
type Progress struct {
	Stage    Stage `json:"stage"`
	Done     int   `json:"done"`
	Total    int   `json:"total"`
	Findings int   `json:"findings"`
}

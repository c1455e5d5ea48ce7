package assess

import (
	"slices"

	"github.com/repazoo/repazoo/internal/words"
)

// PolicyVersion names the rules in this file. Change it when a rule changes.
const PolicyVersion = "policy-1"

// The sources of posts.
const (
	SourceX       = "x"       // read from X with the owner's permission
	SourceArchive = "archive" // the data archive its owner downloaded from X
)

// Rule is what may be said about one category.
type Rule string

// The rules, from the widest to the narrowest.
const (
	Allow     Rule = "allow"      // findings of any severity
	TopicOnly Rule = "topic_only" // that a post touches the topic: at most medium, and deletion is never advised
	Deny      Rule = "deny"       // not looked for, and dropped if a witness claims it
)

// forbiddenTraits are what X's terms forbid to derive about a person. They are no
// categories: they are named only so that each report prints that they are refused.
var forbiddenTraits = [...]Category{
	"political_affiliation", "religious_belief", "health", "ethnic_origin",
	"sexual_orientation", "union_membership", "alleged_crime", "financial_status",
}

// RuleFor is the policy: what may be said about category c in posts from source, for
// purpose p, and why, as a key of the catalogue of words. Whatever is unknown is denied. In this version no rule
// differs by purpose, which is what lets [Report.Through] switch purposes without reading posts again.
func RuleFor(c Category, source string, p Purpose) (rule Rule, why string) {
	switch {
	case slices.Contains(forbiddenTraits[:], c):
		return Deny, "policy.trait"
	case !slices.Contains(Categories[:], c), !slices.Contains(Purposes[:], p), source != SourceX &&
		source != SourceArchive:
		return Deny, "policy.unlisted"
	case c == ControversialTopic, c == GeopoliticalTopic:
		return TopicOnly, "policy.topic"
	case c == SubstanceUse && source == SourceX:
		return TopicOnly, "policy.substance"
	default:
		return Allow, "policy.words"
	}
}

// policyTable is the policy as printed on a report.
func policyTable(l *words.Language, source string, p Purpose) []PolicyRow {
	rows := make([]PolicyRow, 0, len(Categories)+len(forbiddenTraits))
	for _, c := range slices.Concat(Categories[:], forbiddenTraits[:]) {
		rule, why := RuleFor(c, source, p)
		rows = append(rows, PolicyRow{Category: c, Rule: string(rule), Why: l.Say(why)})
	}
	return rows
}

// permitted applies the policy to one finding, or says that it may not be reported.
func permitted(f Finding, source string, p Purpose) (Finding, bool) {
	rule, _ := RuleFor(f.Category, source, p)
	if rule == TopicOnly {
		if f.Severity.Rank() > Medium.Rank() {
			f.Severity = Medium
		}
		if f.Suggestion == SuggestDelete {
			f.Suggestion = SuggestContext
		}
		f.Disputed = false
	}
	return f, rule != Deny
}

package screen

import (
	"slices"
	"strings"
)

// rule is one row of the tables: what words mean what.
type rule struct {
	name       string
	category   string
	severity   string
	reason     string
	suggestion string
	lang       string // the language it belongs to; "" for English
	anywhere   bool   // the words mean the same in every language
	always     bool   // neither "not" before nor quotation marks around excuse it

	// Patterns, one a line or between commas. A pattern is words as fold.go writes
	// them (lower case, no apostrophes); a|b are alternatives, _ is no word at all,
	// {class} is any word of a class, and fillers ("such a", "really") may stand between.
	patterns string
}

// talksToModel is the category of rules that become Result.TalksToModel instead of a hit.
const talksToModel = ""

// speaks reports whether the rule can be read in a post of lang.
func (r *rule) speaks(lang string) bool {
	own := r.lang
	if own == "" {
		own = "en"
	}
	return r.anywhere || lang == own || lang == "" && own == "en"
}

func (r *rule) hit(start, end int) Hit {
	return Hit{
		Category: r.category, Severity: r.severity, Rule: r.name,
		Reason: r.reason, Suggestion: r.suggestion, Start: start, End: end,
	}
}

// allRules gathers the tables.
func allRules() []rule {
	return slices.Concat(modelRules, english, otherLanguages)
}

// split takes the patterns apart, without their empty alternatives.
func (r *rule) split() [][]string {
	var out [][]string
	for line := range strings.FieldsFuncSeq(r.patterns, func(c rune) bool { return c == '\n' || c == ',' }) {
		if fields := strings.Fields(line); len(fields) > 0 {
			out = append(out, withoutEmpty(fields)...)
		}
	}
	return out
}

// withoutEmpty writes a pattern with _ alternatives as patterns without.
func withoutEmpty(fields []string) [][]string {
	for i, f := range fields {
		alternatives := strings.Split(f, "|")
		if !slices.Contains(alternatives, "_") {
			continue
		}
		rest := strings.Join(slices.DeleteFunc(alternatives, func(s string) bool { return s == "_" }), "|")
		without := slices.Concat(fields[:i], fields[i+1:])
		out := withoutEmpty(without)
		if rest != "" {
			out = append(out, withoutEmpty(slices.Concat(fields[:i], []string{rest}, fields[i+1:]))...)
		}
		return out
	}
	return [][]string{fields}
}

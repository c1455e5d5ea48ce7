package assess

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// aliasedText is a post's text with what identifies people and places replaced by placeholders that say what stood
// there: @person1, [email1], [phone1], [link1], [address1], [location1], [number1]. The same words get the same
// placeholder within one post.
type aliasedText struct {
	Text  string
	spans []aliasSpan // in order, without overlaps
}

// aliasSpan is one replacement: bytes from:to of the original became at:until of the aliased text.
type aliasSpan struct {
	from, to, at, until int
	kind                string
}

// alias replaces everything of the kinds in aliasRules.
func alias(text string) aliasedText {
	var b strings.Builder
	var out aliasedText
	names := map[string]string{} // by the kind and the words replaced
	count := map[string]int{}
	done := 0
	for _, s := range identifying(text) {
		key := s.kind + "\x00" + strings.ToLower(text[s.from:s.to])
		if names[key] == "" {
			count[s.kind]++
			names[key] = placeholder(s.kind, count[s.kind])
		}
		b.WriteString(text[done:s.from])
		s.at = b.Len()
		b.WriteString(names[key])
		s.until = b.Len()
		done = s.to
		out.spans = append(out.spans, s)
	}
	b.WriteString(text[done:])
	out.Text = b.String()
	return out
}

func placeholder(kind string, n int) string {
	if kind == "person" {
		return fmt.Sprintf("@person%d", n)
	}
	return fmt.Sprintf("[%s%d]", kind, n)
}

// original maps bytes start:end of the aliased text to those of the original. A range that touches a placeholder takes
// in the whole of what was replaced.
func (a aliasedText) original(start, end int) (int, int) {
	return a.locate(start, false), a.locate(end, true)
}

// locate maps one offset. Inside a placeholder it moves out to the edge that keeps the placeholder in the range.
func (a aliasedText) locate(at int, isEnd bool) int {
	shift := 0 // original minus aliased
	for _, s := range a.spans {
		if at <= s.at {
			break
		}
		if at < s.until {
			if isEnd {
				return s.to
			}
			return s.from
		}
		shift = s.to - s.until
	}
	return at + shift
}

// aliasRule finds one kind. hint is a cheap test that must hold before the pattern is tried.
type aliasRule struct {
	kind    string
	hint    func(string) bool
	pattern *regexp.Regexp
	accept  func(match string) bool // nil: every match
}

// A match that starts first names the kind, and of two that start together the earlier rule's; where matches overlap,
// all they cover is replaced.
var aliasRules = []aliasRule{
	{"link", hasDot, linkPattern, nil},
	{"email", mayHoldEmail, emailPattern, nil},
	{"person", hasAt, handlePattern, nil},
	{"location", hasDigit, coordinatePattern, nil},
	{"location", hasSlash, threeWordsPattern, nil},
	{"address", hasDigit, englishAddress, isEnglishAddress},
	{"address", hasDigit, otherAddress, nil},
	{"address", hasDigit, postcode, nil},
	{"number", hasDigit, ibanPattern, isLongNumber},
	{"phone", hasDigit, digitsPattern, isPhone},
	{"number", hasDigit, digitsPattern, isLongNumber},
}

var (
	linkPattern = regexp.MustCompile(`(?i)(?:[a-z][a-z0-9+.-]*:/+|www\.)[^\s<>"“”]+|` +
		`\b(?:[\p{L}\p{N}-]+\.)+(?:\p{L}{2,}/[^\s<>"“”]+|(?:com|org|net|io|tv|gg|ly|app|dev|xyz|info|biz|edu|gov|eu|uk|fr|nl|pl|ch)\b[?#]?)`)
	emailPattern = regexp.MustCompile(`(?i)[\p{L}\p{N}._%+'-]+[@＠][\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+|` +
		`[\p{L}\p{N}._%+-]+\s*[\[({]\s*at\s*[\])}]\s*[\p{L}\p{N}-]+\s*(?:[\[({]\s*dot\s*[\])}]|\.|\sdot\s)\s*\p{L}{2,}|` +
		`[\p{L}\p{N}._%+-]+ at [\p{L}\p{N}-]+ dot (?:com|org|net|io|co|me|edu|de|fr|uk)\b`)
	handlePattern     = regexp.MustCompile(`[@＠][\p{L}\p{N}_]+(?:[@＠][\p{L}\p{N}._-]+)?`)
	coordinatePattern = regexp.MustCompile(`[+-]?\d{1,3}\.\d{3,}°?(?:\s?[NSns])?\s*[,;/ ]\s*[+-]?\d{1,3}\.\d{3,}°?(?:\s?[EWew]\b)?|` +
		`\d{1,3}\s*°\s*\d{1,2}\s*['′’](?:\s*\d{1,2}(?:\.\d+)?\s*["″”])?(?:\s?[NSEWnsew]\b)?`)
	threeWordsPattern = regexp.MustCompile(`///\p{L}+\.\p{L}+\.\p{L}+`)

	// Words that are streets in any spelling, and words that are streets only after a name. Then flat, city, state, code.
	englishAddress = regexp.MustCompile(`\b\d{1,5}[a-zA-Z]?,?\s+(?:` +
		`(?i:(?:\p{L}[\p{L}'’.-]*\s+){1,3}(?:street|avenue|ave|road|rd|lane|boulevard|blvd|highway))|` +
		`(?:\p{Lu}[\p{L}'’.-]*\s+){1,3}(?:St|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Close|Crescent|Hwy|Way))\b\.?` +
		`(?i:,?\s*(?:apt|apartment|unit|flat|suite|#)\.?\s*#?\w{1,6}\b)?(?:,\s*\p{Lu}[\p{L}.]+(?:\s\p{Lu}[\p{L}.]+){0,2})?` +
		`(?:,?\s+[A-Z]{2}\b)?(?:\s+\d{5}(?:-\d{4})?\b)?|(?i:\bp\.?\s?o\.?\s?box\s+\d+)`)
	otherAddress = regexp.MustCompile(`\b(?:\p{L}+(?i:straße|strasse|str\.|straat)|\p{Lu}\p{L}+(?:weg|platz|allee|gasse|laan))\s+\d{1,4}\s?[a-z]?\b(?:,?\s+\d{4,5}\s+\p{Lu}\p{L}+)?|` +
		`\b\d{1,4}(?:\s?(?:bis|ter))?,?\s+(?i:rue|avenue|boulevard|chemin|allée|impasse|quai)\s+(?:de\s+la\s+|de\s+l['’]|du\s+|des\s+|de\s+)?\p{L}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+)*(?:,?\s+\d{5}\s+\p{Lu}\p{L}+)?|` +
		`\b(?i:calle|avenida|paseo|rua|travessa)\s+(?:de\s+|del\s+|da\s+|do\s+|la\s+|los\s+)*\p{L}[\p{L}'’-]+(?:\s+\p{L}[\p{L}'’-]+){0,2},?\s+(?:n[º°o]?\.?\s*)?\d{1,4}\b|` +
		`\b(?:Via|Viale|Piazza|Corso)\s+\p{Lu}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+){0,2},\s+\d{1,4}\b`)
	postcode      = regexp.MustCompile(`\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b`)
	ibanPattern   = regexp.MustCompile(`\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,4})?\b`)
	digitsPattern = regexp.MustCompile(`[+＋]?\(?\p{Nd}(?:[\s().\-–/\x{00a0}\x{2011}]{0,3}\p{Nd})+`)

	notStreet = regexp.MustCompile(`(?i)\s(?:the|an?|of|from|on|in|to|at|this|that|my|our|your|his|her|their|every|each|and|is|are|was|were|no|one|some|any|all|` +
		`minutes?|mins?|miles?|blocks?|people|years?|days?|hours?|times?|percent|more|cars?|steps?|feet|km|met(?:er|re)s?|lanes?)\s`)
	dateLike   = regexp.MustCompile(`^\(?(?:(?:19|20)\d{2}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)?\d{2})(?:\s\d{1,2})?$`)
	yearsOnly  = regexp.MustCompile(`^\(?(?:(?:19|20)\d{2}[\s().\-–/]*)+$`)
	amountLike = regexp.MustCompile(`^\d{1,2}(?:[\s.\x{00a0}]\d{3})+$`)
	addressIP  = regexp.MustCompile(`^\d{1,3}(?:\.\d{1,3}){3}$`)
	digitRun   = regexp.MustCompile(`\p{Nd}+`)
)

func hasDot(s string) bool { return strings.ContainsAny(s, ".:") }
func hasAt(s string) bool  { return strings.ContainsAny(s, "@＠") }
func mayHoldEmail(s string) bool {
	return hasAt(s) || strings.Contains(s, "at") && (hasDot(s) || strings.Contains(s, "dot"))
}
func hasSlash(s string) bool { return strings.Contains(s, "///") }
func hasDigit(s string) bool { return strings.IndexFunc(s, unicode.IsDigit) >= 0 }

// identifying lists what alias replaces, in order and without overlaps.
func identifying(text string) []aliasSpan {
	var found []aliasSpan
	for _, rule := range aliasRules {
		if rule.hint != nil && !rule.hint(text) {
			continue
		}
		for _, m := range rule.pattern.FindAllStringIndex(text, -1) {
			if rule.accept == nil || rule.accept(text[m[0]:m[1]]) {
				found = append(found, aliasSpan{from: m[0], to: m[1], kind: rule.kind})
			}
		}
	}
	return unite(found)
}

// unite joins spans that overlap. The sort is stable, so of spans that start together the earlier rule's comes first.
func unite(found []aliasSpan) []aliasSpan {
	slices.SortStableFunc(found, func(a, b aliasSpan) int { return cmp.Compare(a.from, b.from) })
	out := found[:0]
	for _, s := range found {
		if last := len(out) - 1; last >= 0 && s.from < out[last].to {
			out[last].to = max(out[last].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// isEnglishAddress keeps "221b Baker Street" and drops "5 minutes from the street".
func isEnglishAddress(match string) bool { return !notStreet.MatchString(match) }

// isPhone accepts 7 to 15 digits that are written like a phone number: after a plus or a bracket, in groups, or ten or
// eleven in a row. Dates, years and amounts are none; what is long and no phone number is aliased as a number.
func isPhone(match string) bool {
	digits := countDigits(match)
	if digits < 7 || digits > 15 || isDateOrAmount(match) || addressIP.MatchString(match) {
		return false
	}
	if strings.HasPrefix(match, "+") || strings.HasPrefix(match, "＋") || strings.HasPrefix(match, "(") {
		return true
	}
	groups := digitRun.FindAllString(match, -1)
	long := 0
	for _, g := range groups {
		if len(g) >= 3 {
			long++
		}
	}
	switch {
	case len(groups) == 1:
		return digits == 10 || digits == 11
	case groups[0][0] == '0':
		return len(groups[0]) > 1
	default:
		return long > 1
	}
}

// isLongNumber accepts card, account and identity numbers, which nobody needs to read to judge a post.
func isLongNumber(match string) bool {
	return countDigits(match) >= 9 && !isDateOrAmount(match)
}

func isDateOrAmount(match string) bool {
	return dateLike.MatchString(match) || yearsOnly.MatchString(match) || amountLike.MatchString(match)
}

func countDigits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

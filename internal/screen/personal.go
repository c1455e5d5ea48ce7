package screen

import (
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Personal data is found by its form and then proven: check digits, number plans,
// or words before it that say what it is. The expressions here are slow, so each
// runs only on posts that hold what it cannot do without.

var (
	emailForm    = regexp.MustCompile(`(?i)\b([a-z0-9][a-z0-9._%+-]{0,63})@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}\b`)
	numberForm   = regexp.MustCompile(`(?:\+ ?)?\(?\d(?:[ ().\-]{0,2}\d){6,18}`)
	ibanForm     = regexp.MustCompile(`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b`)
	keyForm      = regexp.MustCompile(`\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[baprs]-[A-Za-z0-9-]{20,}|AIza[0-9A-Za-z_-]{35}|sk-[A-Za-z0-9_-]{20,}|[sr]k_live_[A-Za-z0-9]{16,})|-----BEGIN [A-Z ]*PRIVATE KEY-----`)
	passwordForm = regexp.MustCompile(`(?i)\b(?:password|passwort|passcode|passwd|contraseña)(?: is| ist| es|\s?[:=])\s*([^\s"']{4,64})`)
	passportForm = regexp.MustCompile(`(?i)\bpassport (?:number|no\.?|nr\.?|#)(?: is|:)? ?([A-Z]{0,2}\d{6,9})\b`)
	addressForm  = regexp.MustCompile(`(?i)\b(?:i live at|we live at|my (?:home )?address(?: is|:)|my house is at)\s+(\d{1,5}[a-z]?(?: [\pL\d'.]+){1,4}? (?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|close|crescent|square)\b)`)
)

// minNumber is the fewest digits of a number of a person.
const minNumber = 7

// minKey is the shortest word that can be a key of some service.
const minKey = 16

// mayBePersonal reports whether the text holds anything that personal data needs: a long number, an @, a long
// word with a figure in it, or a word that says what follows.
func mayBePersonal(text string) (number, at, key, figures bool) {
	const gap = 3 // signs that may stand between the figures of one number
	run, since, word, mixed := 0, 0, 0, false
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			run++
			word++
			since, mixed, figures = 0, true, true
			number = number || run >= minNumber
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			run = 0
			word++
		case c == ' ' || c == '\n':
			word, mixed = 0, false
			fallthrough
		default:
			if since++; since > gap {
				run = 0
			}
			at = at || c == '@' && i > 0 && text[i-1] != ' '
		}
		key = key || word >= minKey && mixed
	}
	return number, at, key || strings.Contains(text, "-----BEGIN"), figures
}

// exposure makes the hits of one kind of personal data.
type exposure struct{ rule, severity, reason string }

func (e exposure) hit(start, end int) Hit {
	return Hit{
		Category: privacyExposure, Severity: e.severity, Rule: e.rule,
		Reason: e.reason, Suggestion: removePost, Start: start, End: end,
	}
}

var (
	exposedEmail    = exposure{"privacy.email", medium, "Shows an e-mail address to everybody."}
	exposedPhone    = exposure{"privacy.phone", medium, "Shows a telephone number to everybody."}
	exposedAddress  = exposure{"privacy.address", high, "Shows where somebody lives to everybody."}
	exposedIBAN     = exposure{"privacy.iban", high, "Shows a bank account number to everybody."}
	exposedCard     = exposure{"privacy.card", critical, "Shows the number of a payment card to everybody."}
	exposedSSN      = exposure{"privacy.ssn", critical, "Shows a US social security number to everybody."}
	exposedPassport = exposure{"privacy.passport", high, "Shows a passport number to everybody."}
	exposedKey      = exposure{"privacy.key", critical, "Shows a secret key to everybody. Revoke it: deleting the post is not enough."}
	exposedPassword = exposure{"privacy.password", high, "Shows a password to everybody. Change it: deleting the post is not enough."}
)

// appendPersonal adds what personal data the post shows.
func appendPersonal(hits []Hit, text, lang string) []Hit {
	number, at, key, figures := mayBePersonal(text)
	if at {
		hits = appendEmails(hits, text)
	}
	if key {
		hits = appendForm(hits, exposedKey, keyForm, text, anything)
	}
	if figures {
		hits = appendForm(hits, exposedPassword, passwordForm, text, mixedSigns)
		hits = appendForm(hits, exposedAddress, addressForm, text, anything)
		hits = appendForm(hits, exposedPassport, passportForm, text, anything)
	}
	if number {
		hits = appendNumbers(hits, text, lang)
		hits = appendForm(hits, exposedIBAN, ibanForm, text, validIBAN)
	}
	return hits
}

// appendForm adds the last group of each match whose text is proven.
func appendForm(hits []Hit, e exposure, form *regexp.Regexp, text string, proven func(string) bool) []Hit {
	for _, at := range form.FindAllStringSubmatchIndex(text, -1) {
		start, end := at[len(at)-2], at[len(at)-1]
		if proven(text[start:end]) && !inLink(text, start) {
			hits = append(hits, e.hit(start, end))
		}
	}
	return hits
}

func anything(string) bool { return true }

// mixedSigns tells a password from a word: "my password is hunter2", not "… is long".
func mixedSigns(s string) bool {
	s = strings.TrimRight(s, ".,!?")
	return len(s) >= 5 && strings.ContainsAny(s, "0123456789") && strings.Trim(s, "0123456789*•") != ""
}

// mailRoles are mailboxes that are meant to be public.
var mailRoles = map[string]bool{
	"info": true, "contact": true, "press": true, "support": true, "hello": true, "sales": true, "jobs": true,
	"careers": true, "help": true, "team": true, "media": true, "office": true, "noreply": true, "no-reply": true, "git": true,
}

func appendEmails(hits []Hit, text string) []Hit {
	for _, at := range emailForm.FindAllStringSubmatchIndex(text, -1) {
		if !mailRoles[strings.ToLower(text[at[2]:at[3]])] && !inLink(text, at[0]) {
			hits = append(hits, exposedEmail.hit(at[0], at[1]))
		}
	}
	return hits
}

// inLink reports whether text[at] is part of a web address.
func inLink(text string, at int) bool {
	before := text[:at]
	if i := strings.LastIndexAny(before, " \n\t\r"); i >= 0 {
		before = before[i:]
	}
	return strings.Contains(before, "://") || strings.Contains(before, "www.") || strings.Contains(before, "/")
}

// appendNumbers finds cards, social security numbers and telephones among the
// longer numbers of a post.
func appendNumbers(hits []Hit, text, lang string) []Hit {
	for _, at := range numberForm.FindAllStringIndex(text, -1) {
		start, end := at[0], at[1]
		if inLink(text, start) || touches(text, start, end) {
			continue
		}
		number := text[start:end]
		switch digits := onlyDigits(number); {
		case validCard(digits, number):
			hits = append(hits, exposedCard.hit(start, end))
		case validSSN(number):
			hits = append(hits, exposedSSN.hit(start, end))
		case validPhone(number, digits, text[:start], lang):
			hits = append(hits, exposedPhone.hit(start, end))
		}
	}
	return hits
}

// touches reports whether the number goes on: as a word, an amount or a fraction.
func touches(text string, start, end int) bool {
	glued := func(c byte) bool {
		return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("$€£%_#,/", c) >= 0
	}
	return start > 0 && glued(text[start-1]) || end < len(text) && text[end] != ',' && text[end] != '/' && glued(text[end])
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// validCard reports whether digits are a card of a large issuer, written as one is:
// in one piece or in groups of four or so.
func validCard(digits, written string) bool {
	if len(digits) < 15 || len(digits) > 16 || strings.ContainsAny(written, "+().") || len(written) > len(digits)+4 {
		return false
	}
	switch {
	case len(digits) == 15 && (digits[:2] == "34" || digits[:2] == "37"):
	case len(digits) == 16 && (digits[0] == '4' || digits[:2] >= "51" && digits[:2] <= "55" || digits[:4] == "6011" || digits[:2] == "65" || digits[:4] >= "2221" && digits[:4] <= "2720"):
	default:
		return false
	}
	return luhn(digits)
}

// luhn is the check of ISO/IEC 7812.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

var ssnForm = regexp.MustCompile(`^(\d{3})-(\d{2})-(\d{4})$`)

// validSSN reports whether a number written 123-45-6789 can have been issued.
func validSSN(number string) bool {
	m := ssnForm.FindStringSubmatch(number)
	return m != nil && m[1] != "000" && m[1] != "666" && m[1] < "900" && m[2] != "00" && m[3] != "0000"
}

// validIBAN is the check of ISO 13616.
func validIBAN(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rest := 0
	for _, c := range s[4:] + s[:4] {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

var (
	// phoneRegions are where a number without a country code may be from.
	phoneRegions = map[string][]string{"": {"US"}, "en": {"US", "GB"}, "de": {"DE"}, "fr": {"FR"}, "es": {"ES", "MX"}, "pt": {"BR", "PT"}}
	phoneWords   = regexp.MustCompile(`(?i)\b(?:call|text|phone|tel|telephone|cell|mobile|whatsapp|reach|ring|my number|handy|teléfono|móvil|telefone|celular|téléphone|portable|numéro)\b[^\n]{0,24}$`)
	usForm       = regexp.MustCompile(`^(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}$`)
)

// validPhone reports whether a number is somebody's telephone: in a number plan, no
// hotline, and with a country code, a telephone's form, or a word before it that says so.
func validPhone(number, digits, before, lang string) bool {
	international := strings.HasPrefix(number, "+")
	if len(digits) < 8 || len(digits) > 15 || !international && !usForm.MatchString(number) && !phoneWords.MatchString(before) {
		return false
	}
	regions := phoneRegions[lang]
	if international || regions == nil {
		regions = []string{"ZZ"}
	}
	for _, region := range regions {
		n, err := phonenumbers.Parse(number, region)
		if err == nil && phonenumbers.IsValidNumber(n) {
			return personalLine(phonenumbers.GetNumberType(n))
		}
	}
	return false
}

func personalLine(t phonenumbers.PhoneNumberType) bool {
	switch t {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER:
		return true
	}
	return false
}

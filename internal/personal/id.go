package personal

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// register says whether a number of digits alone belongs to a register: by its check digits
// in the form that people write, or because a word before it says so.
func (s *scan) register(g *grouped, before cue) (k Kind, exposed bool, c Certainty) {
	d, n := g.digits, len(g.digits)
	proven := func(ok bool) (Kind, bool, Certainty) { return NationalID, ok && !knownNobody(d), Proven }
	switch {
	case g.glued && before&(idCue|passCue) == 0:
	case g.isSizes(3, 2, 4) && g.signs("-") && d[:1] != "9":
		return proven(ssnUS(d))
	case n == 11 && g.isSizes(3, 3, 3, 2) && g.before[3] == '-' && g.signs(".-") && cpfBR(d):
		return proven(true)
	case n == 11 && g.isSizes(3, 3, 3, 2) && g.before[1] == '-' && g.signs("- ") && snilsRU(d):
		return proven(true)
	case n == 15 && (g.n == 1 || g.sizes[0] == 1 || g.sizes[g.n-1] == 2) && nirKey(d):
		return proven(true)
	case n == 18 && g.n == 1 && idCN(d):
		return proven(true)
	case n == 12 && g.isSizes(4, 4, 4) && g.signs(" -") && d[0] >= '2' && verhoeff(d) && before&otherCue == 0:
		return proven(true)
	case n == 16 && s.lang == "id" && before&idCue != 0:
		return proven(true)
	}
	return s.called(g, before)
}

// called takes a number for what the words before it say.
func (s *scan) called(g *grouped, before cue) (k Kind, exposed bool, c Certainty) {
	d, n := g.digits, len(g.digits)
	near := s.around(g.token[0]).near
	switch {
	case g.amount() && n < 9, near&otherCue != 0 && near&(idCue|passCue) == 0:
	case near&idCue != 0 && n >= 7 && n <= 20:
		if checked(d) {
			c = Proven
		}
		return NationalID, !knownNobody(d), c
	case near&passCue != 0 && n >= 6 && n <= 12 && (g.n > 1 || near&(mineCue|phoneCue|isCue|unitCue) != 0 ||
		s.is(g.token[0]-1, ':')):
		return Passport, !repeats(d), Likely
	case before&cardCue != 0 && before&(pinCue|codeCue) != 0 && n <= 4:
		return Password, true, Likely
	}
	return "", false, 0
}

// checked reports whether a number passes the check of one of the registers.
func checked(d string) bool {
	switch len(d) {
	case 9:
		return bsnNL(d)
	case 11:
		return peselPL(d) || kimlikTR(d) || cpfBR(d) || snilsRU(d) || taxIDDE(d)
	case 12:
		return verhoeff(d)
	case 15:
		return nirKey(d)
	}
	return false
}

// knownNobody reports whether a number is one that forms and advertisements print.
func knownNobody(d string) bool {
	return repeats(d) || slices.Contains([]string{
		"123456789", "078051120", "219099999", "457555462", "987654320",
		"987654321", "12345678909", "99999999999",
	}, d)
}

// lettered is what a register's number with letters looks like.
type lettered struct {
	kind  Kind
	check func(string) bool
	form  string // as in isForm
	upper bool   // only as capitals, because words look so otherwise
	// digitsFirst reports whether it begins with a digit, or may.
	digitsFirst bool
}

var letteredForms = []lettered{
	{NationalID, dniLetter, "X0000000A", true, true},
	{NationalID, ninoUK, "AA000000A", true, false},
	{NationalID, fiscalIT, "AAAAAA00A00A000A", false, false},
	{NationalID, idCN, "00000000000000000X", false, true},
	{NationalID, isForm("AAAA000000AAAAAAX0"), "AAAA000000AAAAAAX0", true, false}, // CURP
	{NationalID, panIN, "AAAAA0000A", true, false},
}

// idsWithLetters finds accounts and numbers of registers that hold letters and digits.
func (s *scan) idsWithLetters() {
	done := 0
	for i := range s.tokens {
		t := s.tokens[i]
		if t.inLink || t.from < done || t.kind != word && t.kind != digits || s.glued(i) && s.isLetters(i-1) {
			continue
		}
		if end := s.account(i); end > 0 {
			done = end
		} else if end := s.letteredAt(i); end > 0 {
			done = end
		}
	}
}

// longestForm is the size of the longest of letteredForms.
const longestForm = 18

// reachesDigits reports whether joined would find digits from a word on, within the longest form. Most words are
// followed by other words, and need not be tried with each form.
func (s *scan) reachesDigits(i int) bool {
	k := 0
	for j := i; j < len(s.tokens) && j < i+maxJoined && k <= longestForm; j++ {
		t := &s.tokens[j]
		s.steps++
		switch {
		case j > i && t.line:
			return false
		case t.kind == digits:
			return true
		case t.kind == word && s.s[t.from] < utf8.RuneSelf:
			k += t.to - t.from
		case t.kind != '-' && t.kind != '.' && t.kind != '/':
			return false
		}
	}
	return false
}

func size(t token) int { return t.to - t.from }

// isLetters reports whether token i is a word or digits of ASCII.
func (s *scan) isLetters(i int) bool {
	return s.is(i, digits) || s.is(i, word) && s.s[s.tokens[i].from] < 0x80
}

// maxJoined is how many tokens joined looks at.
const maxJoined = 24

// joined writes the letters and digits from token i on together, over single blanks, dots
// and hyphens, until there are n of them. last is the token they end with, or -1.
func (s *scan) joined(i, n int) (text []byte, last int) {
	b := s.plainID[:]
	k := 0
	for j := i; j < len(s.tokens) && j < i+maxJoined; j++ {
		t := s.tokens[j]
		switch {
		case j > i && t.line:
			return nil, -1
		case s.isLetters(j):
			if k+t.to-t.from > n {
				return nil, -1
			}
			k += copy(b[k:], s.s[t.from:t.to])
			if k == n {
				if s.glued(j+1) && s.isLetters(j+1) {
					return nil, -1
				}
				return b[:k], j
			}
		case t.kind == '-' || t.kind == '.' || t.kind == '/':
		default:
			return nil, -1
		}
	}
	return nil, -1
}

// ibanLengths are how long the account numbers of each country are.
const ibanLengths = `AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23
	GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15
	PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20`

// account looks for an IBAN that begins with token i, in any case; it returns its end.
func (s *scan) account(i int) int {
	head := s.text(i)
	if len(head) != 2 || s.tokens[i].kind != word || !s.is(i+1, digits) || !s.glued(i+1) || len(s.text(i+1)) < 2 {
		return 0
	}
	at := strings.Index(ibanLengths, strings.ToUpper(head))
	if at < 0 || at > 0 && ibanLengths[at-1] != ' ' && ibanLengths[at-1] != '\t' {
		return 0
	}
	joined, last := s.joined(i, number(ibanLengths[at+2:at+4]))
	if last < 0 {
		return 0
	}
	text := string(joined)
	valid := mod97(text)
	if !valid && s.before(i, 4)&bankCue == 0 {
		return 0
	}
	c := Likely
	if valid {
		c = Proven
	}
	s.add(BankAccount, s.tokens[i].from, s.tokens[last].to, valid || !repeats(text[2:4]+text[8:]), c)
	return s.tokens[last].to
}

// letteredAt looks for a number of a register with letters, and for what a word before it
// calls a passport, an id or a number plate.
func (s *scan) letteredAt(i int) int {
	if s.tokens[i].kind == word && (size(s.tokens[i]) > 6 || !s.reachesDigits(i)) {
		return s.calledLetters(i)
	}
	for k := range letteredForms {
		f := &letteredForms[k]
		if s.tokens[i].kind == digits && !s.mayBegin(i, f) {
			continue
		}
		if !f.begins(s.text(i)) {
			continue
		}
		joined, last := s.joined(i, len(f.form))
		if last < 0 || !f.fits(joined) {
			continue
		}
		text := string(joined)
		if f.upper && text != strings.ToUpper(text) || !mixed(text) || !f.check(strings.ToUpper(text)) {
			continue
		}
		from, to := s.tokens[i].from, s.tokens[last].to
		s.add(f.kind, from, to, text != "12345678Z" && text != "00000000T", Proven)
		return to
	}
	return s.calledLetters(i)
}

// begins reports whether a token can be the first of the form.
func (f *lettered) begins(text string) bool {
	for i := range min(len(text), len(f.form)) {
		if !f.has(i, text[i]) {
			return false
		}
	}
	return true
}

// fits reports whether a text looks like the form, before its digits are checked.
func (f *lettered) fits(text []byte) bool {
	for i, c := range text {
		if !f.has(i, c) {
			return false
		}
	}
	return len(text) == len(f.form)
}

// has reports whether the form can have a byte at place i.
func (f *lettered) has(i int, c byte) bool {
	switch f.form[i] {
	case '0':
		return classes[c] == digitClass
	case 'A':
		return classes[c] == letterClass && !(f.upper && c >= 'a')
	}
	return classes[c] == digitClass || classes[c] == letterClass && !(f.upper && c >= 'a')
}

// mayBegin reports whether digits are as many as a number of the form begins with: all of
// them, or the two before a full stop in 12.345.678-Z.
func (s *scan) mayBegin(i int, f *lettered) bool {
	n := size(s.tokens[i])
	return f.digitsFirst && (n >= len(f.form)-1 || n <= 2 && s.glued(i+1) && s.is(i+1, '.'))
}

// calledLetters takes a run of letters and digits for what the words before it say.
func (s *scan) calledLetters(i int) int {
	if s.is(i, digits) && size(s.tokens[i]) < 3 && !(s.glued(i+1) && s.is(i+1, word)) {
		return 0
	}
	if s.cues&(idCue|passCue|plateCue) == 0 {
		return 0
	}
	before := s.around(i).near
	if before&(idCue|passCue|plateCue) == 0 || s.tokens[i].cue != 0 && !s.glued(i+1) {
		return 0
	}
	from, to, digitsIn, lettersIn := s.mixedRun(i)
	n := digitsIn + lettersIn
	switch {
	case before&plateCue != 0 && digitsIn >= 1 && n >= 4 && n <= 10 && lettersIn > 0:
		s.add(Plate, from, to, true, Likely)
	case before&passCue != 0 && digitsIn >= 3 && n >= 6 && n <= 18 && lettersIn > 0:
		s.add(Passport, from, to, true, Likely)
	case before&idCue != 0 && digitsIn >= 4 && n >= 7 && n <= 20 && lettersIn > 0:
		s.add(NationalID, from, to, true, Likely)
	default:
		return 0
	}
	return to
}

// mixedRun is a run of letters and digits from token i on: glued parts, and further groups
// that are capitals or digits, as number plates have.
func (s *scan) mixedRun(i int) (from, to, digitsIn, lettersIn int) {
	from = s.tokens[i].from
	for j := i; j < len(s.tokens) && j < i+8; j++ {
		t := s.tokens[j]
		size := t.to - t.from
		switch {
		case t.line && j > i:
			return from, to, digitsIn, lettersIn
		case t.kind == digits:
			digitsIn += size
		case t.kind == word && size <= 12 && (t.capital && strings.ToUpper(s.text(j)) == s.text(j) || j > i && !t.gap ||
			j == i && s.glued(j+1) && s.is(j+1, digits)):
			if t.gap && j > i && size > 3 {
				return from, to, digitsIn, lettersIn
			}
			lettersIn += len([]rune(s.text(j)))
		case (t.kind == '-' || t.kind == '.' || t.kind == '/') && s.glued(j+1):
			continue
		default:
			return from, to, digitsIn, lettersIn
		}
		to = t.to
	}
	return from, to, digitsIn, lettersIn
}

// panIN checks an Indian tax number: five letters, the fourth of which is P for a person, four digits, a letter.
func panIN(s string) bool { return isForm("AAAAA0000A")(s) && s[3] == 'P' }

// isForm makes a check of a form: A is a letter, 0 a digit, X either.
func isForm(form string) func(string) bool {
	return func(s string) bool {
		for i := range len(s) {
			letter := s[i] >= 'A' && s[i] <= 'Z'
			if i >= len(form) || form[i] == 'A' && !letter || form[i] == '0' && letter {
				return false
			}
		}
		return len(s) == len(form)
	}
}

package personal

import (
	"slices"
	"strings"
)

// A number is written in groups: 4539 1488 0343 6467, 06 12 34 56 78, (415) 555-2671.
// maxGroups and maxDigits bound what is looked at as one number.
const (
	maxGroups = 12
	maxDigits = 22
	maxSingle = 2 // groups of one digit, such as the 1 of +1; a telephone can be spelled in single digits
)

// grouped is a number as it is written.
type grouped struct {
	digits string          // all digits of it
	sizes  [maxGroups]int  // how many digits each group has
	before [maxGroups]byte // the sign before each group but the first: ' ', '-', '.', '/', ')'
	token  [maxGroups]int  // the token of each group
	n      int             // how many groups
	plus   bool            // + or 00 leads
	paren  bool            // the first group stands in brackets
	from   int             // the first byte, with + and brackets
	to     int             // behind the last digit
	glued  bool            // letters or signs of amounts touch it
}

// numbers finds cards, accounts, numbers of registers and telephones among the numbers of
// a post. What is left and long is marked as a number nobody can interpret.
func (s *scan) numbers() {
	for i := 0; i < len(s.tokens); {
		if s.tokens[i].kind != digits || s.tokens[i].inLink || s.taken(s.tokens[i].from, s.tokens[i].to) {
			i++
			continue
		}
		if end := s.plainDate(i); end >= 0 {
			i = end + 1
			continue
		}
		i = s.numbersFrom(i)
	}
}

// numbersFrom looks at the chain of groups that begins with token i, the longest first, and
// returns the token to go on with.
func (s *scan) numbersFrom(i int) int {
	var whole grouped
	if s.chain(i, &whole) < 6 {
		return i + 1
	}
	for n := whole.n; n > 0; n-- {
		g := s.cutTo(whole, n)
		if k, exposed, c := s.classify(&g); k != "" {
			s.add(k, g.from, g.to, exposed, c)
			return g.token[g.n-1] + 1
		}
	}
	if s.anonymous(&whole) {
		s.add(Number, whole.from, whole.to, false, Likely)
		return whole.token[whole.n-1] + 1
	}
	if whole.amount() {
		return whole.token[whole.n-1] + 1
	}
	return i + 1
}

// chain gathers the groups from token i on, and returns how many digits they have.
func (s *scan) chain(i int, g *grouped) (total int) {
	*g = grouped{n: 1, from: s.tokens[i].from}
	g.token[0], g.sizes[0] = i, len(s.text(i))
	g.paren = s.glued(i) && s.is(i-1, '(')
	lead := i
	if g.paren {
		g.from--
		lead--
	}
	if s.is(lead-1, '+') && (s.glued(lead) || !s.glued(lead-1)) {
		g.plus, g.from = true, s.tokens[lead-1].from
	}
	g.glued = s.touchesBefore(lead) && !g.plus
	var all [maxDigits + 40]byte
	total = copy(all[:], s.text(i))
	single, most := 0, maxSingle
	if g.sizes[0] == 1 && s.around(i).before&phoneCue != 0 {
		most = maxGroups
	}
	for g.n < maxGroups && total <= maxDigits {
		if g.sizes[g.n-1] == 1 {
			single++
		}
		j, sign := s.nextGroup(g.token[g.n-1])
		if j < 0 || single > most || s.taken(s.tokens[j].from, s.tokens[j].to) {
			break
		}
		g.before[g.n], g.token[g.n], g.sizes[g.n] = sign, j, len(s.text(j))
		total += copy(all[total:], s.text(j))
		g.n++
	}
	if total >= 6 {
		g.digits = string(all[:total])
	}
	return total
}

// nextGroup is the token of the group that follows the group of token i on the same line,
// with at most three signs between.
func (s *scan) nextGroup(i int) (token int, sign byte) {
	for j := i + 1; j < len(s.tokens) && j <= i+4; j++ {
		t := s.tokens[j]
		switch {
		case t.line:
			return -1, 0
		case t.kind == digits:
			if sign == 0 {
				sign = ' '
			}
			return j, sign
		case t.kind == '-' || t.kind == '.' || t.kind == '/' || t.kind == ')':
			if sign != 0 && sign != '(' && sign != ')' {
				return -1, 0
			}
			sign = t.kind
		case t.kind == '(' && t.gap || t.kind == '(' && i > 0:
			sign = '('
		default:
			return -1, 0
		}
	}
	return -1, 0
}

// cutTo is the number made of the first n groups.
func (s *scan) cutTo(g grouped, n int) grouped {
	g.n = n
	last := g.token[n-1]
	g.to = s.tokens[last].to
	size := 0
	for _, k := range g.sizes[:n] {
		size += k
	}
	g.digits = g.digits[:min(size, len(g.digits))]
	if strings.HasPrefix(g.digits, "00") && len(g.digits) > 10 && !g.plus && g.sizes[0] > 2 {
		g.plus, g.digits = true, g.digits[2:]
	}
	g.glued = g.glued || s.touchesAfter(last)
	return g
}

// touchesBefore reports whether token i goes on from something that makes another thing of
// it: a word, an amount of money, a tag, a decimal.
func (s *scan) touchesBefore(i int) bool {
	if !s.glued(i) {
		return false
	}
	t := s.tokens[i-1]
	return t.kind == word && s.s[t.from] < 0x80 || strings.IndexByte("$%_#/&=", t.kind) >= 0 ||
		t.kind == other && strings.ContainsAny(s.text(i-1), "€£¥₹₽₺") ||
		(t.kind == ',' || t.kind == '.' || t.kind == ':') && s.is(i-2, digits) && s.glued(i-1)
}

func (s *scan) touchesAfter(i int) bool {
	if !s.glued(i + 1) {
		return false
	}
	t := s.tokens[i+1]
	switch {
	case t.kind == word && s.s[t.from] < 0x80, t.kind == '%', t.kind == '_', t.kind == '$':
		return true
	case t.kind == other:
		return strings.ContainsAny(s.text(i+1), "€£¥₹₽₺")
	case t.kind == ',' || t.kind == ':':
		return s.is(i+2, digits) && s.glued(i+2)
	}
	return false
}

// isSizes reports whether the groups have these sizes.
func (g *grouped) isSizes(sizes ...int) bool {
	if g.n != len(sizes) {
		return false
	}
	for i, n := range sizes {
		if g.sizes[i] != n {
			return false
		}
	}
	return true
}

// signs reports whether every sign between groups is one of those.
func (g *grouped) signs(allowed string) bool {
	for i := 1; i < g.n; i++ {
		if strings.IndexByte(allowed, g.before[i]) < 0 {
			return false
		}
	}
	return true
}

// context is what the words before a token announce.
type context struct {
	token        int
	before, near cue // by six words, and by four
}

// around is the context of a number, which is asked for many times.
func (s *scan) around(i int) context {
	if s.context.token != i+1 {
		s.context = context{i + 1, s.before(i, 6), s.before(i, 4)}
	}
	return s.context
}

// amount reports whether the groups are the thousands of one amount, or a decimal.
func (g *grouped) amount() bool {
	if g.plus || g.paren || g.n < 2 {
		return false
	}
	if g.n == 2 && g.before[1] == '.' && (g.sizes[0] <= 2 || g.digits[:1] != "0") && g.sizes[1] != 3 && g.sizes[0] < 4 {
		return true // 3.14159265
	}
	if !g.signs(" .") || g.sizes[0] > 3 {
		return false
	}
	for i := 1; i < g.n; i++ {
		if g.sizes[i] != 3 || g.before[i] != g.before[1] {
			return false
		}
	}
	return g.digits[0] != '0' && (g.before[1] == '.' || g.n > 3 || g.sizes[0] < 3)
}

// years reports whether the groups are years.
func (g *grouped) years() bool {
	for i, at := 0, 0; i < g.n; i++ {
		if g.sizes[i] != 4 || g.digits[at] != '1' && g.digits[at] != '2' {
			return false
		}
		at += 4
	}
	return true
}

// classify says what a number is, if its form or the words around it tell.
func (s *scan) classify(g *grouped) (k Kind, exposed bool, c Certainty) {
	n := len(g.digits)
	if n < 6 {
		return "", false, 0
	}
	before := s.around(g.token[0]).before
	if !g.plus && !g.paren {
		if k, exposed, c := s.register(g, before); k != "" {
			return k, exposed, c
		}
	}
	if isCard(g) && !g.glued {
		return Card, !isTestCard(g.digits) && before&otherCue == 0, Proven
	}
	if before&cardCue != 0 && before&otherCue == 0 && !g.glued && looksLikeCard(g) {
		return Card, distinct(g.digits) > 3 && !isTestCard(g.digits), Likely
	}
	if before&bankCue != 0 && before&otherCue == 0 && n >= 6 && n <= 18 && !g.plus && !g.amount() {
		return BankAccount, !repeats(g.digits), Likely
	}
	if k, exposed := s.phone(g, before); k != "" {
		return k, exposed, Likely
	}
	return "", false, 0
}

// anonymous reports whether a number is long enough to be somebody's, whatever it is.
func (s *scan) anonymous(g *grouped) bool {
	*g = s.cutTo(*g, g.n)
	if g.amount() || g.years() || len(g.digits) < 7 {
		return false
	}
	if len(g.digits) >= 9 {
		return true
	}
	long := 0 // seven or eight digits are no amount when they are grouped as telephones are
	for _, size := range g.sizes[:g.n] {
		if size >= 3 {
			long++
		}
	}
	return g.n > 1 && g.signs("-./ )") && (long > 1 && g.before[1] != ' ' || g.digits[0] == '0' && g.sizes[0] > 1)
}

// isCard reports whether a number is that of a card of a large issuer, written as one is.
func isCard(g *grouped) bool {
	d := g.digits
	switch {
	case len(d) < 13 || len(d) > 19 || !g.signs(" -."):
		return false
	case g.n > 1 && !g.isSizes(4, 4, 4, 4) && !g.isSizes(4, 6, 5) && !g.isSizes(4, 4, 4, 4, 3) && !g.isSizes(4, 6, 4) &&
		!g.isSizes(4, 4, 4, 3) && !g.isSizes(8, 8):
		return false
	}
	issuer := false
	switch two, four := number(d[:2]), number(d[:4]); {
	case len(d) == 15:
		issuer = two == 34 || two == 37
	case len(d) == 14:
		issuer = two == 36 || two == 38 || two == 30
	case len(d) == 16:
		issuer = d[0] == '4' || two >= 51 && two <= 55 || four >= 2221 && four <= 2720 || four == 6011 || two == 65 ||
			four >= 3528 && four <= 3589 || two == 62 ||
			two == 50 || two >= 56 && two <= 58 || four >= 2200 && four <= 2204 || two == 60 || two == 63 ||
			four == 9792 || four == 8600 || four == 9860
	case len(d) == 19 || len(d) == 13:
		issuer = d[0] == '4' || two == 62
	}
	return issuer && luhn(d)
}

// looksLikeCard reports whether a number that is called a card has the form of one. Its check digit may be wrong: who
// mistypes one figure of sixteen shows the others, and people also post cards whose issuer is not in the list.
func looksLikeCard(g *grouped) bool {
	return len(g.digits) == 16 && g.digits[0] > '1' && (g.n == 1 || g.isSizes(4, 4, 4, 4) && g.signs(" -."))
}

// testCards are what payment services publish for tests, and one from films.
var testCards = strings.Fields(`4111111111111111 5555555555554444 378282246310005 371449635398431 6011111111111117 5500000000000004 30569309025904
	38520000023237 3530111333300000 4000056655665556 5105105105105100 4012888888881881 5200828282828210 2223003122003222 5425233430109903
	6011000990139424 3566002020360505 4242424242424242 4000000000000002 4917610000000000 2222420000001113 340000000000009 6011000000000004
	36227206271667 4988438843884305 4166676667666746 5577000055770004 5136333333333335 2222400070000005 4484070000000000 4539578763621486
	378734493671000 36006666333344 4532015112830366 5424000000000015 4007000000027 4012888818888 4222222222222 6200000000000005`)

// isTestCard reports whether a card is known to be nobody's.
func isTestCard(d string) bool {
	return slices.Contains(testCards, d) || strings.HasPrefix(d, "400000") || distinct(d+d+d) <= 2
}

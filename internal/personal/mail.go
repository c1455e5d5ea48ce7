package personal

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// roles are mailboxes that are meant to be public.
var roles = strings.Fields(`info contact press support hello sales jobs careers help team media office noreply no-reply git
	admin webmaster postmaster abuse service booking bookings reservations enquiries newsletter kontakt presse redaktion contacto contato
	contatto prensa user username name you your-name yourname your.name someone somebody me example test firstname.lastname`)

// exampleDomains belong to nobody: RFC 2606, and what people write in their place.
var exampleDomains = strings.Fields("example.com example.org example.net example.edu domain.com email.com " +
	"yourdomain.com company.com test.com mysite.com yoursite.com")

// mailHosts are where private people have their mail, so that "jo at gmail" needs no more proof.
var mailHosts = strings.Fields(`gmail googlemail hotmail outlook live yahoo ymail icloud me aol gmx web posteo mailbox proton protonmail tutanota
	t-online freenet orange laposte free wanadoo libero virgilio tiscali uol bol terra wp onet interia o2 mail yandex rambler bk list qq 163 126 sina
	naver daum rediffmail zoho fastmail hey pm btinternet sky ntlworld comcast verizon att ziggo kpnmail planet telenet`)

// spelledTLDs end a host that is spelled out, where the words "at" and "point" alone prove nothing.
var spelledTLDs = strings.Fields("com org net info eu edu io co de fr es it nl pl ru br pt uk tr jp cn id mx ar ch " +
	"at be ru рф ком ру")

// mails finds e-mail addresses, handles and the addresses of devices.
func (s *scan) mails() {
	for i := range s.tokens {
		t := &s.tokens[i]
		switch {
		case t.inLink:
		case t.kind == '@':
			s.at(i)
		case t.cue&atCue != 0 && t.kind == word:
			s.spelled(i)
		case t.kind == digits && s.is(i+1, '.') || t.kind == digits && s.is(i+1, ':'):
			s.ip(i)
		}
		if (t.kind == word || t.kind == digits) && !t.inLink && s.is(i+1, ':') && t.to-t.from <= 2 {
			s.mac(i)
		}
	}
}

// at looks at a sign that makes an e-mail address or a handle.
func (s *scan) at(i int) {
	at := s.tokens[i].from
	from := s.localPart(at)
	to, dotted := s.domain(at + 1)
	switch {
	case from < at && dotted:
		s.add(Email, from, to, s.exposedMail(s.s[from:at], s.s[at+1:to]), Proven)
		s.skip(i, to)
	case s.taken(at, at+1):
	default:
		end := s.nameEnd(at + 1)
		if end == at+1 {
			s.bracketed(i) // "jane (@) gmail.com"
			return
		}
		if end < len(s.s) && s.s[end] == '@' { // @name@server
			if to, _ := s.domain(end + 1); to > end+1 {
				end = to
			}
		}
		s.add(Handle, from, end, false, Likely) // with what stands before it: jane@okbank pays Jane
		s.skip(i, end)
	}
}

// skip marks the tokens behind i up to a byte, which belong to what was found.
func (s *scan) skip(i, to int) {
	for j := i + 1; j < len(s.tokens) && s.tokens[j].from < to; j++ {
		s.tokens[j].inLink = true
	}
}

// localPart is where the part before an @ begins.
func (s *scan) localPart(at int) int {
	const longest = 64
	from := at
	for from > 0 && at-from < longest {
		r, n := utf8.DecodeLastRuneInString(s.s[:from])
		if r >= utf8.RuneSelf && !unicode.IsLetter(r) || r < utf8.RuneSelf && !isNameRune(r) &&
			strings.IndexByte(".%+-'", byte(r)) < 0 {
			break
		}
		if r >= 0x2e80 { // Chinese and Japanese run on without a blank
			break
		}
		from -= n
	}
	for from < at && strings.IndexByte(".'-%+", s.s[from]) >= 0 {
		from++
	}
	s.steps += at - from
	return from
}

// domain is where a domain that begins at from ends, and whether it has two labels.
func (s *scan) domain(from int) (to int, dotted bool) {
	const longest = 253
	to = from
	letters := 0
	for to < len(s.s) && to-from < longest {
		r, n := utf8.DecodeRuneInString(s.s[to:])
		if r >= 0x2e80 || r != '-' && r != '.' && (r == '_' || !isNameRune(r)) {
			break
		}
		if r == '.' {
			if next, _ := utf8.DecodeRuneInString(s.s[min(to+1, len(s.s)):]); to+1 >= len(s.s) || next >= 0x2e80 ||
				next == '_' || !isNameRune(next) {
				break
			}
			dotted = true
			letters = 0
		} else {
			letters++
		}
		to += n
	}
	s.steps += to - from
	return to, dotted && to > from && letters >= 2
}

// exposedMail reports whether an address is somebody's own.
func (s *scan) exposedMail(local, domain string) bool {
	local, domain = strings.ToLower(local), strings.ToLower(domain)
	if slices.Contains(roles, local) || slices.Contains(exampleDomains, domain) {
		return false
	}
	tld := domain[strings.LastIndexByte(domain, '.')+1:]
	return tld != "example" && tld != "test" && tld != "invalid" && tld != "localhost" &&
		!strings.HasSuffix(domain, ".example.com") && !strings.HasSuffix(domain, ".example.org")
}

// spelled looks at "at" between a name and a host: jane [at] host [dot] com, jane at gmail.com.
func (s *scan) spelled(i int) {
	left, right := i-1, i+1
	bracket := s.isOneOf(left, "[({<") && s.isOneOf(right, "])}>")
	if bracket {
		left, right = left-1, right+1
	}
	if !bracket && (!s.tokens[i].gap || !s.is(right, word) || !s.tokens[right].gap) {
		return
	}
	s.spelledBetween(left, right, bracket)
}

// bracketed looks at "jane (@) gmail.com" and "jane @ gmail.com".
func (s *scan) bracketed(i int) {
	left, right := i-1, i+1
	if s.isOneOf(left, "[({<") && s.isOneOf(right, "])}>") {
		left, right = left-1, right+1
	}
	s.spelledBetween(left, right, false)
}

func (s *scan) isOneOf(i int, signs string) bool {
	return i >= 0 && i < len(s.tokens) && strings.IndexByte(signs, s.tokens[i].kind) >= 0
}

// spelledBetween reads the name that ends with token left and the host that begins with right.
func (s *scan) spelledBetween(left, right int, sure bool) {
	if left < 0 || right >= len(s.tokens) || !s.is(left, word) && !s.is(left, digits) || !s.is(right, word) &&
		!s.is(right, digits) {
		return
	}
	host := strings.ToLower(s.text(right))
	end, dots := s.labels(right)
	known := slices.Contains(mailHosts, host)
	ending := slices.Contains(spelledTLDs, strings.ToLower(s.text(end)))
	if dots == 0 && !(known && sure) || !sure && !known && !(dots == spelledDot && ending) {
		return
	}
	from := s.spelledName(left)
	local := strings.ReplaceAll(s.s[s.tokens[from].from:s.tokens[left].to], " ", "")
	exposed := s.exposedMail(local, host+".com") && host != "example"
	s.add(Email, s.tokens[from].from, s.tokens[end].to, exposed, Likely)
	s.skip(from-1, s.tokens[end].to)
}

// What stands between the labels of a host.
const (
	plainDot   = 1
	spelledDot = 2
)

// labels is the last token of a host whose labels have a dot, or its word, between them.
func (s *scan) labels(i int) (end, dots int) {
	end = i
	for range 4 {
		for s.glued(end+1) && (s.is(end+1, '-') || s.is(end+1, word) || s.is(end+1, digits)) {
			end++
		}
		j := end + 1
		var kind int
		switch {
		case s.is(j, '.') && s.is(j+1, word) && s.glued(j+1):
			kind, j = plainDot, j+1
		case s.isOneOf(j, "[({<") && s.isOneOf(j+2, "])}>") && s.is(j+3, word) &&
			(s.is(j+1, '.') || s.tokens[j+1].cue&dotCue != 0):
			kind, j = spelledDot, j+3
		case s.is(j, word) && s.tokens[j].cue&dotCue != 0 && s.is(j+1, word):
			kind, j = spelledDot, j+1
		default:
			return end, dots
		}
		if n := len(s.text(j)); n < 2 || n > 24 {
			return end, dots
		}
		end, dots = j, max(dots, kind)
	}
	return end, dots
}

// spelledName is the first token of a name whose last is left: "jane dot doe", "jane.doe", "j_doe77".
func (s *scan) spelledName(left int) int {
	for range 6 {
		switch {
		case s.glued(left) && (s.isOneOf(left-1, "._-+") || s.is(left-1, word) || s.is(left-1, digits)) && left-1 >= 0:
			left--
		case s.isOneOf(left, "._-+") && s.glued(left):
			left--
		case s.is(left-1, word) && s.tokens[left-1].cue&dotCue != 0 && s.is(left-2, word):
			left -= 2
		default:
			return left
		}
	}
	return left
}

// ip looks at four numbers up to 255 with dots between.
func (s *scan) ip(i int) {
	if s.glued(i) && s.is(i-1, '.') {
		return
	}
	j := i
	for n := range 4 {
		if !s.is(j, digits) || len(s.text(j)) > 3 || number(s.text(j)) > 255 || n > 0 && !s.glued(j) {
			return
		}
		if n == 3 {
			break
		}
		if !s.is(j+1, '.') || !s.glued(j+1) {
			return
		}
		j += 2
	}
	s.add(Network, s.tokens[i].from, s.tokens[j].to, false, Likely)
	s.skip(i-1, s.tokens[j].to)
}

// mac looks at six bytes in hexadecimal with colons between, or more for version 6 of the protocol.
func (s *scan) mac(i int) {
	if s.glued(i) {
		return
	}
	from, end := s.tokens[i].from, s.tokens[i].from
	colons := 0
	for end < len(s.s) && end-from < 40 {
		c := s.s[end]
		if c == ':' {
			colons++
		} else if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			break
		}
		end++
	}
	if colons >= 5 && (end >= len(s.s) || !isLetterAt(s.s[end:])) {
		s.add(Network, from, end, false, Likely)
		s.skip(i-1, end)
	}
}

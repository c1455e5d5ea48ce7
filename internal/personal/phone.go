package personal

import "strings"

// phone says whether a number is a telephone: after a plus, in a form that nothing else
// has, or behind a word that says so. Lines that are meant to be called by anybody, and
// numbers kept for films, are telephones and no exposure.
func (s *scan) phone(g *grouped, before cue) (k Kind, exposed bool) {
	n := len(g.digits)
	if n < 7 || n > 15 || g.n == 1 && g.sizes[0] > 13 {
		return "", false
	}
	if g.plus {
		if n < 8 || !countryCode(g.digits) {
			return "", false
		}
		return Phone, !fictionalAbroad(g.digits) && !s.public(g)
	}
	after := s.after(g.token[g.n-1], 3)
	said := before&phoneCue != 0 || after&phoneCue != 0 && (before|after)&mineCue != 0
	if before&otherCue != 0 && before&(phoneCue|mineCue) != phoneCue|mineCue || g.amount() && !said || g.years() {
		return "", false
	}
	formed := !g.glued && (s.localForm(g) || g.n > 1 && d0800(g))
	if !formed && !(said && !g.glued && plausible(g)) {
		return "", false
	}
	return Phone, !fictionalAtHome(g) && !freeCall(g.digits) && !s.public(g)
}

// d0800 reports whether a number in groups is one that costs the caller nothing.
func d0800(g *grouped) bool { return g.digits[0] == '0' && g.sizes[0] == 4 && freeCall(g.digits) }

// public reports whether the words around say that anybody may call: a helpline, a shop.
func (s *scan) public(g *grouped) bool {
	c := s.before(g.token[0], 9) | s.after(g.token[g.n-1], 5)
	return c&publicCue != 0
}

// plausible reports whether a number that is called a telephone can be one.
func plausible(g *grouped) bool {
	return !repeats(g.digits) && len(g.digits) >= 7 && len(g.digits) <= 13
}

// localForm reports whether a number is written as telephones are in one of the countries
// of the fifteen languages, so that it needs no word before it.
func (s *scan) localForm(g *grouped) bool {
	d, n := g.digits, len(g.digits)
	starts := func(heads ...string) bool {
		for _, h := range heads {
			if strings.HasPrefix(d, h) {
				return true
			}
		}
		return false
	}
	switch {
	case g.isSizes(3, 3, 4) && (g.paren || g.before[1] != ' ' && g.before[2] != ' '): // United States, Canada
		return d[0] >= '2' && d[3] >= '2' && (g.paren || g.before[1] == g.before[2])
	case g.isSizes(1, 3, 3, 4) && d[0] == '1' && g.signs("-."):
		return d[1] >= '2' && d[4] >= '2'
	case g.paren && g.n == 3 && n >= 10 && n <= 11 && g.sizes[2] == 4: // Brazil (11) 98765-4321
		return true
	case starts("07") && n == 11 && g.n >= 2 && g.sizes[0] >= 3: // United Kingdom
		return true
	case starts("02", "01") && (n == 11 || n == 10) && g.sizes[0] >= 3 && g.sizes[0] <= 5 && g.n >= 2 && g.n <= 3 &&
		(s.lang == "en" || s.lang == ""):
		return true
	case n == 10 && starts("01", "02", "03", "04", "05", "06", "07", "09") && g.isSizes(2, 2, 2, 2, 2): // France
		return true
	case starts("015", "016", "017") && (n == 11 || n == 12) && (g.n >= 2 && g.sizes[0] >= 4 || s.lang == "de"): // Germany
		return true
	case starts("06") && n == 10 && g.sizes[0] == 2 && g.n >= 2: // the Netherlands
		return true
	case starts("05") && (n == 11 || n == 10) && (g.n >= 3 || s.lang == "tr" || s.lang == "ar"): // Turkey, Saudi Arabia
		return true
	case starts("090", "080", "070", "050") && n == 11 && (g.isSizes(3, 4, 4) || s.lang == "ja"): // Japan
		return true
	case n == 10 && d[0] == '0' && g.signs("-") && (g.isSizes(2, 4, 4) || g.isSizes(3, 3, 4)):
		return true
	case n == 11 && starts("89") && (g.n >= 4 || s.lang == "ru"): // Russia
		return true
	case starts("08") && n >= 11 && n <= 13 && (g.n == 3 && g.sizes[0] == 4 || s.lang == "id"): // Indonesia
		return true
	}
	return s.localMobile(g)
}

// localMobile reports whether a number in one piece is a mobile one where the post's
// language is spoken.
func (s *scan) localMobile(g *grouped) bool {
	d, n := g.digits, len(g.digits)
	switch s.lang {
	case "zh":
		return n == 11 && d[0] == '1' && d[1] >= '3'
	case "hi":
		return n == 10 && d[0] >= '6' && g.n <= 2
	case "ar":
		return n == 11 && strings.HasPrefix(d, "01")
	case "it":
		return n == 10 && d[0] == '3' && g.n >= 2 && g.sizes[0] == 3
	case "es":
		return n == 9 && (d[0] == '6' || d[0] == '7') && (g.isSizes(3, 2, 2, 2) || g.isSizes(3, 3, 3) && g.before[1] == '-')
	case "pt":
		return n == 11 && d[2] == '9' && g.n >= 2
	}
	return false
}

// freeCall reports whether anybody may call a number for nothing, or for a fee.
func freeCall(d string) bool {
	d = strings.TrimPrefix(d, "1")
	for _, head := range []string{
		"0800", "00800", "0808", "0900", "0180", "0137", "0845", "0870", "0844", "0300",
		"08000", "1800",
	} {
		if strings.HasPrefix(d, head) {
			return true
		}
	}
	if len(d) == 9 && (strings.HasPrefix(d, "900") || strings.HasPrefix(d, "901") || strings.HasPrefix(d, "902") ||
		strings.HasPrefix(d, "800")) {
		return true
	}
	return len(d) == 10 && d[0] == '8' && strings.Contains("800 833 844 855 866 877 888", d[:3])
}

// fictionalAtHome reports whether a number is kept for films and books.
func fictionalAtHome(g *grouped) bool {
	d := g.digits
	if len(d) == 11 && d[0] == '1' {
		d = d[1:]
	}
	switch {
	case len(d) == 10 && d[3:8] == "55501", len(d) == 7 && strings.HasPrefix(d, "5550"): // NANPA
		return true
	case len(d) == 10 && d[:3] == "555": // no area has this code
		return true
	}
	for _, range_ := range fictionUK {
		if strings.HasPrefix(d, "0"+range_) {
			return true
		}
	}
	return strings.HasPrefix(d, "0491570") || strings.HasPrefix(d, "0199") && len(d) == 10 || repeats(d[1:])
}

// fictionUK are Ofcom's ranges, without the leading nought.
var fictionUK = strings.Fields("7700900 2079460 1134960 1144960 1154960 1164960 1174960 1184960 1214960 1314960 " +
	"1414960 1514960 1614960 1914980 2890180 2920180 1632960 8081570 9098790 3069990")

// fictionalAbroad is the same for a number with its country's code.
func fictionalAbroad(d string) bool {
	switch {
	case strings.HasPrefix(d, "1") && len(d) == 11:
		return d[4:9] == "55501" || d[1:4] == "555" || freeCall(d)
	case strings.HasPrefix(d, "44"):
		home := strings.TrimPrefix(d[2:], "0")
		for _, range_ := range fictionUK {
			if strings.HasPrefix(home, range_) {
				return true
			}
		}
		return freeCall("0" + home)
	case strings.HasPrefix(d, "61491570"):
		return true
	}
	return strings.HasPrefix(d[2:], "800") || repeats(d[2:])
}

// countryCode reports whether a number begins with a country's code.
func countryCode(d string) bool {
	switch d[0] {
	case '1', '7':
		return len(d) == 11
	case '0':
		return false
	}
	if strings.Contains(" 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 "+
		"65 66 81 82 84 86 90 91 92 93 94 95 98 ", " "+d[:2]+" ") {
		return true
	}
	two := number(d[:2]) // the first two of codes of three
	return two == 21 || two >= 22 && two <= 26 || two == 29 || two == 35 || two == 37 || two == 38 || two == 42 ||
		two == 50 || two == 59 || two == 67 || two == 68 || two == 69 || two == 85 || two == 88 || two == 96 ||
		two == 97 || two == 99
}

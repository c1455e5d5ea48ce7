package personal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// addresses finds postal addresses as they are written in the countries of the fifteen
// languages. One where somebody is said to live, or wants something sent, is an exposure;
// any other is a place that is replaced.
func (s *scan) addresses() {
	for i := 0; i < len(s.tokens); i++ {
		t := s.tokens[i]
		if t.inLink || s.taken(t.from, t.to) {
			continue
		}
		from, end := i, -1
		switch {
		case t.kind == digits:
			end = s.numberThenStreet(i)
		case t.kind == word && s.s[t.from] >= 0xe3:
			end = s.eastern(i)
		case t.kind == word && (t.cue&streetCue != 0 || s.shortStreet(i)):
			from, end = s.streetThenNumber(i)
		case t.kind == word && t.capital && s.isStreetName(i):
			end = s.houseNumber(i + 1)
		case t.kind == word && t.cue&unitCue != 0:
			end = s.unitAlone(i)
		}
		if end < 0 {
			continue
		}
		end = s.rest(end)
		s.addAddress(from, end)
		i = end
	}
}

func (s *scan) addAddress(from, end int) {
	start, to := s.tokens[from].from, s.tokens[end].to
	lead := 0
	if s.s[start] >= 0xe3 {
		lead = afterCue(s.text(from))
		start += lead
	}
	c := s.before(from, 9) | s.after(end, 6)
	for _, home := range []string{"住", "地址", "自宅", "寄到", "搬到"} {
		if lead > 0 && strings.Contains(s.text(from)[:lead], home) { // 我住在…
			c |= homeCue
		}
	}
	if s.tokens[from].kind == word {
		c |= s.tokens[from].cue // without blanks the word before is the same token
	}
	if c&homeCue != 0 && c&publicCue == 0 {
		s.add(Address, start, to, true, Likely)
	} else {
		s.add(Place, start, to, false, Likely)
	}
}

// afterCue is how many bytes of a run of Chinese or Japanese lead up to an address.
func afterCue(text string) (n int) {
	const reach = 90 // bytes
	for _, lead := range []string{"は", "住所", "住在", "家住", "地址", "搬到", "寄到", "自宅", "在"} {
		if i := strings.Index(text, lead); i >= 0 && i < reach && i+len(lead) < len(text) {
			n = max(n, i+len(lead))
		}
	}
	return n
}

// numberThenStreet is the last token of "221b Baker Street" or "12 bis rue de la Paix".
func (s *scan) numberThenStreet(i int) int {
	if s.tokens[i].to-s.tokens[i].from > 5 || s.glued(i) && (s.isLetters(i-1) || s.isOneOf(i-1, ".:$#,/")) {
		return -1
	}
	j := i + 1
	if s.glued(j) && (s.is(j, '/') || s.is(j, '-')) && s.is(j+1, digits) && s.glued(j+1) { // 12/3 MG Road
		j += 2
	}
	if s.glued(j) && s.is(j, word) {
		if s.tokens[j].to-s.tokens[j].from > 1 {
			return -1
		}
		j++
	}
	if s.is(j, word) && (strings.EqualFold(s.text(j), "bis") || strings.EqualFold(s.text(j), "ter")) {
		j++
	}
	if s.is(j, ',') {
		j++
	}
	if s.is(j, word) && s.tokens[j].cue&streetCue != 0 && frenchStreets[plain(s.text(j))] {
		return s.frenchName(j)
	}
	return s.englishName(i, j)
}

var frenchStreets = set("rue avenue boulevard chemin allee impasse quai place cours route square")

// frenchName is the last word of "rue de la Paix", "avenue du Général Leclerc".
func (s *scan) frenchName(j int) int {
	for k := j + 1; k < j+6 && s.is(k, word); k++ {
		if frenchLinks[plain(s.text(k))] {
			continue
		}
		if !s.tokens[k].capital && s.before(j, 8)&homeCue == 0 && k == j+1 {
			return -1
		}
		for s.is(k+1, word) && s.tokens[k+1].capital && k < j+6 {
			k++
		}
		return k
	}
	return -1
}

var frenchLinks = set("de la du des le les d l")

// englishName is the street word behind one to four names: capitals, or any words when
// somebody is said to live there.
func (s *scan) englishName(i, j int) int {
	if !s.is(j, word) && !s.is(j, digits) || s.tokens[j].line {
		return -1
	}
	if !s.tokens[j].capital && s.is(j, digits) && !(s.glued(j+1) && s.is(j+1, word)) {
		return -1
	}
	home := s.around(i).before&homeCue != 0
	names := 0
	for ; j < len(s.tokens) && names <= 4; j++ {
		t := s.tokens[j]
		if t.kind == '.' && names > 0 && s.glued(j) {
			continue
		}
		// 350 5th Avenue
		if t.kind == digits && names == 0 && s.glued(j+1) && s.is(j+1, word) && s.tokens[j+1].to-s.tokens[j+1].from == 2 {
			j++
			names++
			continue
		}
		if t.kind != word || t.line {
			return -1
		}
		if t.cue&streetCue != 0 && names > 0 && (t.capital || home || strongStreets[plain(s.text(j))] &&
			s.tokens[j-1].capital) {
			return j
		}
		if !t.capital && (!home || notStreet[strings.ToLower(s.text(j))]) {
			return -1
		}
		names++
	}
	return -1
}

var (
	strongStreets = set("street avenue road lane boulevard")
	notStreet     = set(`the a an of from on in to at this that my our your his her their every each and is are was were no one some any all minutes
		mins miles blocks people years days hours times percent more cars steps feet km about open with for away`)
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// streetSuffixes end the names of German and Dutch streets, without accents.
var streetSuffixes = strings.Fields("strasse str weg platz allee gasse ring damm ufer steig straat laan plein " +
	"gracht kade dreef singel")

// isStreetName reports whether the capitalised word at token i is a German or Dutch street.
func (s *scan) isStreetName(i int) bool {
	s.low = appendPlain(s.low[:0], s.text(i))
	for _, suffix := range streetSuffixes {
		if n := len(s.low) - len(suffix); n > 2 && string(s.low[n:]) == suffix {
			return true
		}
	}
	return false
}

// houseNumber is the last token of a house number at token i: "12", "12a", "12/3", "5-7",
// behind a full stop, a comma, "No." or "д.".
func (s *scan) houseNumber(i int) int {
	for j := i; j < len(s.tokens) && j < i+5 && !s.tokens[j].line; j++ {
		t := s.tokens[j]
		switch {
		case t.kind == digits:
			if t.to-t.from > 4 || s.glued(j+1) && s.isOneOf(j+1, "%:$") {
				return -1
			}
			if s.glued(j+1) && s.is(j+1, word) && utf8.RuneCountInString(s.text(j+1)) == 1 {
				j++
			}
			for s.glued(j+1) && (s.is(j+1, '/') || s.is(j+1, '-')) && s.glued(j+2) && (s.is(j+2, digits) || s.is(j+2, word)) {
				j += 2
			}
			return j
		case t.kind == '.' || t.kind == ',' || t.kind == ':' || t.kind == '#':
		case t.kind == word && t.cue&unitCue != 0:
		case t.kind == other && (s.text(j) == "º" || s.text(j) == "°" || s.text(j) == "№"):
		default:
			return -1
		}
	}
	return -1
}

// shortStreet reports whether token i is "c/" or "R.", behind a word such as "vivo".
func (s *scan) shortStreet(i int) bool {
	return size(s.tokens[i]) == 1 && s.glued(i+1) && (s.is(i+1, '/') || s.is(i+1, '.')) && s.before(i, 4)&homeCue != 0
}

// streetThenNumber is "Calle de Alcalá 45", "ul. Kwiatowa 12", "Atatürk Caddesi No: 5".
func (s *scan) streetThenNumber(i int) (from, end int) {
	from = i
	for from > 1 && from > i-5 && s.glued(from) && s.is(from-1, '-') && s.is(from-2, word) { // Karl-Marx-Allee
		from -= 2
	}
	for from > 0 && from > i-3 && s.is(from-1,
		word) && s.tokens[from-1].capital && !s.tokens[from].line && s.tokens[from-1].cue == 0 {
		from--
	}
	if end := s.houseNumber(i + 1); end >= 0 && (from < i && s.tokens[i].capital || s.is(i+1, word)) {
		return from, end
	}
	home := s.before(i, 8)&homeCue != 0 && !behindName[plain(s.text(i))] // "street music fair: 24 stalls" is no address
	names := 0
	for j := i + 1; j < len(s.tokens) && names < 5 && !s.tokens[j].line; j++ {
		t := s.tokens[j]
		switch {
		case (t.kind == '.' || t.kind == '/') && names == 0:
		case t.kind == word && linkWords[plain(s.text(j))]:
		case t.kind == word && (t.capital || home || !cased(s.text(j))):
			names++
			if end := s.houseNumber(j + 1); end >= 0 {
				if strings.EqualFold(s.text(i), "via") && !s.tokens[i].capital {
					return i, -1
				}
				return i, end
			}
		default:
			return i, -1
		}
	}
	return i, -1
}

// behindName are the street words of English that only stand behind the name. Where people write "calle mayor 24"
// without capitals, they write "mayor street".
var behindName = set("street st road rd lane ln drive dr court ct square sq terrace close crescent way highway hwy " +
	"grove gardens parade mews row hill walk")

var linkWords = set("de del da do dos das la las los el di della dello dei van der den d l")

// cased reports whether a word is of a script with capitals.
func cased(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return unicode.IsLower(r) || unicode.IsUpper(r)
}

// unitAlone is "Flat 4B, Sector 12": a flat and, within a few tokens, a street or a postcode.
func (s *scan) unitAlone(i int) int {
	end := s.houseNumber(i + 1)
	if end < 0 {
		return -1
	}
	for j := end + 1; j < len(s.tokens) && j < end+8; j++ {
		t := s.tokens[j]
		switch {
		case t.line, s.ends(j):
			return -1
		case t.cue&streetCue != 0 && t.kind == word && (t.capital || !cased(s.text(j))):
			if n := s.houseNumber(j + 1); n >= 0 {
				return n
			}
			return j
		case t.kind == digits && t.to-t.from >= 5 && t.to-t.from <= 6:
			return j
		}
	}
	return -1
}

// eastern is a Japanese or Chinese address: a ward, town or road and then the numbers of
// the block and the house.
func (s *scan) eastern(i int) int {
	text := s.text(i)
	j := i + 1
	if !s.is(j, digits) || !s.glued(j) {
		return -1
	}
	last := text
	if r := []rune(text[max(0, len(text)-64):]); len(r) > 12 {
		last = string(r[len(r)-12:])
	}
	japanese := strings.ContainsAny(last, "区市町村郡丁県都")
	chinese := strings.ContainsAny(last, "路街道巷弄镇小区村园苑")
	end := j
	parts := 1
	for s.glued(end+1) && parts < 5 {
		switch k := end + 1; {
		case s.is(k, '-') && s.is(k+1, digits) && s.glued(k+1):
			end, parts = k+1, parts+1
		case s.is(k, word) && hasHead(s.text(k), "丁目", "番地", "番", "号", "號", "弄", "栋", "单元", "室", "楼"):
			end, parts = k, parts+1
			chinese = chinese || strings.ContainsAny(last, "市区")
			if s.glued(k+1) && s.is(k+1, digits) {
				end = k + 1
			}
		default:
			parts = 5
			continue
		}
	}
	if (japanese || chinese) && end > j {
		return end
	}
	return -1
}

func hasHead(s string, heads ...string) bool {
	for _, h := range heads {
		if strings.HasPrefix(s, h) {
			return true
		}
	}
	return false
}

// rest adds the flat, the town and the postcode that follow an address.
func (s *scan) rest(end int) int {
	comma := false
	for j := end + 1; j < len(s.tokens) && j < end+9 && !s.tokens[j].line; j++ {
		t := s.tokens[j]
		switch {
		case t.kind == ',', t.kind == '#':
			comma = true
		case t.kind == '.' && !s.ends(j) && s.glued(j) && s.tokens[j-1].cue&(streetCue|unitCue) != 0:
		case t.kind == word && t.cue&unitCue != 0 && s.houseNumber(j+1) >= 0:
			end = s.houseNumber(j + 1)
			j = end
		case t.kind == digits && t.to-t.from >= 4 && t.to-t.from <= 6:
			end, comma = j, true
		case t.kind == digits && comma && t.to-t.from <= 4 && s.tokens[j-1].kind == '#':
			end = j
		case t.kind == word && t.cue&streetCue != 0:
			return end
		case t.kind == word && t.capital && (comma || t.to-t.from == 2) && t.to-t.from < 24:
			end = j
			if s.glued(j+1) && s.is(j+1, digits) { // a British postcode: SW1A 2AA
				end = s.postcode(j)
			}
		default:
			return end
		}
	}
	return end
}

// postcode is the last token of a British postcode that may begin with word j.
func (s *scan) postcode(j int) int {
	k := j + 1
	if s.is(k+1, word) && s.glued(k+1) {
		k++
	}
	if s.is(k+1, digits) && s.tokens[k+1].to-s.tokens[k+1].from == 1 && s.is(k+2, word) && s.glued(k+2) &&
		s.tokens[k+2].to-s.tokens[k+2].from == 2 {
		return k + 2
	}
	return k
}

// places finds what says where something is although nobody is said to live there: British
// postcodes and addresses of three words.
func (s *scan) places() {
	for i := range s.tokens {
		t := s.tokens[i]
		switch {
		case t.inLink:
		case t.kind == word && t.capital && t.to-t.from <= 2 && s.is(i+1, digits) && s.glued(i+1) &&
			!(s.glued(i) && s.isLetters(i-1)):
			if end := s.postcode(i); end > i+2 && s.is(end, word) && strings.ToUpper(s.text(end)) == s.text(end) {
				s.add(Place, t.from, s.tokens[end].to, false, Likely)
			}
		case t.kind == word && strings.EqualFold(s.text(i), "box") && s.is(i+1, digits) && s.postOffice(i):
			s.add(Place, t.from, s.tokens[i+1].to, false, Likely)
		case t.kind == '/' && s.is(i+1, '/') && s.is(i+2, '/') && s.is(i+3, word) && s.is(i+4, '.') && s.is(i+5, word) &&
			s.is(i+6, '.') && s.is(i+7, word):
			s.add(Coordinates, t.from, s.tokens[i+7].to, false, Likely)
		}
	}
}

// postOffice reports whether "PO" or "P.O." stands before a box.
func (s *scan) postOffice(i int) bool {
	j := i - 1
	if s.is(j, '.') {
		j--
	}
	return s.is(j, word) && (strings.EqualFold(s.text(j), "po") || strings.EqualFold(s.text(j), "o"))
}

// coordinates finds pairs of latitude and longitude, decimal or in degrees and minutes.
func (s *scan) coordinates() {
	for i := 0; i < len(s.tokens); i++ {
		if s.tokens[i].kind != digits || s.tokens[i].inLink {
			continue
		}
		if end := s.decimals(i); end > 0 {
			i = end
		} else if end := s.degrees(i); end > 0 {
			i = end
		}
	}
}

// decimal is how many decimals the number at token i has, and its last token.
func (s *scan) decimal(i, most int) (places, end int) {
	if !s.is(i, digits) || !s.is(i+1, '.') || !s.glued(i+1) || !s.is(i+2, digits) || !s.glued(i+2) ||
		len(s.text(i)) > 3 || number(s.text(i)) > most || s.glued(i) && s.is(i-1, '.') || s.glued(i+3) && s.is(i+3, '.') &&
		s.is(i+4, digits) && s.glued(i+4) {
		return 0, -1
	}
	return len(s.text(i + 2)), i + 2
}

// decimals is the last token of "51.50740, -0.12780", "lat 48.1371 long 11.5754".
func (s *scan) decimals(i int) int {
	first, end := s.decimal(i, 90)
	if first < 3 {
		return -1
	}
	between := false
	for j := end + 1; j < len(s.tokens) && j < end+8; j++ {
		t := s.tokens[j]
		switch {
		case t.kind == digits:
			second, last := s.decimal(j, 180)
			if second < 3 || !between && !t.gap {
				return -1
			}
			from := s.tokens[i].from
			if s.glued(i) && s.isOneOf(i-1, "-+") {
				from--
			}
			s.direction(&last)
			s.add(Coordinates, from, s.tokens[last].to, first >= 4 && second >= 4, Likely)
			return last
		case t.kind == ',' || t.kind == ';' || t.kind == '/':
			between = true
		case t.kind == '-' || t.kind == '+' || t.kind == ':' || t.kind == '=':
		case t.kind == other && (s.text(j) == "°" || s.text(j) == "º"):
			between = true
		case t.kind == word && t.cue&latCue != 0:
			between = true
		default:
			return -1
		}
	}
	return -1
}

// direction moves the end of a pair behind "° E".
func (s *scan) direction(end *int) {
	j := *end + 1
	if j < len(s.tokens) && s.is(j, other) && (s.text(j) == "°" || s.text(j) == "º") {
		*end = j
		j++
	}
	if s.is(j, word) && len(s.text(j)) == 1 && strings.Contains("NSEWO", s.text(j)) {
		*end = j
	}
}

// degrees is the last token of 40°42'46"N 74°0'22"W; one of the two is enough to be replaced.
func (s *scan) degrees(i int) int {
	end, ok := s.dms(i)
	if !ok {
		return -1
	}
	both := false
	for j := end + 1; j < len(s.tokens) && j <= end+2; j++ {
		if s.is(j, digits) {
			if second, ok := s.dms(j); ok {
				end, both = second, true
			}
			break
		}
		if !s.is(j, ',') {
			break
		}
	}
	s.add(Coordinates, s.tokens[i].from, s.tokens[end].to, both, Likely)
	return end
}

// dms is the last token of degrees and minutes that begin with token i.
func (s *scan) dms(i int) (end int, ok bool) {
	sign := func(j int, signs string) bool {
		return j < len(s.tokens) && (s.tokens[j].kind == other || s.tokens[j].kind == '\'' || s.tokens[j].kind == '"') &&
			strings.Contains(signs, s.text(j))
	}
	if !s.is(i, digits) || len(s.text(i)) > 3 || !sign(i+1, "°º") || !s.is(i+2, digits) || !sign(i+3, "'′’") {
		return 0, false
	}
	end = i + 3
	if s.is(end+1, digits) {
		j := end + 1
		if s.is(j+1, '.') && s.is(j+2, digits) {
			j += 2
		}
		if sign(j+1, "\"″”") {
			end = j + 1
		}
	}
	if s.is(end+1, word) && len(s.text(end+1)) == 1 && s.tokens[end+1].cue&latCue != 0 {
		end++
	}
	return end, true
}

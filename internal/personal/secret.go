package personal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// secrets finds passwords and codes that the post says in words: "my wifi password is …",
// "PIN: 4821", "Passwort = …", "Türcode 4711#".
func (s *scan) secrets() {
	for i := range s.tokens {
		c := s.tokens[i].cue
		switch {
		case c&secretCues == 0 || s.tokens[i].inLink:
		case c&secretCue != 0, c&wifiCue != 0:
			s.password(i, c)
		case c&pinCue != 0, c&codeCue != 0 && (s.before(i, 3)|s.after(i, 4))&doorCue != 0, c&doorCue != 0 && s.codeFollows(i):
			s.pin(i)
		}
	}
}

// secretCues are the cues that a secret may stand behind.
const secretCues = secretCue | wifiCue | pinCue | doorCue | codeCue

// codeFollows reports whether "code" is the next word, or glued to the door as in "Türcode".
func (s *scan) codeFollows(i int) bool {
	return s.is(i+1, word) && s.tokens[i+1].cue&codeCue != 0
}

// introduced describes what leads from the name of a secret to its value.
type introduced struct {
	at    int  // the token that the value begins with
	sign  bool // a colon or equals sign stands before it
	is    bool // "is"
	clear bool // nothing but that stands between
}

// value steps over what stands between a secret's name and its value: a few words of the
// network or the place, "is", a colon.
func (s *scan) value(i int) introduced {
	v := introduced{clear: true, is: s.tokens[i].cue&isCue != 0} // パスワードは
	var first introduced                                         // where nothing leads to a later word
	unknown := 0
	for j := i + 1; j < len(s.tokens) && j <= i+9; j++ {
		t := s.tokens[j]
		switch {
		case t.line && !v.sign && !v.is, s.ends(j):
			return first
		case t.kind == ':' || t.kind == '=' || (t.kind == '-' || t.kind == '>') && t.gap && !v.sign:
			v.sign = true
		case strings.IndexByte("\"`'>", t.kind) >= 0 && v.is && !v.sign:
			v.sign = true // it is "swordfish"
		case strings.IndexByte("\"`'>", t.kind) >= 0, !v.sign && strings.IndexByte("()/", t.kind) >= 0:
		case t.kind == word && t.cue&isCue != 0 && !v.sign && !v.is:
			v.is = true
		case v.sign || v.is:
			v.at = j
			return v
		case t.kind == word && t.cue&(secretCue|pinCue) != 0:
			return introduced{} // that word speaks for itself
		case t.kind == word && t.cue&(wifiCue|codeCue|doorCue|atCue|mineCue) != 0, t.kind == word &&
			fillers[strings.ToLower(s.text(j))]:
		case t.kind != word && t.kind != digits && t.kind != '#' && t.kind != '*':
			return first
		default:
			if first.at == 0 {
				first = introduced{at: j, clear: v.clear}
			}
			if unknown++; unknown > 3 || t.kind != word || strange(s.s[t.from:s.chunkEnd(t.from)]) {
				return first
			}
			v.clear = false
		}
	}
	return first
}

// fillers are words between a secret's name and its value, in several languages.
var fillers = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`for the a to at of in on here now new old current still number code key de del do da la el le du lo il
		für fuer den das die der vom zum neue neues aktuelle het van dla do od för guest guests gast account login netflix office laptop phone door
		के लिए का की को ke ki untuk dari di kantor rumah yang baru всё ещё от к для на`) {
		m[w] = true
	}
	return m
}()

// notSecrets are words that follow "password is" in ordinary sentences.
var notSecrets = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a an the so too very really not no never always still just only literally actually being getting going been about
		wrong weak strong long short terrible awful expired hacked stolen incorrect correct invalid required needed saved stored gone in on at
		my your his her their our this that it what why how when where who which something someone case sensitive easy hard impossible important
		safe secure secret private public dead old new same different better worse longer shorter and or but if because to of for from with
		reset change changed forgot forgotten protected protection manager managers hash hashing again please help lol everyone everything anything
		falsch weg zu nicht kein ein eine der die das sicher unsicher lang kurz abgelaufen vergessen immer noch schon mein dein
		una un el la lo muy no mi tu incorrecta segura débil larga corta olvidada demasiado que de en
		uma um o muito não minha sua incorreta fraca longa curta esquecida errada
		le la les un une pas trop très mon ton oublié incorrect faux que dans
		troppo non mio tuo sbagliata debole lunga scaduta dimenticata
		niet een het te fout verlopen vergeten mijn jouw zwak
		nie za jest moje twoje błędne słabe złe
		yanlış çok bir değil zayıf unuttum benim senin
		не мой твой неверный слабый забыл слишком это
		salah lupa tidak terlalu bukan saya kamu
		गलत भूल नहीं बहुत मेरा`) {
		m[w] = true
	}
	return m
}()

// password looks at what follows the name of a password or of a network.
func (s *scan) password(i int, c cue) {
	v := s.value(i)
	if v.at == 0 || s.seed(i, v) {
		return
	}
	if c&secretCue == 0 && s.tokens[v.at].kind != digits && !v.sign && !v.is {
		return // a network's name alone announces nothing
	}
	from, to := s.tokens[v.at].from, s.chunkEnd(s.tokens[v.at].from)
	value := s.s[from:to]
	switch {
	case utf8.RuneCountInString(value) < 4 || blanked(value):
	case strings.Contains(value, "://"):
	case strange(value) && (v.sign || v.is || v.clear && (c&wifiCue != 0 || s.mine(i) || mixed(value) && len(value) >= 6)):
		s.addSecret(from, to)
	case c&secretCue == 0 || notSecrets[strings.ToLower(value)]:
	case v.sign || v.is && s.mine(i):
		s.phrase(v, from, to)
	}
}

// seed takes the words that open a wallet: eleven or more, in small letters, behind a colon.
func (s *scan) seed(i int, v introduced) bool {
	const least, most = 11, 24
	if name := plain(s.text(i)); name != "phrase" && name != "seed" || !v.sign && !v.is {
		return false
	}
	words, end := 0, v.at
	for j := v.at; j < len(s.tokens) && words < most && s.is(j, word) && !s.tokens[j].capital; j++ {
		words, end = words+1, j
	}
	if words >= least {
		s.addSecret(s.tokens[v.at].from, s.tokens[end].to)
	}
	return words >= least
}

// mine reports whether the words before, or around, say that the thing is the author's.
func (s *scan) mine(i int) bool { return (s.before(i, 5)|s.after(i, 3))&mineCue != 0 }

// phrase takes plain words for a password: one that ends the sentence, or a pass phrase of
// three to six without a word that ordinary sentences have.
func (s *scan) phrase(v introduced, from, to int) {
	words := 0
	end := to
	for j := v.at; j < len(s.tokens) && words < 7; j++ {
		t := s.tokens[j]
		if t.kind != word || j > v.at && t.line {
			break
		}
		if notSecrets[strings.ToLower(s.text(j))] && words > 0 {
			if words == 1 && v.sign {
				break
			}
			return
		}
		words++
		end = t.to
	}
	if words == 1 || words >= 3 && words <= 6 || v.sign && words == 2 {
		s.addSecret(from, max(end, to))
	}
}

func (s *scan) addSecret(from, to int) { s.add(Password, from, to, true, Likely) }

// chunkEnd is where a value ends: at a blank or a quotation mark, without the stop behind it.
func (s *scan) chunkEnd(from int) int {
	const longest = 64
	to := from
	for to < len(s.s) && to-from < longest && !isBlank(s.s[to]) && s.s[to] != '"' && s.s[to] != '`' {
		_, n := utf8.DecodeRuneInString(s.s[to:])
		to += n
	}
	for to > from && strings.IndexByte(".,;)?", s.s[to-1]) >= 0 {
		to--
	}
	for strings.HasSuffix(s.s[from:to], "です") {
		to -= len("です")
	}
	return to
}

// strange reports whether a value looks like no word: with a digit, a sign within, or
// capitals within.
func strange(value string) bool {
	sign, small, capital := false, false, false
	for i, r := range value {
		switch {
		case unicode.IsDigit(r):
			return true
		case unicode.IsUpper(r) && i > 0:
			capital = true
		case unicode.IsLower(r):
			small = true
		case strings.ContainsRune("$%&*_+=^~#@", r):
			sign = true
		}
	}
	return sign || small && capital
}

// blanked reports whether a value is stars, crosses or dots.
func blanked(value string) bool {
	return strings.Trim(strings.ToLower(value), "*•x.…_-?█▇") == "" || strings.HasPrefix(value, "<") ||
		strings.HasPrefix(value, "{")
}

// mixedCode reports whether a value is a short code of digits and letters: 48B21.
func mixedCode(value string) bool {
	n := utf8.RuneCountInString(value)
	return n >= 4 && n <= 12 && strings.ContainsAny(value, "0123456789") &&
		strings.IndexFunc(value, unicode.IsLetter) >= 0 &&
		value[0] >= '0' && value[0] <= '9'
}

// pin looks for a code of three to eight digits behind its name.
func (s *scan) pin(i int) {
	v := s.value(i)
	if v.at == 0 || !v.clear && !v.sign && !v.is {
		return
	}
	from := s.tokens[v.at].from
	if end := s.chunkEnd(from); s.tokens[i].cue&(codeCue|doorCue) != 0 && (v.sign || v.is || v.clear) &&
		mixedCode(s.s[from:end]) {
		s.addSecret(from, end)
		return
	}
	to := from
	n := 0
	for to < len(s.s) && (s.s[to] >= '0' && s.s[to] <= '9' || s.s[to] == '#' || s.s[to] == '*') {
		if s.s[to] >= '0' && s.s[to] <= '9' {
			n++
		}
		to++
	}
	end := to >= len(s.s) || !isLetterAt(s.s[to:]) && s.s[to] != '-' && s.s[to] != '/' &&
		!(s.s[to] == '.' && to+1 < len(s.s) && s.s[to+1] >= '0' && s.s[to+1] <= '9')
	switch {
	case !end || n < 3 || n > 8:
	case n == 6 && s.tokens[i].cue&pinCue != 0 && s.is(i+1, word) && s.tokens[i+1].cue&codeCue != 0 &&
		s.before(i, 6)&mineCue == 0:
		s.add(Place, from, to, false, Likely) // "pin code 560001" is a postcode in India
	case v.sign || v.is || s.mine(i) || n == 4 && s.is(i+1, word) || n <= 4 &&
		strings.HasPrefix(plain(s.text(i)), "cv") || s.before(i, 2)&(doorCue|bankCue) != 0 ||
		s.tokens[i].cue&(doorCue|codeCue) != 0:
		s.addSecret(from, to)
	}
}

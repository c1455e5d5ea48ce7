package screen

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// word is one word of a post: what it is to the trie, and where it stands.
type word struct {
	entry      int32
	start, end int  // bytes of the post, with the # of a hashtag
	fresh      bool // a sentence, a line or a quotation begins before it
	hyphen     bool // it hangs on the word before it
	letter     byte // the letter it consists of, 0 if it is longer
	quoted     bool // it stands between quotation marks
}

// words is a post taken apart. It is reused from post to post.
type words struct {
	list   []word
	folded []byte // the word being read
	try    []byte // the same, written differently
	t      *trie

	// Noted on the way, for personal.go and language.go.
	run, digits int  // digits since the last letter, and the most of them
	ats         int  // signs that may belong to an e-mail address
	english     int  // common English words
	outside     bool // some words stand outside of quotation marks
	secret      bool // there is a word that personal data follows
	key         bool // there is a word that may be a key of some service
}

// minKey is the shortest word that can be a key of some service.
const minKey = 16

// maxText bounds the work for one post; X allows 25,000 characters.
const maxText = 200 << 10

// split takes text apart.
func (w *words) split(text string, t *trie) {
	*w = words{list: w.list[:0], folded: w.folded[:0], try: w.try[:0], t: t}
	text = text[:min(len(text), maxText)]
	fresh, hyphen, quoted, opened := true, false, false, 0
	for i := 0; i < len(text); {
		if n := skipped(text, i); n > 0 {
			w.addSpecial(text, i, i+n, fresh)
			i += n
			fresh, hyphen = false, false
			continue
		}
		r, size := decode(text, i)
		if isWord(r) {
			end := w.read(text, i)
			w.add(text, i, end, fresh, hyphen, quoted)
			fresh, hyphen = false, false
			i = end
			continue
		}
		hyphen = r == '-' && i > 0 && !isSpace(text[i-1])
		switch r {
		case '.', '!', '?', ';', ':', '\n', '(', ')':
			fresh = true
		case '"', '“', '”', '«', '»', '„':
			quoted, opened = opens(r, quoted), len(w.list)
			fresh = true
		case '@':
			w.ats++
		}
		i += size
	}
	if quoted { // never closed: it was no quotation
		for i := range w.list[opened:] {
			w.list[opened+i].quoted, w.outside = false, true
		}
	}
	w.joinLetters()
}

func decode(text string, i int) (rune, int) {
	if text[i] < utf8.RuneSelf {
		return rune(text[i]), 1
	}
	return utf8.DecodeRuneInString(text[i:])
}

func opens(r rune, quoted bool) bool {
	switch r {
	case '"':
		return !quoted
	case '”', '»':
		return false
	}
	return true
}

// skipped is the length of a link or handle at i, 0 if there is none.
func skipped(text string, i int) int {
	if i > 0 && text[i-1] < utf8.RuneSelf && isWord(rune(text[i-1])) {
		return 0
	}
	switch text[i] {
	case 'h', 'H', 'w', 'W':
		rest := text[i:]
		if len(rest) > 7 && (strings.EqualFold(rest[:4], "http") && (rest[4] == ':' || rest[5] == ':') || strings.EqualFold(rest[:4], "www.")) {
			if n := strings.IndexAny(rest, " \n\t\r"); n >= 0 {
				return n
			}
			return len(rest)
		}
	case '@':
		n := 1
		for i+n < len(text) && text[i+n] < utf8.RuneSelf && (isWord(rune(text[i+n])) || text[i+n] == '_') {
			n++
		}
		if n > 1 {
			return n
		}
	}
	return 0
}

// addSpecial adds a handle as the word "@", which rules may name, and a link as no word.
func (w *words) addSpecial(text string, start, end int, fresh bool) {
	if text[start] != '@' {
		w.list = append(w.list, word{start: start, end: end, fresh: true})
		return
	}
	w.list = append(w.list, word{start: start, end: end, fresh: fresh, entry: w.t.vocabulary["@"]})
}

// read folds the word at i into w.folded and returns its end.
func (w *words) read(text string, i int) int {
	w.folded = w.folded[:0]
	for i < len(text) {
		c := text[i]
		switch {
		case c >= 'A' && c <= 'Z':
			w.folded, w.run = append(w.folded, c+'a'-'A'), 0
		case c >= 'a' && c <= 'z':
			w.folded, w.run = append(w.folded, c), 0
		case c >= '0' && c <= '9':
			w.folded = append(w.folded, c)
			w.run++
			w.digits = max(w.digits, w.run)
		case c < utf8.RuneSelf:
			if !holds(text, i) {
				return i
			}
			if c == '@' {
				w.ats++
			}
			if c != '\'' {
				w.folded = append(w.folded, c)
			}
		default:
			r, size := utf8.DecodeRuneInString(text[i:])
			if !isWord(r) && !invisible(r) && r != '’' || r == '’' && !holds(text, i) {
				return i
			}
			w.fold(r)
			i += size
			continue
		}
		i++
	}
	return i
}

// holds reports whether the sign at i belongs to the word before it: an
// apostrophe or a sign that stands for a letter.
func holds(text string, i int) bool {
	_, size := decode(text, i)
	next := byte(' ')
	if i+size < len(text) {
		next = text[i+size]
	}
	letter := next|0x20 >= 'a' && next|0x20 <= 'z'
	switch text[i] {
	case '\'', 0xe2: // ’
		return letter
	case '*':
		return true
	case '$', '@', '!':
		return letter || next == '$' && text[i] == '$' || text[i] == '$' && text[i-1] == '$'
	}
	return false
}

// fold appends a letter beyond ASCII: compatible forms become plain ones, Cyrillic
// and Greek letters that look Latin stay, so that words of those languages stay words.
func (w *words) fold(r rune) {
	if invisible(r) || r == '’' {
		return
	}
	if unicode.Is(unicode.Mn, r) {
		return
	}
	if r >= 0x2000 { // fullwidth, mathematical, enclosed letters
		for _, c := range norm.NFKC.String(string(r)) {
			w.folded = utf8.AppendRune(w.folded, unicode.ToLower(c))
		}
		return
	}
	w.folded = utf8.AppendRune(w.folded, unicode.ToLower(r))
}

// isWord reports whether a word can begin with r.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Mn, r) || enclosed(r)
}

// enclosed letters (🅰, Ⓐ) are symbols to Unicode.
func enclosed(r rune) bool {
	return r >= 0x24b6 && r <= 0x24e9 || r >= 0x1f130 && r <= 0x1f149
}

// invisible characters are put between letters to get past filters.
func invisible(r rune) bool {
	return r >= 0x200b && r <= 0x200d || r == 0x2060 || r == 0xfeff || r == 0xad
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// add looks the folded word up, as it is and as it may have been meant.
func (w *words) add(text string, start, end int, fresh, hyphen, quoted bool) {
	e, ok := w.t.vocabulary[string(w.folded)]
	if !ok {
		e = w.meant()
	}
	if start > 0 && text[start-1] == '#' {
		start--
	}
	nw := word{entry: e, start: start, end: end, fresh: fresh, hyphen: hyphen, quoted: quoted}
	if len(w.folded) == 1 && w.folded[0] >= 'a' {
		nw.letter = w.folded[0]
	}
	c := w.t.entries[e].class
	if c&common != 0 {
		w.english++
	}
	w.secret = w.secret || c&secret != 0
	w.key = w.key || len(w.folded) >= minKey && bytes.ContainsAny(w.folded, "0123456789")
	w.outside = w.outside || !quoted
	w.list = append(w.list, nw)
}

// plain are the letters that digits and signs stand for.
var plain = [utf8.RuneSelf]byte{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '$': 's', '@': 'a', '!': 'i'}

// meant looks for a word written in disguise: fuuuck, sh1t, word*.
func (w *words) meant() int32 {
	signs, letters, repeats := 0, 0, false
	for i, c := range w.folded {
		if c < utf8.RuneSelf && (plain[c] != 0 || c == '*') {
			signs++
		} else {
			letters++
		}
		repeats = repeats || i > 1 && c == w.folded[i-1] && c == w.folded[i-2]
	}
	if signs > 0 && letters >= signs {
		w.try = w.try[:0]
		for _, c := range w.folded {
			if c < utf8.RuneSelf && plain[c] != 0 {
				c = plain[c]
			}
			w.try = append(w.try, c)
		}
		for len(w.try) > 0 && w.try[len(w.try)-1] == '*' {
			w.try = w.try[:len(w.try)-1]
		}
		if e, ok := w.t.vocabulary[string(w.try)]; ok && len(w.try) > 2 {
			return e
		}
	}
	if !repeats {
		return 0
	}
	for _, keep := range [...][2]int{{2, 2}, {1, 2}, {1, 1}} {
		if e, ok := w.t.vocabulary[string(w.squeeze(keep[0], keep[1]))]; ok && len(w.try) > 2 {
			return e
		}
	}
	return 0
}

// squeeze shortens runs of one letter: those of three or more to long, pairs to pair.
func (w *words) squeeze(long, pair int) []byte {
	w.try = w.try[:0]
	for i := 0; i < len(w.folded); {
		n := 1
		for i+n < len(w.folded) && w.folded[i+n] == w.folded[i] {
			n++
		}
		out := min(n, pair)
		if n > 2 {
			out = long
		}
		w.try = append(w.try, w.folded[i:i+out]...)
		i += n
	}
	return w.try
}

// joinLetters replaces "i d i o t" by one word, if the rules know it.
func (w *words) joinLetters() {
	for i := 0; i+2 < len(w.list); i++ {
		n := 0
		for i+n < len(w.list) && w.list[i+n].letter != 0 && w.list[i+n].end-w.list[i+n].start == 1 && (n == 0 || w.list[i+n].start == w.list[i+n-1].end+1) {
			n++
		}
		if n < 3 {
			i += max(n-1, 0)
			continue
		}
		w.try = w.try[:0]
		for _, one := range w.list[i : i+n] {
			w.try = append(w.try, one.letter)
		}
		if e := w.t.vocabulary[string(w.try)]; w.t.entries[e].starts {
			w.list[i].entry, w.list[i].end, w.list[i].letter = e, w.list[i+n-1].end, 0
			w.list = append(w.list[:i+1], w.list[i+n:]...)
		} else {
			i += n - 1
		}
	}
}

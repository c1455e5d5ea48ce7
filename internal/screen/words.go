package screen

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexeme is one word of the post.
type lexeme struct {
	from, to   int32 // its folded letters in post.folded
	start, end int32 // its bytes in the post, with the # of a hashtag
	sentence   int32
	ids        [readers]int32 // what each lexicon knows it as, 0 for nothing
	affixes    role           // roles of the endings or beginnings that were taken off
	flags      flag
}

// flag is what else is known of a lexeme.
type flag uint16

const (
	quoted flag = 1 << iota // between quotation marks
	comma                   // a comma, colon or dash stands before it
	handle                  // an @handle
	letter                  // a single letter
	latin                   // holds a Latin letter
	mixed                   // holds letters that look Latin, or signs that stand for letters
	joint                   // hangs on the lexeme before it by a hyphen
	piece                   // cut out of a longer run of letters
	dash                    // a dash stands before it
)

// longestWord bounds the work per word, in bytes; longer runs are links or noise.
const longestWord = 64

// maxText bounds the work for one post, in bytes; X allows 25,000 characters.
const maxText = 200 << 10

// tokenizer reads the words of a post, one after the other.
type tokenizer struct {
	*post
	sentence int32
	pending  flag // comma or joint, for the next lexeme
	open     rune // the mark that closes the quotation under way, 0 outside
	opened   int  // the first lexeme inside it
}

// tokenize splits the post into words in one pass. "I'll" is two words and "don't" one. Links end a sentence,
// and hashtags are words, cut at inner capitals.
func (p *post) tokenize() {
	t := tokenizer{post: p}
	for i := 0; i < len(p.text); {
		i = t.step(i)
	}
	p.sentences = int(t.sentence) + 1
}

func decode(text string, i int) (rune, int) {
	if text[i] < utf8.RuneSelf {
		return rune(text[i]), 1
	}
	return utf8.DecodeRuneInString(text[i:])
}

// step reads the word or sign at byte i and returns the byte after it.
func (t *tokenizer) step(i int) int {
	r, size := decode(t.text, i)
	switch {
	case r == '@' || r == '＠':
		return t.handle(i, size)
	case r == ' ':
		return i + 1
	case (r == 'h' || r == 'H' || r == 'w' || r == 'W') && isLink(t.text[i:]):
		t.sentence++
		return i + untilSpace(t.text[i:])
	case r < utf8.RuneSelf && plainBytes[r].folded != 0:
		return t.word(i)
	case spaceless(r):
		return t.run(i)
	case isLetter(r) || r == '$' && t.letterAt(i+1):
		return t.word(i)
	case pictured(r):
		t.picture(i, size, r)
		return t.afterPicture(i + size)
	}
	t.sign(r, i, size)
	return i + size
}

// sign takes note of punctuation.
func (t *tokenizer) sign(r rune, i, size int) {
	switch r {
	case '.':
		if !t.letterAt(i + size) {
			t.sentence++
		}
	case '?', '？', '؟':
		t.ask()
		t.sentence++
	case '!', '\n', ';', '。', '！', '؛', '।', '…', '(', ')':
		t.sentence++
	case '–', '—':
		t.pending |= comma | dash
	case ',', ':', '،', '、', '，', '：', '/', '|':
		t.pending |= comma
	case '-', '_':
		if i > 0 && t.letterAt(i+size) && t.text[i-1] != ' ' {
			t.pending |= joint
		} else {
			t.pending |= comma | dash
		}
	case '"', '“', '”', '«', '»', '„', '「', '」', '『', '』', '‹', '›', '\'', '‘', '’', '`':
		t.quotation(r, i, size)
	}
}

// ask marks the sentence that a question mark ends.
func (t *tokenizer) ask() {
	if n := len(t.tokens); n > 0 && t.tokens[n-1].sentence == t.sentence {
		t.asked = append(t.asked, t.sentence)
	}
}

// closing is the mark that ends a quotation which r begins, 0 if it begins none.
func closing(r rune) rune {
	switch r {
	case '"', '\'', '`', '”', '’':
		return r
	case '“', '‟':
		return '”'
	case '„':
		return '“'
	case '«':
		return '»'
	case '»':
		return '«'
	case '‹':
		return '›'
	case '「':
		return '」'
	case '『':
		return '』'
	case '‘':
		return '’'
	}
	return 0
}

// quotation opens or closes a quotation. A single mark counts only at the edge of a word.
func (t *tokenizer) quotation(r rune, i, size int) {
	single := r == '\'' || r == '’' || r == '‘' || r == '`'
	if t.open != 0 && (r == t.open || t.open == '“' && r == '”' || t.open == '”' && r == '“') {
		if single && t.letterAt(i+size) {
			return
		}
		for k := t.opened; k < len(t.tokens); k++ {
			t.steps++
			t.tokens[k].flags |= quoted
			t.quotes++
		}
		t.open = 0
		t.pending |= comma
		return
	}
	if t.open != 0 || single && (!t.letterAt(i+size) || i > 0 && t.text[i-1] != ' ' && t.text[i-1] != '\n') {
		return
	}
	t.open, t.opened = closing(r), len(t.tokens)
}

// letterAt reports whether a letter stands at byte i.
func (t *tokenizer) letterAt(i int) bool {
	if i >= len(t.text) {
		return false
	}
	r, _ := decode(t.text, i)
	return isLetter(r)
}

// handle reads @name as a lexeme without letters.
func (t *tokenizer) handle(i, size int) int {
	end := i + size
	for end < len(t.text) && (t.text[end] == '_' || t.text[end] < utf8.RuneSelf && isLetter(rune(t.text[end]))) {
		end++
	}
	if end > i+size {
		t.add(lexeme{start: int32(i), end: int32(end), flags: handle})
	}
	return end
}

// picture reads an emoji as a word.
func (t *tokenizer) picture(i, size int, r rune) {
	from := len(t.folded)
	t.folded = utf8.AppendRune(t.folded, r)
	t.add(lexeme{from: int32(from), to: int32(len(t.folded)), start: int32(i), end: int32(i + size)})
}

// afterPicture steps over what only changes how an emoji looks.
func (t *tokenizer) afterPicture(i int) int {
	for i < len(t.text) {
		r, size := decode(t.text, i)
		if !invisible(r) && (r < 0x1f3fb || r > 0x1f3ff) {
			break
		}
		i += size
	}
	return i
}

// word reads one word from byte start on. In a hashtag a capital after a small letter begins a new word.
func (t *tokenizer) word(start int) int {
	hashtag := start > 0 && t.text[start-1] == '#'
	first, i, from := start, start, len(t.folded)
	var flags flag
	var previous rune
	if hashtag {
		first--
	} else {
		i, flags = t.plain(i)
	}
	for i < len(t.text) {
		r, size := decode(t.text, i)
		if !t.inWord(r, i, i+size) || spaceless(r) {
			break
		}
		if hashtag && unicode.IsUpper(r) && unicode.IsLower(previous) {
			t.close(first, i, from, flags)
			first, from, flags = i, len(t.folded), 0
		}
		if !invisible(r) {
			t.folded = appendFolded(t.folded, r)
			flags |= letterFlags(r)
		}
		i, previous = i+size, r
	}
	t.close(first, i, from, flags)
	if i < len(t.text) && (t.text[i] == '\'' || t.text[i] == 0xe2 || t.text[i] == '`') {
		return t.apostrophe(i)
	}
	return i
}

// plainByte is a letter or digit of ASCII.
type plainByte struct {
	folded byte // 0 for all other bytes
	flags  flag
}

var plainBytes = func() (table [256]plainByte) {
	for c := range byte(utf8.RuneSelf) {
		if isLetter(rune(c)) {
			table[c] = plainByte{appendFolded(nil, rune(c))[0], letterFlags(rune(c))}
		}
	}
	return table
}()

// plain reads the letters and digits of ASCII from byte i on and returns the byte after them.
func (t *tokenizer) plain(i int) (int, flag) {
	var flags flag
	text, folded := t.text, t.folded
	for ; i < len(text) && plainBytes[text[i]].folded != 0; i++ {
		folded = append(folded, plainBytes[text[i]].folded)
		flags |= plainBytes[text[i]].flags
	}
	t.folded = folded
	return i, flags
}

// letterFlags tells what one character says of its word.
func letterFlags(r rune) flag {
	switch {
	case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
		return latin
	case r >= '0' && r <= '9' || r < utf8.RuneSelf:
		return mixed
	case r < 0x370:
		return latin
	case r < 0x530:
		return mixed
	}
	return 0
}

// inWord reports whether r continues a word. A sign that stands for a letter does so only inside one.
func (t *tokenizer) inWord(r rune, at, after int) bool {
	switch r {
	case '*':
		return after < len(t.text) && (t.text[after] == '*' || t.letterAt(after)) || at > 0 && t.text[at-1] == '*'
	case '@', '!':
		return t.letterAt(after)
	case '$':
		return t.letterAt(after) || after < len(t.text) && t.text[after] == '$' || at > 0 && t.text[at-1] == '$'
	}
	return isLetter(r) || invisible(r) && t.letterAt(after)
}

// apostrophe joins "n't" to the word before it and leaves every other ending a word of its own.
func (t *tokenizer) apostrophe(i int) int {
	r, size := decode(t.text, i)
	if r != '\'' && r != '’' && r != '`' || len(t.tokens) == 0 || !t.letterAt(i+size) {
		return i
	}
	rest := i + size
	if (t.text[rest] == 't' || t.text[rest] == 'T') && !t.letterAt(rest+1) {
		last := &t.tokens[len(t.tokens)-1]
		if int(last.to) == len(t.folded) {
			t.folded = append(t.folded, 't')
			last.to, last.end = last.to+1, int32(rest+1)
			return rest + 1
		}
	}
	return rest
}

// run reads letters of a script without spaces. They are cut into words later, when the lexicons are known.
func (t *tokenizer) run(start int) int {
	i := start
	for i < len(t.text) {
		r, size := decode(t.text, i)
		if !spaceless(r) && !invisible(r) {
			break
		}
		if !invisible(r) {
			from := len(t.folded)
			t.folded = appendFolded(t.folded, r)
			t.add(lexeme{from: int32(from), to: int32(len(t.folded)), start: int32(i), end: int32(i + size), flags: piece})
		}
		i += size
	}
	return i
}

// close ends a word, unless it is none.
func (t *tokenizer) close(start, end, from int, flags flag) {
	n := len(t.folded) - from
	if n == 0 {
		return
	}
	if n > longestWord {
		t.folded = t.folded[:from]
		t.add(lexeme{from: int32(from), to: int32(from), start: int32(start), end: int32(end)})
		return
	}
	if end-start == 1 || n == 1 || n <= 3*utf8.UTFMax && oneLetter(t.folded[from:]) {
		flags |= letter
	}
	t.add(lexeme{from: int32(from), to: int32(len(t.folded)), start: int32(start), end: int32(end), flags: flags})
}

// oneLetter reports whether a word is one letter of any script, perhaps with marks such as the vowel signs of Hindi,
// and the letters that a virama joins to it.
func oneLetter(word []byte) bool {
	if len(word) > 1 && word[0] < utf8.RuneSelf && word[1] < utf8.RuneSelf {
		return false
	}
	const virama = '\u094d'
	var last rune
	for first := true; len(word) > 0; first = false {
		r, size := utf8.DecodeRune(word)
		if !first && last != virama && !unicode.Is(unicode.M, r) {
			return false
		}
		last, word = r, word[size:]
	}
	return true
}

func (t *tokenizer) add(k lexeme) {
	k.sentence = t.sentence
	k.flags |= t.pending
	t.pending = 0
	t.flagged |= k.flags
	if k.flags&letter != 0 {
		t.alone++
	}
	t.tokens = append(t.tokens, k)
}

func isLink(s string) bool {
	return len(s) > 7 && (strings.EqualFold(s[:4], "www.") || strings.EqualFold(s[:7], "http://") ||
		strings.EqualFold(s[:7], "https:/"))
}

func untilSpace(s string) int {
	if n := strings.IndexAny(s, " \n\t\r"); n >= 0 {
		return n
	}
	return len(s)
}

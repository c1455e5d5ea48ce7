package voice

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// marks are the quotation marks of the world, each opening one with those that may close it.
var marks = map[rune]string{
	'"': `"`, '“': `”“"`, '”': `”`, '„': `“”"„`, '«': `»`, '»': `«»`, '‹': `›`, '›': `‹›`, '「': `」`, '『': `』`, '《': `》`,
	'〈': `〉`, '〝': `〟〞`, '＂': `＂`, '\'': `'`, '‘': `’‘`, '’': `’`, '‚': `‘’`, '`': "`'´", '❝': `❞`, '❛': `❜`,
}

// openMark is the length of the quotation mark that s ends with, 0 if there is none.
func openMark(s string) int {
	r, n := utf8.DecodeLastRuneInString(s)
	if marks[r] == "" {
		return 0
	}
	return n
}

// closeMark reports whether s ends with a quotation mark.
func closeMark(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return strings.ContainsRune(closing, r) && r != utf8.RuneError
}

const closing = `"”“»«›‹」』》〉〟〞＂’‘'❞❜`

// phoneQuote marks “@a: …” from the opening mark on, up to the last mark that closes it.
func (r *Reading) phoneQuote(start, end int) int {
	open, n := utf8.DecodeRuneInString(r.text[start:])
	if next, _ := utf8.DecodeRuneInString(r.text[end:]); strings.ContainsRune(marks[open], next) {
		return 0 // a handle in marks, and nothing of what its owner said
	}
	stop := len(r.text)
	if i := strings.LastIndexAny(r.text[end:], marks[open]); i >= 0 {
		_, size := utf8.DecodeRuneInString(r.text[end+i:])
		stop = end + i + size
	}
	if n == 0 {
		return 0
	}
	r.add(start, stop)
	return stop
}

// quoted finds a whole post between quotation marks or notes, and quoted lines.
func (r *Reading) quoted() {
	at, body := inner(r.text)
	first, n := utf8.DecodeRuneInString(body)
	switch {
	case body == "":
		return
	case strings.ContainsRune(notes, first):
		r.sung(at, body)
	case marks[first] != "" && r.whole(at, body, first, n):
		return
	}
	if len(r.others) > 0 {
		return
	}
	if strings.Contains(r.text, "#") && sungOrPlayed(r.text, body) {
		r.add(0, len(r.text))
		return
	}
	if strings.Contains(r.text, ">") {
		r.lines()
	}
}

// inner is the text without the mentions, links, hashtags and signs before it and the links and hashtags behind it.
func inner(text string) (at int, body string) {
	rest := text
	for {
		rest = trimLeft(rest)
		end := strings.IndexFunc(rest, unicode.IsSpace)
		if end < 0 || !aside(rest[:end]) {
			break
		}
		rest = rest[end:]
	}
	at = len(text) - len(rest)
	for {
		rest = trimRight(rest)
		begin := strings.LastIndexFunc(rest, unicode.IsSpace) + 1
		if begin == 0 || !aside(rest[begin:]) {
			return at, rest
		}
		rest = rest[:begin]
	}
}

// aside reports whether a field is a mention, a link, a hashtag, or signs alone that are no quotation marks or notes.
func aside(field string) bool {
	if strings.ContainsAny(field[:1], "@#") || isLink(field) {
		return true
	}
	return strings.IndexFunc(field, func(r rune) bool {
		return isWord(r) || marks[r] != "" || strings.ContainsRune(closing+notes, r)
	}) < 0
}

// whole marks a body that is one quotation, with at most an attribution behind it. Straight marks may come from a
// program that wrote the post into a table, so between them the words are the author's unless the post says where they
// are from.
func (r *Reading) whole(at int, body string, open rune, n int) bool {
	end := closeOf(body[n:], open)
	if end < 0 {
		return false
	}
	said := body[n : n+end]
	if !enough(said) {
		return false
	}
	_, size := utf8.DecodeRuneInString(body[n+end:])
	behind := strings.TrimFunc(body[n+end+size:],
		func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(".,!?…。！？", r) })
	if behind != "" && !attribution(behind) {
		return false
	}
	if (open == '"' || open == '\'') && behind == "" && !r.sourced(at+len(body)) {
		return false
	}
	r.add(at, at+len(body))
	return true
}

// sourced reports whether a post says whom it quotes or where: behind the quotation, which ends at end, or by a link. A
// picture of the post itself is no source: whoever calls Of leaves its link out, and pic.twitter.com is known by its
// name.
func (r *Reading) sourced(end int) bool {
	return attribution(trimLeft(r.text[end:])) || slices.ContainsFunc(strings.Fields(r.text), func(field string) bool {
		return isLink(field) && !strings.HasPrefix(field, "pic.twitter.com/")
	})
}

// closeOf is where the quotation that was opened before s closes, -1 if it does not, or if it closes and opens again:
// two quotations with words between them are no whole one.
func closeOf(s string, open rune) int {
	ends := marks[open]
	for i, c := range s {
		if !strings.ContainsRune(ends, c) {
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(c):])
		if (c == '\'' || c == '’' || c == '‘') && isWord(next) { // don’t
			continue
		}
		return i
	}
	return -1
}

// enough reports whether a quotation is more than one word: that would be a word held at a distance.
func enough(said string) bool {
	words := 0
	for field := range strings.FieldsFuncSeq(said, unicode.IsSpace) {
		if strings.IndexFunc(field, isWord) >= 0 {
			words++
		}
		for _, c := range field {
			if unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer) {
				words++ // scripts without spaces
			}
		}
		if words >= fewestWords {
			return true
		}
	}
	return false
}

const fewestWords = 3

// particles are the words of names that are written small.
var particles = map[string]bool{
	"of": true, "the": true, "and": true, "de": true, "del": true, "la": true, "le": true, "da": true, "di": true,
	"du":  true,
	"van": true, "von": true, "der": true, "den": true, "el": true, "al": true, "bin": true, "ibn": true, "et": true,
	"y": true,
}

// attribution reports whether s names who is quoted: a dash or bracket, and a few words that are all written as names.
func attribution(s string) bool {
	const mostBytes, mostWords = 60, 6
	first, n := utf8.DecodeRuneInString(s)
	if !strings.ContainsRune("-–—―~(（[|/", first) || len(s) > mostBytes {
		return false
	}
	dash := first != '-' // which is also how one goes on: names of scripts without capitals need more
	words := strings.FieldsFunc(s[n:],
		func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("-–—()（）[]", r) })
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		if w == "I" || !unicode.IsUpper(r) && r != '@' && r != '#' && !(dash && unicode.Is(unicode.Lo, r)) &&
			!unicode.IsDigit(r) && !particles[w] {
			return false
		}
	}
	return len(words) > 0 && len(words) <= mostWords && !strings.ContainsAny(s, "!?…")
}

const notes = "♪♫♬♩🎵🎶🎼"

// sung marks lyrics between notes, or up to the end of the line.
func (r *Reading) sung(at int, body string) {
	end := len(body)
	if i := strings.LastIndexAny(body, notes); i > 0 && hasWords(body[:i]) {
		_, n := utf8.DecodeRuneInString(body[i:])
		end = i + n
	} else if i := strings.IndexByte(body, '\n'); i > 0 {
		end = i
	}
	r.add(at, at+end)
}

// lyricTags say that the words are those of a song.
var lyricTags = map[string]bool{
	"lyrics": true, "lyric": true, "songlyrics": true, "songtext": true, "paroles": true,
	"letra": true, "letras": true, "testo": true, "歌詞": true, "歌词": true, "песня": true,
}

// playingTags say what somebody listens to, whatever else they say: only a title is not theirs.
var playingTags = map[string]bool{"np": true, "nowplaying": true}

// sungOrPlayed reports whether a hashtag says that the words are those of a song, or that the body is the title of one.
func sungOrPlayed(text, body string) bool {
	return tagged(text, lyricTags) || tagged(text, playingTags) && isTitle(body)
}

// isTitle reports whether a body is what players write: "Somebody - Something", each written as names are.
func isTitle(body string) bool {
	for _, between := range []string{" - ", " – ", " — "} {
		if by, what, found := strings.Cut(body, between); found {
			return attribution("– "+by) && attribution("– "+what)
		}
	}
	return false
}

// tagged reports whether a text has one of the hashtags.
func tagged(text string, tags map[string]bool) bool {
	for i := 0; ; {
		n := strings.IndexByte(text[i:], '#')
		if n < 0 {
			return false
		}
		i += n + 1
		end := strings.IndexFunc(text[i:], func(r rune) bool { return !isWord(r) && r != '_' })
		if end < 0 {
			end = len(text) - i
		}
		if tags[strings.ToLower(text[i:i+end])] {
			return true
		}
	}
}

// lines marks quoted lines, as in mails.
func (r *Reading) lines() {
	at := 0
	for line := range strings.SplitAfterSeq(r.text, "\n") {
		if rest, ok := strings.CutPrefix(line, ">"); ok && (strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, ">")) {
			r.add(at, at+len(line))
		}
		at += len(line)
	}
}

package voice

import (
	"strings"
	"unicode/utf8"
)

// markers stand before the handle of whoever wrote what follows. Upper and lower case make no difference, but in qt and
// mt, which are words of their own in lower case.
var markers = map[string]bool{
	"rt": true, "prt": true, "r/t": true,
	"рт": true, "ретвит": true, // Russian
	"رتويت": true, "ريتويت": true, "ارتي": true, // Arabic
	"रीट्वीट": true, "आरटी": true, // Hindi
	"リツイート": true, "引用": true, "拡散": true, // Japanese
	"转发": true, "轉發": true, "转推": true, "轉推": true, "转": true, "轉": true, // Mandarin
	"รีทวิต": true, // Thai
}

// spelled are markers that are verbs, too, and may stand in the author's own sentence: "stop reposting @a". They count
// only at the beginning, or before "@a:".
var spelled = map[string]bool{
	"retweet": true, "retweeting": true, "repost": true, "reposting": true, "retuit": true, "retwit": true,
	"retweeté": true,
}

// shouted are markers in capital letters alone.
var shouted = map[string]bool{"MT": true, "QT": true, "QRT": true, "RP": true}

// credits stand before the handle of whoever wrote what precedes.
var credits = map[string]bool{
	"via": true, "vía": true, "von": true, "par": true, "tramite": true, "przez": true, "lewat": true,
	"через": true, "عبر": true, "透過": true, "通过": true, "來自": true, "来自": true,
}

// creditsBehind follow that handle instead.
var creditsBehind = []string{"aracılığıyla", "さんから", "님이", "द्वारा", "より"}

// arrows begin the author's comment behind what they passed on.
var arrows = []string{"<<", "<-", "<—", "<–", "←", "⬅", " || "}

// passedOn finds what was passed on by hand, by the handle of whoever said it.
func (r *Reading) passedOn(self string) {
	for h := newHandles(r); ; {
		start, end, ok := h.next()
		if !ok {
			return
		}
		handle := strings.TrimLeft(r.text[start:end], "@＠")
		if handle == "" || self != "" && strings.EqualFold(handle, self) {
			continue
		}
		if marked := h.mark(start, end); marked > 0 {
			if marked == len(r.text) {
				return
			}
			h.at = marked
		}
	}
}

// handleOf is the handle that s begins with, "" if there is none.
func handleOf(s string) string {
	n := 0
	for n < len(s) && n < 20 && (s[n] == '_' || s[n] >= '0' && s[n] <= '9' || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
		n++
	}
	return s[:n]
}

// mark looks at the handle that stands between start and end. It marks what is that person's, and gives where it ends;
// 0 if nothing is.
func (h *handles) mark(start, end int) int {
	r := h.Reading
	before := strings.TrimRight(trimRight(r.text[:start]), ":：")
	before = trimRight(before)
	word, at := lastWord(before)
	switch {
	case isMarker(word), spelled[strings.ToLower(word)] && (!h.wordsBefore(at) || startsAny(r.text[end:], ":", "：")),
		word == "" && endsAny(before, "♻", "♺", "🔁"):
		return r.passed(at-sign(before, word), end)
	case endsAny(before, "//") && startsAny(r.text[end:], ":", "："):
		return r.passed(len(before)-len("//"), end)
	}
	if word == "by" || word == "from" {
		if w, at := lastWord(trimRight(before[:at])); isMarker(w) {
			return r.passed(at, end)
		}
	}
	if n := openMark(before); n > 0 && len(before) == start { // “@a: …”
		return r.phoneQuote(start-n, end)
	}
	return h.credit(word, before[:at], end)
}

// sign is the length of a sign that stands in place of a marker.
func sign(before, word string) int {
	if word != "" {
		return 0
	}
	for _, s := range []string{"♻", "♺", "🔁"} {
		if strings.HasSuffix(before, s) {
			return len(s)
		}
	}
	return 0
}

func isMarker(word string) bool {
	return shouted[word] || markers[strings.ToLower(word)]
}

// passed marks everything from start on, up to an arrow behind the handle that ends at end.
func (r *Reading) passed(start, end int) int {
	stop := end
	for stop < len(r.text) && !startsAny(r.text[stop:], arrows...) {
		stop++
	}
	r.add(start, stop)
	return stop
}

// credit marks what stands before "via @a" or behind it.
func (h *handles) credit(word, before string, end int) int {
	r := h.Reading
	behind := trimLeft(r.text[end:])
	credited := credits[strings.ToLower(word)]
	if !credited {
		for _, c := range creditsBehind {
			if rest, ok := strings.CutPrefix(behind, c); ok {
				credited, behind = true, rest
				before = r.text[:len(before)+len(word)]
			}
		}
	}
	if !credited {
		return 0
	}
	lead := trimRight(before)
	words := func() bool { return h.wordsBehind(len(r.text) - len(behind)) }
	switch {
	case lead == "" && strings.ToLower(word) == "via" && (startsAny(r.text[end:], ":", "：") || !words()):
		r.add(0, len(r.text))
		return len(r.text)
	case words():
		return 0
	case closeMark(lead):
		r.add(opened(lead), len(r.text))
		return len(r.text)
	case endsAny(lead, "(", "[", "（", "|") && shared[strings.ToLower(word)],
		isLink(r.text[h.fieldBefore(len(lead)):len(lead)]):
		r.add(0, len(r.text))
		return len(r.text)
	}
	return 0
}

// shared are the credits that mean nothing but where something is from; the others are also the everyday "from" and
// "by".
var shared = map[string]bool{"via": true, "vía": true}

// opened is where the quotation begins that s ends with: at the nearest mark that opens it.
func opened(s string) int {
	last, n := utf8.DecodeLastRuneInString(s)
	at := strings.LastIndexFunc(s[:len(s)-n], func(r rune) bool { return strings.ContainsRune(marks[r], last) })
	return max(0, at)
}

func endsAny(s string, ends ...string) bool {
	for _, e := range ends {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}

func startsAny(s string, starts ...string) bool {
	for _, e := range starts {
		if strings.HasPrefix(s, e) {
			return true
		}
	}
	return false
}

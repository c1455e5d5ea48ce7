package voice

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// handles goes through the handles of a text in their order. What it asks of the whole text at each of them (whether
// there is a word before or behind, where the field begins) is worked out once and kept, because a text may hold
// thousands of handles and looking around from each would take time that grows with the square of its length.
type handles struct {
	*Reading
	at        int  // what is before was looked at
	plain     int  // where the next plain sign stands; len(text) if there is none
	measured  bool // first and last are known
	first     int  // where the first word stands; len(text) if there is none
	last      int  // where the last field with a word begins; -1 if there is none
	field     int  // where the field begins that reaches up to fieldUpTo
	fieldUpTo int
}

func newHandles(r *Reading) *handles { return &handles{Reading: r, plain: -1} }

// next finds the next handle: from its sign to the end of its name, which may be empty.
func (h *handles) next() (start, end int, ok bool) {
	if h.plain < h.at {
		h.plain = len(h.text)
		if i := strings.IndexByte(h.text[h.at:], '@'); i >= 0 {
			h.plain = h.at + i
		}
	}
	start, size := h.plain, len("@")
	if i := strings.Index(h.text[h.at:h.plain], "＠"); i >= 0 {
		start, size = h.at+i, len("＠")
	}
	if start == len(h.text) {
		return 0, 0, false
	}
	end = start + size
	end += len(handleOf(h.text[end:]))
	h.at = end
	return start, end, true
}

// measure finds the first and the last word of the text.
func (h *handles) measure() {
	if h.measured {
		return
	}
	h.measured, h.first, h.last = true, len(h.text), -1
	for at := 0; at < len(h.text); {
		n := strings.IndexFunc(h.text[at:], unicode.IsSpace)
		if n < 0 {
			n = len(h.text) - at
		}
		if i := wordIn(h.text[at : at+n]); i >= 0 {
			h.first, h.last = min(h.first, at+i), at
		}
		_, space := utf8.DecodeRuneInString(h.text[at+n:])
		at += n + space
	}
}

// wordsBefore reports whether a word stands before a place.
func (h *handles) wordsBefore(at int) bool {
	h.measure()
	return h.first < at
}

// wordsBehind reports whether a word stands behind a place.
func (h *handles) wordsBehind(at int) bool {
	h.measure()
	return h.last >= at || wordIn(h.text[at:]) >= 0
}

// fieldBefore is where the field begins that ends at a place. Places are asked for in their order.
func (h *handles) fieldBefore(end int) int {
	if end < h.fieldUpTo {
		return strings.LastIndexFunc(h.text[:end], unicode.IsSpace) + 1
	}
	if i := strings.LastIndexFunc(h.text[h.fieldUpTo:end], unicode.IsSpace); i >= 0 {
		h.field = h.fieldUpTo + i + 1
	}
	h.fieldUpTo = end
	return h.field
}

// wordIn is where the first word of the first field of s stands, -1 if that field has none: a mention, a link and a
// hashtag are no words.
func wordIn(s string) int {
	for i, c := range s {
		switch {
		case unicode.IsSpace(c), c == '@', c == '＠', c == '#':
			return -1
		case isWord(c):
			if isLink(s[i:]) {
				return -1
			}
			return i
		}
	}
	return -1
}

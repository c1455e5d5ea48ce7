package personal

import (
	"unicode"
	"unicode/utf8"
)

// folded is a text in which each digit is an ASCII digit, full-width signs are plain ones,
// and every blank is a space. Other bytes stay as they are.
type folded struct {
	s    string
	buf  []byte
	from []int32 // byte i of s began at byte from[i] of the original; nil when nothing changed
	size int     // of the original
}

// original is the place in the text that was given.
func (f *folded) original(at int) int {
	switch {
	case len(f.from) == 0:
		return at
	case at >= len(f.from):
		return f.size
	}
	return int(f.from[at])
}

func (f *folded) fold(text string) {
	f.size = len(text)
	i := 0
	for i < len(text) {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if foldRune(r) != r {
			break
		}
		i += n
	}
	if i == len(text) {
		f.s = text
		return
	}
	for i, r := range text {
		to := foldRune(r)
		if to < 0 {
			continue
		}
		before := len(f.buf)
		if r == utf8.RuneError {
			f.buf = append(f.buf, text[i]) // a broken byte stays one byte
		} else {
			f.buf = utf8.AppendRune(f.buf, to)
		}
		for range len(f.buf) - before {
			f.from = append(f.from, int32(i))
		}
	}
	f.s = string(f.buf)
}

// foldRune is -1 for what is not to be seen.
func foldRune(r rune) rune {
	switch {
	case r < 0x80, r > 0xad && r < 0x660, r > 0x3002 && r < 0xa000: // nothing below changes these
		return r
	case r >= 0xff01 && r <= 0xff5e:
		return r - 0xff01 + '!'
	case r == 0x200b || r == 0x200c || r == 0x200e || r == 0x200f || r == 0x2060 || r == 0xfeff || r == 0xad ||
		r == 0xfe0f || r == 0x20e3:
		return -1 // invisible: zero width, direction marks, soft hyphen, the frame of a keycap
	case r >= 0x2010 && r <= 0x2015 || r == 0x2212 || r == 0x2043:
		return '-'
	case r == 0x2018 || r == 0x2019:
		return '\''
	case r == 0x3002 || r == 0xff61:
		return '.'
	case r == 0xa0 || r >= 0x2000 && r <= 0x200a || r == 0x202f || r == 0x205f || r == 0x3000:
		return ' '
	case r >= 0x1d7ce && r <= 0x1d7ff:
		return '0' + (r-0x1d7ce)%10 // styled digits
	case r >= 0x660 && unicode.Is(unicode.Nd, r):
		return '0' + digitValue(r)
	}
	return r
}

// digitValue works because every script's digits stand together, nought first.
func digitValue(r rune) rune {
	zero := r
	for zero > r-9 && unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return r - zero
}

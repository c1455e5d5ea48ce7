package language

import "unicode/utf8"

// script is a writing system.
type script uint8

const (
	none script = iota
	latin
	cyrillic
	arabic
	devanagari
	han
	kana
	hangul
	thai
	hebrew
	greek
	armenian
	georgian
	bengali
	gurmukhi
	gujarati
	odia
	tamil
	telugu
	kannada
	malayalam
	sinhala
	lao
	burmese
	khmer
	ethiopic
	tibetan
	scripts
)

// codes are the languages of the scripts that have one.
var codes = [scripts]string{
	hangul: "ko", thai: "th", hebrew: "he", greek: "el", armenian: "hy", georgian: "ka", bengali: "bn",
	gurmukhi: "pa", gujarati: "gu", odia: "or", tamil: "ta", telugu: "te", kannada: "kn", malayalam: "ml",
	sinhala: "si", lao: "lo", burmese: "my", khmer: "km", ethiopic: "am", tibetan: "bo",
}

// ranges are the letters of each script beyond the ones that scriptOf tells by itself, in order.
var ranges = [...]struct {
	from, to rune
	script   script
}{
	{0x530, 0x58f, armenian},
	{0x590, 0x5ff, hebrew},
	{0x600, 0x6ff, arabic},
	{0x750, 0x77f, arabic},
	{0x8a0, 0x8ff, arabic},
	{0x900, 0x97f, devanagari},
	{0x980, 0x9ff, bengali},
	{0xa00, 0xa7f, gurmukhi},
	{0xa80, 0xaff, gujarati},
	{0xb00, 0xb7f, odia},
	{0xb80, 0xbff, tamil},
	{0xc00, 0xc7f, telugu},
	{0xc80, 0xcff, kannada},
	{0xd00, 0xd7f, malayalam},
	{0xd80, 0xdff, sinhala},
	{0xe00, 0xe7f, thai},
	{0xe80, 0xeff, lao},
	{0xf00, 0xfff, tibetan},
	{0x1000, 0x109f, burmese},
	{0x10a0, 0x10ff, georgian},
	{0x1100, 0x11ff, hangul},
	{0x1200, 0x139f, ethiopic},
	{0x1780, 0x17ff, khmer},
	{0x1e00, 0x1eff, latin},
	{0x1f00, 0x1fff, greek},
	{0x3040, 0x30ff, kana},
	{0x3130, 0x318f, hangul},
	{0x31f0, 0x31ff, kana},
	{0x3400, 0x4dbf, han},
	{0x4e00, 0x9fff, han},
	{0xac00, 0xd7af, hangul},
	{0xf900, 0xfaff, han},
	{0xfb50, 0xfdff, arabic},
	{0xfe70, 0xfefe, arabic},
	{0xff66, 0xff9f, kana},
	{0x20000, 0x323af, han},
}

// scriptOf is the script of a letter beyond ASCII, and none for everything else.
func scriptOf(r rune) script {
	switch {
	case r < 0x250:
		if r >= 0xc0 && r != 0xd7 && r != 0xf7 || r == 0xaa || r == 0xba {
			return latin
		}
		return none
	case r >= 0x400 && r < 0x530:
		return cyrillic
	case r >= 0x370 && r < 0x400:
		return greek
	case r == 0x60c || r == 0x61b || r == 0x61f || r >= 0x660 && r <= 0x66d || r == 0x6d4 || r == 0x964 || r == 0x965 ||
		r >= 0x966 && r <= 0x96f || r == 0x30fb:
		return none // marks and figures inside the ranges
	}
	low, high := 0, len(ranges)
	for low < high {
		if mid := (low + high) / 2; ranges[mid].to < r {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(ranges) && ranges[low].from <= r {
		return ranges[low].script
	}
	return none
}

// lower folds a letter of a script with capitals; 0 stands for a mark that is left out.
func lower(r rune) rune {
	switch {
	case r < 0x80:
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
	case r < 0xe0:
		if r >= 0xc0 {
			r += 0x20
		}
	case r >= 0x100 && r < 0x180:
		r = lowerExtended(r)
	case r >= 0x1e00 && r < 0x1f00:
		r |= 1
	case r == 0x218 || r == 0x21a: // Ș and Ț, and their old forms below
		r++
	case r >= 0x410 && r < 0x430:
		r += 0x20
	case r >= 0x400 && r < 0x410:
		r += 0x50
	case r >= 0x460 && r < 0x530:
		r |= 1
	case r >= 0x64b && r <= 0x65f || r == 0x670 || r == 0x640:
		r = 0 // vowels of Arabic, and the stroke that stretches words
	}
	return r
}

// lowerExtended folds Latin Extended-A, where capitals are even in one half and odd in the other.
func lowerExtended(r rune) rune {
	switch {
	case r == 0x130:
		return 'i'
	case r == 0x131 || r == 0x138 || r == 0x149 || r == 0x17f:
		return r
	case r == 0x15e || r == 0x15f: // ş, which is Turkish and old Romanian
		return 0x15f
	case r == 0x162 || r == 0x163:
		return 0x21b
	case r == 0x178:
		return 0xff
	case r >= 0x139 && r < 0x149 || r >= 0x179:
		return r + r&1
	}
	return r | 1
}

// decode is utf8.DecodeRuneInString with a short way for ASCII.
func decode(text string, i int) (rune, int) {
	if text[i] < utf8.RuneSelf {
		return rune(text[i]), 1
	}
	return utf8.DecodeRuneInString(text[i:])
}

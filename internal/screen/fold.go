package screen

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// script is what a letter is written in, as far as reading depends on it.
type script uint8

const (
	otherScript script = iota
	latinScript
	cyrillicScript
	greekScript
	arabicScript
	indicScript
	kanaScript
	hanScript
)

// scriptOf tells the script of a letter.
func scriptOf(r rune) script {
	switch {
	case r < 0x250 || r >= 0x1e00 && r < 0x1f00:
		return latinScript
	case r >= 0x370 && r < 0x400:
		return greekScript
	case r >= 0x400 && r < 0x530:
		return cyrillicScript
	case r >= 0x600 && r < 0x780 || r >= 0xfb50 && r < 0xfe00 || r >= 0xfe70 && r < 0xff00:
		return arabicScript
	case r >= 0x900 && r < 0xe00:
		return indicScript
	case r >= 0x3041 && r < 0x3100 || r >= 0x31f0 && r < 0x3200:
		return kanaScript
	case r >= 0x3400 && r < 0xa000 || r == '々' || r >= 0xf900 && r < 0xfb00 || r >= 0x20000 && r < 0x32000:
		return hanScript
	}
	return otherScript
}

// spaceless reports whether r belongs to a script that puts no spaces between words.
func spaceless(r rune) bool {
	s := scriptOf(r)
	return s == kanaScript || s == hanScript || r == 'ー'
}

// lookalikes are Cyrillic and Greek letters that are drawn like a Latin one.
var lookalikes = map[rune]rune{
	'а': 'a', 'в': 'b', 'с': 'c', 'е': 'e', 'һ': 'h', 'і': 'i', 'ј': 'j', 'к': 'k', 'м': 'm', 'н': 'h', 'о': 'o',
	'р': 'p', 'ѕ': 's', 'т': 't', 'у': 'y', 'х': 'x', 'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'ɡ': 'g', 'ӏ': 'l',
	'α': 'a', 'β': 'b', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x',
}

// accentless is each Latin letter up to U+024F without its accents, 0 where nothing changes.
var accentless = func() (table [0x250]byte) {
	for r := rune(0x80); r < 0x250; r++ {
		base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
		if base < utf8.RuneSelf {
			table[r] = byte(unicode.ToLower(base))
		}
	}
	for r, base := range map[rune]byte{'ł': 'l', 'Ł': 'l', 'ø': 'o', 'Ø': 'o', 'đ': 'd', 'Đ': 'd', 'ı': 'i', 'ħ': 'h'} {
		table[r] = base
	}
	return table
}()

// appendFolded appends letter r as the language files spell it: lower case, styled letters made plain, and
// without the marks that writers of a script leave out at will. Accents of Latin letters stay; see stripAccents.
func appendFolded(b []byte, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(b, byte(r))
	case r == 'ß' || r == 'ẞ':
		return append(b, "ss"...)
	case r == 'İ' || r == 'ı':
		return append(b, 'i')
	case r == 'ё' || r == 'Ё':
		return utf8.AppendRune(b, 'е')
	case r < 0x600:
		return utf8.AppendRune(b, unicode.ToLower(r))
	case r < 0x780:
		return appendArabic(b, r)
	case r == 'ँ':
		return utf8.AppendRune(b, 'ं')
	case r >= 0x900 && r < 0xe00:
		if r == 0x93c { // nukta
			return b
		}
		return utf8.AppendRune(b, r)
	case r >= 0x1f170 && r <= 0x1f189: // negative squared letters, which have no compatible form
		return append(b, byte('a'+r-0x1f170))
	case r >= 0x1f150 && r <= 0x1f169:
		return append(b, byte('a'+r-0x1f150))
	case r >= 0x3041 && r < 0xa000:
		return utf8.AppendRune(b, r)
	}
	return appendCompatible(b, r)
}

func appendArabic(b []byte, r rune) []byte {
	switch r {
	case 'أ', 'إ', 'آ', 'ٱ':
		r = 'ا'
	case 'ى', 'ی':
		r = 'ي'
	case 'ة':
		r = 'ه'
	case 'ک':
		r = 'ك'
	case 'ـ': // tatweel stretches a word
		return b
	}
	if unicode.Is(unicode.Mn, r) {
		return b
	}
	return utf8.AppendRune(b, r)
}

// appendCompatible is for letters that are styled: fullwidth, mathematical, enclosed.
func appendCompatible(b []byte, r rune) []byte {
	var in [utf8.UTFMax]byte
	var room [32]byte
	n := utf8.EncodeRune(in[:], r)
	for _, c := range string(norm.NFKC.Append(room[:0], in[:n]...)) {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			b = utf8.AppendRune(b, unicode.ToLower(c))
		}
	}
	return b
}

// stripAccents appends a folded word without the accents of its Latin letters.
func stripAccents(b, word []byte) []byte {
	for len(word) > 0 {
		r, size := utf8.DecodeRune(word)
		switch {
		case r < 0x250 && r >= utf8.RuneSelf && accentless[r] != 0:
			b = append(b, accentless[r])
		case r >= 0x300 && r < 0x370: // an accent of its own
		default:
			b = append(b, word[:size]...)
		}
		word = word[size:]
	}
	return b
}

// plainLatin appends a word of mixed scripts with its look-alike letters made Latin.
func plainLatin(b, word []byte) []byte {
	for len(word) > 0 {
		r, size := utf8.DecodeRune(word)
		if l, ok := lookalikes[r]; ok {
			r = l
		}
		b = utf8.AppendRune(b, r)
		word = word[size:]
	}
	return b
}

// cyrillic are the letters that figures, signs and Latin letters stand for in a Cyrillic word.
var cyrillic = [utf8.RuneSelf]rune{
	'0': 'о', '4': 'ч', '6': 'б', '@': 'а', 'a': 'а', 'b': 'в', 'c': 'с', 'e': 'е', 'h': 'н', 'k': 'к',
	'm': 'м', 'o': 'о', 'p': 'р', 't': 'т', 'u': 'и', 'x': 'х', 'y': 'у',
}

// plainCyrillic appends a word with what stands for Cyrillic letters replaced. It is false if the word has too few
// letters of its own, or nothing to replace.
func plainCyrillic(b, word []byte, three rune) ([]byte, bool) {
	own, changed := 0, 0
	for _, r := range string(word) {
		switch {
		case r == '3':
			r = three
			changed++
		case r < utf8.RuneSelf && cyrillic[r] != 0:
			r = cyrillic[r]
			changed++
		case scriptOf(r) == cyrillicScript:
			own++
		}
		b = utf8.AppendRune(b, r)
	}
	return b, changed > 0 && own >= 2 && own >= changed
}

// invisible characters are put between letters to get past filters.
func invisible(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r == 0x2060 || r == 0xfeff || r == 0xad || r == 0xfe0f || r == 0x34f ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// isLetter reports whether a word can hold r.
func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r) || styled(r)
}

// styled letters (🅰, Ⓐ) are symbols to Unicode.
func styled(r rune) bool {
	return r >= 0x24b6 && r <= 0x24e9 || r >= 0x1f130 && r <= 0x1f189
}

// pictured reports whether r is an emoji, which may stand for a word.
func pictured(r rune) bool {
	return r >= 0x2600 && r < 0x27c0 || r >= 0x1f300 && r < 0x1fb00
}

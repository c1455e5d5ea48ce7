package main

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// isHan keeps the punctuation, the kana, and the characters of the national standards from before Unicode, which are
// those that people write.
func isHan(r rune) bool {
	switch {
	case r >= 0x3000 && r <= 0x30FF, r >= 0x3105 && r <= 0x312F, r >= 0x31F0 && r <= 0x33FF,
		r >= 0xFE30 && r <= 0xFE4F, r >= 0xFF00 && r <= 0xFFEF:
		return true
	case r < 0x3400:
		return false
	}
	for _, e := range []encoding.Encoding{
		simplifiedchinese.HZGB2312, traditionalchinese.Big5, japanese.EUCJP,
	} {
		if _, err := e.NewEncoder().String(string(r)); err == nil {
			return true
		}
	}
	return false
}

func isHangul(r rune) bool {
	return r >= 0x1100 && r <= 0x11FF || r >= 0x3130 && r <= 0x318F || r >= 0xAC00 && r <= 0xD7A3
}

// isMath keeps the letters of mathematics, which people use as fancy type.
func isMath(r rune) bool {
	return r >= 0x2100 && r <= 0x23FF || r >= 0x27C0 && r <= 0x2BFF || r >= 0x1D400 && r <= 0x1D7FF
}

// isSymbol leaves out the music, the letters and the parts of old screens that these families also hold.
func isSymbol(r rune) bool {
	return r >= 0x2000 && r < 0x1D000 || r >= 0x1F000 && r < 0x1F300 || r >= 0x1F650 && r <= 0x1F67F ||
		r >= 0x1F780 && r <= 0x1F8FF
}

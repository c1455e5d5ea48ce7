package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// cells is how many columns of a terminal the text takes: East Asian characters and most
// emoji two, combining marks none.
func cells(s string) int {
	n := 0
	for _, c := range s {
		n += cellsOf(c)
	}
	return n
}

func cellsOf(c rune) int {
	switch k := width.LookupRune(c).Kind(); {
	case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case k == width.EastAsianWide || k == width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// wrap breaks text into lines of at most so many columns, at spaces where it can. A word
// that is longer than a line is broken anywhere, except a link, which stays whole so that
// it can be clicked.
func wrap(text string, columns int) []string {
	columns = max(columns, 10)
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(text) {
		for _, piece := range pieces(word, columns) {
			n := cells(piece)
			if used > 0 && used+1+n > columns {
				lines = append(lines, line)
				line, used = "", 0
			}
			if used > 0 {
				line, used = line+" ", used+1
			}
			line, used = line+piece, used+n
		}
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// pieces are a word in parts that fit a line.
func pieces(word string, columns int) []string {
	if cells(word) <= columns || strings.HasPrefix(word, "https://") {
		return []string{word}
	}
	var out []string
	start, used := 0, 0
	for i, c := range word {
		if used+cellsOf(c) > columns {
			out = append(out, word[start:i])
			start, used = i, 0
		}
		used += cellsOf(c)
	}
	return append(out, word[start:])
}

package assess

import (
	"fmt"
	"strconv"
	"strings"
)

// Counting puts a number before a noun: "1 finding", "1,204 findings". Nouns here all
// take an s, or carry their own plural after a slash: "category/categories".
func Counting(n int, noun string) string {
	one, many, own := strings.Cut(noun, "/")
	if !own {
		many = one + "s"
	}
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
}

// Thousands writes a whole number with commas: 12,345.
func Thousands[T int | int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short cuts text to n code points, in one line, with an ellipsis where it was cut.
func short(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if cut := firstRunes(text, n-1); cut != text && firstRunes(text, n) != text {
		return strings.TrimRight(cut, " ") + "…"
	}
	return text
}

// Dollars writes an amount of cents: $3.00.
func Dollars(cents int) string { return fmt.Sprintf("$%d.%02d", cents/100, cents%100) }

// microUSD are cents as messages have amounts.
func microUSD(cents int) int { return cents * 10_000 }

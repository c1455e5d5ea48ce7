package screen

import (
	"strings"

	"github.com/abadojack/whatlanggo"
)

// minDetect is the shortest text worth guessing at, in bytes.
const minDetect = 24

// language is the language of a post: what X said of it, else common English words,
// else a guess by letters, which is slow and asked for last. It is "" if nobody can tell.
func language(text, lang string, w *words) string {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	switch base {
	case "", "und":
	case "zxx", "qme", "qst", "qht", "qam", "qct":
		return "" // X's codes for posts without words
	default:
		return base
	}
	if w.english >= 3 && w.english*5 >= len(w.list) {
		return "en"
	}
	if len(text) < minDetect || len(text) > maxText {
		return ""
	}
	guess := whatlanggo.Detect(text)
	if !guess.IsReliable() {
		return ""
	}
	return guess.Lang.Iso6391()
}

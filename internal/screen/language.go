package screen

import "github.com/repazoo/repazoo/internal/language"

// languageOf is the language of a post: what its words say, with what X said of it as a hint. It is "" if nobody can
// tell.
func languageOf(d *language.Detector, text, lang string) string { return d.Of(text, lang).Code }

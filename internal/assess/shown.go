package assess

// Shown is a text as a model sees it: with what identifies people and places replaced. See package personal.
func Shown(text, lang string) string { return alias(text, lang, nil).Text }

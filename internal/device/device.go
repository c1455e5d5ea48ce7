// Package device names a browser by its User-Agent header, as well as that can be done, for people who want to tell
// theirs from another.
package device

import "strings"

// mark is a word of a User-Agent and what it means. The order matters: many name others too.
type mark struct{ word, name string }

var browsers = [...]mark{
	{"Edg/", "Edge"},
	{"OPR/", "Opera"},
	{"Firefox/", "Firefox"},
	{"Chrome/", "Chrome"},
	{"Chromium/", "Chromium"},
	{"Safari/", "Safari"},
	{"curl/", "curl"},
}

var systems = [...]mark{
	{"iPhone", "iPhone"},
	{"iPad", "iPad"},
	{"Android", "Android"},
	{"Windows", "Windows"},
	{"Mac OS X", "Mac"},
	{"CrOS", "ChromeOS"},
	{"Linux", "Linux"},
}

// Name is such as "Firefox on Linux"; "" when neither browser nor system is known.
func Name(agent string) string {
	browser, system := first(agent, browsers[:]), first(agent, systems[:])
	if browser != "" && system != "" {
		return browser + " on " + system
	}
	return browser + system
}

func first(agent string, marks []mark) string {
	for _, m := range marks {
		if strings.Contains(agent, m.word) {
			return m.name
		}
	}
	return ""
}

package screen

import "testing"

// rulesOf lists the rules and severities of the hits of hate speech.
func rulesOf(text, lang string) string {
	out := ""
	for _, h := range screener().Check(text, lang).Hits {
		if h.Category == hateSpeech {
			out += h.Rule + " " + h.Severity + ": " + text[h.Start:h.End] + "; "
		}
	}
	return out
}

func TestCheck_ANameOfContemptWithACrimeIsBlame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, text, want string }{
		{"en", "another shop was robbed by illegals", "hate.blame high: robbed by illegals; "},
		{"en", "one more student murdered by an illegal.", "hate.blame medium: murdered by an illegal; "},
		{"en", "Illegals keep raping children", "hate.blame high: Illegals keep raping; "},
		{"en", "How many girls have to be raped by illegal aliens?", "hate.blame high: raped by illegal aliens; "},
		{"en", "a shop burgled by pikeys", "hate.blame high: burgled by pikeys; "},
		{"es", "a mi vecina la casa le fue robada por unos ilegales", "hate.blame medium: robada por unos ilegales; "},
		{"es", "Los ilegales asesinan a nuestros hijos", "hate.blame medium: ilegales asesinan; "},
		{"es", "los ilegales nos quitan el trabajo", "hate.blame medium: ilegales nos quitan; "},
		{"de", "mein Nachbar wurde von den Illegalen ausgeraubt", "hate.blame medium: Illegalen ausgeraubt; "},
		{"de", "Illegale vergewaltigen unsere Töchter", "hate.blame medium: Illegale vergewaltigen; "},
		{"de", "gestern abgestochen von einem Kanaken", "hate.blame high: abgestochen von einem Kanaken; "},
		{"de", "Solche Kanaken gehören hingerichtet", "hate.harm critical: Kanaken gehören hingerichtet; "},
	} {
		if got := rulesOf(c.text, c.lang); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestCheck_WhatIsIllegalBlamesNobody(t *testing.T) {
	t.Parallel()
	for lang, texts := range map[string][]string{
		"en": {
			"Two people were killed by illegal fireworks", "he was shot by an illegal gun",
			"killed by an illegal bomb in the war",
			"she was killed by an illegal driver", "an illegal killing of wolves", "It is illegal to kill swans",
			"Movie night: illegal aliens", "that spy series, Illegals, is great", "Aliens 2: the illegal aliens movie",
			"According to police the man was killed by illegals", "\"killed by illegals\" is a slogan",
			"Calling people illegals is hurtful",
			"My grandfather was killed by Germans in the war", "Migrants killed by smugglers in a lorry",
			"Women are killed by men every day", "People who say we are robbed by illegals lie",
			"How many civilians have to be killed by Russians",
		},
		"es": {
			"muere por fuegos artificiales ilegales", "carreras ilegales matan a dos jóvenes",
			"los vertidos ilegales matan el río",
			"multado por aparcamiento ilegal", "dicen que fue asesinado por ilegales", "no fue asesinado por ilegales",
			"las armas ilegales matan", "las carreras son ilegales y matan", "inmigrantes asesinados por la mafia",
		},
		"de": {
			"zwei Tote durch illegale Böller", "von illegalen Böllern getötet", "illegale Rennen töten Menschen",
			"kein Mensch ist illegal", "Flüchtlinge von Schleppern getötet", "Der Wolf wurde illegal getötet",
			"Die Polizei berichtet, er wurde von Illegalen getötet", "er wurde nicht von Illegalen getötet",
			"Mein Opa wurde von Russen erschossen", "Alle Juden des Dorfes wurden 1942 erschossen",
		},
	} {
		for _, text := range texts {
			if got := rulesOf(text, lang); got != "" {
				t.Errorf("%s %q: %s", lang, text, got)
			}
		}
	}
}

package assess

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAlias_ReplacesWhatIdentifiesAndNothingElse(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"@Ann and @bob_2, hi @ann!", "@person1 and @person2, hi @person1!"},
		{"write to jo.doe+x@mail.example.com now", "write to [email1] now"},
		{"jo [at] example [dot] com or jo at example dot com", "[email1] or [email2]"},
		{
			"see https://t.co/a?b=c. Or www.x.example/y or t.co/zz and example.com",
			"see [link1] Or [link2] or [link3] and [link4]",
		},
		{
			"call 555-867-5309 or (555) 867 5309 or +44 20 7946 0958 or 06 12 34 56 78",
			"call [phone1] or [phone2] or [phone3] or [phone4]",
		},
		{"call 5558675309", "call [phone1]"},
		{"card 4111 1111 1111 1111, IBAN DE44 5001 0517 5407 3249 31", "card [card1], IBAN [account1]"},
		{"I live at 221b Baker Street, London, come", "I live at [address1], come"},
		{"at 12 Main St, Apt 4B, Springfield, IL 62704!", "at [address1]!"},
		{
			"Hauptstraße 12a, 10 rue de la Paix, Calle de Alcalá 45, Via Roma, 3",
			"[address1], [address2], [address3], [address4]",
		},
		{"London SW1A 2AA", "London [address1]"},
		{"at 40.71280, -74.00600 or 40°42'46\"N", "at [location1] or [location2]"},
		{"///filled.count.soap", "[location1]"},

		{"born 1990-05-17, my PIN is 4821, Mrs. Federlein", "born [birthdate1], my PIN is [password1], Mrs. [name1]"},
		{
			"since 1990-05-17, 17.05.1990, 2019-2023, 2019 2020 2021",
			"since 1990-05-17, 17.05.1990, 2019-2023, 2019 2020 2021",
		},
		{"10,000,000 or 10 000 000 or 10.000.000 people", "10,000,000 or 10 000 000 or 10.000.000 people"},
		{"won 3-2 at 12:30, 24/7, 100%", "won 3-2 at 12:30, 24/7, 100%"},
		{"5 minutes from the street, e.g. node.js, him.It was", "5 minutes from the street, e.g. node.js, him.It was"},
		{"meet @ noon, a 4 lane road, 1 hell of a drive", "meet @ noon, a 4 lane road, 1 hell of a drive"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := alias(tt.text, "", nil).Text; got != tt.want {
			t.Errorf("alias(%q)\n got %q\nwant %q", tt.text, got, tt.want)
		}
	}
}

func TestAlias_MapsAQuoteBackToTheOriginalWords(t *testing.T) {
	t.Parallel()
	text := "Hey @ann, you idiot: call 555-867-5309 now"
	a := alias(text, "", nil)
	for quote, want := range map[string]string{
		"@person1, you idiot":  "@ann, you idiot",
		"you idiot":            "you idiot",
		"idiot: call [phone1]": "idiot: call 555-867-5309",
		"son1, you":            "@ann, you", // half a placeholder takes in the whole of what it hides
		"call [pho":            "call 555-867-5309",
		a.Text:                 text,
		"Hey ":                 "Hey ",
		" now":                 " now",
	} {
		i := strings.Index(a.Text, quote)
		start, end := a.original(i, i+len(quote))
		if text[start:end] != want {
			t.Errorf("%q became %q, want %q", quote, text[start:end], want)
		}
	}
}

// identifyingWords are invented.
func identifyingWords() []string {
	return []string{
		"@zed_99", "@Mastodon@example.social", "q.jones@corp.example.org", "q [at] corp [dot] org",
		"https://example.test/p?q=1", "www.example.test",
		"+1 (555) 010-4477", "555-010-4477", "020 7946 0111", "12 Elm Street", "Gartenstraße 7", "51.50740, -0.12780",
		"4111 1111 1111 1111",
	}
}

func TestAlias_LeavesNothingOfTheAliasedKinds(t *testing.T) {
	t.Parallel()
	plain := []string{"hello", "idiot", "…", "“no”", "2026-11-22", "ünïcödé", "😀", "[email1]", "call", "at", ".", "7"}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(append(identifyingWords(), plain...)), 1, 12).Draw(t, "words")
		text := strings.Join(words, rapid.SampledFrom([]string{" ", " — ", "\n", ", ", "! "}).Draw(t, "between"))
		a := alias(text, "", nil)
		for _, w := range identifyingWords() {
			if strings.Contains(a.Text, w) {
				t.Fatalf("%q is left in %q", w, a.Text)
			}
		}
		checkMapping(t, text, a)
	})
}

// checkMapping compares original with a plain per-byte table.
func checkMapping(t interface{ Fatalf(string, ...any) }, text string, a aliasedText) {
	from, to := make([]int, 0, len(a.Text)), make([]int, 0, len(a.Text))
	at := 0
	literal := func(until int) {
		for ; at < until; at++ {
			from, to = append(from, at), append(to, at+1)
		}
	}
	for _, s := range a.spans {
		literal(s.from)
		for range s.until - s.at {
			from, to = append(from, s.from), append(to, s.to)
		}
		at = s.to
	}
	literal(len(text))
	if len(from) != len(a.Text) {
		t.Fatalf("%q has %d bytes, its spans make %d", a.Text, len(a.Text), len(from))
	}
	for i := range a.Text {
		for j := i + 1; j <= len(a.Text); j += 1 + j/7 {
			if start, end := a.original(i, j); start != from[i] || end != to[j-1] {
				t.Fatalf("%q %d:%d maps to %d:%d, want %d:%d", a.Text, i, j, start, end, from[i], to[j-1])
			}
		}
	}
}

var anyHandle = regexp.MustCompile(`[@＠][\p{L}\p{N}_]+`)

func FuzzAlias(f *testing.F) {
	for _, w := range identifyingWords() {
		f.Add("so " + w + ", he said")
	}
	f.Add("a@b@c.com/@d +49 (0)30/1234 http://x@y")
	f.Fuzz(func(t *testing.T, text string) {
		a := alias(text, "", nil)
		for _, h := range anyHandle.FindAllString(a.Text, -1) {
			if !strings.HasPrefix(h, "@person") {
				t.Fatalf("%q is left in %q", h, a.Text)
			}
		}
		if len(text) < 300 {
			checkMapping(t, text, a)
		}
	})
}

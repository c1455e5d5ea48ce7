package assess

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestVerify_FindsQuotesThroughTypographyOnly(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, quote, want string }{
		{"you are an idiot", "an idiot", "an idiot"},
		{"I said “no – never…” to him", `"no - never..."`, "“no – never…”"},
		{"it's", "it’s", "it's"},
		{"don’t  you\n\tdare now", "don't you dare", "don’t  you\n\tdare"},
		{"i\u200bd\u200di\u00adot!", "idiot", "i\u200bd\u200di\u00adot"},
		{"ｆｕｌｌ ｗｉｄｔｈ words", "full width", "ｆｕｌｌ ｗｉｄｔｈ"},
		{"the ﬁnal ofﬁce", "final office", "ﬁnal ofﬁce"},
		{"caf\u0065\u0301 noir", "caf\u00e9 noir", "caf\u0065\u0301 noir"},
		{"zu spät – «genau» so", `"genau"`, "«genau»"},
		{"  edges are trimmed ", " edges  are ", "edges are"},
		{"❤️ you", "❤ you", "❤️ you"},
		{"an Idiot", "an idiot", ""},
		{"an idiot", "an idiots", ""},
		{"an idiot", "", ""},
		{"an idiot", " \u200b ", ""},
		{"", "idiot", ""},
	}
	for _, tt := range tests {
		start, end, ok := Verify(tt.text, tt.quote)
		if ok != (tt.want != "") || tt.text[start:end] != tt.want {
			t.Errorf("Verify(%q, %q) = %q, %v; want %q", tt.text, tt.quote, tt.text[start:end], ok, tt.want)
		}
	}
}

func TestVerify_FindsEveryPartOfEveryText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		runes := rapid.SliceOfN(rapid.RuneFrom([]rune("aZé…“” -–\u200b\u0301ﬁ😀\n's")), 1, 30).Draw(t, "text")
		i := rapid.IntRange(0, len(runes)-1).Draw(t, "from")
		j := rapid.IntRange(i+1, len(runes)).Draw(t, "to")
		text, quote := string(runes), string(runes[i:j])
		start, end, ok := Verify(text, quote)
		if strings.TrimSpace(quote) == "" {
			return
		}
		if !ok || text[start:end] != quote {
			t.Fatalf("%q in %q: got %q, %v", quote, text, text[start:end], ok)
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add("don’t  you dare…", "don't you dare...")
	f.Add("ﬁ\u0301nal", "fi")
	f.Add("one character can become three…", ".")
	f.Fuzz(func(t *testing.T, text, quote string) {
		start, end, ok := Verify(text, quote)
		if !ok {
			if start != 0 || end != 0 {
				t.Fatalf("not found at %d:%d", start, end)
			}
			return
		}
		if start < 0 || start >= end || end > len(text) {
			t.Fatalf("%d:%d lies outside %d bytes", start, end, len(text))
		}
		if utf8.ValidString(text) && utf8.ValidString(quote) && !utf8.ValidString(text[start:end]) {
			t.Fatalf("%q cuts a character", text[start:end])
		}
	})
}

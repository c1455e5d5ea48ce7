package language

import (
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

var detector = sync.OnceValue(New)

// post is a line of testdata/posts.tsv, which was written for these tests.
type post struct{ code, text string }

func posts(t testing.TB) []post {
	t.Helper()
	b, err := os.ReadFile("testdata/posts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []post
	for line := range strings.Lines(string(b)) {
		code, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
		all = append(all, post{code, text})
	}
	return all
}

func TestOf_KnowsTheProductsLanguagesWithoutAHint(t *testing.T) {
	t.Parallel()
	right, all := map[string]int{}, map[string]int{}
	for _, p := range posts(t) {
		all[p.code]++
		if got := detector().Of(p.text, ""); got.Code == p.code {
			right[p.code]++
		} else {
			t.Logf("%s: got %q (%.2f) for %q", p.code, got.Code, got.Confidence, p.text)
		}
	}
	product := strings.FieldsSeq("en es pt fr de it nl pl tr ar hi ja zh ru id")
	for code := range product {
		if all[code] < 20 || right[code]*20 < all[code]*19 {
			t.Errorf("%s: %d of %d are right, fewer than 19 in 20", code, right[code], all[code])
		}
	}
	sum, of := 0, 0
	for code := range all {
		sum, of = sum+right[code], of+all[code]
	}
	if sum*100 < of*97 {
		t.Errorf("all: %d of %d are right, less than 97%%", sum, of)
	}
}

func TestOf_TakesXsLabelAsAHint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, hint, want string }{
		{"thin evidence: X decides", "Madrid", "es", "es"},
		{"no evidence at all", "😀 https://example.com @someone", "pl", "pl"},
		{"a clear sentence is stronger", "I really don't know what they want from me today", "es", "en"},
		{"clear Portuguese labelled Spanish", "Não sei o que você quer fazer amanhã", "es", "pt"},
		{"X's old code of Indonesian", "ok siap", "in", "id"},
		{"X's old code of Hebrew", "😀", "iw", "he"},
		{"no language by X's account", "😀", "qme", ""},
		{"undetermined by X's account", "this is the best day of my life", "und", "en"},
		{"a region is left out", "bom", "pt-BR", "pt"},
		{"a language that this package does not know", "Bore da, sut mae pawb?", "cy", "cy"},
		{"one that it does not know, wrongly", "I have no idea what this is about but it is great", "cy", "en"},
		{"Hindi in Latin letters", "kya kar raha hai", "hi", "hi-Latn"},
		{"Japanese in Han alone", "東京", "ja", "ja"},
		{"the script is stronger", "今日はいい天気", "zh", "ja"},
		{"Bosnian shares a section with Croatian", "ne znam šta je to", "bs", "bs"},
		{"not a label", "😀", "english please", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := detector().Of(c.text, c.hint); got.Code != c.want {
				t.Errorf("%q with %q: got %+v, want %q", c.text, c.hint, got, c.want)
			}
		})
	}
}

func TestOf_NobodyCanTell(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "ok", "😀😀", "2023", "@a @b", "https://example.com/the/and/you", "\xff\xfe",
		"x x x",
	} {
		if got := detector().Of(text, ""); got != (Answer{}) {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestOf_AnswersTheMainLanguageAndNotesEnglish(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, want string
		english    bool
	}{
		{"yaar I really think she should come aaj raat ko, kya bolte ho bhai, bahut maza aayega", "hi-Latn", true},
		{"Ich finde das so random, like why would you even do that, echt jetzt, das ist doch nicht euer Ernst", "de", true},
		{"Das Wetter ist heute wirklich schön und wir gehen in den Park", "de", false},
		{"#FelizLunes a todas las personas que hoy empiezan", "es", false},
		{"Новый альбом Taylor Swift очень хороший", "ru", false},
		{"we are in 東京 and it is lovely today", "en", false},
	} {
		if got := detector().Of(c.text, ""); got.Code != c.want || got.English != c.english {
			t.Errorf("%q: got %+v", c.text, got)
		}
	}
}

// sound checks what every answer must hold.
func sound(t interface{ Fatalf(string, ...any) }, text, hint string) {
	a := detector().Of(text, hint)
	switch {
	case math.IsNaN(a.Confidence) || a.Confidence < 0 || a.Confidence > 1:
		t.Fatalf("%q: confidence %v", text, a.Confidence)
	case (a.Code == "") != (a.Confidence == 0):
		t.Fatalf("%q: %+v", text, a)
	case a.English && (a.Code == "en" || a.Code == ""):
		t.Fatalf("%q: English mixed into %q", text, a.Code)
	case a != detector().Of(text, hint):
		t.Fatalf("%q: a second answer differs", text)
	}
}

func TestOf_AnswersAreSoundAndRepeatable(t *testing.T) {
	t.Parallel()
	pieces := strings.Fields("the que não ß ğ это это ه في है 東京 の 한국 ไทย 😀 @a " +
		"#FelizLunes https://x.example 3la7 e\u0301 \u200d \xff 12 x")
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 20).Draw(t, "pieces")
		text := strings.Join(words, rapid.SampledFrom([]string{" ", "", "\n"}).Draw(t, "between"))
		sound(t, text, rapid.SampledFrom([]string{"", "und", "en", "in", "cy", "zh"}).Draw(t, "hint"))
	})
}

func TestNew_TwoDetectorsAgree(t *testing.T) {
	t.Parallel()
	other := New()
	for _, p := range posts(t) {
		if a, b := detector().Of(p.text, ""), other.Of(p.text, ""); a != b {
			t.Errorf("%q: %+v and %+v", p.text, a, b)
		}
	}
}

// hostile are texts that cost the most for their length.
var hostile = map[string]string{
	"one word":       "a",
	"short words":    "a b ",
	"accents":        "ñ",
	"marks":          "e\u0301\u0301\u0301",
	"handles":        "@",
	"almost a link":  "htt ",
	"hashtag humps":  "#aBcD",
	"broken letters": "\xff",
	"scripts":        "aябए",
}

func TestOf_WorkIsLinearAndBounded(t *testing.T) {
	t.Parallel()
	work := func(text string) int {
		var s scan
		s.read(text, detector().model)
		return s.looked
	}
	for name, piece := range hostile {
		text := strings.Repeat(piece, maxRead/4/len(piece))
		one, two := work(text), work(text+text)
		if two*10 > one*22+20 {
			t.Errorf("%s: %d lookups, and %d for twice the text", name, one, two)
		}
		if huge := work(strings.Repeat(piece, 100*maxRead/len(piece))); huge > 3*maxRead {
			t.Errorf("%s: %d lookups for a huge text", name, huge)
		}
	}
}

// The rows only save looking triples up: each says what the lists say, and that of a word what its triples do.
func TestModel_RowsSayWhatTheListsSay(t *testing.T) {
	t.Parallel()
	m := detector().model
	var all []counts
	for _, block := range strings.Split(wordLists, "\n[")[1:] {
		code, list, _ := strings.Cut(block, "]")
		c, _ := count(strings.Fields(list), code)
		all = append(all, c)
	}
	said := evidence(all)
	signs, found := []rune(" abcdefghijklmnopqrstuvwxyz'3é"), 0
	for _, a := range signs {
		for _, b := range signs {
			for _, c := range signs {
				parts := said[triple(a, b, c)]
				var got, want scan
				for _, p := range parts {
					want.score[p.section] += int32(p.weight)
				}
				if at := plainPlace(a, b, c); at >= 0 {
					got.sum = m.rows[m.plain[at]]
					got.settle()
				} else {
					got.weigh(triple(a, b, c), m)
				}
				if got.score != want.score {
					t.Fatalf("%c%c%c: %v, want %v", a, b, c, got.score, want.score)
				}
				if len(parts) > 0 {
					found++
				}
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d triples are in the tables", found)
	}
	for _, text := range []string{"the", "więcej", "für", "için", "không", "und"} {
		w := spelled(text)
		if e, _ := m.entries.Find(w.hash); e.row == 0 {
			t.Errorf("%q has no row", text)
		}
		var whole, parts scan
		whole.look(&w, m)
		whole.settle()
		parts.triples(&w, m)
		parts.settle()
		parts.weigh(w.hash, m)
		if whole.score != parts.score {
			t.Errorf("%q: %v, want %v", text, whole.score, parts.score)
		}
	}
}

// A sum in 16 bits never runs over: so many triples of the most that one can say fit in.
func TestModel_SumsFitInTheirRows(t *testing.T) {
	t.Parallel()
	m := detector().model
	for i := range plainTriples {
		for section := range rowSections {
			if v := m.rows[m.plain[i]].at(section); v*mostTriples >= 1<<laneBits {
				t.Fatalf("triple %d says %d of section %d", i, v, section)
			}
		}
	}
	for _, text := range []string{
		strings.Repeat("sch", 1300), strings.Repeat("the ", 1000), strings.Repeat("ção ", 600),
	} {
		var s scan
		s.read(text, m)
		var plain [maxSections]int32
		for w := range strings.FieldsSeq(text) {
			var one scan
			one.read(w, m)
			for i, v := range one.score {
				plain[i] += v
			}
		}
		if s.score != plain {
			t.Errorf("%.4q over and over: %v, want %v", text, s.score, plain)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add("Não sei #FelizLunes @a https://x.example 3la7 東京の", "in")
	f.Add("\xff\u200de\u0301", "")
	f.Fuzz(func(t *testing.T, text, hint string) { sound(t, text, hint) })
}

func BenchmarkOf(b *testing.B) {
	all := posts(b)
	d := New()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		d.Of(all[i%len(all)].text, "")
		i++
	}
}

func BenchmarkOf_Tweet(b *testing.B) {
	const text = "@sam that train was 40 minutes late AGAIN, what is even going on with this line?? I was so looking " +
		"forward to the picnic with the kids but it's pouring down since nine https://example.com/status/12345"
	d := New()
	for b.Loop() {
		d.Of(text, "en")
	}
}

func BenchmarkOf_Hostile(b *testing.B) {
	d := New()
	for name, piece := range hostile {
		text := strings.Repeat(piece, maxRead/len(piece))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d.Of(text, "")
			}
		})
	}
}

package tone

import (
	"iter"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

var reader = sync.OnceValue(New)

// post is a line of testdata/posts.tsv, which was written for these tests.
type post struct{ lang, want, text string }

func posts(t testing.TB) []post {
	t.Helper()
	b, err := os.ReadFile("testdata/posts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []post
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSpace(line), "\t", 3)
		all = append(all, post{f[0], f[1], f[2]})
	}
	return all
}

func named(v float64) string {
	switch {
	case v > edge:
		return "+"
	case v < -edge:
		return "-"
	}
	return "0"
}

func TestOf_HearsEveryLanguageOfTheProduct(t *testing.T) {
	t.Parallel()
	heard := map[string]bool{}
	for _, p := range posts(t) {
		heard[p.lang] = true
		if got := reader().Of(p.text, p.lang); !got.Known || named(got.Valence) != p.want {
			t.Errorf("%s: got %.2f, want %s: %s", p.lang, got.Valence, p.want, p.text)
		}
	}
	for _, code := range languages {
		if !heard[code] {
			t.Errorf("no post in %s", code)
		}
	}
}

func TestOf_WeighsAWordInItsPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, more, less string }{
		{"very strengthens", "a very good day", "a good day"},
		{"slightly weakens", "a good day", "a slightly good day"},
		{"capitals shout", "a GOOD day", "a good day"},
		{"stretched letters", "a gooood day", "a good day"},
		{"a negation turns around", "a good day", "not a good day"},
		{"and so does a contraction", "it is good", "it isn't good"},
		{"also with a curly apostrophe", "it is good", "it isn’t good"},
		{"a negation of a bad word", "not bad at all", "bad at all"},
		{"a negation in another sentence does nothing", "No. It is good", "It is not good"},
		{"what follows but counts more", "slow but good", "good but slow"},
		{"exclamation marks", "good day!!", "good day"},
		{"an emoji", "a day 😍", "a day"},
		{"an emoticon", "a day :)", "a day"},
		{"a time is no emoticon", "at 8:30 :)", "at 8:30"},
		{"a phrase wins over its words", "I can't wait", "I can't"},
		{"a phrase may mean nothing", "Black Friday", "a sad Friday"},
		{"a hashtag is words", "#SoHappyToday", "#today"},
		{"a link says nothing", "look https://x.example/love", "look sad"},
		{"a name is half a word", "such perfect justice", "said Mister Perfect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			more, less := reader().Of(c.more, "en").Valence, reader().Of(c.less, "en").Valence
			if more <= less {
				t.Errorf("%q is %.3f, and %q is %.3f", c.more, more, c.less, less)
			}
		})
	}
}

func TestOf_IsUnknownWithoutAListOrASign(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, lang string
		want       bool
	}{
		{"hyvää päivää", "fi", false},
		{"hyvää päivää 😍", "fi", true},
		{"", "", false},
		{":-(", "", true},
		{"", "en", true},
		{"bahut accha yaar", "hi-Latn", false},
	} {
		if got := reader().Of(c.text, c.lang); got.Known != c.want || !got.Known && got.Valence != 0 {
			t.Errorf("%q in %q: %+v", c.text, c.lang, got)
		}
	}
}

func TestOf_IsWithinBoundsAndRepeatable(t *testing.T) {
	t.Parallel()
	pieces := strings.Fields("good GOOD sooo love not isn't but very hate 😍 😡 :-) :( ! ? . #SoHappy @a " +
		"https://x.example/y &amp; 好き 不 喜欢 nicht gut değil \xff e\u0301 f*ck can't wait black friday")
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces")
		text := strings.Join(words, rapid.SampledFrom([]string{" ", "", "\n"}).Draw(t, "between"))
		sound(t, text, rapid.SampledFrom(append([]string{"", "fi"}, languages...)).Draw(t, "lang"))
	})
}

// sound checks what every answer must hold.
func sound(t interface{ Fatalf(string, ...any) }, text, lang string) {
	got := reader().Of(text, lang)
	switch {
	case math.IsNaN(got.Valence) || got.Valence < -1 || got.Valence > 1:
		t.Fatalf("%q: valence %v", text, got.Valence)
	case !got.Known && got.Valence != 0:
		t.Fatalf("%q: unknown, and %v", text, got.Valence)
	case got != reader().Of(text, lang):
		t.Fatalf("%q: a second answer differs", text)
	}
}

func TestOf_AGoodWordNeverMakesAPostWorse(t *testing.T) {
	t.Parallel()
	pieces := strings.Fields("good love hate awful but very slightly today the CAPS sad! really? however 😍 😡 :( nice. fun")
	goods := strings.Fields("good love great happy amazing thanks 😍 beautiful")
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 30).Draw(t, "pieces"), " ")
		good := rapid.SampledFrom(goods).Draw(t, "good")
		before, with := reader().Of(text, "en").Valence, reader().Of(text+" . "+good, "en").Valence
		if with < before {
			t.Fatalf("%q is %v, and with %q %v", text, before, good, with)
		}
	})
}

func TestLexicons_AreSound(t *testing.T) {
	t.Parallel()
	for _, code := range append([]string{"emoji"}, languages...) {
		text, err := wordFiles.ReadFile("words/" + code + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		l, err := parse(code, string(text))
		if err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		good, bad := 0, 0
		for _, table := range []iter.Seq2[uint64, entry]{l.words.All(), l.stems.All()} {
			for _, e := range table {
				switch {
				case e.strength > 0:
					good++
				case e.strength < 0:
					bad++
				}
			}
		}
		if good < 30 || bad < 30 {
			t.Errorf("%s: %d good and %d bad words", code, good, bad)
		}
	}
	if _, err := parse("en", "[9]\nword"); err == nil {
		t.Error("a strength of 9 is taken")
	}
}

// hostile are texts that cost the most for their length.
var hostile = map[string]string{
	"letters":          "ab",
	"short words":      "a b ",
	"one letter":       "a",
	"negations":        "not ",
	"phrases":          "can't ",
	"emoji":            "😍",
	"emoticon starts":  ":-",
	"parentheses":      "(",
	"entities":         "&am",
	"no spaces":        "好喜",
	"kana":             "すばらし",
	"broken letters":   "\xff",
	"handles":          "@",
	"capitals in tags": "#aBcD",
}

func TestOf_WorkIsLinearAndBounded(t *testing.T) {
	t.Parallel()
	for name, piece := range hostile {
		for _, lang := range []string{"en", "zh"} {
			lex := reader().lexicons[lang]()
			work := func(text string) int {
				var s scan
				s.read(text, lex, reader().signs)
				s.sum()
				return s.looked + len(s.tokens)
			}
			text := strings.Repeat(piece, maxRead/4/len(piece))
			one, two := work(text), work(text+text)
			if two*10 > one*22+50 {
				t.Errorf("%s in %s: %d steps, and %d for twice the text", name, lang, one, two)
			}
			if huge := work(strings.Repeat(piece, 4*maxRead/len(piece))); huge > 8*maxRead {
				t.Errorf("%s in %s: %d steps for a huge text", name, lang, huge)
			}
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add("I can't wait!! #SoHappy 😍 :-) https://x.example &amp;", "en")
	f.Add("この映画は好きじゃない\xff", "ja")
	f.Fuzz(func(t *testing.T, text, lang string) { sound(t, text, lang) })
}

// The sieve of beginnings only saves looking words up: each stem of each file passes it.
func TestLexicon_FindsEveryStem(t *testing.T) {
	t.Parallel()
	for _, code := range languages {
		text, err := wordFiles.ReadFile("words/" + code + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		l, found := mustLoad(code), 0
		for item := range strings.FieldsSeq(string(text)) {
			stem, ok := strings.CutSuffix(item, "*")
			if !ok {
				continue
			}
			var hashes []uint64
			for i := range stem {
				hashes = append(hashes, hashOf(stem[:i]))
			}
			hashes = append(hashes[1:], hashOf(stem), hashOf(stem+"x"))
			if l.find(hashes).marks == 0 {
				t.Errorf("%s: %q is not found", code, item)
			}
			found++
		}
		if found == 0 && l.longest > 0 {
			t.Errorf("%s: its stems were not looked for", code)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	r := New()
	all := posts(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p := all[i%len(all)]
		r.Of(p.text, p.lang)
		i++
	}
}

func BenchmarkOf_Hostile(b *testing.B) {
	r := New()
	for name, piece := range hostile {
		text := strings.Repeat(piece, maxRead/len(piece))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.Of(text, "en")
			}
		})
	}
}

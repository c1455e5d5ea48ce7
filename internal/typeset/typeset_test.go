package typeset

import (
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/bidi"
	"pgregory.net/rapid"
)

// complete is a Setter with the fonts of all scripts.
func complete(t testing.TB) *Setter {
	t.Helper()
	s := New()
	if !s.Complete() {
		t.Fatal("The fonts of PDF reports are missing: run make fonts, which needs npm.")
	}
	return s
}

// poor is a Setter of a program that was built without npm.
func poor() *Setter { return newSetter(facesIn(fstest.MapFS{}, "fonts/packed")) }

// reading is what a paragraph says, in the order of reading.
func reading(p Paragraph) string {
	var b strings.Builder
	for _, l := range p.Lines {
		clusters := slices.Clone(l.Clusters)
		slices.SortStableFunc(clusters, func(a, b Cluster) int { return a.Start - b.Start })
		for _, c := range clusters {
			b.WriteString(c.Text)
		}
	}
	return b.String()
}

// seen is a line in the order of the eye.
func seen(l Line) string {
	var b strings.Builder
	for _, c := range l.Clusters {
		b.WriteString(c.Text)
	}
	return b.String()
}

func TestLevels_KeepNumbersAndBracketsInTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"abc":         "000",
		"אבג 123 דהו": "11112221111",
		"a אבג 12 b":  "0011112200",
		"אב (cd) ה":   "111122111",
		"a (אב) c":    "00011000",
		"אב 3-4":      "111222",
		"a [٣]٣ b":    "00020200",
		"-5% אב":      "122111",
		"مرحبا ٣٤":    "11111122",
		"":            "",
	} {
		runes := []rune(text)
		var got strings.Builder
		for _, l := range levels(runes, startsRight(runes)) {
			fmt.Fprint(&got, l)
		}
		if got.String() != want {
			t.Errorf("%q: got %s, want %s", text, got.String(), want)
		}
	}
}

// Package bidi tells directions and no levels; the directions have to be the same. It leaves brackets alone, which the
// table above holds as FriBidi resolves them.
func TestLevels_AgreeWithPackageBidi(t *testing.T) {
	t.Parallel()
	letters := rapid.SampledFrom([]rune("abאבمنظ12٣٤.,:+-%$ !\u05b0\u0301"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(letters, 1, 30).Draw(t, "text")
		right := startsRight(text)
		base := bidi.LeftToRight
		if right {
			base = bidi.RightToLeft
		}
		var p bidi.Paragraph
		if _, err := p.SetString(string(text), bidi.DefaultDirection(base)); err != nil {
			t.Fatal(err)
		}
		order, err := p.Order()
		if err != nil {
			t.Fatal(err)
		}
		got := levels(text, right)
		for i := range order.NumRuns() {
			run := order.Run(i)
			start, end := run.Pos()
			for k := start; k <= min(end, len(text)-1); k++ {
				if got[k]&1 == 1 != (run.Direction() == bidi.RightToLeft) {
					t.Fatalf("%q: the %dth of %v", string(text), k, got)
				}
			}
		}
	})
}

func TestSet_OrdersWhatTheEyeSees(t *testing.T) {
	t.Parallel()
	s := poor()
	for text, want := range map[string]string{
		"He said אבג 123 דהו (ok).": "He said והד 123 גבא (ok).",
		"אבג abc 12":                "abc 12 גבא",
	} {
		p := s.Set([]Span{{Text: text}}, 100)
		if got := seen(p.Lines[0]); got != want || p.RightToLeft != strings.HasPrefix(text, "א") {
			t.Errorf("%q is seen as %q", text, got)
		}
	}
}

func TestClean_LeavesNothingThatTurnsOrHidesText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":             "plain",
		"a\x00b\x1bc\x7f":   "abc",
		"a\u202eb\u2066c":   "abc",
		"a\tb\r\nc\u2028d":  "a b\nc\nd",
		"\xed\xa0\x80x\xff": "\ufffdx\ufffd",
		"e\u0301":           "e\u0301",
		"Z" + strings.Repeat("\u0300", 100) + "a\u0301": "Z" + strings.Repeat("\u0300", maxMarks) + "a\u0301",
		"\U000e0001x\ufffey\ufeff":                      "xy",
		"👩\u200d🚀":                                      "👩\u200d🚀",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestSet_EveryScriptHasItsLetters(t *testing.T) {
	t.Parallel()
	s := complete(t)
	for _, text := range []string{
		"Honestly, “flies” – affluent naïve façade", "Ёлки-палки, ненавижу",
		"Πάμε πλατεία;", "我今天真的很生气，體驗很糟", "カレーを食べて寝る。",
		"회의가 또 취소됐다",
		"لا أحب هذا المنتج مُحَمَّد ۱۲", "זה ממש גרוע שָׁלוֹם",
		"मैं बहुत नाराज़ हूँ, क्षमा",
		"আমি খুব রেগে আছি", "நான் மிகவும் கோபமாக",
		"చాలా కోపంగా ఉంది", "ನನಗೆ ಕೋಪ ಬಂದಿದೆ",
		"എനിക്ക് ദേഷ്യം", "હું ગુસ્સે છું",
		"ਮੈਂ ਗੁੱਸੇ ਹਾਂ", "මට තරහයි",
		"วันนี้ร้อนมาก น้ำแข็ง", "ມື້ນີ້ຮ້ອນ",
		"ថ្ងៃនេះក្ដៅ", "ဒီနေ့ ပူတယ်", "დღეს ცხელა",
		"Այսօր շոգ է", "ሰላም ለዓለም",
		"Trời ơi, đường phố",
		"🤬🔥👩🏽‍🚀👨‍👩‍👧‍👦🏳️‍🌈🇩🇪1️⃣❤️✨",
		"𝓯𝓪𝓷𝓬𝔂 ♛ → ☕ ₿ €", "ﬁ ½ №",
	} {
		p := s.Set([]Span{{Text: text}}, 1000)
		if missing := s.Missing(); len(missing) > 0 {
			t.Fatalf("%q: %q has no letter", text, missing)
		}
		if got := reading(p); got != text {
			t.Errorf("%q reads as %q", text, got)
		}
		drawn := false
		for _, c := range p.Lines[0].Clusters {
			for _, g := range c.Glyphs {
				drawn = drawn || len(s.Outline(g)) > 0
			}
		}
		if !drawn {
			t.Errorf("%q has no outlines", text)
		}
	}
}

// What is one thing to the eye is one cluster, which copies whole.
func TestSet_ConjunctsLigaturesAndFamiliesAreOne(t *testing.T) {
	t.Parallel()
	s := complete(t)
	for _, text := range []string{"क्ष", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "👩🏽‍🚀"} {
		if n := len(s.Set([]Span{{Text: text}}, 100).Lines[0].Clusters); n != 1 {
			t.Errorf("%q has %d clusters", text, n)
		}
	}
}

// One version of the shaper skips rules of Arabic, and its letters stand apart.
func TestSet_ArabicLettersJoin(t *testing.T) {
	t.Parallel()
	s := complete(t)
	shape := func(c Cluster) string {
		ids := make([]uint32, len(c.Glyphs))
		for i, g := range c.Glyphs { // the letter and its dots
			ids[i] = g.ID
		}
		return fmt.Sprint(ids)
	}
	for _, letter := range "بتثجحخسشصضطظعغفقكلمنهي" {
		alone := s.Set([]Span{{Text: string(letter)}}, 100).Lines[0].Clusters
		joined := s.Set([]Span{{Text: "س" + string(letter) + "س"}}, 100).Lines[0].Clusters
		if len(joined) != 3 || shape(joined[1]) == shape(alone[0]) {
			t.Errorf("%c stands apart", letter)
		}
	}
}

func TestSet_WhatNoFontHasIsItsNumberAndNeverAnEmptyBox(t *testing.T) {
	t.Parallel()
	s := poor()
	p := s.Set([]Span{{Text: "a 😀漢 b"}}, 100)
	if got := reading(p); got != "a 😀漢 b" {
		t.Errorf("it reads as %q", got)
	}
	var boxed []string
	for _, c := range p.Lines[0].Clusters {
		if c.Boxed {
			boxed = append(boxed, fmt.Sprintf("%s %d", c.Text, len(c.Glyphs)))
		}
	}
	if diff := cmp.Diff([]string{"😀 5", "漢 4"}, boxed); diff != "" { // 1F600 and 6F22
		t.Error(diff)
	}
	if diff := cmp.Diff([]rune{'漢', '😀'}, s.Missing()); diff != "" || s.Complete() {
		t.Error(diff)
	}
}

func TestSet_LongTextWithoutASpaceStaysWithinItsLines(t *testing.T) {
	t.Parallel()
	s := New()
	for _, text := range []string{
		strings.Repeat("a", 25_000), strings.Repeat("ب", 10_000), strings.Repeat("漢", 10_000),
		strings.Repeat("x\u200b", 10_000), strings.Repeat("เพราะคลื่นสูงเกินไป", 500), // no dictionary of Thai
	} {
		p := s.Set([]Span{{Text: text}}, 40)
		if got := reading(p); got != text {
			t.Errorf("%.4q… lost letters", text)
		}
		for _, l := range p.Lines {
			if l.Width > 40 {
				t.Fatalf("%.4q…: a line of %.1f ems", text, l.Width)
			}
		}
	}
}

func TestFonts_ComeWithTheirLicence(t *testing.T) {
	t.Parallel()
	complete(t)
	f, err := files.Open("fonts/packed/OFL.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil ||
		!strings.Contains(string(text), "SIL OPEN FONT LICENSE") || !strings.Contains(string(text), "Copyright") {
		t.Errorf("%v, %.80s", err, text)
	}
}

// checkSet looks whether text comes out whole, in order, and within its lines.
func checkSet(t interface{ Fatalf(string, ...any) }, s *Setter, text string, width float64) {
	p := s.Set([]Span{{Text: text}}, width)
	if got, want := squeezed(reading(p)), squeezed(Clean(text)); got != want {
		t.Fatalf("%q reads as %q", want, got)
	}
	for _, l := range p.Lines {
		odd := slices.ContainsFunc(l.Clusters, func(c Cluster) bool { return c.Advance <= 0 }) // accents, which move nothing
		if l.Width > width+1e-6 && len(l.Clusters) > 1 && !odd {
			t.Fatalf("%q: a line of %f in %f", text, l.Width, width)
		}
	}
}

// squeezed is text without white space, which may be lost where a line ends.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

func TestSet_LosesAndReordersNothing(t *testing.T) {
	t.Parallel()
	s := New()
	rapid.Check(t, func(t *rapid.T) {
		checkSet(t, s, rapid.String().Draw(t, "text"), rapid.Float64Range(1, 50).Draw(t, "width"))
	})
}

func FuzzSet(f *testing.F) {
	f.Add("He said אבג 123 (ok) क्षमा 👩🏽‍🚀\u202e", 10.0)
	f.Add("Z\u0300\u0301\u0489 \xed\xa0\x80 {pages}", 1.0)
	s := New()
	f.Fuzz(func(t *testing.T, text string, width float64) {
		if width > 0 && len(text) < 10_000 {
			checkSet(t, s, text, width)
		}
	})
}

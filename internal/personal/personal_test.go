package personal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// made is a random-looking run of n signs, the same at each call.
func made(n int, signs string) string {
	b, x := make([]byte, n), uint32(7)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = signs[int(x>>16)%len(signs)]
	}
	return string(b)
}

const (
	smallLetters = "abcdefghijklmnopqrstuvwxyz"
	allLetters   = smallLetters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// serviceKeys are put together here, so that no scanner of this tree takes them for real ones.
func serviceKeys() []string {
	var keys []string
	for _, k := range keyForms {
		of := allLetters
		if k.signs&lowerCase == 0 {
			of = strings.ToUpper(smallLetters) + "0123456789"
		} else if k.signs&upper == 0 {
			of = "abcdef0123456789"
		}
		keys = append(keys, k.head+made(k.least+4, of))
	}
	part := made(40, allLetters)
	return append(keys, "eyJ"+part+".eyJ"+part+"."+part, "48213377:"+made(35, allLetters),
		"M"+made(23, allLetters)+"."+made(6, allLetters)+"."+made(30, allLetters),
		"-----BEGIN "+"PRIVATE KEY-----\n"+part+"\n"+part+"\n-----END "+"PRIVATE KEY-----")
}

func TestFind_KeysOfServicesAreExposedWhereverTheyStand(t *testing.T) {
	t.Parallel()
	if len(keyForms) < 50 {
		t.Errorf("only %d forms of keys are known", len(keyForms))
	}
	for _, key := range serviceKeys() {
		for _, around := range [][2]string{
			{"", ""},
			{"oops ", " now what"},
			{"token=", "\n"},
			{"it was \"", "\"."},
			{"鍵は ", "。"},
		} {
			text := around[0] + key + around[1]
			found := Find(text, "")
			if len(found) != 1 || found[0].Kind != Key || !found[0].Exposed || text[found[0].Start:found[0].End] != key {
				t.Errorf("%.14s… in %q…%q: %v", key, around[0], around[1], found)
			}
		}
	}
}

func TestFind_APlaceholderOfAKeyIsReplacedAndNoFinding(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"sk_live_" + strings.Repeat("x1", 12), "AKIA" + "IOSFODNN7EXAMPLE", "ghp_" +
		strings.Repeat("0", 36), "sk-" + "your-api-key-goes-here-123"} {
		found := Find("set KEY="+key+" first", "en")
		if len(found) != 1 || found[0].Kind != Key || found[0].Exposed {
			t.Errorf("%s is %v", key, found)
		}
	}
}

func TestFind_NotOneDigitMayChangeInWhatCheckDigitsProve(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		good  string
		check func(string) bool
	}{
		"card": {"4539148803436467", luhn}, "account": {"DE02120300000000202051", mod97},
		"small account": {"gb94barc10201530093459", mod97},
		"DNI":           {"48213377H", dniLetter}, "NIE": {"X4821337P", dniLetter}, "NIR": {"287057511600306", nirKey},
		"tax":    {"86095742719", taxIDDE},
		"fiscal": {"RSSMRA85T10A562S", fiscalIT}, "BSN": {"111222333", bsnNL}, "PESEL": {"44051401359", peselPL},
		"CPF":    {"11144477735", cpfBR},
		"kimlik": {"10000000146", kimlikTR}, "aadhaar": {"234123412346", verhoeff}, "CN": {"11010519491231002X", idCN},
		"SNILS": {"11223344595", snilsRU},
	} {
		if !tt.check(tt.good) {
			t.Errorf("%s: %s is not accepted", name, tt.good)
			continue
		}
		for i, c := range []byte(tt.good) {
			if c < '0' || c > '9' {
				continue
			}
			for d := byte('0'); d <= '9'; d++ {
				if changed := tt.good[:i] + string(d) + tt.good[i+1:]; d != c && tt.check(changed) {
					t.Errorf("%s: %s is accepted beside %s", name, changed, tt.good)
				}
			}
		}
	}
}

func TestKinds_WhatIsReportedIsReplacedAndEveryExceptionIsExplained(t *testing.T) {
	t.Parallel()
	for _, i := range Kinds() {
		if i.Reason == "" || i.Severity != "" && !slices.Contains([]string{"medium", "high", "critical"}, i.Severity) {
			t.Errorf("%+v is incomplete", i)
		}
	}
	for _, c := range corpus(t) {
		all := Identifying(c.text, c.lang)
		for _, f := range Find(c.text, c.lang) {
			if f.Exposed != (f.Severity() != "") {
				t.Errorf("%q: %+v has severity %q", c.text, f, f.Severity())
			}
			if !slices.ContainsFunc(all, func(a Span) bool { return a.Start <= f.Start && a.End >= f.End }) {
				t.Errorf("%q: %+v is found and not replaced", c.text, f)
			}
		}
	}
}

func TestFind_WhatIsPrintedOnFormsAndKeptForFilmsIsNoExposure(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"000-00-0000", "078-05-1120", "ssn 123-45-6789", "4111-1111-1111-1111", "6011 1111 1111 1117", "+1 202 555 0143",
		"(310) 555-0187",
		"call me on 07700 900461", "+44 7700 900461", "someone@example.org", "mail you@yourdomain.com",
		"server 192.0.2.14", "call 1-888-555-0100", "password: xxxxxxxx",
		"password: <your password>", "call our hotline 0800 1110111", "DM me", "name@company.com",
	} {
		for _, s := range Find(text, "en") {
			if s.Exposed {
				t.Errorf("%q: %q is an exposure (%s)", text, text[s.Start:s.End], s.Kind)
			}
		}
	}
}

// A card that is called one is a card although a figure of it is mistyped, in every language; a row of figures that
// nobody calls so, an order and a sample on a form are none.
func TestFind_WhatIsCalledACardIsOneAlsoWithAWrongCheckDigit(t *testing.T) {
	t.Parallel()
	const card = "4276 3800 1234 5674" // its last figure would be 9
	for _, text := range []string{
		"скиньте на карту " + card, "карта " + card + " сбер", "numer karty " + card, "my card is " + card,
		"رقم بطاقتي " + card,
		"कार्ड नंबर " + card, "meine Karte: 4276-3800-1234-5674", "mi tarjeta 4276380012345674",
	} {
		found := Find(text, "")
		if len(found) != 1 || found[0].Kind != Card || !found[0].Exposed {
			t.Errorf("%s: %v", text, found)
		}
	}
	for _, text := range []string{
		"the sum is " + card, "order " + card + " is on its way", "card 4444 4444 4444 4445", "card 0276 3800 1234 5674",
	} {
		for _, s := range Find(text, "") {
			if s.Kind == Card && s.Exposed {
				t.Errorf("%s: %v", text, s)
			}
		}
	}
}

func TestIdentifying_TheAccountsOwnNamesAreReplaced(t *testing.T) {
	t.Parallel()
	text := "mira quill says hi, Quill out, but a quill pen stays"
	var got []string
	for _, s := range Identifying(text, "en", "Mira Quill ✨") {
		got = append(got, text[s.Start:s.End])
	}
	if want := []string{"mira quill", "Quill"}; !slices.Equal(got, want) {
		t.Errorf("replaced %q, want %q", got, want)
	}
}

// hostile are texts on which a careless detector takes long.
func hostile() []string {
	return []string{
		"12345678;", "1 ", "1-", "1.", "(1)", "+1", "12345678 ", "a@", "a.a", "@a", "a@a.", "eyJ", "eyJ-", "eyJa.eyJ",
		"sk-", "ghp_", "api/", "api ", "token=",
		"my password is ", "password ", "wifi:", "Mr. ", "Tom Dr. ", "Street ", "12 A ", "ul. ", "born 1.", "born ",
		"1.1.19", "DE02", "DE02 ", "A1", "-", "at dot ", "[at]",
		"51.5074,", "1°1'", "///a.a.a", "-----BEGIN " + "PRIVATE KEY", "ま", "は1-", "区1-", "パスワードは",
		"１", "\u200b", "é", "Jan ", "M1.", "1:", "a:", "my call 12345 ", "\xff", "0x", "a'",
		".kill指x", "指a-", "a指.",
	}
}

// TestFind_TheWorkGrowsWithTheTextAndNoFaster counts looks at tokens and bytes, because time
// says little on a machine that is busy.
func TestFind_TheWorkGrowsWithTheTextAndNoFaster(t *testing.T) {
	t.Parallel()
	const n = 8_000
	for _, piece := range hostile() {
		once, twice := work(strings.Repeat(piece, n/len(piece))), work(strings.Repeat(piece, 2*n/len(piece)))
		if ratio := float64(twice) / float64(max(once, n)); ratio > 2.1 {
			t.Errorf("%q over and over: twice the text is %.1f times the work", piece, ratio)
		}
		if once > 150*n {
			t.Errorf("%q over and over: %d looks for each byte", piece, once/n)
		}
	}
}

func work(text string) int {
	s := new(scan)
	s.read(text, "en")
	s.look([]string{"Mira Quill"}, true)
	return s.steps
}

func checkSpans(t interface{ Fatalf(string, ...any) }, text string, found []Span) {
	end := 0
	for _, s := range found {
		if s.Start < end || s.End <= s.Start || s.End > len(text) {
			t.Fatalf("%q: spans are out of order or empty: %v", text, found)
		}
		if utf8.ValidString(text) && !utf8.ValidString(text[s.Start:s.End]) {
			t.Fatalf("%q: a span cuts a letter: %v", text, s)
		}
		end = s.End
	}
}

func TestFind_SpansAreInOrderWhateverIsPutTogether(t *testing.T) {
	t.Parallel()
	var pieces []string
	for _, c := range corpus(t) {
		pieces = append(pieces, c.text)
	}
	pieces = append(pieces, hostile()...)
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 6).Draw(t, "pieces")
		text := strings.Join(some, rapid.SampledFrom([]string{" ", "\n", "", ", "}).Draw(t, "between"))
		checkSpans(t, text, Identifying(text, rapid.SampledFrom([]string{"en", "", "ja", "tr"}).Draw(t, "lang"),
			"Mira Quill"))
	})
}

func TestFold_EveryPlaceLeadsBackToWhereItWas(t *testing.T) {
	t.Parallel()
	whole := func(text string) bool {
		var f folded
		f.fold(text)
		for i := range len(f.s) {
			if at := f.original(i); at < 0 || at >= len(text) {
				return false
			}
		}
		return f.original(len(f.s)) == len(text)
	}
	if err := quick.Check(whole, nil); err != nil {
		t.Error(err)
	}
}

func FuzzFind(f *testing.F) {
	for _, c := range corpus(f) {
		f.Add(c.text, c.lang)
	}
	for _, h := range hostile() {
		f.Add(strings.Repeat(h, 9), "en")
	}
	f.Fuzz(func(t *testing.T, text, lang string) {
		found := Identifying(text, lang, "Mira Quill")
		checkSpans(t, text, found)
		checkSpans(t, text, Find(text, lang))
	})
}

func BenchmarkFind(b *testing.B) {
	texts := map[string]string{
		"plain": "A quiet walk by the river, then soup and a book about ferns. No complaints today, honestly, just rain " +
			"on the window and a sleepy cat. #cosy",
		"numbers": "my number is 07911 645382 and the door code is 4821#, I live at 14 Wrenfield Road, Leeds LS6 2AB, " +
			"mail mira.quill@gmail.com",
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Find(text, "en")
			}
		})
	}
	for _, piece := range []string{"12345678;", "1 ", "my password is ", "Street "} {
		text := strings.Repeat(piece, 25_000/len(piece))
		b.Run(fmt.Sprintf("%.8q", piece), func(b *testing.B) {
			for b.Loop() {
				Find(text, "en")
			}
		})
	}
}

// An English street word stands behind its name: what follows it without capitals is no name of a street.
func TestFind_StreetMusicIsNoAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Live from the street music fair: 24 stalls, one costume.": false,
		"I live near a street with 24 trees and a market 7 days.":  false,
		"We live on a road trip diet of 12 eggs.":                  false,
		"I live at 14 Wisteria Lane, come by":                      true,
		"vivo en la calle mayor 24":                                true,
	} {
		found := slices.ContainsFunc(Find(text, ""), func(s Span) bool { return s.Kind == Address })
		if found != want {
			t.Errorf("%q: address %v", text, found)
		}
	}
}

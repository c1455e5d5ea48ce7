package voice

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const abuse = "you are a worthless clown and nobody likes you"

func TestOf_PostsThatAreSomebodyElsesWords(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"RT @old_friend: " + abuse, "RT: @old_friend " + abuse, "rt @old_friend " + abuse, "RT@old_friend: " + abuse,
		"RT by @old_friend: " + abuse, "R/T @old_friend: " + abuse, "MT @old_friend: " + abuse, "PRT @a: " + abuse,
		"QT @a: " + abuse, "RT ＠old_friend：" + abuse, "RT\u3000@a: " + abuse, "♻ @a: " + abuse,
		"🔁@a " + abuse, "//@a: " + abuse,
		"😂😂 RT @a: " + abuse, "@bo @al RT @a: " + abuse, "#mood RT @a: " + abuse, "...RT @a: " + abuse,
		"via @a: " + abuse, abuse + " (via @a)", abuse + " [via @a]", "A headline of the day https://t.co/x via @paper",
		"Un título https://t.co/x vía @diario", "Ein Titel https://t.co/x von @zeitung #news",
		"Başlık https://t.co/x @gazete aracılığıyla",
		"見出し https://t.co/x @shimbun さんから", "Заголовок https://t.co/x через @gazeta", "عنوان https://t.co/x عبر @akhbar",
		"शीर्षक https://t.co/x @patra द्वारा", "标题 https://t.co/x 来自 @bao", "Judul https://t.co/x lewat @koran",
		"РТ @a: ты полный идиот", "リツイート @a: お前はばかだ", "转发 @a：你是个白痴", "轉推 @a: 你是個白痴", "رتويت @a: أنت أحمق",
		`"` + abuse + `" https://t.co/x`, `https://t.co/x '` + abuse + `'`, `"` + abuse + `" – Somebody Famous`,
		`"` + abuse + `" (@a) #quote`,
		"“" + abuse + "”", "„Du bist so ein Idiot, ehrlich“", "»Du bist so ein Idiot«", "« Tu es un pauvre type »",
		"”Du är en idiot, på riktigt”", "「お前は本当にばかだ」", "『お前は本当にばかだ』", "《你真是个白痴》", "‹sei un idiota davvero›",
		"‘you don’t know what you’re talking about’", "＂" + abuse + "＂", "`you are such an idiot`",
		"@bo “" + abuse + "” https://t.co/x", "“" + abuse + "” — Somebody Famous",
		`"` + abuse + `" - @a`, "“" + abuse + ".” (Hamlet)",
		"“@a: " + abuse + "”", `"@a: ` + abuse + `" 😂`, "“@a " + abuse,
		"♪ I will kill you tonight my love ♪", "🎵 burn it all down 🎶", "Some Band - Kill The Crowd #np",
		"I will burn it down #lyrics https://t.co/x",
		"> " + abuse + "\n> and stupid",
	} {
		if r := Of(text, "me"); !r.OthersAlone() {
			t.Errorf("%q: others %v", text, r.Others())
		}
	}
}

func TestOf_TheAuthorsOwnWordsBesideThem(t *testing.T) {
	t.Parallel()
	for text, own := range map[string]string{
		"so true! RT @a: " + abuse:                   "so true! ",
		"no comment RT:@a " + abuse:                  "no comment ",
		"genau so MT @a " + abuse:                    "genau so ",
		"wkwk bener QT @a: " + abuse:                 "wkwk bener ",
		"同意 //@a: 你是个白痴":                             "同意 ",
		"RT @a: " + abuse + " << I agree":            "<< I agree",
		"RT @a: " + abuse + " ← lol what":            "← lol what",
		"“@a: " + abuse + "” I could not agree more": " I could not agree more",
		`"@a: ` + abuse + `" she is right`:           " she is right",
		"> " + abuse + "\nThat is no way to talk":    "That is no way to talk",
	} {
		r := Of(text, "me")
		var got strings.Builder
		at := 0
		for _, s := range r.Others() {
			got.WriteString(text[at:s.Start])
			at = s.End
		}
		got.WriteString(text[at:])
		if got.String() != own || r.OthersAlone() {
			t.Errorf("%q: own %q, want %q", text, got.String(), own)
		}
		if at := strings.Index(text, "worthless"); at >= 0 && !r.Hold(at, at+9) {
			t.Errorf("%q: the abuse is the author's", text)
		}
		if at := strings.Index(text, own); r.Hold(at, at+len(own)) {
			t.Errorf("%q: the author's words are somebody else's", text)
		}
	}
}

func TestOf_WhatIsTheAuthorsOwn(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "@", "＠", "a plain post", "@bo " + abuse, "hey @bo, " + abuse, "RT @me: " +
			abuse, "MT @Me: I said so", "please RT @bo",
		"start @bo " + abuse, "art @bo is great and so are you", "you are such a qt @anna", "3 mt @hill",
		"email me at a@b.example",
		"Travelled to Ghent via @trainline today", "Great day via @trainline", "via the old road",
		`He said "you are an idiot" and left`, `"Yes" and "no" are both words`, `"idiot"`, `@bo "idiot"`,
		`"never again" I said to him. I hate him`,
		`'Tis the season to be an idiot`, "don't you dare", "“I will be there” he said and I will kill him!",
		`"` + abuse + `"`, `'` + abuse + `'`, `@bo "` + abuse + `" #mood 😂`, `"` + abuse + `" @bo`, `"` + abuse + `!" #tbt`,
		"I love #npr", "5 > 3 and you are a clown", "we sing ♪ all day", "20% off // @bo come", "“open and never closed",
		"“you are such an idiot” - I hate him", "“you are such an idiot” – and so is he",
	} {
		if r := Of(text, "me"); r.OthersAlone() || text != "please RT @bo" && r.Any() {
			t.Errorf("%q: others %v", text, r.Others())
		}
	}
}

func TestOf_AQuotationThatOpensAndNeverClosesHidesNothing(t *testing.T) {
	t.Parallel()
	text := `"` + strings.Repeat(abuse+" ", 5)
	if Of(text, "").Any() {
		t.Error("an open quotation mark hid the author's words")
	}
}

// What signed holds back holds no quotation.
func FuzzSigned(f *testing.F) {
	for _, s := range []string{
		"don't", "'a b c' - Bo", "\u00a0“a b c” – Bo", "@bo \n> a", "a ♪ b", "♪ a b ♪", "it is #np Bo - Ba",
		"x\v`a b c` – Bo", "é 'a b c'",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := Reading{text: text}
		if r.quoted(); len(r.others) > 0 && !signed(text) {
			t.Fatalf("%q holds %v", text, r.others)
		}
	})
}

func FuzzOf(f *testing.F) {
	f.Add("so true! RT @a: “x” << y", "a")
	f.Add("“@a: x” via @b ♪ > #np", "")
	f.Add("「「＠a」」\n> \xff", "a")
	f.Fuzz(func(t *testing.T, text, self string) {
		r := Of(text, self)
		at := 0
		for _, s := range r.Others() {
			if s.Start < at || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("spans %v of %d bytes", r.Others(), len(text))
			}
			if utf8.ValidString(text) && (!utf8.ValidString(text[:s.Start]) || !utf8.ValidString(text[s.Start:s.End])) {
				t.Fatalf("spans %v cut a letter of %q", r.Others(), text)
			}
			at = s.End
		}
		r.OthersAlone()
	})
}

func BenchmarkOf(b *testing.B) {
	for name, text := range map[string]string{
		"plain": "The morning train is late again and the coffee machine hums along nicely, said nobody ever today",
		"reply": "@bo the morning train is late again and the coffee machine hums along nicely, said nobody ever",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Of(text, "me")
			}
		})
	}
}

// What looks like passing something on, and is a sentence of the author's.
func TestOf_AVerbOrASourceTakesNoWordsOfTheAuthorAway(t *testing.T) {
	t.Parallel()
	for text, own := range map[string]string{
		"I will never retweet @bo, he is a fucking pig":                "fucking pig",
		"stop reposting @bo you moron":                                 "moron",
		"My boss is a fucking idiot: “the quoted words of it” via @bo": "fucking idiot",
		"Ich hasse diese Idioten (von @bahn)":                          "Idioten",
		"via @bo I heard that my boss is an idiot":                     "idiot",
		"'@bo' is a moron and I don't care":                            "moron",
		`"@bo" is a moron, and I hate "her" too`:                       "moron",
		"“so it goes, my old friend” - كلب ابن كلب":                    "كلب",
	} {
		r := Of(text, "me")
		at := strings.Index(text, own)
		if r.OthersAlone() || r.Hold(at, at+len(own)) {
			t.Errorf("%q: %q is taken for others' words: %v", text, own, r.Others())
		}
	}
	for _, text := range []string{"Retweeting @bo " + abuse, "I have to retweet @bo: " + abuse} {
		if at := strings.Index(text, abuse); !Of(text, "me").Hold(at, at+len(abuse)) {
			t.Errorf("%q: the words of @bo are taken for the author's", text)
		}
	}
}

// What somebody listens to, or shows a picture of, does not make their words somebody else's.
func TestOf_WhatIsPlayingAndPicturesAreNoQuotation(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		abuse + " #np", "#nowplaying " + abuse, "I hate you - all of you idiots #np", "you idiot - Some Band #np",
		`"` + abuse + `" pic.twitter.com/abc`,
	} {
		if r := Of(text, "me"); r.Any() {
			t.Errorf("%q: others %v", text, r.Others())
		}
	}
	for _, text := range []string{
		"Some Band - Kill The Crowd #np", "#np Some Band – Kill The Crowd",
		"#nowplaying Burn It Down — The Crowd https://t.co/x",
		`"` + abuse + `" https://news.example/story`,
	} {
		if r := Of(text, "me"); !r.OthersAlone() {
			t.Errorf("%q: others %v", text, r.Others())
		}
	}
}

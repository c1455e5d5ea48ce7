package assess

import (
	"slices"
	"strings"
	"unicode"

	"github.com/repazoo/repazoo/internal/words"
)

// X's terms forbid deriving traits of a person. The model is told so, and this file does not rely on it: a reason that
// speaks of the author's politics, religion, health, ethnicity, sexuality, union, crimes or finances is replaced by the
// category's own sentence, and a theme that names such a trait is dropped. Both are counted.

// traitWords name traits wherever they stand. The model writes in English.
var traitWords = wordSet(`
	democrat democrats republican republicans liberal liberals conservative conservatives leftist leftists rightist
	socialist socialists communist communists marxist libertarian nationalist populist maga tory tories
	leftwing rightwing politics political partisan voter electorate
	muslim muslims islam islamic christian christians christianity catholic catholics protestant evangelical mormon jew jews
	jewish judaism hindu hindus hinduism buddhist buddhists sikh sikhs atheist atheists agnostic religion religious religiosity
	depression depressed depressive anxiety bipolar adhd autism autistic schizophrenia schizophrenic cancer hiv aids diabetes
	diabetic epilepsy disabled disability disabilities pregnant pregnancy addict addiction alcoholic alcoholism suicidal
	diagnosis diagnosed therapy medication illness disorder anorexia bulimia ptsd dementia infertility obese obesity
	ethnicity ethnic racial nationality latino latina latinos hispanic hispanics arab arabs african africans asian asians
	caucasian indigenous immigrant immigrants migrant refugee
	gay gays lesbian lesbians bisexual bisexuals queer transgender transsexual homosexual homosexuals heterosexual lgbt lgbtq
	asexual sexuality nonbinary
	unionist unionised unionized
	bankrupt bankruptcy debt debts indebted wealth wealthy poverty impoverished salary income finances financially
	criminal felon convict convicted`)

// ambiguousTraits name traits only when they are said of somebody: "the author is black", not "black coffee".
var ambiguousTraits = wordSet(`black white brown straight trans left right poor rich broke union faith ill sick indian mexican
	chinese russian turkish polish german american british french italian spanish`)

var (
	authorWords = wordSet(`author authors you your youre writer writers poster posters user users owner owners he she they his her
		their person persons someone somebody individual`)
	linkWords = wordSet(`is are was were as being be has have had having suffers suffering identifies identify reveals reveal
		revealing discloses disclosing admits admitting shows belongs supports support votes suggests implies indicates likely
		probably own seems appears may might who with of s`)
	attackWords = wordSet(`attack attacks attacking insult insults insulting mock mocks mocking demean demeans demeaning
		dehumanise dehumanises dehumanising dehumanize dehumanizes dehumanizing slur slurs against ridicule ridicules ridiculing
		threaten threatens threatening target targets targeting blame blames blaming stereotype stereotypes stereotyping
		generalises generalizes generalisation generalization contempt hatred hateful hostile degrade degrades degrading
		disparage disparages disparaging belittle belittles belittling exclude excludes excluding vilify vilifies`)
)

func wordSet(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

// plainWords are the words of s in lower case, without marks: "the author's" gives author and s.
func plainWords(s string) []string {
	s = strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(s), "left-wing", "leftwing"), "right-wing", "rightwing")
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// namesTrait reports whether a reason speaks of a trait of its author. A trait that is the object of an attack
// ("insults Muslims") is what the post is about, unless a word for the author is linked to it; any other trait is taken
// as one.
func namesTrait(reason string) bool {
	words := plainWords(reason)
	attacked := slices.ContainsFunc(words, func(w string) bool { return attackWords[w] })
	for i, w := range words {
		switch {
		case traitWords[w] && (!attacked || saidOfAuthor(words, i)),
			ambiguousTraits[w] && saidOfAuthor(words, i):
			return true
		}
	}
	return false
}

// saidOfAuthor looks back from a trait for a word for the author and a link between them, with no attack in between.
func saidOfAuthor(words []string, trait int) bool {
	const window = 8
	linked := false
	for i := trait - 1; i >= max(0, trait-window); i-- {
		switch w := words[i]; {
		case attackWords[w]:
			return false
		case authorWords[w]:
			return linked || trait-i <= 2 // "your depression", "a gay author"
		case linkWords[w]:
			linked = true
		}
	}
	return false
}

// guardReason is a reason that may be shown. In place of one that may not, it is the category's own, which has a code.
func guardReason(c Category, reason string) (shown, code string) {
	if reason != "" && !namesTrait(reason) {
		return reason, ""
	}
	return ownReason(c), "own." + string(c)
}

// ownReason is what is said of a finding when nobody said it better.
func ownReason(c Category) string { return words.For(words.English).Say("own." + string(c)) }

// guardThemes drops the themes that name a trait.
func guardThemes(themes []string) (kept []string, dropped int) {
	for _, t := range themes {
		if slices.ContainsFunc(plainWords(t), func(w string) bool { return traitWords[w] }) {
			dropped++
			continue
		}
		kept = append(kept, t)
	}
	return kept, dropped
}

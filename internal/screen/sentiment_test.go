package screen

import (
	"math"
	"strings"
	"testing"

	"github.com/jonreiter/govader"
	"pgregory.net/rapid"
)

var vaderWords = strings.Fields(`great GREAT Great awful terrible love LOVE hate Hate good bad horrible happy no No NO not never
	isn't ISN'T don't without doubt so this very VERY really extremely hardly kind of sort least at but But or nor the bomb shit SHIT bad ass badass
	yeah right kiss death to die for just enough :) :( ;) :D <3 !!! ? ?? ???? table house it was Kind despite rarely "good" (bad) #love @hate
	😀 😡 ❤ great!!! awful, L o OK lol LOL thecafé É 🙂🙂 x🙂y WITHOUT uber`)

func TestScore_IsVADERs(t *testing.T) {
	t.Parallel()
	ours, theirs := newFeelings(), govader.NewSentimentIntensityAnalyzer()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(vaderWords), 0, 14).Draw(t, "words")
		text := strings.Join(words, rapid.SampledFrom([]string{" ", "  ", " ", "\n"}).Draw(t, "space"))
		got, want := ours.score(text), theirs.PolarityScores(text).Compound
		if math.Abs(got-want) > 1e-9 {
			t.Fatalf("%q: %v, VADER says %v", text, got, want)
		}
	})
}

func TestScore_IsVADERsInRareTurns(t *testing.T) {
	t.Parallel()
	ours, theirs := newFeelings(), govader.NewSentimentIntensityAnalyzer()
	for _, text := range []string{
		"it was never so great", "never this very good", "without a doubt great", "without doubt great", "the least helpful day", "at least helpful, very least helpful",
		"no good or bad", "no great nor awful thing", "this is the bomb", "to die for", "a kiss of death", "kind of great but SO BAD", "yeah right, great", "bad ass car", "just enough good",
		"VERY good, very GOOD, isn't GREAT", "what??? great!!!!! no", "I don't really love it", "but", "love but hate but love", "😀 not bad 😡", "the shit was good, good shit",
	} {
		if got, want := ours.score(text), theirs.PolarityScores(text).Compound; math.Abs(got-want) > 1e-9 {
			t.Errorf("%q: %v, VADER says %v", text, got, want)
		}
	}
}

func TestScore_HasTheRightSign(t *testing.T) {
	t.Parallel()
	f := newFeelings()
	for text, want := range map[string]float64{
		"I love this wonderful day": 1, "This is awful and I hate it": -1, "The train leaves at nine": 0, "": 0, "!!!": 0, "not good": -1,
	} {
		if got := f.score(text); got*want < 0 || (got == 0) != (want == 0) {
			t.Errorf("%q is %v", text, got)
		}
	}
}

package console

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/plan"
)

var numeral = regexp.MustCompile(`[0-9][0-9,]*`)

// No sentence of an offer has a number that does not follow from the plan, whatever an operator has made of it.
func TestOffer_EveryNumberIsThePlansOwn(t *testing.T) {
	t.Parallel()
	d := plan.DefaultTiers()
	tiers := []plan.Tier{d.Basic, d.Pro}
	for range 500 {
		tiers = append(tiers, plan.Tier{
			Name: "basic", Quota: 1 + rand.IntN(20_000), Reads: 1 + rand.IntN(9_000),
			MaxPosts: 1 + rand.IntN(4_000),
		})
	}
	for _, tier := range tiers {
		times, rest := tier.Reads/tier.MaxPosts, tier.Reads%tier.MaxPosts
		allowed := []int{tier.Quota, tier.Reads, tier.MaxPosts, times, rest}
		if tier.MaxPosts > plan.Reach {
			allowed = append(allowed, plan.Reach)
		}
		l := english()
		words := strings.Join([]string{
			readWords(l, tier), deepWords(l, tier, true), oftenWords(l, tier), rhythmWords(l, tier),
		}, ". ")
		for _, said := range numeral.FindAllString(words, -1) {
			n, _ := strconv.Atoi(strings.ReplaceAll(said, ",", ""))
			if !slices.Contains(allowed, n) {
				t.Fatalf("%+v says %s: %s", tier, said, words)
			}
		}
		if tier.Model != "" && strings.Contains(words, tier.Model) {
			t.Errorf("the model's name is no argument: %s", words)
		}
	}
}

func TestOffer_SaysWhatThePlansAreEnoughFor(t *testing.T) {
	t.Parallel()
	for want, tier := range map[string]plan.Tier{
		"enough for five full readings":                plan.DefaultTiers().Basic,
		"one full reading, and 800 new posts after it": plan.DefaultTiers().Pro,
		"one full reading":                             {Reads: 200, MaxPosts: 200},
		"less than one full reading":                   {Reads: 199, MaxPosts: 200},
	} {
		if got := fromScratch(english(), tier); got != want {
			t.Errorf("%d reads of %d: %q, want %q", tier.Reads, tier.MaxPosts, got, want)
		}
	}
	if got := readWords(english(), plan.DefaultTiers().Pro); !strings.HasPrefix(got,
		"Everything X shows, your newest 3,200 "+
			"posts") {
		t.Error(got)
	}
	if got := deepWords(english(), plan.Tier{MaxPosts: 7}, false); strings.Contains(got, "7") {
		t.Errorf("without a model: %s", got)
	}
}

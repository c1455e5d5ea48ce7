package console

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/words"
)

// What the pages of a plan say of it in a language. What billing and Stripe say in English alone is said by its kind.

// changeWords say what another plan changes, by a key of the catalogue.
func changeWords(l tongue, key string, p billing.Preview) string {
	m := words.M(key, "from", capital(p.From.Name), "to", capital(p.Tier.Name), "next", l.date(p.NextAt), "n",
		p.Tier.Quota,
		"trial", l.date(p.TrialEnd))
	return l.Render(m)
}

// pendingWords say which change waits, by a key of the catalogue.
func pendingWords(l tongue, key string, v planView) string {
	at := l.date(v.Plan.Pending.At)
	if key == "plan.waits" {
		at = l.moment(v.Plan.Pending.At)
	}
	return l.Render(words.M(key, "from", capital(v.Present.Name), "to", capital(v.Plan.Pending.Tier), "at", at))
}

// lineWords name a line of an invoice that would be made. Stripe names it in English.
func lineWords(l tongue, what string, cents int64) string {
	switch {
	case l.Tag == words.English:
		return what
	case cents < 0:
		return l.Say("change.line_credit")
	}
	return l.Say("change.line_charge")
}

// offered is a discount as billing says it: 20% off for 3 months, with the code WELCOME.
var offered = regexp.MustCompile(
	`^(.+) off (?:(the first payment)|for (?:a|(\d+)) months?|every month)(?:, with the code (.+))?$`)

// discountWords say a discount.
func discountWords(l tongue, english string) string {
	m := offered.FindStringSubmatch(english)
	if l.Tag == words.English || m == nil {
		return english
	}
	what, months := m[1], 1
	if percent, ok := strings.CutSuffix(what, "%"); ok {
		share, _ := strconv.ParseFloat(percent, 64) // the pattern took what is no number, too: it is said as 0
		what = l.Percent(share/100, 0)
	} else if dollars, ok := strings.CutPrefix(what, "$"); ok {
		what = l.Dollars(dollars)
	}
	if m[3] != "" {
		months, _ = strconv.Atoi(m[3])
	}
	said := l.Say("discount.months", "what", what, "n", months)
	switch {
	case m[2] != "":
		said = l.Say("discount.once", "what", what)
	case strings.Contains(english, " off every month"):
		said = l.Say("discount.always", "what", what)
	}
	if m[4] != "" {
		return l.Say("discount.code", "what", said, "code", m[4])
	}
	return said
}

// storyWords tell one thing that happened to a plan.
func storyWords(l tongue, e billing.Entry) string {
	if l.Tag == words.English {
		return e.Sentence
	}
	key, until, cents := "story."+e.Kind, "none", int64(0)
	if !l.Has(key) {
		key = "story.other"
	}
	if !e.Until.IsZero() {
		until = l.date(e.Until)
	}
	if e.Cents != nil {
		cents = *e.Cents
	}
	name := capital(e.Tier)
	if name == "" {
		name = l.Say("story.your_plan")
	}
	return l.Render(words.M(key, "on", l.date(e.At), "plan", name, "from", capital(e.From), "until", until,
		"sum", l.sum(cents, e.Currency), "cents", strconv.FormatInt(cents, 10), "note", discountWords(l, e.Note)))
}

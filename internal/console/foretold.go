package console

import (
	"cmp"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/words"
)

// What an analysis would read and cost, said before it is started.

// foretold is a preview in sentences.
type foretold struct {
	Handle string
	Lines  []string
	Unread []string // what cannot be read, and why
}

// showPreview is the front page again, with what the form's analysis would read and cost.
func (c *Console) showPreview(v *visit) error {
	var told *foretold
	_, err := c.submit(v, func(v *visit) (string, error) {
		p, err := c.Analyses.Preview(v.r.Context(), v.me.UserID, v.asked())
		if err == nil {
			told = foretell(v.tongue(), p)
		}
		return "", err
	})
	if err != nil {
		v.alert = c.alertFor(v, err)
	}
	return c.showHomeWith(v, told)
}

func foretell(l tongue, p analysis.Preview) *foretold {
	out := &foretold{Handle: p.Handle, Unread: p.Unreachable(l.Language)}
	say := func(line string) { out.Lines = append(out.Lines, line) }
	if p.AccountID != nil {
		say(readsWords(l, p))
	}
	if p.Kept > 0 {
		say(l.Say("foretold.kept", "n", p.Kept))
	}
	if p.Reads.Rechecked > 0 {
		say(l.Say("foretold.recheck", "n", p.Reads.Rechecked))
	}
	if p.Reads.Parents > 0 {
		say(l.Say("foretold.parents", "n", p.Reads.Parents))
	}
	if p.ModelCalls {
		say(modelWords(l, p))
		if words := dayWords(l, p); words != "" {
			say(words)
		}
	} else {
		say(l.Say("foretold.screen"))
	}
	say(l.Say("foretold.takes", "n", p.Usage.Quota.Remaining))
	say(costWords(l, p))
	if p.Other != nil {
		say(l.Say("foretold.waits"))
	}
	return out
}

func readsWords(l tongue, p analysis.Preview) string {
	switch n := p.Reads.Expected; {
	case p.Reads.AtMost == 0:
		return l.Say("foretold.no_reads")
	case n == nil:
		return l.Say("foretold.at_most", "n", p.Reads.AtMost)
	default:
		return l.Say("foretold.about", "n", *n, "most", p.Reads.AtMost)
	}
}

func modelWords(l tongue, p analysis.Preview) string {
	m, known, took := p.Model, "", ""
	if m.Known > 0 {
		known = l.Say("foretold.model_known", "n", m.Known)
	}
	if m.Took > 0 {
		took = l.Say("foretold.model_took", "time", lasting(l, m.Took))
	}
	return l.Say("foretold.model", "n", m.Chosen, "known", known, "took", took)
}

// dayWords say what the cheaper way would cost, or that it was chosen.
func dayWords(l tongue, p analysis.Preview) string {
	switch {
	case !p.Day.Offered && p.WithinADay:
		return l.Say("foretold.day_refused", "why", whyNoDay(l, p.Day.WhyNot))
	case !p.Day.Offered:
		return ""
	case p.WithinADay:
		return l.Say("foretold.day_chosen", "day", cents(l, p.Day.CostMicroUSD), "now", cents(l, p.Model.CostMicroUSD))
	}
	return l.Say("foretold.day_offered", "day", cents(l, p.Day.CostMicroUSD), "now", cents(l, p.Model.CostMicroUSD))
}

// whyNoDay is the service's own sentence, in the language of the page.
func whyNoDay(l tongue, why string) string {
	if said, ok := english().Recall("refuse.", why); ok {
		return l.retold(said, depth)
	}
	if l.Tag == words.English {
		return why
	}
	return l.Say("foretold.day_no")
}

// costWords say what X and the model charge whoever runs this server.
func costWords(l tongue, p analysis.Preview) string {
	ceiling := ""
	switch {
	case p.MaxCostCents == 0:
	case p.ReachesCeiling():
		ceiling = l.Say("foretold.ceiling_reached", "most", l.usd(p.MaxCostCents))
	default:
		ceiling = l.Say("foretold.ceiling", "most", l.usd(p.MaxCostCents))
	}
	return l.Say("foretold.cost", "cost", cents(l, p.ExpectedMicroUSD()), "ceiling", ceiling)
}

// cents writes millionths of a dollar, rounded up to a cent.
func cents(l tongue, microUSD int64) string {
	const perCent = 10_000
	if microUSD > 0 && microUSD < perCent {
		return l.Say("amount.tiny")
	}
	return l.usd(int((microUSD + perCent - 1) / perCent))
}

// lasting writes a time to wait: 40 seconds, 3 minutes.
func lasting(l tongue, d time.Duration) string {
	if d < 100*time.Second {
		return l.Say("lasts.seconds", "n", cmp.Or(int(d.Seconds()), 1))
	}
	return l.Say("lasts.minutes", "n", int((d+time.Minute-1)/time.Minute))
}

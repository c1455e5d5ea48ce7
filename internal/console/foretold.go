package console

import (
	"cmp"
	"fmt"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
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
			told = foretell(p)
		}
		return "", err
	})
	if err != nil {
		v.alert = c.alertFor(v, err)
	}
	return c.showHomeWith(v, told)
}

func foretell(p analysis.Preview) *foretold {
	out := &foretold{Handle: p.Handle, Unread: p.OutOfReach}
	say := func(format string, args ...any) { out.Lines = append(out.Lines, fmt.Sprintf(format, args...)) }
	if p.AccountID != nil {
		say("%s", readsWords(p))
	}
	if p.Kept > 0 {
		say("%s known already and cost nothing to read.", assess.Counting(p.Kept, "post is/posts are"))
	}
	if p.Reads.Rechecked > 0 {
		say("Up to %s looked up again at X, because you may have deleted them.", assess.Counting(p.Reads.Rechecked, "post is/posts are"))
	}
	if p.Reads.Parents > 0 {
		say("Where the model cannot judge a post without the one that it answers, that one is read too: at most %s.",
			count(p.Reads.Parents))
	}
	if p.ModelCalls {
		say("%s", modelWords(p))
		if words := dayWords(p); words != "" {
			say("%s", words)
		}
	} else {
		say("No language model is asked: the word screen reads every post.")
	}
	say("It takes one of the %s that your plan has left.", assess.Counting(p.Usage.Quota.Remaining, "analysis/analyses"))
	say("%s", costWords(p))
	if p.Other != nil {
		say("Another analysis of this account is under way: this one waits until it has read, and uses its posts.")
	}
	return out
}

func readsWords(p analysis.Preview) string {
	switch n := p.Reads.Expected; {
	case p.Reads.AtMost == 0:
		return "No new posts can be read from X."
	case n == nil:
		return fmt.Sprintf("At most %s read from X; X has not said how many there are.", assess.Counting(p.Reads.AtMost, "new post is/new posts are"))
	default:
		return fmt.Sprintf("About %s read from X, at most %s.", assess.Counting(*n, "new post is/new posts are"), count(p.Reads.AtMost))
	}
}

func modelWords(p analysis.Preview) string {
	m := p.Model
	words := fmt.Sprintf("The language model reads %s", assess.Counting(m.Chosen, "post"))
	if m.Known > 0 {
		words += fmt.Sprintf(", of which it has judged %s before", count(m.Known))
	}
	if m.Took == 0 {
		return words + "."
	}
	return words + fmt.Sprintf("; that takes about %s.", lasting(m.Took))
}

// dayWords say what the cheaper way would cost, or that it was chosen.
func dayWords(p analysis.Preview) string {
	switch {
	case !p.Day.Offered && p.WithinADay:
		return p.Day.WhyNot + " The model answers at once."
	case !p.Day.Offered:
		return ""
	case p.WithinADay:
		return fmt.Sprintf("You can wait a day: the model costs about %s instead of %s. It is mostly done within an hour.",
			cents(p.Day.CostMicroUSD), cents(p.Model.CostMicroUSD))
	}
	return fmt.Sprintf("If you can wait a day, the model costs about %s instead of %s: "+
		"choose “Cheaper, within a day”.",
		cents(p.Day.CostMicroUSD), cents(p.Model.CostMicroUSD))
}

// costWords say what X and the model charge whoever runs this server.
func costWords(p analysis.Preview) string {
	words := "X and the model charge whoever runs this server about " + cents(p.ExpectedMicroUSD())
	if p.MaxCostCents == 0 {
		return words + "."
	}
	words += fmt.Sprintf("; the analysis stops before %s", usd(p.MaxCostCents))
	if p.ReachesCeiling() {
		words += ", and will probably leave something out for that"
	}
	return words + "."
}

// cents writes millionths of a dollar, rounded up to a cent.
func cents(microUSD int64) string {
	const perCent = 10_000
	if microUSD > 0 && microUSD < perCent {
		return "less than a cent"
	}
	return usd(int((microUSD + perCent - 1) / perCent))
}

// lasting writes a time to wait: 40 seconds, 3 minutes.
func lasting(d time.Duration) string {
	if d < 100*time.Second {
		return assess.Counting(cmp.Or(int(d.Seconds()), 1), "second")
	}
	return assess.Counting(int((d+time.Minute-1)/time.Minute), "minute")
}

package console

import (
	"math"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/review"
)

// What the page of a report says.

// whole is a score without decimals, as badges show it.
func whole(v float64) string { return strconv.Itoa(int(math.Round(v))) }

// scored is a score and its level: 81, high.
func scored(l tongue, s assess.Standing) string {
	return whole(s.Score) + ", " + levelWord(l, string(s.Level))
}

// headline says how it stands and what decides it.
func (v reportView) headline(l tongue) string {
	risk := levelWord(l, string(v.R.Now.Level))
	switch n := len(v.Leading); n {
	case 0:
		return capital(l.Say("head.nothing", "level", risk))
	case 1:
		return capital(l.Say("head.one", "level", risk))
	default:
		return capital(l.Say("head.more", "level", risk, "n", capital(l.number(n))))
	}
}

// leadingWords names the posts that weigh most.
func (v reportView) leadingWords(l tongue) string {
	if len(v.Leading) == 1 {
		return l.Say("scale.one")
	}
	return l.Say("scale.more", "n", l.number(len(v.Leading)))
}

// madeWords says which score the report was made with, where dismissals have moved it since.
func (v reportView) madeWords(l tongue) string {
	if v.R.Score == v.R.Now.Score {
		return ""
	}
	return l.Say("view.made", "score", l.tenths(v.R.Score), "at", l.date(v.R.CreatedAt), "now", l.tenths(v.R.Now.Score))
}

// withoutChosen says what the score would be without the findings that are ticked.
func (v reportView) withoutChosen(l tongue) string {
	n := len(v.Chosen.IDs)
	return l.Say("view.without", "n", n, "words", l.number(n), "score", scored(l, v.Chosen.Standing))
}

// chosenWords say the same with what it is now.
func (v reportView) chosenWords(l tongue) string {
	return l.Say("view.chosen", "n", len(v.Chosen.IDs), "score", scored(l, v.Chosen.Standing), "now", whole(v.R.Now.Score))
}

// shownWords says how many findings are shown of how many.
func (v reportView) shownWords(l tongue) string {
	n, all := len(v.Matching), len(v.R.Findings)
	say := l.Say("view.shown", "n", n)
	if n < all {
		say = l.Say("view.shown_of", "n", n, "all", all)
	}
	if n := v.R.Coverage.FindingsLost; n > 0 {
		say += l.Say("view.weaker", "n", n)
	}
	return say + l.Say("view.heaviest")
}

// undoneWords says what the last form did.
func (u undo) words(l tongue) string {
	if u.Dismissed {
		return l.Say("view.dismissed", "n", len(u.IDs))
	}
	return l.Say("view.restored", "n", len(u.IDs))
}

func sourceWords(l tongue, s review.Source) string { return l.Say("view.by." + string(s)) }

// severityTitle is a severity as a heading or a badge has it: High.
func severityTitle(l tongue, s assess.Severity) string {
	return capital(l.Say("severity." + string(s)))
}

// adviceOn is what a finding suggests.
func adviceOn(l tongue, f assess.Finding) string {
	switch {
	case f.OfProfile():
		return l.Say("advice.profile")
	case f.Suggestion == assess.SuggestKeep, f.Suggestion == assess.SuggestDelete:
		return l.Say("advice." + f.Suggestion)
	}
	return l.Say("advice.edit_context")
}

// before and afterQuote are the words around a quote, with a sign where the post goes on.
func before(f assess.Finding) string {
	if f.QuoteStart > len([]rune(f.Before)) {
		return "…" + f.Before
	}
	return f.Before
}

// afterQuote is what follows a quote; where there is as much as a report keeps, it goes on.
func afterQuote(f assess.Finding) string {
	if len([]rune(f.After)) >= assess.ContextRunes {
		return f.After + "…"
	}
	return f.After
}

// placeWords says where a finding stands: the day of its post, or the profile.
func placeWords(l tongue, f assess.Finding) string {
	switch {
	case f.OfProfile():
		return l.Say("report.profile")
	case f.PostedAt.IsZero():
		return l.Say("date.unknown")
	}
	return l.shortDate(f.PostedAt)
}

// removeWords is what one does at X about a finding.
func removeWords(l tongue, f assess.Finding) string {
	if f.OfProfile() {
		return l.Say("view.change_on_x")
	}
	return l.Say("view.delete_on_x")
}

// besides is what follows the reason of a finding: where it stands, and what became of the post that it answers.
func besides(l tongue, f assess.Finding) string {
	f.Reason = ""
	return strings.TrimSpace(f.WholeReason(l.Language))
}

// whenWords is a priority in words.
func whenWords(l tongue, priority string) string {
	switch priority {
	case "now", "this_week", "this_month":
		return l.Say("when." + priority)
	}
	return l.Say("view.ongoing")
}

func effortWords(l tongue, effort string) string {
	switch effort {
	case "minutes", "an_hour":
		return l.Say("takes." + effort)
	}
	return l.Say("takes.a_day")
}

// effect is where a step leads: 81 → 46.
func (v reportView) effect(l tongue, s todoStep) string {
	if s.ScoreAfter == nil {
		return ""
	}
	from, to := whole(v.R.Now.Score), whole(*s.ScoreAfter)
	if from == to {
		return l.Say("view.stays", "score", from)
	}
	return from + " → " + to
}

// oneLine makes a text fit to stand in an attribute that is read aloud.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

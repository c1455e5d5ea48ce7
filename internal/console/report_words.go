package console

import (
	"math"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/review"
	"github.com/repazoo/repazoo/internal/words"
)

// What the page of a report says.

// whole is a score without decimals, as badges show it.
func whole(v float64) string { return strconv.Itoa(int(math.Round(v))) }

// tenths is a number of points.
func tenths(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// scored is a score and its level: 81, high.
func scored(l tongue, s assess.Standing) string {
	return whole(s.Score) + ", " + levelWord(l, string(s.Level))
}

// number is a small count in words, as sentences have it.
func number(n int) string {
	words := [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
	if n < len(words) {
		return words[n]
	}
	return count(n)
}

// counted is a number with its noun, which takes an s.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
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
func (v reportView) madeWords() string {
	if v.R.Score == v.R.Now.Score {
		return ""
	}
	return "Made as " + tenths(v.R.Score) + " on " + date(v.R.CreatedAt) +
		"; what was dismissed since makes it " + tenths(v.R.Now.Score) + "."
}

// shownWords says how many findings are shown of how many.
func (v reportView) shownWords() string {
	all := len(v.R.Findings)
	say := counted(len(v.Matching), "finding")
	if len(v.Matching) < all {
		say = count(len(v.Matching)) + " of " + counted(all, "finding")
	}
	if n := v.R.Coverage.FindingsLost; n > 0 {
		say += ", and " + count(n) + " weaker ones that a report does not list"
	}
	return say + ", heaviest first"
}

// undoneWords says what the last form did.
func (u undo) words() string {
	if u.Dismissed {
		return counted(len(u.IDs), "finding") + " dismissed."
	}
	return counted(len(u.IDs), "finding") + " restored."
}

func sourceWords(s review.Source) string {
	switch s {
	case review.ByBoth:
		return "screen and model"
	case review.ByModel:
		return "model alone"
	}
	return "screen alone"
}

// adviceOn is what a finding suggests.
func adviceOn(f assess.Finding) string {
	switch {
	case f.OfProfile():
		return "Change it: it is what people see first."
	case f.Suggestion == assess.SuggestKeep:
		return "Keep it."
	case f.Suggestion == assess.SuggestDelete:
		return "Delete it."
	}
	return "Add the missing context, or delete it."
}

// before and afterQuote are the words around a quote, with a sign where the post goes on.
func before(f assess.Finding) string {
	if f.QuoteStart > len([]rune(f.Before)) {
		return "…" + f.Before
	}
	return f.Before
}

// aroundRunes is how much of a post is kept on each side of a quote; where there is as much, it goes on.
const aroundRunes = 80

func afterQuote(f assess.Finding) string {
	if len([]rune(f.After)) >= aroundRunes {
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
	return l.shortDate(f.PostedAt.UTC())
}

// removeWords is what one does at X about a finding.
func removeWords(f assess.Finding) string {
	if f.OfProfile() {
		return "Change it on X"
	}
	return "Delete on X"
}

// reasonWords is why something is a finding.
func reasonWords(f assess.Finding) string { return f.WholeReason(words.For(words.English)) }

// whenWords is a priority in words.
func whenWords(priority string) string {
	switch priority {
	case "now":
		return "Now"
	case "this_week":
		return "This week"
	case "this_month":
		return "This month"
	}
	return "From time to time"
}

func effortWords(effort string) string {
	switch effort {
	case "minutes":
		return "A few minutes."
	case "an_hour":
		return "About an hour."
	}
	return "About a day."
}

// effect is where a step leads: 81 → 46.
func (v reportView) effect(s todoStep) string {
	if s.ScoreAfter == nil {
		return ""
	}
	from, to := whole(v.R.Now.Score), whole(*s.ScoreAfter)
	if from == to {
		return "stays " + from
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

package console

import (
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/recur"
	"github.com/repazoo/repazoo/internal/schedule"
)

// What a plan gives, in a person's words. Every number is one of the plan, or is worked out from two of them, so
// that no two
// sentences contradict each other.

// readWords say what is read.
func readWords(l tongue, t plan.Tier) string {
	if t.MaxPosts >= plan.Reach {
		return l.Say("offer.everything", "n", plan.Reach)
	}
	return l.Say("offer.newest", "n", t.MaxPosts)
}

// deepWords say how closely.
func deepWords(l tongue, t plan.Tier, judged bool) string {
	if !judged {
		return l.Say("offer.screen")
	}
	return l.Say("offer.model", "n", t.MaxPosts)
}

// oftenWords say how often a report can be made.
func oftenWords(l tongue, t plan.Tier) string {
	return l.Say("offer.often", "n", t.Quota, "reads", t.Reads, "enough", fromScratch(l, t))
}

// fromScratch says what the reads of a month are enough for.
func fromScratch(l tongue, t plan.Tier) string {
	times, rest := t.Reads/max(1, t.MaxPosts), t.Reads%max(1, t.MaxPosts)
	switch {
	case times == 0:
		return l.Say("offer.less")
	case times == 1 && rest > 0:
		return l.Say("offer.once_more", "n", rest)
	case times == 1:
		return l.Say("offer.once")
	}
	return l.Say("offer.times", "n", l.number(times))
}

// rhythmWords say how often it looks by itself.
func rhythmWords(l tongue, t plan.Tier) string {
	var all []string
	for _, e := range schedule.Allowed(t.Name) {
		all = append(all, rhythm(l, e))
	}
	if len(all) == 0 {
		return ""
	}
	return l.Say("offer.rhythm", "how", l.either(all))
}

// rhythm is how often something happens: weekly.
func rhythm(l tongue, e recur.Every) string { return l.Say("rhythm." + string(e)) }

package console

import (
	"strings"

	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/schedule"
)

// What a plan gives, in a person's words. Every number is one of the plan, or is worked out from two of them, so
// that no two
// sentences contradict each other.

// readWords say what is read.
func readWords(t plan.Tier) string {
	posts := "Your newest " + count(t.MaxPosts) + " posts"
	if t.MaxPosts >= plan.Reach {
		posts = "Everything X shows, your newest " + count(plan.Reach) + " posts"
	}
	return posts + ", and every post of an archive that you upload"
}

// deepWords say how closely.
func deepWords(t plan.Tier, judged bool) string {
	if !judged {
		return "The word screen reads every post; no language model is used here"
	}
	return "The word screen reads every post, and a language model reads up to " + count(t.MaxPosts) + " of them again"
}

// oftenWords say how often a report can be made.
func oftenWords(t plan.Tier) string {
	return "Up to " + counted(t.Quota, "report") + " a month, from up to " + counted(t.Reads, "post") +
		" newly read from X: " + fromScratch(t)
}

// fromScratch says what the reads of a month are enough for.
func fromScratch(t plan.Tier) string {
	times, rest := t.Reads/max(1, t.MaxPosts), t.Reads%max(1, t.MaxPosts)
	switch {
	case times == 0:
		return "less than one full reading"
	case times == 1 && rest > 0:
		return "one full reading, and " + count(rest) + " new posts after it"
	case times == 1:
		return "one full reading"
	}
	return "enough for " + number(times) + " full readings"
}

// rhythmWords say how often it looks by itself.
func rhythmWords(t plan.Tier) string {
	var all []string
	for _, e := range schedule.Allowed(t.Name) {
		all = append(all, string(e))
	}
	if len(all) == 0 {
		return ""
	}
	last := len(all) - 1
	if last > 0 {
		all = []string{strings.Join(all[:last], ", ") + " or " + all[last]}
	}
	return "Checks by itself, " + all[0] + ", and tells you what is new"
}

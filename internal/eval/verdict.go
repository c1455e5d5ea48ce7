package eval

import (
	"slices"
	"strconv"
)

// categories are those a finding can have.
var categories = []string{
	"hate_speech", "harassment", "violence", "extremism", "sexual_content", "profanity", "substance_use",
	"misinformation", "controversial_topic", "professional_conduct", "brand_safety", "geopolitical_topic",
	"privacy_exposure",
}

// harmless stands in the place of the expected category.
const harmless = "-"

// The classes of hatecheck, as its files name them.
const (
	hateful    = "hateful"
	nonHateful = "non-hateful"
)

// classes are those of a task, in the order of TweetEval's numbers.
func classes(task Task) []string {
	switch task {
	case Offensive:
		return []string{"not-offensive", "offensive"}
	case Hate:
		return []string{"not-hate", "hate"}
	case Sentiment:
		return []string{"negative", "neutral", "positive"}
	case HateCheck:
		return []string{nonHateful, hateful}
	}
	return nil
}

// classOf is the class with TweetEval's number.
func classOf(task Task, number string) (string, bool) {
	all := classes(task)
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(all) {
		return "", false
	}
	return all[i], true
}

func labelNumbers(task Task) []string {
	out := make([]string, len(classes(task)))
	for i := range out {
		out[i] = strconv.Itoa(i)
	}
	return out
}

// class is what a verdict says in the words of the task.
func (v Verdict) class(task Task) string {
	all := classes(task)
	switch task {
	case Sentiment:
		return all[tone(v.Tone)]
	case Offensive:
		return all[number(v.Rude || slices.ContainsFunc(v.Hits, Hit.offends))]
	}
	return all[number(v.has("hate_speech"))]
}

// The borders of neutral are VADER's own.
const neutralUpTo = 0.05

func tone(v float64) int {
	switch {
	case v < -neutralUpTo:
		return 0
	case v > neutralUpTo:
		return 2
	}
	return 1
}

// offends reports whether a hit is an insult, a threat or coarse language.
func (h Hit) offends() bool {
	switch h.Category {
	case "hate_speech", "harassment", "violence", "profanity":
		return true
	case "sexual_content":
		return h.Severity != "low"
	}
	return false
}

// grave reports whether a hit is high or critical.
func (h Hit) grave() bool { return h.Severity == "high" || h.Severity == "critical" }

func (v Verdict) has(category string) bool {
	return slices.ContainsFunc(v.Hits, func(h Hit) bool { return h.Category == category })
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

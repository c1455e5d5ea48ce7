package claude

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// sentPost is a post as it was sent: its number in the batch and its text, with what identifies people replaced.
type sentPost struct {
	ID   int    `json:"id"`
	Text string `json:"text"`

	// Of a second question: the passage in doubt, what it is suspected of, and what this post answers, if it was sent.
	Passage  string `json:"passage"`
	Category string `json:"category"`
	Answers  string `json:"answers"`
}

// verdicts is what the model says, in the schema the analysis asks for. The order of fields is that of the schema.
type verdicts struct {
	Posts []postVerdict `json:"posts"`
}

type postVerdict struct {
	AddressesModel bool     `json:"addresses_model"`
	Claims         []claim  `json:"claims"`
	ID             int      `json:"id"`
	Themes         []string `json:"themes"`
}

type claim struct {
	Category   string `json:"category"`
	Quote      string `json:"quote"`
	Reason     string `json:"reason"`
	Severity   string `json:"severity"`
	Suggestion string `json:"suggestion"`
}

var openingTag = regexp.MustCompile(`<(posts-[0-9a-f]+)>`)

// postsIn finds the posts between the random delimiters. Text that holds none has no posts.
func postsIn(text string) []sentPost {
	m := openingTag.FindStringSubmatchIndex(text)
	if m == nil {
		return nil
	}
	name := text[m[2]:m[3]]
	data, _, closed := strings.Cut(text[m[1]:], "</"+name+">")
	var posts []sentPost
	if !closed || json.Unmarshal([]byte(data), &posts) != nil {
		return nil
	}
	return posts
}

// word is a term the stand-in takes offence at, in lower case.
type word struct{ term, category, severity, reason, suggestion string }

func words() []word {
	return []word{
		{"idiot", "harassment", "medium", "Insults another person.", "delete"},
		{"moron", "harassment", "medium", "Insults another person.", "delete"},
		{"loser", "harassment", "medium", "Insults another person.", "delete"},
		{"pathetic", "harassment", "low", "Belittles another person.", "edit_context"},
		{"uninstall your life", "harassment", "high", "Tells somebody to harm themselves.", "delete"},
		{"shut up", "harassment", "low", "Is rude to another person.", "edit_context"},
		{"i will find you", "violence", "high", "Reads as a threat.", "delete"},
		{"beat you up", "violence", "high", "Threatens bodily harm.", "delete"},
		{"kill you", "violence", "high", "Threatens somebody's life.", "delete"},
		{"vermin", "hate_speech", "high", "Dehumanises a group of people.", "delete"},
		{"subhuman", "hate_speech", "critical", "Dehumanises a group of people.", "delete"},
		{"fuck", "profanity", "medium", "Strong swearing in public.", "edit_context"},
		{"fucking", "profanity", "medium", "Strong swearing in public.", "edit_context"},
		{"shit", "profanity", "low", "Swearing in public.", "edit_context"},
		{"damn", "profanity", "low", "Mild swearing in public.", "keep"},
		{"so drunk", "substance_use", "medium", "Shows heavy drinking.", "edit_context"},
		{"hungover", "substance_use", "low", "Mentions drinking too much.", "keep"},
		{"stoned", "substance_use", "medium", "Mentions drug use.", "edit_context"},
		{"nudes", "sexual_content", "medium", "Sexual content in public.", "delete"},
		{"vaccines cause", "misinformation", "high", "Repeats a claim that is known to be false.", "delete"},
		{"the earth is flat", "misinformation", "medium", "Repeats a claim that is known to be false.", "edit_context"},
		{"hate my boss", "professional_conduct", "medium", "Talks badly of an employer in public.", "delete"},
		{"called in sick", "professional_conduct", "medium", "Suggests leave was taken under a pretext.", "delete"},
		{"my client is", "professional_conduct", "medium", "Talks of a client in public.", "edit_context"},
		{"scam brand", "brand_safety", "medium", "Accuses a brand in public.", "edit_context"},
		{"death penalty", "controversial_topic", "low", "Takes a side on a divisive topic.", "keep"},
		{"gun control", "controversial_topic", "low", "Takes a side on a divisive topic.", "keep"},
		{"sanctions against", "geopolitical_topic", "low", "Takes a side in a conflict between states.", "keep"},
		{"[email", "privacy_exposure", "medium", "Shows an e-mail address to everyone.", "delete"},
		{"[phone", "privacy_exposure", "high", "Shows a phone number to everyone.", "delete"},
		{"[address", "privacy_exposure", "high", "Shows a street address to everyone.", "delete"},
		{"[location", "privacy_exposure", "medium", "Shows an exact location to everyone.", "delete"},
	}
}

func commands() []string {
	return []string{
		"ignore previous instructions", "ignore all previous instructions", "ignore the previous instructions",
		"disregard previous",
		"system prompt", "as an ai", "you are now", "mark every post", "mark all posts",
	}
}

// answerPosts judges every post by itself.
func answerPosts(posts []sentPost) verdicts {
	v := verdicts{Posts: []postVerdict{}}
	for _, p := range posts {
		one := postVerdict{ID: p.ID, Claims: []claim{}, Themes: themesOf(p.Text)}
		one.AddressesModel = commandsModel(p.Text)
		for _, w := range words() {
			if at := findWord(p.Text, w.term); at >= 0 {
				one.Claims = append(one.Claims, claim{w.category, sentence(p.Text, at), w.reason, w.severity, w.suggestion})
			}
		}
		v.Posts = append(v.Posts, one)
	}
	return v
}

// second answers second questions: needs_context where a text says "as I told you" and the post that it answers was not
// sent, yes where the word list finds the category in the passage, else no.
func (k Kind) second(posts []sentPost) spoken {
	switch k {
	case Refuses:
		return spoken{"", "refusal"}
	case Malformed:
		return spoken{`{"answers": [{"id": 1, "ver`, "end_turn"}
	}
	type opinion struct {
		ID      int    `json:"id"`
		Verdict string `json:"verdict"`
	}
	out := struct {
		Answers []opinion `json:"answers"`
	}{[]opinion{}}
	for _, p := range posts {
		verdict := "no"
		switch {
		case strings.Contains(lowerASCII(p.Text), "as i told you") && p.Answers == "":
			verdict = "needs_context"
		case k == Confirms || findsCategory(p.Passage, p.Category):
			verdict = "yes"
		}
		out.Answers = append(out.Answers, opinion{p.ID, verdict})
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	return spoken{string(b), "end_turn"}
}

func findsCategory(text, category string) bool {
	return slices.ContainsFunc(words(), func(w word) bool { return w.category == category && findWord(text, w.term) >= 0 })
}

// label makes the verdicts speak of their author as the rubric forbids.
func (v *verdicts) label() {
	for i := range v.Posts {
		v.Posts[i].Themes = append(v.Posts[i].Themes, "depression")
		for k := range v.Posts[i].Claims {
			v.Posts[i].Claims[k].Reason = "The author is a gay Muslim with depression."
		}
	}
}

func (v *verdicts) claim(i int, c claim) {
	if i < len(v.Posts) {
		v.Posts[i].Claims = append(v.Posts[i].Claims, c)
	}
}

// obey is the weakness a good client guards against: one post that gives orders clears every post beside it.
func (v *verdicts) obey(posts []sentPost) {
	if !slices.ContainsFunc(posts, func(p sentPost) bool { return commandsModel(p.Text) }) {
		return
	}
	for i := range v.Posts {
		v.Posts[i].AddressesModel, v.Posts[i].Claims = false, []claim{}
	}
}

func commandsModel(text string) bool {
	low := lowerASCII(text)
	return slices.ContainsFunc(commands(), func(c string) bool { return strings.Contains(low, c) })
}

// findWord is where term stands in text as a word of its own and not inside quotation marks, or -1.
func findWord(text, term string) int {
	low := lowerASCII(text)
	for from := 0; ; {
		i := strings.Index(low[from:], term)
		if i < 0 {
			return -1
		}
		at, end := from+i, from+i+len(term)
		from = at + 1
		bounded := term[0] == '[' || !letterAt(low, at-1) && !letterAt(low, end)
		if bounded && strings.Count(low[:at], `"`)%2 == 0 {
			return at
		}
	}
}

func letterAt(s string, i int) bool {
	return i >= 0 && i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= '0' && s[i] <= '9' || s[i] >= 0x80)
}

// lowerASCII keeps every byte where it was, which strings.ToLower does not.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// sentence is the sentence around byte at, without surrounding space.
func sentence(text string, at int) string {
	const ends = ".!?\n"
	start := strings.LastIndexAny(text[:at], ends) + 1
	end := len(text)
	if i := strings.IndexAny(text[at:], ends); i >= 0 {
		end = at + i
	}
	return strings.TrimSpace(text[start:end])
}

// themesOf are the first two hashtags.
func themesOf(text string) []string {
	themes := []string{}
	for field := range strings.FieldsSeq(text) {
		if tag, ok := strings.CutPrefix(field, "#"); ok && tag != "" && len(themes) < 2 {
			themes = append(themes, strings.ToLower(strings.TrimRight(tag, ".,!?")))
		}
	}
	return themes
}

func firstWord(posts []sentPost) string {
	for _, p := range posts {
		if f := strings.Fields(p.Text); len(f) > 0 {
			return f[0]
		}
	}
	return ""
}

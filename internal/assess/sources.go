package assess

import (
	"github.com/repazoo/repazoo/internal/archive"
	"github.com/repazoo/repazoo/internal/words"
)

// Unread is what a source held and could not give: known once all its posts were read.
type Unread struct {
	Entries   int             `json:"entries"`         // that could not be read
	Outdated  int             `json:"outdated"`        // earlier versions of edited posts
	Sentences []string        `json:"sentences"`       // what is missing, and why, in English
	Notes     []words.Message `json:"notes,omitempty"` // the same as messages
}

// UnreadOf is what an archive could not give. Ask it after the loop over its posts.
func UnreadOf(a *archive.Archive) Unread {
	u := Unread{Outdated: a.Outdated(), Sentences: a.Missing()}
	for _, s := range u.Sentences {
		u.Notes = append(u.Notes, verbatim(s))
	}
	for _, s := range a.Skipped() {
		u.Entries += s.Count
		u.Sentences, u.Notes = append(u.Sentences, s.String()), append(u.Notes, noteOf(s))
	}
	return u
}

// FromArchive is a post of an X archive as the pipeline takes it. An archive does not tell
// replies, quotes, bookmarks and impressions: they stay unknown.
func FromArchive(p archive.Post) Post {
	return Post{
		ID: p.ID, Lang: p.Lang, PostedAt: p.PostedAt, Repost: p.Repost, Deleted: p.Deleted,
		Reply: p.ReplyToID != "", Answers: p.ReplyToID,
		Hashtags: p.Hashtags, Media: p.Media, Metrics: Metrics{Likes: p.Likes, Reposts: p.Reposts},
	}.Saying(p.Text, p.AltTexts)
}

// Saying gives a post its text, and the descriptions of its pictures, which are the author's words too.
func (p Post) Saying(text string, altTexts []string) Post { return p.beside(text, altTexts) }

// DefaultPrices are the models' prices by id, as Anthropic listed them in autumn 2026 for
// prompts of up to 100,000 tokens.
func DefaultPrices() map[string]Prices {
	return map[string]Prices{
		"claude-haiku-5-5":  {InputMicroUSD: 100_000, OutputMicroUSD: 500_000},
		"claude-sonnet-5-5": {InputMicroUSD: 2_000_000, OutputMicroUSD: 10_000_000},
		"claude-opus-5-5":   {InputMicroUSD: 4_000_000, OutputMicroUSD: 20_000_000},
	}
}

// notes are the sentences as messages. An upload from before there were any has its sentences alone.
func (u Unread) notes() []words.Message {
	if len(u.Notes) == len(u.Sentences) {
		return u.Notes
	}
	var out []words.Message
	for _, s := range u.Sentences {
		out = append(out, verbatim(s))
	}
	return out
}

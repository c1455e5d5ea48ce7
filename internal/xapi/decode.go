package xapi

import (
	"cmp"
	"encoding/json"
	"html"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

const (
	maxHashtags = 100 // kept of one post
	maxVersions = 20  // of one post; X allows five edits
)

// Post is one post, its text whole and unescaped.
type Post struct {
	ID        string // digits
	AuthorID  string // digits; "" when X did not say
	Text      string // the whole text, also of a long post
	Lang      string // BCP 47 as X guessed it; "und" or empty when it could not
	ReplyToID string // the post this one answers, if any
	QuotedID  string // the post this one quotes, if any
	PostedAt  time.Time
	Repost    bool // somebody else's words
	Quote     bool
	Reply     bool
	Metrics   Metrics
	Hashtags  []string // without the #
	Media     int      // pictures and videos
	AltTexts  []string // the descriptions of those, as far as there are any
	Versions  []string // ids of all versions of an edited post, the oldest first; empty for one that was never edited
}

// Metrics are a post's public numbers. Nil means that X did not say.
type Metrics struct{ Reposts, Replies, Likes, Quotes, Bookmarks, Impressions *int }

// wirePage is a page in both of X's spellings: it is renaming tweets to posts, and answers may hold either.
type wirePage struct {
	Data   []json.RawMessage `json:"data"`
	Errors []struct {
		Type string `json:"type"`
	} `json:"errors"`
	Meta *struct {
		NextToken string `json:"next_token"`
	} `json:"meta"`
	Includes struct {
		Media []wireMedia `json:"media"`
	} `json:"includes"`
}

type wireMedia struct {
	Key     string `json:"media_key"`
	AltText string `json:"alt_text"`
}

// altTexts are the descriptions of the media that a page shows, by their keys.
func (w wirePage) altTexts() map[string]string {
	all := make(map[string]string, len(w.Includes.Media))
	for _, m := range w.Includes.Media {
		all[m.Key] = html.UnescapeString(m.AltText)
	}
	return all
}

type wirePost struct {
	ID          string       `json:"id"`
	AuthorID    string       `json:"author_id"`
	Text        string       `json:"text"`
	Lang        string       `json:"lang"`
	CreatedAt   time.Time    `json:"created_at"`
	ReplyToUser string       `json:"in_reply_to_user_id"`
	RefTweets   []reference  `json:"referenced_tweets"`
	RefPosts    []reference  `json:"referenced_posts"`
	NoteTweet   wireNote     `json:"note_tweet"`
	NotePost    wireNote     `json:"note_post"`
	Entities    wireEntities `json:"entities"`
	Metrics     wireMetrics  `json:"public_metrics"`
	EditTweets  []string     `json:"edit_history_tweet_ids"`
	EditPosts   []string     `json:"edit_history_post_ids"`
	Attachments struct {
		MediaKeys []string `json:"media_keys"`
	} `json:"attachments"`
}

type reference struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type wireNote struct {
	Text     string       `json:"text"`
	Entities wireEntities `json:"entities"`
}

type wireEntities struct {
	Hashtags []struct {
		Tag string `json:"tag"`
	} `json:"hashtags"`
}

type wireMetrics struct {
	Retweets    *int `json:"retweet_count"`
	Reposts     *int `json:"repost_count"`
	Replies     *int `json:"reply_count"`
	Likes       *int `json:"like_count"`
	Quotes      *int `json:"quote_count"`
	Bookmarks   *int `json:"bookmark_count"`
	Impressions *int `json:"impression_count"`
}

// page understands a whole answer. Posts that make no sense are counted in Errors; they do not spoil the rest. An
// answer with errors and nothing else is how X says, with status 200, that the account cannot be read.
func (w wirePage) page() (Page, error) {
	if w.Meta == nil && len(w.Data) == 0 {
		if len(w.Errors) == 0 {
			return Page{}, fault.XUnavailable.Because(ErrMalformed)
		}
		return Page{}, fault.XUnavailable.Saying("X does not show the posts of this account. It may be suspended, " +
			"protected or gone.").
			Because(&Refused{http.StatusOK, lastSegment(w.Errors[0].Type)})
	}
	p := Page{Errors: len(w.Errors), Reads: len(w.Data)}
	if w.Meta != nil {
		p.Next = w.Meta.NextToken
	}
	altTexts := w.altTexts()
	for _, raw := range w.Data {
		if post, ok := decodePost(raw, altTexts); ok {
			p.Posts = append(p.Posts, post)
		} else {
			p.Errors++
		}
	}
	return p, nil
}

// decodePost reads one post; ok is false when it is not one. A post without a time is kept: its time is unknown.
func decodePost(raw []byte, altTexts map[string]string) (p Post, ok bool) {
	var w wirePost
	if json.Unmarshal(raw, &w) != nil || !isID(w.ID) {
		return Post{}, false
	}
	p = Post{
		ID: w.ID, AuthorID: w.AuthorID, Lang: w.Lang, PostedAt: w.CreatedAt, Media: len(w.Attachments.MediaKeys),
		Metrics:  w.Metrics.known(),
		Text:     html.UnescapeString(cmp.Or(w.NoteTweet.Text, w.NotePost.Text, w.Text)),
		Hashtags: hashtags(w.Entities, w.NoteTweet.Entities, w.NotePost.Entities),
		Reply:    w.ReplyToUser != "",
		Repost:   strings.HasPrefix(w.Text, "RT @"),
	}
	for _, key := range w.Attachments.MediaKeys {
		if alt := altTexts[key]; alt != "" && !slices.Contains(p.AltTexts, alt) {
			p.AltTexts = append(p.AltTexts, alt)
		}
	}
	if all := slices.Concat(w.EditTweets, w.EditPosts); len(all) > 1 && len(all) <= maxVersions &&
		!slices.ContainsFunc(all, notAnID) {
		p.Versions = all
	}
	for _, r := range slices.Concat(w.RefTweets, w.RefPosts) {
		switch r.Type {
		case "retweeted", "reposted":
			p.Repost = true
		case "quoted":
			p.Quote, p.QuotedID = true, r.ID
		case "replied_to":
			p.Reply, p.ReplyToID = true, r.ID
		}
	}
	return p, true
}

// hashtags joins the tags of the short and of the long text, each once, in their order.
func hashtags(all ...wireEntities) []string {
	var tags []string
	for _, e := range all {
		for _, h := range e.Hashtags {
			if h.Tag != "" && len(tags) < maxHashtags && !slices.Contains(tags, h.Tag) {
				tags = append(tags, h.Tag)
			}
		}
	}
	return tags
}

func (m wireMetrics) known() Metrics {
	return Metrics{
		Reposts: known(cmp.Or(m.Retweets, m.Reposts)), Replies: known(m.Replies), Likes: known(m.Likes),
		Quotes: known(m.Quotes), Bookmarks: known(m.Bookmarks), Impressions: known(m.Impressions),
	}
}

// known drops a count that cannot be one.
func known(n *int) *int {
	if n == nil || *n < 0 {
		return nil
	}
	return n
}

// isID reports whether s is an id of X: 1 to 19 digits.
func isID(s string) bool {
	if len(s) == 0 || len(s) > 19 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

func notAnID(s string) bool { return !isID(s) }

// confirmDeleted reads the answer to a deletion. Anything but a clear yes is [ErrMalformed].
func confirmDeleted(body []byte) error {
	var in struct {
		Data struct {
			Deleted bool `json:"deleted"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &in) != nil || !in.Data.Deleted {
		return fault.XUnavailable.Because(ErrMalformed)
	}
	return nil
}

package x

import (
	"fmt"
	"regexp"
	"strings"
)

const shortText = 280 // characters; the rest is in note_tweet

var (
	escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	hashtag    = regexp.MustCompile(`#(\p{L}[\p{L}\p{N}_]*)`)
)

// wire is a post of an author as X shows it: its default fields and those that were asked for, in the old or the new
// spelling.
func (p Post) wire(author string, fields []string, newSpelling bool) map[string]any {
	all := map[string]any{
		"author_id":  author,
		"created_at": p.At.UTC().Format("2006-01-02T15:04:05.000Z"), "lang": p.Lang, "source": "Sandbox",
		"public_metrics": map[string]int{
			"retweet_count": p.Reposts, "reply_count": p.Replies, "like_count": p.Likes,
			"quote_count": p.Quotes, "bookmark_count": p.Bookmarks, "impression_count": p.Views,
		},
	}
	short, long := cut(p.Text, p.RepostOf != "")
	if long {
		all["note_tweet"] = map[string]any{"text": escapeText.Replace(p.Text), "entities": entities(p.Text)}
	}
	if e := entities(short); e != nil {
		all["entities"] = e
	}
	if refs := p.references(); refs != nil {
		all["referenced_tweets"] = refs
	}
	if p.ReplyTo != "" {
		all["in_reply_to_user_id"] = "2244994945"
	}
	if p.Media > 0 {
		all["attachments"] = map[string]any{"media_keys": p.mediaKeys()}
	}
	out := map[string]any{
		"id": p.ID, "text": escapeText.Replace(short),
		"edit_history_tweet_ids": append(strings.Fields(p.Earlier), p.ID),
	}
	pick(out, all, fields)
	if newSpelling {
		respell(out)
	}
	return out
}

func (p Post) mediaKeys() []string {
	keys := make([]string, p.Media)
	for i := range keys {
		keys[i] = fmt.Sprintf("3_%s%d", p.ID, i)
	}
	return keys
}

// mediaOf are the pictures of posts as X shows them beside the posts.
func mediaOf(posts []Post) []map[string]string {
	var all []map[string]string
	for _, p := range posts {
		for i, key := range p.mediaKeys() {
			m := map[string]string{"media_key": key, "type": "photo"}
			if i < len(p.AltTexts) {
				m["alt_text"] = escapeText.Replace(p.AltTexts[i])
			}
			all = append(all, m)
		}
	}
	return all
}

// cut shortens a text to what fits into the field text. A repost is cut without a long form, as X does.
func cut(text string, repost bool) (short string, long bool) {
	r := []rune(text)
	if len(r) <= shortText {
		return text, false
	}
	return string(r[:shortText-1]) + "…", !repost
}

func entities(text string) map[string]any {
	var tags []map[string]string
	for _, m := range hashtag.FindAllStringSubmatch(text, -1) {
		tags = append(tags, map[string]string{"tag": m[1]})
	}
	if tags == nil {
		return nil
	}
	return map[string]any{"hashtags": tags}
}

func (p Post) references() []map[string]string {
	var refs []map[string]string
	for _, r := range [][2]string{{"retweeted", p.RepostOf}, {"quoted", p.QuoteOf}, {"replied_to", p.ReplyTo}} {
		if r[1] != "" {
			refs = append(refs, map[string]string{"type": r[0], "id": r[1]})
		}
	}
	return refs
}

// respell renames what X is renaming.
func respell(post map[string]any) {
	for from, to := range map[string]string{
		"referenced_tweets": "referenced_posts", "note_tweet": "note_post", "edit_history_tweet_ids": "edit_history_post_ids",
	} {
		if v, ok := post[from]; ok {
			delete(post, from)
			post[to] = v
		}
	}
}

package xapi

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

const (
	minPage       = 5
	maxPage       = 100
	maxEmptyPages = 40 // in a row; X filters after it counts, so a page of replies may arrive empty when they are excluded
)

var (
	errPageLoop  = errors.New("xapi: X returned the same page token twice")
	errOnlyEmpty = errors.New("xapi: X returned too many empty pages in a row")
)

// Query says which posts to read. The zero value reads all that X still reaches: the newest 3,200, or 800 without
// replies.
type Query struct {
	SinceID        string    // only posts newer than this one
	UntilID        string    // only posts older than this one
	Start          time.Time // only posts from this time on
	Max            int       // stop after so many posts; 0 means no bound
	ExcludeReplies bool

	// Before, if set, is called before each page with the number of posts that the page may bring. It returns how many it
	// allows, at least 5; an error ends the reading before X is asked, and arrives as it is.
	Before func(n int) (allowed int, err error)
}

// Page is one answer of X. It may hold no post at all and still not be the last.
type Page struct {
	Posts  []Post // newest first, at most Query.Max over all pages
	Beyond []Post // older ones that X delivered and bills beyond Query.Max, because its smallest page has 5
	Errors int    // posts X did not show, or that could not be understood
	Next   string // X's token for the next page; empty on the last
	Reads  int    // posts X delivered and bills, which may be more than Posts when Max is below 5
}

// MinPage is the smallest page of posts that X gives.
const MinPage = minPage

// Posts reads the posts of an account, newest first, one call to X per page. It stops at the first error, at Query.Max,
// or when X has no more. Between pages the caller may take as long as it likes. It needs tweet.read and users.read.
func (c *Client) Posts(ctx context.Context, access, userID string, q Query) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		r := reader{seen: map[string]bool{}, left: q.Max}
		for {
			size, err := q.size(r.left)
			var page Page
			if err == nil {
				page, err = c.page(ctx, access, userID, q.values(size, r.token))
			}
			if err == nil {
				err = r.accept(&page)
			}
			if err != nil {
				yield(Page{}, err)
				return
			}
			if !yield(page, nil) || r.done {
				return
			}
		}
	}
}

// reader is where one reading of posts stands.
type reader struct {
	token string
	seen  map[string]bool // page tokens, to notice a loop
	left  int             // posts still wanted; 0 at the start means no bound
	empty int             // empty pages in a row
	done  bool
}

// accept trims page to what is still wanted and decides whether another follows.
func (r *reader) accept(p *Page) error {
	if r.left > 0 {
		n := min(len(p.Posts), r.left)
		p.Posts, p.Beyond = p.Posts[:n:n], p.Posts[n:]
		r.left -= len(p.Posts)
		r.done = r.left == 0
	}
	if r.empty++; p.Reads > 0 {
		r.empty = 0
	}
	r.token = p.Next
	switch {
	case r.done || r.token == "":
		r.done = true
	case r.seen[r.token]:
		return fault.XUnavailable.Because(errPageLoop)
	case r.empty >= maxEmptyPages:
		return fault.XUnavailable.Because(errOnlyEmpty)
	}
	r.seen[r.token] = true
	return nil
}

func (c *Client) page(ctx context.Context, access, userID string, q url.Values) (Page, error) {
	if !isID(userID) {
		return Page{}, fault.XUnavailable.Because(errNotAnID)
	}
	var in wirePage
	if err := c.get(ctx, "/2/users/"+userID+"/tweets", q, access, &in); err != nil {
		return Page{}, err
	}
	return in.page()
}

// postFields are the fields Repazoo uses; X bills a post the same with or without them.
const postFields = "attachments,author_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,note_tweet,public_metrics,referenced_tweets"

// shown adds to a query what X shows of posts: these fields, and the descriptions of their pictures.
func shown(q url.Values) url.Values {
	q.Set("tweet.fields", postFields)
	q.Set("expansions", "attachments.media_keys")
	q.Set("media.fields", "alt_text")
	return q
}

// size is how many posts the next page may bring.
func (q Query) size(left int) (int, error) {
	size := maxPage
	if left > 0 {
		size = min(max(left, minPage), maxPage)
	}
	if q.Before == nil {
		return size, nil
	}
	allowed, err := q.Before(size)
	return min(max(allowed, minPage), size), err
}

func (q Query) values(size int, token string) url.Values {
	v := shown(url.Values{"max_results": {strconv.Itoa(size)}})
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("pagination_token", token)
	set("since_id", q.SinceID)
	set("until_id", q.UntilID)
	if !q.Start.IsZero() {
		v.Set("start_time", q.Start.UTC().Format(time.RFC3339))
	}
	if q.ExcludeReplies {
		v.Set("exclude", "replies")
	}
	return v
}

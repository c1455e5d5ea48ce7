package x

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// How far back a timeline reaches, in posts.
const (
	reachAll       = 3200
	reachNoReplies = 800
)

var (
	endMe    = endpoint{"me", 75, []string{"tweet.read", "users.read"}, []string{"user.fields"}}
	endPosts = endpoint{
		"posts", 900,
		[]string{"tweet.read", "users.read"},
		[]string{
			"max_results", "pagination_token", "since_id", "until_id", "start_time", "end_time", "exclude",
			"expansions", "media.fields", "tweet.fields",
		},
	}
	endDelete = endpoint{"delete", 50, []string{"tweet.read", "tweet.write", "users.read"}, nil}

	userFields = []string{
		"confirmed_email", "created_at", "description", "entities", "id", "location", "name",
		"profile_image_url", "protected", "public_metrics", "url", "username", "verified",
	}
	mediaFields = []string{"alt_text", "media_key", "type"}
	expansions  = []string{"attachments.media_keys"}

	postFields = []string{
		"attachments", "author_id", "conversation_id", "created_at", "edit_history_tweet_ids",
		"entities", "id", "in_reply_to_user_id", "lang", "note_tweet", "public_metrics", "referenced_tweets", "source",
		"text",
	}
)

// getMe is GET /2/users/me.
func (x *Server) getMe(w http.ResponseWriter, r *http.Request) {
	c, ok := x.enter(w, r, endMe)
	if !ok {
		return
	}
	fields, ok := x.fields(w, r, "user.fields", userFields)
	if !ok {
		return
	}
	if slices.Contains(fields, "confirmed_email") && c.missing("users.email") != "" {
		forbidden(w, "The scope users.email is missing.")
		return
	}
	p := c.account.Person
	all := map[string]any{
		"created_at": p.CreatedAt.Format(time.RFC3339), "protected": false, "verified": p.Verified,
		"profile_image_url": x.baseURL(r) + "/x/avatars/" + p.Handle + ".svg",
		"public_metrics": map[string]int{
			"followers_count": p.Followers, "following_count": p.Followers / 3,
			"tweet_count": c.account.count(), "listed_count": 0,
		},
	}
	top := c.account.top()
	all["description"] = escapeText.Replace(cmp.Or(top.Bio, p.Line))
	if top.Location != "" {
		all["location"] = escapeText.Replace(top.Location)
	}
	if top.Link != "" {
		short := "https://t.co/" + p.Handle
		all["url"] = short
		all["entities"] = map[string]any{"url": map[string]any{"urls": []map[string]string{{
			"url":          short,
			"expanded_url": top.Link,
		}}}}
	}
	if p.Email != "" {
		all["confirmed_email"] = p.Email
	}
	data := map[string]any{"id": p.ID, "name": p.Name, "username": p.Handle}
	pick(data, all, fields)
	web.JSON(w, http.StatusOK, map[string]any{"data": data})
}

// pick adds the fields that were asked for.
func pick(to, from map[string]any, fields []string) {
	for _, f := range fields {
		if v, ok := from[f]; ok {
			to[f] = v
		}
	}
}

// fields reads a comma list and refuses names X does not know.
func (x *Server) fields(w http.ResponseWriter, r *http.Request, param string, known []string) ([]string, bool) {
	q := r.URL.Query()
	if !q.Has(param) {
		return nil, true
	}
	list := strings.Split(q.Get(param), ",")
	for _, f := range list {
		if !slices.Contains(known, f) {
			x.refused(r, "unknown value "+f+" of "+param)
			invalid(w, "The `"+param+"` query parameter value ["+f+"] is not one of ["+strings.Join(known, ",")+"]")
			return nil, false
		}
	}
	return list, true
}

// baseURL is where a browser reaches the sandbox.
func (x *Server) baseURL(r *http.Request) string {
	if x.publicURL != "" {
		return x.publicURL
	}
	return "http://" + r.Host
}

// getPosts is GET /2/users/{id}/tweets.
func (x *Server) getPosts(w http.ResponseWriter, r *http.Request) {
	if _, ok := x.enter(w, r, endPosts); !ok {
		return
	}
	fields, ok := x.fields(w, r, "tweet.fields", postFields)
	if !ok {
		return
	}
	q, why := x.readTimelineQuery(r.PathValue("id"), r.URL.Query())
	if why != "" {
		invalid(w, why)
		return
	}
	a := x.accountByID(r.PathValue("id"))
	if a == nil {
		web.JSON(w, http.StatusOK, map[string]any{"errors": []problem{{
			Title: "Not Found Error", Detail: "Could not find user with id: [" + r.PathValue("id") + "].", Type: problemBase +
				"resource-not-found",
		}}})
		return
	}
	withMedia, ok := x.wantsMedia(w, r)
	if ok {
		x.writePage(w, q, a.ID, q.pick(a.timeline()), fields, withMedia)
	}
}

// writePage answers with the first posts of rest and, when there are more, a token to go on.
func (x *Server) writePage(
	w http.ResponseWriter, q timelineQuery, author string, rest []Post, fields []string, withMedia bool,
) {
	shown := rest[:min(q.size, len(rest))]
	meta := map[string]any{"result_count": len(shown)}
	out := map[string]any{"meta": meta}
	if len(shown) > 0 {
		last := shown[len(shown)-1].ID
		meta["newest_id"], meta["oldest_id"] = shown[0].ID, last
		if len(rest) > len(shown) {
			meta["next_token"] = q.token(last)
		}
		data := make([]map[string]any, len(shown))
		for i, p := range shown {
			data[i] = p.wire(author, fields, x.cfg.NewSpelling)
		}
		out["data"] = data
	}
	if media := mediaOf(shown); withMedia && len(media) > 0 {
		out["includes"] = map[string]any{"media": media}
	}
	web.JSON(w, http.StatusOK, out)
}

// wantsMedia reports whether a request asks for the pictures of posts beside them, with their descriptions.
func (x *Server) wantsMedia(w http.ResponseWriter, r *http.Request) (wants, ok bool) {
	expand, ok := x.fields(w, r, "expansions", expansions)
	if !ok {
		return false, false
	}
	fields, ok := x.fields(w, r, "media.fields", mediaFields)
	return len(expand) > 0 && slices.Contains(fields, "alt_text"), ok
}

// timelineQuery is a checked query for posts.
type timelineQuery struct {
	key          []byte // signs page tokens, bound to everything but the page
	size         int
	since, until uint64
	after        uint64 // the last post of the page before
	start, end   time.Time
	noReplies    bool
	noReposts    bool
}

// readTimelineQuery checks v; why is a sentence when it is refused.
func (x *Server) readTimelineQuery(user string, v url.Values) (q timelineQuery, why string) {
	q = timelineQuery{size: 10, until: 1<<64 - 1, after: 1<<64 - 1, key: x.pageKey(user, v)}
	var err error
	if v.Has("max_results") {
		if q.size, err = strconv.Atoi(v.Get("max_results")); err != nil || q.size < 5 || q.size > 100 {
			return q, "The `max_results` query parameter value [" + v.Get("max_results") + "] is not between 5 and 100"
		}
	}
	for name, to := range map[string]*uint64{"since_id": &q.since, "until_id": &q.until} {
		if v.Has(name) {
			if *to, err = strconv.ParseUint(v.Get(name), 10, 63); err != nil {
				return q, "The `" + name + "` query parameter value is not a valid Tweet ID"
			}
		}
	}
	for name, to := range map[string]*time.Time{"start_time": &q.start, "end_time": &q.end} {
		if v.Has(name) {
			if *to, err = time.Parse(time.RFC3339, v.Get(name)); err != nil {
				return q, "The `" + name + "` query parameter value is not a valid RFC3339 time"
			}
		}
	}
	for e := range strings.SplitSeq(v.Get("exclude"), ",") {
		switch e {
		case "replies":
			q.noReplies = true
		case "retweets":
			q.noReposts = true
		case "":
		default:
			return q, "The `exclude` query parameter value [" + e + "] is not one of [replies,retweets]"
		}
	}
	if v.Has("pagination_token") {
		var ok bool
		if q.after, ok = q.open(v.Get("pagination_token")); !ok {
			return q, "The `pagination_token` query parameter value is not valid for this query"
		}
	}
	return q, ""
}

// pageKey is bound to the user and to every parameter but those that may change from page to page.
func (x *Server) pageKey(user string, v url.Values) []byte {
	bound := url.Values{}
	for name, values := range v {
		if name != "pagination_token" && name != "max_results" {
			bound[name] = values
		}
	}
	return mac(x.key, user+"?"+bound.Encode())
}

func mac(key []byte, s string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(s))
	return m.Sum(nil)
}

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz012345").WithPadding(base32.NoPadding)

// token is opaque to a client and good for this query only.
func (q timelineQuery) token(lastID string) string {
	return tokenText.EncodeToString(append(mac(q.key, lastID)[:10], lastID...))
}

func (q timelineQuery) open(token string) (uint64, bool) {
	b, err := tokenText.DecodeString(token)
	if err != nil || len(b) <= 10 || q.token(string(b[10:])) != token {
		return 0, false
	}
	id, err := strconv.ParseUint(string(b[10:]), 10, 64)
	return id, err == nil
}

// pick selects from a whole timeline, newest first, what the query reaches.
func (q timelineQuery) pick(all []Post) []Post {
	all = all[:min(len(all), reachAll)]
	var kept []Post
	for _, p := range all {
		if (!q.noReplies || p.ReplyTo == "") && (!q.noReposts || p.RepostOf == "") {
			kept = append(kept, p)
		}
	}
	if q.noReplies {
		kept = kept[:min(len(kept), reachNoReplies)]
	}
	return slices.DeleteFunc(kept, func(p Post) bool {
		id := p.number()
		return id <= q.since || id >= min(q.until, q.after) ||
			p.At.Before(q.start) || !q.end.IsZero() && !p.At.Before(q.end)
	})
}

// deletePost is DELETE /2/tweets/{id}.
func (x *Server) deletePost(w http.ResponseWriter, r *http.Request) {
	c, ok := x.enter(w, r, endDelete)
	if !ok {
		return
	}
	id := r.PathValue("id")
	switch {
	case c.account.remove(id):
		x.store.Changed()
		web.JSON(w, http.StatusOK, map[string]any{"data": map[string]bool{"deleted": true}})
	case x.ownerOf(id) != nil:
		forbidden(w, "You are not authorized to delete this Tweet.")
	default:
		writeXProblem(w, problem{Title: "Not Found Error", Detail: "Could not find tweet with id: [" + id +
			"].", Type: problemBase + "resource-not-found", Status: http.StatusNotFound})
	}
}

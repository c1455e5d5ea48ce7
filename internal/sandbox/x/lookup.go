package x

import (
	"net/http"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

var endLookup = endpoint{
	"lookup", 900,
	[]string{"tweet.read", "users.read"},
	[]string{"expansions", "ids", "media.fields", "tweet.fields"},
}

// lookUpPosts is GET /2/tweets. What is gone has an error with its id, and the answer is still a 200.
func (x *Server) lookUpPosts(w http.ResponseWriter, r *http.Request) {
	c, ok := x.enter(w, r, endLookup)
	if !ok {
		return
	}
	fields, ok := x.fields(w, r, "tweet.fields", postFields)
	if !ok {
		return
	}
	ids := strings.Split(r.URL.Query().Get("ids"), ",")
	if len(ids) > 100 || slices.ContainsFunc(ids,
		func(id string) bool { return id == "" || strings.Trim(id, "0123456789") != "" }) {
		invalid(w, "The `ids` query parameter must list 1 to 100 ids of posts")
		return
	}
	withMedia, ok := x.wantsMedia(w, r)
	if !ok {
		return
	}
	out := map[string]any{}
	var posts []Post
	var data, gone []map[string]any
	for _, id := range ids {
		if x.hides(c.account, id) {
			gone = append(gone, map[string]any{
				"value": id, "resource_id": id, "resource_type": "tweet", "parameter": "ids", "title": "Authorization Error",
				"detail": "Sorry, you are not authorized to see the Tweet with ids: [" + id + "].",
				"type":   problemBase + "not-authorized-for-resource",
			})
			continue
		}
		if p, post := x.version(id, fields); post != nil {
			data, posts = append(data, post), append(posts, p)
			continue
		}
		gone = append(gone, map[string]any{
			"value": id, "resource_id": id, "resource_type": "tweet", "parameter": "ids", "title": "Not Found Error",
			"detail": "Could not find tweet with ids: [" + id + "].", "type": problemBase + "resource-not-found",
		})
	}
	if data != nil {
		out["data"] = data
	}
	if media := mediaOf(posts); withMedia && len(media) > 0 {
		out["includes"] = map[string]any{"media": media}
	}
	if gone != nil {
		out["errors"] = gone
	}
	web.JSON(w, http.StatusOK, out)
}

// hides reports whether a post belongs to a protected account that is not the caller's own.
func (x *Server) hides(caller *account, id string) bool {
	owner := x.ownerOf(id)
	if owner == nil || owner == caller {
		return false
	}
	owner.mu.Lock()
	defer owner.mu.Unlock()
	return owner.protected
}

// Protect hides a person's posts from everybody else; it reports false for an unknown handle.
func (x *Server) Protect(handle string) bool {
	a := x.account(handle)
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.protected = true
	return true
}

// version is a post that stands, or an earlier version of one, as X shows it; nil when there is none.
func (x *Server) version(id string, fields []string) (p Post, post map[string]any) {
	x.find(func(a *account) bool {
		for _, p = range a.timeline() {
			if p.ID == id || slices.Contains(strings.Fields(p.Earlier), id) {
				post = p.wire(a.ID, fields, x.cfg.NewSpelling)
				post["id"] = id
				return true
			}
		}
		return false
	})
	return p, post
}

// EditPost gives a post another text, as a person can within an hour on X: a new version with an id of its own takes
// its place on the timeline. It returns the new id, or "" where there is no such post.
func (x *Server) EditPost(handle, id, text string) string {
	a := x.account(handle)
	if a == nil {
		return ""
	}
	all := a.timeline()
	i := slices.IndexFunc(all, func(p Post) bool { return p.ID == id })
	if i < 0 || !a.remove(id) {
		return ""
	}
	p := all[i]
	p.Text, p.At, p.Earlier = text, x.store.Now(), strings.TrimSpace(p.Earlier+" "+id)
	return x.AddPost(handle, p)
}

// DeletePost deletes a post of a person, as they can on X; it reports false when there is none.
func (x *Server) DeletePost(handle, id string) bool {
	a := x.account(handle)
	if a == nil || !a.remove(id) {
		return false
	}
	x.store.Changed()
	_ = x.store.Save() // after a failure the next call tries again
	return true
}

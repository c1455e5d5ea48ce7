package xapi

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/fault"
)

// MaxLookup is how many posts one call of [Client.Lookup] may ask for.
const MaxLookup = 100

// Found is what X still shows of posts that were asked for by their ids.
type Found struct {
	Posts []Post
	Gone  []string // ids that X no longer has: deleted, or never there
	Reads int      // posts X delivered and bills; what is gone costs nothing
}

// wireLookup is the answer to a lookup. A post that cannot be shown has an error with its id.
type wireLookup struct {
	wirePage
	Errors []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
		ID    string `json:"resource_id"`
	} `json:"errors"`
}

// Lookup reads posts by their ids, at most [MaxLookup]. A post counts as gone only where X says that it was not found;
// one that X withholds for another reason is neither in Posts nor in Gone. It needs tweet.read and users.read.
func (c *Client) Lookup(ctx context.Context, access string, ids []string) (Found, error) {
	if len(ids) == 0 || len(ids) > MaxLookup || slices.ContainsFunc(ids, notAnID) {
		return Found{}, fault.XUnavailable.Because(errNotAnID)
	}
	var in wireLookup
	q := shown(url.Values{"ids": {strings.Join(ids, ",")}})
	if err := c.get(ctx, "/2/tweets", q, access, &in); err != nil {
		return Found{}, err
	}
	if len(in.Data) == 0 && len(in.Errors) == 0 {
		return Found{}, fault.XUnavailable.Because(ErrMalformed)
	}
	found := Found{Reads: len(in.Data)}
	altTexts := in.altTexts()
	for _, raw := range in.Data {
		if post, ok := decodePost(raw, altTexts); ok {
			found.Posts = append(found.Posts, post)
		}
	}
	for _, e := range in.Errors {
		for _, id := range []string{e.ID, e.Value} {
			if lastSegment(e.Type) == "resource-not-found" && slices.Contains(ids, id) && !slices.Contains(found.Gone, id) {
				found.Gone = append(found.Gone, id)
			}
		}
	}
	return found, nil
}

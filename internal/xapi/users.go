package xapi

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

// User is the X account a token belongs to. ID never changes; Handle and Name may.
type User struct {
	ID        string // digits
	Handle    string // without the @
	Name      string
	AvatarURL string    // may be empty
	CreatedAt time.Time // zero when X does not say
	Verified  bool
	PostCount *int // nil when X does not say
	Followers *int // nil when X does not say
}

// mePath is asked at every sign-in. It is not paused with the reads of posts, which may be refused alone.
const mePath = "/2/users/me"

// Me reads the account a token belongs to. It needs the scopes tweet.read and users.read, and costs one user read.
func (c *Client) Me(ctx context.Context, access string) (User, error) {
	u, err := c.me(ctx, access, "created_at,profile_image_url,public_metrics,verified")
	if err != nil {
		return User{}, err
	}
	count := u.Counts.Posts
	if count == nil {
		count = u.Counts.Tweets
	}
	return User{
		ID: u.ID, Handle: u.Username, Name: u.Name, AvatarURL: u.Avatar, CreatedAt: u.CreatedAt, Verified: u.Verified,
		PostCount: known(count), Followers: known(u.Counts.Followers),
	}, nil
}

// Profile is what stands at the top of an account's page. Any of it may be empty.
type Profile struct{ Name, Bio, Location, Link string }

// Profile reads the profile of the account that a token belongs to. It needs the scopes tweet.read and users.read, and
// costs one user read.
func (c *Client) Profile(ctx context.Context, access string) (Profile, error) {
	u, err := c.me(ctx, access, "description,entities,location,url")
	if err != nil {
		return Profile{}, err
	}
	return Profile{
		Name: html.UnescapeString(u.Name), Bio: html.UnescapeString(u.Entities.Description.expand(u.Bio)),
		Location: html.UnescapeString(u.Location), Link: u.Entities.URL.expand(u.URL),
	}, nil
}

// wireLinks are the links of a text, which X writes as short ones of its own.
type wireLinks struct {
	URLs []struct {
		URL      string `json:"url"`
		Expanded string `json:"expanded_url"`
	} `json:"urls"`
}

// expand puts the links' own addresses into a text.
func (w wireLinks) expand(text string) string {
	for _, l := range w.URLs[:min(len(w.URLs), maxHashtags)] {
		if l.URL != "" && l.Expanded != "" {
			text = strings.ReplaceAll(text, l.URL, l.Expanded)
		}
	}
	return text
}

// Email reads the confirmed e-mail address of the account. It is empty when there is none or the scope users.email was
// not granted: a call of its own, so that its refusal never breaks a sign-in.
func (c *Client) Email(ctx context.Context, access string) (string, error) {
	u, err := c.me(ctx, access, "confirmed_email")
	if errors.Is(err, ErrForbidden) {
		return "", nil
	}
	return u.Email, err
}

type wireUser struct {
	ID        string    `json:"id"`
	Username  string    `json:"username"`
	Name      string    `json:"name"`
	Avatar    string    `json:"profile_image_url"`
	CreatedAt time.Time `json:"created_at"`
	Verified  bool      `json:"verified"`
	Email     string    `json:"confirmed_email"`
	Bio       string    `json:"description"`
	Location  string    `json:"location"`
	URL       string    `json:"url"`
	Entities  struct {
		Description wireLinks `json:"description"`
		URL         wireLinks `json:"url"`
	} `json:"entities"`
	Counts struct {
		Tweets    *int `json:"tweet_count"`
		Posts     *int `json:"post_count"`
		Followers *int `json:"followers_count"`
	} `json:"public_metrics"`
}

func (c *Client) me(ctx context.Context, access, fields string) (wireUser, error) {
	var in struct {
		Data wireUser `json:"data"`
	}
	err := c.get(ctx, mePath, url.Values{"user.fields": {fields}}, access, &in)
	if errors.Is(err, ErrCreditsGone) { // the pause's own advice, to upload an archive, needs a sign-in
		return wireUser{}, fault.XUnavailable.Saying("X does not tell us who you are right now: this server's credits at " +
			"X are used up. Nothing was changed; try again later.").After(creditsPause).Because(err)
	}
	if err == nil && (!isID(in.Data.ID) || in.Data.Username == "") {
		err = fault.XUnavailable.Because(ErrMalformed)
	}
	return in.Data, err
}

// DeletePost deletes one of the account's own posts; gone says that it was not there any more. Somebody else's is
// [ErrForbidden]. It needs the scope tweet.write and is tried once: whether a post still stands after an answer that
// was lost, [Client.Lookup] tells.
func (c *Client) DeletePost(ctx context.Context, access, id string) (gone bool, err error) {
	if !isID(id) {
		return false, fault.XUnavailable.Because(errNotAnID)
	}
	body, err := c.once(ctx, http.MethodDelete, "/2/tweets/"+id, nil, access)
	if r, ok := errors.AsType[*Refused](err); ok && r.Status == http.StatusNotFound {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, confirmDeleted(body)
}

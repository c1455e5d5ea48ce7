package assess

import (
	"cmp"
	"html"
	"net/url"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/archive"
)

// The profile is what people see first. It passes through the pipeline beside the posts, under an id of its own: it is
// screened and judged as they are, and counts as none of them. The advice is to change it: there is nothing to delete.

// ProfileID stands for the profile where posts have their ids.
const ProfileID = "profile"

// The items of a report that are not the text of a post.
const (
	ItemProfile = "profile"  // display name, bio, location or link
	ItemAltText = "alt_text" // the description of a picture of the post
)

// Profile is what stands at the top of an account's page.
type Profile struct{ Name, Bio, Location, Link string }

// maxProfileField is how many code points of each part of a profile are read; X allows 160 at most.
const maxProfileField = 1_000

// ProfileOf is the profile that an archive holds.
func ProfileOf(a *archive.Archive) Profile {
	p := a.Profile()
	return Profile{
		Name: html.UnescapeString(a.Account().DisplayName), Bio: html.UnescapeString(p.Bio),
		Location: html.UnescapeString(p.Location), Link: html.UnescapeString(p.Link),
	}
}

// Post is the profile as the pipeline takes it, among the posts and best before them. The bio comes first, because it
// alone can quote somebody; ok is false when nothing is filled in.
func (p Profile) Post() (out Post, ok bool) {
	beside := []string{}
	for _, s := range []string{p.Name, p.Location, p.Link} {
		if s = firstRunes(strings.TrimSpace(s), maxProfileField); s != "" {
			beside = append(beside, s)
		}
	}
	out = Post{ID: ProfileID}.beside(firstRunes(strings.TrimSpace(p.Bio), maxProfileField), beside)
	return out, out.Text != ""
}

// beside sets the text of a post: its words, and on lines of their own what stands beside them.
func (p Post) beside(words string, others []string) Post {
	words = firstRunes(words, MaxPostLength) // X allows no more, and an archive may hold anything
	p.Text, p.Aside = words, 0
	if len(others) > 0 {
		p.Aside = len(words) + len("\n")
		p.Text += "\n" + firstRunes(strings.Join(others, "\n"), MaxPostLength)
	}
	return p
}

func (p Post) isProfile() bool { return p.ID == ProfileID }

// countPosts is how many of these are posts: the profile is none.
func countPosts(all ...Post) (n int) {
	for _, p := range all {
		if !p.isProfile() {
			n++
		}
	}
	return n
}

// words are the text without what stands beside it.
func (p Post) words() string {
	if p.Aside == 0 {
		return p.Text
	}
	return p.Text[:p.Aside-len("\n")]
}

// valid is the post with its text as valid UTF-8.
func (p Post) valid() Post {
	if p.Aside < 0 || p.Aside > len(p.Text) {
		p.Aside = 0
	}
	words := strings.ToValidUTF8(p.words(), "\uFFFD")
	if p.Aside == 0 {
		p.Text = words
		return p
	}
	return p.beside(words, []string{strings.ToValidUTF8(p.Text[p.Aside:], "\uFFFD")})
}

// itemAt names what begins or goes on at a byte of the text; "" is the text of a post.
func (p Post) itemAt(at int) string {
	switch {
	case p.isProfile():
		return ItemProfile
	case p.Aside > 0 && at >= p.Aside:
		return ItemAltText
	}
	return ""
}

// kindProfile is how a profile is told from posts where it is sent.
const kindProfile = "profile"

func (p Post) kind() string {
	if p.isProfile() {
		return kindProfile
	}
	return ""
}

// aliased is the text of a post as it leaves. Of a profile only the bio does, and the account's name, place and link
// are replaced in it too.
func (p Post) aliased(names []string) aliasedText {
	if !p.isProfile() {
		return alias(p.Text, p.Lang, names)
	}
	if p.Aside > 0 {
		names = slices.Concat(names, strings.Split(p.Text[p.Aside:], "\n"))
	}
	return alias(p.words(), p.Lang, names)
}

// unseen reports whether the model could not see the words of a claim: of a profile only the bio leaves.
func (p Post) unseen(c Claim) bool { return p.isProfile() && p.Aside > 0 && c.End > p.Aside }

// scope names the post among all accounts of a person: two profiles have the same id.
func (p Post) scope(a ReportAccount) string {
	if p.isProfile() {
		return ProfileID + "/" + a.ID
	}
	return p.ID
}

// linkTo is where somebody can look at the post.
func (p Post) linkTo(a ReportAccount) string {
	switch {
	case !p.isProfile():
		return postURL(a, p.ID)
	case a.Handle == "":
		return "https://x.com/i/user/" + url.PathEscape(cmp.Or(a.ID, "0"))
	}
	return "https://x.com/" + url.PathEscape(a.Handle)
}

// OfProfile reports whether a finding stands in the profile.
func (f Finding) OfProfile() bool { return f.Item == ItemProfile }

func inProfile(findings []Finding) []Finding { return only(findings, Finding.OfProfile) }

func outsideProfile(findings []Finding) []Finding {
	return only(findings, func(f Finding) bool { return !f.OfProfile() })
}

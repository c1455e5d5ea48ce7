package archive

import (
	"context"
	"html"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// X cuts posts longer than 280 characters in tweets.js and keeps the whole text in
// note-tweet.js, usually without the post's id. The two are joined on the second
// they were made and on the words the post begins with.

// maxNoteBytes bounds the long texts held in memory: some four thousand of them. When an
// archive has more, the later ones stay as short as X put them in tweets.js.
const maxNoteBytes = 8 << 20

// noteIndex finds the whole text of a shortened post.
type noteIndex struct {
	texts map[int64][]string // by Unix second
	byID  map[string]string  // by the id of the post, where the note tells it
	bytes int
}

// readNotes reads all long posts, within the bound. A file of them that cannot be read leaves posts as short as they
// are.
func (a *Archive) readNotes(ctx context.Context, parts []part) (*noteIndex, error) {
	ix := &noteIndex{texts: map[int64][]string{}, byID: map[string]string{}}
	for _, p := range parts {
		d := decoder{part: p, count: a.skips.add}
		for json, err := range p.blocks(ctx, &a.read, a.skips.add) {
			if err != nil {
				if err = a.partFailed(p, err); err != nil {
					return nil, err
				}
				break
			}
			d.reset(json)
			d.notes(ix)
		}
	}
	return ix, nil
}

// note is one long post.
type note struct {
	id   string // of the post; usually unknown
	at   time.Time
	text string
}

// notes adds the block's long posts to ix.
func (d *decoder) notes(ix *noteIndex) {
	for {
		var n note
		begin := func() { n = note{} }
		member := func(name []byte) error { return d.note(&n, name, 0) }
		ok, end := d.entry(begin, member, func() (string, string) { return "", n.id })
		if end {
			return
		}
		if ok {
			n.text = html.UnescapeString(n.text)
			ix.add(n)
		}
	}
}

// note decodes a member of a long post, which X wraps in "noteTweet" and whose text it wraps in "core", or does not.
func (d *decoder) note(n *note, name []byte, depth int) (err error) {
	switch string(name) {
	case `"createdAt"`, `"created_at"`:
		n.at, err = d.time(noteTimes...)
	case `"tweetId"`, `"tweet_id"`, `"postId"`, `"post_id"`:
		n.id, err = d.id()
	case `"text"`:
		n.text, err = d.text()
	case `"noteTweet"`, `"core"`:
		if depth == maxWrapped {
			return d.skip()
		}
		return d.object(func(name []byte) error { return d.note(n, name, depth+1) })
	default:
		return d.skip()
	}
	return err
}

// maxOfSecond is how many long posts without an id are kept of one second: each post of that second is compared with
// all.
const maxOfSecond = 8

func (ix *noteIndex) add(n note) {
	const overhead = 64 // of the map and the string's header
	if n.text == "" || ix.bytes+len(n.text)+overhead > maxNoteBytes {
		return
	}
	switch {
	case n.id != "":
		ix.byID[n.id] = n.text
	case !n.at.IsZero() && len(ix.texts[n.at.Unix()]) < maxOfSecond:
		ix.texts[n.at.Unix()] = append(ix.texts[n.at.Unix()], n.text)
	default:
		return
	}
	ix.bytes += len(n.text) + overhead
}

// minCut is the shortest text that can be what X left of a long post: 140 wide characters, less a link.
const minCut = 100

var (
	mentions = regexp.MustCompile(`^(?:@\w+\s+)+`)
	links    = regexp.MustCompile(`https?://\S*`)
)

// whole returns the whole text of a post: of the long post that tells its id, or of one made at the same time that
// begins with the same words. Without one it is the text that the post has.
func (ix *noteIndex) whole(p Post) string {
	text, at := p.Text, p.PostedAt
	if note, ok := ix.byID[p.ID]; ok && len(note) > len(text) {
		return note
	}
	if len(ix.texts) == 0 || utf8.RuneCountInString(text) < minCut {
		return text
	}
	to := mentions.FindString(text) // a reply's own text may lack whom it answers
	start := strings.TrimRight(withoutLinks(text[len(to):]), "… \n")
	for _, second := range [...]int64{0, -1, 1} {
		for _, note := range ix.texts[at.Unix()+second] {
			said := note[len(mentions.FindString(note)):]
			if len(to)+len(said) > len(text) && strings.HasPrefix(withoutLinks(said), start) {
				return to + said
			}
		}
	}
	return text
}

// withoutLinks drops links, which the two files may write differently or cut off.
func withoutLinks(s string) string { return links.ReplaceAllString(s, "") }

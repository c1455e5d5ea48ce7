package archive

import (
	"context"
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
	"sync/atomic"
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
	bytes int
}

// readNotes reads all long posts, within the bound.
func readNotes(ctx context.Context, parts []part, read *atomic.Int64) (*noteIndex, error) {
	ix := &noteIndex{texts: map[int64][]string{}}
	for _, p := range parts {
		d := decoder{part: p}
		for json, err := range p.blocks(ctx, read) {
			if err != nil {
				return nil, err
			}
			d.reset(json)
			if err := d.notes(ix); err != nil {
				return nil, err
			}
		}
	}
	return ix, nil
}

// notes adds the block's long posts to ix.
func (d *decoder) notes(ix *noteIndex) error {
	for ; ; d.count++ {
		var at time.Time
		var text string
		err := d.object(func(name []byte) error {
			if string(name) != `"noteTweet"` {
				return d.skip()
			}
			return d.object(func(name []byte) error { return d.note(name, &at, &text) })
		})
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		ix.add(at, html.UnescapeString(text))
	}
}

func (d *decoder) note(name []byte, at *time.Time, text *string) (err error) {
	switch string(name) {
	case `"createdAt"`:
		*at, err = d.time(time.RFC3339)
		return err
	case `"core"`:
		return d.object(func(name []byte) error {
			if string(name) != `"text"` {
				return d.skip()
			}
			*text, err = d.text()
			return err
		})
	}
	return d.skip()
}

func (ix *noteIndex) add(at time.Time, text string) {
	const overhead = 64 // of the map and the string's header
	if at.IsZero() || text == "" {
		return
	}
	if ix.bytes+len(text)+overhead > maxNoteBytes {
		return
	}
	ix.bytes += len(text) + overhead
	ix.texts[at.Unix()] = append(ix.texts[at.Unix()], text)
}

// minCut is the shortest text that can be what X left of a long post: 140 wide characters, less a link.
const minCut = 100

var (
	mentions = regexp.MustCompile(`^(?:@\w+\s+)+`)
	links    = regexp.MustCompile(`https?://\S*`)
)

// whole returns the whole text of a post made at a time that begins with text, or text itself.
func (ix *noteIndex) whole(at time.Time, text string) string {
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

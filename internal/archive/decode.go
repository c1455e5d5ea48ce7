package archive

import (
	"bytes"
	"context"
	"errors"
	"html"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// readPosts decodes the posts of parts, in order, and stops after the first error.
func readPosts(ctx context.Context, parts []part, read *atomic.Int64) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		for _, p := range parts {
			d := decoder{part: p}
			for json, err := range p.blocks(ctx, read) {
				if err != nil {
					yield(Post{}, err)
					return
				}
				d.reset(json)
				for post, err := range d.posts() {
					if !yield(post, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// decoder reads the JSON objects of one part's blocks, token by token. Names it
// does not know are skipped, whatever they hold.
type decoder struct {
	jsontext.Decoder
	part    part
	count   int    // objects decoded
	scratch []byte // the last string, unquoted
}

// reset points the decoder at the next block. jsontext reads a bytes.Buffer in place.
func (d *decoder) reset(json []byte) {
	// A repeated name or half an emoji in one post is no reason to refuse the archive.
	d.Reset(bytes.NewBuffer(json), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// posts decodes the block's objects.
func (d *decoder) posts() iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		for {
			p := Post{Deleted: d.part.kind == kindDeleted, Community: d.part.kind == kindCommunity}
			err := d.object(func(name []byte) error { return d.member(&p, name, true) })
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && !digits(p.ID) {
				err = badID(d.part, d.count)
			}
			if err != nil {
				yield(Post{}, err)
				return
			}
			d.count++
			p.Text = html.UnescapeString(p.Text)
			p.Repost = strings.HasPrefix(p.Text, "RT @")
			if !yield(p, nil) {
				return
			}
		}
	}
}

// member decodes one member of a post. Since 2019 a post is wrapped as {"tweet": {…}}.
func (d *decoder) member(p *Post, name []byte, outer bool) (err error) {
	switch string(name) {
	case `"tweet"`:
		if !outer {
			return d.skip()
		}
		return d.object(func(name []byte) error { return d.member(p, name, false) })
	case `"id_str"`:
		p.ID, err = d.text()
	case `"id"`:
		if p.ID != "" {
			return d.skip()
		}
		p.ID, err = d.text()
	case `"full_text"`, `"text"`:
		p.Text, err = d.text()
	case `"lang"`:
		p.Lang, err = d.text()
	case `"created_at"`:
		p.PostedAt, err = d.time(time.RubyDate)
	case `"favorite_count"`:
		p.Likes, err = d.number()
	case `"retweet_count"`:
		p.Reposts, err = d.number()
	case `"in_reply_to_status_id_str"`:
		p.ReplyToID, err = d.id()
	case `"in_reply_to_status_id"`:
		if p.ReplyToID != "" {
			return d.skip()
		}
		p.ReplyToID, err = d.id()
	case `"entities"`, `"extended_entities"`:
		return d.object(func(name []byte) error { return d.entity(p, name) })
	default:
		return d.skip()
	}
	return err
}

// entity decodes one member of entities or extended_entities; the latter lists all
// the media, the former only the first.
func (d *decoder) entity(p *Post, name []byte) error {
	switch string(name) {
	case `"media"`:
		n := 0
		err := d.array(func() error { n++; return d.skip() })
		p.Media = max(p.Media, n)
		return err
	case `"hashtags"`:
		return d.array(func() error { return d.object(func(name []byte) error { return d.hashtag(p, name) }) })
	}
	return d.skip()
}

func (d *decoder) hashtag(p *Post, name []byte) error {
	if string(name) != `"text"` {
		return d.skip()
	}
	tag, err := d.text()
	if tag != "" {
		p.Hashtags = append(p.Hashtags, tag)
	}
	return err
}

// object gives each member's quoted name to f, which must consume its value. A value
// that is no object is skipped. At the end of a block it returns [io.EOF].
func (d *decoder) object(f func(name []byte) error) error {
	switch d.PeekKind() {
	case '{':
	case jsontext.KindInvalid:
		if _, err := d.ReadToken(); !errors.Is(err, io.EOF) || d.StackDepth() > 0 {
			return badJSON(d.part, d.count)
		}
		return io.EOF
	default:
		return d.skip()
	}
	return d.within(func() error {
		name, err := d.ReadValue()
		if err != nil {
			return badJSON(d.part, d.count)
		}
		return f(name)
	})
}

// array calls f before each element, which f must consume.
func (d *decoder) array(f func() error) error {
	if d.PeekKind() != '[' {
		return d.skip()
	}
	return d.within(f)
}

// within reads an opening token, calls each until the closing one, and reads that.
func (d *decoder) within(each func() error) error {
	if _, err := d.ReadToken(); err != nil {
		return badJSON(d.part, d.count)
	}
	for {
		switch d.PeekKind() {
		case '}', ']', jsontext.KindInvalid:
			if _, err := d.ReadToken(); err != nil {
				return badJSON(d.part, d.count)
			}
			return nil
		}
		if err := each(); err != nil {
			return err
		}
	}
}

func (d *decoder) skip() error {
	if err := d.SkipValue(); err != nil {
		return badJSON(d.part, d.count)
	}
	return nil
}

// scalar is a string unquoted or a number as written, valid until the next call;
// anything else is empty.
func (d *decoder) scalar() ([]byte, error) {
	v, err := d.ReadValue()
	if err != nil {
		return nil, badJSON(d.part, d.count)
	}
	switch v.Kind() {
	case '"':
		// The error tells of bad UTF-8, which has been replaced.
		d.scratch, _ = jsontext.AppendUnquote(d.scratch[:0], v)
		return d.scratch, nil
	case '0':
		return v, nil
	}
	return nil, nil
}

func (d *decoder) text() (string, error) {
	b, err := d.scalar()
	return string(b), err
}

func (d *decoder) id() (string, error) {
	s, err := d.text()
	if !digits(s) {
		return "", err
	}
	return s, err
}

// number is nil for what is no count.
func (d *decoder) number() (*int, error) {
	b, err := d.scalar()
	n, wrong := strconv.ParseUint(string(b), 10, 31)
	if wrong != nil {
		return nil, err
	}
	return new(int(n)), err
}

// time is zero for null or "", and refuses what is no time of the given layout.
func (d *decoder) time(layout string) (time.Time, error) {
	b, err := d.scalar()
	if err != nil || len(b) == 0 {
		return time.Time{}, err
	}
	t, wrong := time.Parse(layout, string(b))
	if wrong != nil || t.Year() < 2006 || t.Year() > 9999 {
		return time.Time{}, badDate(d.part, d.count)
	}
	return t.UTC(), nil
}

// digits reports whether s can be an id.
func digits(s string) bool {
	return len(s) > 0 && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}

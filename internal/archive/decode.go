package archive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"html"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// readPosts decodes the posts of parts, in order. It ends with an error where the disk or ctx fails; what is wrong
// with a part or an entry is skipped and counted.
func (a *Archive) readPosts(ctx context.Context, parts []part) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		for _, p := range parts {
			posts := a.scripted
			if p.kind == kindTable {
				posts = a.rows
			}
			for post, err := range posts(ctx, p, &a.read) {
				if !yield(post, err) || err != nil {
					return
				}
			}
		}
	}
}

// scripted reads the posts of a part that is a script.
func (a *Archive) scripted(ctx context.Context, p part, read *atomic.Int64) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		d := decoder{part: p, count: a.skips.add}
		for json, err := range p.blocks(ctx, read, a.skips.add) {
			if err != nil {
				if err = a.partFailed(p, err); err != nil {
					yield(Post{}, err)
				}
				return
			}
			d.reset(json)
			for post := range d.posts() {
				if !yield(post, nil) {
					return
				}
			}
		}
	}
}

// partFailed counts what is wrong with a part, and gives back what is wrong with the disk or the run.
func (a *Archive) partFailed(p part, err error) error {
	err = readFailed(p, err)
	if errors.Is(err, errOutside) {
		return err
	}
	a.skips.add(skipRest(p, err))
	return nil
}

// decoder reads the JSON objects of one part's blocks, token by token. Names it
// does not know are skipped, whatever they hold.
type decoder struct {
	jsontext.Decoder
	part    part
	count   func(Skip)
	block   []byte
	from    int    // where in block the decoder began
	again   int    // beginnings found inside of the present broken entry
	scratch []byte // the last string, unquoted
	wrong   string // why the present entry cannot be used
}

// errBroken says that an entry is no JSON.
var errBroken = errors.New("archive: broken JSON")

// reset points the decoder at the next block.
func (d *decoder) reset(json []byte) {
	d.block = json
	d.begin(0)
}

// begin reads on from an offset of the block. jsontext reads a bytes.Buffer in place.
func (d *decoder) begin(at int) {
	d.from = at
	// A repeated name or half an emoji in one post is no reason to skip it.
	d.Reset(bytes.NewBuffer(d.block[at:]), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// posts decodes the block's objects.
func (d *decoder) posts() iter.Seq[Post] {
	return func(yield func(Post) bool) {
		for {
			r := reading{Post: Post{Deleted: d.part.kind == kindDeleted, Community: d.part.kind == kindCommunity}}
			ok, end := d.entry(func(name []byte) error { return d.member(&r, name, true) }, r.check)
			if end {
				return
			}
			if !ok {
				continue
			}
			r.finish(r.reposted)
			if !yield(r.Post) {
				return
			}
		}
	}
}

// entry reads one entry of the block, and counts it as skipped where it cannot be used. check tells what it lacks.
func (d *decoder) entry(member func(name []byte) error, check func() (reason, id string)) (ok, end bool) {
	start := d.from + int(d.InputOffset())
	d.wrong = ""
	err := d.object(member)
	if errors.Is(err, io.EOF) {
		return false, true
	}
	if err != nil {
		d.recover(start)
		return false, false
	}
	d.again = 0
	reason, id := check()
	if reason = cmp.Or(reason, d.wrong); reason == "" {
		return true, false
	}
	d.count(skipped(d.part, reason, id))
	return false, false
}

// recover reads on behind a broken entry, or with the entry inside of it: a missing bracket makes one of two.
func (d *decoder) recover(start int) {
	rest := bytes.TrimLeft(d.block[start:], " \n\r\t")
	start = len(d.block) - len(rest)
	if len(rest) > 0 && rest[0] != '{' { // what stood between two entries that were taken for one
		at := bytes.IndexByte(rest, '{')
		if at < 0 {
			at = len(rest)
		}
		d.begin(start + at)
		return
	}
	d.count(skipped(d.part, reasonJSON, ""))
	n := elementEnd(rest)
	if n < 0 {
		n = len(rest)
	}
	if d.again++; d.again <= maxSearches && n > 0 {
		if next := element.FindIndex(rest[1:n]); next != nil {
			d.begin(start + 1 + next[0])
			return
		}
	}
	d.again = 0
	d.begin(start + n)
}

// reading is a post while it is read.
type reading struct {
	Post
	whole    bool     // its text is the whole one of a post that X shortened
	reposted bool     // the post holds the one that it reposts
	versions []string // ids of all versions of an edited post
}

// check says why a post cannot be used.
func (r *reading) check() (reason, id string) {
	if !digits(r.ID) {
		return reasonID, ""
	}
	for _, v := range r.versions {
		if laterID(v, r.ID) {
			r.Outdated = true
		}
	}
	return "", r.ID
}

// laterID reports whether a is a later id than b.
func laterID(a, b string) bool {
	return digits(a) && cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) > 0
}

// finish unescapes the text and mends a date from before X existed, which X itself has written into some archives.
func (p *Post) finish(reposted bool) {
	p.Text = html.UnescapeString(p.Text)
	for i := range p.AltTexts {
		p.AltTexts[i] = html.UnescapeString(p.AltTexts[i])
	}
	p.Repost = reposted || strings.HasPrefix(p.Text, "RT @")
	if !p.PostedAt.IsZero() && p.PostedAt.Year() < firstYear {
		p.PostedAt = timeOf(p.ID)
	}
}

// firstYear is when X began.
const firstYear = 2006

// timeOf is when X gave out an id; zero for ids from before November 2010, which do not tell.
func timeOf(id string) time.Time {
	const epoch, first = 1288834974657, 1 << 35
	n, err := strconv.ParseUint(id, 10, 63)
	if err != nil || n < first {
		return time.Time{}
	}
	return time.UnixMilli(int64(n>>22) + epoch).UTC()
}

// member decodes one member of a post. Since 2019 a post is wrapped as {"tweet": {…}}.
func (d *decoder) member(p *reading, name []byte, outer bool) (err error) {
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
		if p.whole {
			return d.skip()
		}
		p.Text, err = d.text()
	case `"extended_tweet"`, `"note_tweet"`, `"note_post"`:
		return d.object(func(name []byte) error { return d.longer(p, name, 0) })
	case `"retweeted_status"`, `"retweeted_status_result"`:
		p.reposted = d.PeekKind() == '{'
		return d.skip()
	case `"edit_info"`:
		return d.object(func(name []byte) error { return d.edit(p, name, 0) })
	case `"lang"`:
		p.Lang, err = d.text()
	case `"created_at"`:
		p.PostedAt, err = d.time(d.part.layouts()...)
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

// longer decodes the whole text of a post that X shortened. The text may lie some objects deep.
func (d *decoder) longer(p *reading, name []byte, depth int) (err error) {
	switch string(name) {
	case `"full_text"`, `"text"`:
		text, err := d.text()
		if len(text) > 0 {
			p.Text, p.whole = text, true
		}
		return err
	case `"entities"`, `"extended_entities"`:
		return d.object(func(name []byte) error { return d.entity(p, name) })
	case `"note_tweet_results"`, `"result"`, `"core"`:
		if depth < maxWrapped {
			return d.object(func(name []byte) error { return d.longer(p, name, depth+1) })
		}
	}
	return d.skip()
}

// maxWrapped is how many objects lie around a whole text or a list of versions.
const maxWrapped = 3

// edit collects the ids of the versions of an edited post.
func (d *decoder) edit(p *reading, name []byte, depth int) error {
	switch string(name) {
	case `"editTweetIds"`, `"edit_tweet_ids"`:
		return d.array(func() error {
			id, err := d.id()
			if id != "" && len(p.versions) < maxVersions {
				p.versions = append(p.versions, id)
			}
			return err
		})
	case `"initial"`, `"edit"`, `"editControlInitial"`, `"edit_control_initial"`:
		if depth < maxWrapped {
			return d.object(func(name []byte) error { return d.edit(p, name, depth+1) })
		}
	}
	return d.skip()
}

const maxVersions = 64 // X allows five edits

// entity decodes one member of entities or extended_entities; the latter lists all
// the media, the former only the first.
func (d *decoder) entity(p *reading, name []byte) error {
	switch string(name) {
	case `"media"`:
		n := 0
		err := d.array(func() error {
			n++
			return d.object(func(name []byte) error { return d.medium(p, name) })
		})
		p.Media = max(p.Media, n)
		return err
	case `"hashtags"`:
		return d.array(func() error { return d.object(func(name []byte) error { return d.hashtag(p, name) }) })
	}
	return d.skip()
}

// medium reads what the author wrote to describe a picture.
func (d *decoder) medium(p *reading, name []byte) error {
	if string(name) != `"ext_alt_text"` && string(name) != `"alt_text"` {
		return d.skip()
	}
	alt, err := d.text()
	if alt != "" && len(p.AltTexts) < maxMedia && !slices.Contains(p.AltTexts, alt) {
		p.AltTexts = append(p.AltTexts, alt)
	}
	return err
}

const (
	maxMedia    = 16 // X allows four pictures
	maxHashtags = 64 // each is compared with those before
)

func (d *decoder) hashtag(p *reading, name []byte) error {
	if string(name) != `"text"` {
		return d.skip()
	}
	tag, err := d.text()
	if tag != "" && len(p.Hashtags) < maxHashtags && !slices.Contains(p.Hashtags, tag) {
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
			return errBroken
		}
		return io.EOF
	default:
		return d.skip()
	}
	return d.within(func() error {
		name, err := d.ReadValue()
		if err != nil {
			return errBroken
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
		return errBroken
	}
	for {
		switch d.PeekKind() {
		case '}', ']', jsontext.KindInvalid:
			if _, err := d.ReadToken(); err != nil {
				return errBroken
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
		return errBroken
	}
	return nil
}

// scalar is a string unquoted or a number as written, valid until the next call;
// anything else is empty.
func (d *decoder) scalar() ([]byte, error) {
	v, err := d.ReadValue()
	if err != nil {
		return nil, errBroken
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

// time is zero for null or "". What is no time of these layouts makes the entry unusable.
func (d *decoder) time(layouts ...string) (time.Time, error) {
	b, err := d.scalar()
	if err != nil || len(b) == 0 {
		return time.Time{}, err
	}
	for _, layout := range layouts {
		if t, wrong := time.Parse(layout, string(b)); wrong == nil && t.Year() <= 9999 {
			return t.UTC(), nil
		}
	}
	d.wrong = reasonDate
	return time.Time{}, nil
}

// layouts are how the part writes dates.
func (p part) layouts() []string {
	if p.kind == kindMonth {
		return monthTimes
	}
	return postTimes
}

var (
	postTimes  = []string{time.RubyDate}
	monthTimes = []string{tableTime, time.RubyDate}
	noteTimes  = []string{time.RFC3339, time.RubyDate}
)

// digits reports whether s can be an id.
func digits(s string) bool {
	return len(s) > 0 && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}

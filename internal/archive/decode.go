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
	"unicode/utf8"

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

// decoder reads the JSON objects of one part's blocks. Names it does not know are skipped, whatever they hold.
//
// Each entry is read by swift, and where that does not know it, anew by jsontext.
type decoder struct {
	jsontext.Decoder
	swift   swift
	slow    bool // jsontext reads the present entry
	always  bool // it reads every entry, for tests that compare the two
	part    part
	count   func(Skip)
	block   []byte
	at      int               // where in block the next entry begins
	again   int               // beginnings found inside of the present broken entry
	scratch []byte            // the last string, unquoted
	wrong   string            // why the present entry cannot be used
	langs   map[string]string // the labels of languages that came, so that each is kept in memory once
}

// errBroken says that an entry is no JSON.
var errBroken = errors.New("archive: broken JSON")

// reset points the decoder at the next block.
func (d *decoder) reset(json []byte) {
	d.block, d.at = json, 0
}

// posts decodes the block's objects.
func (d *decoder) posts() iter.Seq[Post] {
	return func(yield func(Post) bool) {
		for {
			var r reading
			begin := func() {
				r = reading{Post: Post{Deleted: d.part.kind == kindDeleted, Community: d.part.kind == kindCommunity}}
			}
			ok, end := d.entry(begin, func(name []byte) error { return d.member(&r, name, true) }, r.check)
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

// entry reads one entry of the block, and counts it as skipped where it cannot be used. begin makes ready for it,
// perhaps twice; check tells what it lacks.
func (d *decoder) entry(
	begin func(), member func(name []byte) error, check func() (reason, id string),
) (ok, end bool) {
	start := d.at
	err := errOdd
	if !d.always {
		begin()
		err = d.swiftly(member)
	}
	if errors.Is(err, errOdd) {
		begin()
		err = d.slowly(member)
	}
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

// swiftly reads the entry that comes next if it is as X writes it.
func (d *decoder) swiftly(member func(name []byte) error) error {
	d.slow, d.wrong = false, ""
	d.swift = swift{b: d.block, at: d.at}
	d.swift.blanks()
	if d.swift.byte() != '{' {
		return errOdd
	}
	if err := d.object(member); err != nil {
		return err
	}
	d.at = d.swift.at
	return nil
}

// slowly reads the entry that comes next with jsontext, which reads a bytes.Buffer in place. At the end of the block
// it returns [io.EOF].
func (d *decoder) slowly(member func(name []byte) error) error {
	d.slow, d.wrong = true, ""
	// A repeated name or half an emoji in one post is no reason to skip it.
	d.Reset(bytes.NewBuffer(d.block[d.at:]), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := d.object(member); err != nil {
		return err
	}
	d.at += int(d.InputOffset())
	return nil
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
		d.at = start + at
		return
	}
	d.count(skipped(d.part, reasonJSON, ""))
	n := elementEnd(rest)
	if n < 0 {
		n = len(rest)
	}
	if d.again++; d.again <= maxSearches && n > 0 {
		if next := element.FindIndex(rest[1:n]); next != nil {
			d.at = start + 1 + next[0]
			return
		}
	}
	d.again = 0
	d.at = start + n
}

// reading is a post while it is read.
type reading struct {
	Post
	whole    bool            // its text is the whole one of a post that X shortened
	reposted bool            // the post holds the one that it reposts
	versions int             // of an edited post
	latest   [maxDigits]byte // the id of the latest of them, its first digits bytes
	digits   int
}

// check says why a post cannot be used.
func (r *reading) check() (reason, id string) {
	if !digits(r.ID) {
		return reasonID, ""
	}
	r.Outdated = laterID(string(r.latest[:r.digits]), r.ID)
	return "", r.ID
}

// version notes the id of a version of an edited post.
func (r *reading) version(id []byte) {
	if r.versions++; laterID(string(id), string(r.latest[:r.digits])) {
		r.digits = copy(r.latest[:], id)
	}
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
		p.reposted = d.kind() == '{'
		return d.skip()
	case `"edit_info"`:
		return d.object(func(name []byte) error { return d.edit(p, name, 0) })
	case `"lang"`:
		p.Lang, err = d.lang()
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
			id, err := d.scalar()
			if digits(id) && p.versions < maxVersions {
				p.version(id)
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
	switch d.kind() {
	case '{':
	case jsontext.KindInvalid:
		if !d.slow {
			return errOdd
		}
		if _, err := d.ReadToken(); !errors.Is(err, io.EOF) || d.StackDepth() > 0 {
			return errBroken
		}
		return io.EOF
	default:
		return d.skip()
	}
	return d.within('}', func() error {
		name, err := d.name()
		if err != nil {
			return err
		}
		return f(name)
	})
}

// array calls f before each element, which f must consume.
func (d *decoder) array(f func() error) error {
	if d.kind() != '[' {
		return d.skip()
	}
	return d.within(']', f)
}

// kind is that of the next value.
func (d *decoder) kind() jsontext.Kind {
	if !d.slow {
		return d.swift.kind()
	}
	return d.PeekKind()
}

// name reads the quoted name of a member.
func (d *decoder) name() ([]byte, error) {
	if !d.slow {
		return d.swift.name()
	}
	name, err := d.ReadValue()
	if err != nil {
		return nil, errBroken
	}
	return name, nil
}

// within reads an opening token, calls each until the closing one, and reads that.
func (d *decoder) within(closing byte, each func() error) error {
	if !d.slow {
		return d.swift.within(closing, each)
	}
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
	if !d.slow {
		return d.swift.skip()
	}
	if err := d.SkipValue(); err != nil {
		return errBroken
	}
	return nil
}

// scalar is a string unquoted or a number as written, valid until the next call;
// anything else is empty.
func (d *decoder) scalar() ([]byte, error) {
	if !d.slow {
		return d.swiftScalar()
	}
	v, err := d.ReadValue()
	if err != nil {
		return nil, errBroken
	}
	return d.unquoted(v), nil
}

func (d *decoder) swiftScalar() ([]byte, error) {
	if k := d.kind(); k == '{' || k == '[' {
		return nil, d.skip()
	}
	v, plain, err := d.swift.scalar()
	switch {
	case err != nil:
		return nil, err
	case plain && utf8.Valid(v):
		return v[1 : len(v)-1], nil
	}
	return d.unquoted(v), nil
}

// unquoted is what a string says, or a number as it is written.
func (d *decoder) unquoted(v jsontext.Value) []byte {
	switch v.Kind() {
	case '"':
		// The error tells of bad UTF-8, which has been replaced.
		d.scratch, _ = jsontext.AppendUnquote(d.scratch[:0], v)
		return d.scratch
	case '0':
		return v
	}
	return nil
}

func (d *decoder) text() (string, error) {
	b, err := d.scalar()
	return string(b), err
}

// lang is the label of a language. Each is kept in memory once, as long as they are as few and short as those of X.
func (d *decoder) lang() (string, error) {
	const most, longest = 128, 16
	b, err := d.scalar()
	if known, ok := d.langs[string(b)]; ok {
		return known, err
	}
	label := string(b)
	if len(d.langs) < most && len(b) <= longest {
		if d.langs == nil {
			d.langs = map[string]string{}
		}
		d.langs[label] = label
	}
	return label, err
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
	if t, ok := rubyDate(b); ok {
		return t, nil
	}
	for _, layout := range layouts {
		if t, wrong := time.Parse(layout, string(b)); wrong == nil && t.Year() <= 9999 {
			return t.UTC(), nil
		}
	}
	d.wrong = reasonDate
	return time.Time{}, nil
}

// rubyDate reads [time.RubyDate] as X writes it, such as "Sat Feb 18 12:33:11 +0000 2023", in a tenth of the time. It
// is false for what it does not know, which [time.Parse] then looks at: the end of a month, too.
func rubyDate(b []byte) (time.Time, bool) {
	const days, months = "Sun Mon Tue Wed Thu Fri Sat ", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec "
	if len(b) != len(time.RubyDate) || b[13] != ':' || b[16] != ':' || string(b[19:26]) != " +0000 " ||
		b[10] != ' ' || strings.Index(days, string(b[:4]))%4 != 0 {
		return time.Time{}, false
	}
	month := strings.Index(months, string(b[4:8]))
	day, hour, minute, second := twoDigits(b[8:]), twoDigits(b[11:]), twoDigits(b[14:]), twoDigits(b[17:])
	century, year := twoDigits(b[26:]), twoDigits(b[28:])
	if month%4 != 0 || min(day-1, hour, minute, second, century, year) < 0 ||
		day > 28 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	return time.Date(100*century+year, time.Month(month/4+1), day, hour, minute, second, 0, time.UTC), true
}

// twoDigits is the number that b begins with, negative if it begins with none of two digits.
func twoDigits(b []byte) int {
	if b[0] < '0' || b[0] > '9' || b[1] < '0' || b[1] > '9' {
		return -1
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
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

// maxDigits is the most that an id has.
const maxDigits = 20

// digits reports whether s can be an id.
func digits[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxDigits
}

package archive

import (
	"bytes"
	"io"
	"regexp"
)

// cutter cuts the array of one part between its elements, without looking into
// them: a malformed element is found by whoever decodes it. What is no element is
// blanked and counted. Each byte is looked at a bounded number of times.
type cutter struct {
	part     part
	in       io.Reader
	skip     func(Skip)
	rest     []byte // read, not yet given out
	inside   bool   // the array has begun
	closed   bool   // the array has ended; what follows is not read
	junk     bool   // the last byte was no part of an array
	lost     bool   // in an element without end, until the next one is recognised
	why      string // the reason to give for that element
	eof      bool   // in has no more
	searches int    // of a way out of an element without end
	said     bool   // what stands behind the array was told
}

// maxSearches is how often the bytes of an element without end are searched for the
// next one; then they are dropped whole.
const maxSearches = 16

// next returns the next block, in buf or in a larger buffer, and [io.EOF] after the last.
func (c *cutter) next(buf []byte) ([]byte, error) {
	buf = append(buf[:0], c.rest...)
	c.rest = c.rest[:0]
	for {
		var err error
		if buf, err = c.fill(buf); err != nil {
			return nil, err
		}
		if !c.inside {
			if buf, err = c.skipPrefix(buf); err != nil {
				return nil, err
			}
		}
		if c.lost {
			if buf = c.find(buf); c.lost && !c.eof {
				continue
			}
			if c.lost {
				return nil, c.lostEnd()
			}
		}
		end := c.scan(buf)
		switch {
		case end > 0:
			c.rest = append(c.rest, buf[end:]...)
			return buf[:end], nil
		case len(buf) >= maxElement || c.eof && len(buf) > 0:
			buf = c.giveUp(buf)
		case c.eof && !c.closed:
			return nil, cutShort(c.part, io.ErrUnexpectedEOF)
		case c.eof:
			return nil, io.EOF
		}
	}
}

// fill reads until buf is full or the part ends; a full buffer is doubled first.
func (c *cutter) fill(buf []byte) ([]byte, error) {
	if len(buf) == cap(buf) {
		buf = append(make([]byte, 0, max(blockSize, 2*len(buf))), buf...)
	}
	for len(buf) < cap(buf) && !c.eof {
		n, err := c.in.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			c.eof = true
		} else if err != nil {
			return nil, readFailed(c.part, err)
		}
	}
	return buf, nil
}

var assignment = regexp.MustCompile(
	`^\x{FEFF}?\s*(?:window\.YTD\.([a-z_]+)\.part[0-9]{1,4}|Grailbird\.data\.(tweets_[0-9_]{7}))\s*=\s*\[`)

// skipPrefix drops `window.YTD.tweets.part0 = [`. A file that says it holds other
// data than its name promises is not read: it may be somebody's messages.
func (c *cutter) skipPrefix(buf []byte) ([]byte, error) {
	if len(buf) == 0 {
		return nil, cutShort(c.part, io.ErrUnexpectedEOF)
	}
	m := assignment.FindSubmatch(buf[:min(len(buf), maxPrefix)])
	if m == nil || !c.part.named(string(m[1])+string(m[2])) {
		return nil, wrongPrefix(c.part)
	}
	c.inside = true
	return append(buf[:0], buf[len(m[0]):]...), nil
}

// named reports whether the data of this name belong into the part.
func (p part) named(inner string) bool {
	return inner == p.inner || p.kind == kindPosts && (inner == "tweet" || inner == "tweets")
}

// scan tells how much of b can be given out: everything before an element that
// goes on behind b. It blanks what stands between elements.
func (c *cutter) scan(b []byte) int {
	for i := 0; i < len(b); i++ {
		switch ch := b[i]; {
		case ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t':
		case c.closed && ch == '{' && !c.eof && len(b)-i < maxMark:
			return i
		case c.closed && !(ch == '{' && marked(b[i:])):
			c.behind(ch)
			b[i] = ' '
		case ch == '{':
			c.closed = false // what looked like the end was a stray bracket
			n := elementEnd(b[i:])
			if n < 0 {
				return i
			}
			if n > maxElement {
				c.skip(skipped(c.part, reasonLong, ""))
				blank(b[i : i+n])
			}
			c.junk = false
			i += n - 1
		case ch == ',':
			c.junk = false
			b[i] = ' '
		case ch == ']':
			c.closed = true
			b[i] = ' '
		default:
			c.unexpected()
			b[i] = ' '
		}
	}
	return len(b)
}

// unexpected counts a run of bytes that are no element, once.
func (c *cutter) unexpected() {
	if !c.junk {
		c.skip(skipped(c.part, reasonJSON, ""))
	}
	c.junk = true
}

// behind tells, once, that something stands behind the array.
func (c *cutter) behind(ch byte) {
	if ch != ';' && !c.said {
		c.said = true
		c.skip(skipped(c.part, reasonJSON, ""))
	}
}

func blank(b []byte) {
	for i := range b {
		b[i] = ' '
	}
}

// element is how X begins each element, such as `{ "tweet" : {`. Posts before 2019 have no such mark.
var element = regexp.MustCompile(`\{\s{0,16}"(?:tweet|noteTweet)"\s{0,16}:`)

const maxMark = 64 // bytes of such a beginning

// marked reports whether b begins as X begins an element.
func marked(b []byte) bool {
	at := element.FindIndex(b[:min(len(b), maxMark)])
	return at != nil && at[0] == 0
}

// giveUp leaves an element that does not end. Where X marked the beginning of the next one, reading goes on there.
func (c *cutter) giveUp(buf []byte) []byte {
	c.lost, c.why = true, reasonLong
	if c.eof {
		c.why = reasonJSON
	}
	if c.searches++; c.searches > maxSearches {
		return buf[:0]
	}
	return append(buf[:0], buf[1:]...)
}

// find drops everything before the next element. Without one it keeps what may be the beginning of one.
func (c *cutter) find(buf []byte) []byte {
	if at := element.FindIndex(buf); at != nil {
		c.lost = false
		c.skip(skipped(c.part, c.why, ""))
		return append(buf[:0], buf[at[0]:]...)
	}
	if c.eof {
		c.closed = bytes.HasSuffix(bytes.TrimRight(buf, "; \n\r\t"), []byte{']'})
		return buf
	}
	return append(buf[:0], buf[max(0, len(buf)-maxMark):]...)
}

// lostEnd is the end of a part whose last element does not end.
func (c *cutter) lostEnd() error {
	if !c.closed {
		return cutShort(c.part, io.ErrUnexpectedEOF)
	}
	c.skip(skipped(c.part, c.why, ""))
	return io.EOF
}

// elementEnd is the length of the object b begins with, -1 if it goes on.
func elementEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\n':
			i = spacesEnd(b, i+1) - 1
		case '{', '[':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case ']':
			if depth--; depth == 0 { // a brace is missing: the bracket ends the array
				return i
			}
		case '"':
			n := stringEnd(b[i+1:])
			if n < 0 {
				return -1
			}
			i += n
		}
	}
	return -1
}

// stringEnd is the length of a string's rest with its closing quote, -1 if it goes on. No string of JSON goes over the
// end of a line: where a quote is missing, the line ends the string, so that one broken entry does not swallow the
// next.
func stringEnd(b []byte) int {
	for i := 0; ; {
		i = plainEnd(b, i)
		switch {
		case i >= len(b):
			return -1
		case b[i] == '"', b[i] == '\n':
			return i + 1
		case b[i] == '\\' && i+1 < len(b) && b[i+1] != '\n':
			i += len(`\n`)
		default:
			i++
		}
	}
}

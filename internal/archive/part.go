package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"regexp"
	"sync"
	"sync/atomic"
)

const (
	blockSize  = 256 << 10 // bytes inflated at a time
	maxElement = 1 << 20   // bytes of JSON of one post; a long post with every letter escaped has a quarter of it
	maxPrefix  = 128       // bytes before the array begins
)

// block is a run of whole JSON objects with spaces between them.
type block struct {
	json []byte
	err  error // a fault; json is then nil
}

// blocks inflates a part one block ahead of the caller. A block is valid until the
// next one is asked for. It stops after the first error.
func (p part) blocks(ctx context.Context, read *atomic.Int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer stop()

		free, full := make(chan []byte, 2), make(chan block, 1)
		free <- make([]byte, 0, blockSize)
		free <- make([]byte, 0, blockSize)
		wg.Go(func() { p.inflate(ctx, read, free, full) })

		for b := range full {
			if !yield(b.json, b.err) || b.err != nil {
				return
			}
			free <- b.json
		}
		if err := ctx.Err(); err != nil {
			yield(nil, stopped(err))
		}
	}
}

// inflate fills free buffers until the part ends, fails, or ctx is done.
func (p part) inflate(ctx context.Context, read *atomic.Int64, free <-chan []byte, full chan<- block) {
	defer close(full)
	rc, err := p.file.Open()
	if err != nil {
		full <- block{err: readFailed(p, err)}
		return
	}
	defer rc.Close()
	c := cutter{part: p, in: counted{ctx, rc, read}}
	for {
		var b block
		select {
		case buf := <-free:
			b.json, b.err = c.next(buf)
		case <-ctx.Done():
			return
		}
		if errors.Is(b.err, io.EOF) {
			return
		}
		select {
		case full <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
	}
}

// counted adds what is read to a number that others may watch, and ends with ctx.
type counted struct {
	ctx  context.Context
	r    io.Reader
	read *atomic.Int64
}

// Read implements [io.Reader].
func (c counted) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// cutter cuts the array of one part between its elements, without looking into
// them: a malformed element is found by whoever decodes it.
type cutter struct {
	part  part
	in    io.Reader
	rest  []byte // read, not yet given out
	count int    // elements given out
	want  want   // what may come next
	eof   bool   // in has no more
}

// want is what may come next between the elements of a part.
type want uint8

const (
	wantPrefix   want = iota
	wantAnything      // an element or the end
	wantElement       // after a comma
	wantComma         // or the end
	wantNothing       // the array is closed
)

// next returns the next block, in buf or in a larger buffer, and [io.EOF] after the last.
func (c *cutter) next(buf []byte) ([]byte, error) {
	buf = append(buf[:0], c.rest...)
	c.rest = c.rest[:0]
	for {
		var err error
		if buf, err = c.fill(buf); err != nil {
			return nil, err
		}
		if c.want == wantPrefix {
			if buf, err = c.skipPrefix(buf); err != nil {
				return nil, err
			}
		}
		end, err := c.scan(buf)
		switch {
		case err != nil:
			return nil, err
		case end > 0:
			c.rest = append(c.rest, buf[end:]...)
			return buf[:end], nil
		case c.eof && c.want == wantNothing:
			return nil, io.EOF
		case c.eof:
			return nil, cutShort(c.part, io.ErrUnexpectedEOF)
		case len(buf) >= maxElement:
			return nil, tooLong(c.part, c.count)
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

var assignment = regexp.MustCompile(`^\x{FEFF}?\s*window\.YTD\.([a-z_]+)\.part[0-9]{1,4}\s*=\s*\[`)

// skipPrefix drops `window.YTD.tweets.part0 = [`. A file that says it holds other
// data than its name promises is not read: it may be somebody's messages.
func (c *cutter) skipPrefix(buf []byte) ([]byte, error) {
	if len(buf) == 0 {
		return nil, cutShort(c.part, io.ErrUnexpectedEOF)
	}
	m := assignment.FindSubmatch(buf[:min(len(buf), maxPrefix)])
	if m == nil || string(m[1]) != c.part.inner && (c.part.kind != kindPosts || string(m[1]) != "tweet" && string(m[1]) != "tweets") {
		return nil, wrongPrefix(c.part)
	}
	c.want = wantAnything
	return append(buf[:0], buf[len(m[0]):]...), nil
}

// scan tells how much of b can be given out: everything before an element that
// goes on behind b, or before the first fault. It blanks what stands between elements.
func (c *cutter) scan(b []byte) (int, error) {
	for i := 0; i < len(b); i++ {
		switch ch := b[i]; {
		case ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t':
		case ch == '{' && c.want != wantComma && c.want != wantNothing:
			n := elementEnd(b[i:])
			if n < 0 {
				return i, nil
			}
			if n > maxElement {
				return i, c.refuse(i, tooLong)
			}
			c.count++
			c.want = wantComma
			i += n - 1
		case ch == ',' && c.want == wantComma:
			c.want = wantElement
			b[i] = ' '
		case ch == ']' && (c.want == wantComma || c.want == wantAnything):
			c.want = wantNothing
			b[i] = ' '
		case ch == ';' && c.want == wantNothing:
			b[i] = ' '
		default:
			return i, c.refuse(i, badJSON)
		}
	}
	return len(b), nil
}

// refuse holds a fault back until the good elements before it are given out.
func (c *cutter) refuse(good int, why func(part, int) error) error {
	if good > 0 {
		return nil
	}
	return why(c.part, c.count)
}

// elementEnd is the length of the object or array b begins with, -1 if it goes on.
func elementEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
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

// stringEnd is the length of a string's rest with its closing quote, -1 if it goes on.
func stringEnd(b []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		i += n + 1
		slashes := 0
		for k := i - 2; k >= 0 && b[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
}

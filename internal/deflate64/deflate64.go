// Package deflate64 inflates what the zip format calls "enhanced deflating" (method 9).
//
// Windows packs large files this way when somebody zips a folder again. The format is Deflate (RFC 1951) with three
// differences: the window is 64 KiB, length code 285 stands for 3 plus a number of 16 bits, and the distance codes 30
// and 31, unused in Deflate, reach back up to 64 KiB.
//
//	z.RegisterDecompressor(deflate64.Method, deflate64.NewReader)
//
// A [Reader] holds two tables and two windows, about 260 KiB, whatever it is fed.
package deflate64

import (
	"bufio"
	"errors"
	"io"
)

// Method is the number of this method in a zip.
const Method = 9

// ErrCorrupt says that the input is no Deflate64 stream.
var ErrCorrupt = errors.New("deflate64: corrupt input")

const (
	windowSize = 1 << 16
	outSize    = windowSize / 2 // decoded bytes given out at a time
	maxBits    = 15             // of a code
	endOfBlock = 256
)

// Reader inflates a stream. It implements [io.ReadCloser].
type Reader struct {
	in     io.ByteReader
	bits   uint64
	held   uint // bits in hand
	window [windowSize]byte
	at     int // where the next byte goes
	full   int // bytes of the window that were written, at most its size
	from   int // first byte not given out
	ready  int // bytes decoded and not given out
	err    error

	last    bool // the present block is the last
	inBlock bool
	stored  int // bytes left of a stored block; -1 in a coded one
	length  int // bytes left of a copy
	dist    int // how far back it copies from
	symbols table
	dists   table
}

// NewReader inflates in. It has the type that archive/zip asks for.
func NewReader(in io.Reader) io.ReadCloser {
	br, ok := in.(io.ByteReader)
	if !ok {
		br = bufio.NewReader(in)
	}
	return &Reader{in: br}
}

// Close implements [io.Closer]; it has nothing to release.
func (r *Reader) Close() error { return nil }

// Read implements [io.Reader].
func (r *Reader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if r.ready == 0 && r.err == nil {
		r.err = r.decode()
	}
	n := 0
	for n < len(b) && r.ready > 0 {
		k := copy(b[n:], r.window[r.from:min(r.from+r.ready, windowSize)])
		n, r.ready, r.from = n+k, r.ready-k, (r.from+k)%windowSize
	}
	if n > 0 {
		return n, nil
	}
	return 0, r.err
}

// decode decodes until half a window is ready or the stream ends.
func (r *Reader) decode() error {
	for r.ready < outSize {
		if !r.inBlock {
			if r.last {
				return io.EOF
			}
			if err := r.header(); err != nil {
				return err
			}
		}
		if err := r.more(); err != nil {
			return err
		}
	}
	return nil
}

// more decodes one step of the present block: a stored byte, a symbol, or a piece of a copy.
func (r *Reader) more() error {
	switch {
	case r.length > 0:
		r.copyBack()
		return nil
	case r.stored > 0:
		b, err := r.take(8)
		if err != nil {
			return err
		}
		r.put(byte(b))
		r.stored--
		return nil
	case r.stored == 0:
		r.inBlock = false
		return nil
	}
	s, err := r.symbol(&r.symbols)
	switch {
	case err != nil:
		return err
	case s < endOfBlock:
		r.put(byte(s))
		return nil
	case s == endOfBlock:
		r.inBlock = false
		return nil
	}
	return r.beginCopy(s)
}

func (r *Reader) put(b byte) {
	r.window[r.at] = b
	r.at = (r.at + 1) % windowSize
	r.full = min(r.full+1, windowSize)
	r.ready++
}

// copyBack copies as much of the present copy as there is room for.
func (r *Reader) copyBack() {
	for r.length > 0 && r.ready < outSize {
		r.put(r.window[(r.at-r.dist+windowSize)%windowSize])
		r.length--
	}
}

// beginCopy reads the length and distance that a symbol above 256 begins.
func (r *Reader) beginCopy(symbol int) error {
	if symbol-257 >= len(lengths) {
		return ErrCorrupt
	}
	length, err := r.extended(lengths[symbol-257])
	if err != nil {
		return err
	}
	code, err := r.symbol(&r.dists)
	if err != nil {
		return err
	}
	if code >= len(distances) {
		return ErrCorrupt
	}
	dist, err := r.extended(distances[code])
	if err != nil {
		return err
	}
	if dist > r.full {
		return ErrCorrupt
	}
	r.length, r.dist = length, dist
	return nil
}

func (r *Reader) extended(of span) (int, error) {
	extra, err := r.take(of.bits)
	return of.base + extra, err
}

// need fills the hand to n bits, at most 48.
func (r *Reader) need(n uint) error {
	for r.held < n {
		b, err := r.in.ReadByte()
		if err != nil {
			return cut(err)
		}
		r.bits |= uint64(b) << r.held
		r.held += 8
	}
	return nil
}

func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *Reader) take(n uint) (int, error) {
	if err := r.need(n); err != nil {
		return 0, err
	}
	v := r.bits & (1<<n - 1)
	r.bits >>= n
	r.held -= n
	return int(v), nil
}

// symbol decodes one code. At the end of the input a code may be shorter than the table is wide.
func (r *Reader) symbol(t *table) (int, error) {
	short := r.need(t.width)
	if short != nil && !errors.Is(short, io.ErrUnexpectedEOF) {
		return 0, short
	}
	e := t.entries[r.bits&(1<<t.width-1)]
	n := uint(e & 15)
	switch {
	case n == 0:
		return 0, ErrCorrupt
	case n > r.held:
		return 0, io.ErrUnexpectedEOF
	}
	r.bits >>= n
	r.held -= n
	return int(e >> 4), nil
}

package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode/utf16"
)

// packedObjects is how many small objects are compressed together.
const packedObjects = 200

// ref is the number of an object.
type ref int

func (r ref) String() string { return fmt.Sprintf("%d 0 R", int(r)) }

// place is where an object stands: at an offset of the file, or as the n-th of a stream of objects.
type place struct {
	at     int64
	stream ref
	nth    int
}

// file writes objects one after another, and keeps of each only where it stands. The first error of the writer is
// remembered, and nothing is written after it.
type file struct {
	w      io.Writer
	err    error
	at     int64
	sum    hash.Hash
	places []place // by object number
	heads  bytes.Buffer
	bodies bytes.Buffer
	within []ref // objects in the stream that is being filled
}

func newFile(w io.Writer) *file {
	f := &file{w: w, sum: sha256.New(), places: make([]place, 1)}
	f.write([]byte("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n"))
	return f
}

func (f *file) write(b []byte) {
	if f.err != nil {
		return
	}
	n, err := f.w.Write(b)
	f.at += int64(n)
	f.sum.Write(b[:n])
	f.err = err
}

// reserve numbers an object that is written later.
func (f *file) reserve() ref {
	f.places = append(f.places, place{})
	return ref(len(f.places) - 1)
}

// put writes a small object, together with others.
func (f *file) put(id ref, format string, args ...any) {
	fmt.Fprintf(&f.heads, "%d %d ", int(id), f.bodies.Len())
	fmt.Fprintf(&f.bodies, format, args...)
	f.bodies.WriteByte('\n')
	f.within = append(f.within, id)
	if len(f.within) == packedObjects {
		f.flush()
	}
}

func (f *file) flush() {
	if len(f.within) == 0 {
		return
	}
	stream := f.reserve()
	for i, id := range f.within {
		f.places[id] = place{stream: stream, nth: i}
	}
	extra := fmt.Sprintf("/Type/ObjStm/N %d/First %d", len(f.within), f.heads.Len())
	f.stream(stream, extra, append(f.heads.Bytes(), f.bodies.Bytes()...))
	f.within = f.within[:0]
	f.heads.Reset()
	f.bodies.Reset()
}

// stream writes an object with a body, compressed.
func (f *file) stream(id ref, extra string, body []byte) {
	f.places[id] = place{at: f.at}
	packed := compress(body)
	f.write(fmt.Appendf(nil, "%d 0 obj\n<<%s/Filter/FlateDecode/Length %d>>\nstream\n", int(id), extra, len(packed)))
	f.write(packed)
	f.write([]byte("\nendstream\nendobj\n"))
}

// plainStream writes what programs look for in a file without opening its streams.
func (f *file) plainStream(id ref, extra string, body []byte) {
	f.places[id] = place{at: f.at}
	f.write(fmt.Appendf(nil, "%d 0 obj\n<<%s/Length %d>>\nstream\n%s\nendstream\nendobj\n",
		int(id), extra, len(body), body))
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := w.Write(body)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

// close writes where every object stands.
func (f *file) close(catalog, info ref) error {
	f.flush()
	table := f.reserve()
	f.places[table] = place{at: f.at}
	rows := make([]byte, 0, 11*len(f.places))
	for i, p := range f.places {
		switch {
		case i == 0:
			rows = append(rows, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF)
		case p.stream != 0:
			rows = binary.BigEndian.AppendUint64(append(rows, 2), uint64(p.stream))
			rows = binary.BigEndian.AppendUint16(rows, uint16(p.nth))
		default:
			rows = binary.BigEndian.AppendUint64(append(rows, 1), uint64(p.at))
			rows = append(rows, 0, 0)
		}
	}
	id := f.sum.Sum(nil)[:16] // of the content, so the same document has the same one
	at := f.at
	head := fmt.Sprintf("/Type/XRef/Size %d/W[1 8 2]/Root %v/Info %v/ID[<%X><%X>]", len(f.places), catalog, info, id, id)
	f.stream(table, head, rows)
	f.write(fmt.Appendf(nil, "startxref\n%d\n%%%%EOF\n", at))
	return f.err
}

// text is a string of a document, in hexadecimal, so that nothing in it can end it.
func text(s string) string {
	return "<FEFF" + hex16(s) + ">"
}

func hex16(s string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	return b.String()
}

// num writes a length with two decimals at most.
func num(v float64) string {
	s := fmt.Sprintf("%.2f", v)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"
)

// An archive may list a million pictures. The standard library keeps a record of
// each, which breaks the memory bound, so the zip's directory is walked here first
// and the standard library is then shown the same file with a directory that
// lists only the entries we may open.

const (
	maxEntries = 1 << 20 // entries in the zip, of any kind
	maxParts   = 4096    // entries we would open
)

// Signatures and fixed lengths of the zip format.
const (
	sigHeader     = "PK\x01\x02"
	sigEnd        = "PK\x05\x06"
	sigEnd64      = "PK\x06\x06"
	sigLocator64  = "PK\x06\x07"
	lenHeader     = 46
	lenEnd        = 22
	lenEnd64      = 56
	lenLocator64  = 20
	maxZipComment = 1<<16 - 1
)

var (
	errNotZip = errors.New("no valid zip directory")
	errSize   = errors.New("an entry is larger than the zip that it stands in")
)

// openZip reads the zip's directory and keeps the entries that [parseName] knows. It gives the view of the file in
// which their offsets are right, and counts the entries whose name points outside.
func openZip(r io.ReaderAt, size int64) (z *zip.Reader, view io.ReaderAt, tricky int, err error) {
	dir, err := findDirectory(r, size)
	if err != nil {
		return nil, nil, 0, notZip(err)
	}
	kept, tricky, err := dir.filter(r)
	if err != nil {
		return nil, nil, 0, err
	}
	view = spliced{r: r, base: dir.base, cut: dir.offset, tail: kept}
	z, err = zip.NewReader(view, dir.offset+int64(len(kept)))
	if err != nil {
		return nil, nil, 0, notZip(err)
	}
	return z, view, tricky, nil
}

// directory says where the zip's list of entries is. All offsets in a zip count
// from base, which is not 0 when something was put in front of it.
type directory struct{ base, offset, size int64 }

// findDirectory reads the record at the end of the zip, or its 64-bit twin.
func findDirectory(r io.ReaderAt, size int64) (directory, error) {
	if size < lenEnd {
		return directory{}, errNotZip
	}
	tail := make([]byte, min(size, lenEnd+maxZipComment))
	if n, err := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) {
		return directory{}, err
	}
	at := bytes.LastIndex(tail, []byte(sigEnd))
	if at < 0 || len(tail)-at < lenEnd {
		return directory{}, errNotZip
	}
	end := size - int64(len(tail)-at)
	length := int64(binary.LittleEndian.Uint32(tail[at+12:]))
	offset := int64(binary.LittleEndian.Uint32(tail[at+16:]))
	if locator, ok := at-lenLocator64, at >= lenLocator64; ok && string(tail[locator:locator+4]) == sigLocator64 {
		return findDirectory64(r, int64(binary.LittleEndian.Uint64(tail[locator+8:])), size)
	}
	return newDirectory(end, length, offset, size)
}

func findDirectory64(r io.ReaderAt, end, size int64) (directory, error) {
	var rec [lenEnd64]byte
	if end < 0 || end > size-lenEnd64 {
		return directory{}, errNotZip
	}
	if n, err := r.ReadAt(rec[:], end); n < len(rec) {
		return directory{}, err
	}
	if string(rec[:4]) != sigEnd64 {
		return directory{}, errNotZip
	}
	length, offset := binary.LittleEndian.Uint64(rec[40:]), binary.LittleEndian.Uint64(rec[48:])
	if length > uint64(size) || offset > uint64(size) {
		return directory{}, errNotZip
	}
	return newDirectory(end, int64(length), int64(offset), size)
}

// newDirectory checks that a directory which ends at end lies inside the file.
func newDirectory(end, length, offset, size int64) (directory, error) {
	base := end - length - offset
	if base < 0 || end > size {
		return directory{}, errNotZip
	}
	return directory{base: base, offset: offset, size: length}, nil
}

// filter copies the records of the entries we may open, and ends the copy as a zip ends. Entries that would be opened
// if their name did not point outside are counted.
func (d directory) filter(r io.ReaderAt) (kept []byte, tricky int, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(r, d.base+d.offset, d.size), 64<<10)
	parts := 0
	for n := 0; ; n++ {
		rec, err := readRecord(in)
		if errors.Is(err, io.EOF) {
			return appendEnd(kept, d.offset, parts), tricky, nil
		}
		if err != nil {
			return nil, 0, notZip(err)
		}
		name := slashed(string(rec[lenHeader : lenHeader+int(binary.LittleEndian.Uint16(rec[28:]))]))
		switch _, ok := parseName(path.Clean(strings.TrimLeft(name, "/"))); {
		case ok && escapes(name):
			tricky++
		case ok:
			kept = append(kept, rec...)
			parts++
		}
		if n >= maxEntries || parts > maxParts {
			return nil, 0, tooManyEntries()
		}
	}
}

// readRecord returns one whole record of the directory, valid until the next call.
func readRecord(in *bufio.Reader) ([]byte, error) {
	head, err := in.Peek(lenHeader)
	if err != nil {
		if len(head) == 0 {
			return nil, err
		}
		return nil, io.ErrUnexpectedEOF
	}
	if string(head[:4]) != sigHeader {
		return nil, errNotZip
	}
	length := lenHeader
	for _, at := range []int{28, 30, 32} { // lengths of name, extra fields, comment
		length += int(binary.LittleEndian.Uint16(head[at:]))
	}
	rec := make([]byte, length)
	if _, err := io.ReadFull(in, rec); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return rec, nil
}

// escapes reports whether a name would leave the folder it is unpacked in. We unpack
// nothing, but X never writes such names, so the file was made to trick somebody.
func escapes(name string) bool {
	if strings.HasPrefix(name, "/") || strings.Contains(name, "\x00") || (len(name) > 1 && name[1] == ':') {
		return true
	}
	for elem := range strings.SplitSeq(name, "/") {
		if elem == ".." {
			return true
		}
	}
	return false
}

// appendEnd closes a directory of n records that starts at offset, in the 64-bit form.
func appendEnd(dir []byte, offset int64, n int) []byte {
	le, length := binary.LittleEndian, len(dir)
	dir = append(dir, sigEnd64...)
	dir = le.AppendUint64(dir, lenEnd64-12)
	dir = append(dir, make([]byte, 12)...) // versions and disk numbers
	dir = le.AppendUint64(dir, uint64(n))
	dir = le.AppendUint64(dir, uint64(n))
	dir = le.AppendUint64(dir, uint64(length))
	dir = le.AppendUint64(dir, uint64(offset))

	dir = append(dir, sigLocator64...)
	dir = le.AppendUint32(dir, 0)
	dir = le.AppendUint64(dir, uint64(offset)+uint64(length))
	dir = le.AppendUint32(dir, 1)

	dir = append(dir, sigEnd...)
	dir = append(dir, 0, 0, 0, 0)
	for range 12 { // counts, length and offset: see the 64-bit record
		dir = append(dir, 0xff)
	}
	return append(dir, 0, 0)
}

// spliced is the bytes of r from base on for cut bytes, followed by tail.
type spliced struct {
	r    io.ReaderAt
	base int64
	cut  int64
	tail []byte
}

// ReadAt implements [io.ReaderAt].
func (s spliced) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.cut {
		return bytes.NewReader(s.tail).ReadAt(p, off-s.cut)
	}
	head := min(int64(len(p)), s.cut-off)
	n, err := s.r.ReadAt(p[:head], s.base+off)
	if n < int(head) || n == len(p) {
		return n, err
	}
	m, err := bytes.NewReader(s.tail).ReadAt(p[n:], 0)
	return n + m, err
}

package archive

import (
	"io"
	"os"

	"github.com/repazoo/repazoo/internal/fault"
)

// Some people zip the zip again, or put the several zips of a large archive into one folder. A zip in a zip is opened
// where it lies if it was stored; one that was packed is copied to a temporary file first, which loses its name at once
// and so vanishes with the process. A zip in such a zip is not opened.

const (
	maxInner      = 16      // zips in a zip or folder
	maxInnerRatio = 10      // what was zipped once hardly shrinks again
	maxInnerBytes = 4 << 30 // copied to temporary files, all zips of an archive together
)

// inner opens the zips among the items of s. What cannot be opened is noted as skipped.
func (a *Archive) inner(s source) []source {
	var out []source
	for _, it := range s.items {
		if n, _ := parseName(it.name); n.kind != kindZip {
			continue
		}
		if len(out) == maxInner {
			a.skips.add(skipZip(it, "there are too many zips in it"))
			continue
		}
		if s.size > 0 && it.packed > uint64(s.size) {
			a.skips.add(skipZip(it, "its size in the zip's directory is wrong"))
			continue
		}
		in, err := a.innerZip(it)
		if err != nil {
			a.skips.add(skipZip(it, fault.From(err).Message))
			continue
		}
		out = append(out, in)
	}
	return out
}

func (a *Archive) innerZip(it item) (source, error) {
	switch {
	case it.encrypted:
		return source{}, encrypted()
	case it.section != nil:
		r, err := it.section()
		if err != nil {
			return source{}, notZip(err)
		}
		return ofZip(r, int64(it.packed)) // as it was stored, whatever size is said
	}
	f, size, err := a.unpacked(it)
	if err != nil {
		return source{}, err
	}
	return ofZip(f, size)
}

// unpacked gives a zip's content as a file: a file of a folder as it is, else a temporary copy.
func (a *Archive) unpacked(it item) (*os.File, int64, error) {
	rc, err := it.open()
	if err != nil {
		return nil, 0, notZip(err)
	}
	if f, ok := rc.(*os.File); ok {
		a.closers = append(a.closers, f)
		return f, int64(it.size), nil
	}
	defer rc.Close()
	if it.size > maxInnerBytes-a.copied || it.size > ratioFree && it.size/maxInnerRatio > it.packed {
		return nil, 0, takeItOut(it)
	}
	f, err := os.CreateTemp("", "repazoo-*.zip")
	if err != nil {
		return nil, 0, takeItOut(it)
	}
	a.closers = append(a.closers, f)
	if err := os.Remove(f.Name()); err != nil { // open, it stays readable
		return nil, 0, takeItOut(it)
	}
	a.copied += it.size
	n, err := io.Copy(f, io.LimitReader(rc, int64(it.size)))
	if err != nil {
		return nil, 0, notZip(err)
	}
	return f, n, nil
}

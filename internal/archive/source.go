package archive

import (
	"archive/zip"
	"bufio"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"

	"github.com/repazoo/repazoo/internal/deflate64"
)

// A source is where entries come from: a zip, a zip inside a zip, or a folder. Whatever it is, an entry becomes an
// [item], and nothing behind this file knows the difference.

// item is one entry that may be opened.
type item struct {
	name      string // with "/", as the source spells it
	size      uint64 // of its content
	packed    uint64 // of what the content was packed into
	method    uint16
	encrypted bool
	open      func() (io.ReadCloser, error)

	// section gives the content where it lies, without copying it. It is nil where the content is packed.
	section func() (io.ReaderAt, error)
}

func (it item) base() string { return path.Base(it.name) }

// source is the entries of one zip or folder.
type source struct {
	items  []item
	size   int64 // of the zip; 0 for a folder, which packs nothing
	number int   // of the zip inside the zip; 0 for what was opened
	tricky int   // entries left out because their name points outside
}

// ofZip lists the entries of a zip that we may open.
func ofZip(r io.ReaderAt, size int64) (source, error) {
	z, view, tricky, err := openZip(r, size)
	if err != nil {
		return source{}, err
	}
	z.RegisterDecompressor(zip.Deflate, inflater)
	z.RegisterDecompressor(deflate64.Method, deflate64.NewReader)
	s := source{size: size, tricky: tricky}
	for _, f := range z.File {
		it := item{
			name: slashed(f.Name), size: f.UncompressedSize64, packed: f.CompressedSize64, method: f.Method,
			encrypted: f.Flags&1 != 0, open: f.Open,
		}
		if f.Method == zip.Store {
			it.section = func() (io.ReaderAt, error) {
				at, err := f.DataOffset()
				return io.NewSectionReader(view, at, int64(f.CompressedSize64)), err
			}
		}
		s.items = append(s.items, it)
	}
	return s, nil
}

// inflater inflates in two thirds of the time that the standard library takes, because it may look into the buffer.
func inflater(r io.Reader) io.ReadCloser { return flate.NewReader(bufio.NewReaderSize(r, inflateFrom)) }

const inflateFrom = 32 << 10 // bytes read from the zip at a time

// maxFolderDepth is how far below the folder we look: an archive one folder deep, with data/js/tweets in it.
const maxFolderDepth = 6

// ofFolder lists the entries of an unzipped archive that we may open. Links that lead out of the folder are not
// followed.
func ofFolder(root *os.Root) (source, error) {
	var s source
	seen := 0
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if seen++; seen > maxEntries || len(s.items) > maxParts {
			return tooManyEntries()
		}
		if err != nil || d.IsDir() {
			if d != nil && d.IsDir() && strings.Count(name, "/") >= maxFolderDepth {
				return fs.SkipDir
			}
			return nil // a folder that cannot be listed is as one that is not there
		}
		if _, ok := parseName(name); !ok || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err == nil { // a file that is gone meanwhile is as one that was never there
			s.items = append(s.items, fileItem(root, name, info.Size()))
		}
		return nil
	})
	return s, err
}

func fileItem(root *os.Root, name string, size int64) item {
	return item{
		name: name, size: uint64(size), packed: uint64(size), method: zip.Store,
		open: func() (io.ReadCloser, error) { return root.Open(name) },
	}
}

// slashed is a name with the separators that a zip ought to have. Windows writes its own.
func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

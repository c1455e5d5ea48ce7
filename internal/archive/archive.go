// Package archive reads the data archive a person can download from X.
//
// The archive is a zip of any size, mostly media. Inside, `data/account.js`
// says whose it is and `data/tweets.js`, `data/tweets-part1.js` and so on hold
// the posts, each as a script that assigns one JSON array. This package opens
// those, the community, deleted and long posts, and nothing else: direct
// messages, contacts and advertising data are never read, not even to look.
//
//	a, err := archive.Open("twitter-2026-11-01.zip")
//	if err != nil { ... }
//	defer a.Close()
//	for post, err := range a.Posts(ctx) {
//		if err != nil { ... }
//	}
//
// Nothing is unpacked to disk and memory does not grow with the archive:
//
//   - the zip's directory is walked once and only the entries above are kept (directory.go);
//   - each part is inflated and cut into blocks of whole posts in one goroutine,
//     while the caller's goroutine decodes the block before (part.go, decode.go);
//   - the texts of long posts, which X keeps apart from the posts, are held up to
//     [maxNoteBytes] (notes.go), and ids, to drop repeated posts, up to [maxSeen].
//
// Whatever is wrong with a file is told as a [fault.ArchiveUnreadable] with one
// sentence that names the part (refusals.go).
package archive

import (
	"context"
	"io"
	"iter"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// Archive is one opened archive. Its methods may be called from any goroutine,
// but only one loop over [Archive.Posts] should run at a time.
type Archive struct {
	account Account
	posts   []part // in the order they are read
	notes   []part
	size    int64
	read    atomic.Int64
	closer  io.Closer
}

// Account is whose archive it is. Only ID is always there.
type Account struct {
	ID          string // X's numeric id
	Handle      string // without @
	DisplayName string
	CreatedAt   time.Time
}

// Post is one post. What the archive does not tell is nil, empty or zero.
type Post struct {
	ID        string // digits
	Text      string // whole and unescaped, also of long posts
	Lang      string // as X guessed it: a BCP 47 code, "und", or one of X's own like "qme"
	ReplyToID string // the post answered, "" if none
	PostedAt  time.Time
	Likes     *int
	Reposts   *int
	Repost    bool // "RT @…": somebody else's words
	Deleted   bool // deleted on X, still in the archive
	Community bool // posted to a community
	Media     int  // pictures and videos attached
	Hashtags  []string
}

// Open opens the archive at path. Close it after use.
func Open(path string) (*Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cannotOpen(err)
	}
	a, err := openFile(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	a.closer = f
	return a, nil
}

func openFile(f *os.File) (*Archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, cannotOpen(err)
	}
	if info.IsDir() {
		return nil, isFolder()
	}
	return New(f, info.Size())
}

// New reads the directory and the account of an archive of size bytes, such as
// an upload. r must stay readable for as long as the archive is used.
func New(r io.ReaderAt, size int64) (*Archive, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, err
	}
	in, err := choose(z.File, size)
	if err != nil {
		return nil, err
	}
	a := &Archive{posts: in.posts, notes: in.notes}
	for _, p := range slices.Concat(in.posts, in.notes) {
		a.size += int64(p.file.UncompressedSize64)
	}
	a.account, err = readAccount(in.account)
	return a, err
}

// Close releases the file of an archive opened by [Open].
func (a *Archive) Close() error {
	if a.closer == nil {
		return nil
	}
	return a.closer.Close()
}

// Account tells whose archive it is.
func (a *Archive) Account() Account { return a.account }

// Size is the number of uncompressed bytes that [Archive.Posts] reads.
func (a *Archive) Size() int64 { return a.size }

// Progress is how many of [Archive.Size] bytes the present or last loop has read.
func (a *Archive) Progress() int64 { return a.read.Load() }

// Posts reads every post once: ordinary posts part by part, then those of
// communities, then deleted ones. It stops after the first error, which is a
// [fault.Fault]; the posts before it are good. An id that comes again is
// skipped, as long as it was among the first [maxSeen] ids.
func (a *Archive) Posts(ctx context.Context) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		a.read.Store(0)
		notes, err := readNotes(ctx, a.notes, &a.read)
		if err != nil {
			yield(Post{}, err)
			return
		}
		seen := make(idSet)
		for post, err := range readPosts(ctx, a.posts, &a.read) {
			if err == nil && seen.again(post.ID) {
				continue
			}
			post.Text = notes.whole(post.PostedAt, post.Text)
			if !yield(post, err) || err != nil {
				return
			}
		}
	}
}

// maxSeen bounds the memory spent on recognising repeated posts: about 6 MiB.
const maxSeen = 1 << 18

type idSet map[uint64]struct{}

// again reports whether the id came before, and remembers it while there is room.
func (s idSet) again(id string) bool {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return false // longer than any id of X: kept, not compared
	}
	if _, ok := s[n]; ok {
		return true
	}
	if len(s) < maxSeen {
		s[n] = struct{}{}
	}
	return false
}

// Package archive reads the data archive a person can download from X.
//
// The archive is a zip of any size, mostly media. Inside, `data/account.js`
// says whose it is and `data/tweets.js`, `data/tweets-part1.js` and so on hold
// the posts, each as a script that assigns one JSON array. This package opens
// those, the profile, the community, deleted and long posts, and nothing else: direct
// messages, contacts and advertising data are never read, not even to look.
//
//	a, err := archive.Open("twitter-2026-11-01.zip")
//	if err != nil { ... }
//	defer a.Close()
//	for post, err := range a.Posts(ctx) {
//		if err != nil { ... }
//	}
//	for _, s := range a.Skipped() { ... }
//
// It reads what people have: the zip as X gives it, unzipped, zipped again by Windows or inside another zip, some
// folders deep, one part of several, and the archives of before 2018 (source.go, nested.go, entries.go, table.go).
//
// Nothing is unpacked to disk, but for a packed zip in a zip (nested.go), and memory does not grow with the archive:
//
//   - the zip's directory is walked once and only the entries above are kept (directory.go);
//   - each part is inflated and cut into blocks of whole posts in one goroutine (part.go, cutter.go),
//     while the caller's goroutine decodes the block before (decode.go), most of it eight bytes at a time (swift.go);
//   - the texts of long posts, which X keeps apart from the posts, are held up to
//     [maxNoteBytes] (notes.go), and ids, to drop repeated posts, up to [maxSeen].
//
// A bad entry costs nothing but itself, and a bad part nothing but its rest: both are counted with their reason
// (skips.go). Refused is only what is encrypted, broken beyond reading or without posts, as a [fault.ArchiveUnreadable]
// with one sentence that says what to do (refusals.go).
package archive

import (
	"context"
	"errors"
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
	account  Account
	profile  Profile
	posts    []part // in the order they are read
	notes    []part
	missing  []string
	size     int64
	read     atomic.Int64
	outdated atomic.Int64
	skips    skips
	atOpen   int // skips that were there before any post was read
	closers  []io.Closer
	copied   uint64 // bytes of zips that were unpacked to temporary files
}

// Account is whose archive it is. All of it is empty where the archive does not say.
type Account struct {
	ID          string // X's numeric id
	Handle      string // without @
	DisplayName string
	CreatedAt   time.Time
}

// Profile is what stands at the top of the account's page.
type Profile struct{ Bio, Location, Link string }

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
	Outdated  bool // there is a newer version of it; [Archive.Posts] leaves such posts out
	Media     int  // pictures and videos attached
	AltTexts  []string
	Hashtags  []string
}

// Open opens the archive at path: a zip, or the folder it was unzipped to. Close it after use.
func Open(path string) (*Archive, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, cannotOpen(err)
	}
	a := &Archive{}
	if info.IsDir() {
		err = a.openFolder(path)
	} else {
		err = a.openFile(path, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *Archive) openFolder(path string) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return cannotOpen(err)
	}
	a.closers = append(a.closers, root)
	s, err := ofFolder(root)
	if err != nil {
		return err
	}
	return a.take(s)
}

func (a *Archive) openFile(path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return cannotOpen(err)
	}
	a.closers = append(a.closers, f)
	s, err := ofZip(f, size)
	if err != nil {
		return err
	}
	return a.take(s)
}

// New reads the directory and the account of an archive of size bytes, such as
// an upload. r must stay readable for as long as the archive is used. Close it after use.
func New(r io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{}
	s, err := ofZip(r, size)
	if err == nil {
		err = a.take(s)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// take decides what is read of a source, and reads whose it is.
func (a *Archive) take(s source) error {
	in, err := a.choose(s)
	if err != nil {
		return err
	}
	a.noteTricky(s)
	if !slices.ContainsFunc(in.posts, part.holdsPosts) {
		if err := a.takeInner(s, &in); err != nil {
			return err
		}
	}
	known, err := a.know(in.about)
	if err != nil {
		return err
	}
	a.leaveStrangers(&in, known)
	if !slices.ContainsFunc(in.posts, part.holdsPosts) {
		if skipped := a.skips.all(); len(skipped) > 0 {
			return nothingLeft(skipped[0])
		}
		return noPosts()
	}
	a.posts, a.notes, a.account, a.profile = in.posts, in.notes, known.account, known.profile
	a.missing = missing(in.posts, known)
	for _, p := range slices.Concat(in.posts, in.notes) {
		a.size += int64(p.size)
	}
	a.atOpen = len(a.skips.all())
	return nil
}

// takeInner adds what the zips inside a source hold.
func (a *Archive) takeInner(s source, in *chosen) error {
	for i, z := range a.inner(s) {
		z.number = i + 1
		c, err := a.choose(z)
		if err != nil {
			return err
		}
		a.noteTricky(z)
		in.about = append(in.about, c.about...)
		in.notes = append(in.notes, c.notes...)
		in.posts = append(in.posts, c.posts...)
	}
	return nil
}

func (a *Archive) noteTricky(s source) {
	if s.tricky > 0 {
		a.skips.add(Skip{File: "the zip", Reason: reasonName, Count: s.tricky})
	}
}

// know reads the files beside the posts. Two accounts in one archive are refused, because nobody is judged by the
// posts of somebody else.
func (a *Archive) know(parts []part) (about, error) {
	var known about
	for _, p := range parts {
		one, err := readAbout(p)
		switch {
		case errors.Is(err, errOutside):
			return about{}, err
		case err != nil:
			a.skips.add(skipRest(p, err))
			continue
		case known.account.ID != "" && one.account.ID != "" && known.account.ID != one.account.ID:
			return about{}, manyAccounts()
		case one.account.ID != "":
			known.places = append(known.places, p.place)
		}
		known.merge(one)
	}
	return known, nil
}

// leaveStrangers leaves out the posts of folders that do not say whose they are, where another folder does. Further
// parts of an archive stay: X puts account.js into the first part only.
func (a *Archive) leaveStrangers(in *chosen, known about) {
	home := known.places
	if len(home) == 0 && len(in.posts) > 0 {
		home = []string{in.posts[0].place}
	}
	first := map[string]bool{} // places that hold the first part
	for _, p := range in.posts {
		if p.number == 0 || p.kind == kindMonth {
			first[p.place] = true
		}
	}
	strange := func(p part) bool { return first[p.place] && !slices.Contains(home, p.place) }
	for _, p := range in.posts {
		if strange(p) {
			a.skips.add(Skip{File: p.base(), Reason: reasonWhose})
		}
	}
	in.posts, in.notes = slices.DeleteFunc(in.posts, strange), slices.DeleteFunc(in.notes, strange)
}

// Close releases what the archive was read from. A file that was given to [New] stays open.
func (a *Archive) Close() error {
	var errs []error
	for _, c := range slices.Backward(a.closers) {
		errs = append(errs, c.Close())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// Account tells whose archive it is, as far as the archive says.
func (a *Archive) Account() Account { return a.account }

// Profile is what the account says of itself.
func (a *Archive) Profile() Profile { return a.profile }

// Missing says in sentences which parts of the archive are not there.
func (a *Archive) Missing() []string { return slices.Clone(a.missing) }

// Skipped is what could not be read. It is complete after a loop over [Archive.Posts].
func (a *Archive) Skipped() []Skip { return a.skips.all() }

// Outdated is how many earlier versions of edited posts the present or last loop has left out.
func (a *Archive) Outdated() int { return int(a.outdated.Load()) }

// Size is the number of uncompressed bytes that [Archive.Posts] reads.
func (a *Archive) Size() int64 { return a.size }

// Progress is how many of [Archive.Size] bytes the present or last loop has read.
func (a *Archive) Progress() int64 { return a.read.Load() }

// Posts reads every post once: ordinary posts part by part, then those of
// communities, then deleted ones. Of an edited post only the newest version counts.
// What cannot be read is skipped and told by [Archive.Skipped]. It stops with an error, a
// [fault.Fault], where the disk fails, ctx ends, or no post at all could be read. An id that comes again is
// skipped, as long as it was among the first [maxSeen] ids.
func (a *Archive) Posts(ctx context.Context) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		a.read.Store(0)
		a.outdated.Store(0)
		a.skips.cut(a.atOpen)
		notes, err := a.readNotes(ctx, a.notes)
		if err != nil {
			yield(Post{}, err)
			return
		}
		seen, none := make(idSet), true
		for post, err := range a.readPosts(ctx, a.posts) {
			if err != nil {
				yield(Post{}, err)
				return
			}
			none = false
			if post.Outdated {
				a.outdated.Add(1)
				continue
			}
			if seen.again(post.ID) {
				continue
			}
			post.Text = notes.whole(post)
			if !yield(post, nil) {
				return
			}
		}
		if skipped := a.skips.all(); none && len(skipped) > 0 {
			yield(Post{}, nothingLeft(skipped[0]))
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

package archive

import (
	"archive/zip"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kind is what an entry holds, in the order entries are read.
type kind uint8

const (
	kindAccount kind = iota
	kindNotes
	kindPosts
	kindCommunity
	kindDeleted
)

// kinds are the only entries ever opened, by file name without -partN.js. The
// second name is what X calls the same data inside the file.
var kinds = map[string]struct {
	kind  kind
	inner string
}{
	"account":         {kindAccount, "account"},
	"tweet":           {kindPosts, "tweet"},
	"tweets":          {kindPosts, "tweets"},
	"note-tweet":      {kindNotes, "note_tweet"},
	"community-tweet": {kindCommunity, "community_tweet"},
	"deleted-tweets":  {kindDeleted, "deleted_tweets"},
}

var entryName = regexp.MustCompile(`^((?:[^/]+/)?(?:data/)?)([a-z-]+?)(?:-part([0-9]{1,4}))?\.js$`)

// name is an entry's path, taken apart.
type name struct {
	folder string // "", "data/", "x-archive/" or "x-archive/data/"
	kind   kind
	inner  string
	number int
}

// parseName takes an entry's path apart; it is false for entries we never open.
func parseName(s string) (name, bool) {
	m := entryName.FindStringSubmatch(s)
	if m == nil || strings.HasPrefix(s, "__MACOSX/") {
		return name{}, false
	}
	k, ok := kinds[m[2]]
	n, _ := strconv.Atoi(m[3])
	return name{folder: m[1], kind: k.kind, inner: k.inner, number: n}, ok
}

// part is one entry that will be read.
type part struct {
	name
	file *zip.File
}

// base is the part's file name, for messages.
func (p part) base() string { return path.Base(p.file.Name) }

// chosen is what an archive is read from.
type chosen struct {
	account part
	notes   []part
	posts   []part
}

// The most a part may inflate: X's own files reach 20 times, zip bombs 1,000.
const (
	maxRatio  = 200
	ratioFree = 1 << 20 // bytes that may inflate from anything
)

// choose picks the parts that lie beside the one account file, and refuses what
// cannot be an archive of X, before anything is inflated.
func choose(files []*zip.File, size int64) (chosen, error) {
	parts := make([]part, len(files))
	for i, f := range files {
		n, _ := parseName(f.Name)
		parts[i] = part{n, f}
	}
	account, err := onlyAccount(parts)
	if err != nil {
		return chosen{}, err
	}
	parts = slices.DeleteFunc(parts, func(p part) bool { return p.folder != account.folder })
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.number, b.number), cmp.Compare(a.file.Name, b.file.Name))
	})
	if err := check(parts, size); err != nil {
		return chosen{}, err
	}
	in := chosen{account: account}
	for _, p := range parts {
		switch p.kind {
		case kindAccount:
		case kindNotes:
			in.notes = append(in.notes, p)
		default:
			in.posts = append(in.posts, p)
		}
	}
	if len(in.posts) == 0 {
		return chosen{}, noPosts()
	}
	return in, nil
}

func onlyAccount(parts []part) (part, error) {
	is := func(p part) bool { return p.kind == kindAccount && p.number == 0 }
	first := slices.IndexFunc(parts, is)
	switch {
	case first < 0:
		return part{}, noAccount()
	case slices.ContainsFunc(parts[first+1:], is):
		return part{}, manyAccounts()
	}
	return parts[first], nil
}

// check refuses encrypted, repeated and bomb-like parts. The sum is held against
// the file's own size too, because entries of a zip can share their bytes.
func check(parts []part, size int64) error {
	total := uint64(0)
	for i, p := range parts {
		f := p.file
		switch {
		case f.Flags&1 != 0:
			return encrypted()
		case f.Method != zip.Deflate && f.Method != zip.Store:
			return unknownMethod(p)
		case i > 0 && parts[i-1].file.Name == f.Name:
			return twice(p)
		case tooDense(f.UncompressedSize64, f.CompressedSize64):
			return bomb(p)
		}
		total += f.UncompressedSize64 // cannot wrap: each is at most maxRatio times its compressed size
		if tooDense(total, uint64(size)) {
			return bomb(p)
		}
	}
	return nil
}

func tooDense(inflated, compressed uint64) bool {
	return inflated > ratioFree && (inflated-ratioFree)/maxRatio > compressed
}

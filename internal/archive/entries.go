package archive

import (
	"archive/zip"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/deflate64"
)

// kind is what an entry holds, in the order entries are read.
type kind uint8

const (
	kindAccount kind = iota
	kindProfile
	kindManifest
	kindDetails // who it is, before 2018
	kindNotes
	kindPosts
	kindMonth // posts of one month, before 2018
	kindTable // all posts as a table, before 2018
	kindCommunity
	kindDeleted
	kindZip
)

// kinds are the only entries ever opened, by file name without -partN.js. The
// second name is what X calls the same data inside the file.
var kinds = map[string]struct {
	kind  kind
	inner string
}{
	"account":         {kindAccount, "account"},
	"profile":         {kindProfile, "profile"},
	"manifest":        {kindManifest, ""},
	"tweet":           {kindPosts, "tweet"},
	"tweets":          {kindPosts, "tweets"},
	"note-tweet":      {kindNotes, "note_tweet"},
	"community-tweet": {kindCommunity, "community_tweet"},
	"deleted-tweets":  {kindDeleted, "deleted_tweets"},
}

var (
	entryBase = regexp.MustCompile(`^([a-z-]+?)(?:-part([0-9]{1,4}))?\.js$`)
	monthBase = regexp.MustCompile(`^([0-9]{4})_([0-9]{2})\.js$`)
)

// maxDeep is how many folders may lie around an archive.
const maxDeep = 3

// name is an entry's path, taken apart.
type name struct {
	home   string // the folder the archive lies in: "", or such as "x-archive"
	kind   kind
	inner  string
	number int
}

// parseName takes an entry's path apart; it is false for entries we never open. Upper case and the separators of
// Windows make no difference.
func parseName(s string) (name, bool) {
	s = strings.ToLower(slashed(s))
	dir, base := path.Split(strings.TrimPrefix(s, "./"))
	dir = strings.TrimSuffix(dir, "/")
	if strings.HasPrefix(base, "._") || strings.HasPrefix(s, "__macosx/") || strings.Contains(s, "/__macosx/") {
		return name{}, false
	}
	n, data, ok := parseBase(base)
	if !ok {
		return name{}, false
	}
	for i, folder := range slices.Backward(data) { // the innermost folder first
		if path.Base(dir) != folder {
			if i > 0 && len(data) > 1 {
				return name{}, false
			}
			break
		}
		dir = strings.TrimSuffix(strings.TrimSuffix(dir, folder), "/")
	}
	n.home = strings.TrimSuffix(dir, "/")
	return n, n.home == "" || strings.Count(n.home, "/") < maxDeep
}

// parseBase tells what a file name promises and in which folders of an archive such a file lies.
func parseBase(base string) (n name, data []string, ok bool) {
	if m := monthBase.FindStringSubmatch(base); m != nil {
		month, _ := strconv.Atoi(m[1] + m[2])
		return name{kind: kindMonth, inner: "tweets_" + m[1] + "_" + m[2], number: month},
			[]string{"data", "js", "tweets"}, true
	}
	switch {
	case base == "user_details.js":
		return name{kind: kindDetails}, []string{"data", "js"}, true
	case base == "tweets.csv":
		return name{kind: kindTable}, nil, true
	case strings.HasSuffix(base, ".zip"):
		return name{kind: kindZip}, nil, true
	}
	m := entryBase.FindStringSubmatch(base)
	if m == nil {
		return name{}, nil, false
	}
	k, ok := kinds[m[1]]
	number, _ := strconv.Atoi(m[2])
	return name{kind: k.kind, inner: k.inner, number: number}, []string{"data"}, ok
}

// part is one entry that will be read.
type part struct {
	name
	item
	place string // the source and folder it lies in
}

// holdsPosts reports whether the part can hold posts to be judged.
func (p part) holdsPosts() bool {
	return p.kind == kindPosts || p.kind == kindMonth || p.kind == kindTable || p.kind == kindCommunity
}

// chosen is what an archive is read from.
type chosen struct {
	about []part // account, profile, manifest, details
	notes []part
	posts []part
}

// The most a part may inflate: X's own files reach 20 times, zip bombs 1,000.
const (
	maxRatio  = 200
	ratioFree = 1 << 20 // bytes that may inflate from anything
)

// choose picks the parts of a source, before anything is inflated. Parts that cannot be read are skipped; only a
// password and a source that unpacks beyond all measure refuse the whole.
func (a *Archive) choose(s source) (chosen, error) {
	parts, err := a.usable(s)
	if err != nil {
		return chosen{}, err
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.number, b.number), cmp.Compare(a.item.name, b.item.name))
	})
	var in chosen
	for _, p := range parts {
		switch p.kind {
		case kindZip:
		case kindAccount, kindProfile, kindManifest, kindDetails:
			in.about = append(in.about, p)
		case kindNotes:
			in.notes = append(in.notes, p)
		case kindTable: // the same posts as in the scripts beside it, with less about each
			months := func(o part) bool { return o.kind == kindMonth && o.home == p.home }
			if !slices.ContainsFunc(parts, months) {
				in.posts = append(in.posts, p)
			}
		default:
			in.posts = append(in.posts, p)
		}
	}
	return in, nil
}

// usable are the parts of a source that can be read. Their sum is held against the source's own size too, because
// entries of a zip can share their bytes.
func (a *Archive) usable(s source) ([]part, error) {
	var out []part
	total := uint64(0)
	for _, it := range s.items {
		n, ok := parseName(it.name)
		p := part{n, it, strconv.Itoa(s.number) + "/" + n.home}
		switch {
		case !ok:
			continue
		case s.size > 0 && it.packed > uint64(s.size): // an entry is not larger than the zip that it stands in
			a.skips.add(skipRest(p, damaged(p, errSize)))
			continue
		case n.kind == kindZip:
		case it.encrypted:
			return nil, encrypted()
		case it.method != zip.Deflate && it.method != zip.Store && it.method != deflate64.Method:
			a.skips.add(skipRest(p, unknownMethod(p)))
			continue
		case tooDense(it.size, it.packed):
			a.skips.add(skipRest(p, bomb(p)))
			continue
		default:
			total += it.size // cannot wrap: each is at most maxRatio times the size of the zip, which has few entries
		}
		if s.size > 0 && tooDense(total, uint64(s.size)) {
			return nil, bomb(p)
		}
		out = append(out, p)
	}
	return out, nil
}

func tooDense(inflated, packed uint64) bool {
	return inflated > ratioFree && (inflated-ratioFree)/maxRatio > packed
}

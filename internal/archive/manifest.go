package archive

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// decodeManifest decodes what manifest.js tells: whose archive it is, whether other parts belong to it, and which files
// of posts there ought to be.
func decodeManifest(p part, raw []byte) (about, error) {
	var in struct {
		User struct {
			AccountID   string `json:"accountId"`
			UserName    string `json:"userName"`
			DisplayName string `json:"displayName"`
		} `json:"userInfo"`
		Archive struct {
			Partial bool `json:"isPartialArchive"`
		} `json:"archiveInfo"`
		Types map[string]json.RawMessage `json:"dataTypes"`
	}
	if err := decode(p, raw, &in); err != nil {
		return about{}, err
	}
	out := about{partial: in.Archive.Partial, listed: listed(in.Types)}
	if digits(in.User.AccountID) && handle.MatchString(in.User.UserName) {
		out.account = Account{ID: in.User.AccountID, Handle: in.User.UserName, DisplayName: in.User.DisplayName}
	}
	return out, nil
}

// listed are the files of posts that the manifest names. What it says in another shape is ignored.
func listed(types map[string]json.RawMessage) map[string]int {
	out := map[string]int{}
	for _, key := range []string{"tweet", "tweets"} {
		var in struct {
			Files []struct {
				FileName string      `json:"fileName"`
				Count    json.Number `json:"count"`
			} `json:"files"`
		}
		if json.Unmarshal(types[key], &in) != nil {
			continue
		}
		for _, f := range in.Files {
			n, _ := f.Count.Int64()
			out[strings.ToLower(path.Base(slashed(f.FileName)))] = int(n)
		}
	}
	return out
}

const addTheRest = " Put all the parts that X gave you into one folder, and give that folder, to have everything read."

// missing says which parts of the archive are not there, in sentences.
func missing(posts []part, known about) []string {
	var lost []string
	there := map[string]bool{}
	highest := -1
	for _, p := range posts {
		there[strings.ToLower(p.base())] = true
		if p.kind == kindPosts {
			highest = max(highest, p.number)
		}
	}
	if highest > 0 && !there["tweets.js"] && !there["tweet.js"] && !there["tweets-part0.js"] && !there["tweet-part0.js"] {
		lost = append(lost, "tweets.js (part 1)")
	}
	for n := 1; n < highest; n++ {
		if !there[fmt.Sprintf("tweets-part%d.js", n)] && !there[fmt.Sprintf("tweet-part%d.js", n)] {
			lost = append(lost, fmt.Sprintf("tweets-part%d.js (part %d)", n, n+1))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known.listed)) {
		named := func(s string) bool { return strings.HasPrefix(s, name) }
		if !there[name] && !slices.ContainsFunc(lost, named) {
			lost = append(lost, name+holding(known.listed[name]))
		}
	}
	return sentences(lost, known.partial)
}

func holding(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%d posts)", n)
}

const maxNamed = 10 // files that are named as missing

func sentences(lost []string, partial bool) []string {
	more := ""
	if n := len(lost) - maxNamed; n > 0 {
		lost, more = lost[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	is := "is"
	if len(lost) > 1 {
		is = "are"
	}
	switch {
	case len(lost) > 0:
		return []string{cmp.Or(strings.Join(lost, ", ")+more) + " " + is + " missing, so the posts in it were not read." +
			addTheRest}
	case partial:
		return []string{"X says that this is one part of a larger archive; posts of the other parts were not read." +
			addTheRest}
	}
	return nil
}

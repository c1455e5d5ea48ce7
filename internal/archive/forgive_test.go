package archive

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// unzipped lays entries out as files.
func unzipped(tb testing.TB, entries ...entry) string {
	tb.Helper()
	dir := tb.TempDir()
	for _, e := range entries {
		path := filepath.Join(dir, filepath.FromSlash(e.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(e.body), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// opened opens path and gives what it holds.
func opened(tb testing.TB, path string) (*Archive, string) {
	tb.Helper()
	a, err := Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { a.Close() })
	var posts []Post
	for p, err := range a.Posts(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		posts = append(posts, p)
	}
	return a, ids(posts)
}

func TestOpen_ReadsAFolder(t *testing.T) {
	t.Parallel()
	one, two := script("tweets", tweet("1", "one", "")), script("tweets", tweet("2", "two", ""))
	part1 := inner(t, account, entry{"data/tweets.js", one})
	part2 := inner(t, entry{"data/tweets-part1.js", two})
	for name, c := range map[string]struct {
		want    string
		entries []entry
	}{
		"unzipped":        {"1", []entry{account, {"data/tweets.js", one}, {"data/direct-messages.js", "private"}}},
		"a folder deeper": {"1", []entry{{"twitter-1/data/account.js", accountJS}, {"twitter-1/data/tweets.js", one}}},
		"both parts":      {"1 2", []entry{{"a.zip", part1}, {"b.zip", part2}}},
		"parts, unzipped": {"1 2", []entry{
			{"a/data/account.js", accountJS},
			{"a/data/tweets.js", one},
			{"b/data/tweets-part1.js", two},
		}},
		"before 2018":      {"1", []entry{{"data/js/tweets/2014_01.js", month(`{"id_str":"1","text":"hello"}`)}}},
		"one zip in it":    {"1", []entry{{"twitter.zip", part1}, {"notes.txt", "x"}}},
		"a zip without it": {"1", []entry{{"twitter.zip", part1}, {"pictures.zip", inner(t, entry{"1.jpg", "x"})}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a, got := opened(t, unzipped(t, c.entries...)); got != c.want || len(a.Skipped()) > 0 {
				t.Errorf("read %q, want %q; skipped %v", got, c.want, a.Skipped())
			}
		})
	}
}

func TestOpen_FollowsNoLinkOutOfTheFolder(t *testing.T) {
	t.Parallel()
	elsewhere := unzipped(t, entry{"tweets.js", script("tweets", tweet("7", "somebody's", ""))})
	dir := unzipped(t, entry{"tweets.js", script("tweets", tweet("1", "mine", ""))})
	if err := os.Symlink(filepath.Join(elsewhere, "tweets.js"), filepath.Join(dir, "tweets-part1.js")); err != nil {
		t.Fatal(err)
	}
	if _, got := opened(t, dir); got != "1" {
		t.Errorf("read %q", got)
	}
}

func TestNew_ReadsDeflate64(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, body := range map[string]string{
		`data\account.js`: accountJS,
		`data\tweets.js`:  script("tweets", tweet("1", "hello", "")),
	} {
		packed := append([]byte{1, byte(len(body)), byte(len(body) >> 8), ^byte(len(body)), ^byte(len(body) >> 8)}, body...)
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: 9, CRC32: crc32.ChecksumIEEE([]byte(body)),
			UncompressedSize64: uint64(len(body)), CompressedSize64: uint64(len(packed)),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(packed)
	}
	z.Close()
	if posts, err := read(t, b.Bytes()); err != nil || ids(posts) != "1" {
		t.Errorf("got %s, %v", ids(posts), err)
	}
}

func TestNew_LeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	zipped := pack(t, entry{"my.zip", inner(t, account, entry{
		"data/tweets.js",
		script("tweets", tweet("1", "hello", "")),
	})})
	if posts, err := read(t, zipped); err != nil || ids(posts) != "1" {
		t.Fatalf("got %s, %v", ids(posts), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestMissing_NamesThePartsThatAreNotThere(t *testing.T) {
	t.Parallel()
	body := script("tweets", tweet("1", "one", ""))
	partial := strings.Replace(manifestJS, `"isPartialArchive": false`, `"isPartialArchive": true`, 1)
	for name, c := range map[string]struct {
		want    string
		entries []entry
	}{
		"nothing":      {"", []entry{account, {"data/tweets.js", body}, {"data/tweets-part1.js", body}}},
		"part 2 alone": {"tweets.js (part 1) is missing", []entry{{"data/tweets-part1.js", body}}},
		"a gap": {
			"tweets-part1.js (part 2) is missing",
			[]entry{account, {"data/tweets.js", body}, {"data/tweets-part2.js", body}},
		},
		"by manifest": {
			"tweets.js (1 posts) is missing",
			[]entry{{"data/manifest.js", manifestJS}, {"data/community-tweet.js", script("community_tweet")}},
		},
		"partial": {
			"X says that this is one part of a larger archive",
			[]entry{{"data/manifest.js", partial}, {"data/tweets.js", body}},
		},
		"first and last": {
			"tweets.js (part 1), tweets-part1.js (part 2) are missing",
			[]entry{{"data/tweets-part2.js", body}},
		},
	} {
		zipped := pack(t, c.entries...)
		a, err := New(bytes.NewReader(zipped), int64(len(zipped)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(a.Missing(), " "); !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestNew_ReadsWhoseArchiveItIsWhereverItStands(t *testing.T) {
	t.Parallel()
	posts := entry{"data/tweets.js", script("tweets")}
	profile := entry{"data/profile.js", script("profile",
		`{"profile": {"description": {"bio": "gardens", "website": "https://t.co/a", "location": "Ghent"}}}`)}
	known := Account{ID: "42", Handle: "pia_example", DisplayName: "Pia"}
	for name, c := range map[string]struct {
		account Account
		profile Profile
		entries []entry
	}{
		"manifest": {known, Profile{}, []entry{posts, {"data/manifest.js", manifestJS}}},
		"details": {
			known,
			Profile{Bio: "gardens", Location: "Ghent"},
			[]entry{posts, {"data/js/user_details.js", detailsJS}},
		},
		"profile": {Account{}, Profile{"gardens", "Ghent", "https://t.co/a"}, []entry{posts, profile}},
		"nowhere": {Account{}, Profile{}, []entry{posts}},
	} {
		zipped := pack(t, c.entries...)
		a, err := New(bytes.NewReader(zipped), int64(len(zipped)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a.Account() != c.account || a.Profile() != c.profile {
			t.Errorf("%s: got %+v, %+v", name, a.Account(), a.Profile())
		}
	}
}

func TestPosts_OnlyTheNewestVersionOfAnEditedPostCounts(t *testing.T) {
	t.Parallel()
	first := tweet("50", "first", `, "edit_info": {"initial": {"editTweetIds": ["50", "51"], "isEditEligible": true}}`)
	second := tweet("51", "second",
		`, "edit_info": {"edit": {"initialTweetId": "50", "editControlInitial": {"editTweetIds": ["50", "51"]}}}`)
	zipped := pack(t, account, entry{"data/tweets.js", script("tweets", first, second,
		tweet("52", "x", `, "edit_info": {"initial": {"editTweetIds": ["52"]}}`))})
	path := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(path, zipped, 0o600); err != nil {
		t.Fatal(err)
	}
	if a, got := opened(t, path); got != "51 52" || a.Outdated() != 1 {
		t.Errorf("read %q, %d outdated", got, a.Outdated())
	}
}

func TestPosts_ADateBeforeXExistedIsTakenFromTheID(t *testing.T) {
	t.Parallel()
	wrong := func(id string) string {
		return fmt.Sprintf(`{"tweet": {"id_str": %q, "created_at": "Thu Jan 01 00:00:00 +0000 1970", "full_text": "x"}}`, id)
	}
	posts := mustRead(t, account, entry{"data/tweets.js", script("tweets", wrong("1630000000000000900"), wrong("20"))})
	if got := posts[0].PostedAt; !got.Equal(time.Date(2023, 2, 27, 0, 20, 58, 592_000_000, time.UTC)) {
		t.Errorf("got %v", got)
	}
	if !posts[1].PostedAt.IsZero() {
		t.Errorf("an id of before 2010 tells %v", posts[1].PostedAt)
	}
}

func TestPosts_RepostsOfBefore2018AndDescriptionsOfPictures(t *testing.T) {
	t.Parallel()
	posts := mustRead(t,
		entry{
			"data/js/tweets/2014_01.js",
			month(`{"id_str":"1","text":"so it is","retweeted_status":{"id_str":"7","text":"so it is"}}`),
		},
		entry{"data/tweets.js", script("tweets", tweet("2", "look",
			`, "extended_entities": {"media": [{"ext_alt_text": "a &lt;dog&gt;"}, {"ext_alt_text": ""}]}`))},
		entry{"old/tweets.csv", "x"})
	want := []Post{
		{
			ID: "2", Text: "look", PostedAt: time.Date(2023, 2, 18, 12, 33, 11, 0, time.UTC), Media: 2,
			AltTexts: []string{"a <dog>"},
		},
		{ID: "1", Text: "so it is", Repost: true},
	}
	if d := cmp.Diff(want, posts); d != "" {
		t.Error(d)
	}
}

func TestSkips_AreBounded(t *testing.T) {
	t.Parallel()
	var s skips
	for i := range 10_000 {
		s.add(Skip{File: fmt.Sprint(i), Reason: reasonJSON, Count: 1, Posts: []string{"1"}})
	}
	if list := s.all(); len(list) != maxSkips+1 || total(list) != 10_000 {
		t.Errorf("%d rows for %d entries", len(list), total(list))
	}
}

// The sizes in a zip's directory are the word of whoever made it.
func TestNew_SizesThatLieCostNothingButTheirEntry(t *testing.T) {
	t.Parallel()
	one := script("tweets", tweet("1", "hello", ""))
	stored := inner(t, account, entry{"data/tweets.js", one})
	const huge = 1<<64 - 1
	for name, c := range map[string]struct {
		lies    zip.FileHeader
		body    string
		skipped string
	}{
		"an inner zip's content": {zip.FileHeader{
			Name: "my.zip", CompressedSize64: uint64(len(stored)),
			UncompressedSize64: huge,
		}, stored, ""},
		"an inner zip's length": {
			zip.FileHeader{Name: "my.zip", CompressedSize64: 1 << 62, UncompressedSize64: 1 << 62},
			stored, "my.zip",
		},
		"a part's length": {
			zip.FileHeader{
				Name: "data/tweets-part1.js", Method: zip.Deflate, CompressedSize64: 1<<63 - 1,
				UncompressedSize64: huge - 1<<20,
			},
			one, "tweets-part1.js",
		},
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.CreateRaw(&c.lies)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, c.body)
		if c.skipped != "" { // and what is read all the same
			w, err := z.Create("other/archive.zip")
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, stored)
		}
		z.Close()
		a, err := New(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n := 0
		for _, err := range a.Posts(t.Context()) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			n++
		}
		skips := a.Skipped()
		if n != 1 || (len(skips) > 0) != (c.skipped != "") || c.skipped != "" && skips[0].File != c.skipped {
			t.Errorf("%s: %d posts, skipped %+v", name, n, skips)
		}
	}
}

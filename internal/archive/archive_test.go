package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Not parallel, so that it measures nothing but itself: parallel tests wait for it.
func TestPosts_MemoryDoesNotGrowWithTheArchive(t *testing.T) {
	zipped := largeZip(t, 8_000, zip.Store) // 12 MB
	a, err := New(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		t.Fatal(err)
	}
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, peak, n := heap(), int64(0), 0
	for _, err := range a.Posts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%2_000 == 0 {
			peak = max(peak, heap()-before)
		}
	}
	if n != 8_000 || peak > 4<<20 {
		t.Errorf("%d posts held %d KiB at once; want 8000 under 4 MiB", n, peak>>10)
	}
	if a.Progress() != a.Size() {
		t.Errorf("progress ended at %d of %d", a.Progress(), a.Size())
	}
}

func TestPosts_EveryKnownFieldIsRead(t *testing.T) {
	t.Parallel()
	posts := mustRead(t, account, entry{
		"data/tweets.js",
		script("tweets", tweet("7", "@bo caf&eacute; R&amp;D &lt;3 \U0001F600", `,
		"lang": "fr", "favorite_count": "12", "retweet_count": 3, "in_reply_to_status_id_str": "6", "unknown": {"a": [1, {"b": null}]},
		"entities": {"hashtags": [{"text": "go", "indices": ["1", "2"]}, {"text": "zip"}], "media": [{}]}, "retweet_count": 3,
		"extended_entities": {"media": [{"id_str": "1"}, {"id_str": "2"}]}, "entities": {"media": [{}]}`)),
	})
	want := []Post{{
		ID: "7", Text: "@bo café R&D <3 \U0001F600", Lang: "fr", ReplyToID: "6",
		PostedAt: time.Date(2023, 2, 18, 12, 33, 11, 0, time.UTC),
		Likes:    new(12), Reposts: new(3), Media: 2, Hashtags: []string{"go", "zip"},
	}}
	if d := cmp.Diff(want, posts); d != "" {
		t.Error(d)
	}
}

func TestPosts_MissingFieldsAreUnknownNotZero(t *testing.T) {
	t.Parallel()
	posts := mustRead(t, account, entry{
		"data/tweets.js",
		script("tweets", `{"tweet": {"id": 9, "favorite_count": "many", "lang": null, "entities": []}}`),
	})
	if d := cmp.Diff([]Post{{ID: "9"}}, posts); d != "" {
		t.Error(d)
	}
}

func TestPosts_KindsAndPartsComeInOrderAndOnce(t *testing.T) {
	t.Parallel()
	posts := mustRead(t, account,
		entry{"data/deleted-tweets.js", script("deleted_tweets", tweet("5", "gone", ""), tweet("1", "again", ""))},
		entry{"data/community-tweet.js", script("community_tweet", tweet("4", "with friends", ""))},
		entry{"data/tweets-part10.js", script("tweets", tweet("3", "RT @bo: hi", ""))},
		entry{"data/tweets-part2.js", script("tweets", tweet("2", "two", ""), tweet("1", "repeated", ""))},
		entry{"data/tweets.js", script("tweets", tweet("1", "one", ""))})
	want := "1 2 3 4 5"
	if ids(posts) != want {
		t.Fatalf("got %s, want %s", ids(posts), want)
	}
	if posts[0].Repost || !posts[2].Repost || !posts[3].Community || posts[3].Deleted || !posts[4].Deleted {
		t.Errorf("wrong flags: %+v", posts)
	}
}

func TestPosts_EveryLayoutOfX(t *testing.T) {
	t.Parallel()
	one := tweet("1", "hello", "")
	bare := `{"id_str": "1", "full_text": "hello", "created_at": "Sat Feb 18 12:33:11 +0000 2023"}`
	for name, entries := range map[string][]entry{
		"data":           {account, {"data/tweets.js", script("tweets", one)}},
		"root":           {{"account.js", accountJS}, {"tweets.js", script("tweets", one)}},
		"a folder deep":  {{"twitter-1/data/account.js", accountJS}, {"twitter-1/data/tweets.js", script("tweets", one)}},
		"a folder, root": {{"twitter-1/account.js", accountJS}, {"twitter-1/tweets.js", script("tweets", one)}},
		"old, bare":      {account, {"data/tweet.js", script("tweet", bare)}},
		"old, wrapped":   {account, {"data/tweet.js", script("tweet", one)}},
		"BOM, CRLF": {account, {"data/tweets.js", "\uFEFF" + strings.ReplaceAll(script("tweets", one), "\n", "\r\n") +
			";\r\n"}},
		"macOS copies": {
			account,
			{"data/tweets.js", script("tweets", one)},
			{"__MACOSX/data/._tweets.js", "junk"},
			{"__MACOSX/data/tweets.js", "junk"},
			{"__MACOSX/data/account.js", "junk"},
		},
		"upper case":    {{"DATA/ACCOUNT.JS", accountJS}, {"DATA/TWEETS.JS", script("tweets", one)}},
		"backslashes":   {{`data\account.js`, accountJS}, {`data\tweets.js`, script("tweets", one)}},
		"folder, same":  {{`x\y\data\account.js`, accountJS}, {`x\y\data\tweets.js`, script("tweets", one)}},
		"leading dot":   {{"./data/account.js", accountJS}, {"./data/tweets.js", script("tweets", one)}},
		"manifest only": {{"data/manifest.js", manifestJS}, {"data/tweets.js", script("tweets", one)}},
		"no account":    {{"data/tweets.js", script("tweets", one)}},
		"a part twice":  {account, {"data/tweets.js", script("tweets", one)}, {"data/tweets.js", script("tweets", one)}},
		"months": {
			{"data/js/user_details.js", detailsJS},
			{"data/js/tweets/2014_01.js", month(`{"id_str":"1","text":"hello","created_at":"2014-01-05 10:00:00 +0000"}`)},
		},
		"months, folder": {
			{"old/data/js/user_details.js", detailsJS},
			{
				"old/data/js/tweets/2014_01.js",
				month(`{"id_str":"1","text":"hello","created_at":"Sun Jan 05 10:00:00 +0000 2014"}`),
			},
		},
		"table": {{"tweets.csv", tableHead + `"1","","","2014-01-05 10:00:00 +0000","web","hello","","","",""` +
			"\n"}},
		"months, table": {
			{"data/js/tweets/2014_01.js", month(`{"id_str":"1","text":"hello"}`)},
			{"tweets.csv", tableHead + `"2","","","x","web","no","","","",""` + "\n"},
		},
		"zip, stored": {{"archive.zip", inner(t, account,
			entry{"data/tweets.js", script("tweets", one, tweet("x", noise(9<<10), ""))})}},
		"zip, packed": {{"my/archive.zip", inner(t, account, entry{"data/tweets.js", script("tweets", one)})}},
		"extended": {account, {"data/tweets.js", script("tweets",
			`{"tweet":{"id_str":"1","truncated":true,"extended_tweet":{"full_text":"hello"},"text":"hel…"}}`)}},
		"note inside": {account, {"data/tweets.js", script("tweets",
			`{"tweet":{"id_str":"1","full_text":"hel…","note_tweet":{"note_tweet_results":{"result":{"text":"hello"}}}}}`)}},
		"note flat": {account, {"data/tweets.js", script("tweets",
			`{"tweet":{"id_str":"1","note_tweet":{"text":"hello"},"full_text":"hel…"}}`)}},
		"note by id": {
			account,
			{"data/note-tweet.js", script("note_tweet",
				`{"noteTweet":{"tweetId":"1","core":{"text":"hello"}}}`)},
			{"data/tweets.js", script("tweets", tweet("1", "hel", ""))},
		},
		"lone surrogate": {account, {"data/tweets.js", script("tweets",
			`{"tweet":{"id_str":"1","full_text":"hello","source":"\ud83d"}}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			posts := mustRead(t, entries...)
			if len(posts) != 1 || posts[0].ID != "1" || posts[0].Text != "hello" {
				t.Errorf("got %+v", posts)
			}
		})
	}
}

func TestPosts_AnEmptyListIsNoError(t *testing.T) {
	t.Parallel()
	if posts := mustRead(t, account, entry{"data/tweets.js", script("tweets")}); len(posts) != 0 {
		t.Errorf("got %+v", posts)
	}
}

func TestPosts_CanBeLeftAndStartedAgain(t *testing.T) {
	t.Parallel()
	zipped := largeZip(t, 1_000, zip.Store)
	a, err := New(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for p, err := range a.Posts(t.Context()) {
			if err != nil || p.ID != "1000000000" {
				t.Fatalf("first is %s, %v", p.ID, err)
			}
			break
		}
	}
}

func TestPosts_StopsWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	zipped := largeZip(t, 1_000, zip.Store)
	a, err := New(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var last error
	for _, last = range a.Posts(ctx) {
		stop()
	}
	if !errors.Is(last, context.Canceled) || sentence(t, last) != "Reading the archive was stopped before its end." {
		t.Errorf("got %v", last)
	}
}

// watched fails the test when bytes that hold a canary are read.
type watched struct {
	*bytes.Reader
	from, to int64
	touched  atomic.Bool
}

func (w *watched) ReadAt(b []byte, off int64) (int, error) {
	if off < w.to && off+int64(len(b)) > w.from {
		w.touched.Store(true)
	}
	return w.Reader.ReadAt(b, off)
}

func TestPosts_NeverTouchesOtherEntries(t *testing.T) {
	t.Parallel()
	// 80 KiB: the canaries lie before the last 64 KiB, where the directory is looked for
	canary := strings.Repeat("private ", 10<<10)
	others := []entry{
		{"data/direct-messages.js", canary},
		{"data/direct-messages-group.js", canary},
		{"data/ad-engagements.js", canary},
		{"data/contact.js", canary},
		{"data/tweet-headers.js", canary},
		{"data/tweets.js.bak", canary},
		{"data/tweets_media/1.jpg", canary},
		{"a/b/data/tweets.js", canary},
		{"data/phone-number.js", canary},
		{"data/account-suspension.js", canary},
		{"other/data/tweets.js", canary},
		{"__MACOSX/data/tweets.js", canary},
	}
	head := int64(len(pack(t, others...))) - 2_000 // without the directory, roughly
	zipped := pack(t, append(others, account, entry{"data/tweets.js", script("tweets", tweet("1", "hello", ""))},
		entry{"media", canary})...)
	r := &watched{Reader: bytes.NewReader(zipped), from: 0, to: head - 2_000}
	a, err := New(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range a.Posts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 || r.touched.Load() {
		t.Errorf("%d posts; other entries read: %v", n, r.touched.Load())
	}
}

func TestAccount_IsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(path, pack(t, account, entry{"data/tweets.js", script("tweets")}), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Account{
		ID: "42", Handle: "pia_example", DisplayName: "Pia",
		CreatedAt: time.Date(2012, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	if a.Account() != want || a.Close() != nil {
		t.Errorf("got %+v", a.Account())
	}
}

func TestNew_ReadsAZipWithSomethingInFrontOfIt(t *testing.T) {
	t.Parallel()
	posts, err := read(t, append([]byte("#!/bin/sh\n"), pack(t, account,
		entry{"data/tweets.js", script("tweets", tweet("1", "hello", ""))})...))
	if err != nil || ids(posts) != "1" {
		t.Errorf("got %s, %v", ids(posts), err)
	}
}

func TestNotes_LongPostsAreWhole(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A long story, told slowly. ", 40) + "The end &amp; more."
	whole := strings.ReplaceAll(long, "&amp;", "&")
	note := func(at, text string) string {
		return fmt.Sprintf(`{"noteTweet": {"noteTweetId": "1", "createdAt": %q, "core": {"mentions": [], "text": %q}}}`,
			at, text)
	}
	posts := mustRead(t, account,
		entry{"data/note-tweet.js", script("note_tweet",
			note("2023-02-18T12:33:11.000Z", "Another long story of the same second."+long),
			note("2023-02-18T12:33:12.000Z", long), // X may round the other way
			note("2024-01-01T00:00:00.000Z", long+" Of another time."))},
		entry{"data/tweets.js", script("tweets",
			tweet("1", long[:274]+"… https://t.co/abc", ""),
			tweet("2", "@bo @al "+long[:266]+"…", ""),
			tweet("3", "A long story", ""),
			tweet("4", "Somebody's "+long[:266]+"…", ""))})
	for i, want := range []string{whole, "@bo @al " + whole, "A long story", "Somebody's " + long[:266] + "…"} {
		if posts[i].Text != want {
			t.Errorf("post %s has %d bytes, want %d", posts[i].ID, len(posts[i].Text), len(want))
		}
	}
}

func TestNotes_AreBounded(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 25_000)
	ix := noteIndex{texts: map[int64][]string{}}
	for i := range 1_000 {
		ix.add(note{at: time.Unix(int64(i), 0), text: text})
	}
	if held := maxNoteBytes / (len(text) + 64); len(ix.texts) != held || ix.bytes > maxNoteBytes {
		t.Errorf("held %d notes, %d bytes", len(ix.texts), ix.bytes)
	}
}

func TestIDSet_StopsRememberingButNeverDropsANewID(t *testing.T) {
	t.Parallel()
	seen := make(idSet)
	for i := range uint64(maxSeen - 1) {
		seen[i] = struct{}{}
	}
	for _, c := range []struct {
		id   string
		want bool
	}{
		{"0", true},
		{"9000000000", false},
		{"9000000000", true},
		{"9000000001", false},
		{"9000000001", false},
		{"99999999999999999999", false},
	} {
		if got := seen.again(c.id); got != c.want {
			t.Errorf("%s came again: %v", c.id, got)
		}
	}
	if len(seen) != maxSeen {
		t.Errorf("%d ids are held", len(seen))
	}
}

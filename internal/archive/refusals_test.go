package archive

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

func TestRefusals_OnlyWhatCannotBeReadAtAll(t *testing.T) {
	t.Parallel()
	tweets := func(body string) []byte { return pack(t, account, entry{"data/tweets.js", body}) }
	good := tweets(script("tweets", tweet("1", "hello", "")))
	date := strings.Replace(tweet("2", "x", ""), "Sat Feb 18", "Sat Fex 18", 1)
	for name, c := range map[string]struct {
		zip  []byte
		want string
	}{
		"empty file": {nil, "not a complete zip file"},
		"not a zip":  {[]byte("<html>Sign in to X</html>"), "not a complete zip file"},
		"cut zip":    {good[:len(good)/2], "not a complete zip file"},
		"two accounts": {pack(t, account, entry{"data/tweets.js", script("tweets")},
			entry{"b/data/account.js", strings.Replace(accountJS, `"42"`, `"43"`, 1)}), "more than one account"},
		"no posts": {pack(t, account), "no file of posts"},
		"deleted alone": {pack(t, account, entry{
			"data/deleted-tweets.js",
			script("deleted_tweets", tweet("1", "a", "")),
		}), "no file of posts"},
		"too deep": {
			pack(t, entry{"a/b/c/d/data/tweets.js", script("tweets", tweet("1", "a", ""))}),
			"no file of posts",
		},
		"climbing path": {
			pack(t, account, entry{"../data/tweets.js", ""}),
			"1 entry of the zip was skipped: a file name that points outside",
		},
		"absolute path":   {pack(t, account, entry{"/data/tweets.js", ""}), "points outside"},
		"drive path":      {pack(t, account, entry{`C:\data\tweets.js`, ""}), "points outside"},
		"too many parts":  {manyParts(t), "more files in it than"},
		"bomb":            {declare(t, 1, 3<<20), "it would unpack to far more"},
		"parts that sum":  {declare(t, 100, 1<<20), "would unpack to far more"},
		"password":        {patchHeaders(good, 8, 1), "protected by a password"},
		"odd compression": {patchHeaders(good, 10, 97), "it is packed in a way X does not use"},
		"empty part":      {tweets(""), "it ends in the middle"},
		"no prefix":       {tweets(`[{"tweet": {"id_str": "1"}}]`), "it does not begin as X begins it"},
		"another prefix":  {tweets(script("direct_messages", "{}")), "it does not begin as X begins it"},
		"not objects":     {tweets(script("tweets", "1")), "1 entry of tweets.js was skipped: broken JSON"},
		"no good entry": {
			tweets(script("tweets", date, date)),
			"2 entries of tweets.js were skipped: a date that cannot be read (post 2, 2)",
		},
		"bad checksum":     {patchCRC(tweets(script("tweets"))), "it is damaged"},
		"zip in a zip":     {pack(t, entry{"a.zip", inner(t, entry{"b.zip", string(good)})}), "no file of posts"},
		"zip of nothing":   {pack(t, entry{"a.zip", "PK"}), "a.zip was not read to its end: This file is not a complete zip"},
		"table of another": {pack(t, entry{"tweets.csv", "name,phone\nBo,1\n"}), "it does not begin as X begins it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, c.zip)
			if err == nil {
				t.Fatal("it was read")
			}
			if got := sentence(t, err); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want it to say %q", got, c.want)
			}
		})
	}
}

// skippedOf are the sentences about what was skipped of an archive, and the ids of what was read.
func skippedOf(tb testing.TB, zipped []byte) (read, skipped string) {
	tb.Helper()
	a, err := New(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		tb.Fatal(err)
	}
	defer a.Close()
	var posts []Post
	for p, err := range a.Posts(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		posts = append(posts, p)
	}
	var said []string
	for _, s := range a.Skipped() {
		said = append(said, s.String())
	}
	return ids(posts), strings.Join(said, " ")
}

func TestPosts_ABadEntryCostsNothingButItself(t *testing.T) {
	t.Parallel()
	one, last := tweet("1", "one", ""), tweet("9", "last", "")
	const head = "window.YTD.tweets.part0 = [\n"
	for name, c := range map[string]struct{ body, read, skipped string }{
		"date": {script("tweets", one, strings.Replace(tweet("2", "x", ""), "Sat Feb 18", "Sat Fex 18", 1),
			last), "1 9", "1 entry of tweets.js was skipped: a date that cannot be read (post 2)."},
		"id": {
			script("tweets", one, tweet("2;drop", "x", ""), "{}", last), "1 9",
			"2 entries of tweets.js were skipped: no numeric id.",
		},
		"JSON": {
			script("tweets", one, `{"tweet": {"id_str": "2", "lang": tru}}`, last), "1 9",
			"1 entry of tweets.js was skipped: broken JSON.",
		},
		"brackets": {
			script("tweets", one, `{"tweet": {"id_str": "2", "lang": [}]}`, last), "1 9",
			"1 entry of tweets.js was skipped: broken JSON.",
		},
		"nesting": {script("tweets", one, `{"a":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+"}",
			last), "1 9", "1 entry of tweets.js was skipped: broken JSON."},
		"bare quotes": {
			script("tweets", one, `{"tweet": {"id_str": "2", "full_text": "he said "hi" there"}}`, last),
			"1 9", "1 entry of tweets.js was skipped: broken JSON.",
		},
		"open quote": {
			script("tweets", one, "{\"tweet\": {\"id_str\": \"2\", \"full_text\": \"he said\n}}", last),
			"1 9", "1 entry of tweets.js was skipped: broken JSON.",
		},
		"open, one line": {head + one + `, {"tweet": {"id_str": "2", "full_text": "he said}},` + last +
			`, {"tweet": {"id_str": "3"}}]`, "1 9 3", "1 entry of tweets.js was skipped: broken JSON."},
		"no brace": {script("tweets", one, `{"tweet": {"id_str": "2", "full_text": "x"}`, tweet("3", "three", ""),
			last), "1 3 9", "1 entry of tweets.js was skipped: broken JSON."},
		"no comma":    {head + one + last + "]", "1 9", ""},
		"two commas":  {head + one + ",," + last + ",]", "1 9", ""},
		"numbers":     {script("tweets", one, "12, 13", last), "1 9", "2 entries of tweets.js were skipped: broken JSON."},
		"text behind": {script("tweets", one, last) + "alert(1)", "1 9", "1 entry of tweets.js was skipped: broken JSON."},
		"too long": {
			script("tweets", one, tweet("2", noise(maxElement+1), ""), last), "1 9",
			"1 entry of tweets.js was skipped: larger than any post of X.",
		},
		"far too long": {
			script("tweets", one, tweet("2", noise(3*maxElement), ""), last), "1 9",
			"1 entry of tweets.js was skipped: larger than any post of X.",
		},
		"cut in a post": {
			head + one + "," + last + `, {"tweet": {"full`, "1 9",
			"tweets.js was not read to its end: it ends in the middle: the download was probably cut short.",
		},
		"cut between": {head + one + "," +
			last, "1 9", "tweets.js was not read to its end: it ends in the middle: the download was probably cut short."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read, skipped := skippedOf(t, pack(t, account, entry{"data/tweets.js", c.body}))
			if read != c.read || skipped != c.skipped {
				t.Errorf("read %q, skipped %q", read, skipped)
			}
		})
	}
}

func TestPosts_ABadPartCostsNothingButItself(t *testing.T) {
	t.Parallel()
	good := entry{"data/tweets.js", script("tweets", tweet("1", "hello", ""))}
	for name, c := range map[string]struct {
		bad  entry
		want string
	}{
		"prefix": {
			entry{"data/tweets-part1.js", script("direct_messages", "{}")},
			"tweets-part1.js was not read to its end: it does not begin as X begins it, so it was not read.",
		},
		"empty": {
			entry{"data/tweets-part1.js", ""},
			"tweets-part1.js was not read to its end: it ends in the middle: the download was probably cut short.",
		},
		"notes": {
			entry{"data/note-tweet.js", script("note_tweet",
				`{"noteTweet": {"createdAt": "today", "core": {"text": "a"}}}`)},
			"1 entry of note-tweet.js was skipped: a date that cannot be read.",
		},
		"profile": {
			entry{"data/profile.js", "window.YTD.profile.part0 = [ {]} ]"},
			"profile.js was not read to its end: it does not tell what X writes there.",
		},
		"whose": {
			entry{"other/data/tweets.js", script("tweets", tweet("7", "not mine", ""))},
			"tweets.js was not read to its end: it lies in a folder that does not say whose posts they are.",
		},
	} {
		read, skipped := skippedOf(t, pack(t, account, good, c.bad))
		if read != "1" || skipped != c.want {
			t.Errorf("%s: read %q, skipped %q", name, read, skipped)
		}
	}
	read, skipped := skippedOf(t, pack(t, entry{"data/account.js", script("account", "{]}")}, good))
	if read != "1" || skipped != "account.js was not read to its end: it does not tell what X writes there." {
		t.Errorf("account: read %q, skipped %q", read, skipped)
	}
}

func TestOpen_SaysWhatIsWrongWithThePath(t *testing.T) {
	t.Parallel()
	_, err := Open(filepath.Join(t.TempDir(), "missing.zip"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(sentence(t, err), "cannot be opened") {
		t.Errorf("missing: %v", err)
	}
	if _, err = Open(t.TempDir()); !strings.Contains(sentence(t, err), "no file of posts") {
		t.Errorf("folder: %v", err)
	}
}

func TestRefusals_TheBoundOfAnEntryDoesNotDependOnBuffers(t *testing.T) {
	t.Parallel()
	most := `{"id_str":"1","source":"` + noise(maxElement-26) + `"}`
	for more, want := range map[string]int{"": 1, " ": 0} {
		body := script("tweets", strings.TrimSuffix(most, "}")+more+"}")
		posts, skipped, err := decodeAll(strings.NewReader(body), 4*maxElement)
		if len(posts) != want || len(skipped) != 1-want || err != nil {
			t.Errorf("%d bytes: %d posts, %v, %v", len(most)+len(more), len(posts), skipped, err)
		}
	}
}

// failing fails as a broken disk does, once the directory is read.
type failing struct {
	*bytes.Reader
	broken bool
}

func (f *failing) ReadAt(b []byte, off int64) (int, error) {
	if f.broken {
		return 0, errors.New("input/output error")
	}
	return f.Reader.ReadAt(b, off)
}

func TestPosts_ABrokenDiskIsNotBlamedOnTheArchive(t *testing.T) {
	t.Parallel()
	r := &failing{Reader: bytes.NewReader(pack(t, account, entry{"data/tweets.js", script("tweets")}))}
	a, err := New(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	r.broken = true
	for _, err = range a.Posts(t.Context()) {
	}
	if !strings.Contains(sentence(t, err), "from the disk failed") {
		t.Errorf("got %v", err)
	}
}

// noise is n letters that do not compress well enough to look like a bomb.
func noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(i*i/7%23)
	}
	return string(b)
}

func manyParts(tb testing.TB) []byte {
	entries := []entry{account}
	for i := range maxParts {
		entries = append(entries, entry{fmt.Sprintf("data/tweets-part%d.js", i), ""})
	}
	return pack(tb, entries...)
}

// patchHeaders writes a 16-bit value at an offset of every record of the directory.
func patchHeaders(zipped []byte, at int, value uint16) []byte {
	out := bytes.Clone(zipped)
	for i := 0; ; {
		n := bytes.Index(out[i:], []byte(sigHeader))
		if n < 0 {
			return out
		}
		i += n + lenHeader
		binary.LittleEndian.PutUint16(out[i-lenHeader+at:], value)
	}
}

// patchCRC changes the checksum of tweets.js, in both places.
func patchCRC(zipped []byte) []byte {
	out := bytes.Clone(zipped)
	z, err := zip.NewReader(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		return nil
	}
	var crc [4]byte
	binary.LittleEndian.PutUint32(crc[:], z.File[1].CRC32)
	return bytes.ReplaceAll(out, crc[:], []byte{1, 2, 3, 4})
}

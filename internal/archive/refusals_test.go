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

func TestRefusals_EachHasItsOwnSentence(t *testing.T) {
	t.Parallel()
	tweets := func(body string) []byte { return pack(t, account, entry{"data/tweets.js", body}) }
	good := tweets(script("tweets", tweet("1", "hello", "")))
	date := strings.Replace(tweet("2", "x", ""), "Sat Feb 18", "Sat Fex 18", 1)
	for name, c := range map[string]struct {
		zip  []byte
		want string
	}{
		"empty file":         {nil, "not a complete zip file"},
		"not a zip":          {[]byte("<html>Sign in to X</html>"), "not a complete zip file"},
		"cut zip":            {good[:len(good)/2], "not a complete zip file"},
		"no account":         {pack(t, entry{"data/tweets.js", script("tweets")}), "no data/account.js"},
		"account too deep":   {pack(t, entry{"a/b/data/account.js", accountJS}), "no data/account.js"},
		"two accounts":       {pack(t, account, entry{"copy/data/account.js", accountJS}), "more than one archive"},
		"no posts":           {pack(t, account), "no file of posts"},
		"posts elsewhere":    {pack(t, account, entry{"copy/data/tweets.js", script("tweets")}), "no file of posts"},
		"a part twice":       {pack(t, account, entry{"data/tweets.js", script("tweets")}, entry{"data/tweets.js", script("tweets")}), "holds tweets.js twice"},
		"climbing path":      {pack(t, account, entry{"data/../../tweets.js", ""}), "points outside"},
		"absolute path":      {pack(t, account, entry{"/data/tweets.js", ""}), "points outside"},
		"backslash path":     {pack(t, account, entry{`data\tweets.js`, ""}), "points outside"},
		"drive path":         {pack(t, account, entry{"C:tweets.js", ""}), "points outside"},
		"too many parts":     {manyParts(t), "lists more files"},
		"bomb":               {declare(t, 1, 3<<20), "tweets-part0.js would unpack to far more"},
		"parts that add up":  {declare(t, 100, 1<<20), "would unpack to far more"},
		"password":           {patchHeaders(good, 8, 1), "protected by a password"},
		"odd compression":    {patchHeaders(good, 10, 9), "packed in a way X does not use"},
		"empty part":         {tweets(""), "tweets.js ends in the middle"},
		"cut in a post":      {tweets("window.YTD.tweets.part0 = [" + tweet("1", "a", "") + `, {"tweet": {"full`), "tweets.js ends in the middle"},
		"cut between":        {tweets("window.YTD.tweets.part0 = [" + tweet("1", "a", "")), "tweets.js ends in the middle"},
		"no prefix":          {tweets(`[{"tweet": {"id_str": "1"}}]`), "does not begin as X begins it (window.YTD.tweets.part0"},
		"another prefix":     {tweets(script("direct_messages", "{}")), "does not begin as X begins it"},
		"missing comma":      {tweets(script("tweets", tweet("1", "a", "")+tweet("2", "b", ""))), "broken JSON after 1 good"},
		"trailing comma":     {tweets(script("tweets", tweet("1", "a", ""), "")), "broken JSON after 1 good"},
		"not objects":        {tweets(script("tweets", "1")), "broken JSON after 0 good"},
		"text after the end": {tweets(script("tweets", tweet("1", "a", "")) + "alert(1)"), "broken JSON after 1 good"},
		"bad JSON in a post": {tweets(script("tweets", tweet("1", "a", ""), `{"tweet": {"id_str": "2", "lang": tru}}`)), "broken JSON after 1 good"},
		"wrong brackets":     {tweets(script("tweets", `{"tweet": {"id_str": "2", "lang": [}]}`)), "broken JSON after 0 good"},
		"endless nesting":    {tweets(script("tweets", `{"a":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+"}")), "broken JSON after 0 good"},
		"too long a text":    {tweets(script("tweets", tweet("1", noise(maxElement+1), ""))), "larger than 1024 KiB after 0 good"},
		"too long, in time":  {tweets(script("tweets", tweet("1", noise(maxElement-10), ""))), "larger than 1024 KiB after 0 good"},
		"unending text":      {tweets(`window.YTD.tweets.part0 = [{"a": "` + noise(2*maxElement)), "larger than 1024 KiB after 0 good"},
		"id not digits":      {tweets(script("tweets", tweet("1;drop", "a", ""))), "without a numeric id after 0 good"},
		"no id":              {tweets(script("tweets", "{}")), "without a numeric id after 0 good"},
		"bad date":           {tweets(script("tweets", tweet("1", "a", ""), date)), "tweets.js holds a date that cannot be read after 1 good"},
		"bad checksum":       {patchCRC(good), "tweets.js is damaged"},
		"account not JSON":   {pack(t, entry{"data/account.js", script("account", "{]}")}, entry{"data/tweets.js", script("tweets")}), "does not tell the account's id"},
		"account without id": {pack(t, entry{"data/account.js", script("account", "{}")}, entry{"data/tweets.js", script("tweets")}), "does not tell the account's id"},
		"account date":       {pack(t, entry{"data/account.js", strings.Replace(accountJS, "2012-03", "2012-33", 1)}, entry{"data/tweets.js", script("tweets")}), "account.js holds a date"},
		"note date":          {pack(t, account, entry{"data/note-tweet.js", script("note_tweet", `{"noteTweet": {"createdAt": "today"}}`)}, entry{"data/tweets.js", script("tweets")}), "note-tweet.js holds a date"},
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

func TestOpen_SaysWhatIsWrongWithThePath(t *testing.T) {
	t.Parallel()
	_, err := Open(filepath.Join(t.TempDir(), "missing.zip"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(sentence(t, err), "cannot be opened") {
		t.Errorf("missing: %v", err)
	}
	if _, err = Open(t.TempDir()); !strings.Contains(sentence(t, err), "This is a folder") {
		t.Errorf("folder: %v", err)
	}
}

func TestRefusals_TheBoundOfAnEntryDoesNotDependOnBuffers(t *testing.T) {
	t.Parallel()
	most := `{"id_str":"1","source":"` + noise(maxElement-26) + `"}`
	for more, want := range map[string]int{"": 1, " ": 0} {
		body := script("tweets", strings.TrimSuffix(most, "}")+more+"}")
		posts, err := decodeAll(strings.NewReader(body), 4*maxElement)
		if len(posts) != want || (err == nil) != (want == 1) {
			t.Errorf("%d bytes: %d posts, %v", len(most)+len(more), len(posts), err)
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

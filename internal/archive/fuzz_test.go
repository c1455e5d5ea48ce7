package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/repazoo/repazoo/internal/fault"
)

// decodeAll runs a part's script through the cutter and the decoder, with blocks as
// small as the reader's pieces make them.
func decodeAll(r io.Reader, firstBlock int) ([]Post, error) {
	var read atomic.Int64
	p := part{name: name{kind: kindPosts, inner: "tweets"}, file: named("data/tweets.js")}
	c := cutter{part: p, in: r}
	d := decoder{part: p}
	var posts []Post
	buf := make([]byte, 0, firstBlock)
	for {
		b, err := c.next(buf)
		if errors.Is(err, io.EOF) {
			return posts, nil
		}
		if err != nil {
			return posts, err
		}
		read.Add(int64(len(b)))
		d.reset(b)
		for post, err := range d.posts() {
			if err != nil {
				return posts, err
			}
			posts = append(posts, post)
		}
		buf = b
	}
}

func FuzzPart(f *testing.F) {
	for _, s := range []string{
		script("tweets", tweet("1", "a", ""), tweet("2", `b "quoted" \ and [more]`, `, "x": [1, {"y": "]}"}]`)),
		script("tweets"), script("tweets", "{}"), script("tweets", `{"tweet": {"id": 1, "entities": {"hashtags": [{"text": "é"}]}}}`),
		"window.YTD.tweets.part0 = [ ] ;", `window.YTD.tweets.part0 = [{"id_str":"1","lang":"\ud83d\""}]`,
	} {
		f.Add([]byte(s), 64)
	}
	f.Fuzz(func(t *testing.T, in []byte, block int) {
		posts, err := decodeAll(bytes.NewReader(in), min(max(block, maxPrefix), 4096))
		again, err2 := decodeAll(iotest.HalfReader(bytes.NewReader(in)), maxPrefix)
		if len(posts) != len(again) || (err == nil) != (err2 == nil) {
			t.Fatalf("the size of blocks matters: %d posts, %v; %d posts, %v", len(posts), err, len(again), err2)
		}
		if err != nil {
			if _, ok := errors.AsType[*fault.Fault](err); !ok {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		body := strings.TrimRight(string(in[bytes.IndexByte(in, '['):]), "; \n\r\t")
		var list []map[string]any
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != len(posts) {
			t.Fatalf("read %d posts where encoding/json finds %d: %v", len(posts), len(list), err)
		}
		for _, p := range posts {
			if !digits(p.ID) {
				t.Fatalf("id %q", p.ID)
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	f.Add(pack(f, account, entry{"data/tweets.js", script("tweets", tweet("1", "a", ""))}))
	f.Add(pack(f, account, entry{"data/tweets.js", script("tweets")}, entry{"data/note-tweet.js", script("note_tweet", `{"noteTweet": {"core": {"text": "a"}}}`)}))
	f.Add([]byte(sigEnd + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, zipped []byte) {
		posts, err := read(t, zipped)
		if err != nil {
			sentence(t, err)
		}
		for _, p := range posts {
			if !digits(p.ID) {
				t.Fatalf("id %q", p.ID)
			}
		}
	})
}

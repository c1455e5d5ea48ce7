package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/repazoo/repazoo/internal/fault"
)

// decodeAll runs a part's script through the cutter and the decoder, with blocks as
// small as the reader's pieces make them.
func decodeAll(r io.Reader, firstBlock int) (posts []Post, skipped []Skip, err error) {
	var s skips
	p := part{name: name{kind: kindPosts, inner: "tweets"}, item: named("data/tweets.js")}
	c := cutter{part: p, in: r, skip: s.add}
	d := decoder{part: p, count: s.add}
	buf := make([]byte, 0, firstBlock)
	for {
		b, err := c.next(buf)
		if errors.Is(err, io.EOF) {
			return posts, s.all(), nil
		}
		if err != nil {
			return posts, s.all(), err
		}
		d.reset(b)
		for post := range d.posts() {
			posts = append(posts, post)
		}
		buf = b
	}
}

func FuzzPart(f *testing.F) {
	for _, s := range []string{
		script("tweets", tweet("1", "a", ""), tweet("2", `b "quoted" \ and [more]`, `, "x": [1, {"y": "]}"}]`)),
		script("tweets"), script("tweets", "{}"), script("tweets",
			`{"tweet": {"id": 1, "entities": {"hashtags": [{"text": "é"}]}}}`),
		"window.YTD.tweets.part0 = [ ] ;", `window.YTD.tweets.part0 = [{"id_str":"1","lang":"\ud83d\""}]`,
		script("tweets", `{"tweet": {"id_str": "2", "full_text": "x"}`, tweet("3", "c", "")),
		script("tweets", `{"tweet": {"id_str": "1", "note_tweet": {"text": "x"}, "edit_info": {"initial": {"editTweetIds": ["1"]}}}}`),
	} {
		f.Add([]byte(s), 64)
	}
	f.Fuzz(func(t *testing.T, in []byte, block int) {
		posts, skipped, err := decodeAll(bytes.NewReader(in), min(max(block, maxPrefix), 4096))
		again, skipped2, err2 := decodeAll(iotest.HalfReader(bytes.NewReader(in)), maxPrefix)
		if len(posts) != len(again) || len(skipped) != len(skipped2) || (err == nil) != (err2 == nil) {
			t.Fatalf("the size of blocks matters: %d posts, %v, %v; %d posts, %v, %v",
				len(posts), skipped, err, len(again), skipped2, err2)
		}
		for _, p := range posts {
			if !digits(p.ID) {
				t.Fatalf("id %q", p.ID)
			}
		}
		if err != nil {
			if _, ok := errors.AsType[*fault.Fault](err); !ok {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		body := strings.TrimRight(string(in[bytes.IndexByte(in, '['):]), "; \n\r\t")
		var list []map[string]any
		if json.Unmarshal([]byte(body), &list) == nil && len(list) != len(posts)+total(skipped) {
			t.Fatalf("read %d posts and skipped %v where encoding/json finds %d", len(posts), skipped, len(list))
		}
	})
}

func total(skipped []Skip) int {
	n := 0
	for _, s := range skipped {
		n += s.Count
	}
	return n
}

func FuzzArchive(f *testing.F) {
	f.Add(pack(f, account, entry{"data/tweets.js", script("tweets", tweet("1", "a", ""))}))
	f.Add(pack(f, account, entry{"data/tweets.js", script("tweets")},
		entry{"data/note-tweet.js", script("note_tweet", `{"noteTweet": {"core": {"text": "a"}}}`)}))
	f.Add(pack(f, entry{"a.zip", inner(f, entry{"tweets.csv", tableHead + "1\n"}, entry{"manifest.js", manifestJS})}))
	f.Add(pack(f, entry{"data/js/user_details.js", detailsJS},
		entry{"data/js/tweets/2014_01.js", month(`{"id_str":"1"}`)}))
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

func FuzzTable(f *testing.F) {
	f.Add(tableHead + `"1","","","2014-01-05 10:00:00 +0000","web","he said ""hi""` + "\n" + `again","","","",""` + "\n")
	f.Add("tweet_id,text\n1,\"open\n2,b\n")
	f.Fuzz(func(t *testing.T, body string) {
		posts, err := read(t, pack(t, entry{"tweets.csv", body}))
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

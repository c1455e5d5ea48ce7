package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
)

// entry is one file of an archive made for a test.
type entry struct{ name, body string }

const accountJS = `window.YTD.account.part0 = [ {"account": {"email": "p@example.com", "username": "pia_example", "accountId": "42", "createdAt": "2012-03-01T00:00:00.000Z", "accountDisplayName": "Pia"}} ]`

const manifestJS = `window.__THAR_CONFIG = {"userInfo": {"accountId": "42", "userName": "pia_example", "displayName": "Pia"},
  "archiveInfo": {"sizeBytes": "100", "isPartialArchive": false}, "dataTypes": {"tweets": {"mediaDirectory": "data/tweets_media",
  "files": [{"fileName": "data/tweets.js", "globalName": "YTD.tweets.part0", "count": "1"}]}}};`

const detailsJS = `var user_details = {"screen_name": "pia_example", "location": "Ghent", "full_name": "Pia", "bio": "gardens", "id": "42",
  "created_at": "2012-03-01 00:00:00 +0000"}`

const tableHead = `"tweet_id","in_reply_to_status_id","in_reply_to_user_id","timestamp","source","text","retweeted_status_id",` +
	`"retweeted_status_user_id","retweeted_status_timestamp","expanded_urls"` + "\n"

// month is the body of a part of before 2018.
func month(elements ...string) string {
	return "Grailbird.data.tweets_2014_01 = \n [ " + strings.Join(elements, ",\n") + " ]"
}

// inner is a zip as the body of an entry.
func inner(tb testing.TB, entries ...entry) string { return string(pack(tb, entries...)) }

// account is the entry every good archive has.
var account = entry{"data/account.js", accountJS}

// script is the body of a part: X's assignment around a list of elements.
func script(inner string, elements ...string) string {
	return "window.YTD." + inner + ".part0 = [\n" + strings.Join(elements, ",\n") + "\n]"
}

// tweet is a post as X writes it, with further members such as `, "lang": "en"`.
func tweet(id, text, more string) string {
	return fmt.Sprintf(`{"tweet": {"id_str": %q, "id": %q, "created_at": "Sat Feb 18 12:33:11 +0000 2023", "full_text": %q%s}}`, id, id, text, more)
}

// pack zips entries; large ones are stored, which is much faster under the race detector.
func pack(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if len(e.body) > 8<<10 {
			h.Method = zip.Store
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// declare zips an account, a picture, and n parts that each say they unpack to size bytes.
func declare(tb testing.TB, n int, size uint64) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range []entry{account, {"data/tweets_media/1.jpg", strings.Repeat("picture ", 8<<10)}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store})
		if err != nil {
			tb.Fatal(err)
		}
		io.WriteString(w, e.body)
	}
	for i := range n {
		name := fmt.Sprintf("data/tweets-part%d.js", i)
		if _, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, UncompressedSize64: size}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// read reads a whole archive: its posts up to the first error.
func read(tb testing.TB, zipped []byte) ([]Post, error) {
	tb.Helper()
	a, err := New(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		return nil, err
	}
	defer a.Close()
	var posts []Post
	for p, err := range a.Posts(tb.Context()) {
		if err != nil {
			return posts, err
		}
		posts = append(posts, p)
	}
	return posts, nil
}

// mustRead is read for an archive that must be good.
func mustRead(tb testing.TB, entries ...entry) []Post {
	tb.Helper()
	posts, err := read(tb, pack(tb, entries...))
	if err != nil {
		tb.Fatal(err)
	}
	return posts
}

// sentence is what a person would read of err.
func sentence(tb testing.TB, err error) string {
	tb.Helper()
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Code != fault.ArchiveUnreadable.Code {
		tb.Fatalf("not an unreadable archive: %v", err)
	}
	return f.Message
}

// ids lists the ids of posts.
func ids(posts []Post) string {
	var b []string
	for _, p := range posts {
		b = append(b, p.ID)
	}
	return strings.Join(b, " ")
}

// large writes a part of n invented posts shaped like X's: indented, with the many
// members nobody needs.
func large(w io.Writer, n int) error {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the of morning train coffee is late again and rain over harbour people who write tests " +
		"sleep better than others &amp; me \\ud83d\\ude00 today")
	if _, err := io.WriteString(w, "window.YTD.tweets.part0 = [\n"); err != nil {
		return err
	}
	for i := range n {
		var text strings.Builder
		for range 8 + r.IntN(25) {
			text.WriteString(words[r.IntN(len(words))] + " ")
		}
		sep := ","
		if i == n-1 {
			sep = "\n]"
		}
		_, err := fmt.Fprintf(w, shape+sep, i+1e9, text.String(), r.IntN(900), i+1e9, r.IntN(90), i+1e9, 1+i%28, i%24,
			i%60, r.Int64(), text.Len())
		if err != nil {
			return err
		}
	}
	return nil
}

const shape = `
  {
    "tweet" : {
      "edit_info" : {
        "initial" : {
          "editTweetIds" : [
            "%[1]d"
          ],
          "editableUntil" : "2023-02-18T13:33:11.000Z",
          "editsRemaining" : "5",
          "isEditEligible" : true
        }
      },
      "retweeted" : false,
      "source" : "<a href=\"https://mobile.x.com\" rel=\"nofollow\">X Web App</a>",
      "entities" : {
        "hashtags" : [
          { "text" : "rain", "indices" : [ "4", "9" ] }
        ],
        "symbols" : [ ],
        "user_mentions" : [
          {
            "name" : "Invented Person",
            "screen_name" : "invented_%[10]d",
            "indices" : [ "0", "11" ],
            "id_str" : "%[10]d",
            "id" : "%[10]d"
          }
        ],
        "urls" : [ ]
      },
      "display_text_range" : [ "0", "%[11]d" ],
      "favorite_count" : "%[3]d",
      "id_str" : "%[4]d",
      "truncated" : false,
      "retweet_count" : "%[5]d",
      "id" : "%[6]d",
      "created_at" : "Sat Feb %02[7]d %02[8]d:%02[9]d:11 +0000 2023",
      "favorited" : false,
      "full_text" : "%[2]s",
      "lang" : "en"
    }
  }`

// largeZip is an archive with one part of n posts, packed with a method of zip.
func largeZip(tb testing.TB, n int, method uint16) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, write := range map[string]func(io.Writer) error{
		"data/account.js": func(w io.Writer) error { _, err := io.WriteString(w, accountJS); return err },
		"data/tweets.js":  func(w io.Writer) error { return large(w, n) },
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			tb.Fatal(err)
		}
		if err := write(w); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// named is an entry that has nothing but a name.
func named(path string) item { return item{name: path} }

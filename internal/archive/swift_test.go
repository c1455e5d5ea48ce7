package archive

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// bothWays decodes a block as it is decoded, and with jsontext alone.
func bothWays(kind kind, block []byte) (swift, slow outcome) {
	return decodeBlock(kind, block, false), decodeBlock(kind, block, true)
}

// outcome is what comes of a block.
type outcome struct {
	Posts   []Post
	Notes   *noteIndex
	Skipped []Skip
	At      int // where the decoder stopped
}

func decodeBlock(kind kind, block []byte, always bool) outcome {
	var s skips
	p := part{name: name{kind: kind, inner: "tweets"}, item: named("data/tweets.js")}
	d := decoder{part: p, count: s.add, always: always}
	d.reset(bytes.Clone(block))
	var out outcome
	if kind == kindNotes {
		out.Notes = &noteIndex{texts: map[int64][]string{}, byID: map[string]string{}}
		d.notes(out.Notes)
	} else {
		for post := range d.posts() {
			out.Posts = append(out.Posts, post)
		}
	}
	out.Skipped, out.At = s.all(), d.at
	return out
}

func compareWays(t interface{ Fatalf(string, ...any) }, block []byte) {
	for _, k := range []kind{kindPosts, kindMonth, kindNotes} {
		if swift, slow := bothWays(k, block); !reflect.DeepEqual(swift, slow) {
			t.Fatalf("kind %d of %q:\nswift %+v\n slow %+v", k, block, swift, slow)
		}
	}
}

// odd is a post whose text is JSON as it stands here.
func odd(id, text, more string) string {
	const at = `"Sat Feb 18 12:33:11 +0000 2023"`
	return `{"tweet": {"id_str": "` + id + `", "created_at": ` + at + `, "full_text": "` + text + `"` + more + `}}`
}

// oddPosts are entries with everything that an archive can hold and ought not to.
var oddPosts = []string{
	odd("1", "plain", ""), odd("2", `a \"b\" \\ \/ \n \u00e9 é`, `, "lang": "en"`),
	odd("3", `\ud83d\ude00 and half of one \ud83d`, ""), odd("4", "\xff\xc3 not UTF-8", ""), odd("5", `\ude00`,
		""),
	odd("6", `\x`, ""), odd("7", `\u12`, ""), odd("8", `\u12G4`, ""), odd("9", "a\tb", ""),
	odd("10", "a\x00b", ""),
	odd("11", "twice", `, "full_text": "the second", "id_str": "12"`), odd("13", "a", `,
	"x": {"y": [1, -2, 3.5, 1e9, true, false, null]}`),
	odd("14", "a", `, "x": 01`), odd("15", "a", `, "x": -`), odd("16", "a", `, "x": truex`), odd("17", "a", `,
	"x": nul`),
	odd("18", "a", `, "x": [1, ]`), odd("19", "a", `, "x": {"y" 1}`), odd("20", "a", `, "x": {,}`),
	odd("21", "a", `,`),
	odd("22", "a", `, "favorite_count": 7, "retweet_count": "-1"`), odd("23", "a", `,
	"favorite_count": {"a": 1}, "lang": ["en"]`),
	odd("24", "a", `, "x": `+strings.Repeat("[", 40)+strings.Repeat("]", 40)),
	odd("25", "a", `, "x": `+strings.Repeat(`{"a":`, 11_000)+"1"+strings.Repeat("}", 11_000)),
	odd("26", "a", `, "edit_info": {"initial": {"editTweetIds": ["26", "27", 28, "x", null]}}`),
	odd("29", "a", `,
	"entities": {"hashtags": [{"text": "é"}, {"text": "\u00e9"}, 1], "media": [{"ext_alt_text": "&lt;"}, {}]}`),
	odd("30", "a", `, "note_tweet": {"note_tweet_results": {"result": {"text": "longer"}}}, "text": "no"`),
	odd("31", "a", `, "created_at": "Sun Feb 29 12:33:11 +0000 2023"`), odd("32", "a", `,
	"created_at": "sat feb 18 12:33:11 +0100 2023"`),
	odd("33", "a", `, "retweeted_status": {}`), odd("34", "a", `, "retweeted_status": null`), odd("35", "a", `,
	"f\u0075ll_text": "no"`),
	`{"tweet": {"id_str": "36", "full_text": "open"`, `{"tweet": {"id_str": "37"}`,
	`{"tweet": [{"id_str": "38"}]}`, `{"id": 39, "text": "bare"}`,
	`{"noteTweet": {"createdAt": "2023-02-18T12:33:11.000Z", "core": {"text": "long \ud83d"}, "tweetId": "40"}}`,
	`{}`, `{ }`, `{"a"}`,
	`"text"`, `12`, `[{"tweet": {"id_str": "41"}}]`, `}`, `]`,
	"{\"tweet\"\v: {}}", "\ufeff{}", "{\"tweet\": {\"id_str\": \"42\"\n}\r\n\t}",
}

func TestSwift_ReadsWhatJSONTextReads(t *testing.T) {
	t.Parallel()
	for _, odd := range oddPosts {
		compareWays(t, []byte(odd))
		compareWays(t, []byte(tweet("1000", "before", "")+" "+odd+"\n"+tweet("1001", "behind", "")))
		for cut := range min(len(odd), 200) {
			compareWays(t, []byte(odd[:cut]))
		}
	}
}

func TestSwift_ReadsWhatJSONTextReadsOfDamagedPosts(t *testing.T) {
	t.Parallel()
	pieces := strings.Split(`{ } [ ] : , " \ \" \u \ud83d tweet "tweet": "id_str": "7" 0 -1 1.5 true null `+
		"\n \t \x00 \xff é", " ")
	rapid.Check(t, func(t *rapid.T) {
		block := strings.Join(rapid.SliceOfN(rapid.SampledFrom(oddPosts[:24]), 1, 4).Draw(t, "entries"), " \n")
		for range rapid.IntRange(0, 4).Draw(t, "damages") {
			at := rapid.IntRange(0, len(block)).Draw(t, "at")
			lost := min(rapid.IntRange(0, 3).Draw(t, "lost"), len(block)-at)
			block = block[:at] + rapid.SampledFrom(pieces).Draw(t, "piece") + block[at+lost:]
		}
		compareWays(t, []byte(block))
	})
}

func FuzzSwift(f *testing.F) {
	for _, odd := range oddPosts {
		if len(odd) < 4096 {
			f.Add([]byte(odd))
		}
	}
	f.Add([]byte(strings.Join(oddPosts[:12], "\n  ")))
	f.Fuzz(func(t *testing.T, block []byte) { compareWays(t, block) })
}

// Most entries are read swiftly, or nothing is gained.
func TestSwift_ReadsEveryEntryThatXWrites(t *testing.T) {
	t.Parallel()
	for _, odd := range []int{0, 1, 2, 3, 10, 25, 26, 27} {
		d := decoder{part: part{name: name{kind: kindPosts}}}
		d.reset([]byte(oddPosts[odd]))
		var r reading
		if err := d.swiftly(func(name []byte) error { return d.member(&r, name, true) }); err != nil {
			t.Errorf("%s: %v", oddPosts[odd], err)
		}
	}
}

// slowEnd is elementEnd one byte after the other.
func slowEnd(b []byte) int {
	depth, inside := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inside && c == '\\' && i+1 < len(b) && b[i+1] != '\n':
			i++
		case inside:
			inside = c != '"' && c != '\n'
		case c == '"':
			inside = true
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			if depth--; depth == 0 && c == '}' {
				return i + 1
			} else if depth == 0 {
				return i
			}
		}
	}
	return -1
}

func FuzzElementEnd(f *testing.F) {
	for _, odd := range oddPosts {
		f.Add([]byte(odd))
	}
	f.Add([]byte("{\"a\\\\\": \"b\\\"\", \"c\\\nd\": [\n                 1]}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := elementEnd(b), slowEnd(b); got != want {
			t.Fatalf("%q ends at %d, want %d", b, got, want)
		}
	})
}

func FuzzRubyDate(f *testing.F) {
	for _, s := range []string{
		time.RubyDate, "Sat Feb 18 12:33:11 +0000 2023", "Sat Feb 30 12:33:11 +0000 2023", "Sat Feb 28 24:00:00 +0000 2023",
		"Sat FebX18 12:33:11 +0000 2023", "at F eb 18 12:33:11 +0000 2023", "Sun Jan 00 00:00:00 +0000 0000",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := rubyDate(b)
		if !ok {
			return
		}
		if want, err := time.Parse(time.RubyDate, string(b)); err != nil || got != want.UTC() {
			t.Fatalf("%q is %v, want %v, %v", b, got, want, err)
		}
	})
}

func TestRubyDate_KnowsEveryDateOfX(t *testing.T) {
	t.Parallel()
	at := time.Date(2006, 3, 1, 23, 59, 59, 0, time.UTC)
	for ; at.Year() < 2030; at = at.Add(101 * time.Hour) {
		if got, ok := rubyDate([]byte(at.Format(time.RubyDate))); ok != (at.Day() <= 28) || ok && got != at {
			t.Fatalf("%s is %v, %v", at.Format(time.RubyDate), got, ok)
		}
	}
}

func BenchmarkSwift(b *testing.B) {
	var in bytes.Buffer
	if err := large(&in, 200); err != nil {
		b.Fatal(err)
	}
	block := in.Bytes()[bytes.IndexByte(in.Bytes(), '[')+1 : bytes.LastIndexByte(in.Bytes(), ']')]
	(&cutter{}).scan(block)
	for _, always := range []bool{false, true} {
		b.Run(fmt.Sprintf("jsontext=%v", always), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(block)))
			for b.Loop() {
				d, n := decoder{always: always, count: func(Skip) { b.Fatal("skipped") }}, 0
				d.reset(block)
				for range d.posts() {
					n++
				}
				if n != 200 {
					b.Fatal(n)
				}
			}
		})
	}
}

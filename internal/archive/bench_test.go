package archive

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"html"
	"io"
	"strings"
	"testing"
	"time"
)

const benchPosts = 20_000 // 30 MB

func BenchmarkPosts(b *testing.B) {
	zipped := largeZip(b, benchPosts, zip.Deflate)
	a, err := New(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(a.Size())
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range a.Posts(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != benchPosts {
			b.Fatal(n)
		}
	}
}

// BenchmarkEncodingJSON is the yardstick: the same entry, element by element, with encoding/json.
func BenchmarkEncodingJSON(b *testing.B) {
	zipped := largeZip(b, benchPosts, zip.Deflate)
	z, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		b.Fatal(err)
	}
	f, err := z.Open("data/tweets.js")
	if err != nil {
		b.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	f.Close()
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		f, err := z.Open("data/tweets.js")
		if err != nil {
			b.Fatal(err)
		}
		if n := plainly(b, f); n != benchPosts {
			b.Fatal(n)
		}
		f.Close()
	}
}

func plainly(b *testing.B, r io.Reader) int {
	io.CopyN(io.Discard, r, int64(len("window.YTD.tweets.part0 = ")))
	d := json.NewDecoder(r)
	d.Token()
	n := 0
	for d.More() {
		var in struct {
			Tweet struct {
				ID       string                                     `json:"id_str"`
				Text     string                                     `json:"full_text"`
				Created  string                                     `json:"created_at"`
				Likes    string                                     `json:"favorite_count"`
				Reposts  string                                     `json:"retweet_count"`
				Lang     string                                     `json:"lang"`
				ReplyTo  string                                     `json:"in_reply_to_status_id_str"`
				Entities struct{ Hashtags []struct{ Text string } } `json:"entities"`
				Extended struct{ Media []struct{} }                 `json:"extended_entities"`
			} `json:"tweet"`
		}
		if err := d.Decode(&in); err != nil {
			b.Fatal(err)
		}
		if _, err := time.Parse(time.RubyDate, in.Tweet.Created); err != nil {
			b.Fatal(err)
		}
		if strings.HasPrefix(html.UnescapeString(in.Tweet.Text), "RT @") {
			b.Fatal("a repost")
		}
		n++
	}
	return n
}

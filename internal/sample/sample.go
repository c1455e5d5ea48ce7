// Package sample makes the report that people see before they have an account.
//
// The person in it is invented, and so is every post (nell.txt). The report is not: the word screen reads the
// posts and the
// pipeline makes the report, as for anybody. No model is asked and nothing is fetched, so every Repazoo can show
// it, and
// because its clock stands still, every one shows the same.
//
//	r, err := sample.Report()                // made once, then kept
//	shown, err := r.Through(assess.Lens{…})  // as a lens shows it
package sample

import (
	"context"
	_ "embed"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/screen"
)

// Handle is the name of the invented account.
const Handle = "nell_sample"

// Purpose is what the report is made for.
const Purpose = assess.JobSearch

//go:embed nell.txt
var written string

// Report is the report, the same value at every call: look at it through a lens, which copies it.
var Report = sync.OnceValues(func() (*assess.Report, error) { //nolint:gochecknoglobals // never assigned again
	return run(written)
})

// made is when the report is said to be made. It stands still so that ages, and with them the score, do.
func made() time.Time { return time.Date(2026, time.November, 20, 9, 0, 0, 0, time.UTC) }

func run(lines string) (*assess.Report, error) {
	p := assess.Pipeline{Screen: screen.New(), Now: made}
	r, err := p.Run(context.Background(), posts(lines), assess.Options{
		Account: assess.ReportAccount{Handle: Handle}, Source: assess.SourceX, Purpose: Purpose,
		NeverRead: []string{"direct messages", "likes", "followers"},
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	for i := range r.Findings {
		r.Findings[i].URL = "" // there is no such post at X
	}
	for i := range r.Sentiment.Samples {
		r.Sentiment.Samples[i].URL = ""
	}
	return r, nil
}

// posts reads one post a line: when, likes, reposts, replies, and the words.
func posts(lines string) iter.Seq2[assess.Post, error] {
	return func(yield func(assess.Post, error) bool) {
		n := 0
		for line := range strings.Lines(lines) {
			p, err := read(line, n)
			if n++; !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func read(line string, n int) (assess.Post, error) {
	var day, clock string
	var likes, reposts, replies int
	if _, err := fmt.Sscan(line, &day, &clock, &likes, &reposts, &replies); err != nil {
		return assess.Post{}, fmt.Errorf("line %d: %w", n+1, err)
	}
	at, err := time.Parse("2006-01-02 15:04", day+" "+clock)
	if err != nil {
		return assess.Post{}, fmt.Errorf("line %d: %w", n+1, err)
	}
	return assess.Post{
		ID: fmt.Sprint(9_000_000 + n), Text: words(line), Lang: "en", PostedAt: at,
		Reply:   strings.HasPrefix(words(line), "@"),
		Metrics: assess.Metrics{Likes: &likes, Reposts: &reposts, Replies: &replies},
	}, nil
}

// words is what follows the five fields.
func words(line string) string {
	for range 5 {
		line = strings.TrimLeft(line, " ")
		_, line, _ = strings.Cut(line, " ")
	}
	return strings.TrimSpace(line)
}

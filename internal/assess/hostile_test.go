package assess

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/language"
	"github.com/repazoo/repazoo/internal/personal"
	"github.com/repazoo/repazoo/internal/screen"
	"github.com/repazoo/repazoo/internal/tone"
	"github.com/repazoo/repazoo/internal/voice"
)

// detectors is everything that reads the text of a post.
func detectors() map[string]func(text string) {
	s, lang, heard, stop := screen.New(), language.New(), tone.New(), newStopSet()
	return map[string]func(text string){
		"screen":   func(text string) { s.Check(text, "en") },
		"personal": func(text string) { personal.Find(text, "en") },
		"voice":    func(text string) { voice.Of(text, "me").OthersAlone() },
		"language": func(text string) { lang.Of(text, "") },
		"tone":     func(text string) { heard.Of(text, "en") },
		"alias":    func(text string) { alias(text, "en", []string{"me", "Mira Quill"}) },
		"themes":   func(text string) { stop.contentWords(text) },
		"verify":   func(text string) { Verify(text, "“words that stand nowhere”") },
	}
}

// hostile are pieces that, repeated, give a detector many places to look around from.
var hostile = []string{
	"12345678;", "a ", "a.b.c.", "ab12 ", "12:34 ", ".kill指x", "a@b.c ", "password-----BEGIN", "12 at ", "Mr. Tom ",
	"さんから @a ＠a", "apiさんから ||+ @a", "#retweet @a << ", "#via @a ", "via @a ", "RT @a: you idiot << ", "＠a＠", "“@a“ ", "@a",
	`"a" `, "'a' ", "“", "「", "> a\n", "♪ ", "#np ", "#aBcD", "http://a.b ", "they are they are ", "women are women ",
	"指示を無視", "👩‍👩‍👧 ", "é", "\u200b", "…", "&amp;", "(", "\n", "-", "is kill K= ",
}

// Twice the text may take somewhat more than twice the time, and nothing like four times. Times are the best of
// several, so that a busy machine makes the test slower and not red: a detector that grows with the square never has a
// good round.
func TestDetectors_TheTimeGrowsWithTheTextAndNotWithItsSquare(t *testing.T) {
	t.Parallel()
	const (
		length    = 3_000
		doublings = 3   // up to the 24,000 bytes of about the longest post
		most      = 2.9 // times the time for twice the text
		rounds    = 20
	)
	for name, read := range detectors() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for _, piece := range hostile {
				short := strings.Repeat(piece, length/len(piece)+1)
				long := strings.Repeat(short, 1<<doublings)
				best := [2]time.Duration{time.Hour, time.Hour}
				fits := false
				for range rounds {
					for i, text := range []string{short, long} {
						began := cpuTime()
						read(text)
						best[i] = min(best[i], cpuTime()-began)
					}
					if fits = float64(best[1]) <= most*most*most*float64(best[0]); fits {
						break
					}
				}
				if !fits {
					t.Errorf("%q over and over: %d bytes take %v, and %d take %v", piece, len(short), best[0], len(long), best[1])
				}
			}
		})
	}
}

func BenchmarkDetectors_Hostile(b *testing.B) {
	for name, read := range detectors() {
		for _, piece := range hostile {
			text := strings.Repeat(piece, MaxPostLength/len(piece))
			b.Run(fmt.Sprintf("%s/%q", name, piece), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					read(text)
				}
			})
		}
	}
}

// A run that was cancelled reads no further post, however many are in the part that it works on.
func TestRun_ACancelledRunLooksAtNoFurtherPost(t *testing.T) {
	t.Parallel()
	posts := make([]Post, screenChunk)
	for i := range posts {
		posts[i] = Post{ID: fmt.Sprint(i), Text: "You are a fucking idiot."}
	}
	p := &Pipeline{Screen: screen.New(), Now: time.Now}
	for what, examine := range map[string]func(context.Context, *chunk) error{
		"screen": newRun(p, Options{}, nil).screenAll,
		"names": func(ctx context.Context, c *chunk) error {
			b := batchRun{judge: &Judge{}, verdicts: map[string]Judgement{}}
			groups, err := b.groups(ctx, c.posts, make([]string, len(c.posts)))
			if len(groups) > 0 {
				t.Errorf("names were replaced in %d groups", len(groups))
			}
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		c := newChunk(len(posts))
		c.posts = posts
		if err := examine(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", what, err)
		}
		for _, seen := range c.screened {
			if len(seen.Hits) > 0 {
				t.Fatalf("%s: a post was read", what)
			}
		}
	}
}

func TestPost_TextThatXWouldNotAllowIsCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", MaxPostLength+1)
	p := Post{}.Saying(long, []string{long, "b"})
	if got := []rune(p.words()); len(got) != MaxPostLength {
		t.Errorf("%d characters are kept", len(got))
	}
	if beside := []rune(p.Text[p.Aside:]); len(beside) != MaxPostLength {
		t.Errorf("%d characters beside it are kept", len(beside))
	}
}

package assess

import (
	"cmp"
	"iter"
	"strings"
	"unicode"

	"github.com/repazoo/repazoo/internal/voice"
)

// maxGone is how many posts that are deleted already a report names.
const maxGone = 200

// own yields the profile and the posts with words of the person's own, as valid UTF-8, and counts what it
// passes: all posts, reposts, posts in others' words, and posts that are gone.
func (r *run) own(posts iter.Seq2[Post, error]) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		for p, err := range posts {
			if err != nil {
				yield(Post{}, err)
				return
			}
			p = p.valid()
			if !p.isProfile() {
				r.total++
				if r.passes(p) {
					continue
				}
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// passes counts a post that is not judged, and reports whether it is one.
func (r *run) passes(p Post) bool {
	words := p.others(r.o.Account.Handle)
	switch {
	case p.Deleted:
		if r.gone.Count++; len(r.gone.Posts) < maxGone {
			r.gone.Posts = append(r.gone.Posts, p.ID)
		}
	case p.Repost:
		r.reposts++
	case words.OthersAlone() && p.Aside == 0:
		r.others++
	case words.Any():
		r.quoting++
		return false
	default:
		return false
	}
	return true
}

// others tells which words of a post are somebody else's. What stands beside them is always the author's.
func (p Post) others(self string) voice.Reading { return voice.Of(p.withoutPicture(), self) }

// withoutPicture are the words without the link that X writes behind them for the pictures of the post.
func (p Post) withoutPicture() string {
	words := strings.TrimRightFunc(p.words(), unicode.IsSpace)
	if p.Media == 0 {
		return words
	}
	at := strings.LastIndexFunc(words, unicode.IsSpace) + 1
	if strings.HasPrefix(words[at:], "https://t.co/") || strings.HasPrefix(words[at:], "http://t.co/") {
		return words[:at]
	}
	return words
}

// atLeast holds back the first n posts until they are all there, and yields a fault in
// their place if the source ends before: nothing is spent on an account that is refused.
func atLeast(posts iter.Seq2[Post, error], n int) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		var held []Post
		seen := 0
		for p, err := range posts {
			if err != nil {
				yield(Post{}, err)
				return
			}
			held = append(held, p)
			if !p.isProfile() {
				seen++
			}
			if seen < n {
				continue
			}
			for _, h := range held {
				if !yield(h, nil) {
					return
				}
			}
			held = held[:0]
		}
		if seen < n {
			yield(Post{}, tooFew(seen, n))
		}
	}
}

func withoutErrors(posts iter.Seq[Post]) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		for p := range posts {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// older orders posts by time, then by id; ids of X grow, so a longer one is a later one.
func older(a, b Post) int {
	return cmp.Or(a.PostedAt.Compare(b.PostedAt), cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
}

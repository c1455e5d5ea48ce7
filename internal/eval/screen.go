package eval

import "github.com/repazoo/repazoo/internal/screen"

// Screen is the witness of today: the screen alone, as every report uses it. It has read all languages before it is
// asked, because posts of one set are in several, and what is read once is no part of the time of a post.
func Screen(s *screen.Screener) Witness {
	s.Load()
	return func(text, lang string) Verdict {
		r := s.Check(text, lang)
		v := Verdict{Tone: r.Sentiment, Rude: r.Tone > 0}
		for _, h := range r.Hits {
			v.Hits = append(v.Hits, Hit{h.Category, h.Severity})
		}
		return v
	}
}

package personal

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What reachesDigits lets pass over could have been no number of any form.
func TestReachesDigits_PassesOverNothingThatAFormCouldTake(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{
		"a", "AB", "word", "RSSMRA", "12345678", "12", "9", "Z", "é", "日本", "-", ".", "/", " ", "\n", "!", "ABCPK1234C",
		"85M01H501Z",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "pieces"),
			rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		s := &scan{}
		s.read(text, "")
		for i := range s.tokens {
			if s.tokens[i].kind != word || s.reachesDigits(i) {
				continue
			}
			for _, f := range letteredForms {
				if joined, last := s.joined(i, len(f.form)); last >= 0 && mixed(string(joined)) {
					t.Fatalf("%q: token %d was passed over, and is %q", text, i, joined)
				}
			}
		}
		for _, f := range letteredForms {
			if len(f.form) > longestForm {
				t.Fatalf("a form of %d", len(f.form))
			}
		}
	})
}

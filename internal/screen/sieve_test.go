package screen

import (
	"testing"

	"pgregory.net/rapid"
)

// A sieve only saves looking up what is not there.
func TestSieve_HoldsBackNothingThatALexiconKnows(t *testing.T) {
	t.Parallel()
	for _, name := range fileNames() {
		l := mustLoad(name)
		for w, id := range l.words {
			if l.find([]byte(w)) != id {
				t.Fatalf("%s: %q is held back", name, w)
			}
		}
		for w := range l.near {
			if !l.missed.mayHold([]byte(w)) {
				t.Fatalf("%s: %q is held back", name, w)
			}
		}
		for e := range l.edges {
			if !l.nodes[e.from].steps.mayHold(e.by) {
				t.Fatalf("%s: the step %v is held back", name, e)
			}
		}
	}
}

func TestSieve_OfAnyWordsHoldsThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "words")
		s := newSieve(words)
		for w := range words {
			if !s.mayHold([]byte(w)) {
				t.Fatalf("%q", w)
			}
		}
	})
}

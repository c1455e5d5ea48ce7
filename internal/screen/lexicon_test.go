package screen

import "testing"

// What a post is looked up in only saves time: it loses nothing that a language file says.
func TestLexicon_FindsEverythingThatItsFileSays(t *testing.T) {
	t.Parallel()
	for _, name := range fileNames() {
		text, err := languageFiles.ReadFile("lang/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		p, err := read(string(text))
		if err != nil {
			t.Fatal(err)
		}
		d, l := p.draft, p.lexicon
		l.freeze()
		for w, id := range d.words {
			if l.find([]byte(w)) != id {
				t.Fatalf("%s: %q is not found", name, w)
			}
			if len(w) >= headSize && len(w) < longestPart && l.heads.lengths([]byte(w))&(1<<len(w)) == 0 {
				t.Fatalf("%s: %q is held back where words are cut", name, w)
			}
		}
		for w, id := range d.near {
			if l.near.Find([]byte(w)) != id {
				t.Fatalf("%s: %q is not found", name, w)
			}
		}
		for e, to := range d.edges {
			if got, ok := l.edges.Find(e.key()); !ok || got != to || !l.nodes[e.from].steps.mayHold(e.by) {
				t.Fatalf("%s: the step %v is not found", name, e)
			}
		}
		for e, to := range d.runes {
			if got, ok := l.runes.Find(e.key()); !ok || got != to {
				t.Fatalf("%s: the rune %v is not found", name, e)
			}
		}
	}
}

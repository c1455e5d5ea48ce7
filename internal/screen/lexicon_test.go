package screen

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The program has the language files as they are read and changed by people.
func TestPacked_IsWhatTheFilesSay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("lang/*.txt")
	if err != nil || len(files) < 15 || len(files) != len(fileNames()) {
		t.Fatalf("%d files, %d packed: %v; run go generate ./internal/screen", len(files), len(fileNames()), err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(languageFiles(), filepath.Base(file)); err != nil || string(got) != string(want) {
			t.Errorf("%s is not packed as it is (%v): run go generate ./internal/screen", file, err)
		}
	}
}

// What a post is looked up in only saves time: it loses nothing that a language file says.
func TestLexicon_FindsEverythingThatItsFileSays(t *testing.T) {
	t.Parallel()
	for _, name := range fileNames() {
		text, err := fs.ReadFile(languageFiles(), name+".txt")
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
			if w != "" && len(w) < longestPart && l.heads.lengths([]byte(w))&(1<<len(w)) == 0 {
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
		for at, id := range d.ends {
			if l.ends[at] != id {
				t.Fatalf("%s: the end of word %d is not found", name, id)
			}
		}
		for e, to := range d.runes {
			if got, ok := l.runes.Find(e.key()); !ok || got != to {
				t.Fatalf("%s: the rune %v is not found", name, e)
			}
		}
	}
}

// Arabic writes "and", "the" and "to her" in one word with the next. What finds something by itself or in a pair is
// found behind them, unless it is so short that it stands in many other words.
func TestCheck_FindsArabicWordsBehindTheirPrefixes(t *testing.T) {
	t.Parallel()
	const text = `
prefixes - ال و وال
suffixes - ها
[profanity.common]
قحبة زب
[pair misinfo.politics]
انتخابات > مزورة
`
	l, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{
		"والقحبه": "قحبه", "والانتخابات": "انتخابات", "ومزوره": "مزوره", "زبها": "", "والزب": "",
	} {
		id, _ := l.withoutAffixes([]byte(word))
		if id != l.find([]byte(want)) {
			t.Errorf("%s is read as word %d, want %q", word, id, want)
		}
	}
}

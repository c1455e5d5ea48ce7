package frozen

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

func TestWords_FindWhatAMapFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int32Range(1, 1000)
		want := rapid.MapOf(rapid.StringMatching(`[abé]{1,20}`), value).Draw(t, "words")
		table := NewWords(want)
		if got := maps.Collect(table.All()); !maps.Equal(got, want) {
			t.Fatalf("all are %v, want %v", got, want)
		}
		for _, w := range append(rapid.SliceOf(rapid.StringMatching(`[abé]{0,20}`)).Draw(t, "asked"), "") {
			if got := table.Find([]byte(w)); got != want[w] {
				t.Fatalf("%q is %d, want %d", w, got, want[w])
			}
		}
		for w, v := range want {
			if got := table.Find([]byte(w)); got != v {
				t.Fatalf("%q is %d, want %d", w, got, v)
			}
		}
	})
}

func TestKeys_FindWhatAMapFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOf(rapid.Uint64(), rapid.Bool()).Draw(t, "values")
		table := NewKeys(want)
		if got := maps.Collect(table.All()); !maps.Equal(got, want) {
			t.Fatalf("all are %v, want %v", got, want)
		}
		for _, key := range append(rapid.SliceOf(rapid.Uint64()).Draw(t, "asked"), 0, 1<<63) {
			got, ok := table.Find(key)
			if w, there := want[key]; got != w || ok != there {
				t.Fatalf("%d is %v, %v; want %v, %v", key, got, ok, w, there)
			}
		}
		for key, v := range want {
			if got, ok := table.Find(key); got != v || !ok {
				t.Fatalf("%d is %v, %v; want %v", key, got, ok, v)
			}
		}
	})
}

func TestZeroTables_AreEmpty(t *testing.T) {
	t.Parallel()
	var w Words[int32]
	var k Keys[int32]
	if _, ok := k.Find(0); ok || w.Find([]byte("a")) != 0 || w.Find(nil) != 0 {
		t.Error("something is found in an empty table")
	}
}

// Words that differ little must not share a hash, or a table becomes a list.
func TestHash_SpreadsSimilarWords(t *testing.T) {
	t.Parallel()
	const n = 1 << 15
	low, high := map[uint64]int{}, map[uint64]int{}
	for i := range n {
		h := Hash(fmt.Appendf(nil, "word%05d", i))
		low[h%n]++
		high[h>>32%n]++
	}
	for _, seen := range []map[uint64]int{low, high} {
		most := 0
		for _, times := range seen {
			most = max(most, times)
		}
		if len(seen) < n*6/10 || most > 10 { // by chance it would be 63 in 100, and about 7
			t.Errorf("%d words have %d hashes, one of them %d times", n, len(seen), most)
		}
	}
}

func BenchmarkWords(b *testing.B) {
	words := map[string]int32{}
	for i := range 10_000 {
		words[fmt.Sprintf("word%05d", i)] = int32(i + 1)
	}
	table := NewWords(words)
	there, not := []byte("word05000"), []byte("words0500")
	b.Run("table", func(b *testing.B) {
		for b.Loop() {
			table.Find(there)
			table.Find(not)
		}
	})
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			_, _ = words[string(there)], words[string(not)]
		}
	})
}

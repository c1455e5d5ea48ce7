// Package frozen holds tables that are made once and then only read, such as the word lists of a language.
//
//	t := frozen.NewWords(map[string]int32{"rain": 7})
//	id := t.Find([]byte("rain")) // 7; 0 for a word that is not there
//
// A post is looked up word by word in a dozen lists, and most words are in none of them. So each table has a sieve
// before it: one bit for each hash, small enough to stay in the processor's cache, which says of most words that they
// are not there. What gets past it is found by open addressing in one array. A map of Go, which may grow and shrink,
// takes several times as long.
//
// What is stored comes with the program, so that nobody can fill a table with words that collide; what is looked up may
// be anything, and costs at most the longest run of taken slots.
package frozen

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"strings"
)

// Value is what a word stands for. 0 is that of a word that is not there.
type Value interface{ ~int32 | ~uint32 }

// Words finds the value of a word. The zero Words is empty.
type Words[V Value] struct {
	sieve sieve
	slots []wordSlot[V]
	text  string // all words, one behind the other
}

type wordSlot[V Value] struct {
	tag, from, size uint32 // size 0 is a free slot, but for the empty word, which is not stored
	value           V
}

// NewWords makes a table of words with their values, none of which is 0. The empty word is left out.
func NewWords[V Value](words map[string]V) Words[V] {
	t := Words[V]{sieve: newSieve(len(words)), slots: make([]wordSlot[V], room(len(words)))}
	size := 0
	for w := range words {
		size += len(w)
	}
	var text strings.Builder
	text.Grow(size) // so that it is not moved while it grows
	for w, v := range words {
		if w == "" {
			continue
		}
		h := Hash([]byte(w))
		t.sieve.add(h)
		at := int(h) & (len(t.slots) - 1)
		for t.slots[at].size != 0 {
			at = (at + 1) & (len(t.slots) - 1)
		}
		t.slots[at] = wordSlot[V]{uint32(h >> 32), uint32(text.Len()), uint32(len(w)), v}
		text.WriteString(w)
	}
	t.text = text.String()
	return t
}

// Find is the value of a word, 0 if it is not there.
func (t *Words[V]) Find(word []byte) V { return t.FindHashed(word, Hash(word)) }

// FindHashed is Find of a word whose [Hash] is known, because several tables are asked for it.
func (t *Words[V]) FindHashed(word []byte, h uint64) V {
	if !t.sieve.mayHold(h) {
		return 0
	}
	for at := int(h) & (len(t.slots) - 1); ; at = (at + 1) & (len(t.slots) - 1) {
		s := &t.slots[at]
		if s.size == 0 {
			return 0
		}
		if s.tag == uint32(h>>32) && t.text[s.from:s.from+s.size] == string(word) {
			return s.value
		}
	}
}

// All are the words with their values, in no order that means anything.
func (t *Words[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, s := range t.slots {
			if s.size > 0 && !yield(t.text[s.from:s.from+s.size], s.value) {
				return
			}
		}
	}
}

// Hash is that of a word, the same in every table and in every process.
func Hash(word []byte) uint64 {
	h := uint64(len(word)) * mixer
	for len(word) >= 8 {
		h = mixed(h ^ binary.LittleEndian.Uint64(word))
		word = word[8:]
	}
	switch n := len(word); {
	case n >= 4:
		h = mixed(h ^ uint64(binary.LittleEndian.Uint32(word)) ^ uint64(binary.LittleEndian.Uint32(word[n-4:]))<<32)
	case n > 0:
		h = mixed(h ^ uint64(word[0]) ^ uint64(word[n/2])<<8 ^ uint64(word[n-1])<<16)
	}
	return h
}

const mixer = 0x9e3779b97f4a7c15

func mixed(v uint64) uint64 {
	high, low := bits.Mul64(v^0xa0761d6478bd642f, mixer)
	return high ^ low
}

// Keys finds the value of a number. The zero Keys is empty.
type Keys[V any] struct {
	sieve sieve
	slots []keySlot[V]
}

type keySlot[V any] struct {
	key   uint64
	taken bool
	value V
}

// NewKeys makes a table of numbers with their values.
func NewKeys[V any](values map[uint64]V) Keys[V] {
	t := Keys[V]{sieve: newSieve(len(values)), slots: make([]keySlot[V], room(len(values)))}
	for key, v := range values {
		h := mixed(key)
		t.sieve.add(h)
		at := int(h) & (len(t.slots) - 1)
		for t.slots[at].taken {
			at = (at + 1) & (len(t.slots) - 1)
		}
		t.slots[at] = keySlot[V]{key, true, v}
	}
	return t
}

// Find is the value of a number, and whether it is there.
func (t *Keys[V]) Find(key uint64) (v V, ok bool) {
	h := mixed(key)
	if !t.sieve.mayHold(h) {
		return v, false
	}
	for at := int(h) & (len(t.slots) - 1); ; at = (at + 1) & (len(t.slots) - 1) {
		s := &t.slots[at]
		if !s.taken {
			return v, false
		}
		if s.key == key {
			return s.value, true
		}
	}
}

// All are the numbers with their values, in no order that means anything.
func (t *Keys[V]) All() iter.Seq2[uint64, V] {
	return func(yield func(uint64, V) bool) {
		for _, s := range t.slots {
			if s.taken && !yield(s.key, s.value) {
				return
			}
		}
	}
}

// room is how many slots a table has for n entries: a power of two, and never more than two thirds of them taken. The
// sieve keeps most of what is not there away from the slots, so that they may be that full.
func room(n int) int { return powerOfTwo(n + n/2 + 1) }

func powerOfTwo(least int) int {
	size := 2
	for size < least {
		size *= 2
	}
	return size
}

// sieve has a bit for each hash. It is a Bloom filter with one hash and eight to sixteen bits an entry.
type sieve []uint64

func newSieve(n int) sieve { return make(sieve, max(powerOfTwo(2*n+1)/16, 1)) }

func (s sieve) add(h uint64) {
	at := h >> 20
	s[at/64%uint64(len(s))] |= 1 << (at % 64)
}

func (s sieve) mayHold(h uint64) bool {
	at := h >> 20
	return len(s) > 0 && s[at/64&uint64(len(s)-1)]&(1<<(at%64)) != 0
}

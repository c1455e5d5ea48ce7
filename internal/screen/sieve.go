package screen

// sieve tells of most words that a lexicon cannot hold them, by four of their letters and their length, without looking
// them up: most words of most posts are in no lexicon, and each misspelling is tried in many ways. It is a Bloom filter
// with one hash.
type sieve struct{ bits []uint64 }

const sieveBits = 1 << 16

// newSieve holds these words.
func newSieve[V any](words map[string]V) sieve {
	s := sieve{bits: make([]uint64, sieveBits/64)}
	for w := range words {
		at := sieveAt([]byte(w))
		s.bits[at/64] |= 1 << (at % 64)
	}
	return s
}

// mayHold reports false only for words that it does not hold. One that is not made yet may hold everything.
func (s sieve) mayHold(word []byte) bool {
	if s.bits == nil {
		return true
	}
	at := sieveAt(word)
	return s.bits[at/64]&(1<<(at%64)) != 0
}

func sieveAt(w []byte) uint32 {
	n := len(w)
	if n == 0 {
		return 0
	}
	h := uint32(n)
	for _, c := range [...]byte{w[0], w[n/3], w[2*n/3], w[n-1]} {
		h = (h ^ uint32(c)) * 16777619
	}
	return (h ^ h>>16) % sieveBits
}

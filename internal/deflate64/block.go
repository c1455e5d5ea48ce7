package deflate64

// span is the first value of a code and how many bits are added to it.
type span struct {
	base int
	bits uint
}

var (
	lengths   = lengthSpans()
	distances = distanceSpans()
)

// lengthSpans are those of the symbols 257 to 285; the last one differs from Deflate.
func lengthSpans() []span {
	out := make([]span, 0, 29)
	base := 3
	for code := range 28 {
		bits := uint(max(0, code/4-1))
		out = append(out, span{base, bits})
		base += 1 << bits
	}
	return append(out, span{3, 16})
}

// distanceSpans are those of the codes 0 to 31; Deflate has no 30 and 31.
func distanceSpans() []span {
	out := make([]span, 0, 32)
	base := 1
	for code := range 32 {
		bits := uint(max(0, code/2-1))
		out = append(out, span{base, bits})
		base += 1 << bits
	}
	return out
}

// header begins the next block.
func (r *Reader) header() error {
	last, err := r.take(1)
	if err != nil {
		return err
	}
	kind, err := r.take(2)
	if err != nil {
		return err
	}
	r.last, r.inBlock, r.stored = last == 1, true, -1
	switch kind {
	case 0:
		return r.beginStored()
	case 1:
		return r.fixedTables()
	case 2:
		return r.dynamicTables()
	}
	return ErrCorrupt
}

func (r *Reader) beginStored() error {
	r.bits >>= r.held % 8
	r.held -= r.held % 8
	n, err := r.take(16)
	if err != nil {
		return err
	}
	check, err := r.take(16)
	if err != nil {
		return err
	}
	if n != check^0xffff {
		return ErrCorrupt
	}
	r.stored = n
	return nil
}

func (r *Reader) fixedTables() error {
	var symbols [288]uint8
	for i := range symbols {
		switch {
		case i < 144:
			symbols[i] = 8
		case i < 256:
			symbols[i] = 9
		case i < 280:
			symbols[i] = 7
		default:
			symbols[i] = 8
		}
	}
	var dists [32]uint8
	for i := range dists {
		dists[i] = 5
	}
	if err := r.symbols.build(symbols[:]); err != nil {
		return err
	}
	return r.dists.build(dists[:])
}

// order is how a block lists the lengths of the codes in which it lists the lengths of its codes.
var order = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (r *Reader) dynamicTables() error {
	head, err := r.take(14)
	if err != nil {
		return err
	}
	symbols, dists, listed := head&31+257, head>>5&31+1, head>>10+4
	var meta [19]uint8
	for _, at := range order[:listed] {
		n, err := r.take(3)
		if err != nil {
			return err
		}
		meta[at] = uint8(n)
	}
	if err := r.symbols.build(meta[:]); err != nil {
		return err
	}
	var all [288 + 32]uint8
	if symbols > 288 {
		return ErrCorrupt
	}
	if err := r.codeLengths(all[:symbols+dists]); err != nil {
		return err
	}
	if all[endOfBlock] == 0 {
		return ErrCorrupt
	}
	if err := r.symbols.build(all[:symbols]); err != nil {
		return err
	}
	return r.dists.build(all[symbols : symbols+dists])
}

// codeLengths reads lengths of codes, in which 16, 17 and 18 repeat.
func (r *Reader) codeLengths(out []uint8) error {
	for i := 0; i < len(out); {
		s, err := r.symbol(&r.symbols)
		if err != nil {
			return err
		}
		if s < 16 {
			out[i] = uint8(s)
			i++
			continue
		}
		again := [...]span{{3, 2}, {3, 3}, {11, 7}}[s-16]
		n, err := r.extended(again)
		if err != nil {
			return err
		}
		if i+n > len(out) || s == 16 && i == 0 {
			return ErrCorrupt
		}
		if s == 16 {
			for k := range n {
				out[i+k] = out[i-1]
			}
		}
		i += n
	}
	return nil
}

// table decodes a code by the next width bits. An entry is a symbol and, in its lowest four bits, its length; 0 is
// none.
type table struct {
	width   uint
	entries [1 << maxBits]uint16
}

// build makes the table of codes with these lengths. One code alone may leave the table half empty, as Deflate allows.
func (t *table) build(lens []uint8) error {
	var count [maxBits + 1]int
	longest, used := uint8(0), 0
	for _, n := range lens {
		count[n]++
		longest = max(longest, n)
		if n > 0 {
			used++
		}
	}
	t.width = uint(longest)
	clear(t.entries[:1<<t.width])
	var next [maxBits + 1]int
	code, left := 0, 1
	for n := 1; n <= maxBits; n++ {
		if n > 1 {
			code += count[n-1]
		}
		code <<= 1
		next[n] = code
		if left = left<<1 - count[n]; left < 0 {
			return ErrCorrupt
		}
	}
	if left > 0 && used > 1 {
		return ErrCorrupt
	}
	for symbol, n := range lens {
		if n == 0 {
			continue
		}
		t.enter(next[n], uint(n), symbol)
		next[n]++
	}
	return nil
}

// enter fills every entry that begins with the code; codes are sent highest bit first, the stream lowest bit first.
func (t *table) enter(code int, n uint, symbol int) {
	first := 0
	for k := range n {
		first |= code >> k & 1 << (n - 1 - k)
	}
	for at := first; at < 1<<t.width; at += 1 << n {
		t.entries[at] = uint16(symbol<<4 | int(n))
	}
}

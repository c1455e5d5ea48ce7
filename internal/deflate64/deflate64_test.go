package deflate64

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// writer writes a stream of one block with the fixed codes.
type writer struct {
	out  []byte
	bits uint
}

func (w *writer) put(value, n uint) {
	for k := range n {
		if w.bits%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[len(w.out)-1] |= byte(value>>k&1) << (w.bits % 8)
		w.bits++
	}
}

// code writes a code, which goes highest bit first.
func (w *writer) code(value, n uint) {
	for k := range n {
		w.put(value>>(n-1-k)&1, 1)
	}
}

func (w *writer) symbol(s uint) {
	switch {
	case s < 144:
		w.code(0x30+s, 8)
	case s < 256:
		w.code(0x190+s-144, 9)
	case s < 280:
		w.code(s-256, 7)
	default:
		w.code(0xc0+s-280, 8)
	}
}

// again copies length bytes from dist bytes back, by code 285 and the distance code given.
func (w *writer) again(length int, code uint, dist int) {
	w.symbol(285)
	w.put(uint(length-3), 16)
	w.code(code, 5)
	w.put(uint(dist-distances[code].base), distances[code].bits)
}

func inflate(in []byte) ([]byte, error) { return io.ReadAll(NewReader(bytes.NewReader(in))) }

// plain is text in which hardly anything repeats for long, so that flate never uses code 285.
func plain(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = "etaoin shrdlu"[r.IntN(13)]
	}
	return b
}

func TestReader_ReadsPlainDeflateWhereTheTwoAreTheSame(t *testing.T) {
	t.Parallel()
	for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
		want := plain(300_000)
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(want)
		w.Close()
		got, err := io.ReadAll(NewReader(iotest.OneByteReader(&b)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("level %d: %d bytes, %v", level, len(got), err)
		}
	}
}

func TestReader_CopiesFarAndLong(t *testing.T) {
	t.Parallel()
	start := plain(windowSize)
	var w writer
	w.put(1, 1)
	w.put(1, 2)
	for _, b := range start {
		w.symbol(uint(b))
	}
	w.again(70_000-windowSize, 31, windowSize) // from the very first byte
	w.again(65_538, 30, 40_000)                // the longest copy there is
	w.again(5, 0, 1)
	w.symbol(endOfBlock)
	want := append([]byte{}, start...)
	repeat := func(length, dist int) {
		for range length {
			want = append(want, want[len(want)-dist])
		}
	}
	repeat(70_000-windowSize, windowSize)
	repeat(65_538, 40_000)
	repeat(5, 1)
	got, err := inflate(w.out)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes of %d, %v", len(got), len(want), err)
	}
}

func TestReader_RefusesWhatIsCutOrBroken(t *testing.T) {
	t.Parallel()
	var whole, early writer
	whole.put(1, 1)
	whole.put(1, 2)
	for _, b := range []byte("harmless") {
		whole.symbol(uint(b))
	}
	early.put(1, 1)
	early.put(1, 2)
	early.symbol('a')
	early.again(9, 4, 6) // farther back than there is
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"nothing":        {nil, io.ErrUnexpectedEOF},
		"no end":         {whole.out, io.ErrUnexpectedEOF},
		"before start":   {append(early.out, 0, 0), ErrCorrupt},
		"unknown block":  {[]byte{7}, ErrCorrupt},
		"stored lengths": {[]byte{1, 2, 0, 2, 0}, ErrCorrupt},
		"no codes":       {append([]byte{5}, make([]byte, 40)...), ErrCorrupt},
	} {
		if _, err := inflate(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{3, 0})
	f.Add([]byte{1, 2, 0, 0xfd, 0xff, 'h', 'i'})
	f.Add([]byte(strings.Repeat("\xed\xfd", 40)))
	f.Fuzz(func(t *testing.T, in []byte) {
		const most = 1 << 20
		whole, err := io.ReadAll(io.LimitReader(NewReader(bytes.NewReader(in)), most))
		pieces, err2 := io.ReadAll(io.LimitReader(NewReader(iotest.OneByteReader(bytes.NewReader(in))), most))
		if !bytes.Equal(whole, pieces) || (err == nil) != (err2 == nil) {
			t.Fatalf("the size of pieces matters: %d bytes, %v; %d bytes, %v", len(whole), err, len(pieces), err2)
		}
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	want := plain(1 << 20)
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.DefaultCompression)
	w.Write(want)
	w.Close()
	b.SetBytes(int64(len(want)))
	for b.Loop() {
		if _, err := io.Copy(io.Discard, NewReader(bytes.NewReader(packed.Bytes()))); err != nil {
			b.Fatal(err)
		}
	}
}

package archive

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"sync/atomic"
)

const (
	blockSize  = 256 << 10 // bytes inflated at a time
	maxElement = 1 << 20   // bytes of JSON of one post; a long post with every letter escaped has a quarter of it
	maxPrefix  = 128       // bytes before the array begins
)

// block is a run of whole JSON objects with spaces between them.
type block struct {
	json []byte
	err  error // a fault; json is then nil
}

// blocks inflates a part one block ahead of the caller. A block is valid until the
// next one is asked for. It stops after the first error. What stands between the entries
// and is none is told to skip, from the goroutine that inflates.
func (p part) blocks(ctx context.Context, read *atomic.Int64, skip func(Skip)) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer stop()

		free, full := make(chan []byte, 2), make(chan block, 1)
		free <- make([]byte, 0, blockSize)
		free <- make([]byte, 0, blockSize)
		wg.Go(func() { p.inflate(ctx, read, skip, free, full) })

		for b := range full {
			if !yield(b.json, b.err) || b.err != nil {
				return
			}
			free <- b.json
		}
		if err := ctx.Err(); err != nil {
			yield(nil, stopped(err))
		}
	}
}

// inflate fills free buffers until the part ends, fails, or ctx is done.
func (p part) inflate(
	ctx context.Context, read *atomic.Int64, skip func(Skip), free <-chan []byte, full chan<- block,
) {
	defer close(full)
	rc, err := p.open()
	if err != nil {
		full <- block{err: readFailed(p, err)}
		return
	}
	defer rc.Close()
	c := cutter{part: p, in: counted{ctx, rc, read}, skip: skip}
	for {
		var b block
		select {
		case buf := <-free:
			b.json, b.err = c.next(buf)
		case <-ctx.Done():
			return
		}
		if errors.Is(b.err, io.EOF) {
			return
		}
		select {
		case full <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
	}
}

// counted adds what is read to a number that others may watch, and ends with ctx.
type counted struct {
	ctx  context.Context
	r    io.Reader
	read *atomic.Int64
}

// Read implements [io.Reader].
func (c counted) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	c.read.Add(int64(n))
	return n, err
}

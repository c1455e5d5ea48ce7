package limit

import "slices"

// series counts the calls of one key in one window. take.lua does the same.
type series struct {
	newest int64  // the bucket of the newest call; buckets are numbered from 1970
	total  int    // calls in cells
	cells  []cell // oldest first, empty buckets left out
}

// cell is a bucket that is not empty. Its number is cut to 32 bits: the cells
// of a series lie within Buckets of newest.
type cell struct{ bucket, calls uint32 }

// bucket is where a call made now is counted. A clock that was set back a
// little does not reopen earlier buckets.
func (s *series) bucket(now, width int64) int64 { return max(s.newest, now/width) }

// forget drops the cells that no span of Buckets that ends now touches, and
// everything when the clock was far ahead and has been put right.
func (s *series) forget(now, width int64) {
	if s.newest > now/width+Buckets {
		*s = series{}
	}
	oldest, gone := s.bucket(now, width)-Buckets, 0
	for gone < len(s.cells) && s.full(s.cells[gone]) < oldest {
		s.total -= int(s.cells[gone].calls)
		gone++
	}
	s.cells = slices.Delete(s.cells, 0, gone)
}

// add counts a call.
func (s *series) add(now, width int64) {
	s.newest = s.bucket(now, width)
	s.total++
	if n := len(s.cells); n > 0 && s.cells[n-1].bucket == uint32(s.newest) {
		s.cells[n-1].calls++
		return
	}
	s.cells = append(s.cells, cell{uint32(s.newest), 1})
}

// below is how many microseconds from now fewer than limit calls are counted,
// if no other call comes.
func (s *series) below(limit int, now, width int64) int64 {
	excess := s.total - limit + 1
	for _, c := range s.cells {
		if excess -= int(c.calls); excess <= 0 {
			return s.gone(c, now, width)
		}
	}
	return 0
}

// relief is how many microseconds from now the oldest call stops counting; 0 without any.
func (s *series) relief(now, width int64) int64 {
	if len(s.cells) == 0 {
		return 0
	}
	return s.gone(s.cells[0], now, width)
}

// gone is how many microseconds from now c is forgotten.
func (s *series) gone(c cell, now, width int64) int64 {
	return (s.full(c)+Buckets+1)*width - now
}

// full is the number of c's bucket before it was cut.
func (s *series) full(c cell) int64 { return s.newest - int64(uint32(s.newest)-c.bucket) }

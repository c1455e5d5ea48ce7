// Package history says which part of an account's posts has been read.
//
// X gives every post an id, and a newer post has a larger one. So a part of an account's history is an interval of ids,
// and what has been read of it is a [Set] of intervals:
//
//	set := history.Of(read...)           // joins what overlaps or touches
//	set.Gaps(history.Span{First: 1, Last: top})  // what is missing, the newest first
//
// Ids tell when they were made, to the millisecond, since X began to make them so in November 2010: see [At] and
// [After]. Everything here is plain arithmetic; internal/analysis keeps the intervals and reads what they lack.
package history

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"
)

// ID is the number of a post.
type ID int64

// Top is larger than every post's id.
const Top ID = math.MaxInt64

// Parse reads an id as X writes it; ok is false for what is not a positive number of at most 63 bits.
func Parse(s string) (id ID, ok bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return ID(n), err == nil && n > 0
}

// String is the id as X writes it.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Before November 2010 X counted its posts, so that an id below first tells no time.
const (
	epoch = 1288834974657 // milliseconds of Unix time
	shift = 22
	first = ID(29_700_859_247)
)

// At is when the post of an id was made; ok is false for ids that do not tell it.
func At(id ID) (at time.Time, ok bool) {
	if id < first {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(id>>shift) + epoch).UTC(), true
}

// After is the smallest id of a post made at or after a time; 1 for a time before ids told it.
func After(at time.Time) ID {
	ms := at.UnixMilli() - epoch
	switch {
	case ms <= int64(first>>shift):
		return 1
	case ms >= int64(Top>>shift):
		return Top
	}
	return ID(ms) << shift
}

// Span is an interval of ids, both ends included. It is empty when Last is below First.
type Span struct{ First, Last ID }

// Empty tells whether no id is in the span.
func (s Span) Empty() bool { return s.Last < s.First }

// Has tells whether an id is in the span.
func (s Span) Has(id ID) bool { return s.First <= id && id <= s.Last }

// Cut is what two spans have in common.
func (s Span) Cut(o Span) Span { return Span{max(s.First, o.First), min(s.Last, o.Last)} }

// Set is what has been read: spans in ascending order, between which at least one id is missing.
type Set []Span

// Of joins spans, in any order, to a set. Empty ones count nothing.
func Of(spans ...Span) Set {
	all := slices.DeleteFunc(slices.Clone(spans), Span.Empty)
	slices.SortFunc(all, func(a, b Span) int { return cmp.Compare(a.First, b.First) })
	var set Set
	for _, s := range all {
		last := len(set) - 1
		if last >= 0 && (set[last].Last == Top || s.First <= set[last].Last+1) {
			set[last].Last = max(set[last].Last, s.Last)
			continue
		}
		set = append(set, s)
	}
	return set
}

// With is the set and one span more.
func (s Set) With(span Span) Set { return Of(append(slices.Clone(s), span)...) }

// Newest is the largest id that was read, 0 when none was.
func (s Set) Newest() ID {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1].Last
}

// Has tells whether an id is in the set.
func (s Set) Has(id ID) bool {
	return slices.ContainsFunc(s, func(span Span) bool { return span.Has(id) })
}

// Gaps are the parts of a span that are not in the set, the newest first.
func (s Set) Gaps(within Span) []Span {
	var gaps []Span
	last := within.Last
	for _, span := range slices.Backward(s) {
		if span.First > last || span.Last < within.First {
			continue
		}
		if span.Last < last {
			gaps = append(gaps, Span{span.Last + 1, last})
		}
		if span.First <= within.First {
			return gaps
		}
		last = span.First - 1
	}
	if rest := (Span{within.First, last}); !rest.Empty() {
		gaps = append(gaps, rest)
	}
	return gaps
}

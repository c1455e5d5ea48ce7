package history

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestGaps_AreWhatIsMissingTheNewestFirst(t *testing.T) {
	t.Parallel()
	whole := Span{1, 100}
	for name, c := range map[string]struct {
		read   []Span
		within Span
		want   []Span
	}{
		"nothing was read":            {nil, whole, []Span{{1, 100}}},
		"all was read":                {[]Span{{1, 100}}, whole, nil},
		"more was read":               {[]Span{{1, 500}}, whole, nil},
		"the newest":                  {[]Span{{60, 100}}, whole, []Span{{1, 59}}},
		"the oldest":                  {[]Span{{1, 59}}, whole, []Span{{60, 100}}},
		"two ends":                    {[]Span{{1, 10}, {90, 100}}, whole, []Span{{11, 89}}},
		"two ends, in another order":  {[]Span{{90, 100}, {1, 10}}, whole, []Span{{11, 89}}},
		"two holes":                   {[]Span{{20, 30}, {40, 50}}, whole, []Span{{51, 100}, {31, 39}, {1, 19}}},
		"touching spans have no hole": {[]Span{{1, 10}, {11, 100}}, whole, nil},
		"overlapping":                 {[]Span{{1, 60}, {40, 90}}, whole, []Span{{91, 100}}},
		"one inside another":          {[]Span{{10, 90}, {40, 50}}, whole, []Span{{91, 100}, {1, 9}}},
		"a single id":                 {[]Span{{50, 50}}, whole, []Span{{51, 100}, {1, 49}}},
		"an empty span":               {[]Span{{50, 49}}, whole, []Span{{1, 100}}},
		"outside":                     {[]Span{{200, 300}}, whole, []Span{{1, 100}}},
		"up to the largest id":        {[]Span{{50, Top}, {Top, Top}}, Span{1, Top}, []Span{{1, 49}}},
		"an empty question":           {[]Span{{50, 60}}, Span{10, 9}, nil},
	} {
		if got := Of(c.read...).Gaps(c.within); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Every id is either read or in exactly one gap, however the spans came.
func TestSet_EveryIDIsReadOrInOneGap(t *testing.T) {
	t.Parallel()
	const most = 60
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Int64Range(1, most)
		read := [most + 1]bool{}
		var set Set
		for range rapid.IntRange(0, 12).Draw(t, "spans") {
			s := Span{ID(id.Draw(t, "first")), ID(id.Draw(t, "last"))}
			set = set.With(s)
			for i := s.First; i <= s.Last; i++ {
				read[i] = true
			}
		}
		within := Span{ID(id.Draw(t, "from")), ID(id.Draw(t, "to"))}
		gaps := set.Gaps(within)
		for i := ID(1); i <= most; i++ {
			in := 0
			for _, g := range gaps {
				if g.Has(i) {
					in++
				}
			}
			want := 0
			if within.Has(i) && !read[i] {
				want = 1
			}
			if in != want || set.Has(i) != read[i] {
				t.Fatalf("%d is in %d gaps and read=%t; want %d and %t; %v", i, in, set.Has(i), want, read[i], set)
			}
		}
		for i := 1; i < len(set); i++ {
			if set[i].First <= set[i-1].Last+1 {
				t.Fatalf("%v and %v are one span", set[i-1], set[i])
			}
		}
		if !slices.IsSortedFunc(gaps, func(a, b Span) int { return int(b.First - a.First) }) {
			t.Fatalf("%v are not the newest first", gaps)
		}
	})
}

func TestAfter_IsTheFirstIDOfATime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(1288843000000, 3000000000000).Draw(t, "ms")).UTC()
		id := After(at)
		made, ok := At(id)
		if before, _ := At(id - 1); !ok || !made.Equal(at) || !before.Before(at) {
			t.Fatalf("%v: id %d of %v, and the one before of %v", at, id, made, before)
		}
	})
	if id := After(time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC)); id != 1 {
		t.Errorf("before ids told the time: %d", id)
	}
	if _, ok := At(29_000_000_000); ok {
		t.Error("an id of before November 2010 told a time")
	}
}

func TestParse_TakesWhatXWrites(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"1": true, "1800000000000000042": true, "9223372036854775807": true,
		"0": false, "-1": false, "": false, "9223372036854775808": false, "x": false,
	} {
		if id, ok := Parse(s); ok != want || ok && id.String() != s {
			t.Errorf("%q: %d, %t", s, id, ok)
		}
	}
}

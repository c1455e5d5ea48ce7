package assess

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The bounds between negative, neutral and positive: those the VADER authors publish.
const (
	positiveFrom = 0.05
	negativeFrom = -0.05
)

// sentimentSamples is how many posts a report shows at each end.
const sentimentSamples = 3

// sampleRunes is how much of a sample's text is kept.
const sampleRunes = 280

// monthly is a running mean a month.
type monthly map[yearMonth]struct {
	sum float64
	n   int
}

// yearMonth is a month of a year.
type yearMonth struct {
	year  int
	month time.Month
}

// String is such as "2026-11".
func (m yearMonth) String() string { return fmt.Sprintf("%04d-%02d", m.year, m.month) }

// add counts v in t's month; a post without a date belongs to none.
func (m monthly) add(t time.Time, v float64) {
	if t.IsZero() {
		return
	}
	year, month, _ := t.UTC().Date()
	key := yearMonth{year, month}
	cell := m[key]
	cell.sum, cell.n = cell.sum+v, cell.n+1
	m[key] = cell
}

// inOrder are the months that have posts, the earliest first.
func (m monthly) inOrder() []yearMonth {
	return slices.SortedFunc(maps.Keys(m), func(a, b yearMonth) int {
		return cmp.Or(cmp.Compare(a.year, b.year), cmp.Compare(a.month, b.month))
	})
}

// sentimentTally gathers sentiment in memory that does not grow with the posts.
type sentimentTally struct {
	positive, neutral, negative int
	months                      monthly
	top, bottom                 []Sample
}

// add counts one post whose sentiment (−1..1) is known.
func (s *sentimentTally) add(p Post, a ReportAccount, value float64) {
	value = min(max(value, -1), 1)
	s.months.add(p.PostedAt, value)
	sample := Sample{PostID: p.ID, Value: value}
	show := func() Sample {
		sample.URL, sample.Text = postURL(a, p.ID), excerpt(p.Text)
		return sample
	}
	switch {
	case value >= positiveFrom:
		s.positive++
		sample.Label = "most_positive"
		s.top = keepExtremes(s.top, sample, -1, show)
	case value <= negativeFrom:
		s.negative++
		sample.Label = "most_negative"
		s.bottom = keepExtremes(s.bottom, sample, 1, show)
	default:
		s.neutral++
	}
}

// excerpt cuts a long text and shows that it did.
func excerpt(text string) string {
	if cut := firstRunes(text, sampleRunes); cut != text {
		return cut + "…"
	}
	return text
}

// keepExtremes adds a sample and keeps the few that are furthest out: the smallest values
// for sign 1, the largest for −1. Of one that is kept, show gives the whole.
func keepExtremes(kept []Sample, s Sample, sign float64, show func() Sample) []Sample {
	order := func(a, b Sample) int {
		return cmp.Or(cmp.Compare(sign*a.Value, sign*b.Value), cmp.Compare(a.PostID, b.PostID))
	}
	if len(kept) == sentimentSamples && order(kept[len(kept)-1], s) <= 0 {
		return kept
	}
	at, _ := slices.BinarySearchFunc(kept, s, order)
	kept = slices.Insert(kept, at, show())
	return kept[:min(len(kept), sentimentSamples)]
}

// result is the report's part; ratios are null when nothing could be measured.
func (s *sentimentTally) result() Sentiment {
	n := s.positive + s.neutral + s.negative
	out := Sentiment{
		Known: n > 0, Measured: n, Trend: []SentimentPoint{},
		Samples: append(append([]Sample{}, s.top...), s.bottom...),
	}
	if n == 0 {
		return out
	}
	out.Positive, out.Neutral, out.Negative = ratio(s.positive, n), ratio(s.neutral, n), ratio(s.negative, n)
	for _, month := range s.months.inOrder() {
		m := s.months[month]
		mean := rounded(m.sum/float64(m.n), 3)
		out.Trend = append(out.Trend, SentimentPoint{Month: month.String(), Mean: mean, Posts: m.n})
	}
	return out
}

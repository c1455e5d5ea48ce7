package assess

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// An hour needs this many posts before it can be called a peak.
const peakHourPosts = 3

// average adds up one number over the posts that state it.
type average struct{ sum, posts int }

func (t *average) add(v *int) {
	if v != nil && *v >= 0 {
		t.sum, t.posts = t.sum+*v, t.posts+1
	}
}

func (t average) mean() *float64 {
	if t.posts == 0 {
		return nil
	}
	return new(rounded(float64(t.sum)/float64(t.posts), 2))
}

// engagementTally gathers the posts' own numbers in memory that does not grow with them.
type engagementTally struct {
	posts                   int
	likes, reposts, replies average
	engagements, views      int // only of posts whose impressions are known
	hours                   [24]average
	months                  monthly
	first, last             time.Time
}

func (e *engagementTally) add(p Post) {
	e.span(p.PostedAt)
	m := p.Metrics
	e.likes.add(m.Likes)
	e.reposts.add(m.Reposts)
	e.replies.add(m.Replies)
	if m.Likes == nil && m.Reposts == nil {
		return
	}
	e.posts++
	warmth := known(m.Likes) + known(m.Reposts)
	if !p.PostedAt.IsZero() {
		e.hours[p.PostedAt.UTC().Hour()].add(&warmth)
		e.months.add(p.PostedAt, float64(warmth))
	}
	if known(m.Impressions) > 0 {
		e.views += known(m.Impressions)
		e.engagements += warmth + known(m.Replies) + known(m.Quotes) + known(m.Bookmarks)
	}
}

// span widens first..last by t.
func (e *engagementTally) span(t time.Time) {
	if t.IsZero() {
		return
	}
	if e.first.IsZero() || t.Before(e.first) {
		e.first = t
	}
	if t.After(e.last) {
		e.last = t
	}
}

// result is the report's part. dated is how many posts have a date.
func (e *engagementTally) result(dated int) Engagement {
	out := Engagement{
		Known: e.posts > 0, Posts: e.posts, PeakHours: e.peakHours(), Trend: []EngagementPoint{},
		AvgLikes: e.likes.mean(), AvgReposts: e.reposts.mean(), AvgReplies: e.replies.mean(),
	}
	if e.views > 0 {
		out.Rate = new(rounded(min(float64(e.engagements)/float64(e.views), 1), 4))
	}
	if dated > 0 {
		weeks := max(e.last.Sub(e.first).Hours()/(7*24), 1) // a burst of a day is not a weekly habit
		out.PostsPerWeek = new(rounded(float64(dated)/weeks, 2))
	}
	for _, month := range e.months.inOrder() {
		m := e.months[month]
		mean := rounded(m.sum/float64(m.n), 2)
		out.Trend = append(out.Trend, EngagementPoint{Month: month.String(), Mean: mean, Posts: m.n})
	}
	return out
}

// peakHours are the hours (UTC) whose posts got the most likes and reposts on average.
func (e *engagementTally) peakHours() []int {
	hours := []int{}
	for h, t := range e.hours {
		if t.posts >= peakHourPosts && t.sum > 0 {
			hours = append(hours, h)
		}
	}
	slices.SortFunc(hours, func(a, b int) int {
		return cmp.Or(cmp.Compare(*e.hours[b].mean(), *e.hours[a].mean()), cmp.Compare(a, b))
	})
	return hours[:min(len(hours), 3)]
}

// known is the number, or 0 where it is unknown or absurd.
func known(v *int) int {
	if v == nil {
		return 0
	}
	return max(*v, 0)
}

// rounded rounds to so many decimals.
func rounded(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(v*scale) / scale
}

// ratio is part of whole with four decimals; whole is not 0.
func ratio(part, whole int) *float64 { return new(rounded(float64(part)/float64(whole), 4)) }

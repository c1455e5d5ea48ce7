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
	engagements, views      int                // only of posts whose impressions are known
	hours                   map[[2]int]average // by month and half hour of the day, both in UTC
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
		e.addHour(p.PostedAt.UTC(), warmth)
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
	cells := e.cells()
	out := Engagement{
		Known: e.posts > 0, Posts: e.posts, PeakHours: peakHours(cells, 0, time.UTC), Hours: cells,
		Trend:    []EngagementPoint{},
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

// addHour keeps the month beside the half hour, because a zone's offset changes within a year, and half hours because
// some zones have them. So a reader's own hours can be told when the posts are gone.
func (e *engagementTally) addHour(at time.Time, warmth int) {
	if e.hours == nil {
		e.hours = map[[2]int]average{}
	}
	cell := [2]int{int(at.Month()), at.Hour()*2 + at.Minute()/30}
	sum := e.hours[cell]
	sum.add(&warmth)
	e.hours[cell] = sum
}

// cells are the hours as a report keeps them.
func (e *engagementTally) cells() [][]int {
	var out [][]int
	for at, t := range e.hours {
		out = append(out, []int{at[0], at[1], t.posts, t.sum})
	}
	slices.SortFunc(out, slices.Compare)
	return out
}

// BestHours are the hours of the day whose posts got the most likes and reposts on average, by the clock of the place
// that the report is read at, and the name of that place's zone. A report from before hours were kept has them in UTC.
func (r *Report) BestHours() (hours []int, zone string) {
	if len(r.Engagement.Hours) == 0 {
		return r.Engagement.PeakHours, time.UTC.String()
	}
	return peakHours(r.Engagement.Hours, r.CreatedAt.Year(), r.place()), r.place().String()
}

// peakHours reads cells by the clock of a place. Summer time is taken from the given year.
func peakHours(cells [][]int, year int, place *time.Location) []int {
	var tally [24]average
	for _, c := range cells {
		if len(c) != 4 {
			continue
		}
		const middle = 15 // of the month: a change of the clock is nearer to its ends
		h := time.Date(year, time.Month(c[0]), middle, 0, 30*c[1], 0, 0, time.UTC).In(place).Hour()
		tally[h].posts, tally[h].sum = tally[h].posts+c[2], tally[h].sum+c[3]
	}
	hours := []int{}
	for h, t := range tally {
		if t.posts >= peakHourPosts && t.sum > 0 {
			hours = append(hours, h)
		}
	}
	slices.SortFunc(hours, func(a, b int) int {
		return cmp.Or(cmp.Compare(*tally[b].mean(), *tally[a].mean()), cmp.Compare(a, b))
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

package console

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
)

// The page of history: how the score of an account has moved from report to report, for one lens, as a chart and as a table.

type historyView struct {
	page
	Accounts []account.XAccount
	Chosen   string // the id of the account
	Handle   string
	Lens     assess.Purpose
	Purposes []assess.Purpose
	Past     []analysis.PastReport // the newest first
	Chart    trend
}

// trend is the chart: points from left to right by their time.
type trend struct {
	Points []trendPoint
	Zones  []trendZone
	Height float64
}

type trendPoint struct {
	X, Y  float64 // percent across, pixels down
	Value string  // "" where there is no room
	Day   string  // "" where there is no room
	Path  string
	Words string
}

type trendZone struct {
	Level  assess.Severity
	Y, H   float64
	LabelY float64
	Words  string
	Range  string // left out on a phone
}

const (
	trendTop    = 24.0
	trendHeight = 200.0
	trendLeft   = 14.0 // percent, for the words of the zones
	trendWidth  = 80.0
	trendApart  = 9.0 // percent that two labels need between them
)

func (c *Console) showHistory(v *visit) error {
	h := historyView{page: c.page(v, "How the score has moved"), Purposes: assess.Purposes[:]}
	h.Charts = true
	all, err := c.Accounts.Accounts(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	h.Accounts = all
	if h.Lens, err = assess.ParsePurpose(cmp.Or(v.r.URL.Query().Get("lens"), string(assess.PersonalReputation))); err != nil {
		return err
	}
	if h.Chosen = v.r.URL.Query().Get("account"); h.Chosen == "" && len(all) > 0 {
		h.Chosen = all[0].ID
	}
	if h.Chosen != "" {
		if h.Past, err = c.Analyses.Past(v.r.Context(), v.me.UserID, h.Chosen); err != nil {
			return err
		}
		place, err := c.place(v)
		if err != nil {
			return err
		}
		for i, p := range h.Past {
			h.Past[i].CreatedAt = p.CreatedAt.In(place)
		}
	}
	if i := slices.IndexFunc(all, func(x account.XAccount) bool { return x.ID == h.Chosen }); i >= 0 {
		h.Handle = all[i].Handle
	}
	h.Chart = trendOf(h.Past, h.Lens)
	return c.ok(v, historyPage(h))
}

// trendY is where a score stands, in pixels from the top.
func trendY(score float64) float64 { return trendTop + trendHeight*(1-score/100) }

func trendOf(past []analysis.PastReport, lens assess.Purpose) trend {
	t := trend{Height: trendTop + trendHeight + 28}
	for i, z := range zones {
		until := 100.0
		if i+1 < len(zones) {
			until = zones[i+1].X
		}
		t.Zones = append(t.Zones, trendZone{
			z.Level, trendY(until), trendY(z.X) - trendY(until) - 1, trendY(until) + 15,
			z.Words, fmt.Sprintf(" %s to %.0f", z.Edge, until),
		})
	}
	if len(past) == 0 {
		return t
	}
	first, last := past[len(past)-1].CreatedAt, past[0].CreatedAt
	labelled := -trendApart
	for i, p := range slices.Backward(past) {
		x := trendLeft + trendWidth
		if span := last.Sub(first); span > 0 {
			x = trendLeft + trendWidth*float64(p.CreatedAt.Sub(first))/float64(span)
		}
		score := p.Lenses[lens]
		point := trendPoint{
			X: x, Y: trendY(score), Path: "/a/" + p.ID + "?" + url.Values{"purpose": {string(lens)}}.Encode(),
			Words: fmt.Sprintf("%s: %s, %s", date(p.CreatedAt), whole(score), assess.LevelOf(score)),
		}
		if x-labelled >= trendApart && (i == 0 || trendLeft+trendWidth-x >= trendApart) {
			point.Value, point.Day, labelled = whole(score), placed(p.CreatedAt).Format("2 Jan"), x
		}
		t.Points = append(t.Points, point)
	}
	return t
}

// words say what the chart shows: 31, medium, down 53 since 3 May 2026.
func (v historyView) words() string {
	if len(v.Past) == 0 {
		return "There is no report yet."
	}
	now, first := v.Past[0].Lenses[v.Lens], v.Past[len(v.Past)-1]
	words := fmt.Sprintf("%s, %s", whole(now), assess.LevelOf(now))
	if len(v.Past) == 1 {
		return words + ", in one report"
	}
	moved := math.Round(now) - math.Round(first.Lenses[v.Lens])
	switch {
	case moved < 0:
		words += fmt.Sprintf(", down %.0f", -moved)
	case moved > 0:
		words += fmt.Sprintf(", up %.0f", moved)
	default:
		words += ", the same"
	}
	return words + " since " + date(first.CreatedAt)
}

// ranBecause says why a report was made.
func ranBecause(a analysis.Analysis) string {
	if a.Scheduled == "" {
		return "You"
	}
	return capital(a.Scheduled) + " check"
}

// readFrom says what a report was read from.
func readFrom(a analysis.Analysis) string {
	if a.ArchiveID != nil {
		return "Archive"
	}
	return "X"
}

// sinceWords count what changed since the report before.
func sinceWords(p analysis.PastReport) string {
	if p.Added == nil || p.Gone == nil {
		return ""
	}
	return count(*p.Added) + " new, " + count(*p.Gone) + " gone"
}

func comparePath(from, to string) string {
	return "/compare?" + url.Values{"from": {from}, "to": {to}}.Encode()
}

// reportName names a report in a list: 2 October 2026, 81 high, for job search.
func reportName(p analysis.PastReport) string {
	name := moment(p.CreatedAt)
	if p.Score != nil && p.Level != nil {
		name += ": " + whole(*p.Score) + " " + *p.Level
	}
	return name + ", for " + p.Purpose.Title()
}

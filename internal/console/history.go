package console

import (
	"cmp"
	"math"
	"net/url"
	"slices"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
)

// The page of history: how the score of an account has moved from report to report, for one lens, as a chart and as a
// table.

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
	trendLeft   = 22.0 // percent, for the words of the zones
	trendWidth  = 72.0
	trendApart  = 9.0 // percent that two labels need between them
)

func (c *Console) showHistory(v *visit) error {
	h := historyView{page: c.page(v, v.tongue().Say("history.title")), Purposes: assess.Purposes[:]}
	h.Charts = true
	all, err := c.Accounts.Accounts(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	h.Accounts = all
	if h.Chosen = v.r.URL.Query().Get("account"); h.Chosen == "" && len(all) > 0 {
		h.Chosen = all[0].ID
	}
	if h.Chosen != "" {
		if h.Past, err = c.Analyses.Past(v.r.Context(), v.me.UserID, h.Chosen); err != nil {
			return err
		}
		place, err := v.place()
		if err != nil {
			return err
		}
		for i, p := range h.Past {
			h.Past[i].CreatedAt = p.CreatedAt.In(place)
		}
	}
	if h.Lens, err = lensOf(v, h.Past); err != nil {
		return err
	}
	if i := slices.IndexFunc(all, func(x account.XAccount) bool { return x.ID == h.Chosen }); i >= 0 {
		h.Handle = all[i].Handle
	}
	h.Chart = trendOf(v.tongue(), h.Past, h.Lens)
	return c.ok(v, historyPage(h))
}

// lensOf is what scores are read for: what the address says, or what the newest report was made for, so that it has
// here the score that it has on its own page.
func lensOf(v *visit, past []analysis.PastReport) (assess.Purpose, error) {
	lens := v.r.URL.Query().Get("lens")
	if lens == "" && len(past) > 0 {
		lens = string(past[0].Purpose)
	}
	return assess.ParsePurpose(cmp.Or(lens, string(assess.PersonalReputation)))
}

// trendY is where a score stands, in pixels from the top.
func trendY(score float64) float64 { return trendTop + trendHeight*(1-score/100) }

func trendOf(l tongue, past []analysis.PastReport, lens assess.Purpose) trend {
	t := trend{Height: trendTop + trendHeight + 28}
	for i, z := range zones {
		until := 100.0
		if i+1 < len(zones) {
			until = zones[i+1].X
		}
		t.Zones = append(t.Zones, trendZone{
			z.Level, trendY(until), trendY(z.X) - trendY(until) - 1, trendY(until) + 15,
			l.Say("zone." + string(z.Level)), " " + l.Say("zone.range", "from", z.Edge, "to", whole(until)),
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
			Words: l.date(p.CreatedAt) + ": " + whole(score) + ", " + levelWord(l, string(assess.LevelOf(score))),
		}
		if x-labelled >= trendApart && (i == 0 || trendLeft+trendWidth-x >= trendApart) {
			point.Value, point.Day, labelled = whole(score), l.dayMonth(p.CreatedAt), x
		}
		t.Points = append(t.Points, point)
	}
	return t
}

// words say what the chart shows: 31, medium, down 53 since 3 May 2026.
func (v historyView) words(l tongue) string {
	if len(v.Past) == 0 {
		return l.Say("history.none")
	}
	now, first := v.Past[0].Lenses[v.Lens], v.Past[len(v.Past)-1]
	score, level, since := whole(now), levelWord(l, string(assess.LevelOf(now))), l.date(first.CreatedAt)
	if len(v.Past) == 1 {
		return l.Say("history.one", "score", score, "level", level)
	}
	switch moved := math.Round(now) - math.Round(first.Lenses[v.Lens]); {
	case moved < 0:
		return l.Say("history.down", "score", score, "level", level, "n", -moved, "at", since)
	case moved > 0:
		return l.Say("history.up", "score", score, "level", level, "n", moved, "at", since)
	}
	return l.Say("history.same", "score", score, "level", level, "at", since)
}

// ranBecause says why a report was made.
func ranBecause(l tongue, a analysis.Analysis) string {
	if a.Scheduled == "" {
		return l.Say("history.you")
	}
	return l.Say("history.check." + a.Scheduled)
}

// readFrom says what a report was read from.
func readFrom(l tongue, a analysis.Analysis) string {
	if a.ArchiveID != nil {
		return l.Say("history.archive")
	}
	return l.Say("history.x")
}

// sinceWords count what changed since the report before.
func sinceWords(l tongue, p analysis.PastReport) string {
	if p.Added == nil || p.Gone == nil {
		return ""
	}
	return l.Say("history.new_gone", "new", *p.Added, "gone", *p.Gone)
}

func comparePath(from, to string) string {
	return "/compare?" + url.Values{"from": {from}, "to": {to}}.Encode()
}

// reportName names a report in a list: 2 October 2026, 81 high, for job search.
func reportName(l tongue, p analysis.PastReport) string {
	at, purpose := l.moment(p.CreatedAt), purposeTitle(l, p.Purpose)
	if p.Score == nil || p.Level == nil {
		return l.Say("history.name", "at", at, "purpose", purpose)
	}
	return l.Say("history.name_scored", "at", at, "score", whole(*p.Score), "level", levelWord(l, *p.Level), "purpose",
		purpose)
}

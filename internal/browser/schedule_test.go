package browser

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
)

// A person lets their account be checked each month, posts something rash in the second, is told, and sees in the
// history what three months have brought.
func TestBrowser_ASchedulePassesThreeMonths(t *testing.T) {
	t.Parallel()
	a := apptest.Run(t, io.Discard, map[string]string{"BILLING": "off"}, app.Options{Tick: 50 * time.Millisecond})
	v := visit(t, a.URL())
	v.signIn(gus)
	v.open("/schedules")
	v.accessible("the page of schedules without one")
	v.do(chromedp.SetValue(chromedp.CSS("#every-new"), "monthly"))
	v.do(chromedp.SetValue(chromedp.CSS("#zone-new"), "Europe/Lisbon"))
	v.click(`form[action="/schedules"] input[name="consent"]`)
	v.click(`form[action="/schedules"] > button`)
	v.sees(".notice.good")
	for _, width := range []int64{390, 768, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			v.accessibleTo("the page of schedules with one", look{scheme, width, ""})
			v.shoot(fmt.Sprintf("schedules-%s-%d", scheme, width))
		}
	}

	p := program{t, a.URL(), signInByAPI(t, a.URL())}
	for month := range 3 {
		if month == 1 {
			p.must(http.StatusOK, "POST", "/sandbox/posts",
				`{"handle":"`+gus+`","text":"I will find you and I will kill you, you worthless animal."}`)
		}
		p.must(http.StatusOK, "POST", "/sandbox/clock", fmt.Sprintf(`{"advance":"%s"}`, untilNext(p)))
		p = program{t, a.URL(), signInByAPI(t, a.URL())} // the session ended long ago
		awaitReports(p, month+1)
	}

	v.signIn(gus)
	v.sees(".told .notice")
	v.accessible("the front page with notices of analyses")
	v.shoot("told")
	v.open("/account/notices")
	if got := v.text("main"); !strings.Contains(got, "Something new weighs heavily") ||
		strings.Count(got, "Your report is ready") != 3 {
		t.Errorf("three months are told as %s", got)
	}
	v.accessible("the page of notices and choices")
	v.shoot("choices")
	v.open("/history")
	v.sees(".trend .point")
	if n := v.text(".past tbody"); strings.Count(n, "Monthly check") != 3 {
		t.Errorf("the history says %s", n)
	}
	for _, width := range []int64{390, 768, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			v.accessibleTo("the history", look{scheme, width, ""})
			v.shoot(fmt.Sprintf("history-%s-%d", scheme, width))
		}
	}
	v.click(".past tbody tr:nth-child(2) td:last-child a")
	v.sees(".fall")
	if got := v.text("#list-New"); !strings.HasPrefix(got, "New") || got == "New 0" {
		t.Errorf("the second month has brought %q", got)
	}
	for _, width := range []int64{390, 768, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			v.accessibleTo("the comparison of two reports", look{scheme, width, ""})
			v.shoot(fmt.Sprintf("compare-%s-%d", scheme, width))
		}
	}
	v.click(`main > p a[href^="/a/"]`)
	v.sees(".since li a")
	v.accessible("a report with what is new on top")
	v.shoot("since")
	v.stayed()
}

// untilNext is how long it is, by the stand-ins' clock, until the schedule is due.
func untilNext(p program) time.Duration {
	p.t.Helper()
	var list struct {
		Data []struct {
			NextAt    time.Time  `json:"next_at"`
			CreatedAt time.Time  `json:"created_at"`
			LastAt    *time.Time `json:"last_at"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/schedules", "")), &list); err != nil ||
		len(list.Data) != 1 {
		p.t.Fatalf("%v, %d schedules", err, len(list.Data))
	}
	s := list.Data[0]
	from := s.CreatedAt
	if s.LastAt != nil {
		from = *s.LastAt
	}
	return s.NextAt.Sub(from).Round(time.Second) + time.Minute
}

// awaitReports waits until so many reports are made and noted by the schedule.
func awaitReports(p program, n int) {
	p.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		answer := p.must(http.StatusOK, "GET", "/api/v1/analyses?status=completed", "")
		if strings.Count(answer, `"status":"completed"`) == n {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("no report number %d: %s", n, answer)
		}
	}
}

package analysis

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/sandbox"
)

var update = flag.Bool("update", false, "write docs/interrupted-readings.md anew")

// interruptedPage is made by this test, so that it stays true.
const interruptedPage = "../../docs/interrupted-readings.md"

const interruptedHead = `# What is read after an interruption

This page is made by ` + "`go test ./internal/analysis -run InterruptedReadings -update`" + `, and a test fails when it is not true. Each
line is one account at the sandbox's X whose reading is interrupted as the first column says, and then analysed once more
without a limit. Posts "given" are those that X delivered, in all readings together. A page that X delivered to a process
which died before it had stored it is asked for again; the plan's reads count it once, and X bills a post once a day.

| the reading | read of there, when it ended | gaps that its report names | read of there, by the next analysis | given |
|---|---|---|---|---|
`

// interruptions are ways in which a reading ends early. Each returns the report's coverage, if there was one.
var interruptions = []struct {
	words string
	do    func(p *person) *assess.Coverage
}{
	{"is not interrupted", func(p *person) *assess.Coverage {
		return new(p.analyse(StartRequest{}))
	}},
	{"is limited to 50 posts", func(p *person) *assess.Coverage {
		return new(p.analyse(StartRequest{MaxPosts: 50}))
	}},
	{"is limited to 50 posts twice, with 200 new ones between", func(p *person) *assess.Coverage {
		p.analyse(StartRequest{MaxPosts: 50})
		p.post(200)
		return new(p.analyse(StartRequest{MaxPosts: 50}))
	}},
	{"begins at a date", func(p *person) *assess.Coverage {
		since := p.sb.X().Posts(p.Account.Handle)[155].At
		return new(p.analyse(StartRequest{Since: &since}))
	}},
	{
		"meets 429 on page 2, and goes on by itself",
		func(p *person) *assess.Coverage { return p.hindered(http.StatusTooManyRequests) },
	},
	{
		"meets 403 on page 2, and goes on by itself",
		func(p *person) *assess.Coverage { return p.hindered(http.StatusForbidden) },
	},
	{"meets 403 on page 2, and fails", func(p *person) *assess.Coverage {
		p.onPage(2, func() { p.sb.Fail(sandbox.Fault{Path: timelines, Status: http.StatusForbidden}) })
		a := p.begin(StartRequest{})
		p.ok(p.Run(p.t.Context(), a.ID, true))
		p.wantStatus(a.ID, Failed)
		return nil
	}},
	{"is killed (kill -9) on page 2", func(p *person) *assess.Coverage {
		a := p.begin(StartRequest{})
		dead := p.replica()
		ctx, kill := context.WithCancel(p.t.Context())
		p.onPage(2, kill)
		claimed := must(dead.claim(ctx, a.ID))(p.t)
		h := must(dead.history(ctx, claimed))(p.t)
		r := must(dead.openReader(ctx, claimed, h, func(assess.Progress) {}))(p.t)
		if err := r.readAll(ctx); err == nil {
			p.t.Error("it lived")
		}
		must(p.Cancel(p.t.Context(), p.UserID, a.ID))(p.t)
		p.sb.Advance(p.c.Lease + time.Second)
		return nil
	}},
	{"uses up the plan's reads at 133", func(p *person) *assess.Coverage {
		p.exec(`UPDATE quota_periods SET reads_limit = 133 WHERE user_id = $1`, p.UserID)
		c := p.analyse(StartRequest{})
		p.exec(`UPDATE quota_periods SET reads_limit = 4000 WHERE user_id = $1`, p.UserID)
		return &c
	}},
	{"reaches its ceiling of one dollar", func(p *person) *assess.Coverage {
		return new(p.analyse(StartRequest{MaxCostCents: 100}))
	}},
}

// hindered is an analysis that X refuses its second page, once.
func (p *person) hindered(status int) *assess.Coverage {
	p.onPage(2, func() {
		reset := strconv.FormatInt(p.sb.Now().Add(15*time.Minute).Unix(), 10)
		p.sb.Fail(sandbox.Fault{
			Path: timelines, Status: status, Header: map[string]string{"x-rate-limit-reset": reset}, Body: `{}`,
		})
	})
	a := p.begin(StartRequest{})
	if err := p.Run(p.t.Context(), a.ID, false); err == nil {
		p.t.Error("nobody is told to come again")
	}
	p.ok(p.Run(p.t.Context(), a.ID, false))
	return new(p.coverage(a.ID))
}

func TestInterruptedReadings_ThePageSaysWhatIsReadOfWhatIsThere(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(interruptedHead)
	for _, one := range interruptions {
		p := newWorld(t, dbtest.SQLite).pro("gravelpit_gus")
		c := one.do(p)
		p.onX = nil
		kept := p.count(`SELECT count(*) FROM posts WHERE post_id <> $1`, assess.ProfileID)
		first, gaps := fmt.Sprintf("%d of %d", kept, p.atX()), "no report"
		if c != nil {
			gaps = gapWords(c.Gaps)
		}
		next := p.analyse(StartRequest{})
		if next.PostsTotal != p.atX() || len(next.Gaps) != 0 {
			t.Errorf("%s: %d of %d, gaps %v", one.words, next.PostsTotal, p.atX(), next.Gaps)
		}
		fmt.Fprintf(&page, "| %s | %s | %s | %d of %d | %d |\n", one.words, first, gaps, next.PostsTotal, p.atX(),
			p.delivered.Load())
	}
	if *update {
		if err := os.WriteFile(interruptedPage, []byte(page.String()), 0o644); err != nil { //nolint:gosec // a page of the documentation
			t.Fatal(err)
		}
	}
	got := must(os.ReadFile(interruptedPage))(t)
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(page.String(), "\n")); diff != "" {
		t.Errorf("%s is not true any more; run the test with -update and look at it:\n%s", interruptedPage, diff)
	}
}

// gapWords are why parts were not read, the newest first.
func gapWords(gaps []assess.Gap) string {
	if len(gaps) == 0 {
		return "none"
	}
	var out []string
	for _, g := range gaps {
		out = append(out, g.Reason)
	}
	return strings.Join(out, ", ")
}

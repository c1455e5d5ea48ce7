package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
)

// twoReports are made of gus's account: the second without a finding that was dismissed in between.
func twoReports(t *testing.T) (p *person, first, second string) {
	t.Helper()
	p = newWorld(t).signIn(gus).subscribe("basic")
	first = p.completed()
	r := must(p.analyses.Report(t.Context(), p.me.UserID, strings.TrimPrefix(first, "/a/")))(t)
	must(p.analyses.DismissAll(t.Context(), p.me.UserID, []string{r.Findings[0].ID}, true, "a joke"))(t)
	second = p.completed()
	return p, first, second
}

func TestReport_SaysOnTopWhatIsNewSinceTheReportBefore(t *testing.T) {
	t.Parallel()
	p, first, second := twoReports(t)
	p.get(first).shows(http.StatusOK).hides("Since the report of")
	p.get(second).shows(http.StatusOK, "Since the report of",
		"No finding is new, no finding is gone, 1 finding is judged otherwise. The score",
		`/compare?from=`+strings.TrimPrefix(first, "/a/"))
}

func TestHistory_ShowsEveryReportForEachLens(t *testing.T) {
	t.Parallel()
	p, first, second := twoReports(t)
	seen := map[string]bool{}
	for _, lens := range assess.Purposes {
		page := p.get("/history?account="+p.account+"&lens="+string(lens)).shows(http.StatusOK,
			`href="`+first+`"`, `href="`+second+`"`, "for "+lens.Title(), "0 new, 0 gone", "Compare these two")
		if n := strings.Count(page.body, `<circle class="point"`); n != 2 {
			t.Errorf("%d points for %s", n, lens)
		}
		seen[regexp.MustCompile(`<p class="moved"><b>([^<]*)`).FindStringSubmatch(page.body)[1]] = true
	}
	if len(seen) < 3 {
		t.Errorf("the lenses say the same: %v", seen)
	}
	p.get("/history?lens=gossip").shows(http.StatusUnprocessableEntity)
	other := p.signIn(ada)
	other.get("/history?account=" + p.account).shows(http.StatusNotFound)
	other.get("/history").shows(http.StatusOK, "There is no report yet.")
}

func TestPages_ShowTimesInTheZoneThatTheirReaderHasChosen(t *testing.T) {
	t.Parallel()
	p, first, _ := twoReports(t)
	p.get(first).shows(http.StatusOK, "in UTC.", "Choose your time zone")
	p.get("/history").shows(http.StatusOK, " UTC</a>")
	p.post("/account/preferences", url.Values{"time_zone": {"Asia/Kolkata"}}).leadsTo()
	p.get(first).shows(http.StatusOK, "in the time zone Asia/Kolkata.").hides("Choose your time zone")
	p.get("/history").shows(http.StatusOK, " IST</a>").hides(" UTC</a>")
	p.get("/account").shows(http.StatusOK, " IST", `data-guess`)
	p.get("/schedules").shows(http.StatusOK, `list="zones" value="Asia/Kolkata"`)
	p.post("/account/preferences", url.Values{"time_zone": {""}}).leadsTo() // which the form calls UTC
	p.get(first).shows(http.StatusOK, "in UTC.").hides("Choose your time zone")
	p.get("/account").shows(http.StatusOK, `list="zones" value="UTC"`)
}

func TestCompare_SaysWhyTheScoreMoved(t *testing.T) {
	t.Parallel()
	p, first, second := twoReports(t)
	at := "/compare?from=" + strings.TrimPrefix(first, "/a/") + "&to=" + strings.TrimPrefix(second, "/a/")
	page := p.get(at).shows(http.StatusOK, "It fell, most of all by what is under “Dismissals”.",
		"1 finding was dismissed or restored.",
		"Changed: dismissed.", "Nothing is new.", "Nothing is gone.", `<select id="from"`, `<select id="to"`)
	if n := strings.Count(page.body, "<option"); n != 4 {
		t.Errorf("%d reports to choose from in two lists", n)
	}
	p.get("/compare?from=x&to=y").shows(http.StatusNotFound)
	p.signIn(ada).get(at).shows(http.StatusNotFound)
}

// The history shows the score that the newest report has on its own page, until another lens is asked for.
func TestHistory_ReadsScoresForWhatTheNewestReportWasMadeFor(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus).subscribe("pro")
	p.completed() // for a job search
	p.get("/history").shows(http.StatusOK, `<option value="job_search" selected>`)
	p.get("/history?lens=academic").shows(http.StatusOK, `<option value="academic" selected>`)
}

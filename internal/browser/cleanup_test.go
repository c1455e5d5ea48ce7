package browser

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// slowDeletions lets X take its time over each deletion.
func slowDeletions(t *testing.T, base string) {
	t.Helper()
	program{t, base, ""}.must(http.StatusNoContent, "POST", "/sandbox/faults",
		`{"method": "DELETE", "path": "/x/2/tweets/*", "delay": 400000000, "times": -1}`)
}

// picture keeps what the page looks like, where somebody asks for pictures.
func (v *visitor) picture(name string) {
	v.t.Helper()
	dir := os.Getenv("PICTURES")
	if dir == "" {
		return
	}
	for _, l := range []look{{"light", 390, ""}, {"light", 768, ""}, {"light", 1280, ""}, {"dark", 1280, ""}} {
		v.lookAs(l)
		png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			v.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-"+l.scheme+"-"+strconv.FormatInt(l.width, 10)+".png"), png,
			0o600); err != nil {
			v.t.Fatal(err)
		}
	}
}

// A person chooses findings of a report, looks at the dry run, saves the posts, agrees, gives X's leave, lets them be
// deleted with a pause in the middle, and sees the score fall.
func TestBrowser_CleansUpFromTheReportToTheReceipt(t *testing.T) {
	t.Parallel()
	base := start(t, map[string]string{"BILLING": "off"})
	v := visit(t, base)
	v.signIn(gus)
	v.analyse()
	v.sees(".board")
	v.click(`.tray a`) // tick all on this page
	v.sees(`.tray b`)
	v.click(`button[formaction$="/cleanup"]`)
	v.sees(`form[action$="/dry-run"]`)
	v.accessible("the draft")
	v.picture("draft")
	v.click(`form[action$="/dry-run"] button`)
	v.sees(`form[action$="/backup"]`)
	v.accessible("the dry run")
	v.picture("dry-run")
	v.click(`form[action$="/backup"] button`)
	v.sees(`input[name="consent"]`)
	v.picture("consent")
	v.click(`input[name="consent"]`)
	v.click(`form[action$="/leave"] button`)
	v.click(`input[value="` + gus + `"]`)
	v.click(`button[value="allow"]`)
	v.sees(`form[action$="/start"]`)
	v.accessible("what is asked last")
	slowDeletions(t, base)
	v.click(`form[action$="/start"] button`)
	v.sees(`form[action$="/pause"]`)
	v.picture("running")
	v.click(`form[action$="/pause"] button`)
	v.becomes(`document.querySelector("#next").textContent`, `^Paused: \d+ of \d+ posts gone$`)
	v.accessible("a pause")
	v.picture("paused")
	v.click(`form[action$="/start"] button`)
	v.becomes(`document.querySelector("h1").textContent`, `is over$`)
	v.accessible("the end")
	v.picture("over")
	if words := v.text(".score-was"); !strings.Contains(words, "was") {
		t.Errorf("the page says %q of the score", words)
	}
	over, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](
		`(([now, was]) => Number(now.textContent) < Number(was.textContent))(document.querySelectorAll(".score-was b"))`))
	if err != nil || !over {
		t.Errorf("the score did not fall: %s, %v", v.text(".score-was"), err)
	}
	receipt, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](
		`fetch(document.querySelector('a[href$="/receipt.json"]').href).then((r) => r.text())`, chromedp.EvalAwaitPromise))
	if err != nil || !strings.Contains(receipt, `"format":"repazoo-receipt-1"`) ||
		!strings.Contains(receipt, `"outcome":"deleted"`) {
		t.Errorf("the receipt: %.200s, %v", receipt, err)
	}
	v.click(`.head a[href^="/a/"]`)
	v.sees(".board")
	v.stayed()
}

// The server is killed (kill -9) while posts are deleted, after a pause. The page in front of the person goes on by
// itself when the server is back, and every post is gone.
func TestBrowser_ACleanUpGoesOnAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "BILLING=off", "RATE_LIMIT_PER_MINUTE=10000")
	v := visit(t, p.base)
	v.signIn(gus)
	v.analyse()
	v.click(`.tray a`)
	v.click(`button[formaction$="/cleanup"]`)
	v.click(`form[action$="/dry-run"] button`)
	v.click(`form[action$="/backup"] button`)
	v.click(`input[name="consent"]`)
	v.click(`form[action$="/leave"] button`)
	v.click(`input[value="` + gus + `"]`)
	v.click(`button[value="allow"]`)
	v.sees(`form[action$="/start"]`)
	slowDeletions(t, p.base)
	v.click(`form[action$="/start"] button`)
	v.sees(`form[action$="/pause"]`)
	v.click(`form[action$="/pause"] button`)
	v.becomes(`document.querySelector("#next").textContent`, `^Paused: \d+ of \d+ posts gone$`)
	v.click(`form[action$="/start"] button`)
	v.sees(`form[action$="/pause"]`)
	p.killAndRestart(v)
	v.becomes(`document.querySelector("h1").textContent`, `is over$`)
	left, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](
		`fetch(document.querySelector('a[href$="/receipt.json"]').href).then((r) => r.json())
			.then((r) => r.posts.filter((p) => !["deleted", "gone"].includes(p.outcome)).length)`, chromedp.EvalAwaitPromise))
	if err != nil || left != 0 {
		t.Errorf("%d posts are left (%v)", left, err)
	}
	v.stayed()
}

// The same, while posts are read.
func TestBrowser_AnAnalysisGoesOnAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "BILLING=off", "RATE_LIMIT_PER_MINUTE=10000")
	v := visit(t, p.base)
	v.signIn(gus)
	program{t, p.base, ""}.must(http.StatusNoContent, "POST", "/sandbox/faults",
		`{"path": "/claude/v1/messages", "delay": 60000000000, "times": -1}`)
	v.analyse()
	v.sees("#live")
	p.killAndRestart(v)
	v.sees(".board")
	v.stayed()
}

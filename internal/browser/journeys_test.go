package browser

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app/apptest"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// slowModel makes each answer of the model take a while, so that a progress is seen on a busy machine too.
func slowModel(t *testing.T, base string) {
	t.Helper()
	fault := fmt.Appendf(nil, `{"path": "/claude/**", "delay": %d, "times": -1}`, 1500*time.Millisecond)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/sandbox/faults", bytes.NewReader(fault))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Fatalf("status %d", res.StatusCode)
	}
}

func TestBrowser_SignsInPaysFollowsTheAnalysisAndReadsTheReport(t *testing.T) {
	t.Parallel()
	base := start(t, nil)
	slowModel(t, base)
	v := visit(t, base)
	// What the page's own script changes is kept for afterwards; what the server wrote is not.
	tell(v, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		addEventListener("DOMContentLoaded", () => {
			const now = document.getElementById("now");
			if (now) new MutationObserver(() => { sessionStorage.told = (sessionStorage.told || "") + now.textContent + "|"; })
				.observe(now, {childList: true, characterData: true, subtree: true});
		});`})

	v.open("/")
	v.accessible("the front page")
	v.signIn(gus)
	v.accessible("the home page without a plan")
	v.subscribe("pro")
	v.accessible("the home page with a plan")
	v.analyse()
	v.sees("#live")
	analysis := v.path()
	v.sees(".board")
	if told, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`sessionStorage.told || ""`)); err != nil ||
		!strings.Contains(told, "Asking the language model|") {
		t.Errorf("the progress moved through %q (%v)", told, err)
	}
	if v.path() != analysis {
		t.Errorf("the report is at %s, the progress was at %s", v.path(), analysis)
	}
	if got := v.text("#headline"); !strings.HasSuffix(got, "Three posts weigh most.") {
		t.Errorf("the report is headed %q", got)
	}
	v.accessible("the report")
	v.open("/account")
	v.accessible("the account page")
	v.open("/docs/errors")
	v.accessible("the page of errors")
	v.open("/")
	v.click(`header button`)
	v.sees(".hero")
	v.accessible("the front page after signing out")
	v.stayed()
}

func TestBrowser_WorksWithoutJavaScript(t *testing.T) {
	t.Parallel()
	base := start(t, nil)
	slowModel(t, base)
	v := visit(t, base)
	tell(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	v.signIn(gus)
	v.subscribe("basic")
	v.analyse()
	v.sees("#live")
	v.sees(".board") // the page asked for itself until the report was there
	v.click(".menu summary")
	v.click(`.menu a[href*="purpose=academic"]`)
	v.sees(`.menu a[aria-current][href*="purpose=academic"], .decide a[href^="/a/"]`)
	if got := v.text(".decide > p"); !strings.Contains(got, "academic") || !strings.HasSuffix(got, "made for job search") {
		t.Errorf("the page says %q", got)
	}
	v.click(".finding button[value=dismiss]")
	v.sees("#undo")
	v.click("#undo")
	v.sees("#undo[value=dismiss]")
	v.stayed()
}

func TestBrowser_ShowsANewAccountWhyThereIsNoReport(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, nil))
	v.signIn("fresh_finn")
	v.subscribe("basic")
	v.analyse()
	v.sees(`main form[action$="/delete"]`)
	if got := v.text("h1"); got != "This analysis of @fresh_finn failed" {
		t.Errorf("the page is headed %q", got)
	}
	v.accessible("the page of a failed analysis")
	v.stayed()
}

func TestBrowser_ADeclinedSignInSaysSo(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, nil))
	v.open("/account")
	v.click(".hero .button")
	v.click(`button[value="cancel"]`)
	v.sees(`[role="alert"]`)
	if got := v.text(`[role="alert"]`); got != "You did not give Repazoo access at X, so nothing was changed. Sign in "+
		"again whenever you want to." {
		t.Errorf("the page says %q", got)
	}
	v.accessible("the front page with an alert")
	v.open("/nowhere")
	v.sees("h1")
	v.accessible("the page that is not there")
	v.stayed()
}

func TestBrowser_UploadsAnArchiveAndAnalysesIt(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, nil))
	v.signIn(gus)
	v.subscribe("basic")
	id, err := chromedp.Run(v.ctx,
		chromedp.Evaluate[string](`fetch("/auth/x/status").then((r) => r.json()).then((b) => b.data[0].x_user_id)`,
			chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	upload := func(content []byte) {
		file := filepath.Join(t.TempDir(), "archive.zip")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		v.open("/")
		v.click(".upload summary")
		v.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
		v.click(".upload button")
	}
	upload([]byte("no zip at all"))
	v.sees(`[role="alert"]`)
	v.accessible("the refusal of an archive")
	upload(apptest.Archive(t, id, 12))
	v.sees(".notice.good")
	v.click(".upload summary")
	v.accessible("the home page with an archive")
	v.analyse()
	v.sees(".board")
	if got := v.text("section:has(#coverage)"); !strings.Contains(got, "12") {
		t.Errorf("the report covers %q", got)
	}
	v.stayed()
}

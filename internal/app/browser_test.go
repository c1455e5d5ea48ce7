package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// These tests are a person at a browser, from the first page to the report: Chromium
// against the whole program with its stand-ins.

const (
	gus = "gravelpit_gus" // of the stand-in of X: some four hundred posts, a tenth of them rough

	// axe is where `make assets` puts the checker of accessibility.
	axe = "../httpapi/docs/node_modules/axe-core/axe.min.js"
)

// visitor is a browser with an eye on what it asks for.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu      sync.Mutex
	strayed []string // requests to other hosts, and what the content security policy stopped
}

// chromium is the one browser of these tests, which the first of them starts. Each visitor has a profile of its own in it.
var chromium = sync.OnceValues(func() (context.Context, error) {
	program := os.Getenv("CHROMIUM")
	if program == "" {
		return nil, errors.New("CHROMIUM is not set to a browser's executable: run the tests with make test")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.Flag("force-prefers-reduced-motion", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses its own sandbox to root
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	browser, closeChromium := chromedp.NewContext(allocator)
	atEnd = append(atEnd, closeChromium)
	return browser, chromedp.Do(browser, chromedp.Navigate("about:blank"))
})

// atEnd is what is called when the last test has ended.
var atEnd []func()

func TestMain(m *testing.M) {
	code := m.Run()
	for _, end := range atEnd {
		end()
	}
	os.Exit(code)
}

func visit(t *testing.T, base string) *visitor {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	v := &visitor{t: t, ctx: ctx, base: base}
	v.do(chromedp.Navigate("about:blank"))
	if err := chromedp.Listen(ctx, v.notice); err != nil {
		t.Fatal(err)
	}
	tell(v, network.Enable, network.EnableParams{})
	tell(v, browserlog.Enable, cdp.Empty{})
	return v
}

// tell gives the browser a command whose answer does not matter.
func tell[P, R any](v *visitor, command cdp.Command[P, R], params P) {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, command, params); err != nil {
		v.t.Fatalf("%s: %v", command.Method, err)
	}
}

func (v *visitor) notice(event any) {
	stray := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; strings.HasPrefix(u, "http") && !strings.HasPrefix(u, v.base+"/") {
			stray = u
		}
	case *browserlog.EventEntryAdded:
		if strings.Contains(e.Entry.Text, "Content Security Policy") {
			stray = e.Entry.Text
		}
	}
	if stray != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.strayed = append(v.strayed, stray)
	}
}

// do carries steps out and fails with a word on where the browser stood.
func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	for i, step := range steps {
		err := chromedp.Do(v.ctx, step)
		for err != nil && strings.Contains(err.Error(), "Could not find node with given id") {
			err = chromedp.Do(v.ctx, step) // the next page came after the node was found and before anything was done to it
		}
		if err != nil {
			at, _ := chromedp.Run(context.WithoutCancel(v.ctx), chromedp.Location())
			v.t.Fatalf("step %d at %s: %v", i+1, at, err)
		}
	}
}

func (v *visitor) open(path string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.base + path))
}

func (v *visitor) click(selector string) {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS(selector)))
}

func (v *visitor) sees(selector string) {
	v.t.Helper()
	v.do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

func (v *visitor) text(selector string) string {
	v.t.Helper()
	text, err := chromedp.Run(v.ctx, chromedp.TextContent(chromedp.CSS(selector)))
	if err != nil {
		v.t.Fatalf("the text of %s: %v", selector, err)
	}
	return strings.Join(strings.Fields(text), " ")
}

// path is where the browser is.
func (v *visitor) path() string {
	v.t.Helper()
	at, err := chromedp.Run(v.ctx, chromedp.Location())
	if err != nil {
		v.t.Fatal(err)
	}
	return strings.TrimPrefix(at, v.base)
}

// signIn goes through X's consent page as one of its people.
func (v *visitor) signIn(handle string) {
	v.t.Helper()
	v.open("/")
	v.click(".hero .button")
	v.click(`input[value="` + handle + `"]`)
	v.click(`button[value="allow"]`)
	v.sees("#start")
}

// subscribe chooses a plan and pays at the checkout.
func (v *visitor) subscribe(tier string) {
	v.t.Helper()
	v.click(`form.offer:has([value="` + tier + `"]) button`)
	v.click(`button[value="pay"]`)
	v.sees("#quota")
}

// analyse agrees and starts an analysis for a job search.
func (v *visitor) analyse() {
	v.t.Helper()
	v.click(`input[name="consent"]`)
	v.do(chromedp.SetValue(chromedp.CSS("#purpose"), "job_search"))
	v.click(`form[action="/analyses"] button`)
}

// accessible checks the page as it is with axe, in light and dark and on a phone.
func (v *visitor) accessible(what string) {
	v.t.Helper()
	script, err := os.ReadFile(axe)
	if err != nil {
		v.t.Fatalf("the checker of accessibility is missing: run make assets, which needs npm (%v)", err)
	}
	v.do(chromedp.Evaluate[chromedp.Void](string(script) + "\n;0"))
	for _, look := range []struct {
		name, scheme string
		width        int64
		rules        string
	}{{"light", "light", 1280, ""}, {"dark", "dark", 1280, `runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}`}, {"phone", "light", 360, ""}} { // the dark differs in colours alone
		tell(v, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: look.width, Height: 800, DeviceScaleFactor: 1})
		tell(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}})
		found, err := chromedp.Run(v.ctx, chromedp.Evaluate[[]string](`axe.run(document, {resultTypes: ["violations"], `+look.rules+`})
			.then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html.slice(0, 200)).join("\n    ")))`, chromedp.EvalAwaitPromise))
		if err != nil {
			v.t.Fatalf("%s, %s: %v", what, look.name, err)
		}
		if len(found) != 0 {
			v.t.Errorf("%s, %s, is not accessible:\n  %s", what, look.name, strings.Join(found, "\n  "))
		}
		wide, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
		if err != nil || wide > 0 {
			v.t.Errorf("%s, %s, is %d pixels too wide (%v)", what, look.name, wide, err)
		}
	}
}

// stayed fails if the browser asked another host for anything, or a page broke its policy.
func (v *visitor) stayed() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, stray := range v.strayed {
		v.t.Errorf("the browser went astray: %s", stray)
	}
}

// slowModel makes each answer of the model take a while, so that there is a progress to see.
func slowModel(t *testing.T, base string) {
	t.Helper()
	fault := fmt.Appendf(nil, `{"path": "/claude/**", "delay": %d, "times": -1}`, 400*time.Millisecond)
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
	base := start(t, &syncBuffer{}, nil)
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
	v.sees(".report .gauge")
	if told, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`sessionStorage.told || ""`)); err != nil || !strings.Contains(told, "Asking the language model|") {
		t.Errorf("the progress moved through %q (%v)", told, err)
	}
	if v.path() != analysis {
		t.Errorf("the report is at %s, the progress was at %s", v.path(), analysis)
	}
	if got := v.text(".report h1"); got != "What the posts of @"+gus+" say" {
		t.Errorf("the report is headed %q", got)
	}
	v.accessible("the report")

	before := v.text(".gauge .score")
	v.click("#review ~ details summary")
	v.click(".review li:first-child button")
	v.sees(".notice.good")
	if after := v.text(".gauge .score"); after == before {
		t.Errorf("the score stayed at %s after its heaviest finding was dismissed", before)
	}
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
	base := start(t, &syncBuffer{}, nil)
	slowModel(t, base)
	v := visit(t, base)
	tell(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	v.signIn(gus)
	v.subscribe("basic")
	v.analyse()
	v.sees("#live")
	v.sees(".report .gauge") // the page asked for itself until the report was there
	v.do(chromedp.SetValue(chromedp.CSS("#lens"), "academic"))
	v.click(".toolbar button")
	v.sees(".toolbar ~ .notice")
	if got := v.text(".toolbar ~ .notice"); !strings.HasPrefix(got, "This is the same report read for academic.") {
		t.Errorf("the page says %q", got)
	}
	v.stayed()
}

func TestBrowser_ShowsANewAccountWhyThereIsNoReport(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, &syncBuffer{}, nil))
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
	v := visit(t, start(t, &syncBuffer{}, nil))
	v.open("/account")
	v.click(".hero .button")
	v.click(`button[value="cancel"]`)
	v.sees(`[role="alert"]`)
	if got := v.text(`[role="alert"]`); got != "You did not give Repazoo access at X, so nothing was changed. Sign in again whenever you want to." {
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
	v := visit(t, start(t, &syncBuffer{}, nil))
	v.signIn(gus)
	v.subscribe("basic")
	id, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`fetch("/auth/x/status").then((r) => r.json()).then((b) => b.data[0].x_user_id)`, chromedp.EvalAwaitPromise))
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
	upload(xArchive(t, id, 12))
	v.sees(".notice.good")
	v.click(".upload summary")
	v.accessible("the home page with an archive")
	v.analyse()
	v.sees(".report .gauge")
	if got := v.text("section:has(> #report-coverage)"); !strings.Contains(got, "12") {
		t.Errorf("the report covers %q", got)
	}
	v.stayed()
}

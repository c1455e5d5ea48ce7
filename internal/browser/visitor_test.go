package browser

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// visitor is a browser with an eye on what it asks for.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu      sync.Mutex
	strayed []string // requests to other hosts, and what the content security policy stopped

	refused chan struct{} // holds something once a page has asked a server that was away
}

// chromium is the one browser of these tests, which the first of them starts. Each visitor has a
// profile of its own in it.
var chromium = sync.OnceValues(func() (context.Context, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(os.Getenv("CHROMIUM")), chromedp.Flag("force-prefers-reduced-motion", true))
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
	if os.Getenv(serves) != "" {
		err := serve(context.Background())
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if missing := missing(); missing != "" {
		fmt.Fprintln(os.Stderr, missing)
		os.Exit(1)
	}
	code := m.Run()
	for _, end := range atEnd {
		end()
	}
	os.Exit(code)
}

// axe is where `make assets` puts the checker of accessibility.
const axe = "../httpapi/docs/node_modules/axe-core/axe.min.js"

// missing tells in one sentence what these tests need and is not there.
func missing() string {
	if os.Getenv("CHROMIUM") == "" {
		return "CHROMIUM is not set to a browser's executable: run these tests with make browser."
	}
	for _, file := range []string{
		axe, "../httpapi/docs/vendor/swagger-ui-bundle.js.gz",
		"../httpapi/docs/vendor/redoc.standalone.js.gz",
	} {
		if _, err := os.Stat(file); err != nil {
			return "The documentation's viewers and the checker of accessibility are missing: run make assets, which needs npm."
		}
	}
	return ""
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
	v := &visitor{t: t, ctx: ctx, base: base, refused: make(chan struct{}, 1)}
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
	case *network.EventLoadingFailed:
		if e.ErrorText == "net::ERR_CONNECTION_REFUSED" {
			select {
			case v.refused <- struct{}{}:
			default:
			}
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
			v.t.Fatalf("step %d at %s: %v", i+1, v.whereabouts(), err)
		}
	}
}

// whereabouts is the address after a step failed, perhaps because time was up or the page hangs.
func (v *visitor) whereabouts() string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.ctx), 5*time.Second)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "an unknown address"
	}
	return at
}

func (v *visitor) open(path string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.base + path))
}

func (v *visitor) click(selector string) {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS(selector)))
}

// send clicks what sends a form, and waits for the page that answers. Where that page has all that this one has,
// nothing else would tell them apart, and whoever clicks on in this one takes the form back.
func (v *visitor) send(selector string) {
	v.t.Helper()
	v.do(chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.sent = "yes"; 0`))
	v.click(selector)
	v.sees("html:not([data-sent])")
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

// look is how somebody looks at a page.
type look struct {
	scheme string
	width  int64
	rules  string // of axe; "" is all of them
}

const (
	// colours are the rules in which alone the dark differs.
	colours = `runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}`
	// places are those in which a width differs that has the same elements.
	places = `runOnly: {type: "rule", values: ["target-size", "scrollable-region-focusable", "region"]}`
)

// accessible checks the page as it is with axe, by day and by night, on a small phone, a phone, a tablet and a desk.
func (v *visitor) accessible(what string) {
	v.t.Helper()
	v.accessibleTo(what, look{"light", 1280, ""}, look{"light", 768, places}, look{"light", 390, places},
		look{"light", 360, ""}, look{"dark", 390, colours}, look{"dark", 768, colours}, look{"dark", 1280, colours})
}

// accessibleTo checks the page as it is with axe, for each way of looking at it.
func (v *visitor) accessibleTo(what string, looks ...look) {
	v.t.Helper()
	script, err := os.ReadFile(axe)
	if err != nil {
		v.t.Fatal(err)
	}
	v.do(chromedp.Evaluate[chromedp.Void](string(script) + "\n;0"))
	for _, l := range looks {
		name := fmt.Sprintf("%s, %s, %d pixels wide,", what, l.scheme, l.width)
		v.lookAs(l)
		found, err := chromedp.Run(v.ctx,
			chromedp.Evaluate[[]string](`axe.run(document, {resultTypes: ["violations"], `+l.rules+`})
			.then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html.slice(0, 200)).join("\n    ")))`, chromedp.EvalAwaitPromise))
		if err != nil {
			v.t.Fatalf("%s: %v", name, err)
		}
		if len(found) != 0 {
			v.t.Errorf("%s is not accessible:\n  %s", name, strings.Join(found, "\n  "))
		}
		wide, err := chromedp.Run(v.ctx,
			chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
		if err != nil || wide > 0 {
			v.t.Errorf("%s is %d pixels too wide (%v)", name, wide, err)
		}
	}
}

// lookAs sets the window and its colours.
func (v *visitor) lookAs(l look) {
	v.t.Helper()
	tell(v, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: l.width, Height: 800,
		DeviceScaleFactor: 1,
	})
	tell(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}},
	})
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

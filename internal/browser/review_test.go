package browser

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// key presses a key, wherever the focus is. Its letter comes of the press, so a page that takes the key takes it too.
func (v *visitor) key(k string) {
	v.t.Helper()
	for _, press := range []input.DispatchKeyEventParams{
		{Type: input.DispatchKeyEventTypeKeyDown, Key: k, Text: k}, {Type: input.DispatchKeyEventTypeKeyUp, Key: k},
	} {
		tell(v, input.DispatchKeyEvent, press)
	}
}

// becomes waits until a script gives a text that fits.
func (v *visitor) becomes(script, want string) {
	v.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		got, _ := chromedp.Run(v.ctx, chromedp.Evaluate[string](script)) // the page can change at any moment
		if regexp.MustCompile(want).MatchString(got) {
			return
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("%s is %q at %s, want %s", script, got, v.whereabouts(), want)
		}
		v.do(chromedp.WaitReady(chromedp.CSS("body")))
	}
}

// listens waits until the script of the page that came last has run.
func (v *visitor) listens() {
	v.t.Helper()
	v.becomes(`document.readyState + document.querySelector(".keys-hint")?.hidden`, "^(interactive|complete)false$")
}

const (
	focused = `document.activeElement?.closest(".finding")?.id ?? ""`
	total   = `document.querySelector(".scale").getAttribute("aria-label")`
)

// A person goes through the findings without a mouse: dismisses, takes back, chooses, searches and turns pages.
func TestBrowser_ReviewsFindingsByKeyboard(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, map[string]string{"BILLING": "off"}))
	v.signIn(gus)
	v.analyse()
	v.sees(".board")
	v.listens()
	text := func(script string) string {
		t.Helper()
		got, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	row := func(n int) string {
		t.Helper()
		return text(fmt.Sprintf(`document.querySelectorAll(".finding")[%d].id`, n))
	}
	before, first, second, third := text(total), row(0), row(1), row(2)
	v.key("j")
	v.becomes(focused, first)
	v.key("j")
	v.key("k")
	v.becomes(focused, first)

	v.key("d")
	v.becomes(focused, second) // the page came again, and goes on at the next
	v.listens()
	if text(total) == before {
		t.Errorf("the score stays at %q without its heaviest finding", before)
	}
	v.becomes(`document.querySelector(".strip [role=status]")?.textContent ?? ""`, "^1 finding dismissed.$")
	v.key("u")
	v.becomes(focused, first)
	v.listens()
	if got := text(total); got != before {
		t.Errorf("the score was %q and is %q once the dismissal is taken back", before, got)
	}

	v.key("x")
	v.key("j")
	v.key("x")
	if n := text(`String(document.querySelectorAll(".finding > input:checked").length)`); n != "2" {
		t.Errorf("%s findings are chosen, want 2", n)
	}
	v.click(".tray button[value=dismiss]")
	v.becomes(`document.querySelector(".strip [role=status]")?.textContent ?? ""`, "^2 findings dismissed.$")
	v.becomes(`document.querySelector(".finding").id`, third)
	v.listens()

	v.key("/")
	v.becomes(`document.activeElement.id`, "^q$")
	v.do(chromedp.KeyEvent("jdxu idiot")) // letters in a field are letters
	v.becomes(`document.activeElement.value`, "^jdxu idiot$")
	v.do(chromedp.SetValue(chromedp.CSS("#q"), "idiot"))
	v.do(chromedp.KeyEvent("\r"))
	v.becomes(`location.search`, "q=idiot")
	v.becomes(`document.querySelector(".finding mark").textContent`, "idiot")

	v.click(".filters .send a")
	v.becomes(`location.search`, "^$")
	v.listens()
	v.do(chromedp.Focus(chromedp.CSS(".finding:last-child")))
	v.key("j")
	v.becomes(`location.search`, "page=2")
	v.listens()

	v.click(".keys-hint button")
	v.do(chromedp.Focus(chromedp.CSS(".finding")))
	at := text(focused)
	v.key("j")
	if got := text(focused); got != at {
		t.Errorf("the keys are off, and j moves from %s to %s", at, got)
	}
	for _, width := range []int64{390, 768, 1280} {
		v.accessibleTo("the findings", look{"light", width, ""}, look{"dark", width, ""})
	}
	v.shoot("review")
	v.stayed()
}

package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The pages for everybody, as a stranger sees them: without an account, at a phone, a tablet and a desk, by day
// and by night.
func TestBrowser_TheFrontPageAndTheSampleNeedNoAccount(t *testing.T) {
	t.Parallel()
	base := start(t, map[string]string{"CONTACT": "help@example.com", "OPERATOR_NAME": "Example Ltd"})
	v := visit(t, base)
	for path, heading := range map[string]string{
		"/": "See what your posts say about you, before someone else does", "/sample": "", "/help": "Questions people ask",
		"/privacy-policy": "Privacy", "/terms": "Terms", "/security": "Security", "/contact": "Contact",
	} {
		v.open(path)
		if got := v.text("h1"); heading != "" && got != heading {
			t.Errorf("%s says %q", path, got)
		}
		v.accessibleTo(path, publicLooks()...)
		v.shootAll("public" + strings.ReplaceAll(path, "/", "-"))
	}
	v.stayed()
}

// publicLooks are three widths by day, and by night what differs there.
func publicLooks() []look {
	var all []look
	for _, width := range []int64{390, 768, 1280} {
		all = append(all, look{"light", width, ""}, look{"dark", width, colours})
	}
	return all
}

// everyLook is three widths in both colours.
func everyLook() []look {
	var all []look
	for _, width := range []int64{390, 768, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			all = append(all, look{scheme, width, ""})
		}
	}
	return all
}

// From the slice on the front page into the sample, and there to another purpose and a score without some posts;
// none of it
// needs the script or an account.
func TestBrowser_TheSampleAnswersQuestions(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, nil))
	v.open("/")
	v.click(".slice .foot a")
	v.sees(".board")
	before := v.text(".total b")
	v.click(".findings .list > li:first-child input[type=checkbox]")
	v.click(`.tray button`)
	v.sees(".what-if")
	if got := v.text(".what-if b"); got == before || got == "" {
		t.Errorf("without the first finding the score is %q, as before", got)
	}
	v.open("/sample?purpose=academic")
	if got := v.text(".menu summary"); got != "Read for Academic" {
		t.Errorf("the lens says %q", got)
	}
	scripts, posted := v.count("script"), v.count(`form[method="post"]`)
	if scripts != 0 || posted != 0 {
		t.Errorf("the sample has %d scripts and %d forms that change something", scripts, posted)
	}
	v.stayed()
}

// What does not change is not sent twice.
func TestBrowser_APublicPageIsKeptUntilItChanges(t *testing.T) {
	t.Parallel()
	base := start(t, nil)
	ask := func(tag string) *http.Response {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, base+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("If-None-Match", tag)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	first := ask("")
	if again := ask(first.Header.Get("ETag")); first.StatusCode != http.StatusOK ||
		again.StatusCode != http.StatusNotModified {
		t.Errorf("answers %d, then %d", first.StatusCode, again.StatusCode)
	}
}

// shootAll keeps pictures in every look.
func (v *visitor) shootAll(name string) {
	v.t.Helper()
	if os.Getenv("SCREENSHOTS") == "" {
		return
	}
	for _, l := range everyLook() {
		v.lookAs(l)
		v.shoot(fmt.Sprintf("%s-%d-%s", name, l.width, l.scheme))
	}
}

// count is how many elements there are.
func (v *visitor) count(selector string) int {
	v.t.Helper()
	n, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](fmt.Sprintf("document.querySelectorAll(%q).length", selector)))
	if err != nil {
		v.t.Fatal(err)
	}
	return n
}

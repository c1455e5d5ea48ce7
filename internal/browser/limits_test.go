package browser

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/repazoo/repazoo/internal/db"
)

// Somebody asks for too much in a minute while they fill in a form, and keeps what they typed; later they have used up
// what their plan allows, and learn what to do.
func TestBrowser_ALimitThatIsReachedSaysWhatToDoAndLosesNothing(t *testing.T) {
	t.Parallel()
	a := run(t, map[string]string{"RATE_LIMIT_PER_MINUTE": "6"})
	v := visit(t, a.URL())
	v.signIn(gus)
	v.subscribe("basic")
	v.open("/account")
	v.do(chromedp.SetValue(chromedp.CSS("#name"), "Gus the careful"))
	v.exhaust()
	v.click(`form[action="/account/name"] button`)
	v.becomes(`document.body.innerText`, `Wait \d+ seconds?`)
	v.becomes(`document.body.innerHTML`, `value="Gus the careful"`)
	v.accessible("a form that was sent too soon")
	v.picture("limit-minute")
	program{t, a.URL(), ""}.must(http.StatusOK, "POST", "/sandbox/clock", `{"advance":"2m"}`)
	v.click(`form[action="/account/name"] button`)
	v.sees(`.notice.good`)
	if got := v.text(".notice.good"); got != "Your name was changed." {
		t.Errorf("sent again, the page says %q", got)
	}

	err := a.DB.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE quota_periods SET used = quota`)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	v.open("/")
	v.accessible("the start without analyses left")
	v.picture("limit-quota")
	v.analyse()
	v.becomes(`document.body.innerText`, `used up`)
	v.sees(`.notice.bad a[href="/account/plan"]`)
	v.accessible("an analysis that the plan does not allow")
	v.picture("limit-quota-refused")
	v.stayed()
}

// exhaust looks at pages until the program refuses.
func (v *visitor) exhaust() {
	v.t.Helper()
	refused, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`(async () => {
		for (let n = 0; n < 400; n++) {
			const answer = await fetch("/account", {headers: {Accept: "text/html"}});
			if (answer.status === 429) {
				return true;
			}
		}
		return false;
	})()`, chromedp.EvalAwaitPromise))
	if err != nil || !refused {
		v.t.Fatalf("nothing was refused: %v", err)
	}
}

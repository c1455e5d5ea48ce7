package browser

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
)

// A person who can wait a day is told what that saves before anything is spent, keeps the choice when a form is
// refused, and gets an analysis that waits for the model's batch.
func TestBrowser_WhoCanWaitADayPaysLess(t *testing.T) {
	t.Parallel()
	base := apptest.Run(t, io.Discard, map[string]string{"BILLING": "off"}, app.Options{}).URL()
	v := visit(t, base)
	v.signIn(gus)
	p := program{t, base, signInByAPI(t, base)}
	var linked struct {
		Data []struct {
			XUserID string `json:"x_user_id"`
		}
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/auth/x/status", "")), &linked); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "archive.zip")
	if err := os.WriteFile(file, apptest.Archive(t, linked.Data[0].XUserID, 450), 0o600); err != nil {
		t.Fatal(err)
	}
	v.click(".upload summary")
	v.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
	v.click(".upload button")
	v.sees(".notice.good")
	v.do(chromedp.Evaluate[chromedp.Void](
		`document.querySelector("#source").value = document.querySelector("#source option[value^=archive]").value; 0`))

	foretell := `button[formaction^="/analyses/preview"]`
	v.click(foretell)
	v.sees("#foretold")
	if got := v.text("#foretold"); !strings.Contains(got, "If you can wait a day, the model costs about") {
		t.Errorf("without the choice the forecast says %s", got)
	}
	v.click(`input[name="day"]`)
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#foretold").remove(); 0`)) // the next is a new one
	v.click(foretell)
	v.sees("#foretold")
	v.sees(`input[name="day"]:checked`)
	if got := v.text("#foretold"); !strings.Contains(got, "You can wait a day: the model costs about") {
		t.Errorf("with the choice the forecast says %s", got)
	}
	v.accessible("the forecast of an analysis within a day")

	// Somebody's browser lets the form go without the consent.
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[name=consent]").required = false; 0`))
	v.click(`form[action="/analyses"] button:not([formaction])`)
	v.sees(".notice.bad")
	v.sees(`input[name="day"]:checked`)
	v.click(`input[name="consent"]`)
	v.click(`form[action="/analyses"] button:not([formaction])`)
	v.sees("#live")
	var a struct {
		WithinADay bool `json:"within_a_day"`
	}
	id := strings.TrimPrefix(v.path(), "/a/")
	err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/analyses/"+id, "")), &a)
	if err != nil || !a.WithinADay {
		t.Errorf("the analysis does not know that it may take a day: %v", err)
	}
	v.stayed()
}

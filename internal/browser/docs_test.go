package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// hearComplaints makes everything a script complains of on the console a failure of [visitor.stayed].
func (v *visitor) hearComplaints() {
	v.t.Helper()
	hear := func(event any) {
		said := ""
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			said = e.ExceptionDetails.Text + " " + e.ExceptionDetails.URL
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError {
				said = fmt.Sprintf("console.error with %d values, the first %s", len(e.Args), e.Args[0].Value)
			}
		case *browserlog.EventEntryAdded:
			// a refusal is none
			if e.Entry.Level == browserlog.EntryLevelError && e.Entry.Source != browserlog.EntrySourceNetwork {
				said = e.Entry.Text
			}
		}
		if said != "" {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.strayed = append(v.strayed, said)
		}
	}
	if err := chromedp.Listen(v.ctx, hear); err != nil {
		v.t.Fatal(err)
	}
}

// desk makes the window as wide as that of somebody who reads references: a narrow one hides their search.
func (v *visitor) desk() {
	v.t.Helper()
	tell(v, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: 1280, Height: 1000,
		DeviceScaleFactor: 1,
	})
}

// view keeps a picture of what is to be seen of a long page, where [visitor.shoot] would have all of it.
func (v *visitor) view(name string) {
	v.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(dir+"/"+name+".png", picture, 0o600)
	}
	if err != nil {
		v.t.Fatal(err)
	}
}

// press clicks by script, for Swagger UI grows for seconds and what it shows moves away under a pointer.
func (v *visitor) press(selector string) {
	v.t.Helper()
	v.sees(selector)
	v.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).click()", selector)))
}

// paste fills a field at once, for each key typed would paint these long pages anew.
func (v *visitor) paste(selector, text string) {
	v.t.Helper()
	v.do(chromedp.Focus(chromedp.CSS(selector)))
	tell(v, input.InsertText, input.InsertTextParams{Text: text})
}

// pressAll clicks whatever there is of these by script, without waiting for any.
func (v *visitor) pressAll(selector string) {
	v.t.Helper()
	v.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("for (const x of document.querySelectorAll(%q)) x.click()",
		selector)))
}

// authorize takes back the credentials behind Swagger UI's button and fills one of its fields, counted from 1.
func (v *visitor) authorize(field int, credential string) {
	v.t.Helper()
	const logout = ".btn.auth:not(.authorize):not(.btn-done)"
	v.press(".auth-wrapper > .btn.authorize")
	v.sees(".modal-ux .btn-done")
	v.pressAll(".modal-ux " + logout)
	at := fmt.Sprintf(".modal-ux .auth-container:nth-of-type(%d) ", field)
	v.paste(at+"input", credential)
	v.view(fmt.Sprintf("docs-field-%d", field))
	v.press(at + ".btn.authorize")
	v.sees(at + logout)
	v.press(".modal-ux .btn-done")
}

// try opens an operation of Swagger UI under its tag, sends it and tells the status.
func (v *visitor) try(tag, operation string) string {
	v.t.Helper()
	at := `[id$="` + operation + `"] `
	v.pressAll("#operations-tag-" + tag + `[data-is-open="false"]`)
	v.press(at + ".opblock-summary-control")
	v.press(at + ".execute")
	v.sees(at + ".live-responses-table .response-col_status")
	status, _, _ := strings.Cut(v.text(at+".live-responses-table .response .response-col_status"), " ")
	v.view("docs-" + operation)
	return status
}

func TestBrowser_TriesTheAPIFromItsDocumentation(t *testing.T) {
	t.Parallel()
	base := start(t, nil)
	token := signInByAPI(t, base)
	var made struct{ Key string }
	body := program{t, base, token}.must(http.StatusCreated, "POST", "/api/v1/api-keys",
		`{"name":"docs","scopes":["account:read"]}`)
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	v := visit(t, base)
	v.hearComplaints()
	v.desk()
	v.open("/docs")
	v.sees(".opblock-tag")
	v.view("docs")
	if got := v.try("analyses", "get-api-v1-analyses"); got != "401" {
		t.Errorf("a stranger is answered %s", got)
	}
	v.authorize(1, token)
	if got := v.try("account", "get-api-v1-users-me"); got != "200" {
		t.Errorf("with an access token the answer is %s", got)
	}
	v.authorize(2, made.Key)
	if got := v.try("account", "get-api-v1-usage"); got != "200" {
		t.Errorf("with an API key the answer is %s", got)
	}
	v.stayed()
}

func TestBrowser_ReadsTheReference(t *testing.T) {
	t.Parallel()
	v := visit(t, start(t, nil))
	v.hearComplaints()
	v.desk()
	v.open("/redoc")
	v.sees("#api h1")
	if got := v.text("#api h1"); !strings.HasPrefix(got, "Repazoo") {
		t.Errorf("the reference is headed %q", got)
	}
	v.sees(`[id="tag/analyses/operation/post-api-v1-analyses"]`)
	first, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.querySelector('[id*="/operation/"]').id`))
	if want := "tag/analyses/operation/get-api-v1-analyses"; err != nil || first != want {
		t.Errorf("the first operation is %s, want %s (%v)", first, want, err)
	}
	v.view("redoc")
	v.paste(`[role="search"] input`, "findings")
	v.sees(`[data-role="search:results"]`)
	v.view("redoc-search")
	v.stayed()
}

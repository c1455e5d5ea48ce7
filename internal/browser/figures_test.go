package browser

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestBrowser_AnAdministratorReadsTheFigures goes from a payment that is given back and disputed at Stripe to the page
// of figures, and to what the person who paid sees of it. Nothing of it needs JavaScript.
func TestBrowser_AnAdministratorReadsTheFigures(t *testing.T) {
	t.Parallel()
	a := run(t, nil)
	v := visit(t, a.URL())
	v.signIn(gus)
	v.subscribe("basic")
	v.open("/admin/billing")
	if got := v.text("h1"); got != "There is nothing here" {
		t.Errorf("to anybody else the page is headed %q", got)
	}
	if err := a.Accounts.SetRole(t.Context(), "@"+gus, "admin"); err != nil {
		t.Fatal(err)
	}
	takeBack(t, a.URL())
	eventually(t, "the webhooks", func() bool {
		m, err := a.Billing.MetricsOver(t.Context(), 24*time.Hour)
		return err == nil && m.Refunds == 1 && m.Disputes == 1
	})

	tell(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	v.open("/")
	v.click("header button") // what a session may do is known for a few seconds, so the role comes with another
	v.sees(".hero")
	v.signIn(gus)
	v.click(`a[href="/admin"]`)
	v.sees("#policies")
	v.click(`nav a[href="/admin/users"]`)
	v.do(chromedp.SetValue(chromedp.CSS("#who"), "@"+gus))
	v.click(`form[action="/admin/users"] button`)
	v.sees("#runs")
	for _, page := range []string{"/admin/jobs?all=1", "/admin/inbox?all=1", "/admin/cost"} {
		v.open(page)
		v.sees("h1")
	}
	v.click(`a[href="/admin/billing"]`)
	v.sees("#mrr")
	for selector, want := range map[string]string{
		"#mrr": "$9.00", "#refunds": "1, $2.00", "#disputes": "1, $7.00",
		"#began": "1", "#churn": "None could leave",
	} {
		if got := v.text(selector); got != want {
			t.Errorf("%s says %q, want %q", selector, got, want)
		}
	}
	v.click(`a[href="/admin/billing?days=90"]`)
	v.sees(`a[href="/admin/billing?days=90"][aria-current="page"]`)
	tell(v, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	v.open("/admin/billing?days=90")
	v.accessible("the page of figures")
	v.shoot("figures")
	for name, page := range map[string]string{
		"today": "/admin", "jobs": "/admin/jobs?all=1", "inbox": "/admin/inbox?all=1", "cost": "/admin/cost",
		"find":   "/admin/users?who=nobody",
		"person": "/admin/users?who=" + gus,
	} {
		v.open(page)
		v.accessible("the operator's page " + name)
		v.shoot("operator-" + name)
		v.lookAs(look{"dark", 1280, ""})
		v.shoot("operator-" + name + "-wide")
	}

	v.open("/account/plan")
	if got := v.text(".invoices li"); !strings.HasSuffix(got,
		"$2.00 was given back to you. Its payment is disputed at your bank.") {
		t.Errorf("the invoice says %q", got)
	}
	if got := v.text("#story ~ ol"); !strings.Contains(got,
		"$2.00 of what you paid for basic was given back to you.") ||
		!strings.Contains(got, "the payment of $7.00 for basic was disputed at your bank.") {
		t.Errorf("the story is %q", got)
	}
	v.accessible("the page of a plan with a payment that went back")
	v.shoot("given-back")
	v.stayed()
}

// takeBack refunds a part of the one payment there is at the stand-in of Stripe, and disputes the rest.
func takeBack(t *testing.T, base string) {
	t.Helper()
	operator := stripe(t, base)
	first := func(path string) string {
		var list struct{ Data []struct{ ID string } }
		if err := json.Unmarshal([]byte(operator.must(http.StatusOK, "GET", path, "")), &list); err != nil ||
			len(list.Data) != 1 {
			t.Fatalf("%s: %+v, %v", path, list, err)
		}
		return list.Data[0].ID
	}
	operator.must(http.StatusOK, "POST", "/v1/refunds?amount=200&charge="+first("/v1/charges"), "")
	cardholder := program{t: t, base: base}
	cardholder.must(http.StatusNoContent, "POST", "/sandbox/disputes", `{"invoice":"`+first("/v1/invoices")+`"}`)
}

func eventually(t *testing.T, what string, fits func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(time.Minute); !fits(); {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%s: never happened", what)
		}
	}
}

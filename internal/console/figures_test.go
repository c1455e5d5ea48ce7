package console_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/repazoo/repazoo/internal/console"
	"github.com/repazoo/repazoo/internal/db"
)

// givenBack stores that a part of the person's newest payment went back, as a webhook would.
func (p *person) givenBack(id, kind, status string, cents int64) {
	p.t.Helper()
	list := must(p.billing.Invoices(p.t.Context(), p.me.UserID, 1, ""))(p.t)
	err := p.db.InTx(p.t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`INSERT INTO payment_returns (id, user_id, kind, invoice_id, cents, currency, status, at, created_at)
			VALUES ($1, $2, $3, $4, $5, 'usd', $6, $7, $7)`,
			id, p.me.UserID, kind, list.Invoices[0].ID, cents, status, tx.Now())
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func TestFigures_AreForAdministratorsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, user := w.signIn(ada), w.signIn(gus)
	admin.me.Role = "admin"
	user.get("/admin/billing").shows(http.StatusNotFound, "There is nothing here").hides("Monthly recurring revenue")
	user.get("/account").shows(http.StatusOK).hides("/admin/billing")
	admin.get("/account").shows(http.StatusOK, `<a href="/admin">Operator</a>`)
	admin.get("/admin/billing").shows(http.StatusOK, `<dd id="mrr">$0.00</dd>`, "None could leave",
		`href="/admin/billing?days=30" aria-current="page"`)
}

func TestFigures_TellRevenueAndWhatWentBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, user := w.signIn(ada).subscribe("pro"), w.signIn(gus).subscribe("basic")
	admin.me.Role = "admin"
	user.givenBack("re_1", "refund", "succeeded", 200)
	user.givenBack("dp_1", "dispute", "needs_response", 700)
	admin.get("/admin/billing?days=7").shows(http.StatusOK,
		`<dd id="mrr">$38.00</dd>`, "1 paying, $9.00", "1 paying, $29.00", `<dd id="began">2</dd>`,
		`<dd id="refunds">1, $2.00</dd>`, `<dd id="disputes">1, $7.00</dd>`,
		"0, 0 and 1", `href="/admin/billing?days=7" aria-current="page"`)
	admin.get("/admin/billing?days=a+year").shows(http.StatusOK, `href="/admin/billing?days=30" aria-current="page"`)
}

func TestPlan_ShowsWhatWentBack(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	p.get("/account/plan").shows(http.StatusOK).hides("given back", "is disputed")
	p.givenBack("re_1", "refund", "succeeded", 150)
	p.givenBack("re_2", "refund", "pending", 50)
	p.givenBack("dp_1", "dispute", "under_review", 700)
	p.get("/account/plan").shows(http.StatusOK, "$9.00",
		"$2.00 was given back to you. Its payment is disputed at your bank.")
}

func TestPercent_HasOneDigitWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]string{0: "0\u00a0%", 1: "100\u00a0%", 1.0 / 6: "16.7\u00a0%", 0.05: "5\u00a0%"} {
		if got := console.Percent(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
}

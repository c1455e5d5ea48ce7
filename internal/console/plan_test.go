package console_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/console"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
)

func TestPlan_AnUpgradeIsShownBeforeItIsPaid(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	p.get("/account/plan").shows(http.StatusOK, "Basic, $9 a month", "Change plan", "See what Pro costs you",
		"you chose basic.", "your card was charged $9.00 for basic until").
		hides("See what Basic costs you")
	preview := p.get("/account/plan/change?tier=pro").shows(http.StatusOK, "Change to Pro",
		"Unused time on Repazoo Basic", "Charged now", "$29.00")
	asOf := regexp.MustCompile(`name="as_of" value="([^"]+)"`).FindStringSubmatch(preview.body)
	if asOf == nil {
		t.Fatalf("the form does not say as of when:\n%s", preview.body)
	}
	p.get(p.post("/account/plan/change", url.Values{"tier": {"pro"}, "as_of": {asOf[1]}}).leadsTo()).
		shows(http.StatusOK, "Your plan was changed", "Pro, $29 a month", "your plan changed from basic to pro.",
			">Paid</span>", "0 of 10,000 analyses")
	p.post("/account/plan/change", url.Values{
		"tier":  {"basic"},
		"as_of": {"yesterday"},
	}).shows(http.StatusUnprocessableEntity, "The form could not be read.")
}

func TestPlan_ADowngradeIsPlannedAndTakenBack(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("pro")
	p.get("/account/plan/change?tier=basic").shows(http.StatusOK, "You keep Pro until", "$0.00", "$9.00", "Change on ")
	p.get(p.post("/account/plan/change", url.Values{"tier": {"basic"}}).leadsTo()).
		shows(http.StatusOK, "Your plan will change with the next period.", "It changes to Basic on", "Stay on Pro",
			"you asked to move from pro to basic on")
	p.get(p.post("/account/plan/change", url.Values{"tier": {"pro"}, "keep": {"yes"}}).leadsTo()).
		shows(http.StatusOK, "Your plan stays as it is.",
			"you took the move to basic back, and stayed on pro.").hides("It changes to Basic")
}

func TestPlan_WithoutOneAPriceIsShownAndLeadsToPayment(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	p.get("/account/plan").shows(http.StatusOK, "You have no plan right now.", "See what Basic costs you",
		"See what Pro costs you").hides("Cancel the plan", "What happened</h2>")
	p.get("/account/plan/change?tier=basic").shows(http.StatusOK, "Choose Basic", "Go on to payment",
		`action="/billing/subscribe"`)
	p.get("/account/plan/change?tier=gold").shows(http.StatusUnprocessableEntity,
		"There is no such plan. Choose one of those that are shown.")
	p.post("/account/plan/portal", nil).shows(http.StatusNotFound, "you never had a plan")
}

func TestPlan_ThePortalAndTheCancellationAreOneButtonAway(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	if at := must(url.Parse(p.post("/account/plan/portal", nil).leadsTo()))(t); !strings.HasPrefix(at.Path,
		"/stripe/portal/bps_") {
		t.Fatalf("leads to %s", at)
	}
	p.get(p.post("/account/plan/cancel", nil).leadsTo()).shows(http.StatusOK, "It ends on", "Keep my plan",
		"you cancelled basic, which stays yours until")
	p.get("/account/plan/change?tier=pro").shows(http.StatusUnprocessableEntity, "Take the cancellation back first")
	p.get(p.post("/account/plan/resume", nil).leadsTo()).shows(http.StatusOK,
		"you took the cancellation back, and kept basic.")
}

func TestPlan_AFailedPaymentIsAnAlarmWithOneButtonThatPays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(ada).subscribe("basic")
	const pays = `action="/account/plan/pay"`
	if body := p.get("/account/plan").body + p.get("/").body; strings.Contains(body, pays) {
		t.Error("nothing is open, and the page asks to pay")
	}
	err := w.db.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE subscriptions SET status = 'past_due'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/account/plan", "/"} {
		body := p.get(path).shows(http.StatusOK, `<p class="notice bad" role="alert">`).body
		if n := strings.Count(body, pays); n != 1 {
			t.Errorf("%s has %d buttons that pay", path, n)
		}
	}
	p.post("/account/plan/pay", nil).shows(http.StatusNotFound, "Nothing is open")
}

func TestPlan_GraceIsTold(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	s := must(p.billing.Subscription(t.Context(), p.me.UserID))(t)
	s.Status, s.GraceUntil = "past_due", s.PeriodEnd
	if got := console.PlanWords(s); !strings.Contains(got, "stays open until "+s.PeriodEnd.Format("2 January 2006")) {
		t.Errorf("it says %q", got)
	}
	s.NextTry = s.PeriodEnd.AddDate(0, 0, 1) // the plan pauses before: both days are told, in their order
	if got := console.PlanWords(s); !strings.Contains(got, "stays open until "+s.PeriodEnd.Format("2 January 2006")+
		", is paused then, and comes back with the payment that is tried again on "+s.NextTry.Format("2 January 2006")) {
		t.Errorf("it says %q", got)
	}
	s.NextTry = s.PeriodEnd.AddDate(0, 0, -1)
	if got := console.PlanWords(s); !strings.Contains(got,
		"Your card is charged again on "+s.NextTry.Format("2 January 2006")+". Your plan stays open") {
		t.Errorf("it says %q", got)
	}
	s.Tier = plan.Tier{}
	if got := console.PlanWords(s); !strings.Contains(got, "closed until it is paid") {
		t.Errorf("it says %q", got)
	}
}

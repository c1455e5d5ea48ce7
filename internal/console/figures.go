package console

import (
	"strconv"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
)

// The page of figures, for administrators: how billing goes, over a window of days until now.

// usualDays is the window that is shown unless another is asked for.
const usualDays = 30

type figuresView struct {
	page
	billing.Metrics
	Off     bool     // nobody pays here
	Windows []window // to choose from
	Kept    int      // of those who paid at the beginning, those who still do
	Open    int      // disputes without a verdict
	Owed    int      // invoices of which a payment failed, and that were not paid since
}

type window struct {
	Days   int
	Chosen bool
}

// windows are the choices, and the one that an address asks for.
func windows(asked string) (all []window, days int) {
	all, days = []window{{Days: 7}, {Days: usualDays}, {Days: 90}, {Days: 365}}, usualDays
	for _, w := range all {
		if strconv.Itoa(w.Days) == asked {
			days = w.Days
		}
	}
	for i := range all {
		all[i].Chosen = all[i].Days == days
	}
	return all, days
}

// churnWords is the churn, or that there could be none.
func (v figuresView) churnWords(l tongue) string {
	if v.Paid == 0 {
		return l.Say("desk.no_churn")
	}
	return l.share(v.Churn())
}

func (c *Console) showFigures(v *visit) error {
	choices, days := windows(v.r.URL.Query().Get("days"))
	p := figuresView{page: c.page(v, v.tongue().Say("desk.figures")), Windows: choices}
	mine, err := c.Billing.Subscription(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	p.Off = mine.Status == "included"
	if p.Metrics, err = c.Billing.MetricsOver(v.r.Context(), time.Duration(days)*24*time.Hour); err != nil {
		return err
	}
	p.Kept, p.Open, p.Owed = p.Paid-p.Ended, p.Disputes-p.DisputesWon-p.DisputesLost, p.FailedPayments-p.Recovered
	return c.ok(v, figuresPage(p))
}

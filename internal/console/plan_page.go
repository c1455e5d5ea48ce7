package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// The page of one's plan: where it stands, how to change it, what was paid and what happened.

// perList is how many invoices, and how many lines of the story, the page shows at once.
const perList = 10

type planView struct {
	page
	Plan     billing.Subscription
	Usage    billing.Usage
	Present  plan.Tier   // what is paid for, whether it counts now or not
	Others   []plan.Tier // what it can be changed to
	Pending  plan.Tier   // the plan of a change that waits
	Live     bool        // the plan can be changed or cancelled
	Invoices []plan.Invoice
	Missing  bool   // the payment provider does not tell the invoices right now
	Older    string // the address of more invoices; "" for none
	Story    []billing.Entry
	Earlier  string // the address of more of the story
}

func (c *Console) showPlan(v *visit) error {
	p := planView{page: c.page(v, v.tongue().Say("plan.title"))}
	for _, gather := range []func(*visit, *planView) error{c.gatherStanding, c.gatherInvoices, c.gatherStory} {
		if err := gather(v, &p); err != nil {
			return err
		}
	}
	return c.ok(v, planPage(p))
}

func (c *Console) gatherStanding(v *visit, p *planView) (err error) {
	ctx, me := v.r.Context(), v.me.UserID
	if p.Plan, err = c.Billing.Subscription(ctx, me); err != nil {
		return err
	}
	if p.Plan.Pending.How == plan.AfterPayment { // perhaps it was confirmed a moment ago
		if now, err := c.Billing.Refresh(ctx, me); err == nil {
			p.Plan = now
		}
	}
	if p.Usage, err = c.Billing.Usage(ctx, me); err != nil {
		return err
	}
	for _, t := range c.Billing.Plans() {
		switch t.Name {
		case p.Plan.Plan:
			p.Present = t
		case p.Plan.Pending.Tier:
			p.Pending = t
		default:
			p.Others = append(p.Others, t)
		}
	}
	p.Live = p.Plan.Status.Live()
	return nil
}

// gatherInvoices does without them when the payment provider does not answer: the rest of the page is ours.
func (c *Console) gatherInvoices(v *visit, p *planView) error {
	cursor := v.r.URL.Query().Get("invoices")
	list, err := c.Billing.Invoices(v.r.Context(), v.me.UserID, perList, cursor)
	if f := fault.From(err); f != nil {
		p.Missing = f.Kind == fault.KindUpstream
		if p.Missing {
			return nil
		}
		return err
	}
	p.Invoices = list.Invoices
	if list.Next != "" {
		p.Older = "/account/plan?" + url.Values{"invoices": {list.Next}}.Encode() + "#invoices"
	}
	return nil
}

// backWords say what of an invoice's payment went back; "" for nothing.
func backWords(l tongue, in plan.Invoice) string {
	var all []string
	if in.RefundedCents > 0 {
		all = append(all, l.Say("invoice.refunded", "sum", l.sum(in.RefundedCents, in.Currency)))
	}
	switch in.Dispute {
	case "open":
		all = append(all, l.Say("invoice.disputed"))
	case "lost":
		all = append(all, l.Say("invoice.lost"))
	}
	return strings.Join(all, " ")
}

func invoiceWords(l tongue, status string) string {
	if key := "invoice." + status; l.Has(key) {
		return l.Say(key)
	}
	return capital(status)
}

func usedWords(l tongue, u billing.Usage) string {
	return l.Say("plan.used", "used", u.Quota.Used, "of", u.Quota.Limit, "reads", u.Reads.Used, "most", u.Reads.Limit)
}

func (c *Console) gatherStory(v *visit, p *planView) error {
	st, err := c.Billing.Timeline(v.r.Context(), v.me.UserID, perList, v.r.URL.Query().Get("story"))
	p.Story = st.Entries
	if st.Next != "" {
		p.Earlier = "/account/plan?" + url.Values{"story": {st.Next}}.Encode() + "#story"
	}
	return err
}

type changeView struct {
	page
	Preview billing.Preview
	Codes   bool   // a promotion code may be entered
	Typed   string // the one that was
}

// Usable is the code that the preview counts with; "" when it was refused.
func (v changeView) Usable() string {
	if v.Alert != nil {
		return ""
	}
	return v.Typed
}

// asksCode tells whether a promotion code may be typed: at the start of a plan, and at an upgrade that has no discount
// yet.
func (v changeView) asksCode() bool {
	if !v.Codes {
		return false
	}
	switch v.Preview.Kind {
	case "start", "trial":
		return true
	case "upgrade":
		return v.Typed != "" || v.Preview.Discount.Words == ""
	}
	return false
}

// action is where the form goes that agrees to the change.
func (v changeView) action() string {
	if v.Preview.Kind == "start" {
		return "/billing/subscribe"
	}
	return "/account/plan/change"
}

func changeTitle(l tongue, p billing.Preview) string {
	name := capital(p.Tier.Name)
	switch p.Kind {
	case "start":
		return l.Say("change.choose", "plan", name)
	case "keep":
		return l.Say("plan.stay", "plan", name)
	}
	return l.Say("change.to", "plan", name)
}

func nextChargeWords(l tongue, p billing.Preview) string {
	if p.Next == p.Regular {
		return l.Say("change.charged_monthly", "at", l.date(p.NextAt))
	}
	return l.Say("change.charged", "at", l.date(p.NextAt))
}

// agreeWords are on the button that agrees to the change.
func agreeWords(l tongue, p billing.Preview) string {
	switch {
	case p.Kind == "start" && !p.TrialEnd.IsZero():
		return l.Say("change.start_trial")
	case p.Kind == "start":
		return l.Say("change.to_payment")
	case p.Kind == "trial":
		return l.Say("change.now")
	case p.Kind == "upgrade":
		return l.Say("change.pay", "sum", l.sum(p.NowCents, p.Currency))
	case p.Kind == "downgrade":
		return l.Say("change.later", "at", l.date(p.NextAt))
	}
	return l.Say("plan.stay", "plan", capital(p.Tier.Name))
}

func invoiceBadge(status string) string {
	switch status {
	case "paid":
		return badge("low")
	case "open":
		return badge("high")
	}
	return badge("")
}

// showChange shows what a plan would cost before anything is agreed to.
func (c *Console) showChange(v *visit) error {
	tier, code := v.r.URL.Query().Get("tier"), v.r.URL.Query().Get("code")
	p, err := c.Billing.Preview(v.r.Context(), v.me.UserID, billing.PreviewRequest{Tier: tier, PromotionCode: code})
	status := http.StatusOK
	if err != nil {
		v.alert, status = c.alertFor(v, err), statusOf(fault.From(err))
		if code == "" {
			return c.showPlan(v)
		}
		// The code alone may be wrong: the plan is shown without it, and what was typed is still there.
		if p, err = c.Billing.Preview(v.r.Context(), v.me.UserID, billing.PreviewRequest{Tier: tier}); err != nil {
			return c.showPlan(v)
		}
	}
	return c.render(v, status, changePage(changeView{
		c.page(v, v.tongue().Say("change.title")), p,
		c.Billing.TakesCodes(), code,
	}))
}

// orChange shows, after a form with a promotion code was refused, what the plan costs without it, with the code still
// there; any other refusal is shown as before.
func (c *Console) orChange(otherwise show) show {
	return func(v *visit) error {
		tier, code := v.typed("tier", ""), v.typed("code", "")
		if v.alert == nil || code == "" {
			return otherwise(v)
		}
		p, err := c.Billing.Preview(v.r.Context(), v.me.UserID, billing.PreviewRequest{Tier: tier})
		if err != nil {
			return otherwise(v)
		}
		return c.ok(v, changePage(changeView{c.page(v, v.tongue().Say("change.title")), p, c.Billing.TakesCodes(), code}))
	}
}

// changePlan does what was previewed. A bank that asks is asked on the payment provider's page.
func (c *Console) changePlan(v *visit) (string, error) {
	r := billing.ChangeRequest{Tier: v.field("tier"), PromotionCode: v.field("code")}
	if at := v.field("as_of"); at != "" {
		var err error
		if r.AsOf, err = time.Parse(time.RFC3339, at); err != nil {
			return "", fault.ValidationFailed.Saying("The form could not be read. Look at the prices again, then confirm.")
		}
	}
	changed, err := c.Billing.Change(v.r.Context(), v.me.UserID, r)
	switch {
	case err != nil:
		return "", err
	case changed.ConfirmURL != "":
		return changed.ConfirmURL, nil
	case changed.Pending.How == plan.AfterPeriodEnd:
		return "/account/plan?done=change-planned", nil
	case v.field("keep") != "":
		return "/account/plan?done=change-dropped", nil
	}
	return "/account/plan?done=plan-changed", nil
}

// pay leads to where the open invoice is paid.
func (c *Console) pay(v *visit) (string, error) {
	return c.Billing.Pay(v.r.Context(), v.me.UserID, "/account/plan")
}

// owes tells whether a payment failed that still has to come.
func owes(s billing.Subscription) bool { return s.Status == "past_due" || s.Status == "unpaid" }

// payWords are on the button that pays what is open.
func payWords(l tongue, invoices []plan.Invoice) string {
	i := slices.IndexFunc(invoices, func(in plan.Invoice) bool { return in.Status == "open" })
	if i < 0 {
		return l.Say("pay.now")
	}
	return l.Say("pay.sum", "sum", l.sum(invoices[i].Cents, invoices[i].Currency))
}

func (c *Console) openPortal(v *visit) (string, error) {
	return c.Billing.Portal(v.r.Context(), v.me.UserID, "/account/plan")
}

func (c *Console) endPlan(v *visit) (string, error) {
	_, err := c.Billing.Cancel(v.r.Context(), v.me.UserID, true)
	return "/account/plan?done=plan-cancelled", err
}

func (c *Console) keepPlan(v *visit) (string, error) {
	_, err := c.Billing.Resume(v.r.Context(), v.me.UserID)
	return "/account/plan?done=plan-kept", err
}

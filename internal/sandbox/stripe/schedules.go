package stripe

import (
	"fmt"
	"strconv"
	"time"
)

type schedule struct {
	ID                   string            `json:"id"`
	Object               string            `json:"object"`
	BillingMode          map[string]any    `json:"billing_mode"`
	CanceledAt           *int64            `json:"canceled_at"`
	CompletedAt          *int64            `json:"completed_at"`
	Created              int64             `json:"created"`
	CurrentPhase         map[string]int64  `json:"current_phase"`
	Customer             string            `json:"customer"`
	DefaultSettings      map[string]any    `json:"default_settings"`
	EndBehavior          string            `json:"end_behavior"`
	Livemode             bool              `json:"livemode"`
	Metadata             map[string]string `json:"metadata"`
	Phases               []phase           `json:"phases"`
	ReleasedAt           *int64            `json:"released_at"`
	ReleasedSubscription *string           `json:"released_subscription"`
	Status               string            `json:"status"`
	Subscription         *string           `json:"subscription"`
}

type phase struct {
	AddInvoiceItems      []any             `json:"add_invoice_items"`
	Currency             string            `json:"currency"`
	DefaultPaymentMethod *string           `json:"default_payment_method"`
	Discounts            []map[string]any  `json:"discounts"`
	EndDate              int64             `json:"end_date"`
	Items                []phaseItem       `json:"items"`
	Metadata             map[string]string `json:"metadata"`
	ProrationBehavior    string            `json:"proration_behavior"`
	StartDate            int64             `json:"start_date"`
}

type phaseItem struct {
	Discounts []any             `json:"discounts"`
	Metadata  map[string]string `json:"metadata"`
	Price     string            `json:"price"`
	Quantity  int64             `json:"quantity"`
}

func newStripePhase(price string, method *string, start, end int64) phase {
	return phase{
		AddInvoiceItems: []any{}, Currency: "usd", DefaultPaymentMethod: method, Discounts: []map[string]any{},
		StartDate: start, EndDate: end, Metadata: map[string]string{},
		Items:             []phaseItem{{Discounts: []any{}, Metadata: map[string]string{}, Price: price, Quantity: 1}},
		ProrationBehavior: "create_prorations",
	}
}

// createSchedule puts a live subscription under a schedule that has only its present period.
func (c *request) createSchedule() (any, *apiError) {
	id := c.form.get("from_subscription")
	sub := c.subscriptions.byID[id]
	switch {
	case id == "":
		return nil, badRequest("", "from_subscription", "The sandbox makes a schedule from a subscription only.")
	case sub == nil:
		return nil, missing("subscription", "from_subscription", id)
	case !sub.live():
		return nil, badRequest("", "from_subscription",
			"You cannot migrate a subscription that is already in the `%s` state.", sub.Status)
	case sub.Schedule != nil:
		return nil, badRequest("", "from_subscription",
			"You cannot migrate a subscription that is already attached to a schedule: %s", *sub.Schedule)
	case sub.PendingUpdate != nil:
		return nil, badRequest("", "from_subscription", "You cannot migrate a subscription with a pending update.")
	}
	it := sub.item()
	sched := &schedule{
		ID: newID("sub_sched"), Object: "subscription_schedule", BillingMode: sub.BillingMode, Created: clip(c.now),
		Customer:     sub.Customer,
		CurrentPhase: map[string]int64{"start_date": it.CurrentPeriodStart, "end_date": it.CurrentPeriodEnd},
		DefaultSettings: map[string]any{
			"billing_cycle_anchor": "automatic", "default_payment_method": nil,
			"invoice_settings": map[string]any{
				"account_tax_ids": nil, "custom_fields": nil, "days_until_due": nil,
				"description": nil, "footer": nil, "issuer": map[string]any{"type": "self"},
			}, "on_behalf_of": nil,
		},
		EndBehavior: "release", Metadata: map[string]string{}, Status: "active", Subscription: &sub.ID,
		Phases: []phase{newStripePhase(it.Price.ID, sub.DefaultPaymentMethod, it.CurrentPeriodStart, it.CurrentPeriodEnd)},
	}
	c.schedules.put(sched.ID, sched)
	sub.Schedule = &sched.ID
	c.emit("subscription_schedule.created", sched)
	c.emit("customer.subscription.updated", sub)
	return sched, nil
}

func (c *request) schedule() (*schedule, *apiError) {
	if sched := c.schedules.byID[c.id]; sched != nil {
		return sched, nil
	}
	return nil, missing("subscription_schedule", "id", c.id)
}

// activeSchedule is a schedule that can still be changed.
func (c *request) activeSchedule() (*schedule, *apiError) {
	sched, refusal := c.schedule()
	if refusal == nil && sched.Status != "active" {
		refusal = badRequest("", "", "You cannot change a subscription schedule that is currently in the `%s` status.",
			sched.Status)
	}
	return sched, refusal
}

func (c *request) retrieveSchedule() (any, *apiError) {
	sched, refusal := c.schedule()
	if refusal != nil {
		return nil, refusal
	}
	return sched, nil
}

// updateSchedule replaces the phases. The first is the present one and stays as it is; each begins where the one before
// ends.
func (c *request) updateSchedule() (any, *apiError) {
	sched, refusal := c.activeSchedule()
	if refusal != nil {
		return nil, refusal
	}
	if b := c.form.get("end_behavior"); b != "" && b != "release" {
		return nil, badRequest("", "end_behavior", "The sandbox knows end_behavior=release only.")
	}
	var phases []phase
	for i := 0; c.form.has(fmt.Sprintf("phases[%d][items][0][price]", i)); i++ {
		p, refusal := c.readPhase(i, phases)
		if refusal != nil {
			return nil, refusal
		}
		phases = append(phases, p)
	}
	if card := c.form.get("default_settings[default_payment_method]"); card != "" {
		if _, refusal := c.methodOf(sched.Customer, card); refusal != nil {
			return nil, refusal
		}
		sched.DefaultSettings["default_payment_method"] = card
	} else if len(phases) == 0 {
		return nil, required("phases")
	}
	if len(phases) == 0 {
		phases = sched.Phases
	}
	now := sched.Phases[0]
	if first := phases[0]; first.StartDate != now.StartDate || first.EndDate != now.EndDate ||
		first.Items[0].Price != now.Items[0].Price {
		return nil, badRequest("", "phases[0]",
			"You can not modify the start date of the current phase; the sandbox keeps its end and price too.")
	}
	sched.Phases = phases
	c.emit("subscription_schedule.updated", sched)
	c.emit("customer.subscription.updated", c.subscriptions.byID[*sched.Subscription])
	return sched, nil
}

func (c *request) readPhase(i int, before []phase) (phase, *apiError) {
	at := func(name string) string { return fmt.Sprintf("phases[%d][%s]", i, name) }
	p, refusal := c.price(at("items")+"[0][price]", c.form.get(at("items")+"[0][price]"))
	if refusal != nil {
		return phase{}, refusal
	}
	phase := newStripePhase(p.ID, c.form.optional(at("default_payment_method")), 0, 0)
	for j := 0; c.form.has(fmt.Sprintf("%s[%d][discount]", at("discounts"), j)); j++ {
		param := fmt.Sprintf("%s[%d][discount]", at("discounts"), j)
		if c.discounts.redeemed.byID[c.form.get(param)] == nil {
			return phase, missing("discount", param, c.form.get(param))
		}
		phase.Discounts = append(phase.Discounts, map[string]any{
			"coupon": nil, "discount": c.form.get(param),
			"promotion_code": nil,
		})
	}
	if b := c.form.get(at("proration_behavior")); b != "" {
		phase.ProrationBehavior = b
	}
	if i > 0 {
		phase.StartDate = before[i-1].EndDate
	}
	for name, into := range map[string]*int64{"start_date": &phase.StartDate, "end_date": &phase.EndDate} {
		if !c.form.has(at(name)) {
			continue
		}
		v, err := strconv.ParseInt(c.form.get(at(name)), 10, 64)
		if err != nil {
			return phase, badRequest("parameter_invalid_integer", at(name), "Invalid timestamp: must be an integer")
		}
		*into = v
	}
	if c.form.has(at("duration") + "[interval]") {
		if c.form.get(at("duration")+"[interval]") != "month" || c.form.has(at("end_date")) {
			return phase, badRequest("", at("duration"), "The sandbox knows a duration of one month, without an end date.")
		}
		phase.EndDate = clip(monthAfter(time.Unix(phase.StartDate, 0).UTC(), 1))
	}
	switch {
	case i == 0 && phase.StartDate == 0:
		return phase, required("phases[0][start_date]")
	case phase.EndDate <= phase.StartDate:
		return phase, badRequest("", at("end_date"), "Each phase needs an end_date after its start, or a duration.")
	case i > 0 && phase.StartDate != before[i-1].EndDate:
		return phase, badRequest("", at("start_date"), "The start date of each phase must be the end date of the one before.")
	}
	return phase, nil
}

// releaseSchedule leaves the subscription as it is, on its own again.
func (c *request) releaseSchedule() (any, *apiError) {
	sched, refusal := c.activeSchedule()
	if refusal != nil {
		return nil, refusal
	}
	c.release(sched)
	return sched, nil
}

func (c *request) release(sched *schedule) {
	sub := c.subscriptions.byID[*sched.Subscription]
	sched.Status, sched.ReleasedAt, sched.ReleasedSubscription = "released", new(clip(c.now)), sched.Subscription
	sched.Subscription, sched.CurrentPhase, sub.Schedule = nil, nil, nil
	c.emit("subscription_schedule.released", sched)
	c.emit("customer.subscription.updated", sub)
}

// enterPhase gives a subscription whose period has just begun what its schedule has for it. As with the real one, a
// phase that names no card takes the schedule's, and without that leaves the subscription without one of its own; one
// that names no discounts leaves it without them.
func (c *request) enterPhase(sub *subscription) {
	if sub.Schedule == nil {
		return
	}
	sched, it := c.schedules.byID[*sub.Schedule], sub.item()
	for i, phase := range sched.Phases {
		if phase.StartDate <= it.CurrentPeriodStart && it.CurrentPeriodStart < phase.EndDate {
			it.Price, _ = c.price("", phase.Items[0].Price)
			sub.DefaultPaymentMethod = phase.DefaultPaymentMethod
			if card, named := sched.DefaultSettings["default_payment_method"].(string); named &&
				sub.DefaultPaymentMethod == nil {
				sub.DefaultPaymentMethod = &card
			}
			sub.Discounts = []string{}
			for _, d := range phase.Discounts {
				sub.Discounts = append(sub.Discounts, d["discount"].(string))
			}
			sched.Phases = sched.Phases[i:]
			sched.CurrentPhase = map[string]int64{"start_date": phase.StartDate, "end_date": phase.EndDate}
			return
		}
	}
	c.release(sched)
}

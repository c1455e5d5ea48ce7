package httpapi

import (
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

func examplePlans() []planBody {
	return []planBody{
		{"basic", 900, 1000, 200, 1000, "claude-haiku-5-5", 14},
		{"pro", 2900, 10000, 3200, 4000, "claude-sonnet-5-5", 14},
	}
}

func exampleSubscription() subscriptionBody {
	return subscriptionBody{
		Tier: "basic", Plan: "basic", Status: "active", Entitled: true, PeriodStart: new(exampleTime()),
		PeriodEnd: exampleLater(30), EntitledUntil: exampleLater(33),
	}
}

func billingEntries() map[string]entry {
	plans := plansOutput{}
	plans.Body.Data = examplePlans()
	mine := exampleSubscription()
	mine.Quota = &counter{1000, 12, 1, 987}
	ending := exampleSubscription()
	ending.CancelAtPeriodEnd, ending.CancelAt = true, ending.PeriodEnd
	portal := portalOutput{}
	portal.Body.URL = "https://billing.stripe.com/p/session/the-session"
	return map[string]entry{
		"GET /api/v1/plans": {text: "What each plan costs and allows.", answered: plans.Body},
		"POST /api/v1/subscriptions": {
			text: "With a payment method of Stripe the plan begins now; a client_secret in the answer means that your bank " +
				"wants you to confirm. Without one, open checkout_url and pay there.\n\n" +
				"There is never a second plan: one that lives is refused with subscription_exists. A declined card is " +
				"validation_failed and says why.",
			sent: map[string]any{"tier": "basic", "payment_method_id": "pm_card_visa"}, answered: exampleSubscription(),
			refusals: []*fault.Fault{
				fault.Conflict, fault.SubscriptionExists, fault.IdempotencyMismatch,
				fault.PaymentProviderError, fault.Overloaded,
			},
		},
		"GET /api/v1/subscriptions": {
			text:     "What you subscribed to, what you may use now, and what will change when.",
			answered: mine,
		},
		"DELETE /api/v1/subscriptions": {
			text: "At the end of what is paid. With at_period_end=false the plan and your access end at once, and " +
				"nothing is paid back. A first payment that was never made ends at once in any case.",
			answered: ending, refusals: changeRefusals(),
		},
		"POST /api/v1/subscriptions/resume": {
			text:     "A plan that was to end goes on. One that is paused because there was no card goes on once there is one.",
			answered: exampleSubscription(), refusals: changeRefusals(),
		},
		"POST /api/v1/subscriptions/portal": {
			text:     "A page of Stripe for your card, your invoices and your cancellation. Open it soon; it is good once.",
			answered: portal.Body,
			refusals: []*fault.Fault{fault.NotFound, fault.Conflict, fault.PaymentProviderError},
		},
	}
}

// changeRefusals are those of what changes a plan.
func changeRefusals() []*fault.Fault {
	return []*fault.Fault{fault.NotFound, fault.Conflict, fault.PaymentProviderError, fault.Overloaded}
}

func planEntries() map[string]entry {
	pending := exampleSubscription()
	pending.PendingChange = &pendingBody{"basic", "period_end", *exampleLater(30)}
	pending.Tier, pending.Plan = "pro", "pro"
	preview, invoices, timeline := previewOutput{}, invoicesOutput{}, timelineOutput{}
	p := &preview.Body
	p.Tier, p.From, p.Kind, p.AsOf, p.RegularCents = "pro", "basic", "upgrade", exampleTime(), 2900
	p.Now = costBody{AmountCents: 1940, Currency: "usd", At: exampleTime(), Lines: []costLine{
		{"Unused time on basic", -870}, {"Remaining time on pro", 2810},
	}}
	p.Next = costBody{AmountCents: 2900, Currency: "usd", At: *exampleLater(29)}
	invoices.Body.Data = []invoiceBody{{
		ID: "in_1", Number: new("RPZ-0001"), Status: "paid", AmountCents: 900, Currency: "usd", CreatedAt: exampleTime(),
		PageURL: new("https://invoice.stripe.com/i/in_1"), PDF: new("https://invoice.stripe.com/i/in_1/pdf"),
	}}
	timeline.Body.Data = []entryBody{{
		ID: exampleID, At: exampleTime(), Kind: "paid",
		Sentence: "On 20 November your card was charged $9.00 for basic until 20 December.",
		Tier:     new("basic"), AmountCents: new(int64(900)), Currency: new("usd"), Until: exampleLater(30),
	}}
	timeline.Body.Total = 1
	return map[string]entry{
		"PATCH /api/v1/subscriptions": {
			text: "A dearer plan is charged now, for what is left of the period, and begins once it is paid; a cheaper one " +
				"begins with the next period. Naming your present plan takes a change that waits back.",
			sent: map[string]any{"tier": "basic"}, answered: pending, refusals: changeRefusals(),
		},
		"POST /api/v1/subscriptions/preview": {
			text: "Asks Stripe and charges nothing. Send as_of with the change, and exactly this is charged.",
			sent: map[string]any{"tier": "pro"}, answered: preview.Body, refusals: changeRefusals(),
		},
		"GET /api/v1/subscriptions/invoices": {
			text:     "As Stripe has them, with the pages where they can be paid and read.",
			answered: invoices.Body, refusals: []*fault.Fault{fault.PaymentProviderError},
		},
		"GET /api/v1/subscriptions/timeline": {
			text:     "Each payment, change and cancellation as a sentence.",
			answered: timeline.Body,
		},
	}
}

func adminEntries() map[string]entry {
	lines, m := auditOutput{}, metricsOutput{}
	lines.Body.Data, lines.Body.Total = []lineBody{exampleLine()}, 1
	b := &m.Body
	b.From, b.To, b.MRRCents = exampleTime().Add(-30*24*time.Hour), exampleTime(), 3800
	b.Tiers = []tierCountBody{{"basic", 1, 900}, {"pro", 1, 2900}}
	b.Churn = churnBody{4, 1, 0, 0.25}
	b.FailedPayments = failedBody{1, 900, 1}
	return map[string]entry{
		"GET /api/v1/admin/audit": {text: "Reading it leaves a line itself, which the person concerned " +
			"sees.", answered: lines.Body},
		"GET /api/v1/admin/subscriptions/metrics": {text: "Of a window of time, 30 days by default. docs/billing.md " +
			"defines each figure.", answered: m.Body},
	}
}

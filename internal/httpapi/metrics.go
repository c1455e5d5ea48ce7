package httpapi

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
)

type metricsInput struct {
	From time.Time `query:"from" doc:"Where the window begins; 30 days before its end by default."`
	To   time.Time `query:"to" doc:"Where it ends; now by default."`
}

type tierCountBody struct {
	Tier     string `json:"tier"`
	Active   int    `json:"active" doc:"Subscribers who pay, also while a failed payment is tried again."`
	MRRCents int    `json:"mrr_cents"`
}

type churnBody struct {
	PaidAtStart int     `json:"paid_at_start" doc:"Subscribers who paid when the window began."`
	Ended       int     `json:"ended" doc:"Of them, those who do not when it ends."`
	Began       int     `json:"began" doc:"Who pay when it ends and did not when it began."`
	Rate        float64 `json:"rate" doc:"ended / paid_at_start, from 0 to 1."`
}

type failedBody struct {
	Invoices  int `json:"invoices" doc:"Of which a payment failed in the window."`
	Cents     int `json:"cents" doc:"What they asked for."`
	Recovered int `json:"recovered" doc:"Of them, paid since."`
}

type refundedBody struct {
	Count int `json:"count" doc:"Made in the window."`
	Cents int `json:"cents"`
}

type disputedBody struct {
	Count int `json:"count" doc:"Begun in the window."`
	Cents int `json:"cents" doc:"What they are about."`
	Won   int `json:"won" doc:"Of them, those in which the payment stands."`
	Lost  int `json:"lost" doc:"Of them, those in which the bank gave the money back. The others are open."`
}

type metricsOutput struct {
	Body struct {
		From           time.Time       `json:"from"`
		To             time.Time       `json:"to"`
		MRRCents       int             `json:"mrr_cents" doc:"Monthly recurring revenue when the window ends: US cents, less lasting discounts, without trials."`
		Tiers          []tierCountBody `json:"tiers"`
		Trialing       int             `json:"trialing" doc:"In no other figure."`
		PastDue        int             `json:"past_due" doc:"Of the active, those with a failed payment."`
		Churn          churnBody       `json:"churn"`
		FailedPayments failedBody      `json:"failed_payments"`
		Refunds        refundedBody    `json:"refunds"`
		Disputes       disputedBody    `json:"disputes"`
	}
}

func (a *API) subscriptionMetrics(ctx context.Context, in *metricsInput) (*metricsOutput, error) {
	m, err := a.Billing.Metrics(ctx, in.From, in.To)
	return newMetricsOutput(m), err
}

func newMetricsOutput(m billing.Metrics) *metricsOutput {
	out := &metricsOutput{}
	b := &out.Body
	b.From, b.To, b.MRRCents, b.Trialing, b.PastDue = m.From, m.To, m.MRRCents, m.Trialing, m.PastDue
	b.Tiers = []tierCountBody{}
	for _, t := range m.Tiers {
		b.Tiers = append(b.Tiers, tierCountBody(t))
	}
	b.Churn = churnBody{m.Paid, m.Ended, m.Began, m.Churn()}
	b.FailedPayments = failedBody{m.FailedPayments, m.FailedCents, m.Recovered}
	b.Refunds, b.Disputes = refundedBody{m.Refunds, m.RefundedCents},
		disputedBody{m.Disputes, m.DisputedCents, m.DisputesWon, m.DisputesLost}
	return out
}

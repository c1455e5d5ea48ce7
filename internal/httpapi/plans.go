package httpapi

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/plan"
)

// Changes of plan, what they cost, and what was paid.

type pendingBody struct {
	Tier string    `json:"tier"`
	How  string    `json:"how" enum:"payment,period_end" doc:"What it waits for: payment is your bank's confirmation, period_end the end of what is paid."`
	At   time.Time `json:"at" doc:"When it begins; with payment, until when you can confirm it."`
}

func newPendingBody(p plan.PendingChange) *pendingBody {
	if p == (plan.PendingChange{}) {
		return nil
	}
	return &pendingBody{p.Tier, p.How, p.At}
}

type changeInput struct {
	Body struct {
		Tier string    `json:"tier" enum:"basic,pro" doc:"A dearer plan begins once it is paid, a cheaper one with the next period. Your present one takes a change that waits back."`
		AsOf time.Time `json:"as_of,omitzero" doc:"as_of of a preview, at most 30 minutes old: exactly its prices are charged."`

		PromotionCode string `json:"promotion_code,omitempty" maxLength:"100" doc:"For a dearer plan, or in a trial."`
	}
}

func (a *API) changePlan(ctx context.Context, in *changeInput) (*subscriptionOutput, error) {
	c, err := a.Billing.Change(ctx, caller(ctx), billing.ChangeRequest{
		Tier: in.Body.Tier, AsOf: in.Body.AsOf,
		PromotionCode: in.Body.PromotionCode,
	})
	if err != nil {
		return nil, err
	}
	out := &subscriptionOutput{newSubscriptionBody(c.Subscription)}
	out.Body.ClientSecret, out.Body.ConfirmURL = c.ClientSecret, c.ConfirmURL
	return out, nil
}

type previewInput struct {
	Body struct {
		Tier          string `json:"tier" enum:"basic,pro"`
		PromotionCode string `json:"promotion_code,omitempty" maxLength:"100"`
	}
}

type costBody struct {
	AmountCents   int64      `json:"amount_cents" doc:"Less discounts, with tax."`
	DiscountCents int64      `json:"discount_cents,omitempty" doc:"What discounts took off."`
	TaxCents      int64      `json:"tax_cents,omitempty" doc:"Within the amount."`
	Currency      string     `json:"currency" example:"usd"`
	At            time.Time  `json:"at"`
	Lines         []costLine `json:"lines,omitempty"`
}

type costLine struct {
	Description string `json:"description"`
	AmountCents int64  `json:"amount_cents" doc:"Below zero for a credit."`
}

type discountBody struct {
	Code  *string `json:"code" example:"WELCOME"`
	Words string  `json:"words" example:"20% off for 3 months"`
}

type previewOutput struct {
	Body struct {
		Tier string    `json:"tier"`
		From string    `json:"from" enum:"none,basic,pro" doc:"Your present plan."`
		Kind string    `json:"kind" enum:"start,upgrade,downgrade,keep,trial" doc:"trial is another plan within a trial."`
		AsOf time.Time `json:"as_of" doc:"Send it with the change to be charged exactly this."`
		Now  costBody  `json:"now" doc:"Charged at once."`
		Next costBody  `json:"next" doc:"Charged then."`

		RegularCents int64         `json:"regular_cents" doc:"Every month from then on, or once a discount has ended."`
		TrialEnd     *time.Time    `json:"trial_end" doc:"Nothing is charged before."`
		TrialQuota   int           `json:"trial_analyses,omitempty" doc:"Analyses until then."`
		Discount     *discountBody `json:"discount"`
		TaxUnknown   bool          `json:"tax_unknown" doc:"Tax comes on top, once it is known where you live: the payment page asks."`
	}
}

func (a *API) previewPlan(ctx context.Context, in *previewInput) (*previewOutput, error) {
	p, err := a.Billing.Preview(ctx, caller(ctx), billing.PreviewRequest{
		Tier:          in.Body.Tier,
		PromotionCode: in.Body.PromotionCode,
	})
	if err != nil {
		return nil, err
	}
	out := &previewOutput{}
	out.Body.Tier, out.Body.From, out.Body.Kind, out.Body.AsOf = p.Tier.Name, tierName(p.From), p.Kind, p.AsOf
	out.Body.Now = costBody{p.NowCents, p.NowOff, p.NowTax, p.Currency, p.AsOf, nil}
	for _, l := range p.Lines {
		out.Body.Now.Lines = append(out.Body.Now.Lines, costLine{l.What, l.Cents})
	}
	out.Body.Next = costBody{p.Next, 0, p.NextTax, p.Currency, p.NextAt, nil}
	out.Body.RegularCents, out.Body.TrialEnd, out.Body.TrialQuota, out.Body.TaxUnknown = p.Regular, orNull(p.TrialEnd),
		p.TrialQuota, p.TaxUnknown
	if p.Discount != (plan.Discount{}) {
		out.Body.Discount = &discountBody{orNull(p.Discount.Code), p.Discount.Words}
	}
	return out, nil
}

// PageQuery is a place in a list. It is exported because huma looks into no other embedded struct.
type PageQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"255" doc:"next_cursor of an earlier answer."`
}

type invoiceBody struct {
	ID          string    `json:"id" example:"in_1"`
	Number      *string   `json:"number" doc:"Null before it is final."`
	Status      string    `json:"status" doc:"draft, open, paid, void or uncollectible."`
	AmountCents int64     `json:"amount_cents" doc:"Less discounts, with tax."`
	OffCents    int64     `json:"discount_cents" doc:"What discounts took off."`
	TaxCents    int64     `json:"tax_cents" doc:"Within the amount."`
	Currency    string    `json:"currency" example:"usd"`
	CreatedAt   time.Time `json:"created_at"`
	Refunded    int64     `json:"amount_refunded_cents" doc:"What of the amount was given back."`
	Dispute     *string   `json:"dispute" enum:"open,won,lost" doc:"A dispute about the payment at the bank: open, or won or lost by us. Null for none."`
	PageURL     *string   `json:"hosted_invoice_url" doc:"The payment provider's page of it."`
	PDF         *string   `json:"invoice_pdf"`
}

type invoicesOutput struct {
	Body struct {
		Data       []invoiceBody `json:"data"`
		NextCursor *string       `json:"next_cursor" doc:"Null on the last page."`
	}
}

func (a *API) invoices(ctx context.Context, in *PageQuery) (*invoicesOutput, error) {
	p, err := a.Billing.Invoices(ctx, caller(ctx), in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &invoicesOutput{}
	out.Body.Data, out.Body.NextCursor = make([]invoiceBody, len(p.Invoices)), orNull(p.Next)
	for i, v := range p.Invoices {
		out.Body.Data[i] = invoiceBody{
			v.ID, orNull(v.Number), v.Status, v.Cents, v.OffCents, v.TaxCents, v.Currency, v.CreatedAt,
			v.RefundedCents, orNull(v.Dispute), orNull(v.Page), orNull(v.PDF),
		}
	}
	return out, nil
}

type portalOutput struct {
	Body struct {
		URL string `json:"url" doc:"The payment provider's billing page: card, invoices, cancellation. Open it soon."`
	}
}

func (a *API) portal(ctx context.Context, _ *struct{}) (*portalOutput, error) {
	page, err := a.Billing.Portal(ctx, caller(ctx), a.PublicURL+"/account/plan")
	out := &portalOutput{}
	out.Body.URL = page
	return out, err
}

type entryBody struct {
	ID          string     `json:"id" format:"uuid"`
	At          time.Time  `json:"at"`
	Kind        string     `json:"kind" example:"paid"`
	Sentence    string     `json:"sentence" example:"On 3 March your card was charged $29.00 for pro until 3 April."`
	Tier        *string    `json:"tier"`
	AmountCents *int64     `json:"amount_cents" doc:"Null when it is not about money."`
	Currency    *string    `json:"currency"`
	Until       *time.Time `json:"until"`
}

type timelineOutput struct {
	Body struct {
		Data       []entryBody `json:"data"`
		NextCursor *string     `json:"next_cursor" doc:"Null on the last page."`
		Total      int         `json:"total"`
	}
}

func (a *API) timeline(ctx context.Context, in *PageQuery) (*timelineOutput, error) {
	st, err := a.Billing.Timeline(ctx, caller(ctx), in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &timelineOutput{}
	out.Body.Data, out.Body.NextCursor, out.Body.Total = make([]entryBody, len(st.Entries)), orNull(st.Next), st.Total
	for i, e := range st.Entries {
		out.Body.Data[i] = entryBody{
			e.ID, e.At, e.Kind, e.Sentence, orNull(e.Tier), e.Cents, orNull(e.Currency),
			orNull(e.Until),
		}
	}
	return out, nil
}

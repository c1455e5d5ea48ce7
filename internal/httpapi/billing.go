package httpapi

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
)

type planBody struct {
	Tier             string `json:"tier"`
	MonthlyCents     int    `json:"monthly_cents" doc:"US cents a month."`
	Analyses         int    `json:"analyses" doc:"Analyses a period."`
	PostsPerAnalysis int    `json:"posts_per_analysis"`
	XReads           int    `json:"x_reads" doc:"Posts read from X a period."`
	Model            string `json:"model"`
	TrialDays        int    `json:"trial_days" doc:"Days that a person's first plan costs nothing; 0 for no trial."`
}

type plansOutput struct {
	Body struct {
		Data []planBody `json:"data"`
	}
}

func (a *API) plans(context.Context, *struct{}) (*plansOutput, error) {
	out := &plansOutput{}
	for _, t := range a.Billing.Plans() {
		out.Body.Data = append(out.Body.Data, planBody{
			t.Name, t.MonthlyCents, t.Quota, t.MaxPosts, t.Reads, t.Model,
			a.Billing.TrialDays(),
		})
	}
	return out, nil
}

type subscriptionBody struct {
	Tier              string     `json:"tier" enum:"none,basic,pro" doc:"What you may use now."`
	Plan              string     `json:"plan" doc:"What you subscribed to, paid or not."`
	Status            string     `json:"status"`
	Entitled          bool       `json:"entitled" doc:"Whether analyses may be started now."`
	PeriodStart       *time.Time `json:"period_start"`
	PeriodEnd         *time.Time `json:"period_end"`
	EntitledUntil     *time.Time `json:"entitled_until" doc:"Grace included."`
	CancelAtPeriodEnd bool       `json:"cancel_at_period_end"`
	CancelAt          *time.Time `json:"cancel_at"`
	ClientSecret      string     `json:"client_secret,omitempty" doc:"When the bank must confirm: for Stripe.js. One that begins with pi_ is of a payment (confirmPayment), with seti_ of the card of a trial (confirmSetup). Asking for the same plan again gives it again."`
	CheckoutURL       string     `json:"checkout_url,omitempty" doc:"Open it to pay, when no payment method was sent."`
	ConfirmURL        string     `json:"confirm_url,omitempty" doc:"The page on which your bank confirms a change; instead of client_secret."`

	PendingChange *pendingBody `json:"pending_change" doc:"A change that is not in force yet."`
	GraceUntil    *time.Time   `json:"grace_until" doc:"After a failed payment: your plan counts until then. Put another card in place before."`
	NextAttempt   *time.Time   `json:"next_payment_attempt" doc:"After a failed payment: when your card is charged again. Null when it is not."`
	TrialEnd      *time.Time   `json:"trial_end" doc:"While you try the plan for free: until when."`
	NoCard        bool         `json:"no_card" doc:"There is nothing to charge. Put a card in place on the payment provider's page."`
	Quota         *counter     `json:"quota,omitempty" doc:"Analyses of this period."`
}

type subscriptionOutput struct{ Body subscriptionBody }

func newSubscriptionBody(s billing.Subscription) subscriptionBody {
	return subscriptionBody{
		Tier: tierName(s.Tier), Plan: s.Plan, Status: cmp.Or(string(s.Status), "none"), Entitled: s.Tier.Name != "",
		PeriodStart: orNull(s.PeriodStart), PeriodEnd: orNull(s.PeriodEnd),
		EntitledUntil: orNull(s.EntitledUntil), CancelAtPeriodEnd: s.CancelAtPeriodEnd, CancelAt: orNull(s.CancelAt),
		PendingChange: newPendingBody(s.Pending), GraceUntil: orNull(s.GraceUntil), NextAttempt: orNull(s.NextTry),
		TrialEnd: orNull(s.TrialEnd), NoCard: s.NoCard,
	}
}

type subscribeInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"The same key and body make one subscription, however often they are sent."`
	Body           struct {
		Tier            string `json:"tier" enum:"basic,pro"`
		PaymentMethodID string `json:"payment_method_id,omitempty" maxLength:"200" doc:"Of Stripe; without it you get a checkout_url."`
		PromotionCode   string `json:"promotion_code,omitempty" maxLength:"100" example:"WELCOME"`
	}
}

func (a *API) subscribe(ctx context.Context, in *subscribeInput) (*subscriptionOutput, error) {
	s, err := a.Billing.Subscribe(ctx, caller(ctx), billing.SubscribeRequest{
		Tier: in.Body.Tier, PaymentMethod: in.Body.PaymentMethodID, PromotionCode: in.Body.PromotionCode,
		ReturnURL:      a.PublicURL + "/",
		IdempotencyKey: in.IdempotencyKey,
	})
	if err != nil {
		return nil, err
	}
	out := &subscriptionOutput{newSubscriptionBody(s.Subscription)}
	out.Body.ClientSecret, out.Body.CheckoutURL = s.ClientSecret, s.CheckoutURL
	return out, nil
}

func (a *API) subscription(ctx context.Context, _ *struct{}) (*subscriptionOutput, error) {
	s, u, err := a.Billing.SubscriptionAndUsage(ctx, caller(ctx))
	mayKeep(ctx, s.ChangesAt)
	mayKeep(ctx, u.ChangesAt)
	out := &subscriptionOutput{newSubscriptionBody(s)}
	out.Body.Quota = new(counter(u.Quota))
	return out, err
}

type cancelInput struct {
	AtPeriodEnd bool `query:"at_period_end" default:"true" doc:"False ends access at once, without a refund."`
}

func (a *API) cancelSubscription(ctx context.Context, in *cancelInput) (*subscriptionOutput, error) {
	s, err := a.Billing.Cancel(ctx, caller(ctx), in.AtPeriodEnd)
	return &subscriptionOutput{newSubscriptionBody(s)}, err
}

func (a *API) resumeSubscription(ctx context.Context, _ *struct{}) (*subscriptionOutput, error) {
	s, err := a.Billing.Resume(ctx, caller(ctx))
	return &subscriptionOutput{newSubscriptionBody(s)}, err
}

// maxWebhook is more than Stripe ever sends.
const maxWebhook = 256 << 10

// stripeWebhook takes the raw bytes, because the signature is over them.
func (a *API) stripeWebhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if err != nil {
		a.refuse(w, r, unread(err))
		return
	}
	err = a.Billing.Accept(r.Context(), body, r.Header.Get("Stripe-Signature"))
	switch {
	case errors.Is(err, fault.ValidationFailed):
		p := newProblem(r.Context(), fault.From(err))
		// what Stripe's own libraries answer
		p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
		write(w, p)
	case err != nil:
		a.refuse(w, r, err)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

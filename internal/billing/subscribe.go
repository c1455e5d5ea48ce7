package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// An attempt to subscribe may take attemptTime; a claim outlives it, so that of two attempts only one speaks to Stripe,
// and the claim of a process that died is taken over when none of its calls can still be under way.
const (
	attemptTime = time.Minute
	claimTime   = 2 * time.Minute
)

// SubscribeRequest asks for a plan.
type SubscribeRequest struct {
	Tier          string // "basic" or "pro"
	PaymentMethod string // Stripe's id, such as pm_…; empty asks for a checkout page instead
	PromotionCode string // as the person typed it; empty for none
	// where the checkout page leads back to: a path, or an address under PublicURL; empty is the start page
	ReturnURL string

	IdempotencyKey string // the same key and request have one effect; "" for none
}

// Subscribed is a plan, or the way to it.
type Subscribed struct {
	Subscription
	// set when the bank must confirm the first payment (pi_…), or the card of a trial (seti_…): for Stripe.js
	ClientSecret string `json:"client_secret,omitempty"`
	CheckoutURL  string `json:"checkout_url,omitempty"` // set when no payment method was given: where the user pays
}

// Subscribe starts the user's subscription, with the card at once or by a checkout page. There is never a second one: a
// live plan is refused with [fault.SubscriptionExists], an attempt under way with [fault.Conflict], and what an earlier
// attempt left at Stripe is taken over. A declined card is [fault.ValidationFailed] and says why. A request that names
// a key which was used for another one is [fault.IdempotencyMismatch].
func (s *Service) Subscribe(ctx context.Context, userID string, r SubscribeRequest) (Subscribed, error) {
	if s.off {
		return Subscribed{}, errOff
	}
	done, back, err := s.check(r)
	if err != nil {
		return Subscribed{}, err
	}
	// A user who closes the page does not cut an attempt in two.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer cancel()
	if out, found, err := s.repeated(ctx, userID, r); found || err != nil {
		return out, err
	}
	code, err := s.codeFor(ctx, userID, r.PromotionCode)
	if err != nil {
		return Subscribed{}, err
	}
	claimed, err := s.claim(ctx, userID, r)
	if errors.Is(err, db.ErrNotFound) {
		return s.taken(ctx, userID, r)
	}
	if err != nil {
		return Subscribed{}, err
	}
	a := &attempt{s, claimed, r, code, done, back}
	out, err := a.run(ctx)
	if err != nil {
		a.giveUp(ctx, err)
	}
	return out, err
}

// check refuses what cannot be right before anything is written, and makes the addresses to return to.
func (s *Service) check(r SubscribeRequest) (done, back string, err error) {
	if err := cmp.Or(s.checkTier(r.Tier), r.once("").Check()); err != nil {
		return "", "", err
	}
	if r.PaymentMethod != "" && (len(r.PaymentMethod) > 255 || !strings.HasPrefix(r.PaymentMethod, "pm_") ||
		strings.ContainsAny(r.PaymentMethod, "/?#% ")) {
		const say = "The payment method must be an id from Stripe that begins with pm_."
		return "", "", fault.ValidationFailed.Saying(say).At("body.payment_method_id", say)
	}
	u, err := s.returnTo(r.ReturnURL)
	if err != nil {
		return "", "", err
	}
	return with(u, "done"), with(u, "cancelled"), nil
}

// returnTo is where a page of Stripe's leads back to: on this site, or refused.
func (s *Service) returnTo(address string) (url.URL, error) {
	u, err := s.home.Parse(address)
	if err != nil || len(address) > 2_000 || u.Scheme != s.home.Scheme || u.Host != s.home.Host || u.User != nil {
		const say = "The return address must be a path of this site."
		return url.URL{}, fault.ValidationFailed.Saying(say).At("body.return_url", say)
	}
	return *u, nil
}

func with(u url.URL, outcome string) string {
	q := u.Query()
	q.Set("checkout", outcome)
	u.RawQuery = q.Encode()
	return u.String()
}

// claim takes the user's row for one attempt. It answers [db.ErrNotFound] when the row is not to be had: a live
// subscription, or another attempt. A user who is being erased gets none.
func (s *Service) claim(ctx context.Context, userID string, ask SubscribeRequest) (plan.Row, error) {
	var r plan.Row
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		var leaving string
		var erasing bool
		db.Want(tx, db.Value[string], &leaving, &erasing,
			`SELECT user_id FROM erasures WHERE user_id = $1 AND locked_at IS NOT NULL`, userID)
		tx.Touch(userID)
		var err error
		r, err = db.One(ctx, tx, scanRow,
			`INSERT INTO subscriptions (id, user_id, stripe_customer_id, tier, status, created_at, updated_at)
			VALUES ($1, $2, '', '', 'creating', $3, $3)
			ON CONFLICT (user_id) DO UPDATE SET status = 'creating', updated_at = excluded.updated_at
			WHERE subscriptions.status IN ('none', 'checkout', 'canceled', 'incomplete_expired')
			OR subscriptions.status = 'creating' AND subscriptions.updated_at < $4
			RETURNING `+rowColumns, db.NewID(), userID, tx.Now(), tx.Now().Add(-claimTime))
		if erasing {
			return fault.Conflict.Saying("This account is being erased, so it can have no plan.")
		}
		if err == nil {
			ask.once(userID).Claim(tx, r.ID)
		}
		return err
	})
	return r, err
}

// refuseOrResume answers when the row was not to be had. Asking again for the plan whose first payment, or card, waits
// for the bank gives its client secret again.
func (s *Service) refuseOrResume(ctx context.Context, userID, tier string) (Subscribed, error) {
	r, err := s.rowOf(ctx, db.System, userID)
	if err != nil {
		return Subscribed{}, err
	}
	if r.Status == plan.Creating {
		return Subscribed{}, fault.Conflict.Saying("Your plan is being set up right now. Look again in a " +
			"moment.").After(5 * time.Second)
	}
	if !r.Status.AsksBank() {
		return Subscribed{}, fault.SubscriptionExists
	}
	now, err := s.stripe.Subscription(ctx, r.SubscriptionID)
	if err != nil {
		return Subscribed{}, err
	}
	if r.Status == plan.Trialing && !now.AsksBank() {
		return Subscribed{}, fault.SubscriptionExists
	}
	return s.adopt(ctx, r, now, tier)
}

// adopt mirrors a subscription that Stripe has for the user and answers with it, if it is the one asked for.
func (s *Service) adopt(ctx context.Context, current plan.Row, r plan.Remote, tier string) (Subscribed, error) {
	next, err := s.save(ctx, current, r, []plan.Charge{r.Invoice}, change{actor: "user"})
	if errors.Is(err, errStale) { // its webhook was quicker
		next, err = s.sync(ctx, change{
			actor: "user",
			load:  func(ctx context.Context) (plan.Row, error) { return s.rowOf(ctx, db.System, current.UserID) },
			fetch: func(ctx context.Context) (plan.Remote, error) { return s.stripe.Subscription(ctx, r.ID) },
		})
	}
	switch {
	case err != nil:
		return Subscribed{}, err
	case r.Tier != tier && r.Status == plan.Incomplete:
		return Subscribed{}, fault.SubscriptionExists.Saying("Another plan of yours waits for its first payment. Confirm " +
			"that payment, or cancel that plan first.")
	case r.Tier != tier:
		return Subscribed{}, fault.SubscriptionExists
	}
	out := Subscribed{Subscription: s.show(next)}
	if r.AsksBank() {
		out.ClientSecret = r.Secret
	}
	return out, nil
}

// attempt is one claimed try to subscribe.
type attempt struct {
	s          *Service
	row        plan.Row
	r          SubscribeRequest
	code       plan.Promotion
	done, back string
}

func (a *attempt) run(ctx context.Context) (Subscribed, error) {
	if err := a.customer(ctx); err != nil {
		return Subscribed{}, err
	}
	// What an earlier attempt left there comes first: close what could still be paid, then see what was.
	if err := a.s.stripe.CloseCheckouts(ctx, a.row.CustomerID); err != nil {
		return Subscribed{}, err
	}
	sub, before, err := a.s.stripe.Existing(ctx, a.row.CustomerID)
	if err != nil {
		return Subscribed{}, err
	}
	if sub.ID == "" {
		t, err := a.terms(ctx, before)
		if err != nil {
			return Subscribed{}, err
		}
		if a.r.PaymentMethod == "" {
			return a.checkout(ctx, t)
		}
		sub, err = a.s.stripe.Subscribe(ctx, a.start("subscription", t), a.r.PaymentMethod)
		if err != nil {
			return Subscribed{}, err
		}
	}
	return a.s.adopt(ctx, a.row, sub, a.r.Tier)
}

// terms are what the plan begins with. Who had one before, if only at Stripe, has no trial.
func (a *attempt) terms(ctx context.Context, before bool) (stripeapi.Terms, error) {
	t := stripeapi.Terms{WithoutCard: a.s.offer.Trial.WithoutCard, PromotionCode: a.code.ID}
	if before {
		return t, nil
	}
	var err error
	t.TrialDays, err = a.s.trialFor(ctx, a.row, a.row.UserID)
	return t, err
}

// start is what is asked of Stripe.
func (a *attempt) start(what string, t stripeapi.Terms) stripeapi.Start {
	return stripeapi.Start{
		User: a.row.UserID, Customer: a.row.CustomerID, Tier: a.r.Tier, Key: a.key(what), Terms: t,
	}
}

// key is the same for whatever repeats this attempt, and of no other: an answer Stripe keeps for a day, even a failure,
// must not come back to the next attempt.
func (a *attempt) key(what string) string {
	return fmt.Sprintf("repazoo-%s-%s-%d", what, a.row.ID, a.row.UpdatedAt.UnixMicro())
}

// customer makes sure that the row names a customer before anything is made for them.
func (a *attempt) customer(ctx context.Context) error {
	id, err := a.s.stripe.Customer(ctx, a.row.UserID, a.row.CustomerID)
	if err != nil || id == a.row.CustomerID {
		return err
	}
	a.row.CustomerID = id
	return a.update(ctx, `stripe_customer_id = $3`, id)
}

func (a *attempt) checkout(ctx context.Context, t stripeapi.Terms) (Subscribed, error) {
	page, err := a.s.stripe.Checkout(ctx, a.start("checkout", t), a.done, a.back)
	if err != nil {
		return Subscribed{}, err
	}
	a.row.Status = plan.Checkout
	if err := a.update(ctx, `status = $3`, string(plan.Checkout)); err != nil {
		return Subscribed{}, err
	}
	return Subscribed{Subscription: a.s.show(a.row), CheckoutURL: page}, nil
}

// update changes the row while the claim holds. It keeps the version: nothing that was mirrored changes.
func (a *attempt) update(ctx context.Context, set, value string) error {
	return a.s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Touch(a.row.UserID)
		n, err := tx.Exec(ctx, `UPDATE subscriptions SET `+set+` WHERE id = $1 AND updated_at = $2
			AND status = 'creating'`, a.row.ID, a.row.UpdatedAt, value)
		if err == nil && n == 0 {
			err = fault.Conflict.Saying("Your plan changed meanwhile. Look at it and try again.")
		}
		return err
	})
}

// giveUp frees the claim if Stripe has answered. An attempt with an unknown outcome keeps it until nothing of it can be
// under way any more, because Stripe may yet make what was asked for.
func (a *attempt) giveUp(ctx context.Context, why error) {
	if !stripeapi.Settled(why) {
		return
	}
	err := a.s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Touch(a.row.UserID)
		n, err := tx.Exec(ctx, `UPDATE subscriptions SET status = CASE WHEN stripe_subscription_id IS NULL THEN 'none' ELSE
			'canceled' END
			WHERE id = $1 AND updated_at = $2 AND status = 'creating'`, a.row.ID, a.row.UpdatedAt)
		if err == nil && n == 1 {
			a.r.once(a.row.UserID).Forget(tx)
			audit.Record(ctx, tx, audit.Event{
				UserID: a.row.UserID, Actor: "user", Action: audit.SubscriptionRefused,
				Resource: "subscription:" + a.row.ID,
			})
		}
		return err
	})
	if err != nil {
		a.s.log.WarnContext(ctx, "the claim of a failed subscription was not freed; it frees itself in two minutes",
			"error", err)
	}
}

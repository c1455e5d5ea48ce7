package billing_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// histories is how many random histories TestModel plays on each database. Without a wish it is 0: then it plays the
// same few each time.
func histories() int {
	n, _ := strconv.Atoi(os.Getenv("REPAZOO_HISTORIES"))
	return n
}

const sameFew = 5

// TestModel plays histories: what users do, what cards do, how webhooks travel, and months that pass. After each, what
// is here is what Stripe has, the ledger is what the analyses are, nobody who paid is without access, and nobody has it
// who did not pay, beyond grace and one trial. Random ones:
//
//	REPAZOO_HISTORIES=1000 go test ./internal/billing -run TestModel -rapid.checks=1000
func TestModel(t *testing.T) {
	t.Parallel()
	random := rapid.SliceOfN(rapid.Custom(drawStep), 20, 60)
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{
		"sqlite":   dbtest.SQLite,
		"postgres": dbtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &chronicle{t: t, open: open}
			if histories() == 0 {
				for seed := range sameFew {
					c.play(random.Example(seed))
				}
			} else {
				rapid.Check(t, func(rt *rapid.T) {
					history := random.Draw(rt, "history")
					if (c.played < histories() || t.Failed()) && !c.play(history) {
						rt.Fatalf("see above")
					}
				})
			}
			t.Logf("%d histories, %d steps, %.0f months", c.played, c.steps, c.months)
		})
	}
}

// chronicle counts what was played.
type chronicle struct {
	t             *testing.T
	open          func(testing.TB, func() time.Time) *db.DB
	played, steps int
	months        float64
}

func (c *chronicle) play(history []step) bool {
	c.played++
	c.steps += len(history)
	return c.t.Run(fmt.Sprintf("history-%d", c.played), func(t *testing.T) {
		m := newModel(newWorld(t, c.open))
		began := m.sb.Now()
		m.play(history)
		c.months += m.sb.Now().Sub(began).Hours() / 24 / 30
	})
}

// step is one thing that happens.
type step struct {
	Do       string
	User     int
	Tier     string
	Card     string
	On       bool
	Code     bool
	Trial    plan.Trial
	Hours    int
	Status   string
	Cents    int64 // 0 is all
	Delivery stripesandbox.Delivery
}

func drawStep(rt *rapid.T) step {
	s := step{
		Do: rapid.SampledFrom([]string{
			"subscribe", "subscribe", "checkout", "change", "change", "cancel", "resume", "card", "portal", "bank", "time",
			"time", "time", "time", "time", "time",
			"webhooks", "deliver", "start", "start", "commit", "release", "reconcile", "sweep", "leave",
			"retries", "refund", "dispute", "verdict", "policy",
		}).Draw(rt, "do"),
		User: rapid.IntRange(0, 1).Draw(rt, "user"),
	}
	switch s.Do {
	case "subscribe", "checkout":
		s.Tier = rapid.SampledFrom([]string{"basic", "pro"}).Draw(rt, "tier")
		s.Card = rapid.SampledFrom([]string{
			"pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined",
			"pm_card_chargeCustomerFail", "pm_card_authenticationRequired", "pm_card_authenticationRequiredOnSetup",
		}).Draw(rt,
			"card")
		s.On, s.Code = rapid.Bool().Draw(rt, "on"), rapid.Bool().Draw(rt, "code")
	case "change":
		s.Tier = rapid.SampledFrom([]string{"basic", "pro"}).Draw(rt, "tier")
		s.Code = rapid.Bool().Draw(rt, "code")
	case "policy":
		s.Trial = plan.Trial{
			Days:        rapid.SampledFrom([]int{0, 2, 14, 14}).Draw(rt, "days"),
			WithoutCard: rapid.SampledFrom([]string{"", plan.CancelWithoutCard, plan.PauseWithoutCard}).Draw(rt, "without card"),
		}
	case "cancel":
		s.On = rapid.Bool().Draw(rt, "on")
	case "card":
		s.Card = rapid.SampledFrom([]string{"pm_card_visa", "pm_card_chargeCustomerFail"}).Draw(rt, "card")
	case "time", "portal":
		s.Hours = rapid.SampledFrom([]int{24 * 31, 24 * 15, 24 * 62, 24 * 5, 72, 23, 1}).Draw(rt, "hours")
	case "retries":
		s.Status = rapid.SampledFrom([]string{"canceled", "unpaid", "past_due"}).Draw(rt, "afterwards")
	case "refund":
		s.Cents = rapid.SampledFrom([]int64{0, 100, 2900}).Draw(rt, "cents")
	case "verdict":
		s.Status = rapid.SampledFrom([]string{"won", "lost"}).Draw(rt, "verdict")
		s.On = rapid.Bool().Draw(rt, "on")
	case "webhooks":
		s.Delivery = stripesandbox.Delivery{
			Duplicate: rapid.Bool().Draw(rt, "duplicate"), Reorder: rapid.Bool().Draw(rt, "reorder"),
			Lose: rapid.Bool().Draw(rt, "lose"),
		}
	}
	return s
}

// model is two users in a world of their own.
type model struct {
	*world
	users   [2]string
	secrets [2]string                // of a payment or a trial's card that the bank asks about
	running [2][]billing.Reservation // analyses under way
	code    string                   // half price for two months
}

func newModel(w *world) *model {
	m := &model{
		world: w, users: [2]string{w.user(), w.user()},
		code: w.code("percent_off=50&duration=repeating&duration_in_months=2", ""),
	}
	m.setTrial(plan.Trial{Days: 14, WithoutCard: plan.PauseWithoutCard})
	return m
}

// setTrial changes the policy as an operator does between two starts of the server. What a trial gives stays.
func (m *model) setTrial(t plan.Trial) {
	t.Quota, t.Reads = 2, 100
	m.policy(func(c *billing.Config) { c.Trial = t })
}

// typed is what a user enters as a code.
func (m *model) typed(s step) string {
	if s.Code {
		return m.code
	}
	return ""
}

func (m *model) play(history []step) {
	m.t.Helper()
	for _, s := range history {
		m.take(s)
	}
	m.settle()
	m.check()
}

func (m *model) take(s step) {
	m.t.Helper()
	ctx, user := m.t.Context(), m.users[s.User]
	var err error
	switch s.Do {
	case "subscribe":
		var got billing.Subscribed
		if got, err = m.Subscribe(ctx, user, billing.SubscribeRequest{
			Tier: s.Tier, PaymentMethod: s.Card,
			PromotionCode: m.typed(s),
		}); got.ClientSecret != "" {
			m.secrets[s.User] = got.ClientSecret
		}
	case "checkout":
		var got billing.Subscribed
		if got, err = m.Subscribe(ctx, user, billing.SubscribeRequest{
			Tier:          s.Tier,
			PromotionCode: m.typed(s),
		}); err == nil && got.CheckoutURL != "" {
			// which counts where none is asked for
			card := map[bool]string{true: "visa", false: "none"}[s.Card == "pm_card_visa"]
			m.checkoutWith(got.CheckoutURL, url.Values{
				"action": {map[bool]string{true: "pay", false: "cancel"}[s.On]},
				"card":   {card},
			})
		}
	case "change":
		var got billing.Changed
		if got, err = m.Change(ctx, user, billing.ChangeRequest{
			Tier:          s.Tier,
			PromotionCode: m.typed(s),
		}); got.ClientSecret != "" {
			m.secrets[s.User] = got.ClientSecret
		}
	case "policy":
		m.setTrial(s.Trial)
	case "cancel":
		_, err = m.Cancel(ctx, user, s.On)
	case "resume":
		_, err = m.Resume(ctx, user)
	case "leave":
		_, err = m.Refresh(ctx, user)
	case "card", "portal":
		m.atStripe(s)
	case "bank":
		_ = m.sb.Stripe().Authenticate(m.secrets[s.User]) // the payment may be over
	case "time":
		m.sweep() // the server does so every ten minutes
		m.sb.Advance(time.Duration(s.Hours) * time.Hour)
		m.sweep()
	case "webhooks":
		m.sb.Stripe().Misdeliver(s.Delivery)
	case "retries":
		m.sb.Stripe().AfterRetries(s.Status)
	case "refund", "dispute", "verdict":
		m.takeBack(s)
	case "deliver":
		m.deliver()
	case "reconcile":
		err = m.Reconcile(ctx)
	case "sweep":
		m.sweep()
	default:
		err = m.analyse(s)
	}
	m.refusedAtMost(s, err)
}

// refusedAtMost wants an error to be one that a user may see.
func (m *model) refusedAtMost(s step, err error) {
	m.t.Helper()
	for _, known := range []*fault.Fault{
		fault.Conflict, fault.SubscriptionExists, fault.NotFound, fault.ValidationFailed, fault.SubscriptionRequired,
		fault.QuotaExceeded, fault.PaymentProviderError,
	} {
		if errors.Is(err, known) {
			return
		}
	}
	if err != nil {
		m.t.Fatalf("%+v: %v", s, err)
	}
}

// atStripe is what a user does on Stripe's own pages.
func (m *model) atStripe(s step) {
	m.t.Helper()
	for _, sub := range m.subscriptionsOf(m.users[s.User]) {
		// whose end Stripe does not let be set
		if sub.Status == "canceled" || sub.Status == "incomplete_expired" || s.Do == "portal" && sub.Schedule != nil {
			continue
		}
		params := &stripe.SubscriptionUpdateParams{CancelAt: new(m.sb.Now().Add(time.Duration(s.Hours) * time.Hour).Unix())}
		if s.Do == "card" {
			card, err := m.api.V1PaymentMethods.Attach(m.t.Context(), s.Card,
				&stripe.PaymentMethodAttachParams{Customer: &sub.Customer.ID})
			m.must(nil, err)
			params = &stripe.SubscriptionUpdateParams{DefaultPaymentMethod: &card.ID}
		}
		m.must(m.api.V1Subscriptions.Update(m.t.Context(), sub.ID, params))
	}
}

// takeBack is what operators and banks do to a user's newest payment. What is refused was refunded or decided before.
func (m *model) takeBack(s step) {
	m.t.Helper()
	subs := m.subscriptionsOf(m.users[s.User])
	if len(subs) == 0 {
		return
	}
	invoice := subs[0].LatestInvoice.ID
	switch s.Do {
	case "dispute":
		_ = m.sb.Stripe().Dispute(invoice)
	case "verdict":
		_ = m.sb.Stripe().Decide(invoice, s.Status, s.On)
	default:
		params := &stripe.RefundCreateParams{PaymentIntent: m.intent(invoice)}
		if s.Cents > 0 {
			params.Amount = &s.Cents
		}
		_, _ = m.api.V1Refunds.Create(m.t.Context(), params)
	}
}

func (m *model) intent(invoice string) *string {
	for p, err := range m.api.V1InvoicePayments.List(m.t.Context(),
		&stripe.InvoicePaymentListParams{Invoice: &invoice}).All(m.t.Context()) {
		m.must(nil, err)
		return &p.Payment.PaymentIntent.ID
	}
	return new("pi_none")
}

func (m *model) subscriptionsOf(user string) []*stripe.Subscription {
	return slices.DeleteFunc(m.stripeSubscriptions(),
		func(s *stripe.Subscription) bool { return s.Metadata["repazoo_user"] != user })
}

// analyse starts an analysis, or ends the oldest that is under way.
func (m *model) analyse(s step) error {
	user := m.users[s.User]
	if s.Do == "start" {
		r, err := m.reserve(user)
		if err == nil {
			m.exec(`INSERT INTO analyses (id, user_id, handle, purpose, max_posts, tier, model, status, stage, period_start,
				created_at)
				VALUES ($1, $2, 'ann', 'personal_reputation', 1, 'basic', 'm', 'running', 'collect', $3, $4)`, db.NewID(), user,
				r.PeriodStart, m.sb.Now())
			m.running[s.User] = append(m.running[s.User], r)
		}
		return err
	}
	if len(m.running[s.User]) == 0 {
		return nil
	}
	r := m.running[s.User][0]
	m.running[s.User] = m.running[s.User][1:]
	end, status := m.Commit, "completed"
	if s.Do == "release" {
		end, status = m.Release, "failed"
	}
	return m.d.InTx(m.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		tx.Later(`UPDATE analyses SET status = $3 WHERE id = (SELECT id FROM analyses WHERE user_id = $1
			AND period_start = $2 AND status = 'running' ORDER BY id LIMIT 1)`, user, r.PeriodStart, status)
		return end(ctx, tx, user, r.PeriodStart)
	})
}

// settle is what the server does by itself within the hour.
func (m *model) settle() {
	m.t.Helper()
	m.sb.Stripe().Misdeliver(stripesandbox.Delivery{})
	m.deliver()
	m.sweep()
	m.must(nil, m.Reconcile(m.t.Context()))
}

func (m *model) check() {
	m.t.Helper()
	if all, _ := m.examine(false); len(all) > 0 {
		m.t.Errorf("not what Stripe has, or not what the analyses are: %+v", all)
	}
	m.checkReturns()
	for i, user := range m.users {
		live, trials, paid := 0, 0, ""
		for _, sub := range m.subscriptionsOf(user) {
			if sub.Status != "canceled" && sub.Status != "incomplete_expired" {
				live++
			}
			if sub.TrialEnd != 0 {
				trials++
			}
			// newest first: a plan that was bought anew takes the place of what is left of another
			if paid == "" && counts(m, sub) {
				paid = map[string]string{
					stripesandbox.BasicPrice: "basic",
					stripesandbox.ProPrice:   "pro",
				}[sub.Items.Data[0].Price.ID]
			}
		}
		if trials > 1 {
			m.t.Errorf("user %d had %d trials", i, trials)
		}
		if live > 1 {
			m.t.Errorf("user %d has %d live subscriptions", i, live)
		}
		if got := m.subscription(user).Tier.Name; got != paid {
			m.t.Errorf("user %d may use %q, and paid for %q", i, got, paid)
		}
	}
}

// counts tells, from what Stripe says alone, whether a subscription gives access now.
func counts(m *model, sub *stripe.Subscription) bool {
	item, now := sub.Items.Data[0], m.sb.Now()
	switch sub.Status {
	case "active":
		return true
	case "trialing":
		return now.Before(time.Unix(sub.TrialEnd, 0))
	case "past_due":
		return now.Before(time.Unix(firstOwed(m, sub), 0).Add(72 * time.Hour))
	case "canceled":
		return sub.CancellationDetails.Reason != "payment_disputed" && sub.TrialEnd < item.CurrentPeriodEnd &&
			now.Before(time.Unix(item.CurrentPeriodEnd, 0)) && paidUntil(m, sub) == item.CurrentPeriodEnd
	}
	return false
}

// firstOwed is when the first period began that was not paid, and after which none was.
func firstOwed(m *model, sub *stripe.Subscription) (since int64) {
	for in, err := range m.api.V1Invoices.List(m.t.Context(),
		&stripe.InvoiceListParams{Subscription: &sub.ID}).All(m.t.Context()) {
		m.must(nil, err)
		if in.BillingReason != "subscription_cycle" {
			continue
		}
		if in.Status == "paid" {
			break
		}
		since = in.Lines.Data[0].Period.Start
	}
	return since
}

// paidUntil is how far the paid invoices of a subscription reach. The latest may be of a change that was never paid.
func paidUntil(m *model, sub *stripe.Subscription) (until int64) {
	for in, err := range m.api.V1Invoices.List(m.t.Context(),
		&stripe.InvoiceListParams{Subscription: &sub.ID}).All(m.t.Context()) {
		m.must(nil, err)
		if in.Status != "paid" {
			continue
		}
		for _, l := range in.Lines.Data {
			until = max(until, l.Period.End)
		}
	}
	return until
}

// checkReturns wants every refund and dispute that Stripe has to be counted as Stripe has it.
func (m *model) checkReturns() {
	m.t.Helper()
	want := map[string]string{}
	for re, err := range m.api.V1Refunds.List(m.t.Context(), nil).All(m.t.Context()) {
		m.must(nil, err)
		want[re.ID] = fmt.Sprint(re.Amount, re.Status)
	}
	for d, err := range m.api.V1Disputes.List(m.t.Context(), nil).All(m.t.Context()) {
		m.must(nil, err)
		want[d.ID] = fmt.Sprint(d.Amount, d.Status)
	}
	type stored struct{ id, what string }
	found, err := db.Read(m.t.Context(), m.d, db.System, func(r db.Rows, v *stored) error {
		var cents int64
		var status string
		err := r.Scan(&v.id, &cents, &status)
		v.what = fmt.Sprint(cents, status)
		return err
	}, `SELECT id, cents, status FROM payment_returns`)
	m.must(nil, err)
	got := map[string]string{}
	for _, f := range found {
		got[f.id] = f.what
	}
	if !maps.Equal(got, want) {
		m.t.Errorf("went back: %v here, %v by Stripe", got, want)
	}
}

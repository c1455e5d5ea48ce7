package billing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
)

// compare says where a row, its customer and its ledger are not what Stripe makes of them. It changes nothing.
func (s *Service) compare(ctx context.Context, r plan.Row) ([]Difference, error) {
	var all []Difference
	for _, look := range []func(context.Context, plan.Row) ([]Difference, error){
		s.compareCustomer,
		s.compareSubscription, s.compareLive, s.compareLedger,
	} {
		found, err := look(ctx, r)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func differs(r plan.Row, kind, about, remedy, format string, args ...any) []Difference {
	return []Difference{{
		Kind: kind, UserID: r.UserID, About: about, Remedy: remedy,
		Sentence: fmt.Sprintf(format, args...),
	}}
}

// compareCustomer asks only what matters while a plan may charge: a customer that is gone is made again when it is
// needed.
func (s *Service) compareCustomer(ctx context.Context, r plan.Row) ([]Difference, error) {
	if r.CustomerID == "" {
		return nil, nil
	}
	cu, err := s.stripe.CustomerNow(ctx, r.CustomerID)
	switch {
	case err != nil:
		return nil, err
	case cu.Missing && r.Status.Live():
		return differs(r, "customer_missing", r.CustomerID,
			"Is STRIPE_SECRET_KEY of another account or mode than when this customer was made?",
			"Stripe does not have the customer %s of this user, whose plan here is %s.", r.CustomerID, r.Status), nil
	case cu.Missing:
		return nil, nil
	case cu.Deleted && r.Status.Live():
		return differs(r, "customer_deleted", r.CustomerID, "",
			"The customer %s was deleted at Stripe, but the plan here is %s.", r.CustomerID, r.Status), nil
	case !cu.Deleted && cu.User != "" && cu.User != r.UserID:
		return differs(r, "customer_of_another_user", r.CustomerID,
			"Find out in Stripe's Dashboard who pays with this customer, and correct its metadata "+stripeapi.MetaUser+".",
			"The customer %s is of another user by Stripe's account (%s).", r.CustomerID, cu.User), nil
	}
	return nil, nil
}

// compareSubscription mirrors the subscription as it is at Stripe, and says what that would change.
func (s *Service) compareSubscription(ctx context.Context, r plan.Row) ([]Difference, error) {
	if r.SubscriptionID == "" {
		return nil, nil
	}
	now, err := s.stripe.Subscription(ctx, r.SubscriptionID)
	if stripeapi.Unknown(err) {
		return differs(r, "subscription_missing", r.SubscriptionID,
			"Is STRIPE_SECRET_KEY of another account or mode than when this plan was bought?",
			"Stripe does not have the subscription %s, which is %s here.", r.SubscriptionID, r.Status), nil
	}
	if err != nil {
		return nil, err
	}
	differ := differences(r, plan.Mirror(r, now, s.now()))
	if len(differ) == 0 {
		return nil, nil
	}
	return differs(r, "subscription_differs", r.SubscriptionID, "", "The subscription %s is not as Stripe has it: %s.",
		r.SubscriptionID, strings.Join(differ, "; ")), nil
}

// differences says field by field how the row would change.
func differences(here, there plan.Row) []string {
	var all []string
	note := func(what, here, there string) {
		if here != there {
			all = append(all, fmt.Sprintf("%s is %s here and %s by Stripe", what, orNone(here), orNone(there)))
		}
	}
	note("its state", string(here.Status), string(there.Status))
	note("its plan", here.Tier, there.Tier)
	note("the beginning of its period", moment(here.PeriodStart), moment(there.PeriodStart))
	note("the end of its period", moment(here.PeriodEnd), moment(there.PeriodEnd))
	note("its scheduled end", moment(here.CancelAt), moment(there.CancelAt))
	note("ending with its period", yesNo(here.CancelAtPeriodEnd), yesNo(there.CancelAtPeriodEnd))
	note("the end of its trial", moment(here.TrialEnd), moment(there.TrialEnd))
	note("the next try of its payment", moment(here.NextTry), moment(there.NextTry))
	note("the end of access", moment(here.EntitledUntil), moment(there.EntitledUntil))
	return all
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 January 2006 15:04:05 UTC")
}

func dayOf(t time.Time) string { return t.UTC().Format("2 January 2006") }

// compareLive looks for a live subscription of the customer that the row should be about.
func (s *Service) compareLive(ctx context.Context, r plan.Row) ([]Difference, error) {
	if r.Status.Live() || r.CustomerID == "" {
		return nil, nil
	}
	found, err := s.stripe.LiveSubscription(ctx, r.CustomerID)
	if stripeapi.Unknown(err) || err == nil && (found.ID == "" || found.ID == r.SubscriptionID) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return differs(r, "subscription_unknown", found.ID, "",
		"Stripe has the live subscription %s (%s) for this user; here the plan is %s.", found.ID, found.Status, r.Status), nil
}

// compareLedger holds the periods that count now against the mirrored row.
func (s *Service) compareLedger(ctx context.Context, r plan.Row) ([]Difference, error) {
	now := s.now()
	rows, err := db.Read(ctx, s.db, db.System, scanPeriod,
		`SELECT `+periodColumns+` FROM quota_periods WHERE user_id = $1 AND (period_start = $2 OR entitled_until > $3)
		ORDER BY period_start DESC LIMIT 20`, r.UserID, r.PeriodStart, now)
	if err != nil {
		return nil, err
	}
	tier := s.offer.Gives(r.Tier, r)
	if tier.Name == "" || !r.EntitledUntil.After(now) {
		return openTooLong(r, rows, now), nil
	}
	want := plan.NewPeriod(tier, r.PeriodStart, r.PeriodEnd, r.EntitledUntil)
	for _, p := range rows {
		if p.Start.Equal(r.PeriodStart) {
			return wrongPeriod(r, p, want), nil
		}
	}
	return differs(r, "ledger_missing", plan.Stamp(r.PeriodStart), "",
		"The plan %s is paid from %s on, but the ledger has no such period.", r.Tier, dayOf(r.PeriodStart)), nil
}

// openTooLong finds periods that still give analyses to a user whose plan does not.
func openTooLong(r plan.Row, rows []plan.Period, now time.Time) []Difference {
	for _, p := range rows {
		if p.EntitledUntil.After(now) {
			return differs(r, "ledger_open", plan.Stamp(p.Start), "",
				"The ledger still gives analyses of %s until %s, but no plan that counts now is behind it.", p.Tier,
				moment(p.EntitledUntil))
		}
	}
	return nil
}

func wrongPeriod(r plan.Row, p, want plan.Period) []Difference {
	var all []string
	note := func(what string, here, there any) {
		if here != there {
			all = append(all, fmt.Sprintf("%s %v instead of %v", what, here, there))
		}
	}
	note("plan", p.Tier, want.Tier)
	note("quota", p.Quota, want.Quota)
	note("reads", p.ReadsLimit, want.ReadsLimit)
	note("end", moment(p.End), moment(want.End))
	note("access until", moment(p.EntitledUntil), moment(want.EntitledUntil))
	if len(all) == 0 {
		return nil
	}
	return differs(r, "ledger_differs", plan.Stamp(p.Start), "",
		"The ledger's period from %s does not agree with the plan: %s.", dayOf(p.Start), strings.Join(all, "; "))
}

// Difference is something that Stripe and this database tell differently, or that the database contradicts itself in.
type Difference struct {
	Kind     string `json:"kind"`              // such as "subscription_differs"; stable, for machines
	UserID   string `json:"user_id,omitempty"` // whose; empty when nobody here
	About    string `json:"about"`             // an id, of Stripe's where there is one
	Sentence string `json:"sentence"`          // what differs, for a person
	Remedy   string `json:"remedy,omitempty"`  // what a person can do, where Fix cannot
	Fixed    bool   `json:"fixed"`
}

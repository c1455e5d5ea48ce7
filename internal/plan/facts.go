package plan

import (
	"cmp"
	"time"
)

// FactKind says what happened to a plan. Its words are those of package notice, which carries it to the user.
type FactKind string

// What a change of a row can mean to its user.
const (
	PaymentFailed FactKind = "payment.failed"
	GraceEnding   FactKind = "grace.ending"
	GraceEnded    FactKind = "grace.ended"
	PlanChanged   FactKind = "plan.changed"
	PlanCancelled FactKind = "plan.cancelled"
	PlanEnded     FactKind = "plan.ended"
	TrialEnding   FactKind = "trial.ending"
)

// FactKinds are all of them.
func FactKinds() []FactKind {
	return []FactKind{
		PaymentFailed, GraceEnding, GraceEnded, PlanChanged, PlanCancelled, PlanEnded, TrialEnding,
	}
}

// Fact is something a user should be told. Kind and Subject together tell it apart from every other fact of the user.
type Fact struct {
	Kind    FactKind
	Subject string // which period, subscription or version of a subscription it is about
	Plan    string
	From    string    // the tier before, of a plan that changed
	Until   time.Time // when what the fact tells of ends; zero when it has no end
	Unpaid  bool      // a plan ended owing a payment
	NoCard  string    // a trial ends with no card on file: CancelWithoutCard or PauseWithoutCard
}

// trialWarning is how long before a trial's end its user is told; Stripe's own word comes three days before, and its
// clock may be ahead of ours.
const trialWarning = 3*24*time.Hour + time.Hour

// Facts are what a change of the row means. A payment that failed and a plan that ended are told once for each period
// or subscription; changes that a person may make and take back are told once for each version of the row.
func Facts(old, now Row, at time.Time) []Fact {
	var all []Fact
	add := func(f Fact) {
		f.Plan = now.Tier
		all = append(all, f)
	}
	same := old.SubscriptionID == now.SubscriptionID
	version := now.SubscriptionID + " " + now.UpdatedAt.Format(time.RFC3339Nano)
	// Stripe does not retry a subscription that is unpaid, so a new period of one brings no new failure to tell of.
	stillUnpaid := old.Status == Unpaid && now.Status == Unpaid
	told := same && old.unpaid() && (old.PeriodStart.Equal(now.PeriodStart) || stillUnpaid)
	if now.unpaid() && !told {
		add(Fact{Kind: PaymentFailed, Subject: now.Owed(), Until: Later(now.EntitledUntil, at)})
	}
	if !same {
		return all
	}
	if old.Status == PastDue && now.Status == Unpaid {
		add(Fact{Kind: GraceEnded, Subject: old.Owed()})
	}
	if old.Tier != now.Tier && old.Tier != "" && now.Tier != "" && now.Status.Live() {
		add(Fact{Kind: PlanChanged, Subject: version, From: old.Tier})
	}
	if !old.Cancelling() && now.Cancelling() && now.Status.Live() {
		add(Fact{Kind: PlanCancelled, Subject: version, Until: now.endsAt()})
	}
	if old.Status.Live() && old.Status != Incomplete && !now.Status.Live() {
		add(Fact{Kind: PlanEnded, Subject: now.SubscriptionID, Until: Later(now.EntitledUntil, at), Unpaid: old.unpaid()})
	}
	return all
}

// TrialFacts tell that a trial will end, from three days before on. Stripe's word of that brings the row here; if it is
// lost, reconciling does.
func (o Offer) TrialFacts(now Row, at time.Time) []Fact {
	if now.Status != Trialing || now.Cancelling() || at.Before(now.TrialEnd.Add(-trialWarning)) {
		return nil
	}
	ends := ""
	if now.NoCard {
		ends = cmp.Or(o.Trial.WithoutCard, CancelWithoutCard)
	}
	return []Fact{{
		Kind: TrialEnding, Subject: now.SubscriptionID + " " + Stamp(now.TrialEnd),
		Plan: now.Tier, Until: now.TrialEnd, NoCard: ends,
	}}
}

// Over lists what a change of the row makes untrue.
func Over(old, now Row) []FactKind {
	var kinds []FactKind
	if !now.unpaid() && old.unpaid() {
		kinds = append(kinds, PaymentFailed, GraceEnding, GraceEnded)
	}
	if old.Status == Trialing && (now.Status != Trialing || now.Cancelling()) {
		kinds = append(kinds, TrialEnding)
	}
	if old.Cancelling() && !(now.Cancelling() && now.Status.Live()) {
		kinds = append(kinds, PlanCancelled)
	}
	if now.Status.Live() && !old.Status.Live() {
		kinds = append(kinds, PlanEnded)
	}
	return kinds
}

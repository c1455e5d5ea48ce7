package plan

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Whatever the standing, nothing that is shown of it changes between now and its moment.
func TestMoment_UntilThenTimeAloneChangesNothing(t *testing.T) {
	t.Parallel()
	o := Offer{Tiers: DefaultTiers(), Trial: Trial{Days: 7, Quota: 10, Reads: 10}}
	now := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test
	some := func() time.Time {
		if r.IntN(4) == 0 {
			return time.Time{}
		}
		return now.Add(time.Duration(r.IntN(120)-60) * time.Hour)
	}
	tiers := []string{"", "basic", "pro", "gone"}
	states := []Status{"", Active, Trialing, PastDue, Canceled, Incomplete, Paused}
	changed := 0
	for range 200_000 {
		st := Standing{
			Sub: Row{
				Tier: tiers[r.IntN(4)], Status: states[r.IntN(len(states))], PeriodStart: some(), PeriodEnd: some(),
				EntitledUntil: some(), CancelAt: some(), TrialEnd: some(), NextTry: some(),
				Pending: PendingChange{Tier: tiers[r.IntN(4)], How: []string{"", AfterPeriodEnd, "payment"}[r.IntN(3)], At: some()},
			},
			Period: Period{Tier: tiers[r.IntN(4)], Start: some(), End: some(), EntitledUntil: some(), Quota: 5},
		}
		_, month := Month(now)
		until := st.Moment(now, month)
		if !until.After(now) {
			t.Fatalf("%+v: %v is not after now", st, until)
		}
		before := shown(o, st, now)
		for _, at := range []time.Time{now.Add(1), until.Add(-1), now.Add(until.Sub(now) / 2)} {
			if after := shown(o, st, at); after != before {
				t.Fatalf("%+v: at %v it is %+v, %v before its moment it was %+v", st, at, after, until.Sub(at), before)
			}
		}
		if shown(o, st, until) != before {
			changed++
		}
	}
	if changed < 1000 { // or the moments would be far too early
		t.Errorf("only %d moments changed anything", changed)
	}
}

// view is all that is shown of a standing.
type view struct {
	period, included       Period
	open, all              bool
	tier                   string
	entitled, pending, due bool
}

func shown(o Offer, st Standing, now time.Time) (v view) {
	v.period, v.open = o.InForce(st, now)
	v.included, v.all = o.Included(st.Period, now)
	v.tier = st.Sub.TierAt(now)
	v.entitled = st.Sub.EntitledUntil.After(now)
	v.pending = st.Sub.Pending.At.After(now)
	v.due = !Later(st.Sub.NextTry, now).IsZero()
	return v
}

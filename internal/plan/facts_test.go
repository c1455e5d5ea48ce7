package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFacts_AreWhatAChangeMeans(t *testing.T) {
	t.Parallel()
	active := Row{
		UserID: "ann", SubscriptionID: "sub", Tier: "basic", Status: "active", PeriodStart: begin,
		PeriodEnd: end, EntitledUntil: end.Add(grace), UpdatedAt: noon,
	}
	with := func(change func(*Row)) Row { r := active; change(&r); return r }
	status := func(s Status) Row { return with(func(r *Row) { r.Status = s }) }
	pastDue := with(func(r *Row) { r.Status, r.EntitledUntil = "past_due", noon.Add(day) })
	none := []Fact(nil)
	one := func(kind FactKind, subject string, f Fact) []Fact {
		f.Kind, f.Subject, f.Plan = kind, subject, "basic"
		return []Fact{f}
	}
	period, version := "sub 2026-11-01T12:00:00Z", "sub 2026-11-22T12:00:00Z"
	tests := map[string]struct {
		old, now Row
		want     []Fact
	}{
		"nothing":                      {active, active, none},
		"a beginning":                  {Row{UserID: "ann", Status: "creating"}, active, none},
		"a renewal that is owed":       {active, pastDue, one(PaymentFailed, period, Fact{Until: noon.Add(day)})},
		"the same renewal, still owed": {pastDue, pastDue, none},
		"the next one": {
			with(func(r *Row) { r.Status, r.PeriodStart = "past_due", begin.Add(-30*day) }), pastDue,
			one(PaymentFailed, period, Fact{Until: noon.Add(day)}),
		},
		"owed, heard of after grace": {
			active,
			with(func(r *Row) { r.Status, r.EntitledUntil = "past_due", begin.Add(grace) }), one(PaymentFailed, period, Fact{}),
		},
		"Stripe gives up":     {pastDue, status("unpaid"), one(GraceEnded, period, Fact{})},
		"a payment after all": {pastDue, active, none},
		"another tier": {
			with(func(r *Row) { r.Tier = "pro" }), active,
			one(PlanChanged, version, Fact{From: "pro"}),
		},
		"another tier by a new plan": {
			with(func(r *Row) { r.Tier, r.SubscriptionID, r.Status = "pro", "before", "canceled" }), active, none,
		},
		"a price that is not ours": {active, with(func(r *Row) { r.Tier = "" }), none},
		"a cancellation": {
			active, with(func(r *Row) { r.CancelAtPeriodEnd = true }),
			one(PlanCancelled, version, Fact{Until: end}),
		},
		"a cancellation by date": {
			active, with(func(r *Row) { r.CancelAt = noon }),
			one(PlanCancelled, version, Fact{Until: noon}),
		},
		"cancelled already": {
			with(func(r *Row) { r.CancelAtPeriodEnd = true }), with(func(r *Row) { r.CancelAt = end }), none,
		},
		"the end, paid": {
			active, with(func(r *Row) { r.Status, r.EntitledUntil = "canceled", end }),
			one(PlanEnded, "sub", Fact{Until: end}),
		},
		"the end of a cancelled period": {
			with(func(r *Row) { r.CancelAtPeriodEnd = true }),
			with(func(r *Row) { r.Status, r.EntitledUntil = "canceled", begin }), one(PlanEnded, "sub", Fact{}),
		},
		"the end, owing": {
			pastDue,
			with(func(r *Row) { r.Status, r.EntitledUntil = "canceled", r.CancelAt }),
			one(PlanEnded, "sub", Fact{Unpaid: true}),
		},
		"a start that was never paid":       {status("incomplete"), status("incomplete_expired"), none},
		"an end that was heard of before":   {status("canceled"), status("canceled"), none},
		"a claim to begin anew on its rest": {status("canceled"), status("creating"), none},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Facts(tt.old, tt.now, noon)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

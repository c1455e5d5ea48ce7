package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	day   = 24 * time.Hour
	begin = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	end   = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	noon  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func TestMirror_EntitlesExactlyWhatWasPaid(t *testing.T) {
	t.Parallel()
	never := time.Time{}
	tests := map[string]struct {
		change func(*Remote)
		want   time.Time
	}{
		"active":                              {func(*Remote) {}, end.Add(3 * day)},
		"trialing":                            {func(r *Remote) { r.Status = "trialing" }, end.Add(3 * day)},
		"past due, from the period owed":      {func(r *Remote) { r.Status = "past_due" }, begin.Add(3 * day)},
		"unpaid":                              {func(r *Remote) { r.Status = "unpaid" }, never},
		"paused":                              {func(r *Remote) { r.Status = "paused" }, never},
		"incomplete":                          {func(r *Remote) { r.Status = "incomplete" }, never},
		"incomplete expired":                  {func(r *Remote) { r.Status = "incomplete_expired" }, never},
		"a status of tomorrow":                {func(r *Remote) { r.Status = "hibernating" }, never},
		"unknown price":                       {func(r *Remote) { r.Tier = "" }, never},
		"no period":                           {func(r *Remote) { r.PeriodEnd = r.PeriodStart }, never},
		"canceled, paid":                      {func(r *Remote) { r.Status, r.Paid = "canceled", true }, end},
		"canceled, not paid":                  {func(r *Remote) { r.Status = "canceled" }, never},
		"collection paused, this period paid": {func(r *Remote) { r.CollectionPaused, r.PaidUntil = true, end }, end},
		"collection paused, paid before only": {func(r *Remote) { r.CollectionPaused, r.PaidUntil = true, begin }, begin},
		"collection paused, never paid":       {func(r *Remote) { r.CollectionPaused = true }, never},
		"collection paused, in a trial": {func(r *Remote) {
			r.Status, r.CollectionPaused, r.TrialEnd = "trialing", true, end
		}, end.Add(3 * day)},
		"ends at period end":              {func(r *Remote) { r.CancelAtPeriodEnd = true }, end},
		"ends by date, at period end":     {func(r *Remote) { r.CancelAt = end }, end},
		"ends by date, within the period": {func(r *Remote) { r.CancelAt = noon }, end},
		"ends by date, within the grace":  {func(r *Remote) { r.CancelAt = end.Add(day) }, end.Add(day)},
		"ends by date, periods ahead":     {func(r *Remote) { r.CancelAt = end.Add(60 * day) }, end.Add(3 * day)},
		"past due, and ends at period end": {
			func(r *Remote) { r.Status, r.CancelAtPeriodEnd = "past_due", true },
			begin.Add(3 * day),
		},
		"ends at period end, with both told": {func(r *Remote) { r.CancelAtPeriodEnd, r.CancelAt = true, end }, end},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Remote{ID: "sub_1", Status: "active", Tier: "basic", PeriodStart: begin, PeriodEnd: end}
			tt.change(&r)
			got := Mirror(Row{ID: "row", UserID: "ann", Status: "creating"}, r, noon)
			if !r.Status.Live() { // what was never begun cannot end an attempt: begin from a row without one
				got = Mirror(Row{ID: "row", UserID: "ann", Status: "none"}, r, noon)
			}
			want := Row{
				ID: "row", UserID: "ann", SubscriptionID: "sub_1", Status: r.Status, Tier: r.Tier, PeriodStart: r.PeriodStart,
				PeriodEnd: r.PeriodEnd,
				CancelAt:  r.CancelAt, CancelAtPeriodEnd: r.CancelAtPeriodEnd, EntitledUntil: tt.want, TrialEnd: r.TrialEnd,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestMirror_FollowsOneSubscription(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		current Row
		r       Remote
		want    bool
	}{
		"the first": {Row{Status: "none"}, Remote{ID: "a", Status: "active"}, true},
		"its own news": {
			Row{SubscriptionID: "a", Status: "active"},
			Remote{ID: "a", Status: "canceled"},
			true,
		},
		"a new one after the end": {
			Row{SubscriptionID: "a", Status: "canceled"},
			Remote{ID: "b", Status: "active"},
			true,
		},
		"a second beside a live one": {
			Row{SubscriptionID: "a", Status: "active"},
			Remote{ID: "b", Status: "active"},
			false,
		},
		"late news of an ended one": {
			Row{SubscriptionID: "b", Status: "active"},
			Remote{ID: "a", Status: "canceled"},
			false,
		},
		"an ended one beside an ended one": {
			Row{SubscriptionID: "b", Status: "canceled"},
			Remote{ID: "a", Status: "canceled"},
			false,
		},
		"an ended one during an attempt": {
			Row{SubscriptionID: "a", Status: "creating"},
			Remote{ID: "a", Status: "canceled"},
			false,
		},
		"an ended one during a checkout": {
			Row{SubscriptionID: "a", Status: "checkout"},
			Remote{ID: "a", Status: "canceled"},
			false,
		},
		"a live one ends the attempt": {
			Row{SubscriptionID: "a", Status: "creating"},
			Remote{ID: "b", Status: "incomplete"},
			true,
		},
		"an unpaid start that expired is the end": {
			Row{SubscriptionID: "a", Status: "incomplete"},
			Remote{ID: "a", Status: "incomplete_expired"},
			true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Mirror(tt.current, tt.r, noon)
			if followed := got.Status == tt.r.Status && got.SubscriptionID == tt.r.ID; followed != tt.want {
				t.Fatalf("got %+v", got)
			}
			if !tt.want && got != tt.current {
				t.Fatalf("the row changed: %+v", got)
			}
		})
	}
}

func TestMirror_AnUnpaidStartDoesNotTakeWhatWasPaidBefore(t *testing.T) {
	t.Parallel()
	paid := Row{
		SubscriptionID: "a", Status: "creating", Tier: "basic", PeriodStart: begin, PeriodEnd: end,
		EntitledUntil: end,
	}
	got := Mirror(paid, Remote{
		ID: "b", Status: "incomplete", Tier: "pro", PeriodStart: noon,
		PeriodEnd: noon.Add(30 * day),
	}, noon)
	want := paid
	want.SubscriptionID, want.Status = "b", "incomplete"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestMirror_HearingTheSameTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	statuses := rapid.SampledFrom([]Status{
		"active", "trialing", "past_due", "unpaid", "paused", "incomplete",
		"incomplete_expired", "canceled", "new",
	})
	rapid.Check(t, func(t *rapid.T) {
		r := Remote{
			ID: "sub", Status: statuses.Draw(t, "status"), Tier: rapid.SampledFrom([]string{"", "basic", "pro"}).Draw(t, "tier"),
			PeriodStart: begin, PeriodEnd: begin.Add(time.Duration(rapid.IntRange(-1, 60).Draw(t, "days")) * day),
			CancelAtPeriodEnd: rapid.Bool().Draw(t, "cancel"), Paid: rapid.Bool().Draw(t, "paid"),
		}
		current := Row{
			SubscriptionID: rapid.SampledFrom([]string{"", "sub", "other"}).Draw(t, "linked"),
			Status:         statuses.Draw(t, "before"),
		}
		once := Mirror(current, r, noon)
		if twice := Mirror(once, r, noon); twice != once {
			t.Fatalf("once %+v, twice %+v", once, twice)
		}
		if r.Tier == "" && once.Status == r.Status && once.EntitledUntil.After(noon) {
			t.Fatalf("an unknown price entitles: %+v", once)
		}
	})
}

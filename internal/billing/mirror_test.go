package billing

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v86"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
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
		change func(*remote)
		want   time.Time
	}{
		"active":                             {func(*remote) {}, end.Add(3 * day)},
		"trialing":                           {func(r *remote) { r.Status = "trialing" }, end.Add(3 * day)},
		"past due, from the period owed":     {func(r *remote) { r.Status = "past_due" }, begin.Add(3 * day)},
		"unpaid":                             {func(r *remote) { r.Status = "unpaid" }, never},
		"paused":                             {func(r *remote) { r.Status = "paused" }, never},
		"incomplete":                         {func(r *remote) { r.Status = "incomplete" }, never},
		"incomplete expired":                 {func(r *remote) { r.Status = "incomplete_expired" }, never},
		"a status of tomorrow":               {func(r *remote) { r.Status = "hibernating" }, never},
		"unknown price":                      {func(r *remote) { r.Tier = "" }, never},
		"no period":                          {func(r *remote) { r.PeriodEnd = r.PeriodStart }, never},
		"canceled, paid":                     {func(r *remote) { r.Status, r.Paid = "canceled", true }, end},
		"canceled, not paid":                 {func(r *remote) { r.Status = "canceled" }, never},
		"ends at period end":                 {func(r *remote) { r.CancelAtPeriodEnd = true }, end},
		"ends by date, at period end":        {func(r *remote) { r.CancelAt = end }, end},
		"ends by date, within the period":    {func(r *remote) { r.CancelAt = noon }, end},
		"ends by date, within the grace":     {func(r *remote) { r.CancelAt = end.Add(day) }, end.Add(day)},
		"ends by date, periods ahead":        {func(r *remote) { r.CancelAt = end.Add(60 * day) }, end.Add(3 * day)},
		"past due, and ends at period end":   {func(r *remote) { r.Status, r.CancelAtPeriodEnd = "past_due", true }, begin.Add(3 * day)},
		"ends at period end, with both told": {func(r *remote) { r.CancelAtPeriodEnd, r.CancelAt = true, end }, end},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := remote{ID: "sub_1", Status: "active", Tier: "basic", PeriodStart: begin, PeriodEnd: end}
			tt.change(&r)
			got := mirror(row{ID: "row", UserID: "ann", Status: "creating"}, r, noon)
			if !live(r.Status) { // what was never begun cannot end an attempt: begin from a row without one
				got = mirror(row{ID: "row", UserID: "ann", Status: "none"}, r, noon)
			}
			want := row{
				ID: "row", UserID: "ann", SubscriptionID: "sub_1", Status: r.Status, Tier: r.Tier, PeriodStart: r.PeriodStart, PeriodEnd: r.PeriodEnd,
				CancelAt: r.CancelAt, CancelAtPeriodEnd: r.CancelAtPeriodEnd, EntitledUntil: tt.want,
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
		current row
		r       remote
		want    bool
	}{
		"the first":                               {row{Status: "none"}, remote{ID: "a", Status: "active"}, true},
		"its own news":                            {row{SubscriptionID: "a", Status: "active"}, remote{ID: "a", Status: "canceled"}, true},
		"a new one after the end":                 {row{SubscriptionID: "a", Status: "canceled"}, remote{ID: "b", Status: "active"}, true},
		"a second beside a live one":              {row{SubscriptionID: "a", Status: "active"}, remote{ID: "b", Status: "active"}, false},
		"late news of an ended one":               {row{SubscriptionID: "b", Status: "active"}, remote{ID: "a", Status: "canceled"}, false},
		"an ended one beside an ended one":        {row{SubscriptionID: "b", Status: "canceled"}, remote{ID: "a", Status: "canceled"}, false},
		"an ended one during an attempt":          {row{SubscriptionID: "a", Status: "creating"}, remote{ID: "a", Status: "canceled"}, false},
		"an ended one during a checkout":          {row{SubscriptionID: "a", Status: "checkout"}, remote{ID: "a", Status: "canceled"}, false},
		"a live one ends the attempt":             {row{SubscriptionID: "a", Status: "creating"}, remote{ID: "b", Status: "incomplete"}, true},
		"an unpaid start that expired is the end": {row{SubscriptionID: "a", Status: "incomplete"}, remote{ID: "a", Status: "incomplete_expired"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := mirror(tt.current, tt.r, noon)
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
	paid := row{SubscriptionID: "a", Status: "creating", Tier: "basic", PeriodStart: begin, PeriodEnd: end, EntitledUntil: end}
	got := mirror(paid, remote{ID: "b", Status: "incomplete", Tier: "pro", PeriodStart: noon, PeriodEnd: noon.Add(30 * day)}, noon)
	want := paid
	want.SubscriptionID, want.Status = "b", "incomplete"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestMirror_HearingTheSameTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	statuses := rapid.SampledFrom([]string{"active", "trialing", "past_due", "unpaid", "paused", "incomplete", "incomplete_expired", "canceled", "new"})
	rapid.Check(t, func(t *rapid.T) {
		r := remote{
			ID: "sub", Status: statuses.Draw(t, "status"), Tier: rapid.SampledFrom([]string{"", "basic", "pro"}).Draw(t, "tier"),
			PeriodStart: begin, PeriodEnd: begin.Add(time.Duration(rapid.IntRange(-1, 60).Draw(t, "days")) * day),
			CancelAtPeriodEnd: rapid.Bool().Draw(t, "cancel"), Paid: rapid.Bool().Draw(t, "paid"),
		}
		current := row{SubscriptionID: rapid.SampledFrom([]string{"", "sub", "other"}).Draw(t, "linked"), Status: statuses.Draw(t, "before")}
		once := mirror(current, r, noon)
		if twice := mirror(once, r, noon); twice != once {
			t.Fatalf("once %+v, twice %+v", once, twice)
		}
		if r.Tier == "" && once.Status == r.Status && once.EntitledUntil.After(noon) {
			t.Fatalf("an unknown price entitles: %+v", once)
		}
	})
}

func TestSync_AnOlderAnswerNeverOverwritesANewer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, err := New(Config{DB: d, StripeKey: "sk_test_x", BasicPrice: "a", ProPrice: "b", PublicURL: "https://dash.example"})
		if err != nil {
			t.Fatal(err)
		}
		user := db.NewID()
		err = d.InTx(t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
			tx.Later(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, user, tx.Now())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.claim(t.Context(), user, SubscribeRequest{}); err != nil {
			t.Fatal(err)
		}
		active := remote{ID: "sub", Status: "active", Tier: "basic", PeriodStart: begin, PeriodEnd: end}
		canceled := active
		canceled.Status = "canceled"
		load := func(ctx context.Context) (row, error) { return s.rowOf(ctx, db.System, user) }
		say := func(r remote) change {
			return change{actor: "stripe", load: load, fetch: func(context.Context) (remote, error) { return r, nil }}
		}
		if _, err := s.sync(t.Context(), say(active)); err != nil {
			t.Fatal(err)
		}
		fetches := 0
		slow := change{actor: "stripe", load: load, fetch: func(ctx context.Context) (remote, error) {
			if fetches++; fetches > 1 {
				return canceled, nil
			}
			_, err := s.sync(ctx, say(canceled)) // it ends, and another hears of it, while our answer travels
			return active, err
		}}
		got, err := s.sync(t.Context(), slow)
		if err != nil || got.Status != "canceled" || fetches != 2 {
			t.Fatalf("%+v after %d fetches, %v", got, fetches, err)
		}
		if got, err := load(t.Context()); err != nil || got.Status != "canceled" || !got.EntitledUntil.IsZero() {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func TestRemoteOf_ReadsPeriodAndTierFromTheItems(t *testing.T) {
	t.Parallel()
	item := func(price string, from, to time.Time) *stripe.SubscriptionItem {
		return &stripe.SubscriptionItem{Price: &stripe.Price{ID: price}, CurrentPeriodStart: from.Unix(), CurrentPeriodEnd: to.Unix()}
	}
	sub := &stripe.Subscription{
		ID: "sub_1", Status: stripe.SubscriptionStatusCanceled, Customer: &stripe.Customer{ID: "cus_1"}, CancelAt: end.Unix(),
		Items:         &stripe.SubscriptionItemList{Data: []*stripe.SubscriptionItem{item("price_other", noon, noon), item("price_pro", begin, end)}},
		LatestInvoice: &stripe.Invoice{Status: stripe.InvoiceStatusPaid, ConfirmationSecret: &stripe.InvoiceConfirmationSecret{ClientSecret: "secret"}},
	}
	want := remote{ID: "sub_1", Customer: "cus_1", Status: "canceled", Tier: "pro", PeriodStart: begin, PeriodEnd: end, CancelAt: end, Paid: true, Secret: "secret", Invoice: charge{Status: "paid", Secret: "secret"}}
	tiers := map[string]string{"price_basic": "basic", "price_pro": "pro"}
	if diff := cmp.Diff(want, remoteOf(sub, tiers)); diff != "" {
		t.Fatal(diff)
	}
	sub.CancellationDetails = &stripe.SubscriptionCancellationDetails{Reason: stripe.SubscriptionCancellationDetailsReasonPaymentDisputed}
	if got := remoteOf(sub, tiers); got.Paid {
		t.Fatal("a disputed payment counts as paid")
	}
	if got := remoteOf(&stripe.Subscription{ID: "sub_2"}, tiers); !cmp.Equal(got, remote{ID: "sub_2"}) {
		t.Fatalf("an empty subscription: %+v", got)
	}
}

func TestRemoteOf_ReadsAChangeThatWaits(t *testing.T) {
	t.Parallel()
	tiers := map[string]string{"price_basic": "basic", "price_pro": "pro"}
	item := func(price string) *stripe.SubscriptionItem {
		return &stripe.SubscriptionItem{Price: &stripe.Price{ID: price}, CurrentPeriodStart: begin.Unix(), CurrentPeriodEnd: end.Unix()}
	}
	phase := func(price string, from time.Time) *stripe.SubscriptionSchedulePhase {
		return &stripe.SubscriptionSchedulePhase{StartDate: from.Unix(), Items: []*stripe.SubscriptionSchedulePhaseItem{{Price: &stripe.Price{ID: price}}}}
	}
	tests := map[string]struct {
		change func(*stripe.Subscription)
		want   PendingChange
	}{
		"nothing": {func(*stripe.Subscription) {}, PendingChange{}},
		"until it is paid": {func(s *stripe.Subscription) {
			s.PendingUpdate = &stripe.SubscriptionPendingUpdate{ExpiresAt: noon.Unix(), SubscriptionItems: []*stripe.SubscriptionItem{item("price_pro")}}
		}, PendingChange{"pro", AfterPayment, noon}},
		"of another kind": {func(s *stripe.Subscription) {
			s.PendingUpdate = &stripe.SubscriptionPendingUpdate{ExpiresAt: noon.Unix()}
		}, PendingChange{}},
		"at the period's end": {func(s *stripe.Subscription) {
			s.Schedule = &stripe.SubscriptionSchedule{ID: "sched", Phases: []*stripe.SubscriptionSchedulePhase{phase("price_basic", begin), phase("price_pro", end)}}
		}, PendingChange{"pro", AfterPeriodEnd, end}},
		"a schedule of this period alone": {func(s *stripe.Subscription) {
			s.Schedule = &stripe.SubscriptionSchedule{ID: "sched", Phases: []*stripe.SubscriptionSchedulePhase{phase("price_basic", begin)}}
		}, PendingChange{}},
		"a schedule for a price that is not ours": {func(s *stripe.Subscription) {
			s.Schedule = &stripe.SubscriptionSchedule{ID: "sched", Phases: []*stripe.SubscriptionSchedulePhase{phase("price_gold", end), {StartDate: end.Unix()}}}
		}, PendingChange{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sub := &stripe.Subscription{ID: "sub_1", Items: &stripe.SubscriptionItemList{Data: []*stripe.SubscriptionItem{item("price_basic")}}}
			tt.change(sub)
			if got := remoteOf(sub, tiers).Pending; got != tt.want {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func TestNextMonth_KeepsTheDayOrTakesTheLast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC()
		next := nextMonth(at)
		first := time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		if next.Month() != first.Month() || next.Year() != first.Year() {
			t.Fatalf("%v is not in the month after %v", next, at)
		}
		if last := first.AddDate(0, 1, -1).Day(); next.Day() != min(at.Day(), last) {
			t.Fatalf("%v after %v", next, at)
		}
		if next.Sub(next.Truncate(day)) != at.Sub(at.Truncate(day)) {
			t.Fatalf("the time of day moved: %v after %v", next, at)
		}
	})
}

func TestSignedAt_RefusesTwoTimes(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"t=1614556800,v1=ab": true, "v1=ab,t=1614556800": true,
		"": false, "v1=ab": false, "t=,v1=ab": false, "t=x,v1=ab": false, "t=1614556800,t=1714556800,v1=ab": false, "t=0,v1=ab,t=1614556800": false,
	} {
		if _, err := signedAt(header); (err == nil) != want {
			t.Errorf("%q: %v", header, err)
		}
	}
}

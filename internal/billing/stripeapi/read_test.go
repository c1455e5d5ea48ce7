package stripeapi

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/plan"
)

var (
	readBegin = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	readEnd   = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	readNoon  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func TestRemoteOf_ReadsPeriodAndTierFromTheItems(t *testing.T) {
	t.Parallel()
	item := func(price string, from, to time.Time) *stripe.SubscriptionItem {
		return &stripe.SubscriptionItem{
			Price: &stripe.Price{ID: price}, CurrentPeriodStart: from.Unix(),
			CurrentPeriodEnd: to.Unix(),
		}
	}
	sub := &stripe.Subscription{
		ID: "sub_1", Status: stripe.SubscriptionStatusCanceled, Customer: &stripe.Customer{ID: "cus_1"},
		CancelAt: readEnd.Unix(),
		Items: &stripe.SubscriptionItemList{Data: []*stripe.SubscriptionItem{item("price_other", readNoon,
			readNoon), item("price_pro", readBegin, readEnd)}},
		LatestInvoice: &stripe.Invoice{
			Status:             stripe.InvoiceStatusPaid,
			ConfirmationSecret: &stripe.InvoiceConfirmationSecret{ClientSecret: "secret"},
		},
	}
	want := plan.Remote{
		ID: "sub_1", Customer: "cus_1", Status: "canceled", Tier: "pro", PeriodStart: readBegin,
		PeriodEnd: readEnd, CancelAt: readEnd, Paid: true, Secret: "secret",
		Invoice: plan.Charge{Status: "paid", Secret: "secret"},
	}
	tiers := map[string]string{"price_basic": "basic", "price_pro": "pro"}
	if diff := cmp.Diff(want, remoteOf(sub, tiers)); diff != "" {
		t.Fatal(diff)
	}
	sub.CancellationDetails = &stripe.SubscriptionCancellationDetails{Reason: stripe.SubscriptionCancellationDetailsReasonPaymentDisputed}
	if got := remoteOf(sub, tiers); got.Paid {
		t.Fatal("a disputed payment counts as paid")
	}
	if got := remoteOf(&stripe.Subscription{ID: "sub_2"}, tiers); !cmp.Equal(got, plan.Remote{ID: "sub_2"}) {
		t.Fatalf("an empty subscription: %+v", got)
	}
}

func TestRemoteOf_ReadsAChangeThatWaits(t *testing.T) {
	t.Parallel()
	tiers := map[string]string{"price_basic": "basic", "price_pro": "pro"}
	item := func(price string) *stripe.SubscriptionItem {
		return &stripe.SubscriptionItem{
			Price: &stripe.Price{ID: price}, CurrentPeriodStart: readBegin.Unix(),
			CurrentPeriodEnd: readEnd.Unix(),
		}
	}
	phase := func(price string, from time.Time) *stripe.SubscriptionSchedulePhase {
		return &stripe.SubscriptionSchedulePhase{
			StartDate: from.Unix(),
			Items:     []*stripe.SubscriptionSchedulePhaseItem{{Price: &stripe.Price{ID: price}}},
		}
	}
	tests := map[string]struct {
		change func(*stripe.Subscription)
		want   plan.PendingChange
	}{
		"nothing": {func(*stripe.Subscription) {}, plan.PendingChange{}},
		"until it is paid": {func(s *stripe.Subscription) {
			s.PendingUpdate = &stripe.SubscriptionPendingUpdate{
				ExpiresAt:         readNoon.Unix(),
				SubscriptionItems: []*stripe.SubscriptionItem{item("price_pro")},
			}
		}, plan.PendingChange{Tier: "pro", How: plan.AfterPayment, At: readNoon}},
		"of another kind": {func(s *stripe.Subscription) {
			s.PendingUpdate = &stripe.SubscriptionPendingUpdate{ExpiresAt: readNoon.Unix()}
		}, plan.PendingChange{}},
		"at the period's end": {func(s *stripe.Subscription) {
			s.Schedule = &stripe.SubscriptionSchedule{
				ID:     "sched",
				Phases: []*stripe.SubscriptionSchedulePhase{phase("price_basic", readBegin), phase("price_pro", readEnd)},
			}
		}, plan.PendingChange{Tier: "pro", How: plan.AfterPeriodEnd, At: readEnd}},
		"a schedule of this period alone": {func(s *stripe.Subscription) {
			s.Schedule = &stripe.SubscriptionSchedule{
				ID:     "sched",
				Phases: []*stripe.SubscriptionSchedulePhase{phase("price_basic", readBegin)},
			}
		}, plan.PendingChange{}},
		"a schedule for a price that is not ours": {func(s *stripe.Subscription) {
			s.Schedule = &stripe.SubscriptionSchedule{
				ID:     "sched",
				Phases: []*stripe.SubscriptionSchedulePhase{phase("price_gold", readEnd), {StartDate: readEnd.Unix()}},
			}
		}, plan.PendingChange{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sub := &stripe.Subscription{
				ID:    "sub_1",
				Items: &stripe.SubscriptionItemList{Data: []*stripe.SubscriptionItem{item("price_basic")}},
			}
			tt.change(sub)
			if got := remoteOf(sub, tiers).Pending; got != tt.want {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

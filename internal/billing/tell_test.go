package billing

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/notice"
)

func TestFacts_AreWhatAChangeMeans(t *testing.T) {
	t.Parallel()
	active := row{UserID: "ann", SubscriptionID: "sub", Tier: "basic", Status: "active", PeriodStart: begin, PeriodEnd: end, EntitledUntil: end.Add(grace), UpdatedAt: noon}
	with := func(change func(*row)) row { r := active; change(&r); return r }
	status := func(s string) row { return with(func(r *row) { r.Status = s }) }
	pastDue := with(func(r *row) { r.Status, r.EntitledUntil = "past_due", noon.Add(day) })
	none := []notice.Fact(nil)
	fact := func(kind notice.Kind, subject string, d notice.Data) []notice.Fact {
		d.Plan = "basic"
		return []notice.Fact{{UserID: "ann", Kind: kind, Subject: subject, Data: d}}
	}
	period, version := "sub 2026-11-01T12:00:00Z", "sub 2026-11-22T12:00:00Z"
	tests := map[string]struct {
		old, now row
		want     []notice.Fact
	}{
		"nothing":                           {active, active, none},
		"a beginning":                       {row{UserID: "ann", Status: "creating"}, active, none},
		"a renewal that is owed":            {active, pastDue, fact(notice.PaymentFailed, period, notice.Data{Until: noon.Add(day)})},
		"the same renewal, still owed":      {pastDue, pastDue, none},
		"the next one":                      {with(func(r *row) { r.Status, r.PeriodStart = "past_due", begin.Add(-30*day) }), pastDue, fact(notice.PaymentFailed, period, notice.Data{Until: noon.Add(day)})},
		"owed, heard of after grace":        {active, with(func(r *row) { r.Status, r.EntitledUntil = "past_due", begin.Add(grace) }), fact(notice.PaymentFailed, period, notice.Data{})},
		"Stripe gives up":                   {pastDue, status("unpaid"), fact(notice.GraceEnded, period, notice.Data{})},
		"a payment after all":               {pastDue, active, none},
		"another tier":                      {with(func(r *row) { r.Tier = "pro" }), active, fact(notice.PlanChanged, version, notice.Data{From: "pro"})},
		"another tier by a new plan":        {with(func(r *row) { r.Tier, r.SubscriptionID, r.Status = "pro", "before", "canceled" }), active, none},
		"a price that is not ours":          {active, with(func(r *row) { r.Tier = "" }), none},
		"a cancellation":                    {active, with(func(r *row) { r.CancelAtPeriodEnd = true }), fact(notice.PlanCancelled, version, notice.Data{Until: end})},
		"a cancellation by date":            {active, with(func(r *row) { r.CancelAt = noon }), fact(notice.PlanCancelled, version, notice.Data{Until: noon})},
		"cancelled already":                 {with(func(r *row) { r.CancelAtPeriodEnd = true }), with(func(r *row) { r.CancelAt = end }), none},
		"the end, paid":                     {active, with(func(r *row) { r.Status, r.EntitledUntil = "canceled", end }), fact(notice.PlanEnded, "sub", notice.Data{Until: end})},
		"the end of a cancelled period":     {with(func(r *row) { r.CancelAtPeriodEnd = true }), with(func(r *row) { r.Status, r.EntitledUntil = "canceled", begin }), fact(notice.PlanEnded, "sub", notice.Data{})},
		"the end, owing":                    {pastDue, with(func(r *row) { r.Status, r.EntitledUntil = "canceled", r.CancelAt }), fact(notice.PlanEnded, "sub", notice.Data{Unpaid: true})},
		"a start that was never paid":       {status("incomplete"), status("incomplete_expired"), none},
		"an end that was heard of before":   {status("canceled"), status("canceled"), none},
		"a claim to begin anew on its rest": {status("canceled"), status("creating"), none},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, facts(tt.old, tt.now, noon)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestMark_IsFourFifthsRoundedUp(t *testing.T) {
	t.Parallel()
	for quota, want := range map[int]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 9: 8, 10: 8, 1000: 800, 10_000: 8_000} {
		if got := mark(quota); got != want {
			t.Errorf("of %d: %d, want %d", quota, got, want)
		}
	}
}

// teller is a user whose subscription Stripe tells of as a test says.
type teller struct {
	t    *testing.T
	d    *db.DB
	s    *Service
	user string
}

func newTeller(t *testing.T, d *db.DB) *teller {
	t.Helper()
	s, err := New(Config{DB: d, StripeKey: "sk_test_x", BasicPrice: "a", ProPrice: "b", PublicURL: "https://dash.example"})
	if err != nil {
		t.Fatal(err)
	}
	w := &teller{t, d, s, db.NewID()}
	w.exec(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, w.user, d.Now())
	if _, err := s.claim(t.Context(), w.user, SubscribeRequest{}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *teller) exec(query string, args ...any) {
	w.t.Helper()
	err := w.d.InTx(w.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// hear mirrors a subscription of this status and tier.
func (w *teller) hear(status, tier string) {
	w.t.Helper()
	_, err := w.s.sync(w.t.Context(), change{
		actor: "stripe", load: func(ctx context.Context) (row, error) { return w.s.rowOf(ctx, db.System, w.user) },
		fetch: func(context.Context) (remote, error) {
			return remote{ID: "sub", Status: status, Tier: tier, PeriodStart: noon.Add(-day), PeriodEnd: end}, nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// unread are the kinds of what the user should still look at, the newest first.
func (w *teller) unread(want ...notice.Kind) {
	w.t.Helper()
	p, err := notice.New(notice.Config{DB: w.d}).List(w.t.Context(), w.user, notice.Filter{Unread: true})
	if err != nil {
		w.t.Fatal(err)
	}
	var kinds []notice.Kind
	for _, n := range p.Notices {
		kinds = append(kinds, n.Kind)
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		w.t.Fatal(diff)
	}
}

// A tier that changes in the middle of a period, there and back: each time is told, and what was told of the smaller
// quota is settled by the larger one.
func TestSync_TellsEachChangeOfTierAndLooksAtTheQuotaAnew(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTeller(t, d)
		w.hear("active", "pro")
		w.hear("active", "pro")
		w.exec(`UPDATE quota_periods SET used = 5000 WHERE user_id = $1`, w.user)
		w.unread()
		w.hear("active", "basic") // which allows 1,000
		w.hear("active", "basic")
		w.unread(notice.QuotaUsedUp, notice.PlanChanged)
		w.hear("active", "pro")
		w.unread(notice.PlanChanged, notice.PlanChanged)
	})
}

func TestSync_APaymentThatComesAfterAllSettlesWhatWasTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTeller(t, d)
		w.hear("active", "basic")
		w.hear("past_due", "basic")
		w.hear("past_due", "basic")
		w.unread(notice.PaymentFailed)
		w.hear("unpaid", "basic")
		w.unread(notice.GraceEnded, notice.PaymentFailed)
		w.hear("active", "basic")
		w.unread()
		w.hear("past_due", "basic") // of the same period: it was told
		w.unread()
	})
}

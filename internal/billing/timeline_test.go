package billing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// story is the user's timeline, oldest first.
func (w *world) story(user string) []string {
	w.t.Helper()
	st, err := w.Timeline(w.t.Context(), user, 100, "")
	w.must(nil, err)
	var all []string
	for _, e := range slices.Backward(st.Entries) {
		all = append(all, e.Sentence)
	}
	return all
}

func (w *world) tells(user string, want ...string) {
	w.t.Helper()
	if got := strings.Join(w.story(user), "\n"); got != strings.Join(want, "\n") {
		w.t.Errorf("the story is\n%s\n\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// A year of a plan, with webhooks that travel in every bad way there is: the story is the same.
func TestTimeline_TellsOneSensibleStoryHoweverWebhooksTravel(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]stripesandbox.Delivery{
		"well": {}, "twice": {Duplicate: true},
		"in reverse": {Reorder: true}, "not at all": {Lose: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.sb.Stripe().Misdeliver(how)
				hear := func() {
					w.deliver()
					if how.Lose {
						w.must(nil, w.Reconcile(t.Context()))
					}
				}
				start := w.sb.Now()
				to := func(month time.Month, day int) { // of 2027
					w.sb.Advance(time.Date(2027, month, day, 12, 0, 0, 0, time.UTC).Sub(w.sb.Now()))
					hear()
				}
				w.sb.Advance(time.Date(2027, time.January, 3, 12, 0, 0, 0, time.UTC).Sub(start))
				user := w.subscriber("basic")
				to(time.January, 18)
				w.card("pm_card_chargeCustomerFail")
				_, err := w.change(user, "pro")
				wantFault(t, err, fault.ValidationFailed)
				w.card("pm_card_visa")
				w.must(w.change(user, "pro"))
				hear()
				to(time.February, 4)
				w.must(w.change(user, "basic"))
				hear()
				to(time.March, 4)
				w.must(w.Cancel(t.Context(), user, true))
				w.must(w.Resume(t.Context(), user))
				w.failingCard()
				to(time.June, 1) // April's payment fails, and so do its retries
				hear()
				w.tells(user,
					"On 3 January you chose basic.",
					"On 3 January your card was charged $9.00 for basic until 3 February.",
					"On 18 January your card was declined when $10.32 for the move to pro was due. You stayed on basic, and "+
						"nothing was charged.",
					"On 18 January your plan changed from basic to pro.",
					"On 18 January your card was charged $10.32 for pro until 3 February.",
					"On 3 February your card was charged $29.00 for pro until 3 March.",
					"On 4 February you asked to move from pro to basic on 3 March.",
					"On 3 March your plan changed from pro to basic.",
					"On 3 March your card was charged $9.00 for basic until 3 April.",
					"On 4 March you cancelled basic, which stays yours until 3 April.",
					"On 4 March you took the cancellation back, and kept basic.",
					"On 3 April your card was declined when $9.00 for basic was due.",
					"On 19 April basic ended, because its payment did not go through.",
				)
			})
		})
	}
}

func TestTimeline_TellsOfTheBankOfGraceAndOfWhatStaysUsable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sb.Advance(time.Date(2027, time.January, 3, 12, 0, 0, 0, time.UTC).Sub(w.sb.Now()))
		user := w.user()
		got, err := w.Subscribe(t.Context(), user, billing.SubscribeRequest{
			Tier:          "basic",
			PaymentMethod: "pm_card_authenticationRequired",
		})
		w.must(nil, err)
		w.must(nil, w.sb.Stripe().Authenticate(got.ClientSecret))
		w.deliver()
		w.must(w.change(user, "pro"))
		w.sb.Advance(23 * time.Hour)
		w.deliver()
		w.failingCard()
		w.sb.Advance(31 * 24 * time.Hour)
		w.deliver()
		w.card("pm_card_visa")
		w.tells(user,
			"On 3 January you chose basic.",
			"On 3 January the first payment of $9.00 was to be confirmed with your bank.",
			"On 3 January your card was charged $9.00 for basic until 3 February.",
			"On 3 January you asked to move from basic to pro, and your bank wanted to confirm the payment of $20.00 with you.",
			"On 4 January the move to pro was dropped before it was paid. You stayed on basic, and nothing was charged.",
			"On 3 February your card was declined when $9.00 for basic was due. You could go on using it until 6 February.",
		)
		paid := w.subscriber("basic")
		w.endInDashboard(paid)
		if got := w.story(paid); !strings.HasSuffix(got[len(got)-1],
			"basic ended. What you paid for stays usable until 4 March.") {
			t.Error(got)
		}
	})
}

func TestTimeline_IsTheUsersOwnPageByPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user, other := w.subscriber("basic"), w.subscriber("pro")
		w.must(w.Cancel(t.Context(), user, true))
		var got []string
		for cursor := ""; ; {
			st, err := w.Timeline(t.Context(), user, 2, cursor)
			w.must(nil, err)
			if st.Total != 3 {
				t.Fatalf("%d in all", st.Total)
			}
			for _, e := range st.Entries {
				got = append(got, e.Kind)
			}
			if cursor = st.Next; cursor == "" {
				break
			}
		}
		if strings.Join(got, " ") != "cancelled paid started" {
			t.Fatal(got)
		}
		for _, line := range w.story(other) {
			if strings.Contains(line, "basic") {
				t.Fatalf("another user sees %s", line)
			}
		}
		for _, bad := range []string{"?", "AAAA", "MjAyNi0xMS0yM1QwMDowMDowMFogeA"} {
			_, err := w.Timeline(t.Context(), user, 2, bad)
			wantFault(t, err, fault.ValidationFailed)
		}
	})
}

// Rows that were there before the timeline get their story told from what Stripe has.
func TestTimeline_IsFilledInWhenItsLinesAreMissing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		user := w.subscriber("basic")
		w.sb.Advance(65 * 24 * time.Hour)
		w.deliver()
		w.exec(`DELETE FROM billing_timeline WHERE user_id = $1`, user)
		w.must(nil, w.Reconcile(t.Context()))
		if got := w.story(user); len(got) != 3 || !strings.Contains(got[0], "your card was charged $9.00 for basic until") {
			t.Fatal(got)
		}
	})
}

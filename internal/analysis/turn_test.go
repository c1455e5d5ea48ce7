package analysis

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
)

// ignoreSnooze is err, unless it only says when to come again.
func ignoreSnooze(err error) error {
	if snooze, ok := errors.AsType[*river.JobSnoozeError](err); ok && err.Error() == snooze.Error() {
		return nil
	}
	return err
}

// order takes n analyses in turn, each of which ends before the next is taken, and names whose they were.
func (w *world) order(n int, names map[string]string) string {
	w.t.Helper()
	var got []string
	for range n {
		a := must(w.claimNext(w.t.Context()))(w.t)
		got = append(got, names[a.UserID])
		w.ok(w.fail(w.t.Context(), a, fault.Internal))
	}
	return strings.Join(got, " ")
}

func (w *world) member(handle, tier string) *person {
	w.t.Helper()
	p := w.signIn(handle)
	must(w.c.Billing.Subscribe(w.t.Context(), p.UserID, billing.SubscribeRequest{
		Tier:          tier,
		PaymentMethod: "pm_card_visa",
	}))(w.t)
	return p
}

func TestClaimNext_UsersAreTakenInTurnAndAHigherPlanMoreOften(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		gus, ada := w.member("gravelpit_gus", "basic"), w.member("ada_fernhill", "pro")
		names := map[string]string{gus.UserID: "basic", ada.UserID: "pro"}
		for range 4 {
			gus.start()
		}
		for range 4 {
			ada.start()
		}
		// A pro's analyses stand 20 s apart and a basic's 60 s, and both begin now.
		if got, want := w.order(8, names), "pro pro basic pro pro basic basic basic"; got != want {
			t.Errorf("the order is %q, want %q", got, want)
		}
		if a := must(w.claimNext(t.Context()))(t); a.ID != "" {
			t.Errorf("then came %+v", a)
		}
	})
}

func TestClaimNext_WhoComesLaterStandsBeforeTheRestOfALongLine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		gus, ada := w.member("gravelpit_gus", "basic"), w.member("ada_fernhill", "basic")
		for range 10 {
			gus.start()
		}
		w.sb.Advance(30 * time.Second)
		ada.start()
		if got, want := w.order(3, map[string]string{gus.UserID: "gus", ada.UserID: "ada"}), "gus ada gus"; got != want {
			t.Errorf("the order is %q, want %q", got, want)
		}
	})
}

func TestClaimNext_OneUserRunsOnlySoManyAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.c.PerUser = 2
		gus, ada := w.member("gravelpit_gus", "basic"), w.member("ada_fernhill", "basic")
		for range 5 {
			gus.start()
		}
		ada.start()
		var ran []Analysis
		take := func() string {
			a := must(w.claimNext(t.Context()))(t)
			ran = append(ran, a)
			return a.UserID
		}
		want := []string{gus.UserID, ada.UserID, gus.UserID, "", ""}
		got := []string{take(), take(), take(), take(), take()}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("taken %v, want %v", got, want)
		}
		queued := func() int { return must(w.d.Waiting(t.Context(), Job{}.Kind()))(t) }
		before := queued()
		w.ok(w.fail(t.Context(), ran[0], fault.Internal))
		w.ok(w.wakeNext(t.Context(), ran[0].UserID))
		if after := queued(); after != before+1 {
			t.Errorf("%d wake-ups before the end of a run, %d after", before, after)
		}
		if user := take(); user != gus.UserID {
			t.Errorf("then came %q", user)
		}
	})
}

// What rests is not taken before its time, and then by anybody.
func TestClaimNext_LeavesWhatRestsAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		p.start()
		a := must(w.claimNext(t.Context()))(t)
		err := w.rest(t.Context(), a, rest{time.Minute, WaitsForX, false, nil})
		if snooze, ok := errors.AsType[*river.JobSnoozeError](err); !ok || snooze.Duration != time.Minute {
			t.Errorf("the wake-up hears %v", err)
		}
		const words = "X asks us to wait until 09:02 UTC. What was read is safe, and it goes on by itself."
		if shown := p.show(a.ID); !shown.Waits() || shown.WaitWords() != words {
			t.Errorf("it says %q", shown.WaitWords())
		}
		if got := must(w.replica().claimNext(t.Context()))(t); got.ID != "" {
			t.Errorf("it was taken at once: %+v", got)
		}
		w.sb.Advance(time.Minute)
		if got := must(w.replica().claimNext(t.Context()))(t); got.ID != a.ID || got.WaitUntil != nil ||
			got.WaitingFor != "" {
			t.Errorf("after its time came %+v", got)
		}
	})
}

func TestSweep_QueuesAWakeUpForWhatWasOverlooked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		p.start()
		w.exec(`DELETE FROM river_job`)
		queued := func() int {
			must(w.Sweep(t.Context()))(t)
			return must(w.d.Waiting(t.Context(), Job{}.Kind()))(t)
		}
		if n := queued(); n != 0 {
			t.Errorf("%d at once", n)
		}
		w.sb.Advance(overlooked + time.Second)
		if n, again := queued(), queued(); n != 1 || again != 1 {
			t.Errorf("%d after a while, then %d", n, again)
		}
	})
}

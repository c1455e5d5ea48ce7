package privacy_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/share"
)

func TestErase_NeedsToBeTypedOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus)
		w.signIn(ada)
		for _, typed := range []string{"", "yes", "@", ada, p.UserID, gus +
			"2", "erase", "erase my account", "'; DELETE FROM users"} {
			if err := w.Erase(p.ctx, p.UserID, typed); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%q: got %v", typed, err)
			}
		}
		if n := w.count(`SELECT count(*) FROM erasures`); n != 0 {
			t.Fatal("one of them counted")
		}
		w.ok(w.Erase(p.ctx, p.UserID, " @"+strings.ToUpper(gus)+" "))
	})
}

func TestErase_EndsSessionsRunsAndThePlanAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus).subscribe()
		second := w.signIn(gus)
		must(w.accounts.Authenticate(t.Context(), p.Tokens.Access))(t) // and it is remembered that it lives
		run := p.start()
		w.ok(w.Erase(p.ctx, p.UserID, gus))
		for _, access := range []string{p.Tokens.Access, second.Tokens.Access} {
			if _, err := w.accounts.Authenticate(t.Context(), access); !errors.Is(err, fault.SessionRevoked) {
				t.Errorf("a session: %v", err)
			}
		}
		if _, err := w.accounts.RefreshSession(t.Context(), p.Tokens.Refresh); !errors.Is(err, fault.Unauthenticated) {
			t.Errorf("a refresh token: %v", err)
		}
		if a := must(w.analyses.Get(t.Context(), p.UserID, run))(t); a.Status != "cancelled" {
			t.Errorf("a run is %s", a.Status)
		}
		if s := must(w.billing.Subscription(t.Context(), p.UserID))(t); s.Status != "canceled" {
			t.Errorf("the plan is %s", s.Status)
		}
		auth := must(w.accounts.BeginSignIn(t.Context(), account.SignInRequest{}))(t)
		if _, err := w.accounts.CompleteSignIn(t.Context(), w.allow(auth, gus)); !errors.Is(err, fault.Conflict) {
			t.Errorf("signing in meanwhile: %v", err)
		}
		if n := len(w.sb.Calls("/x/2/oauth2/revoke")); n != 2 {
			t.Errorf("X was told %d times to forget what it granted meanwhile, want of both tokens", n)
		}
		if _, err := w.billing.Subscribe(t.Context(), p.UserID,
			billing.SubscribeRequest{Tier: "pro", PaymentMethod: "pm_card_visa"}); !errors.Is(err, fault.Conflict) {
			t.Errorf("subscribing meanwhile: %v", err)
		}
		w.ok(w.FinishErase(t.Context(), p.UserID))
		w.ok(w.FinishErase(t.Context(), p.UserID)) // once more changes nothing
		if again := w.signIn(gus); !again.New || again.UserID == p.UserID {
			t.Error("signing in afterwards is not the beginning of something new")
		}
	})
}

func TestErase_EndsSharedLinksBeforeAnythingIsErased(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.busy(gus), w.busy(ada)
		link := func(p *person) string {
			report := must(w.analyses.List(p.ctx, p.UserID, analysis.Filter{}))(t).Analyses[0].ID
			return must(w.shares.Create(p.ctx, p.UserID, share.Request{AnalysisID: report}))(t).Token
		}
		mine, theirs := link(p), link(other)
		must(w.shares.Look(t.Context(), mine))(t)
		w.ok(w.Erase(p.ctx, p.UserID, gus))
		if n := w.count(`SELECT count(*) FROM users WHERE id = $1`, p.UserID); n != 1 {
			t.Fatalf("%d users, so this tells nothing of the time before the erasure", n)
		}
		if _, err := w.shares.Look(t.Context(), mine); !errors.Is(err, fault.NotFound) {
			t.Errorf("looking at a link: %v", err)
		}
		if _, _, err := w.shares.Open(t.Context(), mine, share.Reader{}); !errors.Is(err, fault.NotFound) {
			t.Errorf("opening a link: %v", err)
		}
		must(w.shares.Look(t.Context(), theirs))(t)
	})
}

func TestErase_WithoutTheProvidersWordLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus).subscribe()
		run := p.start()
		w.sb.Fail(sandbox.Fault{
			Method: http.MethodDelete, Path: "/stripe/v1/subscriptions/*",
			Status: http.StatusInternalServerError, Body: `{}`, Times: -1,
		})
		err := w.Erase(p.ctx, p.UserID, gus)
		if !errors.Is(err, fault.PaymentProviderError) || !strings.Contains(fault.From(err).Message, "nothing was erased") {
			t.Fatalf("got %v", err)
		}
		must(w.accounts.Authenticate(t.Context(), p.Tokens.Access))(t)
		must(w.accounts.XToken(t.Context(), p.UserID, p.Account.ID))(t)
		if a := must(w.analyses.Get(t.Context(), p.UserID, run))(t); a.Status != "queued" {
			t.Errorf("a run is %s", a.Status)
		}
		if n := w.count(`SELECT count(*) FROM erasures`); n != 0 {
			t.Error("the wish is still there")
		}
		if s := must(w.billing.Subscription(t.Context(), p.UserID))(t); s.Status != "active" {
			t.Errorf("the plan is %s", s.Status)
		}
		w.sb.Heal()
		w.ok(w.Erase(p.ctx, p.UserID, gus))
	})
}

func TestErase_ClosesACheckoutThatCouldStillBePaid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus)
		out := must(w.billing.Subscribe(p.ctx, p.UserID, billing.SubscribeRequest{Tier: "pro"}))(t)
		w.ok(w.Erase(p.ctx, p.UserID, gus))
		w.ok(w.FinishErase(t.Context(), p.UserID))
		res := must(http.PostForm(out.CheckoutURL, url.Values{"action": {"pay"}}))(t)
		res.Body.Close()
		if n := w.count(`SELECT count(*) FROM billing_records`); n != 0 {
			t.Errorf("%d billing records of somebody who never paid", n)
		}
		if calls := w.sb.Calls("/stripe/v1/checkout/sessions/*/expire"); len(calls) != 1 ||
			res.StatusCode == http.StatusOK && strings.Contains(res.Request.URL.String(), "done") {
			t.Errorf("the page was expired %d times and paying it answers %d at %s", len(calls), res.StatusCode, res.Request.URL)
		}
	})
}

func TestErase_WaitsForAPlanThatIsBeingSetUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus)
		w.exec(`INSERT INTO subscriptions (id, user_id, stripe_customer_id, tier, status, created_at, updated_at)
			VALUES ($1, $2, '', '', 'creating', $3, $3)`, db.NewID(), p.UserID, w.d.Now())
		err := w.Erase(p.ctx, p.UserID, gus)
		if f := fault.From(err); !errors.Is(err, fault.Conflict) || f.Retry <= 0 || f.Retry > 2*time.Minute {
			t.Fatalf("got %v", err)
		}
		must(w.accounts.Authenticate(t.Context(), p.Tokens.Access))(t)
		w.sb.Advance(2 * time.Minute)
		w.ok(w.Erase(p.ctx, p.UserID, gus))
		w.ok(w.FinishErase(t.Context(), p.UserID))
	})
}

func TestErase_TellsXAndWipesWhateverItAnswers(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]sandbox.Fault{
		"fine":      {Path: "/nowhere"},
		"down":      {Path: "/x/2/oauth2/revoke", Drop: true, Times: -1},
		"error":     {Path: "/x/2/oauth2/revoke", Status: http.StatusInternalServerError, Times: -1},
		"malformed": {Path: "/x/2/oauth2/revoke", Malformed: true, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.signIn(gus)
				w.sb.Fail(trouble)
				w.ok(w.Erase(p.ctx, p.UserID, gus))
				w.ok(w.FinishErase(t.Context(), p.UserID))
				if n := len(w.sb.Calls("/x/2/oauth2/revoke")); n < 2 {
					t.Errorf("X was told %d times, want of both tokens", n)
				}
				if n := w.count(`SELECT count(*) FROM users`); n != 0 {
					t.Error("the user is still there")
				}
			})
		})
	}
}

// A process may die between any two steps, the first of which only writes the wish down. Another finds it, and ends it.
func TestErase_EndsAfterADeathBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		steps := len(w.Steps())
		for died := range steps - 1 { // before the last, which scrubs files, the user is gone and nobody has to find them
			p := w.busy(gus)
			w.ok(w.Note(t.Context(), p.UserID))
			for _, step := range w.Steps()[:died] {
				w.ok(step(t.Context(), p.UserID))
			}
			jobs := w.count(`SELECT count(*) FROM river_job WHERE kind = 'erase'`)
			w.sb.Advance(time.Minute)
			w.ok(w.Sweep(t.Context()))
			if n := w.count(`SELECT count(*) FROM river_job WHERE kind = 'erase'`); n != jobs {
				t.Fatalf("died after %d steps: queued again within a minute", died)
			}
			w.sb.Advance(2 * time.Minute)
			w.ok(w.Sweep(t.Context()))
			if n := w.count(`SELECT count(*) FROM river_job WHERE kind = 'erase'`); n != jobs+1 {
				t.Fatalf("died after %d steps: nobody found it", died)
			}
			w.ok(w.FinishErase(t.Context(), p.UserID))
			if n := w.count(`SELECT count(*) FROM users`); n != 0 {
				t.Fatalf("died after %d steps: the user is still there", died)
			}
			w.exec(`DELETE FROM stripe_events`)
		}
	})
}

// What a request began just before the lock was seen everywhere is found, and the steps are taken again.
func TestErase_SeesWhatWasBegunMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus).subscribe()
		w.ok(w.Note(t.Context(), p.UserID))
		steps := w.Steps()
		remove := len(steps) - 2               // the last scrubs what was deleted
		for _, step := range steps[1:remove] { // all but the ending of the plan
			w.ok(step(t.Context(), p.UserID))
		}
		if err := steps[remove](t.Context(), p.UserID); err == nil {
			t.Fatal("the user was removed while a plan still charges")
		}
		if n := w.count(`SELECT count(*) FROM subscriptions`); n != 1 {
			t.Fatal("the plan was forgotten")
		}
		w.ok(w.FinishErase(t.Context(), p.UserID))
	})
}

func TestErase_LateWebhooksOfTheCustomerGoToo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus).subscribe()
		customer := p.customer()
		w.ok(w.Erase(p.ctx, p.UserID, gus))
		w.ok(w.FinishErase(t.Context(), p.UserID))
		for id, payload := range map[string]string{"evt_late": `{"data":{"object":{"customer":"` + customer +
			`"}}}`, "evt_other": `{"data":{"object":{"customer":"cus_other"}}}`} {
			w.exec(`INSERT INTO stripe_events (id, type, object_id, payload, received_at, handled_at)
				VALUES ($1, 'x', '', $2, $3, $3)`, id, payload, w.d.Now())
		}
		w.ok(w.billing.Retain(t.Context()))
		if n := w.count(`SELECT count(*) FROM stripe_events WHERE id IN ('evt_late', 'evt_other')`); n != 1 {
			t.Errorf("%d of the two events are left, want the other customer's", n)
		}
		w.sb.Advance(10 * 366 * 24 * time.Hour)
		w.ok(w.billing.Retain(t.Context()))
		if n := w.count(`SELECT count(*) FROM billing_records`); n != 0 {
			t.Errorf("%d billing records are left after ten years", n)
		}
	})
}

// The log stays append-only: only while their user is being erased may lines lose where they came from, and nothing
// else.
func TestAudit_LinesCannotBeChangedInAnyOtherWay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.signIn(gus), w.signIn(ada)
		w.ok(w.Note(t.Context(), p.UserID))
		anonymize := `UPDATE audit_log SET ip = '', user_agent = '', request_id = '' WHERE user_id = $1`
		w.refused(anonymize, p.UserID) // it was asked for only
		w.exec(`UPDATE erasures SET locked_at = $1`, w.d.Now())
		for _, q := range []string{
			`UPDATE audit_log SET ip = '', user_agent = '', request_id = '', action = 'x' WHERE user_id = $1`,
			`UPDATE audit_log SET ip = '', user_agent = '', request_id = '', user_id = NULL WHERE user_id = $1`,
			`UPDATE audit_log SET ip = '198.51.100.1', user_agent = '', request_id = '' WHERE user_id = $1`,
			`DELETE FROM audit_log WHERE user_id = $1`,
		} {
			w.refused(q, p.UserID)
		}
		w.refused(anonymize, other.UserID)
		w.exec(anonymize, p.UserID)
	})
}

// Whoever holds an X account that was unlinked erases nobody with its handle, neither do words that anybody can read.
func TestErase_AReleasedHandleConfirmsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.signIn(gus)
		auth := must(w.accounts.BeginSignIn(t.Context(), account.SignInRequest{
			LinkTo:  p.UserID,
			Session: p.Tokens.SessionID,
		}))(t)
		second := must(w.accounts.CompleteSignIn(t.Context(), w.allow(auth, ada)))(t)
		w.ok(w.accounts.RevokeX(t.Context(), p.UserID, second.Account.ID))
		for _, typed := range []string{ada, "@" + ada, "erase my account"} {
			if err := w.Erase(p.ctx, p.UserID, typed); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("%q: got %v", typed, err)
			}
		}
		if n := w.count(`SELECT count(*) FROM erasures`); n != 0 {
			t.Fatal("one of them counted")
		}
		w.ok(w.Erase(p.ctx, p.UserID, "@"+gus))
	})
}

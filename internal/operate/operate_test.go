package operate_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/health"
	"github.com/repazoo/repazoo/internal/operate"
	"github.com/repazoo/repazoo/internal/sandbox"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// world is a desk over the real services.
type world struct {
	t    *testing.T
	db   *db.DB
	desk *operate.Desk
	log  *audit.Log
}

func each(t *testing.T, f func(w *world)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{
		"sqlite":   dbtest.SQLite,
		"postgres": dbtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			d := open(t, clock.Now)
			srv := httptest.NewServer(sandbox.New(sandbox.Config{Now: clock.Now}).Handler())
			t.Cleanup(srv.Close)
			sealer, err := seal.New("a sealing secret of more than 32 bytes, for tests")
			if err != nil {
				t.Fatal(err)
			}
			x := xapi.New(xapi.Config{
				ClientID: xsandbox.ClientID, ClientSecret: xsandbox.ClientSecret, HTTP: srv.Client(), Now: clock.Now,
				APIURL: srv.URL + "/x", AuthorizeURL: srv.URL + "/x/i/oauth2/authorize",
			})
			accounts, err := account.New(account.Config{
				DB: d, Seal: sealer, X: x, JWTKeys: []string{"a signing key of more than 32 bytes, for tests"},
				PublicURL: "http://localhost:8000", Local: true, Now: clock.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			bill, err := billing.New(billing.Config{
				DB: d, StripeKey: stripesandbox.APIKey, StripeURL: srv.URL + "/stripe", WebhookSecret: stripesandbox.WebhookSecret,
				BasicPrice: stripesandbox.BasicPrice, ProPrice: stripesandbox.ProPrice, PublicURL: "http://localhost:8000",
				Now: clock.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			w := &world{t: t, db: d, log: audit.NewLog(d)}
			w.desk = operate.New(operate.Config{
				DB: d, Audit: w.log, Accounts: accounts, Billing: bill,
				Analyses: analysis.New(analysis.Config{DB: d, Seal: sealer, Accounts: accounts, Billing: bill, X: x}),
				Health:   health.New(map[string]health.Part{"db": {Probe: d.Ping}}, clock.Now, slog.New(slog.DiscardHandler)),
			})
			f(w)
		})
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.ok(w.db.InTx(w.t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}))
}

// user adds a user with a linked X account.
func (w *world) user(handle, email string) (id string) {
	id = db.NewID()
	w.exec(`INSERT INTO users (id, name, email, email_confirmed_at, role, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'user', $4, $4)`,
		id, handle, db.OrNull(email), w.db.Now())
	w.exec(`INSERT INTO x_accounts (id, user_id, x_user_id, handle, name, scopes, status, linked_at, updated_at)
		VALUES ($1, $2, $3, $4, $4, '', 'active', $5, $5)`, db.NewID(), id, id, handle, w.db.Now())
	return id
}

// actions are what the user's log holds, the newest first.
func (w *world) actions(userID string) (all []audit.Action) {
	w.t.Helper()
	p, err := w.log.Of(w.t.Context(), userID, audit.Filter{})
	w.ok(err)
	for _, l := range p.Lines {
		all = append(all, l.Action)
	}
	return all
}

func TestFind_NeedsAWholeHandleAddressOrID(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ann := w.user("ann_a", "Ann@Example.org")
		w.user("ann_b", "")
		for _, who := range []string{ann, "ann_a", " @Ann_A ", "ann@example.ORG"} {
			if got, err := w.desk.Find(w.t.Context(), who); err != nil || got != ann {
				w.t.Errorf("%q: %q, %v", who, got, err)
			}
		}
		w.exec(`UPDATE users SET email_confirmed_at = NULL WHERE id = $1`, w.user("cara_c", "cara@example.org"))
		w.user("dan_d", "both@example.org")
		w.user("eve_e", "Both@example.org")
		if got, err := w.desk.Find(w.t.Context(), "both@example.org"); !errors.Is(err, fault.Conflict) {
			w.t.Errorf("an address of two users: %q, %v", got, err)
		}
		for _, who := range []string{
			"", "cara@example.org", "ann", "@", "%", "ann@", "ann@example", "@example.org",
			db.NewID(), "ann_c",
		} {
			if got, err := w.desk.Find(w.t.Context(), who); !errors.Is(err, fault.NotFound) {
				w.t.Errorf("%q: %q, %v", who, got, err)
			}
		}
	})
}

func TestPerson_ALookStandsInTheirLogBeforeAnythingIsShown(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		admin, ann := w.user("admin", ""), w.user("ann_a", "")
		p, err := w.desk.Person(w.t.Context(), admin, ann)
		if err != nil || p.User.ID != ann || len(p.X) != 1 || p.X[0].Handle != "ann_a" {
			w.t.Fatalf("%+v, %v", p, err)
		}
		if got := w.actions(ann); !slices.Equal(got, []audit.Action{audit.UserViewed}) {
			w.t.Errorf("the log has %v", got)
		}
		if _, err := w.desk.Person(w.t.Context(), admin, db.NewID()); !errors.Is(err, fault.NotFound) {
			w.t.Errorf("nobody: %v", err)
		}
		ctx, cancel := context.WithCancel(w.t.Context())
		cancel()
		if _, err := w.desk.Person(ctx, admin, ann); err == nil {
			w.t.Error("without a line in the log, something was shown")
		}
	})
}

type failing struct{}

func (failing) Kind() string { return "failing" }
func (failing) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: db.Housekeeping, MaxAttempts: 1}
}

func TestJobs_AreTriedAgainAndCancelledByHand(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		admin := w.user("admin", "")
		tried := make(chan struct{}, 10)
		workers := river.NewWorkers()
		db.Work(workers, func(context.Context, failing) error {
			tried <- struct{}{}
			return errors.New("the disk was full")
		})
		stop, err := w.db.Work(context.Background(), db.Jobs{
			Workers: workers, Queues: db.Queues(1),
			SoftStop: time.Millisecond,
		})
		w.ok(err)
		defer stop(context.Background())
		w.ok(w.db.InTx(w.t.Context(), db.System,
			func(ctx context.Context, tx db.Tx) error { return tx.Enqueue(ctx, failing{}) }))
		<-tried
		job := w.until(func(j db.JobLook) bool { return j.State == "discarded" })
		if job.Kind != "failing" || !strings.Contains(job.Error, "the disk was full") || !job.Again() || job.Going() {
			w.t.Errorf("%+v", job)
		}
		w.ok(w.desk.RetryJob(w.t.Context(), admin, job.ID))
		<-tried
		w.until(func(j db.JobLook) bool { return j.State == "discarded" && j.Tries == 2 })
		w.ok(w.desk.CancelJob(w.t.Context(), admin, job.ID)) // it has ended, and stays as it is
		for _, do := range []func(context.Context, string, int64) error{w.desk.RetryJob, w.desk.CancelJob} {
			if err := do(w.t.Context(), admin, 1<<40); !errors.Is(err, fault.NotFound) {
				w.t.Errorf("a job that is not there: %v", err)
			}
		}
		all, err := w.log.All(w.t.Context(), admin, audit.Filter{Action: "job"})
		if err != nil || all.Total != 4 || all.Lines[3].Action != audit.JobRetried || all.Lines[3].Detail["admin"] != admin {
			w.t.Errorf("%+v, %v", all.Lines, err)
		}
	})
}

// until waits for the one job to be so.
func (w *world) until(is func(db.JobLook) bool) db.JobLook {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for {
		jobs, err := w.desk.Jobs(ctx, true)
		w.ok(err)
		if len(jobs) == 1 && is(jobs[0]) {
			return jobs[0]
		}
	}
}

func TestReplay_QueuesAnEventAgainAndIsNoted(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		admin := w.user("admin", "")
		for id, handled := range map[string]any{"evt_done": w.db.Now(), "evt_open": nil} {
			w.exec(`INSERT INTO stripe_events (id, type, object_id, payload, received_at, handled_at, attempts, last_error)
				VALUES ($1, 'invoice.paid', 'in_1', '{}', $2, $3, 1, 'customer not here yet')`, id, w.db.Now(), handled)
		}
		open, err := w.desk.Inbox(w.t.Context(), true)
		if err != nil || len(open) != 1 || open[0].ID != "evt_open" || open[0].Outcome() != "Failing" || open[0].Note == "" {
			w.t.Fatalf("%+v, %v", open, err)
		}
		w.ok(w.desk.Replay(w.t.Context(), admin, "evt_done"))
		if open, err = w.desk.Inbox(w.t.Context(), true); err != nil || len(open) != 2 {
			w.t.Errorf("%+v, %v", open, err)
		}
		jobs, err := w.desk.Jobs(w.t.Context(), false)
		if err != nil || len(jobs) != 1 || jobs[0].Kind != "stripe_event" {
			w.t.Errorf("%+v, %v", jobs, err)
		}
		if err := w.desk.Replay(w.t.Context(), admin, "evt_none"); !errors.Is(err, fault.NotFound) {
			w.t.Errorf("an event that is not there: %v", err)
		}
		if all, err := w.log.All(w.t.Context(), admin, audit.Filter{Action: "stripe_event"}); err != nil || all.Total != 2 {
			w.t.Errorf("%+v, %v", all.Lines, err)
		}
	})
}

func TestSpending_AddsUpByDayAndByUser(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ann, bob := w.user("ann_a", ""), w.user("bob_b", "")
		now := w.db.Now()
		for _, a := range []struct {
			user  string
			ago   time.Duration
			reads int
			model int
		}{{ann, 0, 100, 40_000}, {ann, 24 * time.Hour, 50, 0}, {bob, 0, 10, 1_000}, {bob, 40 * 24 * time.Hour, 999, 999}} {
			w.exec(`INSERT INTO analyses (id, user_id, handle, purpose, max_posts, tier, model, status, stage, x_reads,
				x_user_reads, model_micro_usd, created_at)
				VALUES ($1, $2, 'x', 'job_search', 1, 'pro', 'm', 'completed', 'done', $3, 1, $4, $5)`, db.NewID(), a.user,
				a.reads, a.model, now.Add(-a.ago))
		}
		s, err := w.desk.Spending(w.t.Context())
		w.ok(err)
		want := []analysis.Cost{
			{Day: now.UTC().Format(time.DateOnly), Analyses: 2, XMicro: 570_000, Model: 41_000},
			{Day: now.UTC().AddDate(0, 0, -1).Format(time.DateOnly), Analyses: 1, XMicro: 260_000},
		}
		if !slices.Equal(s.Days, want) {
			w.t.Errorf("days %+v", s.Days)
		}
		dearest := []analysis.Cost{
			{UserID: ann, Analyses: 2, XMicro: 770_000, Model: 40_000},
			{UserID: bob, Analyses: 1, XMicro: 60_000, Model: 1_000},
		}
		if !slices.Equal(s.Users, dearest) {
			w.t.Errorf("users %+v", s.Users)
		}
	})
}

func TestOverview_TellsPartsPoliciesAndRefusalsByNetwork(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		line := func(action audit.Action, from string, n int, ago time.Duration) {
			w.exec(`INSERT INTO audit_log (id, actor, action, resource, ip, user_agent, request_id, detail, created_at)
				VALUES ($1, 'stranger', $2, '', $3, '', '', $4, $5)`, db.NewID(), string(action), from,
				`{"count":`+string(rune('0'+n))+`}`, w.db.Now().Add(-ago))
		}
		line(audit.TokenRefused, "192.0.2.0/24", 5, time.Minute)
		line(audit.TokenRefused, "192.0.2.7", 2, time.Hour)
		line(audit.SignInRefused, "2001:db8:1:2::1", 3, time.Minute)
		line(audit.TokenRefused, "192.0.2.0/24", 9, 25*time.Hour)
		line(audit.SessionStarted, "192.0.2.9", 9, time.Minute)
		o, err := w.desk.Overview(w.t.Context())
		w.ok(err)
		if !o.Ready || o.Parts["db"].Status != health.Up || len(o.Proof.Tables) < 30 || len(o.Proof.Faults) > 0 {
			w.t.Errorf("%v, %+v, %d tables, %v", o.Ready, o.Parts, len(o.Proof.Tables), o.Proof.Faults)
		}
		if len(o.Refused) != 2 || o.Refused[0].Network != "192.0.2.0/24" || o.Refused[0].Times != 7 ||
			o.Refused[1].Network != "2001:db8:1::/48" || o.Refused[1].Times != 3 {
			w.t.Errorf("%+v", o.Refused)
		}
	})
}

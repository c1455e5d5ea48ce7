package notice_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/seal"
)

// world is notices on a database with a clock, and a server of ann's that hears webhooks. A test does the work of the
// jobs when it wants to.
type world struct {
	*notice.Service
	t        *testing.T
	d        *db.DB
	clock    *dbtest.Clock
	ann, bob string
	url      string
	status   atomic.Int64 // that the server answers
	heard    chan heard
	log      strings.Builder
	seal     *seal.Sealer
}

type heard struct {
	header http.Header
	body   []byte
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{
		"sqlite":   dbtest.SQLite,
		"postgres": dbtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			w := &world{t: t, d: open(t, clock.Now), clock: clock, heard: make(chan heard, 100)}
			sealer, err := seal.New("a sealing secret of more than 32 bytes, for tests")
			if err != nil {
				t.Fatal(err)
			}
			w.seal = sealer
			w.Service = notice.New(notice.Config{DB: w.d, Seal: sealer, Local: true})
			w.ann, w.bob = newUser(w.d, t), newUser(w.d, t)
			srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				w.heard <- heard{r.Header, body}
				rw.WriteHeader(int(w.status.Load()))
			}))
			t.Cleanup(srv.Close)
			w.url = srv.URL
			w.status.Store(http.StatusNoContent)
			f(t, w)
		})
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) add(user, url string, kinds ...notice.Kind) notice.NewEndpoint {
	w.t.Helper()
	e, err := w.AddEndpoint(w.t.Context(), user, url, kinds)
	w.ok(err)
	return e
}

// tell makes a notice of ann's and does the work of its job.
func (w *world) tell(kind notice.Kind, subject string) string {
	w.t.Helper()
	write(w.d, w.t, notice.Fact{
		UserID: w.ann, Kind: kind, Subject: subject,
		Data: notice.Data{Plan: "pro", Until: until, Quota: 10, Used: 8},
	})
	id, err := db.ReadOne(w.t.Context(), w.d, db.System, db.Value[string],
		`SELECT id FROM notices WHERE user_id = $1 AND kind = $2 AND subject = $3`, w.ann, string(kind), subject)
	w.ok(err)
	w.ok(w.Spread(w.t.Context(), id))
	return id
}

func (w *world) deliveries(user, endpoint string) []notice.Delivery {
	w.t.Helper()
	p, err := w.Deliveries(w.t.Context(), user, endpoint, 100, "")
	w.ok(err)
	return p.Deliveries
}

// deliver tries until there is nothing to wait for, and tells how long that took.
func (w *world) deliver(id string, round int) (tries int, took time.Duration) {
	w.t.Helper()
	for {
		again, err := w.Deliver(w.t.Context(), id, round)
		w.ok(err)
		tries++
		if again == 0 {
			return tries, took
		}
		took += again
		w.clock.Advance(again)
	}
}

func TestDeliver_SendsWhatTheReceiverCanVerify(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		e := w.add(w.ann, w.url)
		id := w.tell(notice.QuotaNearlyUsed, "november")
		v := w.deliveries(w.ann, e.ID)[0]
		if v.Status != notice.Waiting || v.Attempts != 0 || v.NextTryAt == nil {
			t.Fatalf("before: %+v", v)
		}
		w.deliver(v.ID, 0)
		got := <-w.heard
		wh, err := standardwebhooks.NewWebhook(e.Secret)
		w.ok(err)
		w.ok(wh.VerifyIgnoringTimestamp(got.body, got.header))
		var body struct {
			Type      string
			Timestamp time.Time
			Data      struct {
				ID, Sentence, Plan string
				Quota, Used        int
				Until              time.Time
			}
		}
		w.ok(json.Unmarshal(got.body, &body))
		if body.Type != "quota.nearly_used" || body.Data.ID != id || body.Data.Used != 8 ||
			!body.Data.Until.Equal(until) || !strings.HasPrefix(body.Data.Sentence, "You have used 8 of the 10") {
			t.Errorf("%s", got.body)
		}
		if got.header.Get("webhook-id") != "msg_"+id || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%v", got.header)
		}
		if v := w.deliveries(w.ann, e.ID)[0]; v.Status != notice.Delivered || v.Attempts != 1 ||
			*v.Code != http.StatusNoContent || v.NextTryAt != nil || v.TriedAt == nil {
			t.Errorf("after: %+v", v)
		}
		w.deliver(v.ID, 0)
		if len(w.heard) != 0 {
			t.Error("it was sent twice")
		}
	})
}

func TestSpread_TellsEachEndpointThatHearsOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		all, some := w.add(w.ann, w.url+"/all"), w.add(w.ann, w.url+"/some", notice.PlanEnded, notice.PlanChanged)
		theirs := w.add(w.bob, w.url)
		id := w.tell(notice.QuotaUsedUp, "november")
		w.tell(notice.PlanEnded, "sub")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := w.Spread(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := [3]int{
			len(w.deliveries(w.ann, all.ID)), len(w.deliveries(w.ann, some.ID)),
			len(w.deliveries(w.bob, theirs.ID)),
		}
		if got != [3]int{2, 1, 0} || count(w.d, t, `SELECT count(*) FROM river_job WHERE kind = 'webhook_deliver'`) != 3 {
			t.Fatalf("%v", got)
		}
		w.ok(w.Spread(t.Context(), db.NewID())) // a notice that is gone
	})
}

func TestWrite_QueuesOneJobForTheNoticeItMakes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for range 3 {
			write(w.d, t, notice.Fact{UserID: w.ann, Kind: notice.PlanEnded, Subject: "sub"})
		}
		if n := count(w.d, t, `SELECT count(*) FROM river_job WHERE kind = 'notice_spread'`); n != 1 {
			t.Fatalf("%d jobs", n)
		}
	})
}

func TestDeliver_TriesForADayThenGivesUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.status.Store(http.StatusInternalServerError)
		e := w.add(w.ann, w.url)
		w.tell(notice.PlanEnded, "sub")
		v := w.deliveries(w.ann, e.ID)[0]
		tries, took := w.deliver(v.ID, 0)
		if tries != 8 || len(w.heard) != 8 || took < 23*time.Hour || took > 25*time.Hour {
			t.Fatalf("%d tries in %v", tries, took)
		}
		if v = w.deliveries(w.ann, e.ID)[0]; v.Status != notice.Failed || v.Attempts != 8 || *v.Code != 500 ||
			v.Trouble != "it answered 500" || v.NextTryAt != nil {
			t.Fatalf("%+v", v)
		}
		found, err := w.Endpoint(t.Context(), w.ann, e.ID)
		if err != nil || found.FailingSince == nil || found.DisabledAt != nil {
			t.Fatalf("%+v, %v", found, err)
		}
		first, last := <-w.heard, heard{}
		for range 7 {
			last = <-w.heard
		}
		if string(first.body) != string(last.body) || first.header.Get("webhook-id") != last.header.Get("webhook-id") ||
			first.header.Get("webhook-timestamp") == last.header.Get("webhook-timestamp") {
			t.Fatal("a later try must be the same message, signed anew")
		}
	})
}

func TestDeliver_ASuccessInBetweenForgetsTheFailures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		e := w.add(w.ann, w.url)
		for i, status := range []int{500, 204, 500} {
			w.status.Store(int64(status))
			w.tell(notice.PlanChanged, string(rune('a'+i)))
			w.deliver(w.deliveries(w.ann, e.ID)[0].ID, 0)
			w.clock.Advance(60 * time.Hour)
		}
		if found, err := w.Endpoint(t.Context(), w.ann, e.ID); err != nil || found.DisabledAt != nil ||
			found.FailingSince == nil {
			t.Fatalf("%+v, %v", found, err)
		}
	})
}

func TestDeliver_SwitchesOffWhatHasFailedForDaysAndSaysSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.status.Store(http.StatusBadGateway)
		e := w.add(w.ann, w.url)
		for i := range 4 { // each is tried for a day
			w.tell(notice.PlanChanged, string(rune('a'+i)))
			w.deliver(w.deliveries(w.ann, e.ID)[0].ID, 0)
		}
		found, err := w.Endpoint(t.Context(), w.ann, e.ID)
		if err != nil || found.DisabledAt == nil {
			t.Fatalf("%+v, %v", found, err)
		}
		told := list(w.Service, t, w.ann, notice.Filter{Limit: 1}).Notices[0]
		if told.Kind != notice.EndpointOff || !strings.Contains(told.Sentence(), strings.TrimPrefix(w.url, "http://")) {
			t.Fatalf("told %+v: %s", told, told.Sentence())
		}
		if n := count(w.d, t, `SELECT count(*) FROM notices WHERE kind = 'webhook.disabled'`); n != 1 {
			t.Fatalf("told %d times", n)
		}
		w.tell(notice.PlanChanged, "z")
		before := w.deliveries(w.ann, e.ID)
		if len(before) != 4 {
			t.Fatalf("%d deliveries, though it is switched off", len(before))
		}
		if _, err := w.Redeliver(t.Context(), w.ann, e.ID, before[0].ID); !errors.Is(err, fault.Conflict) {
			t.Fatalf("redelivery while it is off: %v", err)
		}
		if found, err = w.EnableEndpoint(t.Context(), w.ann, e.ID); err != nil || found.DisabledAt != nil ||
			found.FailingSince != nil {
			t.Fatalf("%+v, %v", found, err)
		}
		if _, err := w.Redeliver(t.Context(), w.ann, e.ID, before[0].ID); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDeliver_AGoneEndpointIsSwitchedOffAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.status.Store(http.StatusGone)
		e := w.add(w.ann, w.url)
		w.tell(notice.PlanEnded, "sub")
		if tries, _ := w.deliver(w.deliveries(w.ann, e.ID)[0].ID, 0); tries != 1 {
			t.Fatalf("%d tries", tries)
		}
		if found, err := w.Endpoint(t.Context(), w.ann, e.ID); err != nil || found.DisabledAt == nil {
			t.Fatalf("%+v, %v", found, err)
		}
	})
}

func TestRedeliver_SendsTheSameMessageAgainAndEndsTheOldTries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.status.Store(http.StatusInternalServerError)
		e := w.add(w.ann, w.url)
		w.tell(notice.PlanEnded, "sub")
		id := w.deliveries(w.ann, e.ID)[0].ID
		if again, err := w.Deliver(t.Context(), id, 0); err != nil || again == 0 {
			t.Fatalf("%v, %v", again, err)
		}
		first := <-w.heard
		w.status.Store(http.StatusOK)
		if v, err := w.Redeliver(t.Context(), w.ann, e.ID, id); err != nil || v.Status != notice.Waiting ||
			v.Attempts != 0 || v.Trouble != "" {
			t.Fatalf("%+v, %v", v, err)
		}
		w.deliver(id, 0)
		if len(w.heard) != 0 {
			t.Fatal("the job from before still sends")
		}
		w.deliver(id, 1)
		if second := <-w.heard; second.header.Get("webhook-id") != first.header.Get("webhook-id") {
			t.Fatal("it is another message")
		}
		if v := w.deliveries(w.ann, e.ID)[0]; v.Status != notice.Delivered || v.Attempts != 1 {
			t.Fatalf("%+v", v)
		}
	})
}

func TestTestEndpoint_SendsOnceAlsoWhileItIsOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		e := w.add(w.ann, w.url, notice.PlanEnded)
		exec(w.d, t, `UPDATE webhook_endpoints SET disabled_at = $2 WHERE id = $1`, e.ID, w.d.Now())
		v, err := w.TestEndpoint(t.Context(), w.ann, e.ID)
		w.ok(err)
		w.deliver(v.ID, 0)
		if got := <-w.heard; !strings.Contains(string(got.body), `"type":"webhook.test"`) {
			t.Fatalf("%s", got.body)
		}
		w.status.Store(http.StatusInternalServerError)
		v, err = w.TestEndpoint(t.Context(), w.ann, e.ID)
		w.ok(err)
		if tries, _ := w.deliver(v.ID, 0); tries != 1 {
			t.Fatalf("a test was tried %d times", tries)
		}
	})
}

func TestTestEndpoint_IsLimitedForEachUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		e := w.add(w.ann, w.url)
		test := func() error { _, err := w.TestEndpoint(t.Context(), w.ann, e.ID); return err }
		var many sync.WaitGroup
		var sent atomic.Int32
		for range 20 {
			many.Go(func() {
				if test() == nil {
					sent.Add(1)
				}
			})
		}
		many.Wait()
		if sent.Load() != 5 {
			t.Errorf("%d of 20 tests at once were sent, want 5", sent.Load())
		}
		err := test()
		if f := fault.From(err); !errors.Is(err, fault.RateLimited) || f.Retry <= 0 || f.Retry > time.Minute {
			t.Errorf("the next was answered with %v, to be tried after %v", err, f.Retry)
		}
		w.clock.Advance(time.Minute)
		w.ok(test())
	})
}

func TestEndpoints_AreHiddenFromOthers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		e := w.add(w.ann, w.url)
		w.tell(notice.PlanEnded, "sub")
		id := w.deliveries(w.ann, e.ID)[0].ID
		ctx := t.Context()
		for name, try := range map[string]func(user, endpoint string) error{
			"read":       func(u, e string) error { _, err := w.Endpoint(ctx, u, e); return err },
			"remove":     func(u, e string) error { return w.RemoveEndpoint(ctx, u, e) },
			"enable":     func(u, e string) error { _, err := w.EnableEndpoint(ctx, u, e); return err },
			"test":       func(u, e string) error { _, err := w.TestEndpoint(ctx, u, e); return err },
			"deliveries": func(u, e string) error { _, err := w.Deliveries(ctx, u, e, 0, ""); return err },
			"redeliver":  func(u, e string) error { _, err := w.Redeliver(ctx, u, e, id); return err },
		} {
			for _, endpoint := range []string{e.ID, db.NewID(), "x"} {
				if err := try(w.bob, endpoint); !errors.Is(err, fault.NotFound) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		mine := w.add(w.bob, w.url)
		if _, err := w.Redeliver(ctx, w.bob, mine.ID, id); !errors.Is(err, fault.NotFound) {
			t.Errorf("through an endpoint of one's own: %v", err)
		}
		all, err := w.Endpoints(ctx, w.bob)
		if err != nil || len(all) != 1 || all[0].ID != mine.ID {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func TestAddEndpoint_AllowsFiveHoweverManyAreAddedAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var made, refused atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := w.AddEndpoint(t.Context(), w.ann, w.url+"/"+string(rune('a'+i)), nil)
				switch {
				case err == nil:
					made.Add(1)
				case errors.Is(err, fault.Conflict):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 5 || refused.Load() != 15 {
			t.Fatalf("%d made, %d refused", made.Load(), refused.Load())
		}
		w.add(w.bob, w.url)
		if _, err := w.AddEndpoint(t.Context(), w.bob, w.url, nil); !errors.Is(err, fault.Conflict) {
			t.Fatalf("the same address twice: %v", err)
		}
		if _, err := w.AddEndpoint(t.Context(), w.bob, w.url+"/x", []notice.Kind{"of.tomorrow"}); !errors.Is(err,
			fault.ValidationFailed) {
			t.Fatalf("an unknown kind: %v", err)
		}
	})
}

func TestAddEndpoint_KeepsTheSecretSealed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		e := w.add(w.ann, w.url)
		if !strings.HasPrefix(e.Secret, "whsec_") || len(e.Secret) != 6+44 {
			t.Fatal("another format")
		}
		stored, err := db.ReadOne(t.Context(), w.d, db.System, db.Value[[]byte], `SELECT secret FROM webhook_endpoints`)
		if err != nil || strings.Contains(string(stored), e.Secret[6:]) || len(stored) != seal.Overhead+len(e.Secret) {
			t.Fatalf("%d bytes, %v", len(stored), err)
		}
	})
}

func TestRetain_KeepsDeliveriesForAMonth(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		e := w.add(w.ann, w.url)
		w.tell(notice.PlanEnded, "sub")
		w.clock.Advance(29 * 24 * time.Hour)
		w.ok(w.Retain(t.Context()))
		kept := len(w.deliveries(w.ann, e.ID))
		w.clock.Advance(2 * 24 * time.Hour)
		w.ok(w.Retain(t.Context()))
		if left := len(w.deliveries(w.ann, e.ID)); kept != 1 || left != 0 {
			t.Fatalf("%d, then %d", kept, left)
		}
	})
}

// From the fact to the receiver, by the workers alone, through one failure.
func TestWorkers_CarryANoticeToItsEndpoint(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		workers := river.NewWorkers()
		w.AddWorkers(workers)
		stop, err := w.d.Work(context.Background(), db.Jobs{Workers: workers, Queues: db.Queues(4)})
		w.ok(err)
		t.Cleanup(func() { stop(context.Background()) })
		w.status.Store(http.StatusServiceUnavailable)
		w.add(w.ann, w.url)
		write(w.d, t, notice.Fact{UserID: w.ann, Kind: notice.PlanEnded, Subject: "sub", Data: notice.Data{Plan: "pro"}})
		for try := range 2 { // the second comes five seconds after the first
			select {
			case <-w.heard:
				w.status.Store(http.StatusOK)
			case <-time.After(60 * time.Second):
				t.Fatalf("try %d never came", try+1)
			}
		}
	})
}

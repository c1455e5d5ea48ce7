package notice_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
)

func write(d *db.DB, t *testing.T, f notice.Fact) {
	t.Helper()
	err := d.InTx(t.Context(), db.User(f.UserID),
		func(ctx context.Context, tx db.Tx) error { return notice.Write(ctx, tx, f) })
	if err != nil {
		t.Fatal(err)
	}
}

func exec(d *db.DB, t *testing.T, query string, args ...any) {
	t.Helper()
	err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(d *db.DB, t *testing.T, query string, args ...any) int {
	t.Helper()
	n, err := db.ReadOne(t.Context(), d, db.System, db.Value[int], query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func newUser(d *db.DB, t *testing.T) string {
	t.Helper()
	id := db.NewID()
	exec(d, t, `INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, 'ann', $2, $2)`, id, d.Now())
	return id
}

func list(s *notice.Service, t *testing.T, user string, f notice.Filter) notice.Page {
	t.Helper()
	p, err := s.List(t.Context(), user, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWrite_MakesOneNoticeOfAFactHoweverManyFindIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann, bob := newUser(d, t), newUser(d, t)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				write(d, t, notice.Fact{UserID: ann, Kind: notice.QuotaUsedUp, Subject: "november"})
				write(d, t, notice.Fact{UserID: ann, Kind: notice.QuotaUsedUp, Subject: "december"})
				write(d, t, notice.Fact{UserID: ann, Kind: notice.QuotaNearlyUsed, Subject: "november"})
				write(d, t, notice.Fact{UserID: bob, Kind: notice.QuotaUsedUp, Subject: "november"})
			})
		}
		wg.Wait()
		if a, b := count(d, t, `SELECT count(*) FROM notices WHERE user_id = $1`, ann),
			count(d, t, `SELECT count(*) FROM notices WHERE user_id = $1`, bob); a != 3 || b != 1 {
			t.Fatalf("%d and %d notices", a, b)
		}
	})
}

func TestWrite_IsTakenBackWithItsTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann, no := newUser(d, t), errors.New("no")
		err := d.InTx(t.Context(), db.User(ann), func(ctx context.Context, tx db.Tx) error {
			return errors.Join(notice.Write(ctx, tx, notice.Fact{UserID: ann, Kind: notice.PlanEnded}), no)
		})
		if !errors.Is(err, no) || count(d, t, `SELECT count(*) FROM notices`) != 0 {
			t.Fatal(err)
		}
	})
}

func TestList_PagesThroughOnesOwnNewestFirst(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ann, bob := notice.New(notice.Config{DB: d}), newUser(d, t), newUser(d, t)
		for _, subject := range []string{"1", "2", "3", "4", "5"} {
			write(d, t, notice.Fact{UserID: ann, Kind: notice.PlanChanged, Subject: subject, Data: notice.Data{Plan: subject}})
			write(d, t, notice.Fact{UserID: bob, Kind: notice.PlanChanged, Subject: subject, Data: notice.Data{Plan: "bob's"}})
		}
		var got []string
		f := notice.Filter{Limit: 2}
		for {
			p := list(s, t, ann, f)
			if p.Total != 5 {
				t.Fatalf("%d in all", p.Total)
			}
			for _, n := range p.Notices {
				got = append(got, n.Data.Plan)
			}
			if f.Cursor = p.Next; f.Cursor == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"5", "4", "3", "2", "1"}, got); diff != "" {
			t.Fatal(diff)
		}
		if _, err := s.List(t.Context(), ann, notice.Filter{Cursor: "nonsense"}); !errors.Is(err, fault.ValidationFailed) {
			t.Fatalf("%v", err)
		}
	})
}

func TestRead_IsForOnesOwnNoticesAndTheFirstTimeCounts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ann, bob := notice.New(notice.Config{DB: d}), newUser(d, t), newUser(d, t)
		write(d, t, notice.Fact{UserID: ann, Kind: notice.PlanEnded})
		n := list(s, t, ann, notice.Filter{Unread: true}).Notices[0]
		for _, id := range []string{n.ID, db.NewID(), "x"} {
			if _, err := s.Read(t.Context(), bob, id); !errors.Is(err, fault.NotFound) {
				t.Fatalf("another user's reading of %s: %v", id, err)
			}
		}
		first, err := s.Read(t.Context(), ann, n.ID)
		if err != nil || first.ReadAt == nil {
			t.Fatalf("%+v, %v", first, err)
		}
		again, err := s.Read(t.Context(), ann, n.ID)
		if err != nil || !again.ReadAt.Equal(*first.ReadAt) {
			t.Fatalf("%+v, %v", again, err)
		}
		if unread, all := list(s, t, ann, notice.Filter{Unread: true}),
			list(s, t, ann, notice.Filter{}); unread.Total != 0 || len(unread.Notices) != 0 || all.Total != 1 {
			t.Fatalf("%+v, %+v", unread, all)
		}
	})
}

func TestForget_TakesADeletedReportOutOfTheDigest(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ann := notice.New(notice.Config{DB: d}), newUser(d, t)
		gone, stays := db.NewID(), db.NewID()
		score := 61.0
		for week, id := range map[string]string{"2026-W01": gone, "2026-W02": stays} {
			write(d, t, notice.Fact{UserID: ann, Kind: notice.Digest, Subject: week, Data: notice.Data{
				Analysis: id, Handle: "gus", Score: &score, Level: "high", Reports: 2,
			}})
		}
		if err := d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
			return notice.Forget(ctx, tx, ann, gone)
		}); err != nil {
			t.Fatal(err)
		}
		said := map[string]string{}
		for _, n := range list(s, t, ann, notice.Filter{}).Notices {
			said[n.Path()] = n.Action() + ": " + n.Sentence()
		}
		want := map[string]string{
			"/history": "See how the score has moved: In the last seven days 2 reports were made.",
			"/a/" + stays: "Open the newest report: In the last seven days 2 reports were made. The newest, on @gus, is at " +
				"61 of 100, high.",
		}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRetain_KeepsNoticesForAYear(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{
		"sqlite":   dbtest.SQLite,
		"postgres": dbtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			d := open(t, clock.Now)
			s, ann := notice.New(notice.Config{DB: d}), newUser(d, t)
			write(d, t, notice.Fact{UserID: ann, Kind: notice.PlanEnded})
			for _, step := range []struct {
				wait time.Duration
				want int
			}{{364 * 24 * time.Hour, 1}, {2 * 24 * time.Hour, 0}} {
				clock.Advance(step.wait)
				if err := s.Retain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := list(s, t, ann, notice.Filter{}).Total; n != step.want {
					t.Fatalf("%d notices, want %d", n, step.want)
				}
			}
		})
	}
}

var until = time.Date(2026, 12, 24, 9, 30, 0, 0, time.UTC)

func TestWords_SayWhatHappenedAndWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kind notice.Kind
		data notice.Data
		want string
	}{
		"payment failed": {
			notice.PaymentFailed,
			notice.Data{Plan: "basic", Until: until},
			"The payment for your Basic plan did not go through. The plan stays open until 24 December 2026, 09:30 UTC. If " +
				"it is not paid by then, it pauses, and comes back with the payment. Check your card before then.",
		},
		"failed, no grace": {
			notice.PaymentFailed,
			notice.Data{Plan: "basic"},
			"The payment for your Basic plan did not go through, so it is paused. Check your card; the plan opens again as " +
				"soon as the payment does.",
		},
		"a nameless plan": {
			notice.GraceEnded,
			notice.Data{},
			"Your plan is paused, because its last payment did not go through. It opens again as soon as the payment does. " +
				"Your reports are still there.",
		},
		"plan changed": {
			notice.PlanChanged,
			notice.Data{Plan: "pro", From: "basic"},
			"You now have the Pro plan instead of Basic.",
		},
		"nearly used": {
			notice.QuotaNearlyUsed,
			notice.Data{Plan: "pro", Quota: 10_000, Used: 8_000, Until: until},
			"You have used 8,000 of the 10,000 analyses of this period. New ones come on 24 December 2026, 09:30 UTC, or " +
				"with a larger plan.",
		},
		"trial, card": {
			notice.TrialEnding,
			notice.Data{Plan: "pro", Until: until},
			"The free trial of your Pro plan ends on 24 December 2026, 09:30 UTC. Your card is charged for the first time " +
				"then. If you do not want that, cancel before; you can use the plan until then all the same.",
		},
		"trial, and it ends": {
			notice.TrialEnding,
			notice.Data{Plan: "pro", Until: until, NoCard: "cancel"},
			"The free trial of your Pro plan ends on 24 December 2026, 09:30 UTC. There is no card, so the plan ends then " +
				"and nothing is charged. Put a card in place before, and it goes on.",
		},
		"trial, and it waits": {
			notice.TrialEnding,
			notice.Data{Plan: "pro", Until: until, NoCard: "pause"},
			"The free trial of your Pro plan ends on 24 December 2026, 09:30 UTC. There is no card, so the plan is paused " +
				"then and nothing is charged. Put a card in place before, and it goes on.",
		},
		"ended with the rest": {
			notice.PlanEnded,
			notice.Data{Plan: "pro", Until: until},
			"Your Pro plan is ended. What you paid for stays usable until 24 December 2026, 09:30 UTC, and then nothing more " +
				"is charged.",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (notice.Notice{Kind: tt.kind, Data: tt.data}).Sentence(); got != tt.want {
				t.Fatal(got)
			}
		})
	}
}

func TestWords_EveryKindHasItsOwn(t *testing.T) {
	t.Parallel()
	unknown := notice.Notice{Kind: "of tomorrow"}
	seen := map[string]bool{unknown.Title(): true, unknown.Sentence(): true}
	for _, k := range append(notice.Kinds(), notice.Test) {
		n := notice.Notice{Kind: k, Data: notice.Data{
			Plan: "basic", From: "pro", Until: until, Quota: 5, Used: 4,
			Host: "example.com",
		}}
		for _, words := range []string{n.Title(), n.Sentence(), k.Words()} {
			if seen[words] || strings.Contains(words, "  ") || strings.Contains(words, "%!") {
				t.Errorf("%s says %q", k, words)
			}
			seen[words] = true
		}
	}
}

// What is stored today is read by the words of tomorrow, so the names stay.
func TestData_IsStoredUnderTheseNames(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(notice.Data{Plan: "pro", From: "basic", Until: until, Quota: 5, Used: 4, Unpaid: true})
	if want := `{"plan":"pro","from":"basic","until":"2026-12-24T09:30:00Z","quota":5,"used":4,"unpaid":true}`; err != nil || string(b) != want {
		t.Fatalf("%s, %v", b, err)
	}
}

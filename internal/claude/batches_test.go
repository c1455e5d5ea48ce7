package claude_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/claude"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
)

// items are questions about a post each, named q0, q1, …
func items(texts ...string) []claude.BatchItem {
	all := make([]claude.BatchItem, len(texts))
	for i, text := range texts {
		all[i] = claude.BatchItem{ID: fmt.Sprintf("q%d", i), Request: question()}
		all[i].User = `<posts-0a>[{"id":1,"text":"` + text + `"}]</posts-0a>`
	}
	return all
}

func mustCreate(t *testing.T, c *claude.Client, texts ...string) claude.Batch {
	t.Helper()
	b, err := c.CreateBatch(t.Context(), items(texts...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// resultsOf are the results by their ids; broken lines and doubles are counted apart.
func resultsOf(t *testing.T, c *claude.Client, id string) (byID map[string]claude.BatchResult, broken, doubled int) {
	t.Helper()
	all, err := c.BatchResults(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	byID = map[string]claude.BatchResult{}
	for _, r := range all {
		_, again := byID[r.ID]
		switch {
		case r.Broken:
			broken++
		case again:
			doubled++
		default:
			byID[r.ID] = r
		}
	}
	return byID, broken, doubled
}

func TestBatch_AnswersAsADirectCallWould(t *testing.T) {
	t.Parallel()
	s, c := newPair()
	b := mustCreate(t, c, "you idiot", "a quiet garden")
	if b.Ended || b.Requests != 2 || b.ExpiresAt.Sub(b.CreatedAt) != claude.BatchLives {
		t.Fatalf("a new batch is %+v", b)
	}
	if _, err := c.BatchResults(t.Context(), b.ID); !wantFailure(t, err).Permanent {
		t.Error("results before the end")
	}
	s.Advance(time.Hour)
	if b, err := c.Batch(t.Context(), b.ID); err != nil || !b.Ended || b.Cancelled {
		t.Fatalf("after an hour: %+v, %v", b, err)
	}
	got, broken, doubled := resultsOf(t, c, b.ID)
	for _, item := range items("you idiot", "a quiet garden") {
		want, err := c.Ask(t.Context(), item.Request)
		if r := got[item.ID]; err != nil || r.Answer.Text != want.Text || r.Answer.Stop != "end_turn" ||
			r.Answer.Usage.Output == 0 {
			t.Errorf("%s: %+v, a direct call says %+v, %v", item.ID, r, want, err)
		}
	}
	if broken+doubled != 0 {
		t.Errorf("%d broken, %d doubled", broken, doubled)
	}
}

func TestBatch_EndsItsRequestsAsTheyDid(t *testing.T) {
	t.Parallel()
	for kind, want := range map[claudesandbox.Kind]string{
		claudesandbox.BatchErrored: "errored unavailable", claudesandbox.BatchExpired: "expired",
		claudesandbox.Filtered: "refusal",
		claudesandbox.Refuses:  "refusal", claudesandbox.Malformed: "end_turn", claudesandbox.BatchBroken: "missing",
		claudesandbox.BatchStranger: "missing", claudesandbox.BatchDoubled: "end_turn", claudesandbox.MaxTokens: "max_tokens",
	} {
		s, c := newPair()
		s.Claude().Fail(claudesandbox.Fault{Kind: kind, Containing: "odd", Times: -1})
		b := mustCreate(t, c, "an odd one", "a plain one")
		s.Advance(25 * time.Hour)
		got, broken, doubled := resultsOf(t, c, b.ID)
		said := "missing"
		if r, ok := got["q0"]; ok {
			if said = r.Answer.Stop + r.Why; r.Failed != nil {
				said += " " + r.Failed.Name()
			}
		}
		if said != want || got["q1"].Answer.Stop != "end_turn" {
			t.Errorf("%s: %q and %q, want %q beside an answer", kind, said, got["q1"].Answer.Stop, want)
		}
		if (broken == 1) != (kind == claudesandbox.BatchBroken) || (doubled == 1) != (kind == claudesandbox.BatchDoubled) {
			t.Errorf("%s: %d broken, %d doubled", kind, broken, doubled)
		}
	}
}

func TestBatch_CancelledKeepsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	s, c := newPair()
	b := mustCreate(t, c, "a", "b", "c", "d") // two minutes
	s.Advance(time.Minute)
	if b, err := c.CancelBatch(t.Context(), b.ID); err != nil || b.Ended || !b.Cancelled {
		t.Fatalf("cancelling: %+v, %v", b, err)
	}
	if err := c.DeleteBatch(t.Context(), b.ID); !wantFailure(t, err).Permanent {
		t.Error("deleted while it is cancelled")
	}
	s.Advance(5 * time.Second)
	got, _, _ := resultsOf(t, c, b.ID)
	outcomes := map[string]int{}
	for _, r := range got {
		outcomes[r.Answer.Stop+r.Why]++
	}
	if !reflect.DeepEqual(outcomes, map[string]int{"end_turn": 2, "canceled": 2}) {
		t.Errorf("%v", outcomes)
	}
	for range 2 { // the second time it is gone already
		if err := c.DeleteBatch(t.Context(), b.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Batch(t.Context(), b.ID); !claude.Unknown(err) || len(s.Claude().Batches()) != 0 {
		t.Errorf("it is there: %v", err)
	}
}

// A creation whose answer is lost must not be tried again: the provider has it, and would do and charge it twice.
func TestCreateBatch_IsSentOnceAndFoundAgain(t *testing.T) {
	t.Parallel()
	s, c := newPair()
	before := s.Now()
	s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.BatchUnanswered})
	_, err := c.CreateBatch(t.Context(), items("a", "b"))
	if wantFailure(t, err); !claude.Unsure(err) {
		t.Fatalf("got %v", err)
	}
	all, err := c.Batches(t.Context(), before)
	if err != nil || len(all) != 1 || all[0].Requests != 2 || len(s.Claude().Batches()) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	if later, err := c.Batches(t.Context(), before.Add(time.Second)); err != nil || len(later) != 0 {
		t.Errorf("later ones: %+v, %v", later, err)
	}
}

func TestCreateBatch_KnowsWhenItWasRefused(t *testing.T) {
	t.Parallel()
	for kind, permanent := range map[claudesandbox.Kind]bool{
		claudesandbox.RateLimited: false, claudesandbox.Overloaded: false, claudesandbox.NoCredit: true,
		claudesandbox.SpendLimit: true,
	} {
		s, c := newPair()
		s.Claude().Fail(claudesandbox.Fault{Kind: kind})
		_, err := c.CreateBatch(t.Context(), items("a"))
		if f := wantFailure(t, err); f.Permanent != permanent || claude.Unsure(err) || len(s.Claude().Batches()) != 0 {
			t.Errorf("%s: %+v", kind, f)
		}
	}
	if claude.Unsure(nil) || !claude.Unsure(errors.New("anything else")) {
		t.Error("unsure of the wrong errors")
	}
}

func TestBatch_HasABoundOfTimeEvenWhereItNeverEnds(t *testing.T) {
	t.Parallel()
	s, c := newPair()
	s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.BatchStuck})
	b := mustCreate(t, c, "a")
	s.Advance(48 * time.Hour)
	b, err := c.Batch(t.Context(), b.ID)
	if err != nil || b.Ended || !b.ExpiresAt.Before(s.Now()) {
		t.Fatalf("%+v, %v", b, err)
	}
}

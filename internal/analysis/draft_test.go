package analysis

import (
	"context"
	"errors"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/fault"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
)

// asksModel gives the world a model: the stand-in.
func (w *world) asksModel() {
	w.c.Claude = claude.New(claude.Config{
		APIKey: claudesandbox.APIKey, BaseURL: w.url + "/claude",
	})
}

func TestCheckDraft_AsksTheModelOfAPlanAndKeepsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.asksModel()
		p := w.subscriber()
		rows := func() int {
			return w.count(`SELECT (SELECT count(*) FROM posts) + (SELECT count(*) FROM verdicts) + (SELECT count(*)
				FROM analyses)`)
		}
		before := rows()
		d, err := w.CheckDraft(t.Context(), p.UserID, DraftRequest{Text: "You are an idiot.", Purpose: assess.JobSearch})
		w.ok(err)
		if len(d.Models) != 1 || d.Models[0].Calls == 0 || len(d.Findings) == 0 || d.Purpose != assess.JobSearch {
			t.Errorf("got %+v", d)
		}
		if got := rows(); got != before {
			t.Errorf("%d rows were kept", got-before)
		}
		p.wantUnits(0, 0)
		if n := len(w.sb.Calls("/x/2/users/*/tweets")); n != 0 {
			t.Errorf("X was asked for posts %d times", n)
		}
	})
}

func TestCheckDraft_AsksNoModelOfflineOrWithoutAPlan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.asksModel()
		stranger, payer := w.signIn("ada_fernhill"), w.subscriber()
		for who, r := range map[*person]DraftRequest{
			stranger: {Text: "You are an idiot."}, payer: {Text: "You are an idiot.", Offline: true},
		} {
			d, err := w.CheckDraft(t.Context(), who.UserID, r)
			if err != nil || len(d.Models) != 0 || len(d.Findings) == 0 {
				t.Errorf("got %+v, %v", d, err)
			}
		}
		if n := len(w.sb.Calls("/claude/**")); n != 0 {
			t.Errorf("the model was asked %d times", n)
		}
	})
}

func TestCheckDraft_IsRefusedOverItsLimitBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.asksModel()
		p := w.subscriber()
		w.c.TakeDraft = func(_ context.Context, userID string) error {
			if userID != p.UserID {
				t.Errorf("counted for %s", userID)
			}
			return fault.RateLimited
		}
		if _, err := w.CheckDraft(t.Context(), p.UserID, DraftRequest{Text: "You are an idiot."}); !errors.Is(err,
			fault.RateLimited) {
			t.Errorf("got %v", err)
		}
		if n := len(w.sb.Calls("/claude/**")); n != 0 {
			t.Errorf("the model was asked %d times", n)
		}
	})
}

package analysis

import (
	"errors"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
)

// A tick stays until it is taken back, by whoever owns the report and nobody else.
func TestTick_IsKeptForItsOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		id := p.start().ID
		ticked := func(step string) bool { return p.show(id).Ticked(step) }
		const step, other = "hate_speech now", "hate_speech now again"
		w.ok(p.Tick(t.Context(), p.UserID, id, other, true))
		if ticked(step) || !ticked(other) {
			t.Fatal("a tick counts for another step")
		}
		w.ok(p.Tick(t.Context(), p.UserID, id, step, true))
		w.ok(p.Tick(t.Context(), p.UserID, id, step, true))
		w.ok(p.Tick(t.Context(), p.UserID, id, other, false))
		if !ticked(step) || ticked(other) {
			t.Fatal("a tick was not kept, or not taken back")
		}
		w.ok(p.Tick(t.Context(), p.UserID, id, step, false))
		if left := p.show(id).stepsDone; left != "" {
			t.Fatalf("%q is left", left)
		}
		stranger := w.signIn("ada_fernhill")
		if err := p.Tick(t.Context(), stranger.UserID, id, step, true); !errors.Is(err, fault.NotFound) {
			t.Errorf("a stranger ticks: %v", err)
		}
		for _, bad := range []string{"", "a,b", "A", strings.Repeat("a", 81), "a\n"} {
			if err := p.Tick(t.Context(), p.UserID, id, bad, true); !errors.Is(err, fault.ValidationFailed) {
				t.Errorf("the step %q: %v", bad, err)
			}
		}
		if ticked(step) {
			t.Error("somebody else's tick counts")
		}
	})
}

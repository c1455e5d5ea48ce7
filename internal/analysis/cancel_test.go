package analysis

import (
	"testing"
	"time"
)

// A run that waits for an answer of X learns that it was cancelled, in whichever process, long before it would renew
// its lease.
func TestCancel_ARunThatWaitsForXEnds(t *testing.T) {
	t.Parallel()
	for what, canceller := range map[string]func(w *world) *Service{
		"in this process": func(w *world) *Service { return w.Service },
		"in another":      func(w *world) *Service { return w.replica() },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.Lease = time.Hour
				p := w.subscriber()
				asked, answer := make(chan struct{}), make(chan struct{})
				defer close(answer)
				w.onPage(1, func() { close(asked); <-answer })
				a := p.start()
				ended := make(chan error, 1)
				go func() { ended <- w.Run(t.Context(), a.ID, true) }()
				<-asked
				for now, err := range w.Watch(t.Context(), p.UserID, a.ID, 0) {
					w.ok(err)
					if now.Progress.Total > 0 { // the first progress is written, and nothing more will be for a long time
						break
					}
				}
				must(canceller(w).Cancel(t.Context(), p.UserID, a.ID))(t)
				select {
				case err := <-ended:
					w.ok(err)
				case <-time.After(30 * time.Second):
					t.Fatal("the run goes on")
				}
				p.wantStatus(a.ID, Cancelled)
				p.wantUnits(0, 0)
			})
		})
	}
}

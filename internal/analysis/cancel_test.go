package analysis

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
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
				w.c.Lease = time.Hour
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

// A process that leaves does not wait for X: its runs go back to the queue, count as no failed try, and
// end in the next process. The one that leaves takes no other.
func TestLeave_ARunThatWaitsForXGoesBackToTheQueue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.c.Lease = time.Hour
		p := w.subscriber()
		asked, answer := make(chan struct{}), make(chan struct{})
		defer close(answer)
		w.onPage(1, sync.OnceFunc(func() { close(asked); <-answer }))
		a := p.start()
		ended := make(chan error, 1)
		go func() { _, err := w.RunNext(t.Context()); ended <- err }()
		<-asked
		next := w.replica()
		w.Leave()
		select {
		case err := <-ended:
			if snooze := (*river.JobSnoozeError)(nil); !errors.As(err, &snooze) {
				t.Fatalf("the run ended with %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("the run goes on")
		}
		if other, err := w.RunNext(t.Context()); other.ID != "" {
			t.Errorf("it took %s: %v", other.ID, err)
		}
		if now := must(w.Get(t.Context(), p.UserID, a.ID))(t); now.Status != Running || now.tries != 0 {
			t.Errorf("it is %s after %d tries", now.Status, now.tries)
		}
		if done, err := next.RunNext(t.Context()); err != nil || done.ID != a.ID {
			t.Fatalf("the next process ran %q: %v", done.ID, err)
		}
		p.wantStatus(a.ID, Completed)
		p.wantUnits(1, 0)
	})
}

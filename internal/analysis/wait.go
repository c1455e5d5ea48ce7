package analysis

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// WaitingFor is whom an analysis waits for.
type WaitingFor string

// What an analysis may wait for; the zero value is its turn, or nothing.
const (
	WaitsForX       WaitingFor = "x"       // X has set a time before which it answers nothing more
	WaitsForModel   WaitingFor = "model"   // the language model did not answer
	WaitsForService WaitingFor = "service" // a part of this server did not answer
	WaitsForRun     WaitingFor = "run"     // another analysis reads the same account; its posts will do for this one too
)

func (w WaitingFor) words() string {
	if w == WaitsForX {
		return "X"
	}
	return "The language model"
}

// Waits tells whether the analysis pauses for something outside of it.
func (a Analysis) Waits() bool { return !a.Status.Ended() && a.WaitUntil != nil && a.WaitingFor != "" }

// WaitWords say for what the analysis waits and until when, as in "X asks us to wait until 14:32 UTC."
func (a Analysis) WaitWords() string {
	if !a.Waits() {
		return ""
	}
	until := a.WaitUntil.UTC().Truncate(time.Minute)
	if until.Before(*a.WaitUntil) {
		until = until.Add(time.Minute)
	}
	if a.WaitingFor == WaitsForRun {
		return "Another analysis is reading the same account; this one looks again at " + until.Format("15:04") + " UTC."
	}
	if a.WaitingFor == WaitsForService {
		return "A service that is needed does not answer. It is tried again at " + until.Format("15:04") + " UTC."
	}
	return a.WaitingFor.words() + " asks us to wait until " + until.Format("15:04") + " UTC."
}

// rest is a pause of a run; the zero value gives it to whoever comes next.
type rest struct {
	wait   time.Duration
	why    WaitingFor
	failed bool // a try ended with a trouble; only so many are made
}

// restOf is how long a run rests after a passing trouble: 2, 4, 8 … seconds, at most a minute, unless whoever refused
// said how long.
func restOf(f *fault.Fault, tries int) (time.Duration, WaitingFor) {
	wait := max(f.Retry, min(time.Minute, 2*time.Second<<min(tries, 6)))
	switch f.Code {
	case fault.XUnavailable.Code:
		return wait, WaitsForX
	case fault.ModelUnavailable.Code:
		return wait, WaitsForModel
	}
	return wait, WaitsForService
}

// rest gives the lease back without ending the analysis and says until when it waits. Its error holds the snooze that keeps
// the job which ran it as the wake-up for then. The process lives, so the claim does not count as one that a death ended.
func (s *Service) rest(ctx context.Context, a Analysis, r rest) error {
	defer s.bells.ring(a.ID)
	err := s.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		tries := 0
		if r.failed {
			tries = 1
		}
		_, err := tx.Exec(ctx, `UPDATE analyses SET lease_until = NULL, wait_until = $3, waiting_for = $4, tries = tries + $5,
				attempts = attempts - 1, event_seq = event_seq + 1
			WHERE id = $1 AND runner = $2 AND status = 'running'`, a.ID, a.runner, tx.Now().Add(r.wait), string(r.why), tries)
		return err
	})
	return errors.Join(err, river.JobSnooze(max(time.Second, r.wait)))
}

package analysis

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// WaitingFor is whom an analysis waits for.
type WaitingFor string

// What an analysis may wait for; the zero value is its turn, or nothing.
const (
	WaitsForX       WaitingFor = "x"       // X has set a time before which it answers nothing more
	WaitsForModel   WaitingFor = "model"   // the language model did not answer
	WaitsForService WaitingFor = "service" // a part of this server did not answer
	WaitsForBatch   WaitingFor = "batch"   // the language model reads the posts in its own time, at half the price
	WaitsForRun     WaitingFor = "run"     // another analysis has the same account; its posts will do for this one too

	WaitsForXBack     WaitingFor = "x_silent"     // X did not answer, and named no time
	WaitsForModelBack WaitingFor = "model_silent" // the same of the language model
	WaitsForRunBatch  WaitingFor = "run_batch"    // another analysis of the same account waits for its batch
)

// Of is whom it waits for, whether they asked for it or are away.
func (w WaitingFor) Of() WaitingFor {
	switch w {
	case WaitsForXBack:
		return WaitsForX
	case WaitsForModelBack:
		return WaitsForModel
	case WaitsForRunBatch:
		return WaitsForRun
	}
	return w
}

// said is the key of the message that says for what it waits, what is tried when, and that nothing is lost.
func (w WaitingFor) said() string {
	switch w {
	case WaitsForX, WaitsForXBack, WaitsForModel, WaitsForModelBack, WaitsForRun, WaitsForRunBatch:
		return "wait." + string(w)
	}
	return "wait.service"
}

// Waits tells whether the analysis pauses for something outside of it.
func (a Analysis) Waits() bool { return !a.Status.Ended() && a.WaitUntil != nil && a.WaitingFor != "" }

// WaitWords say for what the analysis waits and until when, as in "X asks us to wait until 14:32 UTC. …"
func (a Analysis) WaitWords() string { return a.WaitIn(words.For(words.English), time.UTC) }

// WaitIn says the same in a language, by the clock of a place.
func (a Analysis) WaitIn(l *words.Language, place *time.Location) string {
	if !a.Waits() {
		return ""
	}
	if a.WaitingFor == WaitsForBatch && a.WaitBy != nil {
		by := a.WaitBy.In(place)
		return l.Say("wait.batch", "at", l.Say("wait.by", "time", by.Format("15:04"), "zone", words.ZoneOf(by),
			"day", strconv.Itoa(by.Day()), "month", l.Say("month."+strconv.Itoa(int(by.Month())))))
	}
	until := a.WaitUntil.In(place).Truncate(time.Minute)
	if until.Before(*a.WaitUntil) {
		until = until.Add(time.Minute)
	}
	return l.Say(a.WaitingFor.said(), "at", until.Format("15:04")+" "+words.ZoneOf(until))
}

// rest is a pause of a run; the zero value gives it to whoever comes next.
type rest struct {
	wait   time.Duration
	why    WaitingFor
	failed bool       // a try ended with a trouble; only so many are made
	by     *time.Time // when what it waits for has ended at the latest; nil: that is not known
}

// restOf is how long a run rests after a passing trouble: 2, 4, 8 … seconds, at most a minute, unless whoever refused
// said how long.
func restOf(f *fault.Fault, tries int) (time.Duration, WaitingFor) {
	wait := max(f.Retry, min(time.Minute, 2*time.Second<<min(tries, 6)))
	asked := f.Retry > 0
	switch {
	case f.Code == fault.XUnavailable.Code && asked:
		return wait, WaitsForX
	case f.Code == fault.XUnavailable.Code:
		return wait, WaitsForXBack
	case f.Code == fault.ModelUnavailable.Code && asked:
		return wait, WaitsForModel
	case f.Code == fault.ModelUnavailable.Code:
		return wait, WaitsForModelBack
	}
	return wait, WaitsForService
}

// rest gives the lease back without ending the analysis and says until when it waits. Its error holds the snooze that
// keeps the job which ran it as the wake-up for then. The process lives, so the claim does not count as one that a
// death ended. Who waits for a batch is judging, whatever a beat of the run wrote last.
func (s *Service) rest(ctx context.Context, a Analysis, r rest) error {
	defer s.bells.ring(a.ID)
	err := s.insist(ctx, func(ctx context.Context, tx db.Tx) error {
		tries := 0
		if r.failed {
			tries = 1
		}
		_, err := tx.Exec(ctx, `UPDATE analyses SET lease_until = NULL, wait_until = $3, waiting_for = $4, wait_by = $6,
				stage = CASE WHEN $7 THEN 'judge' ELSE stage END,
				tries = tries + $5, attempts = attempts - 1, event_seq = event_seq + 1
			WHERE id = $1 AND runner = $2 AND status = 'running' AND lease_until IS NOT NULL`,
			a.ID, a.runner, tx.Now().Add(r.wait), string(r.why), tries, r.by, r.why == WaitsForBatch)
		return err
	})
	return errors.Join(err, river.JobSnooze(max(time.Second, r.wait)))
}

// within writes before a time, or not at all: a database that hangs must not hold who waits for this run's place.
func (s *Service) within(ctx context.Context, end time.Time, write func(context.Context, db.Tx) error) error {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	return s.c.DB.InTx(ctx, db.System, write)
}

// insist writes the end or the rest of a run, again and again while the database is away: a restart takes seconds, and
// a lease that nobody works under keeps its user's other analyses waiting until it runs out. It ends with the lease,
// after which a sweep frees the analysis, and at once when this process is stopping. What it writes must do nothing the
// second time, because a commit whose answer was lost may have been made.
func (s *Service) insist(ctx context.Context, write func(context.Context, db.Tx) error) error {
	end := time.Now().Add(s.c.Lease)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := s.within(ctx, end, write)
		if !errors.Is(err, fault.DependencyDown) || time.Now().Add(wait).After(end) {
			return err
		}
		select {
		case <-s.life.Done():
			return err
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

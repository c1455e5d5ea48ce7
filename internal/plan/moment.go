package plan

import "time"

// Moment is the next one after now at which time alone may change what a standing means: a period begins or ends, a
// plan or its grace ends, a change that waited begins, a payment is tried again. It is zero if there is none. An
// answer that is made of the standing now is good until then, if nobody changes the standing. What else the answer
// depends on is given with it.
func (st Standing) Moment(now time.Time, also ...time.Time) time.Time {
	s, p := st.Sub, st.Period
	at := append(
		also, s.PeriodStart, s.PeriodEnd, s.EntitledUntil, s.CancelAt, s.Pending.At, s.TrialEnd, s.NextTry,
		p.Start, p.End, p.EntitledUntil, st.Next,
	)
	if !s.PeriodEnd.IsZero() {
		at = append(at, NextMonth(s.PeriodEnd)) // where a renewal that is late is taken to end
	}
	var next time.Time
	for _, t := range at {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

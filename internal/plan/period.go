package plan

import (
	"time"
)

// Period is one row of the ledger.
type Period struct {
	Start, End, EntitledUntil                    time.Time
	Tier                                         string
	Quota, Reserved, Used, ReadsLimit, ReadsUsed int
}

// None reports whether there is no period.
func (p Period) None() bool { return p.Tier == "" }

func (p Period) covers(now time.Time) bool { return now.Before(p.End) && now.Before(p.EntitledUntil) }

// NewPeriod is an unused period of a tier.
func NewPeriod(t Tier, start, end, until time.Time) Period {
	return Period{Start: start, End: end, EntitledUntil: until, Tier: t.Name, Quota: t.Quota, ReadsLimit: t.Reads}
}

// Standing is what the two tables say of a user; of sub only what entitlement needs.
type Standing struct {
	Sub    Row
	Period Period    // the newest that began; zero when there is none
	Next   time.Time // when the next one begins that is in the ledger already; zero when there is none
}

// InForce is the period a user is in, and whether its ledger row is there already. Without a plan it is none.
func (o Offer) InForce(st Standing, now time.Time) (p Period, open bool) {
	tier := o.Gives(st.Sub.TierAt(now), st.Sub)
	if tier.Name == "" || !now.Before(st.Sub.EntitledUntil) {
		return Period{}, false
	}
	if st.Period.covers(now) {
		return st.Period, true
	}
	start, end := st.Sub.PeriodStart, st.Sub.PeriodEnd
	if !now.Before(end) { // the renewal is late: go on for now, from where Stripe's next period will begin
		start, end = end, NextMonth(end)
	}
	return NewPeriod(tier, start, end, st.Sub.EntitledUntil), false
}

// Included is the period in force when billing is off. A period from before it was switched off goes on as pro.
func (o Offer) Included(newest Period, now time.Time) (p Period, open bool) {
	start, end := Month(now)
	switch {
	case newest.covers(now) && newest.Tier == o.Pro.Name:
		return newest, true
	case newest.covers(now):
		p = NewPeriod(o.Pro, newest.Start, newest.End, newest.End)
		p.Used, p.Reserved, p.ReadsUsed = newest.Used, newest.Reserved, newest.ReadsUsed
		return p, false
	case newest.Start.After(start) && newest.EntitledUntil.Before(newest.End):
		start = newest.EntitledUntil
	case newest.Start.After(start):
		start = newest.End
	}
	return NewPeriod(o.Pro, start, end, end), false
}

// Month is the calendar month of UTC around now.
func Month(now time.Time) (start, end time.Time) {
	start = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	return start, start.AddDate(0, 1, 0)
}

// NextMonth is the same day a month on, or that month's last day.
func NextMonth(t time.Time) time.Time {
	next := t.AddDate(0, 1, 0)
	if next.Day() != t.Day() { // 31 January + 1 month overflows into March
		next = next.AddDate(0, 0, -next.Day())
	}
	return next
}

// Wait is the time until end, in whole seconds, at least one.
func Wait(end, now time.Time) time.Duration {
	return max(time.Second, (end.Sub(now) + time.Second - 1).Truncate(time.Second))
}

// NearlyUsed is the mark at which a user is told that most of a quota is used: four fifths of it, rounded up.
func NearlyUsed(quota int) int { return (quota*4 + 4) / 5 }

package plan

import (
	"time"
)

// Kinds of returned.
const (
	Refund  = "refund"
	Dispute = "dispute"
)

// Returned is one refund of a payment, or one dispute about it.
type Returned struct {
	ID, Kind, Status string // of Stripe's
	Cents            int64
	Currency         string
	At               time.Time // when it was made, or begun
	Answer           time.Time // of an open dispute: until when evidence is taken
}

// Payment is one charge, as far as money of it goes back.
type Payment struct {
	Customer, Invoice, Tier string // "" when there is none, or none of ours
	Returns                 []Returned
}

// Lines tell a return. The day of a verdict is that of the event that brings it, so no other tells of it.
func (r Returned) Lines(paid Payment, closed time.Time) []Line {
	l := Line{At: r.At, Tier: paid.Tier, Cents: r.Cents, Currency: r.Currency}
	as := func(kind string) Line { l.Kind, l.Key = kind, kind+":"+r.ID; return l }
	all := []Line{as(map[string]string{Refund: lineRefunded, Dispute: lineDisputed}[r.Kind])}
	if l.At = closed; closed.IsZero() {
		return all
	}
	if r.Kind == Refund && r.Bounced() {
		return append(all, as(lineBounced))
	}
	switch r.Status {
	case "won":
		all = append(all, as(lineUpheld))
	case "lost":
		all = append(all, as(lineCharged))
	}
	return all
}

// Bounced tells that a refund came to nothing: the bank would not take it, or it was called off.
func (r Returned) Bounced() bool {
	return r.Status == "failed" || r.Status == "canceled"
}

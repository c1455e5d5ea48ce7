package httpapi

import (
	"context"

	"github.com/repazoo/repazoo/internal/fault"
)

// catalogue is every refusal of the fault package, in its order; a test compares the two.
func catalogue() []*fault.Fault {
	return []*fault.Fault{
		fault.Unauthenticated, fault.TokenExpired, fault.TokenReused, fault.SessionRevoked,
		fault.SubscriptionRequired,
		fault.Forbidden, fault.SignInAgain, fault.ScopeMissing,
		fault.NotFound, fault.MethodNotAllowed,
		fault.Conflict, fault.IdempotencyMismatch, fault.SubscriptionExists, fault.AlreadyLinked,
		fault.PayloadTooLarge,
		fault.ValidationFailed, fault.ArchiveUnreadable,
		fault.RateLimited, fault.QuotaExceeded, fault.XBudgetExceeded,
		fault.Internal,
		fault.XUnavailable, fault.PaymentProviderError, fault.ModelUnavailable,
		fault.DependencyDown, fault.Overloaded,
	}
}

// explanation is one row of /docs/errors.
type explanation struct {
	Code    string
	Status  int
	Title   string // of the status
	Message string
}

func explanations() []explanation {
	var rows []explanation
	for _, f := range catalogue() {
		p := newProblem(context.Background(), f)
		rows = append(rows, explanation{p.Code, p.Status, p.Title, p.Detail})
	}
	return rows
}

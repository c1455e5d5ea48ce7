package billing

import (
	"context"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// InvoicePage is one page of a list, newest first.
type InvoicePage struct {
	Invoices []plan.Invoice
	Next     string // "" on the last page
}

// Invoices lists what was billed to the user, from Stripe: limit is 1 to 100, cursor that of the page before.
func (s *Service) Invoices(ctx context.Context, userID string, limit int, cursor string) (InvoicePage, error) {
	if cursor != "" && (!stripeapi.IsName(cursor) || !strings.HasPrefix(cursor, "in_")) {
		return InvoicePage{}, badCursor
	}
	customer, err := s.customerOf(ctx, userID)
	if err != nil || customer == "" {
		return InvoicePage{}, err
	}
	var p InvoicePage
	var more bool
	p.Invoices, more, err = s.stripe.Invoices(ctx, customer, limit, cursor)
	switch {
	case cursor != "" && stripeapi.Unknown(err):
		return InvoicePage{}, badCursor.Because(err)
	case err != nil:
		return InvoicePage{}, err
	case more && len(p.Invoices) > 0:
		p.Next = p.Invoices[len(p.Invoices)-1].ID
	}
	return p, s.addReturns(ctx, userID, p.Invoices)
}

var badCursor = fault.ValidationFailed.At("query.cursor", "use next_cursor of an earlier answer, unchanged")

// customerOf is Stripe's id of the user; "" when they never began to pay, or billing is off.
func (s *Service) customerOf(ctx context.Context, userID string) (string, error) {
	if s.off {
		return "", nil
	}
	found, err := db.Read(ctx, s.db, db.User(userID), db.Value[string],
		`SELECT stripe_customer_id FROM subscriptions WHERE user_id = $1`, userID)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// Pay is the address where the user pays what is open: Stripe's page of the newest invoice that is not paid, which
// takes another card too. Where Stripe names no such page it is the billing page, where a new card is charged. Error:
// not_found when nothing is open.
func (s *Service) Pay(ctx context.Context, userID, returnURL string) (string, error) {
	if s.off {
		return "", errOff
	}
	list, err := s.Invoices(ctx, userID, openInvoices, "")
	if err != nil {
		return "", err
	}
	open := slices.IndexFunc(list.Invoices, func(in plan.Invoice) bool { return in.Status == "open" })
	switch {
	case open < 0:
		return "", fault.NotFound.Saying("Nothing is open: whatever was due is paid. The page of your plan shows it " +
			"within a minute.")
	case list.Invoices[open].Page == "":
		return s.Portal(ctx, userID, returnURL)
	}
	return list.Invoices[open].Page, nil
}

const openInvoices = 20 // of the newest, among which one that is open is looked for

// Portal makes Stripe's billing page for the user and answers its address: there they change their card, see what they
// paid and cancel. It leads back to returnURL, a path of this site.
func (s *Service) Portal(ctx context.Context, userID, returnURL string) (string, error) {
	if s.off {
		return "", errOff
	}
	back, err := s.returnTo(returnURL)
	if err != nil {
		return "", err
	}
	customer, err := s.customerOf(ctx, userID)
	if err != nil {
		return "", err
	}
	if customer == "" {
		return "", fault.NotFound.Saying("There is nothing to show yet: you never had a plan. Choose one first.")
	}
	return s.stripe.Portal(ctx, customer, back.String())
}

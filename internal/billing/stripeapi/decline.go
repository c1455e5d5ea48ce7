package stripeapi

import (
	"strings"

	"github.com/stripe/stripe-go/v86"
)

// decline says in plain words why a card was refused. What the bank would rather not tell stays a plain refusal.
func decline(e *stripe.Error) string {
	switch {
	case e.Code == stripe.ErrorCodeExpiredCard || e.DeclineCode == stripe.DeclineCodeExpiredCard:
		return "The card has expired. Use another card."
	case e.Code == stripe.ErrorCodeIncorrectCVC || e.DeclineCode == stripe.DeclineCodeIncorrectCVC ||
		e.DeclineCode == stripe.DeclineCodeInvalidCVC:
		return "The card's security code is not right. Check it and try again."
	case e.Code == stripe.ErrorCodeIncorrectNumber || e.DeclineCode == stripe.DeclineCodeIncorrectNumber ||
		e.DeclineCode == stripe.DeclineCodeInvalidNumber:
		return "The card's number is not right. Check it and try again."
	case e.DeclineCode == stripe.DeclineCodeInsufficientFunds:
		return "The card does not have enough money on it. Use another card."
	case e.Code == stripe.ErrorCodeProcessingError || e.DeclineCode == stripe.DeclineCodeTryAgainLater ||
		e.DeclineCode == stripe.DeclineCodeIssuerNotAvailable:
		return "The bank did not answer. Try again in a few minutes; you were not charged."
	case e.Code == stripe.ErrorCodeAuthenticationRequired || e.DeclineCode == stripe.DeclineCodeAuthenticationRequired:
		return "The bank wants to confirm this payment with you. Start again and follow its steps."
	}
	return "The card was declined. Use another card, or ask your bank why."
}

// noSuchMethod tells a payment method that does not exist from anything else that does not.
func noSuchMethod(e *stripe.Error) bool { return strings.HasPrefix(e.Msg, "No such PaymentMethod") }

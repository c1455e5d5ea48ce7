package stripeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/plan"
)

// missing tells whether Stripe answered the SDK that it has no such object.
func missing(err error) bool {
	e, ok := errors.AsType[*stripe.Error](err)
	return ok && e.Code == unknownToThem
}

// rejected tells whether Stripe understood the request and would not do it.
func rejected(err error) bool {
	e, ok := errors.AsType[*stripe.Error](err)
	return ok && e.HTTPStatusCode/100 == 4 && e.HTTPStatusCode != http.StatusTooManyRequests
}

// refusal is what may be kept of Stripe's error: the whole holds client secrets and what the user typed.
type refusal struct {
	Status    int
	Type      stripe.ErrorType
	Code      stripe.ErrorCode
	Param     string
	RequestID string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("stripe: status %d, type %q, code %q, param %q, request %q", r.Status, r.Type, r.Code, r.Param,
		r.RequestID)
}

// refuse turns an error of the SDK into a fault; nil stays nil.
func refuse(err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		return fault.PaymentProviderError.Because(unanswered(err))
	}
	cause := &refusal{e.HTTPStatusCode, e.Type, e.Code, e.Param, e.RequestID}
	switch nameOf(e) {
	case nameCard:
		say := decline(e)
		return fault.ValidationFailed.Saying("%s", say).At("body.payment_method_id", say).Because(cause)
	case nameMethod:
		const say = "This payment method does not exist. Enter the card again."
		return fault.ValidationFailed.Saying(say).At("body.payment_method_id", say).Because(cause)
	case nameTax:
		return fault.Conflict.Saying(taxNeedsPlace).Because(cause)
	case namePromotion:
		return plan.BadCode("This promotion code cannot be used for this plan. Go on without one.").Because(cause)
	case nameKey, namePermission:
		return fault.PaymentProviderError.Saying("The payment provider does not accept this server's key. " +
			"You were not charged. Its operator has to check STRIPE_SECRET_KEY.").Because(cause)
	case nameBusy, nameUnderWay:
		return fault.PaymentProviderError.Saying("The payment provider is still busy with an earlier request. " +
			"You were not charged twice; try again in a minute.").Because(cause)
	case nameRefused:
		return fault.PaymentProviderError.Saying("The payment provider does not take this request. You were not charged. " +
			"If it stays, this server's operator has to look at the log.").Because(cause)
	}
	return fault.PaymentProviderError.Because(cause)
}

// unanswered is what may be kept of an error that is not Stripe's own: no address, whose query may name a user, and no
// piece of an answer that could not be read.
func unanswered(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	for _, known := range []error{context.DeadlineExceeded, context.Canceled, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errors.New("stripe: an answer that cannot be read")
}

// Settled tells whether Stripe answered, so that nothing of the attempt is still under way there. A 409 is Stripe
// saying that an earlier try of the same call, whose answer was lost, is.
func Settled(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.Status != http.StatusConflict
}

// Unknown tells that Stripe answered that it has no such object.
func Unknown(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.Code == unknownToThem
}

const taxNeedsPlace = "Tax depends on where you live, and no address of yours is known yet. Choose the plan on the " +
	"payment page, which asks for it, or enter your address on the billing page of the payment provider."

// errorCodeTaxLocation is Stripe's word for a customer whose tax cannot be told.
const errorCodeTaxLocation = stripe.ErrorCodeCustomerTaxLocationInvalid

// unknownToThem is Stripe's word for an object that it does not have.
const unknownToThem = stripe.ErrorCodeResourceMissing

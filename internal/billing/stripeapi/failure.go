package stripeapi

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v86"
)

// The names of Stripe's refusals, for the figure that counts them. Each has one who must act.
const (
	nameCard        = "card"             // the person: another card, or their bank
	nameMethod      = "no_such_card"     // the person enters the card again
	nameTax         = "tax_needs_place"  // the person gives an address
	namePromotion   = "promotion_code"   // the person goes on without the code
	nameKey         = "key_refused"      // the operator: STRIPE_SECRET_KEY
	namePermission  = "key_may_not"      // the operator: what a restricted key may do
	nameBusy        = "rate_limited"     // nobody: it passes
	nameUnderWay    = "earlier_try_runs" // nobody: it passes
	nameUnavailable = "unavailable"      // nobody: it passes
	nameRefused     = "refused"          // the operator looks at the log
)

// FailureName names an answer of Stripe that is no success.
func FailureName(status int, body []byte) string {
	var said struct {
		Error struct {
			Type    stripe.ErrorType `json:"type"`
			Code    stripe.ErrorCode `json:"code"`
			Param   string           `json:"param"`
			Message string           `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // a page of HTML has no code
	e := said.Error
	return nameOf(&stripe.Error{HTTPStatusCode: status, Type: e.Type, Code: e.Code, Param: e.Param, Msg: e.Message})
}

func nameOf(e *stripe.Error) string {
	switch {
	case e.Type == stripe.ErrorTypeCard:
		return nameCard
	case e.Code == unknownToThem && noSuchMethod(e):
		return nameMethod
	case e.Code == errorCodeTaxLocation:
		return nameTax
	case strings.Contains(e.Param, "promotion_code"):
		return namePromotion
	}
	switch status := e.HTTPStatusCode; {
	case status == http.StatusUnauthorized:
		return nameKey
	case status == http.StatusForbidden:
		return namePermission
	case status == http.StatusTooManyRequests:
		return nameBusy
	case status == http.StatusConflict:
		return nameUnderWay
	case status >= http.StatusInternalServerError:
		return nameUnavailable
	}
	return nameRefused
}

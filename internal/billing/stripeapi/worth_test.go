package stripeapi

import (
	"encoding/json"
	"testing"

	"github.com/stripe/stripe-go/v86"
)

func TestMonthlyCents_AreThePriceLessLastingDiscounts(t *testing.T) {
	t.Parallel()
	const pro = `"items":{"data":[{"quantity":1,"price":{"unit_amount":2900,"recurring":{"interval":"month","interval_count":1}}}]}`
	discount := func(coupon string) string {
		return `,"discounts":[{"source":{"type":"coupon","coupon":` + coupon + `}}]`
	}
	tests := map[string]struct {
		sub  string
		want int64
	}{
		"no discount":            {pro, 2900},
		"ids only":               {pro + `,"discounts":["di_1"]`, 2900},
		"half for ever":          {pro + discount(`{"duration":"forever","percent_off":50}`), 1450},
		"a third, rounded":       {pro + discount(`{"duration":"repeating","percent_off":33.3}`), 1934},
		"five dollars":           {pro + discount(`{"duration":"repeating","amount_off":500}`), 2400},
		"more than it costs":     {pro + discount(`{"duration":"forever","amount_off":5000}`), 0},
		"the first invoice only": {pro + discount(`{"duration":"once","percent_off":100}`), 2900},
		"a yearly price":         {`"items":{"data":[{"quantity":1,"price":{"unit_amount":12000,"recurring":{"interval":"year","interval_count":1}}}]}`, 1000},
		"two seats":              {`"items":{"data":[{"quantity":2,"price":{"unit_amount":900,"recurring":{"interval":"month","interval_count":1}}}]}`, 1800},
		"nothing":                {`"id":"sub_1"`, 0},
	}
	for name, tt := range tests {
		var sub stripe.Subscription
		if err := json.Unmarshal([]byte("{"+tt.sub+"}"), &sub); err != nil {
			t.Fatal(err)
		}
		if got := monthlyCents(&sub); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

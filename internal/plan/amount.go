package plan

import (
	"fmt"
	"strings"
)

// Amount writes money as people do: $29.00, or 29.00 EUR.
func Amount(cents int64, currency string) string {
	n := fmt.Sprintf("%d.%02d", cents/100, cents%100)
	if currency == "usd" || currency == "" {
		return "$" + n
	}
	return n + " " + strings.ToUpper(currency)
}

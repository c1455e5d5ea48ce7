package plan

import (
	"fmt"
	"slices"
	"strings"
)

// decimals is how many of an amount's last digits stand behind the point. Stripe counts money in a currency's smallest
// unit, which for some is the unit itself, and for some its thousandth.
func decimals(currency string) int {
	switch {
	case slices.Contains([]string{
		"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf",
	}, currency):
		return 0
	case slices.Contains([]string{"bhd", "jod", "kwd", "omr", "tnd"}, currency):
		return 3
	}
	return 2
}

// Amount writes money as people do: $29.00, -$0.50, 29.00 EUR, or 500 JPY. The amount is in the smallest unit of the
// currency, as Stripe counts.
func Amount(units int64, currency string) string {
	currency = strings.ToLower(currency)
	sign, digits := "", fmt.Sprintf("%04d", units)
	if units < 0 {
		sign, digits = "-", fmt.Sprintf("%04d", uint64(-units))
	}
	point := len(digits) - decimals(currency)
	whole, part := strings.TrimLeft(digits[:point], "0"), digits[point:]
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		part = "." + part
	}
	if currency == "usd" || currency == "" {
		return sign + "$" + whole + part
	}
	return sign + whole + part + " " + strings.ToUpper(currency)
}

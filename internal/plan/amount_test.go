package plan

import (
	"math"
	"testing"
)

func TestAmount_KnowsEachCurrencysDecimalsAndSigns(t *testing.T) {
	t.Parallel()
	tests := []struct {
		units    int64
		currency string
		want     string
	}{
		{2_900, "usd", "$29.00"},
		{-50, "usd", "-$0.50"},
		{-2_900, "usd", "-$29.00"},
		{5, "", "$0.05"},
		{0, "usd", "$0.00"},
		{2_905, "eur", "29.05 EUR"},
		{-1, "EUR", "-0.01 EUR"},
		{500, "jpy", "500 JPY"},
		{-500, "jpy", "-500 JPY"},
		{0, "krw", "0 KRW"},
		{1_234, "kwd", "1.234 KWD"},
		{math.MinInt64, "jpy", "-9223372036854775808 JPY"},
	}
	for _, tt := range tests {
		if got := Amount(tt.units, tt.currency); got != tt.want {
			t.Errorf("%d %s: got %q, want %q", tt.units, tt.currency, got, tt.want)
		}
	}
}

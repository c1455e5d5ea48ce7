package config_test

import (
	"errors"
	"testing"

	"github.com/repazoo/repazoo/internal/config"
)

func TestLoadWithout_ForgivesOnlyWhatItIsTold(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATA_DIR": t.TempDir(), "STRIPE_SECRET_KEY": "sk_test_x"}
	if _, err := config.LoadWithout(t.Context(), config.Map(set), "STRIPE_BASIC_PRICE_ID",
		"STRIPE_PRO_PRICE_ID"); err != nil {
		t.Fatal(err)
	}
	set["STRIPE_SECRET_KEY"] = "sk_" + "live_x" // real money outside production
	_, err := config.LoadWithout(t.Context(), config.Map(set), "STRIPE_BASIC_PRICE_ID", "STRIPE_PRO_PRICE_ID")
	if problems, ok := errors.AsType[config.Problems](err); !ok || len(problems) != 1 ||
		!problems.About("STRIPE_SECRET_KEY") {
		t.Fatal(err)
	}
}

package app_test

import (
	"io"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
)

// Where nothing is sold, nobody is told to choose a plan.
func TestFirstSteps_NameAPlanOnlyWherePlansAreSold(t *testing.T) {
	t.Parallel()
	for billing, want := range map[string]string{"on": "sign in, choose a plan", "off": "sign in"} {
		t.Run(billing, func(t *testing.T) {
			t.Parallel()
			a, _ := apptest.Begin(t, io.Discard, map[string]string{"BILLING": billing}, app.Options{})
			if got := a.FirstSteps(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

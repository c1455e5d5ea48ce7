package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/billing/ops"
	"github.com/repazoo/repazoo/internal/config"
)

func billingCommand() *cobra.Command {
	return group(&cobra.Command{
		Use: "billing", Short: "Set your account at Stripe up, or compare it with this database.",
	}, setupCommand(), doctorCommand())
}

func setupCommand() *cobra.Command {
	var o app.SetupOptions
	cmd := &cobra.Command{
		Use: "setup", Short: "Make what billing needs in your account at Stripe, or check that it is there.", Args: takes(),
		Long: `It makes two products with a monthly price each, the configuration of the customer portal, and a webhook
endpoint with the API version and exactly the events that Repazoo reads. It finds its own things again by
their lookup keys and metadata, so running it again changes nothing, or mends what somebody changed.

It needs STRIPE_SECRET_KEY; prices are made from the plans, or checked when STRIPE_BASIC_PRICE_ID and
STRIPE_PRO_PRICE_ID are set. Begin with a test key (sk_test_...) and REPAZOO_ENV=local.

At the end it prints the lines for your configuration. Stripe tells the secret of a webhook endpoint only
when it is made, so keep that line.

Without an address that Stripe can reach there is no endpoint; on your own machine you can use
  stripe listen --forward-to localhost:8000/webhooks/stripe`,
		Example: `  repazoo billing setup --webhook-url https://repazoo.example/webhooks/stripe
  repazoo billing setup --check`,
		Annotations: exits("0 the account is as it must be, 1 it is not, or Stripe did not answer, 2 the input cannot be " +
			"used."),
		RunE: func(cmd *cobra.Command, _ []string) error { return setUp(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.CheckOnly, "check", false, "change nothing; only say what is missing or wrong")
	f.BoolVar(&o.Replace, "replace", false,
		"make the webhook endpoint anew when its API version is wrong, and delete the old one")
	f.StringVar(&o.WebhookURL, "webhook-url", "",
		"where Stripe sends events: a `URL`, PUBLIC_URL/webhooks/stripe without it")
	return cmd
}

func setUp(ctx context.Context, o app.SetupOptions) error {
	cfg, err := config.LoadWithout(ctx, config.Process(), "STRIPE_BASIC_PRICE_ID", "STRIPE_PRO_PRICE_ID",
		"STRIPE_WEBHOOK_SECRET")
	if err != nil {
		return err
	}
	report, err := app.SetupBilling(ctx, cfg, o)
	tellSetup(os.Stdout, report) // also what was done before something failed
	if err != nil {
		return err
	}
	if !report.Done() {
		return fmt.Errorf("the account is not as it must be (%d things for you to decide)", len(report.Problems))
	}
	return nil
}

func tellSetup(w io.Writer, r ops.SetupReport) {
	if len(r.Steps) == 0 && len(r.Problems) == 0 {
		return
	}
	mode := "test mode: no real money"
	if r.Live {
		mode = "live mode: real money"
	}
	fmt.Fprintf(w, "Your account at Stripe (%s):\n\n", mode)
	changed := false
	for _, s := range r.Steps {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-10s %-20s %-30s %s", s.Did, s.Name, s.ID, s.Note), " "))
		changed = changed || s.Did != "kept"
	}
	if !changed && r.Done() {
		fmt.Fprintln(w, "\nEverything was there already; nothing was changed.")
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "\n! %s\n", p)
	}
	if len(r.Settings) > 0 {
		fmt.Fprint(w, "\nFor your configuration:\n\n")
		for _, s := range r.Settings {
			fmt.Fprintf(w, "  %s=%s\n", s.Name, s.Value)
		}
	}
}

func doctorCommand() *cobra.Command {
	var fix bool
	var format string
	cmd := &cobra.Command{
		Use: "doctor", Short: "Compare every subscription here with Stripe, explain each difference, and mend it.",
		Args: takes(),
		Long: `It compares every user's subscription, customer, access and quota ledger with Stripe, every live
subscription at Stripe with the users here, and the last 30 days of Stripe's events with those that arrived.
Each difference is one sentence. Without --fix it changes nothing.

--fix never writes what it believes: it fetches the subscription from Stripe and mirrors it, exactly as a
webhook would. What only a person can decide (such as a user who pays twice) stays, with what to do.

It may run while servers do. With the built-in stand-in for Stripe the server must be running.`,
		Example: `  repazoo billing doctor
  repazoo billing doctor --fix --format json`,
		Annotations: exits("0 no difference is left, 1 some are, or Stripe did not answer, 2 the input cannot be used."),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return misused(cmd, fmt.Errorf("--format must be text or json, not %q", format))
			}
			return examine(cmd.Context(), format, fix)
		},
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "mend what can be mended, by fetching it from Stripe again")
	cmd.Flags().StringVar(&format, "format", "text", "text, or json for programs")
	return cmd
}

func examine(ctx context.Context, format string, fix bool) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	told := tellers(format, os.Stdout, fix)
	seen, err := app.ExamineBilling(ctx, cfg, fix, told.difference)
	if err != nil {
		return err
	}
	if err := told.end(seen); err != nil {
		return err
	}
	if n := seen.Left(); n > 0 {
		return fmt.Errorf("%d differences are left", n)
	}
	return nil
}

// teller writes differences as they are found.
type teller struct {
	difference func(billing.Difference) error
	end        func(billing.Examined) error
}

func tellers(format string, w io.Writer, fix bool) teller {
	if format == "json" {
		return jsonTeller(w)
	}
	return textTeller(w, fix)
}

func textTeller(w io.Writer, fix bool) teller {
	return teller{
		func(d billing.Difference) error {
			mark, rest := "!", d.Remedy
			if d.Fixed {
				mark = "✓"
			} else if rest == "" && !fix {
				rest = "--fix mends it."
			}
			if d.UserID != "" {
				d.Sentence = "User " + d.UserID + ": " + d.Sentence
			}
			_, err := fmt.Fprintf(w, "%s %s\n", mark, strings.TrimSpace(d.Sentence+" "+rest))
			return err
		},
		func(e billing.Examined) error {
			verdict := "Nothing differs."
			switch {
			case e.Found > 0 && e.Left() == 0:
				verdict = fmt.Sprintf("%d differences were found and mended.", e.Found)
			case e.Found > 0:
				verdict = fmt.Sprintf("%d differences were found, %d mended.", e.Found, e.Fixed)
			}
			_, err := fmt.Fprintf(w, "Compared %d users here with %d subscriptions at Stripe. %s\n", e.Rows, e.Subscriptions,
				verdict)
			return err
		},
	}
}

// jsonTeller writes one document piece by piece: {"differences": [...], "examined": {...}}.
func jsonTeller(w io.Writer) teller {
	before := `{"differences":[`
	return teller{
		func(d billing.Difference) error {
			body, err := json.Marshal(d)
			if err == nil {
				_, err = fmt.Fprintf(w, "%s\n  %s", before, body)
				before = ","
			}
			return err
		},
		func(e billing.Examined) error {
			body, err := json.Marshal(e)
			if err != nil {
				return err
			}
			if before != "," { // there was none
				fmt.Fprint(w, before)
			}
			_, err = fmt.Fprintf(w, "\n],\"examined\":%s}\n", body)
			return err
		},
	}
}

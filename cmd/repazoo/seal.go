package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/keyring"
)

func sealCommand() *cobra.Command {
	return group(&cobra.Command{Use: "seal", Short: "Change the key that stored secrets are sealed with."}, &cobra.Command{
		Use: "rotate", Short: "Seal all stored secrets again with the first key of ENCRYPTION_KEY.", Args: takes(),
		Long: `To change the key, while the service runs:

  1. Restart every process with ENCRYPTION_KEY=OLD,NEW (not needed for one process alone).
  2. Restart every process with ENCRYPTION_KEY=NEW,OLD.
  3. Run this with ENCRYPTION_KEY=NEW,OLD. It may be stopped at any time and run again.
  4. When it says that the old key may be removed, restart with ENCRYPTION_KEY=NEW.`,
		Annotations: exits("0 everything is sealed with the new key, 1 not everything is, and it says why."),
		RunE:        func(cmd *cobra.Command, _ []string) error { return rotateSeal(cmd.Context()) },
	})
}

func rotateSeal(ctx context.Context) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	tell, done := counter("Sealing again")
	result, err := app.RotateSeal(ctx, cfg, tell)
	done()
	if err != nil {
		return err
	}
	return conclude(os.Stdout, result)
}

// conclude says in sentences what was done and what may be done now.
func conclude(w io.Writer, r keyring.Result) error {
	fmt.Fprintf(w, "%d values were sealed again. The key in use is %s.\n", r.Sealed, r.Current)
	for _, id := range r.Retired {
		fmt.Fprintf(w, "Nothing needs the key %s any more: its secret may be removed from ENCRYPTION_KEY.\n", id)
	}
	if len(r.Damaged) == 0 {
		return nil
	}
	var places []string
	for _, name := range slices.Sorted(maps.Keys(r.Damaged)) {
		places = append(places, fmt.Sprintf("%d in %s", r.Damaged[name], name))
	}
	return fmt.Errorf("some values are damaged and open with no key; they were left as they are: %s",
		strings.Join(places, ", "))
}

// counter shows progress on a terminal and nothing elsewhere.
func counter(what string) (tell func(keyring.Progress), done func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return func(keyring.Progress) {}, func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	return func(p keyring.Progress) {
		bar.ChangeMax(p.Total)
		_ = bar.Set(p.Done)
	}, func() { _ = bar.Exit() }
}

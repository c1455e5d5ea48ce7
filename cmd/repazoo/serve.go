package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
)

type serveCommand struct{}

func (serveCommand) Help() string {
	return "With nothing configured it listens on http://localhost:8000, keeps its data in ./data and stands in for X, Stripe and Claude itself. Ctrl-C finishes what is under way and stops. On SIGHUP it reads files of secrets and the vault again, as it does by itself when they change; see docs/vault.md."
}

func (serveCommand) Run(ctx context.Context) error {
	a, err := open(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	ctx, stop := reloadOnHangup(ctx, a)
	defer stop()
	greet(os.Stdout, a)
	if err := a.Run(ctx); err != nil {
		return err
	}
	fmt.Println("Stopped. Everything is kept; start again to go on.")
	return nil
}

func open(ctx context.Context) (*app.App, error) {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return nil, err
	}
	version, commit := app.Version()
	return app.New(ctx, cfg, app.Options{Log: newLog(cfg, os.Stderr), Version: version, Commit: commit})
}

// newLog writes text to a terminal and JSON to everything else, unless told otherwise.
func newLog(cfg *config.Config, w *os.File) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.Log.Level}
	if cfg.Log.Format == "text" || (cfg.Log.Format == "auto" && term.IsTerminal(int(w.Fd()))) {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

func greet(w io.Writer, a *app.App) {
	fmt.Fprintf(w, "\n  Repazoo is at  %s\n\n", a.URL())
	for _, line := range a.Describe() {
		fmt.Fprintf(w, "  %-9s %s\n", line[0], line[1])
	}
	fmt.Fprintf(w, "\n  Try: open the address, sign in, choose a plan and press \"Analyse my posts\".\n  API: %s/docs · Ctrl-C stops.\n\n", a.URL())
}

type migrateCommand struct{}

func (migrateCommand) Run(ctx context.Context) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	n, err := app.Migrate(ctx, cfg)
	if err == nil {
		fmt.Printf("The schema is up to date (%d steps taken).\n", n)
	}
	return err
}

type healthCommand struct {
	URL string `arg:"" optional:"" help:"The address of the server; http://127.0.0.1:PORT by default."`
}

func (c healthCommand) Run(ctx context.Context) error {
	if c.URL == "" {
		cfg, err := config.Load(ctx, config.Process())
		if err != nil {
			return err
		}
		c.URL = fmt.Sprintf("http://127.0.0.1:%d", cfg.Server.Port)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.URL, "/")+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no answer from %s", c.URL)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready (status %d)", c.URL, res.StatusCode)
	}
	fmt.Println("ready")
	return nil
}

type openAPICommand struct{}

func (openAPICommand) Run() error {
	doc, err := app.OpenAPI()
	if err != nil {
		return err
	}
	var indented any
	if err := json.Unmarshal(doc, &indented); err != nil {
		return err
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(indented)
}

type versionCommand struct{}

func (versionCommand) Run() error {
	version, commit := app.Version()
	fmt.Printf("repazoo %s (%s)\n", version, commit)
	return nil
}

type configCommand struct {
	Check configCheck `cmd:"" help:"Name everything that is wrong, at once."`
	Show  configShow  `cmd:"" help:"Print every setting and where it comes from, with secrets as dots."`
}

type configCheck struct{}

func (configCheck) Run(ctx context.Context) error {
	if _, err := config.Check(ctx, config.Process()); err != nil {
		return err
	}
	fmt.Println("The configuration is fine.")
	return nil
}

type configShow struct{}

func (configShow) Run(ctx context.Context) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	for v, value := range cfg.All() {
		fmt.Printf("%-30s %-15s %v\n", v.Name, cfg.SourceOf(v.Name), value)
	}
	return nil
}

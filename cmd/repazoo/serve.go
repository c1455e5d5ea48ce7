package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/logs"
)

type serveCommand struct{}

func (serveCommand) Help() string {
	return "With nothing configured it listens on http://localhost:8000, keeps its data in ./data and stands in for X, Stripe and Claude itself. Ctrl-C finishes what is under way and stops. On SIGHUP it reads files of secrets and the vault again, as it does by itself when they change; see docs/vault.md. The signal USR1 makes the log tell everything, USR2 what LOG_LEVEL says again."
}

func (serveCommand) Run(ctx context.Context) error {
	a, log, err := open(ctx)
	if err != nil {
		return err
	}
	defer log.Close()
	defer a.Close()
	go listenForLevels(ctx, log, log.Level())
	ctx, stop := reloadOnHangup(ctx, a)
	defer stop()
	greet(os.Stdout, a)
	if err := a.Run(ctx); err != nil {
		return err
	}
	fmt.Println("Stopped. Everything is kept; start again to go on.")
	return nil
}

func open(ctx context.Context) (*app.App, *logs.Log, error) {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return nil, nil, err
	}
	version, commit := app.Version()
	log, err := openLog(cfg, os.Stderr, version)
	if err != nil {
		return nil, nil, err
	}
	a, err := app.New(ctx, cfg, app.Options{Log: log.Logger, Version: version, Commit: commit})
	return a, log, err
}

// openLog writes text to a terminal and JSON to everything else, unless told otherwise.
func openLog(cfg *config.Config, w *os.File, version string) (*logs.Log, error) {
	text := cfg.Log.Format == "text" || (cfg.Log.Format == "auto" && term.IsTerminal(int(w.Fd())))
	return logs.Open(logs.Config{
		Writer: w, Level: cfg.Log.Level, JSON: !text,
		SentryDSN: cfg.Watch.SentryDSN.Reveal(), Release: version, Environment: string(cfg.Env),
	})
}

// listenForLevels changes the log's level by signal until ctx ends: USR1 for debug, USR2 for what is configured.
func listenForLevels(ctx context.Context, log *logs.Log, configured slog.Level) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			level := configured
			if s == syscall.SIGUSR1 {
				level = slog.LevelDebug
			}
			log.SetLevel(level)
			log.WarnContext(ctx, "the level of the log was changed", "level", level)
		}
	}
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

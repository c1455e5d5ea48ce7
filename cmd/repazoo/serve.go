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

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/logs"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Serve the API and the web pages, and run background jobs.", Args: takes(),
		Long: `With nothing configured it listens on http://localhost:8000, keeps its data in ./data and stands in for X,
Stripe and Claude itself. Ctrl-C finishes what is under way and stops.

On SIGHUP it reads files of secrets and the vault again, as it does by itself when they change; see
docs/vault.md. The signal USR1 makes the log tell everything, USR2 what LOG_LEVEL says again.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServer(cmd.Context(), app.Options{}, greet) },
	}
}

func workerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "worker", Short: "Run background jobs and serve nobody, beside processes that serve.", Args: takes(),
		Long: `It takes the same settings as serve and needs DATABASE_URL. It runs jobs whatever WORKERS says, so processes
that serve can have WORKERS=0 in settings that they share. It listens on 127.0.0.1:PORT alone, whatever HOST says, and
answers probes there and nothing else. At the signal to stop it hands its analyses to another process at once.

In local the stand-ins for X, Stripe and Claude are in the process that serves: set PUBLIC_URL to its address, the
same DATA_DIR, and another PORT.`,
		Example: `  WORKERS=0 repazoo serve
  PORT=8001 PUBLIC_URL=http://localhost:8000 repazoo worker`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runServer(cmd.Context(), app.Options{WorkerOnly: true}, greetWorker)
		},
	}
}

// runServer runs a process until ctx ends. Each kind of process has a greeting of its own.
func runServer(ctx context.Context, opt app.Options, greet func(io.Writer, *app.App)) error {
	a, log, err := open(ctx, opt)
	if err != nil {
		return err
	}
	defer log.Close()
	defer a.Close()
	go listenForLevels(ctx, log, log.Level())
	ctx, stop := reloadOnHangup(ctx, a)
	defer stop()
	greet(os.Stdout, a)
	for _, note := range a.Notes() {
		log.WarnContext(ctx, "a setting has no effect: "+note)
	}
	if err := a.Run(ctx); err != nil {
		return err
	}
	fmt.Println("Stopped. Everything is kept; start again to go on.")
	return nil
}

func open(ctx context.Context, opt app.Options) (*app.App, *logs.Log, error) {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return nil, nil, err
	}
	version, commit := app.Version()
	log, err := openLog(cfg, os.Stderr, version)
	if err != nil {
		return nil, nil, err
	}
	opt.Log, opt.Version, opt.Commit = log.Logger, version, commit
	a, err := app.New(ctx, cfg, opt)
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
	describe(w, a)
	fmt.Fprintf(w, "\n  Try: open the address, %s and press \"Analyse my posts\".\n", a.FirstSteps())
	if a.ShowsDocs() {
		fmt.Fprintf(w, "  API: %s/docs\n", a.URL())
	}
	fmt.Fprintf(w, "  Ctrl-C stops.\n\n")
}

func greetWorker(w io.Writer, a *app.App) {
	fmt.Fprintf(w, "\n  Repazoo works for  %s\n\n", a.URL())
	describe(w, a)
	fmt.Fprintf(w, "\n  Probes: %s/readyz\n  Ctrl-C stops.\n\n", a.Address())
}

func describe(w io.Writer, a *app.App) {
	for _, line := range a.Describe() {
		fmt.Fprintf(w, "  %-9s %s\n", line[0], line[1])
	}
}

func migrateCommand() *cobra.Command {
	var login string
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database schema up to date, and stop.", Args: takes(),
		Long: `On PostgreSQL run it with a DATABASE_URL of the owner of the schema, who may create roles. The server itself
connects as a login with fewer rights: --grant-to lets that login act in the roles that the schema has
(docs/database.md). The version before goes on working meanwhile.`,
		Example: `  repazoo migrate
  DATABASE_URL=postgres://owner@db/repazoo repazoo migrate --grant-to repazoo`,
		RunE: func(cmd *cobra.Command, _ []string) error { return migrate(cmd.Context(), login) },
	}
	cmd.Flags().StringVar(&login, "grant-to", "", "the PostgreSQL login that the server uses")
	return cmd
}

func migrate(ctx context.Context, login string) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	n, err := app.Migrate(ctx, cfg, login)
	if err == nil {
		fmt.Printf("The schema is up to date (%d steps taken).\n", n)
	}
	return err
}

func healthCommand() *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "health [URL]", Short: "Ask a running Repazoo whether it is ready; for container checks.", Args: takesAtMost(1),
		Long: `URL is the address of the server; http://127.0.0.1:PORT without it. With --wait it asks twice a second until
the server is ready, for a script that has just started it.`,
		Example: `  repazoo health
  repazoo health http://127.0.0.1:8001 --wait 60s`,
		Annotations: exits("0 it is ready, 1 it is not, or does not answer."),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return awaitReady(cmd.Context(), args[0], wait)
			}
			port, err := config.LoadPort(cmd.Context(), config.Process())
			if err != nil {
				return err
			}
			return awaitReady(cmd.Context(), fmt.Sprintf("http://127.0.0.1:%d", port), wait)
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", 0, "go on asking for `DURATION`, such as 60s")
	return cmd
}

// awaitReady asks again until the server at url is ready or the time is over; its error is that of the last answer.
func awaitReady(ctx context.Context, url string, wait time.Duration) error {
	over := time.After(wait)
	for {
		err := askReady(ctx, url)
		if err == nil || wait <= 0 {
			return err
		}
		select {
		case <-over:
			return err
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// askReady fails unless the server at url says that it is ready.
func askReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no answer from %s", url)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready (status %d)", url, res.StatusCode)
	}
	fmt.Println("ready")
	return nil
}

func openAPICommand() *cobra.Command {
	return &cobra.Command{
		Use: "openapi", Short: "Print the API's contract as OpenAPI 3.1.", Args: takes(),
		RunE: func(*cobra.Command, []string) error { return printOpenAPI() },
	}
}

func printOpenAPI() error {
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

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version and the commit it was built from.", Args: takes(),
		Run: func(*cobra.Command, []string) {
			version, commit := app.Version()
			fmt.Printf("repazoo %s (%s)\n", version, commit)
		},
	}
}

func configCommand() *cobra.Command {
	return group(&cobra.Command{Use: "config", Short: "Check the configuration, or show it with secrets as dots."},
		&cobra.Command{
			Use: "check", Short: "Name everything that is wrong, at once.", Args: takes(),
			RunE: func(cmd *cobra.Command, _ []string) error { return checkConfig(cmd.Context()) },
		},
		&cobra.Command{
			Use: "show", Short: "Print every setting and where it comes from, with secrets as dots.", Args: takes(),
			RunE: func(cmd *cobra.Command, _ []string) error { return showConfig(cmd.Context()) },
		})
}

func checkConfig(ctx context.Context) error {
	cfg, err := config.Check(ctx, config.Process())
	if err != nil {
		return err
	}
	for _, note := range cfg.Notes() {
		fmt.Println("Note: " + note)
	}
	if err := checkModels(ctx, cfg.Claude); err != nil {
		return err
	}
	fmt.Println("The configuration is fine.")
	return nil
}

// checkModels asks the provider whether the configured models still answer. Without an answer it only says so.
func checkModels(ctx context.Context, c config.Claude) error {
	if !c.IsSet() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	asked := claude.New(claude.Config{
		APIKey: c.APIKey.Reveal(), Token: c.AuthToken.Reveal(), BaseURL: c.BaseURL,
		MaxAttempts: 1,
	})
	if !asked.TellsModels() {
		return nil
	}
	for _, model := range append([]string{c.BasicModel, c.ProModel}, c.Fallbacks...) {
		info, err := asked.Model(ctx, model)
		switch {
		case claude.Unknown(err):
			return fault.ValidationFailed.Saying("The provider has no model %s: choose another in ANTHROPIC_BASIC_MODEL, "+
				"ANTHROPIC_PRO_MODEL or ANTHROPIC_FALLBACK_MODELS.", model)
		case err != nil:
			fmt.Printf("Note: %s could not be looked up: %s\n", model, fault.From(err).Message)
		case info.Lifecycle == claude.Retired:
			return fault.ValidationFailed.Saying("The model %s was retired and answers no more: choose another in "+
				"ANTHROPIC_BASIC_MODEL, ANTHROPIC_PRO_MODEL or ANTHROPIC_FALLBACK_MODELS.", model)
		case !info.RetiresAt.IsZero():
			fmt.Printf("Note: the model %s will be retired on %s.\n", model, info.RetiresAt.Format(time.DateOnly))
		}
	}
	return nil
}

func showConfig(ctx context.Context) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	for v, value := range cfg.All() {
		fmt.Printf("%-30s %-15s %v\n", v.Name, cfg.SourceOf(v.Name), value)
	}
	return nil
}

package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/httpapi"
)

// Describe tells what this process runs on, as pairs of a word and a sentence.
func (a *App) Describe() [][2]string {
	c := a.cfg
	data := "SQLite in " + filepath.Join(c.Store.DataDir, "repazoo.db")
	if a.DB.Name() == "postgres" {
		data = "PostgreSQL, with row-level security"
	}
	limits := "in this process"
	if c.Store.RedisURL.Reveal() != "" {
		limits = "Redis"
	}
	model := "none: posts are screened offline only"
	if c.UseSandboxClaude() || c.Claude.IsSet() {
		model = fmt.Sprintf("%s (basic), %s (pro)", c.Claude.BasicModel, c.Claude.ProModel)
	}
	lines := [][2]string{{"Data", data}, {"Limits", limits}, {"Model", model}}
	if a.opt.WorkerOnly {
		lines = slices.Delete(lines, 1, 2)
	}
	if s := a.sandboxed(); len(s) > 0 {
		lines = append(lines, [2]string{"Stand-ins", strings.Join(s, ", ") +
			" (no real account, money or model is used; see " + a.URL() + "/sandbox/)"})
	}
	if !bool(c.Stripe.Billing) {
		lines = append(lines, [2]string{"Billing", "off: everyone has the pro plan"})
	}
	return lines
}

// Migrate brings the schema up to date without serving, and then lets login, unless it is "", use it.
func Migrate(ctx context.Context, cfg *config.Config, login string) (int, error) {
	a := &App{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	c := where(cfg)
	c.AllowBypass, c.Now = true, time.Now
	if c.URL == "" {
		if err := a.lockDataDir(); err != nil {
			return 0, err
		}
		defer a.lock.Close()
	}
	d, err := db.Open(ctx, c)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	n, err := d.Migrate(ctx)
	if err != nil || login == "" {
		return n, err
	}
	return n, d.Admit(ctx, login)
}

// OpenAPI is the contract of this version, which needs no running server.
func OpenAPI() ([]byte, error) {
	version, _ := Version()
	return httpapi.New(httpapi.Config{Info: httpapi.Info{Version: version}, Webhooks: true}).OpenAPI()
}

// ShowsDocs tells whether the documentation pages are served.
func (a *App) ShowsDocs() bool { return bool(a.cfg.Server.Docs) }

// FirstSteps are what comes before an analysis: a plan is chosen only where plans are sold.
func (a *App) FirstSteps() string {
	if a.cfg.Stripe.Billing {
		return "sign in, choose a plan"
	}
	return "sign in"
}

// Notes are sentences on settings that do no harm and no good: misspelled, or of use to nobody.
func (a *App) Notes() []string { return a.cfg.Notes() }

package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/keyring"
	"github.com/repazoo/repazoo/internal/seal"
)

// Secrets that come from files or the vault may change while the program runs. They are looked
// for every lookEvery, and read at once on SIGHUP. What was read counts if all of it is right;
// else everything stays as it was, and the log says why in one line.

// lookEvery is how often files and vault are looked at for changes.
const lookEvery = 10 * time.Second

// reloadable are the settings that need no restart, unless [App.waits] says so.
var reloadable = []string{
	"JWT_SECRET_KEY", "SUPABASE_JWT_SECRET", "ENCRYPTION_KEY", "STRIPE_WEBHOOK_SECRET",
	"TWITTER_CLIENT_SECRET", "STRIPE_SECRET_KEY", "ANTHROPIC_API_KEY", "SMTP_URL", "SMTP_FROM",
}

// secrets is what was read last.
type secrets struct {
	mu    sync.Mutex                    // held while they are read
	cfg   atomic.Pointer[config.Config] // as it was read, and not changed since
	stamp string                        // of the files and the vault when they were read
}

// Reload reads the configuration again and lets new keys and webhook secrets count. It logs
// what came of it. With an error nothing has changed.
func (a *App) Reload(ctx context.Context) error {
	a.secrets.mu.Lock()
	defer a.secrets.mu.Unlock()
	before := a.secrets.cfg.Load()
	err := a.reload(ctx)
	if err == nil && before.Differences(a.secrets.cfg.Load()) == nil {
		a.log.InfoContext(ctx, "secrets were read again, and nothing has changed")
	}
	return err
}

// look is Reload if a file or the vault has changed since it was read. The first look always
// reads: something may have changed since the start.
func (a *App) look(ctx context.Context) error {
	a.secrets.mu.Lock()
	defer a.secrets.mu.Unlock()
	stamp, err := a.secrets.cfg.Load().Stamp(ctx)
	// then what signs in to the vault may have been replaced, which reading finds
	if err != nil && !errors.Is(err, fault.Forbidden) {
		return err
	}
	if err == nil && stamp == a.secrets.stamp {
		return nil
	}
	if err := a.reload(ctx); err == nil || settled(err) {
		a.secrets.stamp = stamp
	}
	return nil // it is in the log
}

// settled tells that reading the same again would give the same error.
func settled(err error) bool {
	problems, ok := errors.AsType[config.Problems](err)
	return ok && !problems.Passing() || errors.Is(err, fault.Conflict)
}

func (a *App) reload(ctx context.Context) error {
	next, err := a.secrets.cfg.Load().Again(ctx)
	if err == nil {
		err = a.apply(ctx, next)
	}
	if err != nil {
		a.log.WarnContext(ctx, "secrets were read again and cannot be used, so they stay as they were", "why", inOneLine(err))
		return err
	}
	changed, later := a.sort(a.secrets.cfg.Load().Differences(next), next)
	a.secrets.cfg.Store(next)
	if len(later) > 0 {
		a.log.WarnContext(ctx, "settings have changed that count after a restart", "settings", later)
	}
	if len(changed) > 0 {
		a.log.InfoContext(ctx, "secrets have changed and count from now on", "settings", changed)
		a.recordReload(ctx, changed)
	}
	return nil
}

// apply lets next count: all of it or, with an error, nothing.
func (a *App) apply(ctx context.Context, next *config.Config) error {
	sealer, err := seal.New(next.Keys.Encryption.Reveal()...)
	if err != nil {
		return err
	}
	mailer, err := newMailer(next)
	if err != nil {
		return err
	}
	keys := keyring.New(keyring.Config{DB: a.DB, Seal: sealer, Columns: SealedColumns()})
	if err := keys.Check(ctx); err != nil {
		return err
	}
	if err := keys.Mark(ctx); err != nil { // before it seals, so that no rotation takes the key for unused
		return err
	}
	if err := a.Accounts.SetKeys(next.Keys.JWT.Reveal(), plainKey(next)); err != nil {
		return err
	}
	a.Seal.Adopt(sealer)
	a.applyOutside(next)
	if a.mailer != nil && mailer != nil {
		a.mailer.Adopt(mailer)
	}
	return nil
}

// applyOutside hands over what this process shows the outside services, and they show it.
func (a *App) applyOutside(next *config.Config) {
	for _, change := range []struct {
		name string
		set  func(string)
		to   config.Secret
	}{
		{"STRIPE_WEBHOOK_SECRET", a.Billing.SetWebhookSecret, next.Stripe.WebhookSecret},
		{"STRIPE_SECRET_KEY", a.Billing.SetStripeKey, next.Stripe.SecretKey},
		{"TWITTER_CLIENT_SECRET", a.x.SetSecret, next.X.ClientSecret},
		{"ANTHROPIC_API_KEY", a.setModelKey, next.Claude.APIKey},
	} {
		if !a.waits(change.name, next) {
			change.set(change.to.Reveal())
		}
	}
}

func (a *App) setModelKey(key string) {
	if a.model != nil {
		a.model.SetKey(key)
	}
}

// waits tells that a secret cannot change without a restart, because with it something else would: a stand-in would
// begin or end, the model too, an address would appear, or the secret is that of another app at X.
func (a *App) waits(name string, next *config.Config) bool {
	switch name {
	case "STRIPE_WEBHOOK_SECRET":
		return a.cfg.UseSandboxStripe() || next.UseSandboxStripe() || a.billingConfig().WebhookSecret == ""
	case "STRIPE_SECRET_KEY":
		return !a.cfg.Stripe.SecretKey.IsSet() || !next.Stripe.SecretKey.IsSet()
	case "TWITTER_CLIENT_SECRET":
		return a.cfg.UseSandboxX() || a.cfg.X.ClientID != next.X.ClientID
	case "SMTP_URL", "SMTP_FROM":
		return !a.cfg.Mail.URL.IsSet() || !next.Mail.URL.IsSet()
	case "ANTHROPIC_API_KEY":
		return !a.cfg.Claude.APIKey.IsSet() || !next.Claude.APIKey.IsSet()
	}
	return false
}

// sort tells the settings that count now from those that need a restart.
func (a *App) sort(names []string, next *config.Config) (now, later []string) {
	for _, name := range names {
		if slices.Contains(reloadable, name) && !a.waits(name, next) {
			now = append(now, name)
		} else {
			later = append(later, name)
		}
	}
	return now, later
}

func (a *App) recordReload(ctx context.Context, changed []string) {
	err := a.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		audit.Record(ctx, tx, audit.Event{
			Actor: "operator", Action: audit.SecretsChanged,
			Detail: map[string]any{"settings": changed, "sealing_key": a.Seal.KeyID()},
		})
		return nil
	})
	if err != nil {
		a.log.WarnContext(ctx, "the change of secrets could not be noted in the audit log", "cause", err)
	}
}

// inOneLine is a reason without the heading that problems have.
func inOneLine(err error) string {
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		return err.Error()
	}
	var sentences []string
	for _, p := range problems {
		sentences = append(sentences, p.Sentence)
	}
	return strings.Join(sentences, " ")
}

// plainKey tells whether access tokens are signed with Supabase's own secret, which has no key id: PostgREST 13 and
// later refuses a token with a kid then.
func plainKey(c *config.Config) bool { return c.SourceOf("JWT_SECRET_KEY") == "SUPABASE_JWT_SECRET" }

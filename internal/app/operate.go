package app

import (
	"context"
	"os"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// SetRole makes a user "admin" or "user" again; see account.Service.SetRole. It neither needs nor disturbs a running
// server: it is one short transaction, for which SQLite's own locks are enough. Errors: also not_found when there is no
// database yet, and conflict when its schema is of another version.
func SetRole(ctx context.Context, cfg *config.Config, handleOrUserID, role string) error {
	d, err := openExisting(ctx, cfg)
	if err != nil {
		return err
	}
	defer d.Close()
	accounts, err := account.New(account.Config{
		DB: d, JWTKeys: cfg.Keys.JWT.Reveal(), PublicURL: cfg.Server.PublicURL,
		Local: cfg.Env == config.Local,
	})
	if err != nil {
		return err
	}
	return accounts.SetRole(ctx, handleOrUserID, role)
}

// openExisting opens the database that a server has made, and makes none.
func openExisting(ctx context.Context, cfg *config.Config) (*db.DB, error) {
	c := where(cfg)
	c.MaxConns, c.AllowBypass, c.Now = 2, cfg.Env == config.Local, time.Now
	if c.URL == "" {
		if _, err := os.Stat(c.Path); err != nil {
			return nil, fault.NotFound.Saying("There is no database in %s yet. Set DATA_DIR or DATABASE_URL as the server "+
				"has them, or start the server once.", cfg.Store.DataDir).Because(err)
		}
	}
	d, err := db.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	pending, err := d.Pending(ctx)
	if err == nil && pending {
		err = fault.Conflict.Saying("The database is of an older version than this program. Run repazoo migrate, or start " +
			"the server, and try again.")
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

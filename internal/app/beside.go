package app

import (
	"context"
	"path/filepath"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/proof"
	"github.com/repazoo/repazoo/internal/fault"
)

// CheckDB reads who may do what with the configured database.
func CheckDB(ctx context.Context, cfg *config.Config) (*proof.Proof, error) {
	d, err := openBeside(ctx, cfg, true) // a login that bypasses policies is a fault to name, not to stop at
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return proof.Of(ctx, d)
}

// where is the database that is configured.
func where(cfg *config.Config) db.Config {
	return db.Config{
		URL: cfg.Store.DatabaseURL.Reveal(), Schema: cfg.Store.Schema, Path: filepath.Join(cfg.Store.DataDir, "repazoo.db"),
	}
}

// openBeside opens a database that servers may be using, and leaves its schema alone.
func openBeside(ctx context.Context, cfg *config.Config, allowBypass bool) (*db.DB, error) {
	c := where(cfg)
	c.AllowBypass, c.MaxConns = allowBypass, 2
	d, err := db.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	pending, err := d.Pending(ctx)
	if err == nil && pending {
		err = fault.Conflict.Saying("The database is not of this version yet. Start Repazoo once, or run `repazoo migrate`.")
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

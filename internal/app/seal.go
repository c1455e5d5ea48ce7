package app

import (
	"context"
	"slices"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/keyring"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/seal"
)

// SealedColumns is every place in the database that holds sealed values; a test finds one
// that is missing.
func SealedColumns() []seal.Column {
	return slices.Concat(account.SealedColumns(), analysis.SealedColumns(), cleanup.SealedColumns(),
		notice.SealedColumns())
}

// checkKeys finds out now, and not when somebody's token does not open, that a key is lost.
func (a *App) checkKeys(ctx context.Context) error {
	a.keys = keyring.New(keyring.Config{DB: a.DB, Seal: a.Seal, Columns: SealedColumns()})
	if err := a.keys.Check(ctx); err != nil {
		return err
	}
	return a.keys.Mark(ctx)
}

// RotateSeal seals everything again with the first of the configured keys, also while
// servers run. tell hears of each batch.
func RotateSeal(ctx context.Context, cfg *config.Config, tell func(keyring.Progress)) (keyring.Result, error) {
	sealer, err := seal.New(cfg.Keys.Encryption.Reveal()...)
	if err != nil {
		return keyring.Result{}, err
	}
	d, err := openBeside(ctx, cfg, cfg.Env == config.Local)
	if err != nil {
		return keyring.Result{}, err
	}
	defer d.Close()
	return keyring.New(keyring.Config{DB: d, Seal: sealer, Columns: SealedColumns()}).Rotate(ctx, tell)
}

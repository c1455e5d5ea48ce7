package app

import (
	"context"

	"github.com/repazoo/repazoo/internal/health"
)

// vaultProbe asks the vault that the newest secrets came from; it is nil without a vault. It waits for nobody who reads
// from the vault at the same time.
func (a *App) vaultProbe() health.Probe {
	if !a.cfg.HasVault() {
		return nil
	}
	return func(ctx context.Context) error { return a.secrets.cfg.Load().ProbeVault(ctx) }
}

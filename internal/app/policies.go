package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db/proof"
	"github.com/repazoo/repazoo/internal/health"
)

// Row-level security is the second lock between users, and a lock that somebody took off looks like one that is on. So
// outside local it is proven, from the catalogue of the database: at the start, which is refused otherwise, and then
// every minute, after which a fault is in the log and takes this process out of traffic (/readyz, the part policies).

const proofBound = 30 * time.Second

// guarded tells whether row-level security must hold: on Postgres, outside local.
func (a *App) guarded() bool { return a.DB.Name() == "postgres" && a.cfg.Env != config.Local }

// provePolicies notes what is off with row-level security, and names each table. A database that cannot be asked
// changes nothing of what is known.
func (a *App) provePolicies(ctx context.Context) error {
	if !a.guarded() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, proofBound)
	defer cancel()
	p, err := proof.Of(ctx, a.DB)
	if err != nil {
		return fmt.Errorf("prove row-level security: %w", err)
	}
	var off error
	if len(p.Faults) > 0 {
		off = errors.New("row-level security does not hold: " + strings.Join(p.Faults, "; ") +
			". `repazoo db check` prints all of it, and docs/database.md says how it must be")
	}
	a.policies.Store(&off)
	return off
}

// policiesProbe tells what the last proof found; nil where there is nothing to prove.
func (a *App) policiesProbe() health.Probe {
	if !a.guarded() {
		return nil
	}
	return func(context.Context) error {
		if off := a.policies.Load(); off != nil {
			return *off
		}
		return nil
	}
}

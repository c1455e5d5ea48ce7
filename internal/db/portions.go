package db

import (
	"context"
	"math"
)

const (
	portion     = 5_000 // rows a transaction erases at once, so that none holds the database for long
	maxPortions = 40    // in one call
)

// Portions runs a statement of the System over and over, each time in a transaction of its own, until it changes fewer
// rows than it may: $1 is how many that is. What one call leaves is for the next, so that a large backlog keeps nobody
// waiting:
//
//	db.Portions(ctx, d, `DELETE FROM archives WHERE id IN (
//		SELECT id FROM archives WHERE expires_at <= $2 LIMIT $1)`, now)
func Portions(ctx context.Context, d *DB, statement string, args ...any) error {
	return portions(ctx, d, portion, maxPortions, statement, args...)
}

// AllPortions is [Portions] without its bound: what must be gone when it returns, however much there is.
func AllPortions(ctx context.Context, d *DB, statement string, args ...any) error {
	return portions(ctx, d, portion, math.MaxInt, statement, args...)
}

func portions(ctx context.Context, d *DB, portion int64, most int, statement string, args ...any) error {
	for range most {
		var n int64
		err := d.InTx(ctx, System, func(ctx context.Context, tx Tx) (err error) {
			n, err = tx.Exec(ctx, statement, append([]any{portion}, args...)...)
			return err
		})
		if err != nil || n < portion {
			return err
		}
	}
	return nil
}

// Package keyring keeps account of the keys that stored data is sealed with, and seals
// that data again under a new one while the service runs.
//
// The database knows keys by their ids only, in the table seal_keys. A process that starts
// calls [Keyring.Check]: it writes down the keys it was given and refuses to go on without
// one that sealed data may still need, so that a lost key is found out at the start and not
// when somebody's token does not open. While it runs it calls [Keyring.Mark] every
// [MarkEvery], which tells that it seals with its first key.
//
// To change the key:
//
//  1. Start every process with ENCRYPTION_KEY=old,new: all of them can open what is sealed
//     with the new key. (One process alone can skip this.)
//  2. Start every process with ENCRYPTION_KEY=new,old: all of them seal with the new key.
//  3. [Keyring.Rotate] seals everything else again, and forgets the old key when nothing
//     needs it any more. Then its secret may be removed.
//
// Rotate refuses to begin while a process still seals with another key. It works in small
// batches, and replaces a box only if it is still the one that was read, so what the running
// service writes meanwhile is never overwritten. It keeps no record of how far it came:
// each box names its key, so a run that was cut off goes on where it was when run again.
package keyring

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/seal"
)

const (
	// MarkEvery is how often a process says that it seals with its key.
	MarkEvery = 30 * time.Second
	// settled is how long after its last mark a key is taken for unused.
	settled = 3 * MarkEvery
)

// Config is what a Keyring works with.
type Config struct {
	DB      *db.DB
	Seal    *seal.Sealer
	Columns []seal.Column    // every place that holds boxes
	Now     func() time.Time // the real time, which all processes share; default time.Now
}

// Keyring is safe for concurrent use.
type Keyring struct {
	Config
	batch int // boxes read and written at once
}

// New makes a Keyring. It makes no call.
func New(c Config) *Keyring {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Keyring{Config: c, batch: 200}
}

func (k *Keyring) now() time.Time { return k.Now().UTC().Truncate(time.Microsecond) }

// record is a row of seal_keys.
type record struct {
	id   string
	used *time.Time
}

// Check writes down the keys of this process and refuses to go on without one that sealed
// data may need. The refusal says which is missing and what to do.
func (k *Keyring) Check(ctx context.Context) error {
	if err := k.verify(ctx); err != nil {
		return err
	}
	return k.writeDown(ctx)
}

func (k *Keyring) verify(ctx context.Context) error {
	known, err := k.records(ctx)
	if err != nil {
		return err
	}
	needed := make([]string, 0, len(known))
	for _, r := range known {
		needed = append(needed, r.id)
	}
	if len(known) == 0 { // the data may be older than the table
		if needed, err = k.found(ctx); err != nil {
			return err
		}
	}
	have := k.Seal.KeyIDs()
	missing := slices.DeleteFunc(needed, func(id string) bool { return slices.Contains(have, id) })
	if len(missing) > 0 {
		return fault.Conflict.Saying("ENCRYPTION_KEY lacks the key %s, and data in this database is sealed with it: "+
			"put its secret back, behind the new one and separated by a comma (without ENCRYPTION_KEY, a local Repazoo keeps "+
			"it in DATA_DIR/keys/encryption); "+
			"`repazoo seal rotate` says when it may be removed.", strings.Join(missing, " and the key "))
	}
	return nil
}

func (k *Keyring) writeDown(ctx context.Context) error {
	return k.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		for _, id := range k.Seal.KeyIDs() {
			tx.Later(`INSERT INTO seal_keys (key_id, created_at) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING`, id, tx.Now())
		}
		return nil
	})
}

// Mark tells that this process seals with its first key.
func (k *Keyring) Mark(ctx context.Context) error {
	return k.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`INSERT INTO seal_keys (key_id, created_at, last_used_at) VALUES ($1, $2, $3)
			ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at`, k.Seal.KeyID(), tx.Now(), k.now())
		return nil
	})
}

func (k *Keyring) records(ctx context.Context) ([]record, error) {
	return db.Read(ctx, k.DB, db.System, func(r db.Rows, v *record) error { return r.Scan(&v.id, &v.used) },
		`SELECT key_id, last_used_at FROM seal_keys ORDER BY created_at, key_id`)
}

// found reads from the data itself which keys it is sealed with.
func (k *Keyring) found(ctx context.Context) ([]string, error) {
	var ids []string
	for _, c := range k.Columns {
		prefixes, err := db.Read(ctx, k.DB, db.System, db.Value[[]byte],
			fmt.Sprintf(`SELECT DISTINCT substr(%s, 1, %d) FROM %s WHERE %[1]s IS NOT NULL`, c.Name, seal.PrefixSize, c.Table))
		if err != nil {
			return nil, err
		}
		for _, p := range prefixes {
			if id := seal.PrefixID(p); id != "" { // else it is damaged, and no key is missing for it
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

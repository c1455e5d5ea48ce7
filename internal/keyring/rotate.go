package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/seal"
)

// Progress is how far a rotation has come, in boxes.
type Progress struct{ Done, Total int }

// Result is what a rotation did.
type Result struct {
	Current string         // the id of the key that everything is sealed with now
	Sealed  int            // boxes that were under another key
	Damaged map[string]int // boxes that open with no key, by "table.column"; they stay as they are
	Retired []string       // the ids of keys that nothing needs any more: their secrets may be removed
}

// Rotate seals everything again that is not sealed with the first key, and forgets the keys
// that are then of no use. It may be stopped at any time and run again. Its errors are those
// of [Keyring.Check], and conflict while a process seals with another key.
func (k *Keyring) Rotate(ctx context.Context, tell func(Progress)) (Result, error) {
	for _, step := range []func(context.Context) error{k.verify, k.refuseWhileOthersSeal, k.writeDown} {
		if err := step(ctx); err != nil {
			return Result{}, err
		}
	}
	total, err := k.stale(ctx)
	if err != nil {
		return Result{}, err
	}
	r := rotation{Keyring: k, tell: tell, progress: Progress{Total: total}, damaged: map[string]int{}}
	for _, c := range k.Columns {
		if err := r.column(ctx, c); err != nil {
			return Result{}, err
		}
	}
	return r.finish(ctx)
}

// refuseWhileOthersSeal makes sure that every running process seals, and so opens, with the new key.
func (k *Keyring) refuseWhileOthersSeal(ctx context.Context) error {
	known, err := k.records(ctx)
	if err != nil {
		return err
	}
	for _, r := range known {
		if r.id != k.Seal.KeyID() && r.inUse(k.now()) {
			return fault.Conflict.Saying("A running Repazoo sealed with the key %s at %s. Restart every process with "+
				"ENCRYPTION_KEY set as here, the new secret first, and run this again %v after the last restart.",
				r.id, r.used.Format(time.TimeOnly), settled)
		}
	}
	return nil
}

func (r record) inUse(now time.Time) bool { return r.used != nil && now.Sub(*r.used) < settled }

// stale counts the boxes that are not sealed with the first key.
func (k *Keyring) stale(ctx context.Context) (total int, err error) {
	for _, c := range k.Columns {
		n, err := db.ReadOne(ctx, k.DB, db.System, db.Value[int], `SELECT count(*) FROM `+c.Table+` WHERE `+isStale(c),
			k.Seal.Prefix())
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// isStale is true of boxes whose first bytes are not $1; those of no box at all are NULL.
func isStale(c seal.Column) string {
	return fmt.Sprintf(`substr(%s, 1, %d) <> $1`, c.Name, seal.PrefixSize)
}

// rotation is one run of Rotate.
type rotation struct {
	*Keyring
	tell     func(Progress)
	progress Progress
	sealed   int
	damaged  map[string]int
}

// box is a stale box and the key of its row.
type box struct {
	key   []string
	bytes []byte
}

// column walks the stale boxes of a column in the order of their keys, so that one which
// cannot be opened is passed and not met again.
func (r *rotation) column(ctx context.Context, c seal.Column) error {
	var after []string
	for {
		page, err := r.page(ctx, c, after)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := r.reseal(ctx, c, page); err != nil {
			return err
		}
		after = page[len(page)-1].key
		r.progress.Done = min(r.progress.Done+len(page), r.progress.Total)
		r.tell(r.progress)
	}
}

func (r *rotation) page(ctx context.Context, c seal.Column, after []string) ([]box, error) {
	key := strings.Join(c.Key, ", ")
	args, bound := []any{r.Seal.Prefix(), r.batch}, ""
	if after != nil {
		var places []string
		for _, v := range after {
			args = append(args, v)
			places = append(places, fmt.Sprintf("$%d", len(args)))
		}
		bound = " AND (" + key + ") > (" + strings.Join(places, ", ") + ")"
	}
	return db.Read(ctx, r.DB, db.System, func(rows db.Rows, b *box) error {
		b.key = make([]string, len(c.Key))
		dest := []any{&b.bytes}
		for i := range b.key {
			dest = append(dest, &b.key[i])
		}
		return rows.Scan(dest...)
	}, `SELECT `+c.Name+`, `+key+` FROM `+c.Table+` WHERE `+isStale(c)+bound+` ORDER BY `+key+` LIMIT $2`, args...)
}

// reseal writes a page of boxes in one transaction. A row that the service gives a place of
// its own at the same moment makes it fail, and the next try finds that row.
func (r *rotation) reseal(ctx context.Context, c seal.Column, page []box) error {
	writes, err := r.writes(c, page)
	if err != nil {
		return err
	}
	for range 3 {
		err = r.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
			for _, w := range writes {
				tx.Later(w.query, w.args...)
			}
			return nil
		})
		if !errors.Is(err, db.ErrConflict) {
			break
		}
	}
	return err
}

type write struct {
	query string
	args  []any
}

func (r *rotation) writes(c seal.Column, page []box) (all []write, err error) {
	for _, b := range page {
		plain, err := r.Seal.Open(b.bytes, c.Bound(b.key))
		if errors.Is(err, seal.ErrTampered) {
			r.damaged[c.Table+"."+c.Name]++
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s.%s holds a value sealed with the key %s, which ENCRYPTION_KEY lacks: put its secret "+
				"back, behind the new one: %w",
				c.Table, c.Name, seal.KeyID(b.bytes), err)
		}
		key := b.key
		if c.Moved != nil {
			if key, err = c.Moved(r.Seal, b.key, plain); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", c.Table, c.Name, err)
			}
		}
		all = append(all, replace(c, b, key, r.Seal.Seal(plain, c.Bound(key)))...)
		r.sealed++
	}
	return all, nil
}

// replace puts sealed in the place of b, if b is still there. Where the row moves to another
// key, one that the service has put there meanwhile stays, and b goes.
func replace(c seal.Column, b box, to []string, sealed []byte) []write {
	still, args := where(c, "", b.key, []any{b.bytes})
	still += ` AND ` + c.Name + ` = $1`
	set := fmt.Sprintf(`%s = $%d`, c.Name, len(args)+1)
	if slices.Equal(b.key, to) {
		return []write{{`UPDATE ` + c.Table + ` SET ` + set + ` WHERE ` + still, append(args, sealed)}}
	}
	taken, moved := where(c, "other.", to, append(slices.Clone(args), sealed))
	for i, name := range c.Key {
		set += fmt.Sprintf(`, %s = $%d`, name, len(args)+2+i)
	}
	return []write{
		{`UPDATE ` + c.Table + ` SET ` + set + ` WHERE ` + still + ` AND NOT EXISTS (SELECT 1 FROM ` + c.Table +
			` other WHERE ` + taken + `)`, moved},
		{`DELETE FROM ` + c.Table + ` WHERE ` + still, args},
	}
}

// where compares a row's key with parameters that come behind args.
func where(c seal.Column, of string, key []string, args []any) (string, []any) {
	var same []string
	for i, name := range c.Key {
		args = append(args, key[i])
		same = append(same, fmt.Sprintf(`%s%s = $%d`, of, name, len(args)))
	}
	return strings.Join(same, ` AND `), args
}

// finish looks once more, and forgets the keys that nothing is sealed with any more.
func (r *rotation) finish(ctx context.Context) (Result, error) {
	left, err := r.stale(ctx)
	if err != nil {
		return Result{}, err
	}
	broken := 0
	for _, n := range r.damaged {
		broken += n
	}
	if left > broken {
		return Result{}, fault.Conflict.Saying("%d values were sealed with an older key while this ran. Make sure that "+
			"every process was restarted with the new secret first, and run this again.", left-broken)
	}
	result := Result{Current: r.Seal.KeyID(), Sealed: r.sealed, Damaged: r.damaged}
	result.Retired, err = r.retire(ctx)
	return result, err
}

// retire forgets the other keys, unless a process has begun to seal with one.
func (r *rotation) retire(ctx context.Context) (ids []string, err error) {
	err = r.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		ids, err = db.All(ctx, tx, db.Value[string],
			`DELETE FROM seal_keys WHERE key_id <> $1 AND (last_used_at IS NULL OR last_used_at <= $2) RETURNING key_id`,
			r.Seal.KeyID(), r.now().Add(-settled))
		if err != nil {
			return err
		}
		audit.Record(ctx, tx, audit.Event{Actor: "operator", Action: audit.SealRotated, Resource: "key:" +
			r.Seal.KeyID(), Detail: map[string]any{"sealed": r.sealed, "retired": ids}})
		return nil
	})
	slices.Sort(ids)
	return ids, err
}

// Package once gives a request that spends one effect, however often it is sent. Whoever
// sends it names a key (the header Idempotency-Key); for a day, the same request under the
// same key gets what the first one made, and another request under that key is refused.
//
// A service uses it in three steps:
//
//  1. [Request.Claim] is the first statement of the transaction that spends. The primary
//     key of the table lets one request through; one with the same key that comes at the
//     same moment waits for it to commit. So the key is decided before quota, plan and
//     source are looked at, and a request that is refused leaves no key behind.
//  2. Whoever finds the key taken rolls back and asks [Request.Find] what was made.
//  3. [Request.Forget] takes the key back when what came after the transaction failed.
//
// Keys belong to a user, not to an address: the name of the operation is part of what is
// compared. What is kept of a request is a hash, and the id of what it made; the answer
// itself is made anew (docs/decisions/0018).
package once

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

const (
	maxKey = 200            // characters
	kept   = 24 * time.Hour // how long a key is known
)

// Request is a request that may name a key. Without a key, nothing is claimed or found.
type Request struct {
	userID, key, print string
}

// New describes a request: who sends it under which key ("" for none), what it asks for, and every field that decides
// what it makes.
func New(userID, key, operation string, fields ...string) Request {
	h := sha256.New()
	for _, f := range append([]string{operation}, fields...) { // lengths, so that no two lists read the same
		h.Write([]byte(strconv.Itoa(len(f)) + ":" + f))
	}
	return Request{userID, key, hex.EncodeToString(h.Sum(nil))}
}

// Check refuses a key that is too long.
func (r Request) Check() error {
	if len(r.key) > maxKey {
		return fault.ValidationFailed.At("header.Idempotency-Key", "must be at most 200 characters")
	}
	return nil
}

// Claim writes the key down for the id of what is about to be made. It travels with the transaction's next statement;
// after that, the claim tells whether the key was taken already.
func (r Request) Claim(tx db.Tx, makes string) *Claim {
	c := &Claim{free: true}
	if r.key == "" {
		return c
	}
	var key string
	db.Want(tx, db.Value[string], &key, &c.free,
		`INSERT INTO idempotency_keys (user_id, key, request_hash, body, created_at)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, key) DO NOTHING RETURNING key`,
		r.userID, r.key, r.print, []byte(makes), tx.Now())
	return c
}

// Claiming is Claim as a part of a larger statement on PostgreSQL: it writes the key down, once for each row of what it
// is made from, with parameters that begin with the number first. The user is $1 and the moment $2. A key that is taken
// is db.ErrConflict; free is the condition that it is not, as far as anybody can see. Without a key there is nothing to
// insert, and free holds.
func (r Request) Claiming(from string, first int, makes string) (insert, free string, args []any) {
	if r.key == "" {
		return "", `TRUE`, nil
	}
	key := "$" + strconv.Itoa(first)
	insert = `INSERT INTO idempotency_keys (user_id, key, request_hash, body, created_at)
		SELECT $1, ` + key + `, $` + strconv.Itoa(first+1) + `, $` + strconv.Itoa(first+2) + `, $2 FROM ` + from
	free = `NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE user_id = $1 AND key = CAST(` + key + ` AS text))`
	return insert, free, []any{r.key, r.print, []byte(makes)}
}

// Claim is the outcome of [Request.Claim].
type Claim struct{ free bool }

// Taken tells that the key was used before.
func (c *Claim) Taken() bool { return !c.free }

// Find answers with the id of what the first request under this key made. Error: idempotency_mismatch when that was
// another request.
func (r Request) Find(ctx context.Context, d *db.DB) (made string, found bool, err error) {
	if r.key == "" {
		return "", false, nil
	}
	type earlier struct {
		print string
		made  []byte
	}
	scan := func(rows db.Rows, v *earlier) error { return rows.Scan(&v.print, &v.made) }
	e, err := db.ReadOne(ctx, d, db.User(r.userID), scan,
		`SELECT request_hash, body FROM idempotency_keys WHERE user_id = $1 AND key = $2`, r.userID, r.key)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return "", false, nil
	case err != nil:
		return "", false, err
	case e.print != r.print:
		return "", false, fault.IdempotencyMismatch
	}
	return string(e.made), true, nil
}

// Forget takes the key back, so that the same request tries again. The key of another request stays.
func (r Request) Forget(tx db.Tx) {
	if r.key != "" {
		tx.Later(`DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND request_hash = $3`,
			r.userID, r.key, r.print)
	}
}

// Retain erases the keys that have been kept for a day.
func Retain(ctx context.Context, d *db.DB) error {
	return db.Portions(ctx, d, `DELETE FROM idempotency_keys WHERE (user_id, key) IN (
		SELECT user_id, key FROM idempotency_keys WHERE created_at <= $2 LIMIT $1)`, d.Now().Add(-kept))
}

// Package audit writes the append-only log of who did what.
//
// A line is written in the transaction of the change it tells of, so that neither can exist without the other:
//
//	err := d.InTx(ctx, db.User(id), func(ctx context.Context, tx db.Tx) error {
//		…
//		audit.Record(ctx, tx, audit.Event{UserID: id, Actor: "user", Action: audit.SessionRevoked, Resource: "session:" + sid})
//		return nil
//	})
//
// Where the request came from travels in the context: the HTTP layer sets it once with [WithOrigin]. The database
// refuses to change or delete a line, whoever asks. A line outlives its user, so it names ids and never holds a secret,
// a token or a post's text. Where an erased user called from is taken out of it ([Anonymize]), which is the one change
// the database allows, and only while that user is being erased.
package audit

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"

	"github.com/repazoo/repazoo/internal/db"
)

// Event is one thing that happened.
type Event struct {
	UserID   string // whose data it concerns; empty when nobody's. A transaction of db.User takes that user only
	Actor    string // who did it: "user", "system", "operator", "stripe", "stranger"
	Action   Action
	Resource string         // to what, as kind and id: "session:0198…"; may be empty
	Detail   map[string]any // more, if needed; values must be JSON, never secrets or post text
}

const into = `INSERT INTO audit_log (user_id, created_at,
	id, actor, action, resource, ip, user_agent, request_id, detail)`

// Record queues the line in tx. It costs no round trip of its own; a failure to write it fails the transaction.
func Record(ctx context.Context, tx db.Tx, e Event) {
	tx.Later(into+` VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		append([]any{db.OrNull(e.UserID), tx.Now()}, e.values(ctx)...)...)
}

// Recording is Record as a part of a larger statement on PostgreSQL: it writes the line for each row of what it is made
// from, with parameters that begin with the number first. The user is $1 and the moment $2.
func Recording(ctx context.Context, from string, first int, e Event) (insert string, args []any) {
	args = e.values(ctx)
	insert = into + ` SELECT $1, $2`
	for i := range args {
		insert += `, $` + strconv.Itoa(first+i)
	}
	return insert + ` FROM ` + from, args
}

// values are those of a line, but for its user and its moment.
func (e Event) values(ctx context.Context) []any {
	o := OriginFrom(ctx)
	return []any{
		db.NewID(), e.Actor, string(e.Action), db.Storable(e.Resource, 200), o.IP, o.UserAgent, o.RequestID,
		detail(o.within(e.Detail)),
	}
}

// within adds the API key that acted, so that a person can tell its doings from their own.
func (o Origin) within(d map[string]any) map[string]any {
	if o.KeyID == "" {
		return d
	}
	all := map[string]any{"api_key": o.KeyID}
	maps.Copy(all, d)
	return all
}

// Anonymize takes addresses, user agents and request ids out of a user's lines, in the transaction of db.System that
// erases them.
func Anonymize(tx db.Tx, userID string) {
	tx.Later(`UPDATE audit_log SET ip = '', user_agent = '', request_id = '' WHERE user_id = $1
		AND (ip <> '' OR user_agent <> '' OR request_id <> '')`, userID)
}

// detail never loses the line: a value that is not JSON, a mistake in the code, leaves a mark in its place.
func detail(d map[string]any) string {
	if len(d) == 0 {
		return "{}"
	}
	b, err := json.Marshal(d)
	if err != nil {
		return `{"unwritable":true}`
	}
	return string(b)
}

// Origin is where a request came from.
type Origin struct {
	IP        string // as the trusted proxies tell it
	UserAgent string
	RequestID string
	SessionID string // of the caller, empty before sign-in
	KeyID     string // of the API key that the caller bears, empty for a session
}

type originKey struct{}

// WithOrigin puts o into ctx. What a caller can choose is cut to a length and freed of control characters here, so that
// everything that reads it may store it.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, Origin{
		IP: db.Storable(o.IP, 64), UserAgent: db.Storable(o.UserAgent, 256), RequestID: db.Storable(o.RequestID, 128),
		SessionID: db.Storable(o.SessionID, 64), KeyID: db.Storable(o.KeyID, 64),
	})
}

// OriginFrom is what [WithOrigin] set; the zero Origin for work that no request started.
func OriginFrom(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

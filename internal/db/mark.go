package db

import (
	"context"
	"maps"
	"slices"
	"time"
)

// What a user's requests read most (users/me, usage, the plan, notices) can be kept in memory, in every process, under
// a version of the user (internal/recall). A transaction that changes rows which such an answer is made of names the
// user with [Tx.Touch], and with a marker InTx has the version replaced before it commits:
//
//   - Before, because a process that dies between commit and mark would leave others with what is not true any more.
//     Whoever reads between mark and commit reads the old rows under the new version; for [limit.Unsettled] after a
//     mark nothing that is read may be kept.
//   - A commit that ends later than [tooLate] after its mark is marked again before InTx returns.
//   - A request that replaced its own user's version as it was counted ([WithMark]) needs no other for a while.
//
// The transactions of tests compare: triggers note whose rows are written, and dbtest fails what did not name them.

const (
	// tooLate is half of the time for which a mark keeps others from keeping anything, for the way there and back.
	tooLate = 500 * time.Millisecond
	// stillMarked is how old a request's own mark may be for a transaction to rely on it.
	stillMarked = 250 * time.Millisecond
	// markBound is how long a mark after a commit may take, whatever became of the caller.
	markBound = time.Second
	// untoldEvery is how long the log is silent about further marks that failed.
	untoldEvery = 10 * time.Second
)

// Marker replaces the versions of users, in every process.
type Marker func(ctx context.Context, users []string) error

// MarkWith says who replaces versions. Without one nothing is marked, because nothing is kept. It is set before the
// first transaction.
func (d *DB) MarkWith(m Marker) { d.marker = m }

// BeforeCommit is for tests: check runs at the end of every transaction and gets the users that it named.
func (d *DB) BeforeCommit(check func(ctx context.Context, tx Tx, named []string) error) {
	d.check = check
}

// ownMark is that a request replaced the version of its user as it was counted.
type ownMark struct {
	user string
	at   time.Time // before it was asked for
}

type ownMarkKey struct{}

// WithMark says that the user's version was replaced by a call that began at this moment.
func WithMark(ctx context.Context, user string, at time.Time) context.Context {
	return context.WithValue(ctx, ownMarkKey{}, ownMark{user, at})
}

// touched are the users that a transaction has named.
type touched struct{ users map[string]struct{} }

// Touch implements [Tx].
func (t *touched) Touch(users ...string) {
	for _, u := range users {
		if t.users == nil {
			t.users = make(map[string]struct{}, len(users))
		}
		t.users[u] = struct{}{}
	}
}

func (t *touched) named() []string { return slices.Sorted(maps.Keys(t.users)) }

// marking is what one try of a transaction has marked.
type marking struct {
	users []string
	at    time.Time // before the mark was asked for; zero if nobody can be sure of it
}

// markBefore replaces the versions of those whom a transaction has named, just before it commits. A mark that fails
// stops nothing: what others keep they give for a few seconds at most.
func (d *DB) markBefore(ctx context.Context, tx Tx, m *marking) error {
	users := tx.named()
	if d.check != nil {
		if err := d.check(ctx, tx, users); err != nil {
			return err
		}
	}
	if d.marker == nil || len(users) == 0 {
		return nil
	}
	m.users = users
	own, _ := ctx.Value(ownMarkKey{}).(ownMark)
	if len(users) == 1 && own.user == users[0] && d.even().Sub(own.at) < stillMarked {
		m.at = own.at
		return nil
	}
	at := d.even()
	if err := d.marker(ctx, users); err != nil {
		d.untold(ctx, err)
		return nil
	}
	m.at = at
	return nil
}

// markAfter marks again where the commit came late, or the first mark failed. It does not end with the caller's
// request.
func (d *DB) markAfter(ctx context.Context, m marking) {
	if len(m.users) == 0 || !m.at.IsZero() && d.even().Sub(m.at) < tooLate {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markBound)
	defer cancel()
	if err := d.marker(ctx, m.users); err != nil {
		d.untold(ctx, err)
	}
}

// untold logs that a mark has failed. While Redis is away every change does, so the log has one line each
// [untoldEvery].
func (d *DB) untold(ctx context.Context, err error) {
	last, now := d.untoldAt.Load(), d.even().UnixNano()
	if last != 0 && now-last < int64(untoldEvery) || !d.untoldAt.CompareAndSwap(last, now) {
		return
	}
	d.log.WarnContext(ctx, "other processes were not told of a change, and may not see it for five seconds", "cause", err)
}

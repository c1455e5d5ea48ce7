package db

import (
	"context"
	"time"
)

// Question is a statement that gives rows, and who reads them. It may be asked again, so the reader begins anew each
// time.
type Question struct {
	Query string
	Args  []any
	Read  func(Rows) error
}

// Every is the question for all rows of a statement.
func Every[T any](scan func(Rows, *T) error, all *[]T, query string, args ...any) Question {
	return Question{query, args, func(r Rows) (err error) {
		*all, err = collect(r, scan)
		return err
	}}
}

// Maybe is the question for one row; *found tells whether there was one.
func Maybe[T any](scan func(Rows, *T) error, v *T, found *bool, query string, args ...any) Question {
	return Question{query, args, oneRow(scan, v, found)}
}

// Ask asks questions as actor, in order. On Postgres it is one round trip, and each sees what was committed when its
// turn came. If the connection turns out to be broken, all are asked once more. After an error, what was read is of no
// use.
func (d *DB) Ask(ctx context.Context, actor Actor, questions ...Question) error {
	gate, ctx := gateOf(ctx)
	if gate == nil {
		return d.ask(ctx, actor, questions)
	}
	asked, rest := false, error(nil)
	err := gate(ctx, func(ctx context.Context, before Question) (err error) {
		asked = true
		rest, err = d.askBehind(ctx, actor, before, questions)
		return err
	})
	switch {
	case err != nil:
		return err
	case asked:
		return rest
	}
	return d.ask(ctx, actor, questions)
}

func (d *DB) ask(ctx context.Context, actor Actor, questions []Question) (err error) {
	ctx, end := d.traces.Start(ctx, "read")
	defer func() { end(err) }()
	bounded, cancel := context.WithTimeout(ctx, d.bound(actor))
	defer cancel()
	begun := time.Now()
	err = d.engine.ask(bounded, actor, questions)
	if err != nil && isDown(err) && bounded.Err() == nil && time.Since(begun) < atOnce {
		d.dropIdle(actor, err)
		err = d.engine.ask(bounded, actor, questions)
	}
	return down(ctx, err)
}

// A Gate decides whether what a context is for may go on. It is called before each read and each transaction of such a
// context, and its error is the answer to them; no row that was asked for has been read then. Where it has to look
// something up, it calls ask with a question whose reader refuses with an error: then what waits behind the gate
// travels with that question, in one round trip. It may call ask again, and need not call it at all.
type Gate func(ctx context.Context, ask func(ctx context.Context, before Question) error) error

type gateKey struct{}

// WithGate puts a gate before everything that is read and written in a context.
func WithGate(ctx context.Context, g Gate) context.Context {
	return context.WithValue(ctx, gateKey{}, g)
}

// gateOf is the gate of a context, if it has one, and the context without it: what the gate itself asks passes none.
func gateOf(ctx context.Context) (Gate, context.Context) {
	gate, _ := ctx.Value(gateKey{}).(Gate)
	if gate != nil {
		ctx = context.WithValue(ctx, gateKey{}, Gate(nil))
	}
	return gate, ctx
}

// PastGate is a context without its gate, for a statement that does nothing where the gate would refuse.
func PastGate(ctx context.Context) context.Context {
	_, ctx = gateOf(ctx)
	return ctx
}

// askBehind asks questions in one trip with the one that comes before them. rest is what became of them once that one
// has let them through, and err is why it has not.
func (d *DB) askBehind(ctx context.Context, actor Actor, before Question, questions []Question) (rest, err error) {
	through := false
	all := append(make([]Question, 0, 1+len(questions)), Question{before.Query, before.Args, func(r Rows) error {
		err := before.Read(r)
		through = err == nil
		return err
	}})
	if err = d.ask(ctx, actor, append(all, questions...)); through {
		return err, nil
	}
	return nil, err
}

// pass asks the gate of a context, if there is one, before a transaction.
func (d *DB) pass(ctx context.Context, actor Actor) error {
	gate, ctx := gateOf(ctx)
	if gate == nil {
		return nil
	}
	return gate(ctx, func(ctx context.Context, before Question) error {
		return d.ask(ctx, actor, []Question{before})
	})
}

// Package logs writes what happened: JSON for machines, text for people at a terminal.
//
//	l, err := logs.Open(logs.Config{Writer: os.Stderr, Level: slog.LevelInfo, JSON: true})
//	defer l.Close()
//	l.InfoContext(ctx, "request", "route", route, "user", userID)
//
// Every line of a request that is traced carries its trace_id. Users appear as a short hash, the same everywhere, so
// that lines can be told apart without telling who it was ([Pseudonym] finds the lines of a known user). What must
// never be logged has types that print as dots: see config.Secret.
//
// The level can be changed while the program runs: [Log.SetLevel].
package logs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"

	"github.com/repazoo/repazoo/internal/tracing"
)

// Config says what is written and where.
type Config struct {
	Writer io.Writer
	Level  slog.Level
	JSON   bool

	SentryDSN   string // lines of level ERROR also go there; "" for nowhere
	Release     string
	Environment string
}

// Log is a logger whose level can be changed. It is safe for concurrent use.
type Log struct {
	*slog.Logger
	level  *slog.LevelVar
	sentry *sentryHandler // nil for none
}

// Open makes a Log. Its error is a Sentry address that cannot be used.
func Open(c Config) (*Log, error) {
	l := &Log{level: &slog.LevelVar{}}
	l.level.Set(c.Level)
	options := &slog.HandlerOptions{Level: l.level, ReplaceAttr: replace}
	var h slog.Handler = slog.NewTextHandler(c.Writer, options)
	if c.JSON {
		h = slog.NewJSONHandler(c.Writer, options)
	}
	if c.SentryDSN != "" {
		var err error
		if l.sentry, err = newSentry(c); err != nil {
			return nil, err
		}
		h = slog.NewMultiHandler(h, l.sentry)
	}
	l.Logger = slog.New(traced{h})
	return l, nil
}

// SetLevel changes what is written from now on.
func (l *Log) SetLevel(level slog.Level) { l.level.Set(level) }

// Level is what is written now.
func (l *Log) Level() slog.Level { return l.level.Level() }

// Close waits a moment for what is on its way to Sentry.
func (l *Log) Close() {
	if l.sentry != nil {
		l.sentry.close()
	}
}

const userKey = "user"

// replace is done to every attribute that is written.
func replace(_ []string, a slog.Attr) slog.Attr {
	if a.Key == userKey && a.Value.Kind() == slog.KindString && a.Value.String() != "" {
		a.Value = slog.StringValue(Pseudonym(a.Value.String()))
	}
	return a
}

// Pseudonym is how a user appears in the log: 12 hexadecimal digits that do not tell the id, which is random enough
// that nobody finds it by trying.
func Pseudonym(userID string) string {
	sum := sha256.Sum256([]byte("log\x00" + userID))
	return hex.EncodeToString(sum[:6])
}

// traced adds the trace to lines that belong to one.
type traced struct{ slog.Handler }

func (t traced) Handle(ctx context.Context, r slog.Record) error {
	if id := tracing.ID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", id))
	}
	return t.Handler.Handle(ctx, r)
}

func (t traced) WithAttrs(a []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(a)} }
func (t traced) WithGroup(name string) slog.Handler   { return traced{t.Handler.WithGroup(name)} }

// Package apptest runs a whole Repazoo inside a test, as `repazoo serve` would: with nothing
// configured, on SQLite, with its stand-ins, on a free port. [Run] takes the variables that are to be different.
package apptest

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/logs"
)

// Run runs it until the test ends. The log's lines are JSON, and opt's own log is not used.
func Run(t testing.TB, log io.Writer, env map[string]string, opt app.Options) *app.App {
	t.Helper()
	a, _ := Begin(t, log, env, opt)
	return a
}

// Begin is [Run] with a stop, which does what the signal to stop does, and returns once the process would have ended.
func Begin(t testing.TB, log io.Writer, env map[string]string, opt app.Options) (a *app.App, stop func()) {
	t.Helper()
	vars := map[string]string{"PORT": "0", "DATA_DIR": t.TempDir(), "LOG_LEVEL": "debug"}
	for _, group := range []string{"", "SIGN_IN_", "REFRESH_"} {
		vars["RATE_LIMIT_"+group+"PER_MINUTE"], vars["RATE_LIMIT_"+group+"PER_HOUR"] = "10000", "10000"
	}
	maps.Copy(vars, env)
	file := filepath.Join(vars["DATA_DIR"], "repazoo.db")
	if _, err := os.Stat(file); err != nil && vars["DATABASE_URL"] == "" { // the tests of the command begin without one
		dbtest.SQLiteFile(t, file)
	}
	cfg, err := config.Load(t.Context(), config.Map(vars))
	if err != nil {
		t.Fatal(err)
	}
	l, err := logs.Open(logs.Config{Writer: log, Level: slog.LevelDebug, JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	opt.Log, opt.Version = l.Logger, "test"
	a, err = app.New(t.Context(), cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Compare(a.DB)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server did not stop cleanly: %v", err)
		}
		a.Close()
	})
	t.Cleanup(stop)
	return a, stop
}

// Archive packs an archive of an account with n posts, the first of which is a risk.
func Archive(t testing.TB, xUserID string, n int) []byte {
	t.Helper()
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("Quiet day number %d by the river.", i)
	}
	if n > 0 {
		texts[0] = "You are a fucking idiot and everybody knows it"
	}
	return ArchiveOf(t, xUserID, texts)
}

// ArchiveOf packs an archive of an account with posts of these texts. Nothing in it is compressed, because what unpacks
// to far more than it holds is refused.
func ArchiveOf(t testing.TB, xUserID string, texts []string) []byte {
	t.Helper()
	var posts []string
	for i, text := range texts {
		posts = append(posts, fmt.Sprintf(`{"tweet":{"id_str":"%d","full_text":%q,"created_at":"Sat Feb 18 12:33:11 +0000 2023",`+
			`"lang":"en","favorite_count":"1","retweet_count":"0"}}`, 5000+i, text))
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, content := range map[string]string{
		"data/account.js": `window.YTD.account.part0 = [{"account":{"username":"gravelpit_gus","accountId":"` + xUserID +
			`","createdAt":"2019-03-01T10:00:00.000Z"}}]`,
		"data/tweets.js": `window.YTD.tweets.part0 = [` + strings.Join(posts, ",") + `]`,
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/keyring"
	"github.com/repazoo/repazoo/internal/seal"
)

// unsealed are the columns of bytes that hold no box, and why.
var unsealed = map[string]string{
	"idempotency_keys.body": "the id of what a request made",
}

// The columns come from the schema, so that a new one of bytes fails here until it is either
// sealed again by a rotation or named above.
func TestSealedColumns_AreAllThatTheSchemaHas(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*db.DB{
		"postgres": dbtest.Postgres(t, time.Now),
		"sqlite":   dbtest.SQLite(t, time.Now),
	} {
		query := `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
			AND c.type = 'BLOB' AND m.name NOT LIKE 'river%'`
		if name == "postgres" {
			query = `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
				AND data_type = 'bytea' AND table_name NOT LIKE 'river%'`
		}
		got, err := db.Read(t.Context(), d, db.System, db.Value[string], query)
		if err != nil {
			t.Fatal(err)
		}
		got = slices.DeleteFunc(got, func(c string) bool { return unsealed[c] != "" })
		var want []string
		for _, c := range app.SealedColumns() {
			want = append(want, c.Table+"."+c.Name)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: what is sealed again (-) and the columns of bytes (+) differ:\n%s", name, diff)
		}
	}
}

// boot runs a Repazoo that the test stops itself.
func boot(t *testing.T, vars map[string]string) (a *app.App, stop func()) {
	t.Helper()
	cfg, err := config.Load(t.Context(), config.Map(vars))
	if err != nil {
		t.Fatal(err)
	}
	if a, err = app.New(t.Context(), cfg, app.Options{Version: "test"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	return a, func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		a.Close()
	}
}

const (
	firstSecret  = "first-sealing-secret-0123456789-abcdefgh"
	secondSecret = "other-sealing-secret-9876543210-hgfedcba"
)

// The whole change of a key, as an operator makes it, with people using the service.
func TestSealRotate_ChangesTheKeyUnderARunningService(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars := map[string]string{
				"PORT": "0", "DATA_DIR": t.TempDir(), "RATE_LIMIT_PER_MINUTE": "10000",
				"RATE_LIMIT_PER_HOUR": "10000",
			}
			maps.Copy(vars, env)
			keys := func(list string) map[string]string { vars["ENCRYPTION_KEY"] = list; return vars }

			a, stop := boot(t, keys(firstSecret))
			u, _ := url.Parse(a.URL())
			vars["PORT"] = u.Port() // tokens name their issuer, so the address stays
			gus := signIn(t, a.URL(), "gravelpit_gus")
			gus.subscribe()
			id, _ := gus.analyse()
			report := gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+id+"/report.json", "")
			if modelCalls(gus, id) == 0 {
				t.Error("the model was not asked in the first run: the test shows nothing")
			}
			stop()

			a, stop = boot(t, keys(secondSecret+","+firstSecret))
			ada := signIn(t, a.URL(), "ada_fernhill")
			ada.subscribe()
			if _, err := rotate(t, vars); !errors.Is(err, fault.Conflict) {
				t.Fatalf("the first process was stopped a moment ago: got %v", err)
			}
			forget(t, a.DB)
			working := make(chan string)
			go func() {
				_, end := ada.analyse()
				working <- end
			}()
			r, err := rotate(t, vars)
			if err != nil || r.Sealed < 100 || len(r.Damaged) != 0 || len(r.Retired) != 1 {
				t.Fatalf("got %+v, %v", r, err)
			}
			if end := <-working; !strings.Contains(end, `"status":"completed"`) {
				t.Errorf("an analysis that ran meanwhile ended with\n%s", end)
			}
			stop()

			_, stop = boot(t, keys(secondSecret))
			defer stop()
			if again := gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+id+"/report.json", ""); again != report {
				t.Error("the report is not the one it was")
			}
			gus.must(http.StatusOK, "POST", "/auth/x/refresh/"+gus.account, "")
			next, _ := gus.analyse()
			if calls := modelCalls(gus, next); calls != 0 {
				t.Errorf("the model was asked %d times for posts it had judged before the change", calls)
			}
		})
	}
}

func rotate(t *testing.T, vars map[string]string) (keyring.Result, error) {
	t.Helper()
	cfg, err := config.Load(t.Context(), config.Map(vars))
	if err != nil {
		t.Fatal(err)
	}
	return app.RotateSeal(t.Context(), cfg, func(keyring.Progress) {})
}

// forget is the minute and a half after which a key that no process marks is taken for unused.
func forget(t *testing.T, d *db.DB) {
	t.Helper()
	first, err := seal.New(firstSecret)
	if err != nil {
		t.Fatal(err)
	}
	err = d.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE seal_keys SET last_used_at = $2 WHERE key_id = $1`, first.KeyID(),
			time.Now().Add(-time.Hour))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func modelCalls(p *person, id string) (n int) {
	p.t.Helper()
	var report struct {
		Models []struct {
			Calls int `json:"calls"`
		} `json:"models"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/analyses/"+id+"/report.json", "")),
		&report); err != nil {
		p.t.Fatal(err)
	}
	for _, m := range report.Models {
		n += m.Calls
	}
	return n
}

func TestStart_RefusesWhenTheSealingKeyIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	vars := map[string]string{"PORT": "0", "DATA_DIR": dir, "ENCRYPTION_KEY": firstSecret}
	_, stop := boot(t, vars)
	stop()
	vars["ENCRYPTION_KEY"] = secondSecret
	cfg, err := config.Load(t.Context(), config.Map(vars))
	if err != nil {
		t.Fatal(err)
	}
	first, err := seal.New(firstSecret)
	if err != nil {
		t.Fatal(err)
	}
	_, err = app.New(t.Context(), cfg, app.Options{})
	if err == nil || !strings.Contains(err.Error(), "ENCRYPTION_KEY lacks the key "+first.KeyID()) ||
		strings.Contains(err.Error(), "secret-0") {
		t.Fatalf("got %v", err)
	}
	if _, err := rotate(t, vars); err == nil || !strings.Contains(err.Error(), "lacks the key") {
		t.Fatalf("a rotation without the old key: %v", err)
	}
}

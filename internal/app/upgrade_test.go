package app_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
)

// A release's data set is what two invented people left behind: a pro plan, a report with dismissed findings, an API
// key, a webhook and an export; and a plan that was cancelled. testdata/upgrade has one of each database, as that
// release's own program wrote it, with what it answered then. Its keys are these.
const (
	upgradeEncryption = "upgrade-data-set-encryption-0123456789abcdef"
	upgradeSigning    = "upgrade-data-set-signing-fedcba9876543210"
	upgradePublic     = "http://localhost:18111" // tokens name it as their issuer
)

// left is what the earlier release answered to a person, and the secrets that it gave them.
type left struct {
	Analysis string                     `json:"analysis"`
	Refresh  string                     `json:"refresh_token"`
	Key      string                     `json:"api_key"`
	Answers  map[string]json.RawMessage `json:"answers"`
}

type dataSet struct {
	First  left      `json:"first"`
	Second left      `json:"second"`
	MadeAt time.Time `json:"made_at"`
}

// unpackUpgrade writes a data set into a directory of the test's own.
func unpackUpgrade(t *testing.T, name string) (dir string, set dataSet) {
	t.Helper()
	dir = t.TempDir()
	f, err := os.Open(filepath.Join("testdata", "upgrade", name+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(dir, filepath.FromSlash(h.Name)) //nolint:gosec // our own file
		body, err := io.ReadAll(r)
		if err == nil && h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(at, 0o700)
		} else if err == nil {
			err = os.WriteFile(at, body, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	answers, err := os.ReadFile(filepath.Join(dir, "answers.json"))
	if err == nil {
		err = json.Unmarshal(answers, &set)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, set
}

// fillPostgres makes a database of the dump in dir and returns the address of its owner.
func fillPostgres(t *testing.T, dir string) string {
	t.Helper()
	dump, err := os.ReadFile(filepath.Join(dir, "dump.sql"))
	if err != nil {
		t.Fatal(err)
	}
	lent := dbtest.AdminURL(t, dbtest.PostgresURL(t)) // its roles are there
	admin, err := pgx.Connect(t.Context(), lent)
	if err != nil {
		t.Fatal(err)
	}
	name := "upgrade_" + strings.ReplaceAll(db.NewID(), "-", "")
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		admin.Close(context.Background())
	})
	u, err := url.Parse(lent)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	conn, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.PgConn().Exec(t.Context(), string(dump)).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return u.String()
}

// An installation of each release comes up with this one: people stay signed in, programs keep their keys, and what was
// answered then is answered now.
func TestUpgrade_AnInstallationOfAnEarlierReleaseGoesOn(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dir, set := unpackUpgrade(t, "0.1.0-"+engine)
			env := map[string]string{
				"DATA_DIR": filepath.Join(dir, "data"), "PUBLIC_URL": upgradePublic,
				"ENCRYPTION_KEY": upgradeEncryption, "JWT_SECRET_KEY": upgradeSigning,
			}
			if engine == "postgres" {
				env["DATABASE_URL"] = fillPostgres(t, dir)
			}
			began := time.Now()
			now := func() time.Time { return set.MadeAt.Add(time.Minute + time.Since(began)) }
			a := apptest.Run(t, io.Discard, env, app.Options{Now: now})
			for who, l := range map[string]left{"the first": set.First, "the second": set.Second} {
				p := &person{t: t, base: a.Address()}
				var in struct {
					Access string `json:"access_token"`
				}
				body := p.must(http.StatusOK, "POST", "/auth/token/refresh", `{"refresh_token":"`+l.Refresh+`"}`)
				if err := json.Unmarshal([]byte(body), &in); err != nil {
					t.Fatal(err)
				}
				p.access = in.Access
				for name, path := range map[string]string{
					"me": "/api/v1/users/me", "report": "/api/v1/analyses/" + l.Analysis + "/report.json", "usage": "/api/v1/usage",
					"subscription": "/api/v1/subscriptions", "score": "/api/v1/analyses/" + l.Analysis + "/score",
					"findings": "/api/v1/analyses/" + l.Analysis + "/findings", "audit": "/api/v1/audit",
					"consents": "/api/v1/consents",
					"keys":     "/api/v1/api-keys", "webhooks": "/api/v1/webhooks", "notices": "/api/v1/notices",
					"timeline": "/api/v1/subscriptions/timeline", "invoices": "/api/v1/subscriptions/invoices",
				} {
					var got, want any
					if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", path, "")), &got); err != nil {
						t.Fatal(err)
					}
					if err := json.Unmarshal(l.Answers[name], &want); err != nil {
						t.Fatal(err)
					}
					if name == "report" {
						asItIsToldNow(t, want, got)
					}
					for _, d := range missing(name, want, got) {
						t.Errorf("%s: %s", who, d)
					}
				}
				goesOn(t, p)
			}
			program := &person{t: t, base: a.Address(), access: set.First.Key}
			program.must(http.StatusOK, "GET", "/api/v1/analyses/"+set.First.Analysis, "")
		})
	}
}

// asItIsToldNow changes a report of 0.1.0 into how 0.2.0 tells it: its score is the one it was made with, its summary
// says more, and what the score is with the dismissals since stands in the answer about the score, which is as it was.
func asItIsToldNow(t *testing.T, want, got any) {
	t.Helper()
	w, g := want.(map[string]any), got.(map[string]any)
	summary, _ := g["summary"].(string)
	made := fmt.Sprintf("When the report was made, the score was %v.", g["score"])
	if w["score"] != g["score"] && !strings.Contains(summary, made) {
		t.Errorf("the score was %v and is %v: %s", w["score"], g["score"], summary)
	}
	for sentence := range strings.SplitAfterSeq(w["summary"].(string), ". ") {
		if !strings.Contains(summary, strings.TrimSpace(sentence)) {
			t.Errorf("the summary no longer says %q", sentence)
		}
	}
	w["score"], w["level"], w["summary"] = g["score"], g["level"], summary
}

// goesOn analyses the person's posts once more, with the tokens of X that the earlier release sealed.
func goesOn(t *testing.T, p *person) {
	t.Helper()
	var analyses struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	list := p.must(http.StatusOK, "GET", "/api/v1/analyses", "")
	if err := json.Unmarshal([]byte(list), &analyses); err != nil || len(analyses.Data) != 1 {
		t.Fatal(err, list)
	}
	var earlier struct {
		Account string `json:"account_id"`
	}
	before := p.must(http.StatusOK, "GET", "/api/v1/analyses/"+analyses.Data[0].ID, "")
	if err := json.Unmarshal([]byte(before), &earlier); err != nil {
		t.Fatal(err)
	}
	p.account = earlier.Account
	if _, end := p.analyse(); !strings.Contains(end, `"completed"`) {
		t.Errorf("the next analysis ended with %s", end)
	}
}

// missing names what an earlier answer had and the present one has not, or has otherwise.
func missing(at string, want, got any) (all []string) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %T", at, got)}
		}
		for k, v := range w {
			if _, there := g[k]; !there {
				all = append(all, fmt.Sprintf("%s.%s is gone, it was %v", at, k, v))
				continue
			}
			all = append(all, missing(at+"."+k, v, g[k])...)
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return []string{fmt.Sprintf("%s had %d entries and has %d", at, len(w), len(g))}
		}
		for i := range w {
			all = append(all, missing(fmt.Sprintf("%s[%d]", at, i), w[i], g[i])...)
		}
	default:
		if want != got {
			all = append(all, fmt.Sprintf("%s was %v and is %v", at, want, got))
		}
	}
	return all
}

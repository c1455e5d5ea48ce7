package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// eventually asks again until the answer fits, for a while.
func eventually(t testing.TB, what string, fits func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(time.Minute); !fits(); {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%s: never happened", what)
		}
	}
}

type exported struct {
	ID, Status string
	Link       *string
}

func (p *person) exportReady() exported {
	p.t.Helper()
	var e exported
	ask := func(method, path string, status int) {
		if err := json.Unmarshal([]byte(p.must(status, method, path, "")), &e); err != nil {
			p.t.Fatal(err)
		}
	}
	ask("POST", "/api/v1/users/me/export", http.StatusAccepted)
	eventually(p.t, "a package", func() bool {
		ask("GET", "/api/v1/users/me/export/"+e.ID, http.StatusOK)
		return e.Status == "ready"
	})
	return e
}

func TestPrivacy_APersonTakesEverythingAndLeaves(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &syncBuffer{}
			base := start(t, log, env)
			p, ada := signIn(t, base, gus), signIn(t, base, "ada_fernhill")
			p.subscribe()
			id, _ := p.analyse()

			e := p.exportReady()
			_, header, body := p.call("GET", *e.Link, "")
			z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
			if err != nil || header.Get("Content-Type") != "application/zip" || header.Get("Content-Encoding") != "" ||
				!strings.HasPrefix(header.Get("Content-Disposition"), `attachment; filename="repazoo-`) {
				t.Fatalf("%v, %v", err, header)
			}
			if reports := read(t, z, "reports.json"); !strings.Contains(reports, id) ||
				!strings.Contains(reports, `"findings"`) {
				t.Errorf("the package misses the report: %.200s", reports)
			}
			if status, _, _ := ada.call("GET", *e.Link, ""); status != http.StatusNotFound {
				t.Errorf("another user's link answers %d", status)
			}
			if status, _, _ := (&person{t: t, base: base}).call("GET", *e.Link, ""); status != http.StatusUnauthorized {
				t.Errorf("a stranger with the link is answered %d", status)
			}

			if consents := p.must(http.StatusOK, "GET", "/api/v1/consents", ""); !strings.Contains(consents,
				`"kind":"analysis"`) || !strings.Contains(consents, `"withdrawn_at":null`) {
				t.Errorf("consents: %s", consents)
			}
			p.must(http.StatusNoContent, "DELETE", "/api/v1/consents/analysis", "")
			p.must(http.StatusNotFound, "DELETE", "/api/v1/consents/analysis", "")
			if posts := read(t, open(t, p, p.exportReady()), "posts.json"); posts != "[]\n" {
				t.Errorf("posts are left after the consent was withdrawn: %.200s", posts)
			}

			p.must(http.StatusUnprocessableEntity, "DELETE", "/api/v1/users/me", `{"confirm":"ada_fernhill"}`)
			p.must(http.StatusAccepted, "DELETE", "/api/v1/users/me", `{"confirm":"@`+gus+`"}`)
			if refused := p.must(http.StatusUnauthorized, "GET", "/api/v1/users/me", ""); !strings.Contains(refused,
				"session_revoked") {
				t.Errorf("a session lives on: %s", refused)
			}
			var again *person
			eventually(t, "a new beginning", func() bool { again = signIn(t, base, gus); return again.access != "" })
			if list := again.must(http.StatusOK, "GET", "/api/v1/analyses", ""); !strings.Contains(list, `"total":0`) {
				t.Errorf("whoever signs in again finds %s", list)
			}
			ada.must(http.StatusOK, "GET", "/api/v1/users/me", "")
			if strings.Contains(log.String(), `"level":"ERROR"`) {
				t.Errorf("the log has errors:\n%s", log)
			}
		})
	}
}

func open(t *testing.T, p *person, e exported) *zip.Reader {
	t.Helper()
	_, _, body := p.call("GET", *e.Link, "")
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func read(t *testing.T, z *zip.Reader, name string) string {
	t.Helper()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// A package that cannot be finished breaks the connection: nobody may take half of it for the whole.
func TestPrivacy_APackageThatCannotBeFinishedIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	a := run(t, io.Discard, nil)
	p := signIn(t, a.URL(), gus)
	p.subscribe()
	p.analyse()
	e := p.exportReady()
	err := a.DB.InTx(t.Context(), db.System, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE posts SET sealed = $1`, []byte("damaged"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+*e.Link, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.access)
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
	}
	if err == nil {
		t.Fatal("the broken package arrived as if it were whole")
	}
}

// An uploaded archive waits in a file, in the clear. A process that is killed meanwhile leaves it behind; the next
// start takes it away.
func TestStart_DropsUploadsThatWereCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, "archive-123.zip")
	if err := os.WriteFile(left, []byte("somebody's archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := signIn(t, start(t, io.Discard, map[string]string{"DATA_DIR": dir}), gus)
	p.must(http.StatusNotFound, "GET", "/api/v1/users/me/export/"+db.NewID(), "")
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("it is still there (%v)", err)
	}
}

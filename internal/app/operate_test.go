package app_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
)

func TestSetRole_WorksBesideARunningServer(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shared := map[string]string{"DATA_DIR": t.TempDir()}
			maps.Copy(shared, env)
			ada := signIn(t, start(t, io.Discard, shared), "ada_fernhill")
			cfg, err := config.Load(t.Context(), config.Map(shared))
			if err != nil {
				t.Fatal(err)
			}
			if err := app.SetRole(t.Context(), cfg, "ada_fernhill", "admin"); err != nil {
				t.Fatal(err)
			}
			ada.must(http.StatusOK, "GET", "/api/v1/admin/audit", "")
			if err := app.SetRole(t.Context(), cfg, "gravelpit_gus", "admin"); !errors.Is(err, fault.NotFound) {
				t.Errorf("somebody who never signed in: got %v", err)
			}
		})
	}
}

func TestSetRole_MakesNoDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, err := config.Load(t.Context(), config.Map(map[string]string{"DATA_DIR": dir}))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "repazoo.db")
	if err := app.SetRole(t.Context(), cfg, "ada_fernhill", "admin"); !errors.Is(err, fault.NotFound) ||
		!strings.Contains(err.Error(), "There is no database") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a database was made: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := app.SetRole(t.Context(), cfg, "ada_fernhill", "admin"); !errors.Is(err, fault.Conflict) ||
		!strings.Contains(err.Error(), "older version") {
		t.Errorf("a database without tables: got %v", err)
	}
}

package backup_test

import (
	"archive/tar"
	"bytes"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/backup"
)

func addMigration(t *testing.T, path string) {
	t.Helper()
	d, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	q := `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`
	if _, err := d.ExecContext(t.Context(), q); err != nil {
		t.Fatal(err)
	}
}

func packed(t testing.TB, names ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: 3}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("key")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestReadKeys_TakesNoNameOutsideTheDirectoriesOfKeys(t *testing.T) {
	t.Parallel()
	got, err := backup.ReadKeys(bytes.NewReader(packed(t, "keys/jwt", "vault/A.age")))
	if err != nil || len(got) != 2 || string(got["keys/jwt"]) != "key" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, name := range []string{
		"keys", "jwt", "keys/../repazoo.db", "/keys/jwt", "../keys/jwt", "keys/../../x", "repazoo.db",
	} {
		if got, err := backup.ReadKeys(bytes.NewReader(packed(t, name))); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func FuzzReadKeys(f *testing.F) {
	f.Add(packed(f, "keys/jwt"))
	f.Add(packed(f, "../x"))
	f.Fuzz(func(t *testing.T, content []byte) {
		found, _ := backup.ReadKeys(bytes.NewReader(content))
		for name := range found {
			clean := filepath.Clean(name)
			if clean != name || !strings.HasPrefix(name, "keys/") && !strings.HasPrefix(name, "vault/") {
				t.Errorf("took %q", name)
			}
		}
	})
}

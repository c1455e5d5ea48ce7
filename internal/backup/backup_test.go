package backup_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/repazoo/repazoo/internal/backup"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// made is the content of a backup of an empty installation.
func made(t testing.TB) []byte {
	t.Helper()
	data := t.TempDir()
	dbtest.SQLiteFile(t, filepath.Join(data, "repazoo.db"))
	file := filepath.Join(t.TempDir(), "backup.tar")
	if _, err := backup.Write(t.Context(), file, backup.Source{DataDir: data, Version: "1", Now: noon}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func restore(t testing.TB, content []byte, dir string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.tar")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := backup.Restore(t.Context(), file, backup.Target{DataDir: dir, Now: noon})
	return err
}

// Whatever is wrong with a backup, the data directory is as it was.
func TestRestore_RefusesADamagedBackupAndTouchesNothing(t *testing.T) {
	t.Parallel()
	good := made(t)
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	for name, content := range map[string][]byte{
		"nothing": {}, "no archive": []byte("SQLite format 3\x00"), "cut off": good[:len(good)/2],
		"one bit is other": flipped,
		"another format":   bytes.Replace(good, []byte(`"format": 1`), []byte(`"format": 9`), 1),
		"a path":           bytes.Replace(good, []byte(`"name": "repazoo.db"`), []byte(`"name": "../poo.db"`), 1),
		"no database":      bytes.Replace(good, []byte(`"name": "repazoo.db"`), []byte(`"name": "keys.age"  `), 1),
	} {
		dir := t.TempDir()
		err := restore(t, content, dir)
		if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Kind != fault.KindInvalid {
			t.Errorf("%s: got %v", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
	if err := restore(t, good, t.TempDir()); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// An administrator restores as root, and the service, which has a user of its own, must be able to open all of it.
func TestRestore_WhatRootPutsBackBelongsToTheOwnerOfTheDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	owner := os.Getuid()
	if owner == 0 { // nobody else can give a directory away
		owner = 64123
		if err := os.Chown(dir, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	content := made(t)
	if err := restore(t, content, dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup.tar")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), file, backup.Target{DataDir: dir, Now: noon, Replace: true}); err != nil {
		t.Fatal(err)
	}
	found := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && int(info.Sys().(*syscall.Stat_t).Uid) != owner {
			t.Errorf("%s belongs to %d, not to %d", path, info.Sys().(*syscall.Stat_t).Uid, owner)
		}
		found++
		return err
	})
	if err != nil || found != 4 { // the directory, the database, and the former one in a directory of its own
		t.Errorf("looked at %d files and directories, want 4: %v", found, err)
	}
}

func TestRestore_OfANewerSchemaSaysSo(t *testing.T) {
	t.Parallel()
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.tar")
	dbtest.SQLiteFile(t, filepath.Join(data, "repazoo.db"))
	addMigration(t, filepath.Join(data, "repazoo.db"))
	_, err := backup.Write(t.Context(), file, backup.Source{DataDir: data, Now: noon})
	if err == nil || !strings.Contains(err.Error(), "or a newer one") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a backup that cannot be used was left")
	}
}

func TestWrite_RefusesADamagedDatabase(t *testing.T) {
	t.Parallel()
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.tar")
	path := filepath.Join(data, "repazoo.db")
	dbtest.SQLiteFile(t, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(content) / 2; i < len(content)/2+20000; i++ {
		content[i] = 0xff
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Write(t.Context(), file, backup.Source{DataDir: data, Now: noon}); err == nil {
		t.Error("a damaged database was backed up")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a backup that cannot be used was left")
	}
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("manifest.json"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := restore(t, content, t.TempDir()); err == nil {
			t.Error("a backup of random bytes was restored")
		}
	})
}

// Whoever asks for the keys relies on them being there.
func TestWrite_RefusesToIncludeKeysThatAreNotThere(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(elsewhere, []byte("k"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, prepare := range map[string]func(data string) error{
		"none": func(string) error { return nil },
		"a link": func(data string) error {
			if err := os.Mkdir(filepath.Join(data, "keys"), 0o700); err != nil {
				return err
			}
			return os.Symlink(elsewhere, filepath.Join(data, "keys", "encryption"))
		},
	} {
		data := t.TempDir()
		dbtest.SQLiteFile(t, filepath.Join(data, "repazoo.db"))
		if err := prepare(data); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "backup.tar")
		_, err := backup.Write(t.Context(), file, backup.Source{
			DataDir: data, Version: "1", Now: noon, Recipients: []string{identity.Recipient().String()},
		})
		if !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s: a backup was written", name)
		}
	}
}

package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/repazoo/repazoo/internal/vault"
)

// Root makes and changes the vault of a service that runs as somebody else, and the service can read all of it.
func TestDir_WhatRootWritesBelongsToTheOwnerOfTheDirectory(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	owner := os.Geteuid()
	if owner == 0 { // only root can give files away
		owner = 65532
		if err := os.Chown(data, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	v := vault.NewDir(vault.DirConfig{
		Path: filepath.Join(data, "a", "vault"), IdentityFile: filepath.Join(data, "keys", "vault"),
	})
	_, err := v.Init(t.Context(), nil)
	set(t, v, "STRIPE_SECRET_KEY", "sk")
	_, failed := v.Rotate(t.Context(), vault.Rotation{NewIdentity: true})
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	holds(t, v, map[string]string{"STRIPE_SECRET_KEY": "sk"})
	files := 0
	err = filepath.WalkDir(data, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; int(uid) != owner {
			t.Errorf("%s belongs to %d, not to %d", name, uid, owner)
		}
		files++
		return nil
	})
	if err != nil || files < 9 {
		t.Errorf("%d files and directories (%v)", files, err)
	}
}

package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keepKeys gives a local Repazoo the keys that were not set: random ones, made
// at the first start and kept in DATA_DIR/keys, readable by their owner only.
func (c *Config) keepKeys() error {
	for _, k := range []struct {
		file, variable string
		keys           *Secrets
	}{{"jwt", "JWT_SECRET_KEY", &c.Keys.JWT}, {"encryption", "ENCRYPTION_KEY", &c.Keys.Encryption}} {
		if len(*k.keys) > 0 {
			continue
		}
		key, err := keptKey(filepath.Join(c.Store.DataDir, "keys", k.file))
		if err != nil {
			return fmt.Errorf("the %s key cannot be kept in DATA_DIR: %w", k.file, err)
		}
		*k.keys = Secrets{key}
		c.origin.found[k.variable] = given{source: fromKeys}
	}
	return nil
}

// keptKey reads the key at path, or makes it. Two processes that start at the
// same time get the same key: the file appears whole or not at all.
func keptKey(path string) (Secret, error) {
	key, err := readFile(path)
	if err == nil {
		return NewSecret(key), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Secret{}, err
	}
	if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return Secret{}, err
	}
	key, err = readFile(path)
	return NewSecret(key), err
}

func makeKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".draft-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	_, err = draft.WriteString(base64.RawURLEncoding.EncodeToString(random) + "\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Link(draft.Name(), path)
}

package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"reflect"
	"syscall"
)

// Again reads everything once more, from the same places, and leaves c as it is.
func (c *Config) Again(ctx context.Context) (*Config, error) {
	return load(ctx, &origin{from: c.origin.from, vault: c.origin.vault}, Problem.harmless)
}

// Stamp is another text once a file or the vault that c was read from has changed. It reads no
// secret. It is "" when c was read from neither. Its error says that the vault could not be asked.
func (c *Config) Stamp(ctx context.Context) (string, error) {
	h := sha256.New()
	made := c.madeSince(h)
	if len(c.origin.files) == 0 && c.origin.vault.store == nil && !made {
		return "", nil
	}
	for _, path := range c.origin.files {
		info, err := os.Stat(path) // a file that is gone is a change, too
		if err != nil {
			fmt.Fprintf(h, "%q is gone\n", path)
			continue
		}
		var inode uint64
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			inode = s.Ino
		}
		fmt.Fprintf(h, "%q %d %d %d\n", path, info.ModTime().UnixNano(), info.Size(), inode)
	}
	if c.origin.vault.store != nil {
		ctx, cancel := context.WithTimeout(ctx, vaultWait)
		defer cancel()
		entries, err := c.origin.vault.store.List(ctx)
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			fmt.Fprintf(h, "%s %s\n", e.Name, e.Version)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// madeSince tells whether there is a directory of a vault now that was not there when c was read. What is written
// changes until the vault is whole.
func (c *Config) madeSince(h io.Writer) bool {
	dir := c.Vault.Directory()
	if c.origin.vault.store != nil || c.Vault.Address != "" || !dir.Exists() {
		return false
	}
	for _, path := range []string{dir.Path, dir.IdentityFile} {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintf(h, "%q %d\n", path, info.ModTime().UnixNano())
		}
	}
	return true
}

// Differences names the variables that have other values in next.
func (c *Config) Differences(next *Config) (names []string) {
	others := map[string]any{}
	for v, value := range next.All() {
		others[v.Name] = value
	}
	for v, value := range c.All() {
		if !reflect.DeepEqual(value, others[v.Name]) {
			names = append(names, v.Name)
		}
	}
	return names
}

// SourceOf says where the value of a variable comes from: environment, file, .env, vault,
// DATA_DIR/keys, another variable, or default.
func (c *Config) SourceOf(name string) string {
	if source := c.origin.found[name].source; source != "" {
		return source
	}
	return fromDefault
}

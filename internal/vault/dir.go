package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

const (
	suffix         = ".age"
	recipientsFile = "recipients.txt"
	lockWait       = 10 * time.Second // for another command to finish
)

// DirConfig says where a vault of files is, and what opens it.
type DirConfig struct {
	Path         string
	Identity     string           // secret keys of age, one a line; "" means those of IdentityFile
	IdentityFile string           // at most its group may read it besides its owner
	Now          func() time.Time // nil: time.Now
}

// Dir is a vault of files. It is safe for concurrent use, also by several processes. It
// keeps nothing in memory: each call reads the identity anew.
type Dir struct{ DirConfig }

// NewDir makes no call, and needs no directory yet.
func NewDir(c DirConfig) *Dir {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Dir{c}
}

// Exists tells whether anything stands where the vault would be, a vault or what is left of one.
func (d *Dir) Exists() bool {
	_, err := os.Lstat(d.Path)
	return !errors.Is(err, fs.ErrNotExist)
}

// List tells what is kept. It needs no identity.
func (d *Dir) List(context.Context) ([]Entry, error) {
	root, err := d.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return entries(root)
}

func entries(root *os.Root) ([]Entry, error) {
	found, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fault.DependencyDown.Saying("The vault cannot be listed.").Because(err)
	}
	var all []Entry
	for _, f := range found {
		name, ok := strings.CutSuffix(f.Name(), suffix)
		if !ok || CheckName(name) != nil {
			continue
		}
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			continue
		}
		if err != nil {
			return nil, fault.DependencyDown.Saying("The vault cannot be listed.").Because(err)
		}
		all = append(all, Entry{Name: name, Changed: info.ModTime().UTC(), Version: versionOf(info)})
	}
	if len(all) > maxEntries {
		return nil, fault.Conflict.Saying("The vault has more than %d secrets.", maxEntries)
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// versionOf differs between a file and the one that took its place, also within one tick of
// the file system's clock: both existed for a moment, so their inodes differ.
func versionOf(info fs.FileInfo) string {
	var inode uint64
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = s.Ino
	}
	return fmt.Sprintf("%d-%d-%d", info.ModTime().UnixNano(), inode, info.Size())
}

// Get decrypts one secret, and notes that it was read: a read that cannot be noted fails.
func (d *Dir) Get(ctx context.Context, name string) (value string, err error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	err = d.locked(ctx, syscall.LOCK_SH, func(root *os.Root) error {
		identities, err := d.identities()
		if err == nil {
			value, err = unlock(root, name, identities)
		}
		if unnoted := d.note(root, "read", name, err == nil); err == nil {
			err = unnoted
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return value, nil
}

// Set encrypts value for every recipient. It needs no identity.
func (d *Dir) Set(ctx context.Context, name, value string) error {
	if err := check(name, value); err != nil {
		return err
	}
	return d.locked(ctx, syscall.LOCK_EX, func(root *os.Root) error {
		recipients, err := readRecipients(root)
		if err != nil {
			return err
		}
		if err := d.note(root, "set", name, true); err != nil {
			return err
		}
		return lockAway(root, name, value, recipients)
	})
}

// Remove deletes one secret. It needs no identity.
func (d *Dir) Remove(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return d.locked(ctx, syscall.LOCK_EX, func(root *os.Root) error {
		if _, err := root.Lstat(name + suffix); errors.Is(err, fs.ErrNotExist) {
			return noSecret(name)
		}
		if err := d.note(root, "remove", name, true); err != nil {
			return err
		}
		if err := root.Remove(name + suffix); err != nil {
			return fault.DependencyDown.Saying("%s cannot be removed from the vault.", name).Because(err)
		}
		return syncDir(root)
	})
}

// Finding is what is wrong with one thing of a vault.
type Finding struct {
	About    string // VAULT_DIR, VAULT_IDENTITY or the name of a secret
	Sentence string // follows About: "is …"
}

// Examine finds everything that would make reading fail, as far as that shows without reading
// a secret.
func (d *Dir) Examine() []Finding {
	var found []Finding
	note := func(about string, err error) {
		if err != nil {
			found = append(found, Finding{about, sentence(err)})
		}
	}
	_, err := d.identities()
	note("VAULT_IDENTITY", err)
	root, err := d.open()
	note("VAULT_DIR", err)
	if err != nil {
		return found
	}
	defer root.Close()
	_, err = readRecipients(root)
	note("VAULT_DIR", err)
	all, err := entries(root)
	note("VAULT_DIR", err)
	for _, e := range all {
		_, err := readPrivate(root, e.Name+suffix, maxFile, ownerOnly)
		note(e.Name, err)
	}
	return found
}

// Probe looks at the identity, the directory and each file in it. It leaves no line in audit.log.
func (d *Dir) Probe(context.Context) error {
	found := d.Examine()
	if len(found) == 0 {
		return nil
	}
	return fault.DependencyDown.Saying("The vault cannot be read: %s %s", found[0].About, found[0].Sentence)
}

// sentence is what a person may read of an error.
func sentence(err error) string { return fault.From(err).Message }

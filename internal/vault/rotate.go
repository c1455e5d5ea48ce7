package vault

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"filippo.io/age"

	"github.com/repazoo/repazoo/internal/fault"
)

// formerSuffix follows the name of an identity file whose identity was replaced.
const formerSuffix = ".old"

// Made is what Init did.
type Made struct {
	Recipient    string // the public key of the identity
	IdentityFile string // where a new identity was written; "" when there was one
}

// Init makes the vault: the directory, its first recipients and, where none is given or
// found, an identity. others are public keys of further people who can open the secrets.
// Cut off and run again, it goes on. Error: conflict when there is a vault.
func (d *Dir) Init(ctx context.Context, others []string) (made Made, err error) {
	if inside(d.Path, d.IdentityFile) {
		return Made{}, fault.ValidationFailed.Saying("The identity cannot be kept in the vault that it opens: name " +
			"another place with VAULT_IDENTITY_FILE.")
	}
	if err := makeDir(d.Path); err != nil {
		return Made{}, fault.DependencyDown.Saying("The directory %s cannot be made: %v.", d.Path, plain(err))
	}
	err = d.locked(ctx, syscall.LOCK_EX, func(root *os.Root) error {
		if _, err := root.Lstat(recipientsFile); !errors.Is(err, fs.ErrNotExist) {
			return fault.Conflict.Saying("There is a vault in %s already.", d.Path)
		}
		identities, isNew, err := d.findOrMakeIdentity()
		if err != nil {
			return err
		}
		if isNew {
			made.IdentityFile = d.IdentityFile
		}
		made.Recipient = publicKey(identities[0])
		recipients := unique(append(publicKeys(identities[:1]), others...))
		if _, err := parseRecipients(recipients); err != nil {
			return err
		}
		return errors.Join(d.note(root, "init", "", true), writeRecipients(root, recipients))
	})
	return made, err
}

func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return path != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

func (d *Dir) findOrMakeIdentity() (all []age.Identity, isNew bool, err error) {
	if _, err := os.Lstat(d.IdentityFile); d.Identity != "" || !errors.Is(err, fs.ErrNotExist) {
		all, err := d.identities()
		return all, false, err
	}
	fresh, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, false, err
	}
	all = []age.Identity{fresh}
	return all, true, writeIdentities(d.IdentityFile, "Opens the vault. Keep it secret, and keep a copy elsewhere.", all)
}

// Recipients are the public keys of all who can open the secrets.
func (d *Dir) Recipients() ([]string, error) {
	root, err := d.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return readRecipients(root)
}

// Rotation is what Rotate changes besides encrypting everything again.
type Rotation struct {
	Add, Remove []string // public keys
	NewIdentity bool     // replaces the identities of IdentityFile by a new one
}

// Rotated is what Rotate did.
type Rotated struct {
	Secrets    int // encrypted again
	Recipients []string
	FormerFile string // where the former identities went; "" without a new one
}

// Rotate encrypts every secret again for the present recipients.
//
// It may be cut off at any moment and run again. Before anything is encrypted for a new
// identity, that is on disk beside the former ones; those leave only after every secret was
// opened with the new one, and go to a file of their own, since backups need them.
func (d *Dir) Rotate(ctx context.Context, r Rotation) (done Rotated, err error) {
	err = d.locked(ctx, syscall.LOCK_EX, func(root *os.Root) error {
		w, err := d.prepare(root, r)
		if err != nil {
			return err
		}
		if done.Recipients = w.recipients; r.NewIdentity {
			done.FormerFile = d.IdentityFile + formerSuffix
		}
		for _, step := range []func(context.Context) error{
			w.keepIdentities, w.changeRecipients, w.encryptAll, w.proveAll,
			w.dropFormer,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		done.Secrets = len(w.entries)
		return nil
	})
	return done, err
}

// rotation is one run of Rotate.
type rotation struct {
	*Dir
	root       *os.Root
	entries    []Entry
	recipients []string
	fresh      age.Identity   // nil without a new identity
	former     []age.Identity // that were there before
}

// prepare works out the recipients and refuses what would lock everybody out.
func (d *Dir) prepare(root *os.Root, r Rotation) (w *rotation, err error) {
	w = &rotation{Dir: d, root: root}
	if w.former, err = d.identities(); err != nil {
		return nil, err
	}
	if w.recipients, err = readRecipients(root); err != nil {
		return nil, err
	}
	if w.entries, err = entries(root); err != nil {
		return nil, err
	}
	if r.NewIdentity {
		if err := w.renew(); err != nil {
			return nil, err
		}
	}
	if err := w.change(r); err != nil {
		return nil, err
	}
	if !opened(w.identities(), w.recipients) {
		return nil, fault.ValidationFailed.Saying("The identity at hand would not open the vault any more. Name the " +
			"identity of a recipient that stays, or use --new-identity.")
	}
	return w, nil
}

func (w *rotation) renew() error {
	if w.Identity != "" {
		return fault.ValidationFailed.Saying("The identity comes from VAULT_IDENTITY, so this command cannot replace it. " +
			"Make one with `age-keygen`, add its public key with --add, set VAULT_IDENTITY to it, and take the former public " +
			"key away with --remove.")
	}
	fresh, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	w.fresh = fresh
	former := publicKeys(w.former)
	w.recipients = slices.DeleteFunc(w.recipients, func(key string) bool { return slices.Contains(former, key) })
	w.recipients = append(w.recipients, publicKey(fresh))
	return nil
}

func (w *rotation) change(r Rotation) error {
	for _, key := range r.Remove {
		if !slices.Contains(w.recipients, key) {
			return fault.NotFound.Saying("%.64s is no recipient of this vault.", key)
		}
	}
	w.recipients = slices.DeleteFunc(w.recipients, func(key string) bool { return slices.Contains(r.Remove, key) })
	w.recipients = unique(append(w.recipients, r.Add...))
	_, err := parseRecipients(w.recipients)
	return err
}

// identities are all that may be needed while this goes on, the one to stay first.
func (w *rotation) identities() []age.Identity {
	if w.fresh == nil {
		return w.former
	}
	return append([]age.Identity{w.fresh}, w.former...)
}

func (w *rotation) keepIdentities(ctx context.Context) error {
	if w.fresh == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return writeIdentities(w.IdentityFile,
		"Opens the vault. The first is new; a rotation that is cut off leaves the former ones here.", w.identities())
}

func (w *rotation) changeRecipients(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return writeRecipients(w.root, w.recipients)
}

func (w *rotation) encryptAll(ctx context.Context) error {
	for _, e := range w.entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		value, err := unlock(w.root, e.Name, w.identities())
		if unnoted := w.note(w.root, "rotate", e.Name, err == nil); err == nil {
			err = unnoted
		}
		if err != nil {
			return err
		}
		if err := lockAway(w.root, e.Name, value, w.recipients); err != nil {
			return err
		}
	}
	return nil
}

// proveAll opens every secret as it will be opened from now on.
func (w *rotation) proveAll(ctx context.Context) error {
	for _, e := range w.entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := unlock(w.root, e.Name, w.staying()); err != nil {
			return err
		}
	}
	return nil
}

func (w *rotation) staying() []age.Identity {
	if w.fresh == nil {
		return w.former
	}
	return []age.Identity{w.fresh}
}

func (w *rotation) dropFormer(ctx context.Context) error {
	if w.fresh == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	former := NewDir(DirConfig{IdentityFile: w.IdentityFile + formerSuffix})
	older, err := former.identities()
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	err = writeIdentities(former.IdentityFile,
		"Opens backups of the vault from before it was rotated. Delete it when there are none.",
		distinct(append(w.former, older...)))
	if err != nil {
		return err
	}
	return writeIdentities(w.IdentityFile, "Opens the vault. Keep it secret, and keep a copy elsewhere.", w.staying())
}

func distinct(all []age.Identity) []age.Identity {
	var kept []age.Identity
	for _, identity := range all {
		if !slices.Contains(publicKeys(kept), publicKey(identity)) {
			kept = append(kept, identity)
		}
	}
	return kept
}

func unique(all []string) []string {
	var kept []string
	for _, key := range all {
		if key = strings.TrimSpace(key); key != "" && !slices.Contains(kept, key) {
			kept = append(kept, key)
		}
	}
	return kept
}

package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/repazoo/repazoo/internal/fault"
)

// Bounds of what is read as keys.
const (
	maxKeyFile  = 1 << 20 // bytes of one file
	maxKeyFiles = 1000
)

func parseRecipients(all []string) (parsed []age.Recipient, err error) {
	for _, text := range all {
		recipients, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, fault.ValidationFailed.Saying(
				"%q is no public key of age: those begin with age1. `age-keygen` makes one.", text)
		}
		parsed = append(parsed, recipients...)
	}
	return parsed, nil
}

// keyFiles lists the files with keys in the data directory, by their paths in it.
func keyFiles(dataDir string) (all []string, err error) {
	for _, dir := range keyDirs {
		err := filepath.WalkDir(filepath.Join(dataDir, dir), func(file string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				return err
			}
			if !e.Type().IsRegular() { // nobody would miss it before it is needed
				return fault.ValidationFailed.Saying("%s is no file but a link to one: keep a copy of the keys where it leads, "+
					"and put a file in its place or take it out.", file)
			}
			name, err := filepath.Rel(dataDir, file)
			if err == nil {
				all = append(all, filepath.ToSlash(name))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// lockAway writes the key files as a tar archive that the recipients alone can open.
func lockAway(file, dataDir string, keys []string, to []age.Recipient) (err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sealed, err := age.Encrypt(f, to...)
	if err != nil {
		return err
	}
	w := tar.NewWriter(sealed)
	for _, name := range keys {
		content, err := os.ReadFile(filepath.Join(dataDir, name))
		if err != nil {
			return err
		}
		if err := add(w, name, time.Time{}, content); err != nil {
			return err
		}
	}
	return errors.Join(w.Close(), sealed.Close())
}

// unlock reads what lockAway wrote, by the identities in a file of age.
func unlock(r io.Reader, identityFile string) (map[string][]byte, error) {
	text, err := os.ReadFile(identityFile)
	if err != nil {
		return nil, fault.ValidationFailed.Saying("The identity cannot be read: %v.", err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fault.ValidationFailed.Saying("%s holds no identity of age (AGE-SECRET-KEY-…).", identityFile)
	}
	opened, err := age.Decrypt(r, identities...)
	if err != nil {
		return nil, fault.ValidationFailed.Saying(
			"The keys in this backup were encrypted for somebody else than %s.", identityFile)
	}
	return readKeys(opened)
}

// readKeys reads the files of a tar archive and refuses every name outside the directories of keys.
func readKeys(r io.Reader) (map[string][]byte, error) {
	archive, found := tar.NewReader(r), map[string][]byte{}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, unusable("its keys cannot be read.")
		}
		bounded := header.Typeflag == tar.TypeReg && header.Size <= maxKeyFile && len(found) < maxKeyFiles
		if !bounded || !isKeyFile(header.Name) {
			return nil, unusable("its keys hold %q.", header.Name)
		}
		content, err := io.ReadAll(io.LimitReader(archive, maxKeyFile))
		if err != nil {
			return nil, unusable("its keys are cut off.")
		}
		found[header.Name] = content
	}
}

// isKeyFile reports whether name is that of a file below one of the directories of keys, written without detours.
func isKeyFile(name string) bool {
	dir, _, below := strings.Cut(name, "/")
	return below && path.Clean(name) == name && filepath.IsLocal(name) && slices.Contains(keyDirs, dir)
}

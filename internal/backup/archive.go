package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

const (
	formatVersion = 1
	maxManifest   = 64 << 10 // bytes
)

// Manifest is the first member of the archive.
type Manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"version"`
	Commit  string    `json:"commit"`
	MadeAt  time.Time `json:"made_at"`
	Schema  int64     `json:"schema"`
	Users   int64     `json:"users"`
	Keys    []string  `json:"keys"` // ids of the keys that sealed values need
	Members []Member  `json:"members"`
}

// Member is another file of the archive.
type Member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// describe measures the parts.
func describe(dir string, parts []string) (all []Member, err error) {
	for _, name := range parts {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		m, err := measure(name, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func measure(name string, r io.Reader) (Member, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return Member{Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

// pack writes the archive and waits until it is on the disk.
func pack(file, dir string, m Manifest) (size int64, err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := tar.NewWriter(f)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return 0, err
	}
	if err := add(w, manifestName, m.MadeAt, text); err != nil {
		return 0, err
	}
	for _, member := range m.Members {
		if err := addFile(w, filepath.Join(dir, member.Name), member, m.MadeAt); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(w.Close(), f.Sync()); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func add(w *tar.Writer, name string, at time.Time, content []byte) error {
	header := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: at, Format: tar.FormatPAX}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

func addFile(w *tar.Writer, path string, m Member, at time.Time) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	header := &tar.Header{Name: m.Name, Mode: 0o600, Size: m.Size, ModTime: at, Format: tar.FormatPAX}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// readBack reads a file that was just written, as a restore would.
func readBack(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = unpack(f, func(Member, io.Reader) error { return nil })
	return err
}

// unusable is the error of an archive that cannot be used.
func unusable(format string, args ...any) error {
	return fault.ValidationFailed.Saying("This is no backup that can be used: "+format, args...)
}

// unpack reads an archive, hands each member to keep, and fails unless all are there as the manifest describes them.
func unpack(r io.Reader, keep func(Member, io.Reader) error) (m Manifest, err error) {
	archive := tar.NewReader(r)
	if m, err = readManifest(archive); err != nil {
		return m, err
	}
	for _, want := range m.Members {
		header, err := archive.Next()
		if err != nil {
			return m, unusable("%s is missing or cut off.", want.Name)
		}
		if header.Name != want.Name || header.Typeflag != tar.TypeReg || header.Size != want.Size {
			return m, unusable("%s is not what the manifest says.", want.Name)
		}
		if err := check(want, archive, keep); err != nil {
			return m, err
		}
	}
	return m, nil
}

// check hands a member to keep and compares what was read with what the manifest says.
func check(want Member, archive io.Reader, keep func(Member, io.Reader) error) error {
	h := sha256.New()
	read := &reading{from: io.TeeReader(archive, h)}
	err := keep(want, read)
	if err == nil {
		_, err = io.Copy(io.Discard, read)
	}
	switch {
	case read.err != nil:
		return unusable("%s is cut off.", want.Name)
	case err != nil:
		return err
	case hex.EncodeToString(h.Sum(nil)) != want.SHA256:
		return unusable("%s was changed since it was made, or the disk has lost some of it.", want.Name)
	}
	return nil
}

// reading remembers that it failed, which tells a backup that cannot be read from a disk that cannot be written.
type reading struct {
	from io.Reader
	err  error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func readManifest(archive *tar.Reader) (m Manifest, err error) {
	header, err := archive.Next()
	if err != nil || header.Name != manifestName || header.Size > maxManifest {
		return m, unusable("it does not begin with a manifest.")
	}
	if err := json.NewDecoder(archive).Decode(&m); err != nil {
		return m, unusable("its manifest cannot be read.")
	}
	if m.Format != formatVersion {
		return m, unusable("it has the format %d, and this program knows %d: use the version that made it.",
			m.Format, formatVersion)
	}
	var names []string
	for _, member := range m.Members {
		known := slices.Contains([]string{databaseName, sandboxName, keysName}, member.Name)
		if !known || slices.Contains(names, member.Name) || member.Size < 0 {
			return m, unusable("its manifest names %q.", member.Name)
		}
		names = append(names, member.Name)
	}
	if !slices.Contains(names, databaseName) {
		return m, unusable("it holds no database.")
	}
	return m, nil
}

// copyIfThere copies a small file and tells whether there was one.
func copyIfThere(from, to string) (bool, error) {
	content, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(to, content, 0o600)
}

// syncDir waits until names in a directory are on the disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the directory %s to the disk: %w", dir, err)
	}
	return nil
}

// Package backup copies what a Repazoo on SQLite has in its data directory into one file, while it runs, and puts it
// back. (A Repazoo on PostgreSQL is backed up by PostgreSQL's own tools: docs/backup.md.)
//
// The file is a tar archive:
//
//	manifest.json   what is in it: versions, schema, key ids, and size and SHA-256 of each other member
//	repazoo.db      the database as of one moment (VACUUM INTO)
//	sandbox.json    what the stand-ins of X and Stripe remember, where there are stand-ins
//	keys.age        DATA_DIR/keys and DATA_DIR/vault, encrypted for the recipients that were named
//
// Posts, reports and tokens in the database are sealed with ENCRYPTION_KEY. A backup that holds the key beside the
// sealed values protects nothing, so keys are left out unless they are encrypted for somebody.
//
// [Write] checks the copy with SQLite's integrity check and reads the finished file back before it gives it its name.
// [Restore] checks all of it again in a directory beside the data, and only then moves the parts into place, the
// database last. It never deletes: what was there is moved aside, and only when it was asked to.
package backup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// The members of the archive, and at the same time the names of the files in the data directory.
const (
	manifestName = "manifest.json"
	databaseName = "repazoo.db"
	sandboxName  = "sandbox.json"
	keysName     = "keys.age"
)

// keyDirs are the directories of the data directory that hold keys.
var keyDirs = []string{"keys", "vault"}

// Source says what is backed up, and for whom.
type Source struct {
	DataDir         string
	Recipients      []string // age public keys; none leaves the keys out
	Version, Commit string   // of the program
	Now             time.Time
}

// Summary is what a backup holds.
type Summary struct {
	Manifest

	Size     int64
	LeftOut  []string // files with keys that are not in it
	WithKeys bool
}

// Write makes the backup file. Errors: validation_failed for a recipient or place that cannot be used, conflict when
// the file exists.
func Write(ctx context.Context, file string, from Source) (s Summary, err error) {
	recipients, err := parseRecipients(from.Recipients)
	if err != nil {
		return s, err
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return s, fault.Conflict.Saying("%s exists already: name a new file, a backup overwrites nothing.", file)
	}
	if _, err := os.Stat(filepath.Join(from.DataDir, databaseName)); err != nil {
		return s, fault.ValidationFailed.Saying("There is no %s in %s: set DATA_DIR to the directory of the data.",
			databaseName, from.DataDir)
	}
	if err := Unfinished(from.DataDir); err != nil {
		return s, err
	}
	draft, err := os.MkdirTemp(filepath.Dir(file), ".repazoo-backup-*") // mode 0700, on the disk of the file
	if err != nil {
		return s, fault.ValidationFailed.Saying("Nothing can be written beside %s: %v.", file, err)
	}
	defer os.RemoveAll(draft)
	if s, err = gather(ctx, draft, from, recipients); err != nil {
		return s, err
	}
	packed := filepath.Join(draft, "packed")
	if s.Size, err = pack(packed, draft, s.Manifest); err != nil {
		return s, err
	}
	if err := readBack(packed); err != nil {
		return s, err
	}
	return s, publish(packed, file)
}

// gather puts every part into the draft directory and describes it.
func gather(ctx context.Context, draft string, from Source, to []age.Recipient) (s Summary, err error) {
	s.Manifest = Manifest{Format: formatVersion, Version: from.Version, Commit: from.Commit, MadeAt: from.Now.UTC()}
	copied := filepath.Join(draft, databaseName)
	if err := db.CopyFile(ctx, filepath.Join(from.DataDir, databaseName), copied); err != nil {
		return s, err
	}
	state, err := db.Examine(ctx, copied)
	if err != nil {
		return s, err
	}
	s.Schema, s.Keys, s.Users = state.Schema, state.Keys, state.Users
	parts := []string{databaseName}
	switch found, err := copyIfThere(filepath.Join(from.DataDir, sandboxName), filepath.Join(draft, sandboxName)); {
	case err != nil:
		return s, err
	case found:
		parts = append(parts, sandboxName)
	}
	keys, err := keyFiles(from.DataDir)
	if err != nil {
		return s, err
	}
	switch {
	case len(to) == 0:
		s.LeftOut = keys
	case len(keys) == 0:
		return s, fault.ValidationFailed.Saying("There are no keys in %s: this installation gets them from elsewhere. "+
			"Leave --with-keys out, and keep a copy of the keys where they come from.", from.DataDir)
	default:
		s.WithKeys = true
		parts = append(parts, keysName)
		if err := lockAway(filepath.Join(draft, keysName), from.DataDir, keys, to); err != nil {
			return s, err
		}
	}
	s.Members, err = describe(draft, parts)
	return s, err
}

// publish gives the finished file its name, unless somebody else has taken it meanwhile.
func publish(packed, file string) error {
	err := os.Link(packed, file)
	if errors.Is(err, fs.ErrExist) {
		return fault.Conflict.Saying("%s exists already: name a new file, a backup overwrites nothing.", file)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(file))
}

// PostgresAdvice is what `repazoo backup` says where PostgreSQL has the data. A test runs these commands.
const PostgresAdvice = `This Repazoo keeps its data in PostgreSQL, whose own tools back it up while it runs.
As a role that row-level security does not bind (OWNER is such a connection string):

  pg_dump --format=custom --file=repazoo.dump "$OWNER"

To restore it into an empty database (NEW is its owner's connection string), and let the login of the server use it:

  pg_restore --exit-on-error --single-transaction --no-owner --dbname="$NEW" repazoo.dump
  DATABASE_URL="$NEW" repazoo migrate --grant-to repazoo

Where another program shares the database, add --schema=repazoo --schema=auth to pg_dump (on Supabase only the first,
since auth is Supabase's there). The schema is public instead where Repazoo was there first.

Keep ENCRYPTION_KEY and JWT_SECRET_KEY elsewhere: the dump opens nothing without them. See docs/backup.md.`

// Package vault keeps secrets outside of the environment: as files encrypted with age
// ([Dir]), or in the KV engine (version 2) of an OpenBao or HashiCorp Vault server ([Bao]).
//
// A secret is the value of a setting, under the setting's name:
//
//	v := vault.NewDir(vault.DirConfig{Path: "data/vault", IdentityFile: "data/keys/vault"})
//	made, err := v.Init(ctx, nil)                      // once
//	err = v.Set(ctx, "STRIPE_SECRET_KEY", value)
//	value, err := v.Get(ctx, "STRIPE_SECRET_KEY")      // fault.NotFound when there is none
//
// # The directory
//
//	recipients.txt           who can open the secrets: one public key of age a line
//	STRIPE_SECRET_KEY.age    one secret, an ordinary file of age, so that `age -d` opens it too
//	audit.log                one line of JSON for each read and write, without values
//
// The identity, which opens the secrets, is kept elsewhere. The directory and what is in it
// belong to one user: whatever another user may read or write is refused. Each file is
// replaced whole or not at all. One command writes at a time; the kernel drops its lock with
// the process.
//
// What a vault does not do: whoever may write into the directory can put another secret in
// the place of one, since public keys are public. Its mode bits are what keeps them out.
//
// Errors are faults whose sentences name files and settings and never hold a secret.
package vault

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/fault"
)

const (
	maxValue   = 64 << 10 // bytes of a secret
	maxEntries = 1000     // secrets of a vault
)

// Store is a vault of either kind.
type Store interface {
	// List tells what is kept, in the order of the names, and reads no secret.
	List(ctx context.Context) ([]Entry, error)
	// Get reads one secret. Errors: not_found, forbidden, dependency_down, conflict.
	Get(ctx context.Context, name string) (string, error)
	// Set writes one secret, new or in the place of another.
	Set(ctx context.Context, name, value string) error
	// Remove forgets one secret. Error: not_found.
	Remove(ctx context.Context, name string) error
	// Probe tells whether secrets could be read now, and reads none. Errors: forbidden, dependency_down, conflict.
	Probe(ctx context.Context) error
}

// Entry is a secret without its value.
type Entry struct {
	Name    string
	Changed time.Time // UTC
	Version string    // is another one after each change
}

var names = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// CheckName refuses what cannot be the name of a secret.
func CheckName(name string) error {
	if names.MatchString(name) {
		return nil
	}
	return fault.ValidationFailed.Saying("A secret has the name of a setting, such as STRIPE_SECRET_KEY: capital " +
		"letters, digits and _, at most 64.")
}

// CheckValue refuses what cannot be a secret.
func CheckValue(value string) error {
	switch {
	case strings.TrimSpace(value) == "":
		return fault.ValidationFailed.Saying("The value is empty. To forget a secret, use `repazoo vault remove`.")
	case len(value) > maxValue:
		return fault.ValidationFailed.Saying("The value is longer than %d bytes.", maxValue)
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return fault.ValidationFailed.Saying("The value is no text: encode it first, for example with base64.")
	}
	return nil
}

func check(name, value string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return CheckValue(value)
}

func noSecret(name string) error {
	return fault.NotFound.Saying("There is no secret %s in the vault.", name)
}

package vault

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/repazoo/repazoo/internal/fault"
)

// identities reads what opens the secrets.
func (d *Dir) identities() ([]age.Identity, error) {
	text, err := []byte(d.Identity), error(nil)
	from := "The value"
	if d.Identity == "" {
		from = d.IdentityFile
		text, err = readIdentityFile(d.IdentityFile)
	}
	if err != nil {
		return nil, err
	}
	all, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil { // its text may hold some of the key
		return nil, fault.ValidationFailed.Saying("%s holds no identity of age, which begins with AGE-SECRET-KEY-.", from)
	}
	return all, nil
}

func readIdentityFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.NotFound.Saying("There is no identity in %s, and nothing else opens the vault: put it back, or "+
			"name another with VAULT_IDENTITY_FILE.", path)
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	return readOpen(f, path, maxFile, groupReads, 0o600)
}

// readRecipients reads for whom secrets are encrypted.
func readRecipients(root *os.Root) ([]string, error) {
	text, err := readPrivate(root, recipientsFile, maxFile, ownerOnly)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.NotFound.Saying("There is no vault in %s: make one with `repazoo vault init`.", root.Name())
	}
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	if _, err := parseRecipients(all); err != nil {
		return nil, err
	}
	return all, nil
}

// parseRecipients wants at least one, and that age can encrypt for all of them together.
func parseRecipients(all []string) ([]age.Recipient, error) {
	parsed, err := age.ParseRecipients(strings.NewReader(strings.Join(all, "\n")))
	if err != nil {
		return nil, fault.ValidationFailed.Saying("A recipient is no public key of age, which begins with age1.").Because(err)
	}
	if _, err := encrypt("probe", parsed); err != nil {
		return nil, fault.ValidationFailed.Saying("The recipients cannot be used together: those that begin with age1pq1 " +
			"stand by themselves.").Because(err)
	}
	return parsed, nil
}

func writeRecipients(root *os.Root, all []string) error {
	text := "# Who can open the secrets of this vault: one public key of age a line.\n# Changed by `repazoo vault " +
		"rotate`.\n"
	return replace(root, recipientsFile, []byte(text+strings.Join(all, "\n")+"\n"))
}

// writeIdentities replaces a file of identities.
func writeIdentities(path, comment string, all []age.Identity) error {
	if err := makeDir(filepath.Dir(path)); err != nil {
		return fault.DependencyDown.Saying("The directory of %s cannot be made: %v.", path, plain(err))
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return unreadable(path, err)
	}
	defer root.Close()
	var b strings.Builder
	b.WriteString("# " + comment + "\n")
	for _, identity := range all {
		b.WriteString("# " + publicKey(identity) + "\n" + secretKey(identity) + "\n")
	}
	return replace(root, filepath.Base(path), []byte(b.String()))
}

// publicKey is "" for kinds of identities that have none of their own.
func publicKey(identity age.Identity) string {
	switch i := identity.(type) {
	case *age.X25519Identity:
		return i.Recipient().String()
	case *age.HybridIdentity:
		return i.Recipient().String()
	}
	return ""
}

func secretKey(identity age.Identity) string {
	switch i := identity.(type) {
	case *age.X25519Identity:
		return i.String()
	case *age.HybridIdentity:
		return i.String()
	}
	return ""
}

func publicKeys(all []age.Identity) []string {
	var keys []string
	for _, identity := range all {
		keys = append(keys, publicKey(identity))
	}
	return keys
}

// unlock decrypts one secret.
func unlock(root *os.Root, name string, identities []age.Identity) (string, error) {
	sealed, err := readPrivate(root, name+suffix, maxFile, ownerOnly)
	if errors.Is(err, fs.ErrNotExist) {
		return "", noSecret(name)
	}
	if err != nil {
		return "", err
	}
	value, err := decrypt(sealed, identities)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return "", fault.Forbidden.Saying("%s was encrypted for others: the identity at hand does not open it.",
			name).Because(err)
	}
	if err != nil {
		return "", fault.Conflict.Saying("%s is damaged or no file of age. Set it again, or take the file from a backup.",
			filepath.Join(root.Name(), name+suffix)).Because(err)
	}
	if err := CheckValue(value); err != nil {
		return "", err
	}
	return value, nil
}

func decrypt(sealed []byte, identities []age.Identity) (string, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	if err != nil {
		return "", err
	}
	value, err := io.ReadAll(io.LimitReader(r, maxValue+1))
	return string(value), err
}

func lockAway(root *os.Root, name, value string, recipients []string) error {
	parsed, err := parseRecipients(recipients)
	if err != nil {
		return err
	}
	sealed, err := encrypt(value, parsed)
	if err != nil {
		return err
	}
	return replace(root, name+suffix, sealed)
}

func encrypt(value string, recipients []age.Recipient) ([]byte, error) {
	var b bytes.Buffer
	w, err := age.Encrypt(&b, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, value); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil { // writes the end
		return nil, err
	}
	return b.Bytes(), nil
}

// opened tells whether one of these identities is among the recipients.
func opened(by []age.Identity, recipients []string) bool {
	return slices.ContainsFunc(publicKeys(by), func(key string) bool { return slices.Contains(recipients, key) })
}

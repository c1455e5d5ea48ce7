package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/vault"
)

type vaultCommand struct {
	Init   vaultInit   `cmd:"" help:"Make the vault, and the identity that opens it."`
	Set    vaultSet    `cmd:"" help:"Keep a secret, read from a prompt or from standard input."`
	Get    vaultGet    `cmd:"" help:"Print a secret."`
	List   vaultList   `cmd:"" help:"Name what is kept, without values."`
	Remove vaultRemove `cmd:"" help:"Forget a secret."`
	Rotate vaultRotate `cmd:"" help:"Encrypt every secret again: for other people, or with a new identity."`
	Export vaultExport `cmd:"" name:"export-recipients" help:"Print the public keys of all who can open the vault."`
}

func (vaultCommand) Help() string {
	return `The vault keeps the values of settings, each under the setting's name. A setting that neither the environment
nor a file gives is taken from it.

Without BAO_ADDR it is a directory (VAULT_DIR, by default DATA_DIR/vault) of files that are encrypted with age,
and that VAULT_IDENTITY_FILE (by default DATA_DIR/keys/vault) or VAULT_IDENTITY opens. With BAO_ADDR it is the KV
engine of an OpenBao or HashiCorp Vault server. See docs/vault.md.

Examples:
  repazoo vault init
  repazoo vault set STRIPE_SECRET_KEY
  openssl rand -base64 32 | repazoo vault set ENCRYPTION_KEY
  repazoo vault list

Exit codes: 0 done, 1 it could not be done, 2 a name or value that cannot be used.`
}

// directory is the vault of files, for what a server does for itself.
func directory(ctx context.Context) (*vault.Dir, config.Vault, error) {
	c, err := config.LoadVault(ctx, config.Process())
	if err != nil {
		return nil, c, err
	}
	if c.Address != "" {
		return nil, c, fault.ValidationFailed.Saying("BAO_ADDR is set, so the vault is on a server, which has recipients and keys of its own. Without BAO_ADDR this command works on a directory.")
	}
	return c.Directory(), c, nil
}

func openVault(ctx context.Context) (vault.Store, error) {
	c, err := config.LoadVault(ctx, config.Process())
	if err != nil {
		return nil, err
	}
	return c.Open()
}

type vaultInit struct {
	Recipients []string `name:"recipient" placeholder:"age1..." sep:"none" help:"The public key of somebody else who can open the vault; may be given several times."`
}

func (vaultInit) Help() string {
	return `It makes the directory VAULT_DIR with mode 0700 and, unless there is one, an identity in VAULT_IDENTITY_FILE with
mode 0600. Keep a copy of the identity elsewhere: without it, and without another recipient, nobody opens the vault.

Example:
  repazoo vault init --recipient age1...   # a colleague, or a key on paper for bad days`
}

func (c vaultInit) Run(ctx context.Context) error {
	v, settings, err := directory(ctx)
	if err != nil {
		return err
	}
	made, err := v.Init(ctx, c.Recipients)
	if err != nil {
		return err
	}
	fmt.Printf("The vault is in %s.\n", settings.Dir)
	if made.IdentityFile != "" {
		fmt.Printf("Its identity is in %s. Keep a copy of that file elsewhere: without it nobody opens the vault.\n", made.IdentityFile)
	}
	fmt.Printf("Public key: %s\n", made.Recipient)
	return nil
}

type vaultSet struct {
	Name     string `arg:"" help:"The setting, such as STRIPE_SECRET_KEY."`
	Generate bool   `help:"Make a random value of 32 bytes instead of reading one."`
	InFront  bool   `help:"Put it before the present value, with a comma between, as keys are rotated."`
}

func (vaultSet) Help() string {
	return `The value is never an argument, where other users and the shell's history would see it. On a terminal it is asked for
without showing it; else it is read from standard input to its end, without the last line break.

Examples:
  repazoo vault set TWITTER_CLIENT_SECRET
  repazoo vault set JWT_SECRET_KEY --generate --in-front
  repazoo vault set STRIPE_SECRET_KEY < stripe-key.txt`
}

func (c vaultSet) Run(ctx context.Context) error {
	if err := vault.CheckName(c.Name); err != nil {
		return err
	}
	if !config.MayBeInVault(c.Name) {
		return fault.ValidationFailed.Saying("%s is no setting whose value can be in the vault: docs/configuration.md lists them.", c.Name)
	}
	v, err := openVault(ctx)
	if err != nil {
		return err
	}
	value, err := c.value()
	if err == nil && c.InFront {
		value, err = inFront(ctx, v, c.Name, value)
	}
	if err != nil {
		return err
	}
	if err := v.Set(ctx, c.Name, value); err != nil {
		return err
	}
	fmt.Printf("%s is in the vault.\n", c.Name)
	return nil
}

// inFront is value and, behind it, what the vault has.
func inFront(ctx context.Context, v vault.Store, name, value string) (string, error) {
	if err := vault.CheckValue(value); err != nil {
		return "", err
	}
	present, err := v.Get(ctx, name)
	if errors.Is(err, fault.NotFound) {
		return value, nil
	}
	return value + "," + present, err
}

func (c vaultSet) value() (string, error) {
	switch {
	case c.Generate:
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails
		return base64.StdEncoding.EncodeToString(random), nil
	case term.IsTerminal(int(os.Stdin.Fd())):
		fmt.Fprintf(os.Stderr, "Value of %s (it is not shown): ", c.Name)
		typed, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(typed), err
	}
	read, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	return strings.TrimSuffix(strings.TrimSuffix(string(read), "\n"), "\r"), err
}

type vaultGet struct {
	Name string `arg:"" help:"The setting, such as STRIPE_SECRET_KEY."`
	Show bool   `help:"Print it also on a terminal."`
}

func (vaultGet) Help() string {
	return `It prints the value into a pipe or file, and on a terminal only with --show. Each read leaves a line in the vault's
audit.log, or in the server's audit log.

Example:
  repazoo vault get STRIPE_WEBHOOK_SECRET > secret.txt`
}

func (c vaultGet) Run(ctx context.Context) error {
	if !c.Show && term.IsTerminal(int(os.Stdout.Fd())) {
		return fault.ValidationFailed.Saying("This would show the secret on the terminal: add --show if nobody looks over your shoulder, or send it into a pipe or file.")
	}
	v, err := openVault(ctx)
	if err != nil {
		return err
	}
	value, err := v.Get(ctx, c.Name)
	if err != nil {
		return err
	}
	fmt.Println(value)
	return nil
}

type vaultList struct{}

func (vaultList) Run(ctx context.Context) error {
	v, err := openVault(ctx)
	if err != nil {
		return err
	}
	all, err := v.List(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		remark := ""
		if !config.MayBeInVault(e.Name) {
			remark = "  (no setting has this name)"
		}
		fmt.Printf("%-30s changed %s%s\n", e.Name, e.Changed.Format(time.DateTime), remark)
	}
	if len(all) == 0 {
		fmt.Println("The vault is empty.")
	}
	return nil
}

type vaultRemove struct {
	Name string `arg:"" help:"The setting, such as STRIPE_SECRET_KEY."`
}

func (c vaultRemove) Run(ctx context.Context) error {
	v, err := openVault(ctx)
	if err != nil {
		return err
	}
	if err := v.Remove(ctx, c.Name); err != nil {
		return err
	}
	fmt.Printf("%s is no longer in the vault.\n", c.Name)
	return nil
}

type vaultRotate struct {
	Add         []string `placeholder:"age1..." sep:"none" help:"The public key of somebody who can open the vault from now on; may be given several times."`
	Remove      []string `placeholder:"age1..." sep:"none" help:"The public key of somebody who no longer can."`
	NewIdentity bool     `help:"Make a new identity in VAULT_IDENTITY_FILE. The former one goes to the same name with .old, for backups."`
}

func (vaultRotate) Help() string {
	return `It opens every secret and encrypts it again for the present recipients. It may be stopped, or killed, at any moment and
run again: each file is replaced whole, and a new identity is in place before anything needs it.

Who is removed has known the values. Change those, too: this command changes how they are kept, not what they are.

Examples:
  repazoo vault rotate --add age1...
  repazoo vault rotate --new-identity`
}

func (c vaultRotate) Run(ctx context.Context) error {
	v, settings, err := directory(ctx)
	if err != nil {
		return err
	}
	done, err := v.Rotate(ctx, vault.Rotation{Add: c.Add, Remove: c.Remove, NewIdentity: c.NewIdentity})
	if errors.Is(err, context.Canceled) {
		return fault.Conflict.Saying("The rotation was stopped. Nothing is lost; run it again to end it.")
	}
	if err != nil {
		return err
	}
	fmt.Printf("%d secrets were encrypted again, for %d recipients.\n", done.Secrets, len(done.Recipients))
	if done.FormerFile != "" {
		fmt.Printf("The new identity is in %s: keep a copy elsewhere. The former one is in %s, for backups.\n", settings.IdentityFile, done.FormerFile)
	}
	return nil
}

type vaultExport struct{}

func (vaultExport) Help() string {
	return `Anybody may know public keys. They are printed one a line, as age takes them: a file for the vault can be made with
  age -R <(repazoo vault export-recipients) -o STRIPE_SECRET_KEY.age`
}

func (vaultExport) Run(ctx context.Context) error {
	v, _, err := directory(ctx)
	if err != nil {
		return err
	}
	all, err := v.Recipients()
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(all, "\n"))
	return nil
}

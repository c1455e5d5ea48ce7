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

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/vault"
)

func vaultCommand() *cobra.Command {
	return group(&cobra.Command{
		Use: "vault", Short: "Keep secrets in encrypted files, or on an OpenBao or HashiCorp Vault server.",
		Long: `The vault keeps the values of settings, each under the setting's name. A setting that neither the environment
nor a file gives is taken from it.

Without BAO_ADDR it is a directory (VAULT_DIR, by default DATA_DIR/vault) of files that are encrypted with age,
and that VAULT_IDENTITY_FILE (by default DATA_DIR/keys/vault) or VAULT_IDENTITY opens. With BAO_ADDR it is the KV
engine of an OpenBao or HashiCorp Vault server. See docs/vault.md.`,
		Example: `  repazoo vault init
  repazoo vault set STRIPE_SECRET_KEY
  openssl rand -base64 32 | repazoo vault set ENCRYPTION_KEY
  repazoo vault list`,
		Annotations: exits("0 done, 1 it could not be done, 2 a name or value that cannot be used."),
	}, vaultInitCommand(), vaultSetCommand(), vaultGetCommand(), vaultListCommand(), vaultRemoveCommand(),
		vaultRotateCommand(),
		vaultExportCommand())
}

const theSetting = "NAME is the setting, such as STRIPE_SECRET_KEY."

// directory is the vault of files, for what a server does for itself.
func directory(ctx context.Context) (*vault.Dir, config.Vault, error) {
	c, err := config.LoadVault(ctx, config.Process())
	if err != nil {
		return nil, c, err
	}
	if c.Address != "" {
		return nil, c, fault.ValidationFailed.Saying("BAO_ADDR is set, so the vault is on a server, which has recipients " +
			"and keys of its own. Without BAO_ADDR this command works on a directory.")
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

func vaultInitCommand() *cobra.Command {
	var recipients []string
	cmd := &cobra.Command{
		Use: "init", Short: "Make the vault, and the identity that opens it.", Args: takes(),
		Long: `It makes the directory VAULT_DIR with mode 0700 and, unless there is one, an identity in VAULT_IDENTITY_FILE with
mode 0600. Keep a copy of the identity elsewhere: without it, and without another recipient, nobody opens the vault.`,
		Example: "  repazoo vault init --recipient age1...   # a colleague, or a key on paper for bad days",
		RunE:    func(cmd *cobra.Command, _ []string) error { return initVault(cmd.Context(), recipients) },
	}
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil,
		"the public `KEY` (age1...) of somebody else who can open the vault; may be given several times")
	return cmd
}

func initVault(ctx context.Context, recipients []string) error {
	v, settings, err := directory(ctx)
	if err != nil {
		return err
	}
	made, err := v.Init(ctx, recipients)
	if err != nil {
		return err
	}
	fmt.Printf("The vault is in %s.\n", settings.Dir)
	if made.IdentityFile != "" {
		fmt.Printf("Its identity is in %s. Keep a copy of that file elsewhere: without it nobody opens the vault.\n",
			made.IdentityFile)
	}
	fmt.Printf("Public key: %s\n", made.Recipient)
	return nil
}

// setting is what `repazoo vault set` was asked for.
type setting struct {
	name              string
	generate, inFront bool
}

func vaultSetCommand() *cobra.Command {
	var c setting
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Keep a secret, read from a prompt or from standard input.", Args: takes("NAME"),
		Long: theSetting + `

The value is never an argument, where other users and the shell's history would see it. On a terminal it is asked for
without showing it; else it is read from standard input to its end, without the last line break.`,
		Example: `  repazoo vault set TWITTER_CLIENT_SECRET
  repazoo vault set JWT_SECRET_KEY --generate --in-front
  repazoo vault set STRIPE_SECRET_KEY < stripe-key.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.name = args[0]
			return c.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&c.generate, "generate", false, "make a random value of 32 bytes instead of reading one")
	cmd.Flags().BoolVar(&c.inFront, "in-front", false,
		"put it before the present value, with a comma between, as keys are rotated")
	return cmd
}

func (c setting) run(ctx context.Context) error {
	if err := vault.CheckName(c.name); err != nil {
		return err
	}
	if !config.MayBeInVault(c.name) {
		return fault.ValidationFailed.Saying("%s is no setting whose value can be in the vault: docs/configuration.md "+
			"lists them.", c.name)
	}
	v, err := openVault(ctx)
	if err != nil {
		return err
	}
	value, err := c.value()
	if err == nil && c.inFront {
		value, err = inFront(ctx, v, c.name, value)
	}
	if err != nil {
		return err
	}
	if err := v.Set(ctx, c.name, value); err != nil {
		return err
	}
	fmt.Printf("%s is in the vault.\n", c.name)
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

func (c setting) value() (string, error) {
	switch {
	case c.generate:
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails
		return base64.StdEncoding.EncodeToString(random), nil
	case term.IsTerminal(int(os.Stdin.Fd())):
		fmt.Fprintf(os.Stderr, "Value of %s (it is not shown): ", c.name)
		typed, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(typed), err
	}
	read, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	return strings.TrimSuffix(strings.TrimSuffix(string(read), "\n"), "\r"), err
}

func vaultGetCommand() *cobra.Command {
	var show bool
	cmd := &cobra.Command{
		Use: "get NAME", Short: "Print a secret.", Args: takes("NAME"),
		Long: theSetting + `

It prints the value into a pipe or file, and on a terminal only with --show. Each read leaves a line in the vault's
audit.log, or in the server's audit log.`,
		Example: "  repazoo vault get STRIPE_WEBHOOK_SECRET > secret.txt",
		RunE:    func(cmd *cobra.Command, args []string) error { return getSecret(cmd.Context(), args[0], show) },
	}
	cmd.Flags().BoolVar(&show, "show", false, "print it also on a terminal")
	return cmd
}

func getSecret(ctx context.Context, name string, show bool) error {
	if !show && term.IsTerminal(int(os.Stdout.Fd())) {
		return fault.ValidationFailed.Saying("This would show the secret on the terminal: add --show if nobody looks over " +
			"your shoulder, or send it into a pipe or file.")
	}
	v, err := openVault(ctx)
	if err != nil {
		return err
	}
	value, err := v.Get(ctx, name)
	if err != nil {
		return err
	}
	fmt.Println(value)
	return nil
}

func vaultListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Name what is kept, without values.", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error { return listSecrets(cmd.Context()) },
	}
}

func listSecrets(ctx context.Context) error {
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

func vaultRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Forget a secret.", Args: takes("NAME"), Long: theSetting,
		RunE: func(cmd *cobra.Command, args []string) error { return removeSecret(cmd.Context(), args[0]) },
	}
}

func removeSecret(ctx context.Context, name string) error {
	v, err := openVault(ctx)
	if err != nil {
		return err
	}
	if err := v.Remove(ctx, name); err != nil {
		return err
	}
	fmt.Printf("%s is no longer in the vault.\n", name)
	return nil
}

func vaultRotateCommand() *cobra.Command {
	var r vault.Rotation
	cmd := &cobra.Command{
		Use: "rotate", Short: "Encrypt every secret again: for other people, or with a new identity.", Args: takes(),
		Long: `It opens every secret and encrypts it again for the present recipients. It may be stopped, or killed, at any moment and
run again: each file is replaced whole, and a new identity is in place before anything needs it.

Who is removed has known the values. Change those, too: this command changes how they are kept, not what they are.`,
		Example: `  repazoo vault rotate --add age1...
  repazoo vault rotate --new-identity`,
		RunE: func(cmd *cobra.Command, _ []string) error { return rotateVault(cmd.Context(), r) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&r.Add, "add", nil,
		"the public `KEY` of somebody who can open the vault from now on; may be given several times")
	f.StringArrayVar(&r.Remove, "remove", nil, "the public `KEY` of somebody who no longer can")
	f.BoolVar(&r.NewIdentity, "new-identity", false,
		"make a new identity in VAULT_IDENTITY_FILE; the former one goes to the same name with .old, for backups")
	return cmd
}

func rotateVault(ctx context.Context, r vault.Rotation) error {
	v, settings, err := directory(ctx)
	if err != nil {
		return err
	}
	done, err := v.Rotate(ctx, r)
	if errors.Is(err, context.Canceled) {
		return fault.Conflict.Saying("The rotation was stopped. Nothing is lost; run it again to end it.")
	}
	if err != nil {
		return err
	}
	fmt.Printf("%d secrets were encrypted again, for %d recipients.\n", done.Secrets, len(done.Recipients))
	if done.FormerFile != "" {
		fmt.Printf("The new identity is in %s: keep a copy elsewhere. The former one is in %s, for backups.\n",
			settings.IdentityFile, done.FormerFile)
	}
	return nil
}

func vaultExportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "export-recipients", Short: "Print the public keys of all who can open the vault.", Args: takes(),
		Long: `Anybody may know public keys. They are printed one a line, as age takes them: a file for the vault can be made with
  age -R <(repazoo vault export-recipients) -o STRIPE_SECRET_KEY.age`,
		RunE: func(cmd *cobra.Command, _ []string) error { return exportRecipients(cmd.Context()) },
	}
}

func exportRecipients(ctx context.Context) error {
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

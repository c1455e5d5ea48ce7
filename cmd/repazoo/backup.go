package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/backup"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
)

func backupCommand() *cobra.Command {
	var recipients []string
	var withKeys bool
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Copy all data into one file, while the server runs.", Args: takes("FILE"),
		Long: `FILE gets the SQLite database of DATA_DIR as of one moment, and what the stand-ins remember. The copy is
checked with SQLite's integrity check and read back before it gets its name; a file that exists is never overwritten.

Posts, reports and tokens in it are sealed with ENCRYPTION_KEY: the file opens nothing without that key, so keep the
key elsewhere. With --with-keys the keys of DATA_DIR go along, encrypted with age for each --recipient, and whoever
has one of their identities can restore everything from the one file. "age-keygen -o backup-identity.txt" makes one:
keep it where the backups are not.

With DATABASE_URL the data is in PostgreSQL; then this says which commands of PostgreSQL to use. See docs/backup.md.`,
		Example: `  repazoo backup /backups/repazoo-$(date +%F).tar
  repazoo backup /backups/repazoo.tar --with-keys --recipient age1...`,
		Annotations: exits(
			"0 the backup is written and was read back, 1 it could not be made, 2 it must be asked for otherwise."),
		RunE: func(cmd *cobra.Command, args []string) error {
			if withKeys != (len(recipients) > 0) {
				return misused(cmd, errors.New("--with-keys and --recipient belong together: keys are only written encrypted"))
			}
			return writeBackup(cmd.Context(), args[0], recipients)
		},
	}
	cmd.Flags().BoolVar(&withKeys, "with-keys", false, "include the keys of DATA_DIR, encrypted for the recipients")
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil,
		"an age public `KEY` (age1...) whose identity opens the keys; may be given several times")
	return cmd
}

// ofPostgres is the answer where PostgreSQL has the data.
var ofPostgres = fault.ValidationFailed.Saying("%s", backup.PostgresAdvice)

func writeBackup(ctx context.Context, file string, recipients []string) error {
	store, err := config.LoadStore(ctx, config.Process())
	if err != nil {
		return err
	}
	if store.DatabaseURL.IsSet() {
		return ofPostgres
	}
	version, commit := app.Version()
	made, err := backup.Write(ctx, file, backup.Source{
		DataDir: store.DataDir, Recipients: recipients, Version: version, Commit: commit, Now: time.Now(),
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s has %d bytes: %d users, schema version %d. It was checked and read back.\n",
		file, made.Size, made.Users, made.Schema)
	fmt.Printf("What is sealed in it needs ENCRYPTION_KEY with the id %s.\n", strings.Join(made.Keys, ", "))
	switch {
	case made.WithKeys:
		fmt.Println("The keys of DATA_DIR are in it, encrypted. Keep the identity that opens them where the backups are not.")
	case len(made.LeftOut) > 0:
		fmt.Printf("Not in it, and needed to open it: %s in %s. Keep a copy of them elsewhere, or use --with-keys.\n",
			strings.Join(made.LeftOut, ", "), store.DataDir)
	default:
		fmt.Println("Keys come from elsewhere here (environment, files or a vault): keep a copy of them, they are not in it.")
	}
	return nil
}

func restoreCommand() *cobra.Command {
	var to backup.Target
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup back into the data directory of a stopped server.", Args: takes("FILE"),
		Long: `FILE is what "repazoo backup" made. Everything in it is checked before anything is touched: the checksums, the
database itself, and that this version knows its schema (an older schema is brought up to date at the next start).

It refuses while a server uses DATA_DIR, and where there is data already: --replace moves that aside into a
directory beside it and deletes nothing. With --identity the keys in the backup are put back too; without keys,
give the server the ENCRYPTION_KEY and JWT_SECRET_KEY that it had.`,
		Example: `  DATA_DIR=/var/lib/repazoo repazoo restore /backups/repazoo.tar
  repazoo restore repazoo.tar --identity backup-identity.txt --replace`,
		Annotations: exits("0 the data is back, 1 it could not be put back, 2 the backup or the identity cannot be used."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return restoreBackup(cmd.Context(), args[0], to)
		},
	}
	cmd.Flags().StringVar(&to.Identity, "identity", "",
		"the `FILE` with the age identity that opens the keys in the backup")
	cmd.Flags().BoolVar(&to.Replace, "replace", false, "move aside what is in DATA_DIR")
	return cmd
}

func restoreBackup(ctx context.Context, file string, to backup.Target) error {
	store, err := config.LoadStore(ctx, config.Process())
	if err != nil {
		return err
	}
	if store.DatabaseURL.IsSet() {
		return ofPostgres
	}
	lock, err := app.LockDir(store.DataDir)
	if err != nil {
		return err
	}
	defer lock.Close()
	to.DataDir, to.Now = store.DataDir, time.Now()
	done, err := backup.Restore(ctx, file, to)
	if err != nil {
		return err
	}
	fmt.Printf("The data of %s is back in %s: %d users, schema version %d, made by version %s.\n",
		done.MadeAt.Format(time.RFC3339), store.DataDir, done.Users, done.Schema, done.Version)
	if done.Aside != "" {
		fmt.Printf("What was there is in %s now.\n", done.Aside)
	}
	if len(done.KeyFiles) > 0 {
		fmt.Printf("These came back too: %s.\n", strings.Join(done.KeyFiles, ", "))
	} else {
		fmt.Printf("What is sealed in it needs ENCRYPTION_KEY with the id %s.\n", strings.Join(done.Keys, ", "))
	}
	if done.Locked {
		fmt.Fprintln(os.Stderr, "The backup holds keys too: --identity puts them back.")
	}
	return nil
}

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
)

func adminCommand() *cobra.Command {
	return group(&cobra.Command{
		Use: "admin", Short: "Make a user an administrator, or a plain user again.",
		Long: `Administrators read everybody's audit log and the figures of the whole service. Only who can run this
command on the server can make one: no request can, and no administrator can make another.

The user must have signed in once, so that they are known. Name them by the handle of a linked X account,
with or without the @, or by the user id that GET /api/v1/users/me gives.

It works on the database that the environment names, also while a server runs on it; a running server
notices within five seconds. The user finds a line of it in their own log.`,
		Example: `  repazoo admin grant @ada_fernhill
  repazoo admin revoke 0198c0de-7a11-7e57-8ea5-0123456789ab`,
	},
		roleCommand("grant", "Make a user an administrator.", "admin", "%s is an administrator now.\n"),
		roleCommand("revoke", "Make an administrator a plain user again.", "user", "%s is a plain user now.\n"),
	)
}

func roleCommand(name, short, role, done string) *cobra.Command {
	return &cobra.Command{
		Use: name + " HANDLE-OR-USER-ID", Short: short, Args: takes("HANDLE-OR-USER-ID"),
		Long: "HANDLE-OR-USER-ID is the X handle, such as @ada_fernhill, or the user's id.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return setRole(cmd.Context(), args[0], role, done)
		},
	}
}

func setRole(ctx context.Context, user, role, done string) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	if err := app.SetRole(ctx, cfg, user, role); err != nil {
		return err
	}
	fmt.Printf(done, user)
	return nil
}

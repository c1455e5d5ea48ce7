package main

import (
	"context"
	"fmt"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
)

type adminCommand struct {
	Grant  adminGrant  `cmd:"" help:"Make a user an administrator."`
	Revoke adminRevoke `cmd:"" help:"Make an administrator a plain user again."`
}

func (adminCommand) Help() string {
	return `Administrators read everybody's audit log and the figures of the whole service. Only who can run this
command on the server can make one: no request can, and no administrator can make another.

The user must have signed in once, so that they are known. Name them by the handle of a linked X account,
with or without the @, or by the user id that GET /api/v1/users/me gives.

Examples:
  repazoo admin grant @ada_fernhill
  repazoo admin revoke 0198c0de-7a11-7e57-8ea5-0123456789ab

It works on the database that the environment names, also while a server runs on it; a running server
notices within five seconds. The user finds a line of it in their own log.`
}

type adminGrant struct {
	User string `arg:"" name:"handle-or-user-id" help:"The X handle, such as @ada_fernhill, or the user's id."`
}

func (c adminGrant) Run(ctx context.Context) error {
	return setRole(ctx, c.User, "admin", "%s is an administrator now.\n")
}

type adminRevoke struct {
	User string `arg:"" name:"handle-or-user-id" help:"The X handle, such as @ada_fernhill, or the user's id."`
}

func (c adminRevoke) Run(ctx context.Context) error {
	return setRole(ctx, c.User, "user", "%s is a plain user now.\n")
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

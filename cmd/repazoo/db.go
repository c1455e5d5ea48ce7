package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
)

func dbCommand() *cobra.Command {
	return group(&cobra.Command{Use: "db", Short: "Check how the database is protected."}, &cobra.Command{
		Use: "check", Short: "Print who may do what with every table, and say what is off.", Args: takes(),
		Long:        "It reads rights, policies, functions and roles from the database itself and changes nothing.",
		Annotations: exits("0 everything is as it must be, 1 something is off, in sentences below the table."),
		RunE:        func(cmd *cobra.Command, _ []string) error { return checkDB(cmd.Context()) },
	})
}

func checkDB(ctx context.Context) error {
	cfg, err := config.Load(ctx, config.Process())
	if err != nil {
		return err
	}
	p, err := app.CheckDB(ctx, cfg)
	if err != nil {
		return err
	}
	if err := p.Write(os.Stdout); err != nil {
		return err
	}
	if n := len(p.Faults); n > 0 {
		return fmt.Errorf("the database is not protected as it must be (%d faults)", n)
	}
	return nil
}

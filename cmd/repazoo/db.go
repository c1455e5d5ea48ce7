package main

import (
	"context"
	"fmt"
	"os"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/config"
)

type dbCommand struct {
	Check dbCheck `cmd:"" help:"Print who may do what with every table, and say what is off."`
}

type dbCheck struct{}

func (dbCheck) Help() string {
	return `It reads rights, policies, functions and roles from the database itself and changes nothing.

Exit codes: 0 everything is as it must be, 1 something is off, in sentences below the table.`
}

func (dbCheck) Run(ctx context.Context) error {
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

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// program is something the tests need and where to get it.
type program struct {
	variable string   // when set, the program is not needed
	names    []string // executables, best first
	debian   string   // the package that brings it
}

func needed() []program {
	return []program{
		{"TEST_DATABASE_URL", []string{"initdb"}, "postgresql"},
		{"TEST_REDIS_URL", []string{"redis-server"}, "redis-server"},
		{"PGBOUNCER", []string{"pgbouncer"}, "pgbouncer"},
		{"CHROMIUM", []string{"chromium", "chromium-browser", "google-chrome", "Google Chrome"}, "chromium"},
	}
}

// ensurePrograms installs what is missing, or says in one sentence what is.
func ensurePrograms(ctx context.Context) error {
	missing := lacking()
	if len(missing) == 0 {
		return nil
	}
	if err := install(ctx, missing); err != nil {
		return sentence(missing, err)
	}
	if still := lacking(); len(still) > 0 {
		return sentence(still, nil)
	}
	return nil
}

func lacking() []program {
	return slices.DeleteFunc(needed(), func(p program) bool {
		return os.Getenv(p.variable) != "" || find(p.names...) != ""
	})
}

func sentence(missing []program, cause error) error {
	var packages, variables []string
	for _, p := range missing {
		packages = append(packages, p.debian)
		variables = append(variables, p.variable)
	}
	s := fmt.Sprintf("install %s, or set %s to ones that exist",
		strings.Join(packages, ", "), strings.Join(variables, ", "))
	if cause != nil {
		return fmt.Errorf("%s (%w)", s, cause)
	}
	return errors.New(s)
}

// install asks apt-get for the packages. Package lists are only fetched when
// the packages cannot be had without.
func install(ctx context.Context, missing []program) error {
	if os.Geteuid() != 0 {
		return errors.New("not root, so nothing was installed")
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return errors.New("there is no apt-get here")
	}
	args := []string{"install", "-y", "--no-install-recommends"}
	for _, p := range missing {
		args = append(args, p.debian)
	}
	if apt(ctx, args...) == nil {
		return nil
	}
	if err := apt(ctx, "update"); err != nil {
		return err
	}
	return apt(ctx, args...)
}

// apt runs apt-get so that it asks nothing and starts no service: the tests
// use servers of their own.
func apt(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-q"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("apt-get %s: %w", args[0], err)
	}
	return nil
}

// find returns the first of the named executables, also from the directories
// that are not in PATH by default: Debian's per-version PostgreSQL (newest
// first) and Homebrew's and macOS's places.
func find(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, pattern := range []string{
			"/usr/lib/postgresql/*/bin",
			"/opt/homebrew/opt/postgresql@*/bin",
			"/Applications/*.app/Contents/MacOS",
		} {
			found, _ := filepath.Glob(filepath.Join(pattern, name))
			if len(found) > 0 {
				return found[len(found)-1]
			}
		}
	}
	return ""
}

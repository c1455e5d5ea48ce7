package main

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// numericUser is who the image runs as.
const numericUser = "65532:65532"

// sample is what a person writes into deploy/.env.
var sample = []string{
	"DOMAIN=repazoo.example.com", "ACME_EMAIL=you@example.com", "TWITTER_CLIENT_ID=invented", "REPAZOO_ENV=ai",
	"STRIPE_BASIC_PRICE_ID=price_basic", "STRIPE_PRO_PRICE_ID=price_pro",
}

// compose loads each compose file as `docker compose` does.
func (c *checker) compose(ctx context.Context) error {
	for _, name := range []string{"compose.yaml", "compose.small.yaml"} {
		dir := filepath.Join(c.temp, "deploy")
		options, err := cli.NewProjectOptions([]string{filepath.Join(dir, name)},
			cli.WithWorkingDirectory(dir), cli.WithEnv(sample), cli.WithResolvedPaths(true))
		if err != nil {
			return err
		}
		project, err := options.LoadProject(ctx)
		if err != nil {
			c.mistake("%s: %v", name, err)
			continue
		}
		for _, service := range project.Services {
			c.service(ctx, name+", service "+service.Name, service)
		}
		c.variables(name, options.Environment)
	}
	return nil
}

func (c *checker) service(ctx context.Context, where string, s types.ServiceConfig) {
	secrets := map[string]bool{}
	for _, secret := range s.Secrets {
		secrets["/run/secrets/"+secret.Source] = true
	}
	settings := map[string]string{}
	for name, value := range s.Environment {
		if value == nil {
			continue
		}
		settings[name] = *value
		if strings.HasSuffix(name, "_FILE") && !secrets[*value] {
			c.mistake("%s: %s names %s, which is not mounted", where, name, *value)
		}
	}
	if s.Restart == "" {
		c.mistake("%s: it says nothing of restarts", where)
	}
	if s.HealthCheck == nil {
		c.mistake("%s: nobody asks for its health", where)
	}
	if !strings.HasPrefix(s.Image, "repazoo:") {
		return
	}
	for name := range settings {
		c.setting(where, name)
	}
	if s.User != numericUser || !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") {
		c.mistake("%s: it must be user %s with a read-only root and no capabilities", where, numericUser)
	}
	if _, front := s.Networks["front"]; slices.Contains(s.Command, "worker") && (front || len(s.Ports) > 0) {
		c.mistake("%s: a worker is reachable from nowhere", where)
	}
	c.accepted(ctx, where, settings, filepath.Join(c.temp, "deploy", path.Base("secrets")))
}

// variables wants what is asked for in deploy/.env to stand in its example.
func (c *checker) variables(name string, used types.Mapping) {
	example := c.read("compose.env.example")
	for _, line := range sample {
		variable, _, _ := strings.Cut(line, "=")
		if _, found := used[variable]; found && !strings.Contains(example, "\n"+variable+"=") {
			c.mistake("%s: %s is not in compose.env.example", name, variable)
		}
	}
}

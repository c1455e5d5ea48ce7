package config

import (
	"context"
	"reflect"
	"slices"
)

// LoadClaude reads only what the offline command needs, so that it works whatever else is
// or is not configured, and makes no keys.
func LoadClaude(ctx context.Context, from Source) (Claude, error) {
	var problems Problems
	c := &Config{}
	names := []string{
		"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASIC_MODEL", "ANTHROPIC_PRO_MODEL",
		"ANTHROPIC_BASE_URL",
	}
	wanted := func(v Variable) bool { return slices.Contains(names, v.Name) }
	decode(ctx, (&origin{from: from}).open(ctx, wanted, &problems), c, &problems)
	if !c.Claude.IsSet() { // it may be in the vault that could not be read
		names = append(names, vaultSettings()...)
	}
	if slices.ContainsFunc(names, problems.About) {
		return Claude{}, problems
	}
	return c.Claude, nil
}

// LoadPort reads PORT alone. A container asks for its health every few seconds: that must neither open the vault, which
// notes every read, nor depend on any other setting.
func LoadPort(ctx context.Context, from Source) (int, error) {
	c, err := loadOnly(ctx, from, "PORT")
	return c.Server.Port, err
}

// LoadStore reads where the data is, whatever else is or is not configured, and makes no keys: a backup is restored
// where nothing is yet. A DATABASE_URL that stands in the vault is not seen.
func LoadStore(ctx context.Context, from Source) (Store, error) {
	c, err := loadOnly(ctx, from, "DATA_DIR", "DATABASE_URL")
	return c.Store, err
}

// loadOnly reads these variables from the environment, their files or .env, and not from the vault.
func loadOnly(ctx context.Context, from Source, names ...string) (*Config, error) {
	var problems Problems
	c, o, found := &Config{}, &origin{from: from}, settings{}
	layers := o.layers(&problems)
	for v := range fields(reflect.ValueOf(c).Elem()) {
		if !slices.Contains(names, v.Name) {
			continue
		}
		if value := o.resolve(layers, v, &problems); value.value != "" {
			found[v.Name] = value
		}
	}
	decode(ctx, found, c, &problems)
	for _, name := range names {
		if problems.About(name) || problems.About(name+"_FILE") {
			return &Config{}, problems
		}
	}
	return c, nil
}

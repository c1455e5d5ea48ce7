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
	names := []string{"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASIC_MODEL", "ANTHROPIC_PRO_MODEL", "ANTHROPIC_BASE_URL"}
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

// LoadPort reads PORT alone, from the environment, its file or .env. A container asks for its health every few
// seconds: that must neither open the vault, which notes every read, nor depend on any other setting.
func LoadPort(ctx context.Context, from Source) (int, error) {
	var problems Problems
	c, o, found := &Config{}, &origin{from: from}, settings{}
	layers := o.layers(&problems)
	for v := range fields(reflect.ValueOf(c).Elem()) {
		if v.Name != "PORT" {
			continue
		}
		if value := o.resolve(layers, v, &problems); value.value != "" {
			found[v.Name] = value
		}
	}
	decode(ctx, found, c, &problems)
	if problems.About("PORT") || problems.About("PORT_FILE") {
		return 0, problems
	}
	return c.Server.Port, nil
}

package config

import (
	"context"
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

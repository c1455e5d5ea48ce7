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
	decode(ctx, open(from, &problems), c, &problems)
	names := []string{"ANTHROPIC_API_KEY", "ANTHROPIC_BASIC_MODEL", "ANTHROPIC_PRO_MODEL", "ANTHROPIC_BASE_URL"}
	if slices.ContainsFunc(names, problems.About) {
		return Claude{}, problems
	}
	return c.Claude, nil
}

package config

import (
	"context"
	"slices"
)

// LoadWithout is [Load] for a command that finds out what some variables should be: what is wrong with the named ones,
// or missing, is no problem yet.
func LoadWithout(ctx context.Context, from Source, names ...string) (*Config, error) {
	return load(ctx, &origin{from: from},
		func(p Problem) bool { return p.harmless() || slices.Contains(names, p.Variable) })
}

package config

import (
	"slices"
	"strings"
)

// findUnread tells of names that no setting has: every one in .env, where nothing else belongs, and those of the
// environment that are nearly the name of a setting.
func (o *origin) findUnread(layers []layer, problems *Problems) {
	known := knownNames()
	for _, layer := range layers {
		for _, name := range layer.names {
			if slices.Contains(known, name) || retired[name] != "" {
				continue
			}
			switch near := nearest(name, known); {
			case near != "":
				problems.addKind(harmless, name, "is read by nobody. Did you mean %s?", near)
			case layer.name == fromDotenv:
				problems.addKind(harmless, name, "is read by nobody: no setting has this name.")
			}
		}
	}
}

// knownNames are the names of all settings, aliases and files of them included.
func knownNames() []string {
	var known []string
	for _, v := range Variables() {
		for _, name := range append([]string{v.Name}, v.Aliases...) {
			known = append(known, name, name+"_FILE")
		}
	}
	return known
}

// nearest is the known name that is at most two letters from name, and shares its first; "" for none. Short names are
// near to too much.
func nearest(name string, known []string) string {
	if len(name) < 6 {
		return ""
	}
	best, near := "", 3
	for _, k := range known {
		if name[0] != k[0] || len(k) < 6 {
			continue
		}
		if d := distance(strings.ToUpper(name), k); d < near {
			best, near = k, d
		}
	}
	return best
}

// distance is how many letters must be changed, added or left out to make b of a (Levenshtein's). Names are short.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

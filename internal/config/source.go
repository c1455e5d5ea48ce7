package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/sethvargo/go-envconfig"
)

// maxFile bounds .env and the files of NAME_FILE, in bytes.
const maxFile = 64 << 10

// Source is where variables come from.
type Source struct {
	Lookup func(name string) (value string, found bool)
	Names  func() []string // every name that Lookup finds; nil: unknown, and no misspelled one is told
	Dotenv string          // the path of a .env file, read in local only; "" for none
}

// Process is the environment of this process, and .env in its directory.
func Process() Source { return Source{Lookup: os.LookupEnv, Names: environment, Dotenv: ".env"} }

func environment() []string {
	var names []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	return names
}

// Map is a source for tests.
func Map(values map[string]string) Source {
	return Source{
		Lookup: func(name string) (string, bool) {
			value, found := values[name]
			return value, found
		},
		Names: func() []string { return slices.Collect(maps.Keys(values)) },
	}
}

// given is a value and where it comes from.
type given struct{ value, source string }

// The sources, as `repazoo config show` names them.
const (
	fromEnvironment = "environment"
	fromFile        = "file"
	fromDotenv      = ".env"
	fromVault       = "vault"
	fromKeys        = "DATA_DIR/keys"
	fromDefault     = "default"
)

// settings are the values that were given, by the variable's name, with
// aliases, files, .env and vault already resolved.
type settings map[string]given

// Lookup makes settings a source of go-envconfig.
func (s settings) Lookup(name string) (string, bool) {
	v, found := s[name]
	return v.value, found
}

func (s settings) has(name string) bool { return s[name].value != "" }

// about keeps the problems of what was given: while the vault cannot be read, nothing is known
// to be missing.
func (s settings) about(problems Problems) Problems {
	return slices.DeleteFunc(problems, func(p Problem) bool { return !s.has(p.Variable) })
}

// layer is a place that has values of its own and names files with more.
type layer struct {
	name  string
	get   func(string) string
	names []string
}

// origin is where a configuration was read from, so that it can be read again.
type origin struct {
	from  Source
	files []string // that were read
	vault opened
	found settings
}

// all is every variable.
func all(Variable) bool { return true }

// open reads the wanted variables from the layers, the first that has it wins, and then from the vault.
func (o *origin) open(ctx context.Context, wanted func(Variable) bool, problems *Problems) settings {
	layers := o.layers(problems)
	found := settings{}
	for v := range fields(reflect.ValueOf(&Config{}).Elem()) {
		if value := o.resolve(layers, v, problems); value.value != "" {
			found[v.Name] = value
		}
	}
	o.openVault(ctx, found, problems)
	for v := range fields(reflect.ValueOf(&Config{}).Elem()) {
		if wanted(v) && !found.has(v.Name) && !problems.About(v.Name+"_FILE") {
			if value := o.vault.read(ctx, v, problems); value != "" {
				found[v.Name] = given{value, fromVault}
			}
		}
	}
	for name := range retired {
		for _, layer := range layers {
			if value := layer.get(name); value != "" {
				found[name] = given{value, layer.name}
			}
		}
	}
	o.findUnread(layers, problems)
	o.found = found
	return found
}

func (o *origin) layers(problems *Problems) []layer {
	environment := layer{name: fromEnvironment, get: func(name string) string {
		value, _ := o.from.Lookup(name)
		return strings.TrimSpace(value)
	}}
	if o.from.Names != nil {
		environment.names = o.from.Names()
	}
	env := environment.get("REPAZOO_ENV")
	if o.from.Dotenv == "" || (env != "" && env != string(Local)) {
		return []layer{environment}
	}
	o.files = append(o.files, o.from.Dotenv)
	file := dotenv(o.from.Dotenv, problems)
	return []layer{environment, {
		fromDotenv, func(name string) string { return file[name] }, slices.Collect(maps.Keys(file)),
	}}
}

func (o *origin) resolve(layers []layer, v Variable, problems *Problems) given {
	for _, layer := range layers {
		for _, name := range append([]string{v.Name}, v.Aliases...) {
			if value := layer.get(name); value != "" {
				return given{value, layer.name}
			}
			path := layer.get(name + "_FILE")
			if path == "" || v.Name == "VAULT_IDENTITY" { // whose file the vault reads by itself, since it looks at its mode
				continue
			}
			o.files = append(o.files, path)
			value, err := readFile(path)
			if err != nil {
				problems.add(name+"_FILE", "names a file that cannot be used: %v.", err)
			}
			return given{value, fromFile}
		}
	}
	return given{}
}

// dotenv reads a .env file. Having none is fine.
func dotenv(path string, problems *Problems) map[string]string {
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		problems.add(".env", "cannot be used: %v.", err)
		return nil
	}
	values, err := parseDotenv(text)
	if err != nil {
		problems.add(".env", "cannot be used: %v.", err)
	}
	if values["REPAZOO_ENV"] != "" && values["REPAZOO_ENV"] != string(Local) {
		problems.add("REPAZOO_ENV", "cannot be set in .env, which is only read in local: set it in the environment.")
	}
	return values
}

// parseDotenv reads lines of NAME=VALUE. VALUE may be quoted; "export" before
// a name, empty lines and lines that begin with # are skipped. Nothing is
// expanded.
func parseDotenv(text string) (map[string]string, error) {
	values := map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, fmt.Errorf("line %d is not NAME=VALUE", n)
		}
		if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		values[name] = value
	}
	return values, nil
}

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxFile {
		return "", fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return strings.TrimSpace(string(content)), nil
}

// decode hands each variable to go-envconfig by itself, because that stops at
// the first mistake and all of them are wanted.
func decode(ctx context.Context, from settings, into *Config, problems *Problems) {
	for v, place := range fields(reflect.ValueOf(into).Elem()) {
		one := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Value", Type: place.Type(), Tag: v.tag}}))
		err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: one.Interface(), Lookuper: from})
		if err != nil { // its text may hold the value
			problems.add(v.Name, "must be %s.%s", kind(place), hint(v))
			continue
		}
		place.Set(one.Elem().Field(0))
	}
}

// hint is what a variable says to somebody who took it for another.
func hint(v Variable) string {
	if h := v.tag.Get("hint"); h != "" {
		return " " + h
	}
	return ""
}

func kind(place reflect.Value) string {
	switch place.Interface().(type) {
	case int:
		return "a whole number"
	case Switch:
		return "true or false"
	case Prefixes:
		return "a comma separated list of addresses like 10.0.0.1 and networks like 10.0.0.0/8"
	}
	return "one of the values its description lists"
}

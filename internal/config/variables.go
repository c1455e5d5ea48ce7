package config

import (
	"fmt"
	"iter"
	"reflect"
	"strings"
)

//go:generate go test -run TestGenerated -update .

// Variable describes one variable, as the tags of [Config] do.
type Variable struct {
	Name    string
	Aliases []string // other names it may have
	Default string   // as it would be written, or how it comes about
	Meaning string   // one or two sentences
	Group   string   // the heading it stands under

	assigned bool // Default can be written as a value
	tag      reflect.StructTag
}

// Variables lists everything that is read, in the order of the documentation.
func Variables() []Variable {
	var all []Variable
	for v := range fields(reflect.ValueOf(&Config{}).Elem()) {
		all = append(all, v)
	}
	return all
}

// All yields each variable with its value; secrets print as dots.
func (c *Config) All() iter.Seq2[Variable, any] {
	return func(yield func(Variable, any) bool) {
		for v, place := range fields(reflect.ValueOf(c).Elem()) {
			if !yield(v, place.Interface()) {
				return
			}
		}
	}
}

// fields yields the variables of a Config and the places their values go.
func fields(config reflect.Value) iter.Seq2[Variable, reflect.Value] {
	return func(yield func(Variable, reflect.Value) bool) {
		for i := range config.NumField() {
			field, place := config.Type().Field(i), config.Field(i)
			if !field.IsExported() {
				continue
			}
			if field.Tag.Get("env") != "" {
				if !yield(describe(field, "General"), place) {
					return
				}
				continue
			}
			for j := range place.NumField() {
				if !yield(describe(place.Type().Field(j), field.Tag.Get("doc")), place.Field(j)) {
					return
				}
			}
		}
	}
}

func describe(field reflect.StructField, group string) Variable {
	name, value, assigned := strings.Cut(field.Tag.Get("env"), ", default=")
	v := Variable{
		Name: name, Default: value, Meaning: field.Tag.Get("doc"), Group: group, assigned: assigned,
		tag: field.Tag,
	}
	if !assigned {
		v.Default = field.Tag.Get("derived")
	}
	if alias := field.Tag.Get("alias"); alias != "" {
		v.Aliases = strings.Split(alias, " ")
	}
	return v
}

// Reference is docs/configuration.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(`<!-- Made from internal/config by "make generate". Do not edit. -->
# Configuration

Everything is set by environment variables, and nothing has to be set to run
Repazoo on one machine. For each variable the first of these counts:

1. the variable itself;
2. NAME_FILE, the path of a file that holds the value, as container secrets come;
3. a file .env in the working directory, only when REPAZOO_ENV is local;
4. the vault: files encrypted with age, or an OpenBao or HashiCorp Vault server ([vault.md](vault.md));
5. the default.

An empty value is the same as none. ` + "`repazoo config check`" + ` names everything that is wrong at once,
and ` + "`repazoo config show`" + ` tells where each value comes from.

A running server reads the files of 2 and the vault again when they change, and on SIGHUP. New values of
` + "`JWT_SECRET_KEY`, `ENCRYPTION_KEY`, `STRIPE_SECRET_KEY`, `STRIPE_WEBHOOK_SECRET`, `TWITTER_CLIENT_SECRET`, `ANTHROPIC_API_KEY`,\n`SMTP_URL` and `SMTP_FROM`" + ` count at once, if all that was read is right; any other setting needs a restart ([vault.md](vault.md)).
What each environment allows is in [environments.md](environments.md).
`)
	group := ""
	for _, v := range Variables() {
		if v.Group != group {
			group = v.Group
			fmt.Fprintf(&b, "\n## %s\n\n| variable | default | meaning |\n|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", v.names(), v.defaultCell(), v.Meaning)
	}
	return b.String()
}

// DotenvExample is .env.example.
func DotenvExample() string {
	var b strings.Builder
	b.WriteString("# Made from internal/config by \"make generate\". Do not edit; copy it to .env and edit that.\n" +
		"# Read only when REPAZOO_ENV is local. Everything may stay as it is. See docs/configuration.md.\n")
	group := ""
	for _, v := range Variables() {
		if v.Name == "REPAZOO_ENV" {
			continue
		}
		if v.Group != group {
			group = v.Group
			fmt.Fprintf(&b, "\n# %s\n", group)
		}
		value := ""
		if v.assigned {
			value = v.Default
		}
		fmt.Fprintf(&b, "\n# %s\n#%s=%s\n", v.Meaning, v.Name, value)
	}
	return b.String()
}

func (v Variable) names() string {
	return "`" + strings.Join(append([]string{v.Name}, v.Aliases...), "` or `") + "`"
}

func (v Variable) defaultCell() string {
	switch {
	case v.assigned:
		return "`" + v.Default + "`"
	case v.Default == "":
		return "–"
	}
	return v.Default
}

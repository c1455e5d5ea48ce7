package config

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/vault"
)

// vaultWait bounds reading everything from the vault.
const vaultWait = 30 * time.Second

// Vault is where secrets are that neither the environment nor a file of their own holds: a
// directory, or a server when BAO_ADDR is set.
type Vault struct {
	Dir          string `env:"VAULT_DIR" derived:"DATA_DIR/vault, once it was made" doc:"The directory of a vault of files. See docs/vault.md."`
	Identity     Secret `env:"VAULT_IDENTITY" derived:"read from VAULT_IDENTITY_FILE" doc:"What opens the files: AGE-SECRET-KEY-..."`
	IdentityFile string `env:"VAULT_IDENTITY_FILE" derived:"DATA_DIR/keys/vault" doc:"The file that holds what opens them, which its owner alone may write and others may not read."`

	Address        string `env:"BAO_ADDR" alias:"VAULT_ADDR" derived:"the vault is a directory" doc:"The address of an OpenBao or HashiCorp Vault server that has the vault instead."`
	Namespace      string `env:"BAO_NAMESPACE" alias:"VAULT_NAMESPACE" doc:"Its namespace."`
	CACert         string `env:"BAO_CACERT" alias:"VAULT_CACERT" derived:"the system's authorities" doc:"A file with the certificates of the authorities that vouch for it, in PEM."`
	Mount          string `env:"BAO_MOUNT, default=secret" doc:"Where its KV engine, version 2, is mounted."`
	Path           string `env:"BAO_PATH, default=repazoo" doc:"Where in it the secrets are, each under its setting's name, with the value in the field value."`
	Token          Secret `env:"BAO_TOKEN" alias:"VAULT_TOKEN" doc:"Signs in to it with a token, which is renewed while it can be."`
	RoleID         string `env:"BAO_ROLE_ID" doc:"Signs in to it as an AppRole, together with BAO_SECRET_ID."`
	SecretID       Secret `env:"BAO_SECRET_ID" doc:"The secret id of the AppRole."`
	KubernetesRole string `env:"BAO_KUBERNETES_ROLE" doc:"Signs in to it as this role with the service account of the pod."`
	KubernetesFile string `env:"BAO_KUBERNETES_TOKEN_FILE, default=/var/run/secrets/kubernetes.io/serviceaccount/token" doc:"The token of the service account."`
	AuthMount      string `env:"BAO_AUTH_MOUNT" derived:"approle or kubernetes" doc:"Where the way of signing in is mounted."`
}

// complete sets the paths that depend on DATA_DIR.
func (v *Vault) complete(dataDir string) {
	if v.Dir == "" {
		v.Dir = filepath.Join(dataDir, "vault")
	}
	if v.IdentityFile == "" {
		v.IdentityFile = filepath.Join(dataDir, "keys", "vault")
	}
}

// checkVault wants one kind of vault and one way to sign in.
func (c *Config) checkVault(p *Problems) {
	v := c.Vault
	if v.Address == "" {
		return
	}
	c.checkURL("BAO_ADDR", v.Address, p)
	if c.origin.found.has("VAULT_DIR") {
		p.add("VAULT_DIR", "cannot be set together with BAO_ADDR: there is one vault.")
	}
	ways := 0
	for _, is := range []bool{v.Token.IsSet(), v.RoleID != "", v.KubernetesRole != ""} {
		if is {
			ways++
		}
	}
	if ways != 1 {
		p.add("BAO_ADDR", "needs one way to sign in: BAO_TOKEN, or BAO_ROLE_ID with BAO_SECRET_ID, or BAO_KUBERNETES_ROLE.")
	}
	if (v.RoleID != "") != v.SecretID.IsSet() {
		p.add("BAO_SECRET_ID", "and BAO_ROLE_ID are set together or not at all.")
	}
}

// Directory is the vault of files, whether or not it was made.
func (v Vault) Directory() *vault.Dir {
	return vault.NewDir(vault.DirConfig{Path: v.Dir, Identity: v.Identity.Reveal(), IdentityFile: v.IdentityFile})
}

// Open makes the client of the vault. It makes no call.
func (v Vault) Open() (vault.Store, error) {
	if v.Address == "" {
		return v.Directory(), nil
	}
	return vault.NewBao(vault.BaoConfig{
		Address: v.Address, Namespace: v.Namespace, CAFile: v.CACert, Mount: v.Mount, Path: v.Path,
		Login: vault.Login{
			Token: v.Token.Reveal(), RoleID: v.RoleID, SecretID: v.SecretID.Reveal(),
			KubernetesRole: v.KubernetesRole, KubernetesFile: v.KubernetesFile, Mount: v.AuthMount,
		},
	})
}

// HasVault tells whether c was read from a vault, be it an empty one.
func (c *Config) HasVault() bool { return c.origin.vault.store != nil }

// ProbeVault tells whether the vault that c was read from could be read again now. It is nil without one.
func (c *Config) ProbeVault(ctx context.Context) error {
	if !c.HasVault() {
		return nil
	}
	return c.origin.vault.store.Probe(ctx)
}

// LoadVault reads only what says where the vault is.
func LoadVault(ctx context.Context, from Source) (Vault, error) {
	var problems Problems
	o := &origin{from: from}
	values := settings{}
	layers := o.layers(&problems)
	for v := range fields(reflect.ValueOf(&Config{}).Elem()) {
		if !early(v) {
			continue
		}
		if value := o.resolve(layers, v, &problems); value.value != "" {
			values[v.Name] = value
		}
	}
	c := &Config{origin: o}
	o.found = values
	decode(ctx, values, c, &problems)
	c.Vault.complete(c.Store.DataDir)
	c.checkVault(&problems)
	problems = slices.DeleteFunc(problems, func(p Problem) bool {
		return !slices.Contains(vaultSettings(), strings.TrimSuffix(p.Variable, "_FILE"))
	})
	if len(problems) > 0 {
		return Vault{}, problems
	}
	return c.Vault, nil
}

// MayBeInVault reports whether the value of the setting can come from the vault, under this name.
func MayBeInVault(name string) bool {
	return slices.ContainsFunc(Variables(), func(v Variable) bool { return !early(v) && v.has(name) })
}

func (v Variable) has(name string) bool { return v.Name == name || slices.Contains(v.Aliases, name) }

// early tells which settings are needed before the vault can be read.
func early(v Variable) bool {
	return v.Group == "Vault" || v.Name == "REPAZOO_ENV" || v.Name == "DATA_DIR"
}

// vaultSettings are the names of what opens the vault.
func vaultSettings() []string {
	names := []string{".env"}
	for _, v := range Variables() {
		if early(v) {
			names = append(names, v.Name)
			names = append(names, v.Aliases...)
		}
	}
	return names
}

// opened is the vault that a configuration was read from.
type opened struct {
	store    vault.Store // nil without one
	settings Vault       // that it was opened with
	names    []string
	broken   bool // so that what seems missing may be in it
}

// openVault opens the vault and lists it, with what is wrong with it. The one that is open
// already is kept while its settings are the same, because it may have signed in.
func (o *origin) openVault(ctx context.Context, found settings, problems *Problems) {
	c := &Config{origin: &origin{found: found}}
	decode(ctx, found, c, &Problems{}) // which are told when everything is decoded
	c.Vault.complete(c.Store.DataDir)
	keep := o.vault.store
	if !reflect.DeepEqual(o.vault.settings, c.Vault) {
		keep = nil
	}
	o.vault = opened{store: keep, settings: c.Vault}
	if c.checkVault(problems); slices.ContainsFunc(vaultSettings(), problems.About) {
		o.vault.store, o.vault.broken = nil, true
		return
	}
	if c.Vault.Address == "" {
		o.vault.openDir(found, problems)
	} else {
		o.vault.openServer(problems)
	}
	if o.vault.store == nil || problems.About("BAO_ADDR") {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, vaultWait)
	defer cancel()
	entries, err := o.vault.store.List(ctx)
	if err != nil {
		o.vault.refused(err, problems)
	}
	for _, e := range entries {
		o.vault.names = append(o.vault.names, e.Name)
		o.vault.look(e.Name, problems)
	}
}

func (v *opened) openDir(found settings, problems *Problems) {
	dir := v.settings.Directory()
	if !found.has("VAULT_DIR") && !dir.Exists() {
		v.store = nil
		return
	}
	v.store = dir
	for _, f := range dir.Examine() {
		switch f.About {
		case "VAULT_IDENTITY":
			if !v.settings.Identity.IsSet() {
				f.About = "VAULT_IDENTITY_FILE"
			}
			v.broken = true
			problems.add(f.About, "does not open the vault: %s", f.Sentence)
		case "VAULT_DIR":
			v.broken = true
			problems.add(f.About, "names a vault that cannot be used: %s", f.Sentence)
		default:
			if !MayBeInVault(f.About) {
				continue // which look tells
			}
			problems.add(f.About, "is in the vault, but cannot be read: %s", f.Sentence)
		}
	}
}

func (v *opened) openServer(problems *Problems) {
	if v.store != nil {
		return
	}
	store, err := v.settings.Open()
	if err != nil {
		v.refused(err, problems)
		return
	}
	v.store = store
}

func (v *opened) refused(err error, problems *Problems) {
	v.broken = true
	about, kind := "VAULT_DIR", fatal
	if v.settings.Address != "" {
		about = "BAO_ADDR"
	}
	if errors.Is(err, fault.DependencyDown) {
		kind = passing
	}
	problems.addKind(kind, about, "names a vault that cannot be used: %s", fault.From(err).Message)
}

// look refuses what cannot be in the vault.
func (v *opened) look(name string, problems *Problems) {
	if MayBeInVault(name) {
		return
	}
	if slices.ContainsFunc(Variables(), func(w Variable) bool { return w.has(name) }) {
		problems.add(name, "cannot be kept in the vault: it says where the vault is.")
		return
	}
	problems.addKind(harmless, name,
		"is in the vault, but no setting has this name: correct it, or forget it with `repazoo vault remove %s`.", name)
}

// read is the value of a variable that nothing before the vault has.
func (v *opened) read(ctx context.Context, of Variable, problems *Problems) string {
	for _, name := range append([]string{of.Name}, of.Aliases...) {
		if !slices.Contains(v.names, name) || early(of) || problems.About(name) {
			continue
		}
		if v.broken {
			problems.add(name, "is in the vault, which cannot be used.")
			return ""
		}
		ctx, cancel := context.WithTimeout(ctx, vaultWait)
		value, err := v.store.Get(ctx, name)
		cancel()
		if err == nil {
			return strings.TrimSpace(value)
		}
		kind := fatal
		// or it was changed meanwhile
		if errors.Is(err, fault.DependencyDown) || errors.Is(err, fault.Conflict) || errors.Is(err, fault.NotFound) {
			kind = passing
		}
		problems.addKind(kind, name, "is in the vault, but cannot be read: %s", fault.From(err).Message)
	}
	return ""
}

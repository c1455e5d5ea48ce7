package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/vault"
	"github.com/repazoo/repazoo/internal/vault/baotest"
)

// vaulted is a local configuration whose vault has these secrets, by pairs of name and value.
func vaulted(t *testing.T, secrets ...string) (values map[string]string, v *vault.Dir) {
	t.Helper()
	values = local(t)
	v = vault.NewDir(vault.DirConfig{
		Path:         filepath.Join(values["DATA_DIR"], "vault"),
		IdentityFile: filepath.Join(values["DATA_DIR"], "keys", "vault"),
	})
	if _, err := v.Init(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(secrets, 2) {
		keep(t, v, pair[0], pair[1])
	}
	return values, v
}

func keep(t *testing.T, v *vault.Dir, name, value string) {
	t.Helper()
	if err := v.Set(t.Context(), name, value); err != nil {
		t.Fatal(err)
	}
}

// told returns what Check says, by variable.
func told(t *testing.T, values map[string]string) map[string]string {
	t.Helper()
	_, err := config.Check(t.Context(), config.Map(values))
	found, ok := errors.AsType[config.Problems](err)
	if err != nil && !ok {
		t.Fatal(err)
	}
	sentences := map[string]string{}
	for _, p := range found {
		if !strings.HasPrefix(p.Sentence, p.Variable+" ") || !strings.HasSuffix(p.Sentence, ".") {
			t.Errorf("not a sentence that names its variable: %q", p.Sentence)
		}
		sentences[p.Variable] = p.Sentence
	}
	return sentences
}

func TestVault_ComesAfterDotenvAndBeforeDefaults(t *testing.T) {
	t.Parallel()
	values, _ := vaulted(t, "HOST", "from-vault", "JWT_SECRET_KEY", jwtKey, "X_CLIENT_ID", "from-vault-alias", "PORT",
		"1234", "LOG_FORMAT", "json")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "format"), "text")
	from := config.Map(with(values, "LOG_FORMAT_FILE", filepath.Join(dir, "format"), "LOG_LEVEL", "warn"))
	from.Dotenv = filepath.Join(dir, ".env")
	write(t, from.Dotenv, "PORT=4321\n")
	c, err := config.Load(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Server.Host, c.Keys.JWT.Reveal(), c.X.ClientID, c.Server.Port, c.Log.Format}
	if diff := cmp.Diff([]any{"from-vault", []string{jwtKey}, "from-vault-alias", 4321, "text"}, got); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"HOST": "vault", "JWT_SECRET_KEY": "vault", "TWITTER_CLIENT_ID": "vault", "PORT": ".env", "LOG_FORMAT": "file",
		"LOG_LEVEL": "environment", "ENCRYPTION_KEY": "DATA_DIR/keys", "STRIPE_SECRET_KEY": "default",
	} {
		if got := c.SourceOf(name); got != want {
			t.Errorf("%s comes from %q, want %q", name, got, want)
		}
	}
	supabase := load(t, local(t, "SUPABASE_JWT_SECRET", jwtKey))
	if got := supabase.SourceOf("JWT_SECRET_KEY"); got != "SUPABASE_JWT_SECRET" {
		t.Errorf("got %q", got)
	}
}

func TestVault_GivesAHostedServerItsSecrets(t *testing.T) {
	t.Parallel()
	values, _ := vaulted(t, "JWT_SECRET_KEY", jwtKey, "ENCRYPTION_KEY", encryptionKey, "DATABASE_URL",
		"postgres://db/repazoo")
	c := load(t, hosted("ai", "DATA_DIR", values["DATA_DIR"], "JWT_SECRET_KEY", "", "ENCRYPTION_KEY", "",
		"DATABASE_URL", ""))
	if c.Store.DatabaseURL.Reveal() != "postgres://db/repazoo" {
		t.Error("the address of the database is not that of the vault")
	}
}

func TestVault_ReadsOnlyWhatNothingElseGives(t *testing.T) {
	t.Parallel()
	values, v := vaulted(t, "HOST", "x", "PORT", "1")
	load(t, with(values, "PORT", "2"))
	log, err := os.ReadFile(filepath.Join(v.Path, "audit.log"))
	if err != nil || strings.Count(string(log), `"read"`) != 1 || !strings.Contains(string(log), `"read","name":"HOST"`) {
		t.Errorf("%v: %s", err, log)
	}
}

func TestCheck_NamesEveryFaultOfTheVaultAtOnce(t *testing.T) {
	t.Parallel()
	values, v := vaulted(t, "HOST", "a", "PORT", "1", "LOG_LEVEL", "info", "STRIPE_SECRET_KY", "hunter2", "DATA_DIR",
		"/nowhere")
	if err := os.Chmod(filepath.Join(v.Path, "HOST.age"), 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(v.Path, "PORT.age"), "no file of age")
	got := told(t, values)
	for name, words := range map[string]string{
		"HOST": "`chmod 0600 ", "PORT": "is damaged", "STRIPE_SECRET_KY": "no setting has this name",
		"DATA_DIR": "it says where the vault is",
	} {
		if !strings.Contains(got[name], words) {
			t.Errorf("%s: got %q", name, got[name])
		}
	}
	if len(got) != 4 {
		t.Errorf("got %v", got)
	}

	if err := errors.Join(os.Remove(v.IdentityFile), os.Chmod(v.Path, 0o755)); err != nil {
		t.Fatal(err)
	}
	got = told(t, values)
	if !strings.Contains(got["VAULT_IDENTITY_FILE"], "There is no identity in") ||
		!strings.Contains(got["VAULT_DIR"], "`chmod 0700 ") {
		t.Errorf("got %v", got)
	}
	if err := os.Chmod(v.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	got = told(t, values)
	if len(got) != 6 || got["LOG_LEVEL"] != "LOG_LEVEL is in the vault, which cannot be used." {
		t.Errorf("got %v", got)
	}
}

func TestLoad_StartsWithASecretThatNoSettingKnows(t *testing.T) {
	t.Parallel()
	values, _ := vaulted(t, "OF_A_LATER_VERSION", "x")
	load(t, values)
	if got := told(t, values); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestVault_IsNotNeeded_ButWhenNamedItIs(t *testing.T) {
	t.Parallel()
	load(t, local(t))
	for name, changes := range map[string][]string{
		"VAULT_DIR":           {"VAULT_DIR", "/nowhere"},
		"VAULT_IDENTITY_FILE": {"VAULT_DIR", "/nowhere"},
	} {
		if got := told(t, local(t, changes...)); got[name] == "" {
			t.Errorf("got %v", got)
		}
	}
	broken, left := vaulted(t, "HOST", "x")
	if err := os.Remove(filepath.Join(left.Path, "recipients.txt")); err != nil {
		t.Fatal(err)
	}
	if got := told(t, broken); !strings.Contains(got["VAULT_DIR"], "There is no vault in") || got["HOST"] == "" {
		t.Errorf("what is left of a vault is taken for none: %v", got)
	}
	values, v := vaulted(t, "HOST", "x")
	identity, err := os.ReadFile(v.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := with(values, "VAULT_DIR", v.Path, "DATA_DIR", t.TempDir(), "VAULT_IDENTITY", string(identity))
	if c := load(t, elsewhere); c.Server.Host != "x" {
		t.Errorf("got %q", c.Server.Host)
	}
	if got := told(t, with(elsewhere, "VAULT_IDENTITY", "hunter2")); !strings.Contains(got["VAULT_IDENTITY"],
		"holds no identity") || strings.Contains(got["VAULT_IDENTITY"], "hunter2") {
		t.Errorf("got %v", got)
	}
}

func TestVault_OnAServerWantsOneWayToSignIn(t *testing.T) {
	t.Parallel()
	token := []string{"BAO_ADDR", "http://127.0.0.1:1", "VAULT_TOKEN", "hunter2"}
	for name, c := range map[string]struct {
		changes []string
		want    []string
	}{
		"none":              {[]string{"BAO_ADDR", "http://127.0.0.1:1"}, []string{"BAO_ADDR"}},
		"two":               {append([]string{"BAO_KUBERNETES_ROLE", "r"}, token...), []string{"BAO_ADDR"}},
		"half an AppRole":   {[]string{"VAULT_ADDR", "http://127.0.0.1:1", "BAO_ROLE_ID", "r"}, []string{"BAO_SECRET_ID"}},
		"two vaults":        {append([]string{"VAULT_DIR", "/x"}, token...), []string{"VAULT_DIR"}},
		"no address":        {[]string{"BAO_ADDR", "vault", "BAO_TOKEN", "hunter2"}, []string{"BAO_ADDR"}},
		"a path that leads": {append([]string{"BAO_PATH", "../x"}, token...), []string{"BAO_ADDR"}},
		"nobody answers":    {token, []string{"BAO_ADDR"}},
	} {
		_, err := config.Load(t.Context(), config.Map(local(t, c.changes...)))
		found, ok := errors.AsType[config.Problems](err)
		if !ok || strings.Contains(err.Error(), "hunter2") {
			t.Fatalf("%s: got %v", name, err)
		}
		var got []string
		for _, p := range found {
			got = append(got, p.Variable)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if found.Passing() != (name == "nobody answers") {
			t.Errorf("%s: passing is %v", name, found.Passing())
		}
	}
	if got := problems(t, config.Map(hosted("ai", "BAO_ADDR", "http://vault", "BAO_TOKEN", "x"))); !slices.Equal(got,
		[]string{"BAO_ADDR"}) {
		t.Errorf("got %v", got)
	}
	unanswered := map[string]string{
		"REPAZOO_ENV": "ai", "BAO_ADDR": "https://127.0.0.1:1", "BAO_TOKEN": "x",
		"PORT": "http",
	}
	if got := problems(t, config.Map(unanswered)); !slices.Equal(got, []string{"BAO_ADDR", "PORT"}) {
		t.Errorf("takes for missing what may be in the vault: %v", got)
	}
}

func TestAgain_ReadsWhatHasChanged(t *testing.T) {
	t.Parallel()
	values, v := vaulted(t, "JWT_SECRET_KEY", jwtKey)
	file := filepath.Join(t.TempDir(), "host")
	write(t, file, "one")
	values["HOST_FILE"] = file
	c := load(t, values)
	stamp := func() string {
		t.Helper()
		s, err := c.Stamp(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := stamp()
	if stamp() != first {
		t.Error("the stamp changes by itself")
	}
	keep(t, v, "JWT_SECRET_KEY", encryptionKey)
	second := stamp()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	gone := stamp()
	write(t, file, "two")
	if fourth := stamp(); slices.Contains([]string{first, gone, fourth}, second) || gone == fourth {
		t.Error("a change left the stamp as it was")
	}
	next, err := c.Again(t.Context())
	if err != nil || next.Keys.JWT[0].Reveal() != encryptionKey || c.Keys.JWT[0].Reveal() != jwtKey {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]string{"HOST", "JWT_SECRET_KEY"}, c.Differences(next)); diff != "" {
		t.Error(diff)
	}
	if nothing, err := load(t, hosted("ai")).Stamp(t.Context()); err != nil || nothing != "" {
		t.Errorf("without files and vault the stamp is %q, %v", nothing, err)
	}
	if same, err := next.Again(t.Context()); err != nil || next.Differences(same) != nil {
		t.Errorf("got %v, %v", next.Differences(same), err)
	}
}

func TestLoadClaude_LooksIntoTheVaultToo(t *testing.T) {
	t.Parallel()
	values, v := vaulted(t, "ANTHROPIC_API_KEY", "from-vault", "HOST", "x")
	c, err := config.LoadClaude(t.Context(), config.Map(values))
	if err != nil || c.APIKey.Reveal() != "from-vault" {
		t.Fatalf("got %v, %v", c, err)
	}
	log, err := os.ReadFile(filepath.Join(v.Path, "audit.log"))
	if err != nil || strings.Contains(string(log), `"read","name":"HOST"`) {
		t.Errorf("it reads more than it needs: %s, %v", log, err)
	}
	if err := os.Remove(v.IdentityFile); err != nil {
		t.Fatal(err)
	}
	if _, err := config.LoadClaude(t.Context(), config.Map(values)); err == nil {
		t.Error("a key that is in a vault that does not open is taken for none")
	}
	if c, err := config.LoadClaude(t.Context(), config.Map(with(values, "ANTHROPIC_API_KEY", "given"))); err != nil ||
		c.APIKey.Reveal() != "given" {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestMayBeInVault_IsEverySettingThatIsNotNeededBefore(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"STRIPE_SECRET_KEY": true, "X_CLIENT_SECRET": true, "PORT": true, "DATA_DIR": false, "REPAZOO_ENV": false,
		"VAULT_DIR": false, "VAULT_ADDR": false, "BAO_TOKEN": false, "NO_SUCH_SETTING": false, "SUPABASE_URL": false,
	} {
		if got := config.MayBeInVault(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestVault_OnAServerGivesSecretsAndTellsOfChanges(t *testing.T) {
	t.Parallel()
	s := baotest.New(t)
	s.SecretIDs["good"] = true
	put := func(name, value string) {
		s.Secrets[name] = append(s.Secrets[name], baotest.Version{Data: map[string]any{"value": value}, Made: s.Now})
	}
	put("JWT_SECRET_KEY", jwtKey)
	put("HOST", "from-vault")
	put("OF_A_LATER_VERSION", "x")
	c := load(t, local(t, "BAO_ADDR", s.Start(t), "BAO_NAMESPACE", "team", "BAO_MOUNT", "kv", "BAO_PATH", "apps/repazoo",
		"BAO_ROLE_ID", "role", "BAO_SECRET_ID", "good", "HOST", "from-environment"))
	if got := c.Keys.JWT.Reveal(); !slices.Equal(got, []string{jwtKey}) || c.SourceOf("JWT_SECRET_KEY") != "vault" ||
		c.Server.Host != "from-environment" {
		t.Errorf("got %v", c.SourceOf("JWT_SECRET_KEY"))
	}
	before, err := c.Stamp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.At(func() { put("JWT_SECRET_KEY", encryptionKey) })
	after, err := c.Stamp(t.Context())
	if err != nil || after == before {
		t.Errorf("the stamp is the same, %v", err)
	}
	next, err := c.Again(t.Context())
	if err != nil || next.Keys.JWT[0].Reveal() != encryptionKey {
		t.Fatalf("got %v", err)
	}
	if n := s.Count("PUT /v1/auth/approle/login"); n != 1 {
		t.Errorf("signed in %d times", n)
	}
	if n := s.Count("GET /v1/kv/data/apps/repazoo/HOST"); n != 0 {
		t.Errorf("read %d times what it does not need", n)
	}
	s.At(func() { s.Down = 503 })
	if _, err := next.Stamp(t.Context()); err == nil {
		t.Error("a sealed server tells its versions")
	}
	_, err = next.Again(t.Context())
	if found, ok := errors.AsType[config.Problems](err); !ok || !found.Passing() || !found.About("BAO_ADDR") ||
		len(found) != 1 {
		t.Errorf("got %v", err)
	}
}

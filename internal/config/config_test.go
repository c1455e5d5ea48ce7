package config_test

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/repazoo/repazoo/internal/config"
)

var (
	jwtKey        = strings.Repeat("0123456789abcdef", 3)
	encryptionKey = strings.Repeat("fedcba9876543210", 3)
)

// hosted is the least that an environment other than local needs.
func hosted(env string, changes ...string) map[string]string {
	mode := "test"
	if env == "ai" {
		mode = "live"
	}
	values := map[string]string{
		"REPAZOO_ENV": env, "PUBLIC_URL": "https://" + env + ".repazoo.com",
		"DATABASE_URL":   "postgres://repazoo:hunter2@db/repazoo",
		"JWT_SECRET_KEY": jwtKey, "ENCRYPTION_KEY": encryptionKey,
		"TWITTER_CLIENT_ID": "client",
		"STRIPE_SECRET_KEY": "sk_" + mode + "_x", "STRIPE_WEBHOOK_SECRET": "whsec_x",
		"STRIPE_BASIC_PRICE_ID": "price_b", "STRIPE_PRO_PRICE_ID": "price_p",
	}
	return with(values, changes...)
}

// local is nothing at all, but for a directory of the test's own.
func local(t *testing.T, changes ...string) map[string]string {
	return with(map[string]string{"DATA_DIR": t.TempDir()}, changes...)
}

// with returns values changed by pairs of name and value; "" removes.
func with(values map[string]string, changes ...string) map[string]string {
	values = maps.Clone(values)
	for pair := range slices.Chunk(changes, 2) {
		values[pair[0]] = pair[1]
	}
	return values
}

func load(t *testing.T, values map[string]string) *config.Config {
	t.Helper()
	c, err := config.Load(t.Context(), config.Map(values))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// problems returns the variables that Load complains about.
func problems(t *testing.T, from config.Source) []string {
	t.Helper()
	_, err := config.Load(t.Context(), from)
	if err == nil {
		return nil
	}
	found, ok := errors.AsType[config.Problems](err)
	if !ok {
		t.Fatal(err)
	}
	var names []string
	for _, p := range found {
		if !strings.HasPrefix(p.Sentence, p.Variable+" ") || !strings.HasSuffix(p.Sentence, ".") {
			t.Errorf("not a sentence that names its variable: %q", p.Sentence)
		}
		names = append(names, p.Variable)
	}
	return names
}

func TestLoad_NeedsNothingInLocal(t *testing.T) {
	t.Parallel()
	c := load(t, local(t))
	if !c.UseSandboxX() || !c.UseSandboxStripe() || !c.UseSandboxClaude() {
		t.Error("a stand-in is missing")
	}
	if c.Server.Host != "127.0.0.1" || c.Server.Port != 8000 || c.Server.PublicURL != "http://localhost:8000" ||
		!bool(c.Server.Docs) {
		t.Errorf("got %+v", c.Server)
	}
	if c.Limits != (config.Limits{
		PerMinute: 60, PerHour: 1000, SignInPerMinute: 20, SignInPerHour: 200, RefreshPerMinute: 60, RefreshPerHour: 600,
		DraftsPerMinute: 10, DraftsPerHour: 60, CodesPerMinute: 10, CodesPerHour: 40, BasicQuota: 1000, ProQuota: 10000,
		BasicCost: 300, ProCost: 2500,
		CleanupPerDay: 400,
	}) {
		t.Errorf("got %+v", c.Limits)
	}
	if c.Keys.AccessMinutes != 30 || c.Keys.RefreshDays != 7 || !bool(c.Jobs.Workers) || c.Jobs.Concurrency < 4 {
		t.Errorf("got %+v %+v", c.Keys, c.Jobs)
	}
}

func TestLoad_KeepsGeneratedKeysPrivateAndTheSame(t *testing.T) {
	t.Parallel()
	values := local(t)
	first, second := load(t, values), load(t, values)
	if len(first.Keys.JWT) != 1 || !slices.Equal(first.Keys.JWT.Reveal(), second.Keys.JWT.Reveal()) ||
		!slices.Equal(first.Keys.Encryption.Reveal(), second.Keys.Encryption.Reveal()) {
		t.Fatal("the keys changed between two starts")
	}
	if first.Keys.JWT[0].Reveal() == first.Keys.Encryption[0].Reveal() {
		t.Fatal("one key serves twice")
	}
	files, err := filepath.Glob(filepath.Join(values["DATA_DIR"], "keys", "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
}

func TestLoad_AcceptsEveryEnvironmentWithWhatItNeeds(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"cfy", "ntf", "ai"} {
		c := load(t, hosted(env))
		if c.UseSandboxX() || c.UseSandboxStripe() || c.UseSandboxClaude() {
			t.Errorf("%s uses a stand-in", env)
		}
		if c.Log.Level != slog.LevelInfo {
			t.Errorf("%s logs from %v on", env, c.Log.Level)
		}
		if bool(c.Server.Docs) != (env != "ai") {
			t.Errorf("%s: documentation pages %v", env, c.Server.Docs)
		}
	}
}

func TestLoad_DebugLogsEverything(t *testing.T) {
	t.Parallel()
	if got := load(t, hosted("ntf", "DEBUG", "true", "LOG_LEVEL", "warn")).Log.Level; got != slog.LevelDebug {
		t.Errorf("the level is %v", got)
	}
}

func TestLoad_RefusesAndNamesEverythingAtOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		values map[string]string
		want   []string
	}{
		"unknown environment":     {hosted("prod"), []string{"REPAZOO_ENV"}},
		"environment in capitals": {hosted("AI"), []string{"REPAZOO_ENV"}},
		"nothing outside local": {
			map[string]string{"REPAZOO_ENV": "ai"},
			[]string{
				"DATABASE_URL", "ENCRYPTION_KEY", "JWT_SECRET_KEY", "PUBLIC_URL", "STRIPE_BASIC_PRICE_ID",
				"STRIPE_PRO_PRICE_ID", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "TWITTER_CLIENT_ID",
			},
		},
		"short key":        {hosted("cfy", "JWT_SECRET_KEY", "short"), []string{"JWT_SECRET_KEY"}},
		"short second key": {hosted("cfy", "ENCRYPTION_KEY", encryptionKey+",short"), []string{"ENCRYPTION_KEY"}},
		"known default": {
			hosted("cfy", "JWT_SECRET_KEY", "your-secret-key-change-in-production-0123456789"),
			[]string{"JWT_SECRET_KEY"},
		},
		"no entropy": {
			hosted("cfy", "JWT_SECRET_KEY", strings.Repeat("ab", 32)),
			[]string{"JWT_SECRET_KEY"},
		},
		"one key for two uses": {hosted("cfy", "ENCRYPTION_KEY", jwtKey), []string{"ENCRYPTION_KEY"}},
		"the same key twice":   {hosted("cfy", "JWT_SECRET_KEY", jwtKey+", "+jwtKey), []string{"JWT_SECRET_KEY"}},
		"test money in production": {hosted("ai", "STRIPE_SECRET_KEY", "sk_test_x", "STRIPE_PUBLISHABLE_KEY",
			"pk_test_x"), []string{"STRIPE_PUBLISHABLE_KEY", "STRIPE_SECRET_KEY"}},
		"real money in staging": {hosted("ntf", "STRIPE_SECRET_KEY", "sk_live_x", "STRIPE_PUBLISHABLE_KEY",
			"pk_live_x"), []string{"STRIPE_PUBLISHABLE_KEY", "STRIPE_SECRET_KEY"}},
		"real money in local": {local(t, "STRIPE_SECRET_KEY", "sk_live_x", "STRIPE_BASIC_PRICE_ID", "price_b",
			"STRIPE_PRO_PRICE_ID", "price_p"), []string{"STRIPE_SECRET_KEY"}},
		"half of billing": {
			local(t, "STRIPE_SECRET_KEY", "sk_test_x"),
			[]string{"STRIPE_BASIC_PRICE_ID", "STRIPE_PRO_PRICE_ID"},
		},
		"a mail server, no sender": {hosted("cfy", "SMTP_URL", "smtp://mail.example.com"), []string{"SMTP_FROM"}},
		"no mail server, no address": {
			hosted("cfy", "SMTP_URL", "mail.example.com", "SMTP_FROM", "nobody"),
			[]string{"SMTP_FROM", "SMTP_URL"},
		},
		"webhook secret of no kind": {hosted("cfy", "STRIPE_WEBHOOK_SECRET", "x"), []string{"STRIPE_WEBHOOK_SECRET"}},
		"unencrypted addresses": {
			hosted("cfy", "X_API_URL", "http://a", "X_AUTHORIZE_URL", "http://a",
				"STRIPE_API_URL", "http://a", "ANTHROPIC_BASE_URL", "http://a", "PUBLIC_URL", "http://a"),
			[]string{"ANTHROPIC_BASE_URL", "PUBLIC_URL", "STRIPE_API_URL", "X_API_URL", "X_AUTHORIZE_URL"},
		},
		"addresses that are none": {local(t, "X_API_URL", "api.x.com", "PUBLIC_URL", "https://user@a",
			"STRIPE_API_URL", "ftp://a"), []string{"PUBLIC_URL", "STRIPE_API_URL", "X_API_URL"}},
		"debug in production": {hosted("ai", "DEBUG", "true"), []string{"DEBUG"}},
		"any origin":          {hosted("cfy", "CORS_ORIGINS", "*"), []string{"CORS_ORIGINS"}},
		"origin with a path":  {hosted("cfy", "CORS_ORIGINS", "https://a.b, https://c.d/"), []string{"CORS_ORIGINS"}},
		"wrong types": {local(t, "PORT", "http", "DEBUG", "perhaps", "TRUSTED_PROXIES", "proxy",
			"LOG_LEVEL", "loud", "LOG_FORMAT", "xml"), []string{"DEBUG", "LOG_FORMAT", "LOG_LEVEL", "PORT", "TRUSTED_PROXIES"}},
		"an address with a path": {local(t, "PUBLIC_URL", "http://localhost:8000/repazoo"), []string{"PUBLIC_URL"}},
		"out of range": {
			local(t, "PORT", "65536", "RATE_LIMIT_PER_MINUTE", "0", "JOB_CONCURRENCY", "-1"),
			[]string{"JOB_CONCURRENCY", "PORT", "RATE_LIMIT_PER_MINUTE"},
		},
		"wrong schemes": {
			local(t, "DATABASE_URL", "mysql://a/b", "REDIS_URL", "redis://a:1,http://b"),
			[]string{"DATABASE_URL", "REDIS_URL"},
		},
		"a schema without PostgreSQL": {local(t, "DATABASE_SCHEMA", "repazoo"), []string{"DATABASE_SCHEMA"}},
		"a schema that needs quotes":  {hosted("cfy", "DATABASE_SCHEMA", "Repazoo"), []string{"DATABASE_SCHEMA"}},
		"a schema of PostgreSQL's":    {hosted("cfy", "DATABASE_SCHEMA", "pg_mine"), []string{"DATABASE_SCHEMA"}},
		"a schema of Supabase's":      {hosted("cfy", "DATABASE_SCHEMA", "auth"), []string{"DATABASE_SCHEMA"}},
		"the earlier system's values": {hosted("cfy", "DATABASE_URL", "", "SUPABASE_URL", "https://x.supabase.co",
			"SUPABASE_ANON_KEY", "x"), []string{"DATABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_URL"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, problems(t, config.Map(test.values))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoad_AcceptsTheExceptions(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]map[string]string{
		"a schema of its own":     hosted("ai", "DATABASE_SCHEMA", "repazoo_2"),
		"SQLite for self-hosting": hosted("ai", "DATABASE_URL", "", "EMBEDDED", "true"),
		"mail": hosted("ai", "SMTP_URL", "smtps://mail.example.com", "MAIL_FROM",
			"Repazoo <no-reply@example.com>"),
		"no billing": hosted("ai", "BILLING", "off", "STRIPE_SECRET_KEY", "", "STRIPE_WEBHOOK_SECRET", "",
			"STRIPE_BASIC_PRICE_ID", "", "STRIPE_PRO_PRICE_ID", ""),
		"restricted Stripe key": hosted("ai", "STRIPE_SECRET_KEY", "rk_live_x"),
		"cluster of Redis":      hosted("ai", "REDIS_URL", "rediss://a:1, rediss://b:2"),
		"stand-ins in local":    local(t, "X_API_URL", "http://127.0.0.1:9"),
		"Supabase beside it":    hosted("cfy", "SUPABASE_URL", "https://x.supabase.co"),
	} {
		if got := problems(t, config.Map(values)); got != nil {
			t.Errorf("%s: complains about %v", name, got)
		}
	}
}

func TestLoad_ReadsListsAndAliases(t *testing.T) {
	t.Parallel()
	c := load(t, local(t,
		"JWT_SECRET_KEY", jwtKey+" , "+encryptionKey+",", "CORS_ORIGINS", "http://a, ,http://b:1,",
		"TRUSTED_PROXIES", "10.1.2.3/8, ::1", "X_CLIENT_ID", "alias", "ANTHROPIC_HAIKU_MODEL", "h",
		"ANTHROPIC_SONNET_MODEL", "s"))
	got := []any{c.Keys.JWT.Reveal(), []string(c.Server.CORSOrigins), c.X.ClientID, c.Claude.BasicModel, c.Claude.ProModel}
	want := []any{[]string{jwtKey, encryptionKey}, []string{"http://a", "http://b:1"}, "alias", "h", "s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p := c.Server.TrustedProxies; len(p) != 2 || p[0].String() != "10.0.0.0/8" || p[1].String() != "::1/128" {
		t.Errorf("got %v", p)
	}
}

func TestLoad_SupabaseSecretSignsOnlyWhenThereIsNoOther(t *testing.T) {
	t.Parallel()
	supabase := strings.Repeat("supabase-signs-", 4)
	if got := load(t, local(t, "SUPABASE_JWT_SECRET", supabase)).Keys.JWT.Reveal(); !slices.Equal(got,
		[]string{supabase}) {
		t.Errorf("got %v", got)
	}
	if got := load(t, local(t, "SUPABASE_JWT_SECRET", supabase, "JWT_SECRET_KEY",
		jwtKey)).Keys.JWT.Reveal(); !slices.Equal(got, []string{jwtKey}) {
		t.Errorf("got %v", got)
	}
}

func TestLoad_TakesTheFirstOfEnvironmentFileDotenvDefault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, dotenv := filepath.Join(dir, "host"), filepath.Join(dir, ".env")
	write(t, file, "from-file\n")
	write(t, dotenv, "HOST=from-dotenv\nDATA_DIR="+dir+"\n")
	for want, values := range map[string]map[string]string{
		"from-env":    {"HOST": "from-env", "HOST_FILE": file},
		"from-file":   {"HOST": "", "HOST_FILE": file},
		"from-dotenv": {},
	} {
		from := config.Map(values)
		from.Dotenv = dotenv
		c, err := config.Load(t.Context(), from)
		if err != nil || c.Server.Host != want {
			t.Errorf("want %s: %v", want, err)
		}
	}
}

func TestLoad_ReadsDotenvInLocalOnly(t *testing.T) {
	t.Parallel()
	from := config.Map(hosted("cfy"))
	from.Dotenv = filepath.Join(t.TempDir(), ".env")
	write(t, from.Dotenv, "PORT=no number\n")
	if got := problems(t, from); got != nil {
		t.Fatalf("complains about %v", got)
	}
	from.Lookup = config.Map(local(t)).Lookup
	if got := problems(t, from); !slices.Equal(got, []string{"PORT"}) {
		t.Fatalf("complains about %v", got)
	}
	write(t, from.Dotenv, "REPAZOO_ENV=ai\n")
	if got := problems(t, from); !slices.Equal(got, []string{"REPAZOO_ENV"}) {
		t.Fatalf("complains about %v", got)
	}
}

func TestLoad_NamesFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "large"), strings.Repeat("x", 1<<17))
	write(t, filepath.Join(dir, ".env"), "no assignment\n")
	from := config.Map(local(t, "HOST_FILE", filepath.Join(dir, "none"), "STRIPE_SECRET_KEY_FILE",
		filepath.Join(dir, "large")))
	from.Dotenv = filepath.Join(dir, ".env")
	if got := problems(t, from); !slices.Equal(got, []string{".env", "HOST_FILE", "STRIPE_SECRET_KEY_FILE"}) {
		t.Fatalf("complains about %v", got)
	}
}

func TestProblems_HoldNoSecret(t *testing.T) {
	t.Parallel()
	_, err := config.Load(t.Context(), config.Map(hosted("ai",
		"JWT_SECRET_KEY", "hunter2", "DATABASE_URL", "mysql://u:hunter2@h", "STRIPE_SECRET_KEY", "hunter2", "PORT",
		"hunter2", "PUBLIC_URL", "https://hunter2@x")))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLoadClaude_WorksWhateverElseIsWrongAndMakesNoKeys(t *testing.T) {
	t.Parallel()
	values := local(t, "REPAZOO_ENV", "nowhere", "PORT", "http", "ANTHROPIC_API_KEY", "key")
	c, err := config.LoadClaude(t.Context(), config.Map(values))
	if err != nil || c.APIKey.Reveal() != "key" || c.ProModel != "claude-sonnet-5-5" {
		t.Fatalf("got %+v, %v", c, err)
	}
	if files, err := os.ReadDir(values["DATA_DIR"]); err != nil || len(files) != 0 {
		t.Fatalf("made %v, %v", files, err)
	}
}

func TestLoadPort_ReadsNothingElseAndOpensNoVault(t *testing.T) {
	t.Parallel()
	values := local(t, "REPAZOO_ENV", "ai", "PORT", "8123", "VAULT_DIR", "/nowhere", "JWT_SECRET_KEY_FILE", "/nowhere")
	if port, err := config.LoadPort(t.Context(), config.Map(values)); err != nil || port != 8123 {
		t.Fatalf("got %d, %v", port, err)
	}
	if port, err := config.LoadPort(t.Context(), config.Map(nil)); err != nil || port != 8000 {
		t.Fatalf("without PORT: got %d, %v", port, err)
	}
	if _, err := config.LoadPort(t.Context(), config.Map(map[string]string{"PORT": "http"})); err == nil {
		t.Fatal("a PORT that is no number was taken")
	}
}

func TestCheck_TellsOfNamesThatNobodyReads(t *testing.T) {
	t.Parallel()
	dotenv := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(dotenv, []byte("COLOUR=blue\nLOG_LEVELL=debug\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	from := config.Map(map[string]string{
		"STRIPE_SECRET_KEYS": "sk_test_1", "PATH": "/bin", "HOME": "/", "EDITOR": "vi", "STRIPE_WEBHOOK_SECRET": "whsec_1",
		"DATA_DIR": t.TempDir(), "JWT_SECRET_KEY": jwtKey, "ENCRYPTION_KEY": encryptionKey,
	})
	from.Dotenv = dotenv
	_, err := config.Check(t.Context(), from)
	want := []string{
		"COLOUR is read by nobody: no setting has this name.", "LOG_LEVELL is read by nobody. Did you mean LOG_LEVEL?",
		"STRIPE_SECRET_KEYS is read by nobody. Did you mean STRIPE_SECRET_KEY?",
		"STRIPE_WEBHOOK_SECRET is not used while Stripe is a stand-in",
	}
	problems, _ := errors.AsType[config.Problems](err)
	if want := want[:3]; len(problems) != len(want) {
		t.Fatalf("got %v", err)
	}
	for i, p := range problems {
		if !strings.HasPrefix(p.Sentence, want[i]) {
			t.Errorf("got %q, want %q", p.Sentence, want[i])
		}
	}
	c, err := config.Load(t.Context(), from)
	if err != nil || len(c.Notes()) != len(want) {
		t.Errorf("the start: %v, %v", c, err)
	}
}

func TestLoad_ADatabaseOfTheEarlierSystemIsToldOfInDotenvToo(t *testing.T) {
	t.Parallel()
	dotenv := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(dotenv, []byte("SUPABASE_URL=https://x.supabase.co\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	from := config.Map(map[string]string{"DATA_DIR": t.TempDir()})
	from.Dotenv = dotenv
	if _, err := config.Load(t.Context(), from); err == nil ||
		!strings.Contains(err.Error(), "SUPABASE_URL is no longer used") {
		t.Errorf("got %v", err)
	}
}

func TestLoad_WorkersIsNoNumberOfJobs(t *testing.T) {
	t.Parallel()
	_, err := config.Load(t.Context(), config.Map(map[string]string{"DATA_DIR": t.TempDir(), "WORKERS": "4"}))
	if err == nil || !strings.Contains(err.Error(), "How many analyses run at once is JOB_CONCURRENCY.") {
		t.Errorf("got %v", err)
	}
}

package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/config"
)

// environments are all four, with everything that a server can be given.
func environments(t *testing.T) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, env := range []string{"local", "cfy", "ntf", "ai"} {
		all[env] = with(hosted(env), "DATA_DIR", t.TempDir(), "TWITTER_CLIENT_SECRET", "secret", "ANTHROPIC_API_KEY",
			"sk-ant-x")
	}
	return all
}

// The matrix of starts: each secret missing, as an example file has it, and of another environment. A name stands for
// "refused, and that is what is named".
func TestStart_EachEnvironmentRefusesSecretsThatAreMissingExamplesOrAnothers(t *testing.T) {
	t.Parallel()
	const fine = ""
	envs := environments(t)
	for what, c := range map[string]struct {
		changes             []string
		local, cfy, ntf, ai string
	}{
		"nothing": {nil, fine, fine, fine, fine},

		"no signing key": {
			[]string{"JWT_SECRET_KEY", ""},
			fine, "JWT_SECRET_KEY", "JWT_SECRET_KEY",
			"JWT_SECRET_KEY",
		},
		"no sealing key": {
			[]string{"ENCRYPTION_KEY", ""},
			fine, "ENCRYPTION_KEY", "ENCRYPTION_KEY",
			"ENCRYPTION_KEY",
		},
		"no database": {[]string{"DATABASE_URL", ""}, fine, "DATABASE_URL", "DATABASE_URL", "DATABASE_URL"},
		"no address":  {[]string{"PUBLIC_URL", ""}, fine, "PUBLIC_URL", "PUBLIC_URL", "PUBLIC_URL"},
		"no client of X": {
			[]string{"TWITTER_CLIENT_ID", ""},
			fine, "TWITTER_CLIENT_ID", "TWITTER_CLIENT_ID",
			"TWITTER_CLIENT_ID",
		},
		"a public client of X": {[]string{"TWITTER_CLIENT_SECRET", ""}, fine, fine, fine, fine},
		"no model":             {[]string{"ANTHROPIC_API_KEY", ""}, fine, fine, fine, fine},
		"no key of Stripe": {
			[]string{"STRIPE_SECRET_KEY", ""},
			fine, "STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY",
			"STRIPE_SECRET_KEY",
		},
		"no webhook secret": {
			[]string{"STRIPE_WEBHOOK_SECRET", ""},
			fine, "STRIPE_WEBHOOK_SECRET",
			"STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET",
		},
		"no price": {
			[]string{"STRIPE_PRO_PRICE_ID", ""},
			"STRIPE_PRO_PRICE_ID", "STRIPE_PRO_PRICE_ID",
			"STRIPE_PRO_PRICE_ID", "STRIPE_PRO_PRICE_ID",
		},
		"no billing, on purpose": {[]string{
			"BILLING", "off", "STRIPE_SECRET_KEY", "", "STRIPE_WEBHOOK_SECRET", "",
			"STRIPE_PRO_PRICE_ID", "",
		}, fine, fine, fine, fine},

		"an example's signing key": {
			[]string{"JWT_SECRET_KEY", "change-me-" + jwtKey},
			"JWT_SECRET_KEY",
			"JWT_SECRET_KEY", "JWT_SECRET_KEY", "JWT_SECRET_KEY",
		},
		"an example's sealing key": {
			[]string{"ENCRYPTION_KEY", "your-encryption-key-of-at-least-32-bytes"},
			"ENCRYPTION_KEY", "ENCRYPTION_KEY", "ENCRYPTION_KEY", "ENCRYPTION_KEY",
		},
		"a key that says nothing": {
			[]string{"JWT_SECRET_KEY", strings.Repeat("0", 64)},
			"JWT_SECRET_KEY",
			"JWT_SECRET_KEY", "JWT_SECRET_KEY", "JWT_SECRET_KEY",
		},
		"an example's client of X": {
			[]string{"TWITTER_CLIENT_ID", "your-client-id"},
			fine, "TWITTER_CLIENT_ID",
			"TWITTER_CLIENT_ID", "TWITTER_CLIENT_ID",
		},
		"an example's secret of X": {
			[]string{"TWITTER_CLIENT_SECRET", "your_twitter_client_secret"},
			fine,
			"TWITTER_CLIENT_SECRET", "TWITTER_CLIENT_SECRET", "TWITTER_CLIENT_SECRET",
		},
		"an example's model key": {
			[]string{"ANTHROPIC_API_KEY", "sk-ant-..."},
			fine, "ANTHROPIC_API_KEY",
			"ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY",
		},
		"an example's webhook secret": {
			[]string{"STRIPE_WEBHOOK_SECRET", "whsec_your_secret"},
			fine,
			"STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET",
		},

		"one key for both": {
			[]string{"ENCRYPTION_KEY", jwtKey},
			"ENCRYPTION_KEY", "ENCRYPTION_KEY",
			"ENCRYPTION_KEY", "ENCRYPTION_KEY",
		},
		"a live key": {
			[]string{"STRIPE_SECRET_KEY", "sk_live_x"},
			"STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY",
			"STRIPE_SECRET_KEY", fine,
		},
		"a test key": {[]string{"STRIPE_SECRET_KEY", "sk_test_x"}, fine, fine, fine, "STRIPE_SECRET_KEY"},
		"a restricted live key": {
			[]string{"STRIPE_SECRET_KEY", "rk_live_x"},
			"STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY",
			"STRIPE_SECRET_KEY", fine,
		},
		"a restricted test key": {[]string{"STRIPE_SECRET_KEY", "rk_test_x"}, fine, fine, fine, "STRIPE_SECRET_KEY"},
		"a publishable live key": {
			[]string{"STRIPE_PUBLISHABLE_KEY", "pk_live_x"},
			"STRIPE_PUBLISHABLE_KEY",
			"STRIPE_PUBLISHABLE_KEY", "STRIPE_PUBLISHABLE_KEY", fine,
		},
		"a publishable test key": {
			[]string{"STRIPE_PUBLISHABLE_KEY", "pk_test_x"},
			fine, fine, fine,
			"STRIPE_PUBLISHABLE_KEY",
		},
		"the secret for the public": {
			[]string{"STRIPE_PUBLISHABLE_KEY", "sk_test_x"},
			"STRIPE_PUBLISHABLE_KEY",
			"STRIPE_PUBLISHABLE_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_PUBLISHABLE_KEY",
		},
		"a key for the webhook": {
			[]string{"STRIPE_WEBHOOK_SECRET", "sk_test_x"},
			"STRIPE_WEBHOOK_SECRET",
			"STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET",
		},
		"a page's address in clear": {
			[]string{"PUBLIC_URL", "http://repazoo.example"},
			fine, "PUBLIC_URL", "PUBLIC_URL",
			"PUBLIC_URL",
		},
		"debugging": {[]string{"DEBUG", "true"}, fine, fine, fine, "DEBUG"},
	} {
		for env, want := range map[string]string{"local": c.local, "cfy": c.cfy, "ntf": c.ntf, "ai": c.ai} {
			if got := strings.Join(problems(t, config.Map(with(envs[env], c.changes...))), " "); got != want {
				t.Errorf("%s with %s: names %q, want %q", env, what, got, want)
			}
		}
	}
}

// All that is wrong is told at once, so that nobody mends one thing for each start.
func TestStart_NamesEverythingThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	wrong := []string{
		"JWT_SECRET_KEY", "change-me", "ENCRYPTION_KEY", "change-me", "DATABASE_URL", "mysql://a/b",
		"STRIPE_PUBLISHABLE_KEY", "none",
		"STRIPE_SECRET_KEY", "none", "STRIPE_WEBHOOK_SECRET", "none", "STRIPE_BASIC_PRICE_ID", "", "STRIPE_PRO_PRICE_ID",
		"", "PUBLIC_URL", "nowhere", "PORT", "http",
	}
	hosted := []string{"ANTHROPIC_API_KEY", "sk-ant-...", "TWITTER_CLIENT_ID", "", "TWITTER_CLIENT_SECRET", "your-secret"}
	for env, values := range environments(t) {
		var want []string
		for pair := range slices.Chunk(wrong, 2) {
			want = append(want, pair[0])
		}
		values = with(values, append(wrong, hosted...)...)
		if env != "local" {
			want = append(want, "ANTHROPIC_API_KEY", "TWITTER_CLIENT_ID", "TWITTER_CLIENT_SECRET")
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, problems(t, config.Map(values))); diff != "" {
			t.Errorf("%s: %s", env, diff)
		}
	}
}

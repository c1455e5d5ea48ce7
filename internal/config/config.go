// Package config reads everything that can be set about Repazoo into one struct.
//
//	cfg, err := config.Load(ctx, config.Process())
//
// The tags of [Config] are the one list of variables: name, default, aliases,
// range and meaning. docs/configuration.md and .env.example are made from them,
// and a test fails when they differ. Nothing else in the program reads the
// environment.
//
// For each variable the first of these counts: the environment, the file named
// by NAME_FILE, the file .env (only when REPAZOO_ENV is local), the vault, the
// default. An empty value is the same as none. [Load] reports everything that is
// wrong at once, as [Problems]; no sentence of theirs holds a secret.
//
// Files and the vault may change while the program runs: see [Config.Stamp] and
// [Config.Again].
//
// With nothing set, Repazoo runs whole on one machine: SQLite, in-process
// limits, generated keys kept in DATA_DIR, and stand-ins for X, Stripe and Claude.
package config

import (
	"context"
	"log/slog"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Environment says how strict the rules are.
type Environment string

// The environments. There are no others, and none is ever guessed.
const (
	Local       Environment = "local"
	Development Environment = "cfy"
	Staging     Environment = "ntf"
	Production  Environment = "ai"
)

// Config is the whole configuration, valid once [Load] has returned it.
type Config struct {
	Env Environment `env:"REPAZOO_ENV, default=local" doc:"local, cfy (development), ntf (staging) or ai (production). It cannot be set in .env."`

	Server Server `doc:"Server"`
	Store  Store  `doc:"Data"`
	Vault  Vault  `doc:"Vault"`
	Keys   Keys   `doc:"Keys and sessions"`
	X      X      `doc:"X"`
	Stripe Stripe `doc:"Stripe"`
	Trial  Trial  `doc:"Trials"`
	Claude Claude `doc:"Claude"`
	Mail   Mail   `doc:"E-mail"`
	Site   Site   `doc:"Who runs it"`
	Limits Limits `doc:"Limits and quotas"`
	Keep   Keep   `doc:"Retention"`
	Log    Log    `doc:"Logs"`
	Watch  Watch  `doc:"Monitoring"`
	Jobs   Jobs   `doc:"Background jobs"`

	origin *origin
	notes  []string
}

// Server is how Repazoo is reached.
type Server struct {
	Port           int      `env:"PORT, default=8000" range:"0-65535" doc:"The port to listen on; 0 takes a free one."`
	Host           string   `env:"HOST, default=127.0.0.1" doc:"The address to listen on; 0.0.0.0 in containers."`
	PublicURL      string   `env:"PUBLIC_URL" derived:"http://localhost:PORT in local" doc:"The address that browsers see. Required outside local."`
	CORSOrigins    List     `env:"CORS_ORIGINS" derived:"by environment" doc:"Origins whose pages may call the API with credentials, comma separated."`
	TrustedProxies Prefixes `env:"TRUSTED_PROXIES" doc:"Addresses or networks of reverse proxies whose X-Forwarded-For counts, comma separated."`
	Docs           Switch   `env:"DOCS_ENABLED" derived:"true, but false in ai" doc:"Serve the API's documentation pages."`
	Grace          int      `env:"SHUTDOWN_GRACE" derived:"6, but 0 in local" range:"0-60" doc:"Seconds from the signal to stop, after which /readyz says not ready, until no more connections are taken. Longer than your balancer takes to notice."`
	Debug          Switch   `env:"DEBUG, default=false" doc:"Log everything, whatever LOG_LEVEL says. Refused in ai."`
}

// Store is where data is kept.
type Store struct {
	DataDir     string `env:"DATA_DIR, default=./data" doc:"The directory of the SQLite file, generated keys and uploads."`
	DatabaseURL Secret `env:"DATABASE_URL" derived:"SQLite in DATA_DIR" doc:"postgres://... Required outside local unless EMBEDDED is true."`
	Schema      string `env:"DATABASE_SCHEMA" derived:"public, or repazoo beside another program's tables" doc:"The PostgreSQL schema of Repazoo's tables: lower-case letters, digits and underscores."`
	RedisURL    Secret `env:"REDIS_URL" derived:"in-process limits" doc:"redis:// or rediss://, or a comma separated list of cluster nodes. Needed as soon as two replicas run."`
	RedisWait   int    `env:"REDIS_TIMEOUT_MS, default=100" range:"1-60000" doc:"Milliseconds a request waits for Redis before this replica counts by itself for a second."`
	KeepAnswers Switch `env:"KEEP_ANSWERS, default=on" doc:"Answer what is asked most from at most 8 MiB of memory while nothing of it has changed; off reads each answer. Without effect on PostgreSQL without REDIS_URL, which keeps none."`
	Embedded    Switch `env:"EMBEDDED, default=false" doc:"Allow SQLite outside local, for self-hosting on one machine."`
}

// Keys are Repazoo's own secrets, and how long what they sign is good for.
type Keys struct {
	JWT           Secrets `env:"JWT_SECRET_KEY" derived:"generated, in local only" doc:"Signs access tokens. At least 32 random bytes; for rotation several, comma separated, the new one first."`
	Encryption    Secrets `env:"ENCRYPTION_KEY" derived:"generated, in local only" doc:"Encrypts stored tokens. At least 32 random bytes, not the same as JWT_SECRET_KEY; for rotation several, the new one first."`
	SupabaseJWT   Secret  `env:"SUPABASE_JWT_SECRET" doc:"Signs access tokens when JWT_SECRET_KEY is not set, so that Supabase's services accept them."`
	AccessMinutes int     `env:"ACCESS_TOKEN_EXPIRE_MINUTES, default=30" range:"1-1440" doc:"Minutes that an access token is good for."`
	RefreshDays   int     `env:"REFRESH_TOKEN_EXPIRE_DAYS, default=7" range:"1-90" doc:"Days that a session lives without being used."`
}

// X is the X API.
type X struct {
	ClientID     string `env:"TWITTER_CLIENT_ID" alias:"X_CLIENT_ID" derived:"a stand-in for X, in local only" doc:"The OAuth 2.0 client id of the X app."`
	ClientSecret Secret `env:"TWITTER_CLIENT_SECRET" alias:"X_CLIENT_SECRET" doc:"Its secret; not set for a public client."`
	AskEmail     Switch `env:"X_ASK_EMAIL, default=false" doc:"Ask X for people's confirmed e-mail address too, and mail notices there unless they give another or none. The X app must have the permission."`
	APIURL       string `env:"X_API_URL, default=https://api.x.com" doc:"Where the X API is."`
	AuthorizeURL string `env:"X_AUTHORIZE_URL, default=https://x.com/i/oauth2/authorize" doc:"Where users sign in to X."`
}

// Stripe is billing.
type Stripe struct {
	Billing        Switch `env:"BILLING, default=on" doc:"off gives everyone the pro plan and needs no Stripe."`
	SecretKey      Secret `env:"STRIPE_SECRET_KEY" derived:"a stand-in for Stripe, in local only" doc:"sk_live_... in ai, sk_test_... elsewhere."`
	WebhookSecret  Secret `env:"STRIPE_WEBHOOK_SECRET" doc:"whsec_...; without it there is no webhook address. Required outside local."`
	PublishableKey string `env:"STRIPE_PUBLISHABLE_KEY" doc:"pk_live_... in ai, pk_test_... elsewhere."`
	BasicPriceID   string `env:"STRIPE_BASIC_PRICE_ID" doc:"The monthly price of the basic plan, price_..."`
	ProPriceID     string `env:"STRIPE_PRO_PRICE_ID" doc:"The monthly price of the pro plan, price_..."`
	Tax            Switch `env:"STRIPE_TAX, default=off" doc:"on lets Stripe reckon tax and put it on invoices. Stripe Tax must be set up in the account: repazoo billing setup --check says what it lacks."`
	Codes          Switch `env:"PROMOTION_CODES, default=on" doc:"off takes no promotion codes, neither here nor on Stripe's payment page."`
	APIURL         string `env:"STRIPE_API_URL, default=https://api.stripe.com" doc:"Where the Stripe API is."`
}

// Trial is the free beginning of a person's first plan.
type Trial struct {
	Days        int    `env:"TRIAL_DAYS, default=0" range:"0-90" doc:"Days that a person's first plan costs nothing, once for ever; 0 for no trial."`
	WithoutCard string `env:"TRIAL_WITHOUT_CARD, default=no" doc:"no: a card is asked for when the trial begins. cancel or pause: it may begin without one, and what becomes of the plan when it ends without one."`
	Quota       int    `env:"TRIAL_QUOTA, default=10" range:"1-1000000" doc:"Analyses in a trial, and until its first payment; never more than the plan's."`
	Reads       int    `env:"TRIAL_X_READS, default=500" range:"1-1000000" doc:"Posts read from X in a trial, each of which X charges for; never more than the plan's."`
}

// Claude is the language model.
type Claude struct {
	APIKey     Secret `env:"ANTHROPIC_API_KEY" derived:"a stand-in in local, else screening without a model" doc:"The key of the Anthropic API."`
	AuthToken  Secret `env:"ANTHROPIC_AUTH_TOKEN" doc:"A bearer token instead of a key, for a gateway or a server of your own at ANTHROPIC_BASE_URL."`
	BasicModel string `env:"ANTHROPIC_BASIC_MODEL, default=claude-haiku-5-5" alias:"ANTHROPIC_HAIKU_MODEL" doc:"The model of the basic plan."`
	ProModel   string `env:"ANTHROPIC_PRO_MODEL, default=claude-sonnet-5-5" alias:"ANTHROPIC_SONNET_MODEL" doc:"The model of the pro plan."`
	Fallbacks  List   `env:"ANTHROPIC_FALLBACK_MODELS" doc:"Models that are asked, the first that answers, in place of one that its provider has retired; comma separated."`
	BaseURL    string `env:"ANTHROPIC_BASE_URL, default=https://api.anthropic.com" doc:"Where the Anthropic API is."`
	InFlight   int    `env:"ANTHROPIC_MAX_IN_FLIGHT" derived:"32, but 4 at another ANTHROPIC_BASE_URL" range:"1-256" doc:"Questions to one model at once from this process, at most: it begins with 4 and learns from the answers how many the provider bears. For a server of your own, as many as it computes at once."`
}

// Mail is how notices are mailed.
type Mail struct {
	URL  Secret `env:"SMTP_URL" derived:"no mail is sent" doc:"smtp://user:password@host:port, encrypted by STARTTLS, or smtps://. Notices are mailed to addresses that their users have confirmed."`
	From string `env:"SMTP_FROM" alias:"MAIL_FROM" doc:"The sender, such as Repazoo <no-reply@example.com>. Required with SMTP_URL."`
}

// Site is what the pages for everybody say of who runs this Repazoo.
type Site struct {
	Operator string `env:"OPERATOR_NAME" doc:"Who runs this Repazoo, as the pages on privacy, terms and contact name them."`
	Contact  string `env:"CONTACT" doc:"Where people write to: an e-mail address, or an https address of a page."`
	Security string `env:"SECURITY_CONTACT" derived:"CONTACT" doc:"Where weaknesses are reported to, the same; with either there is a /.well-known/security.txt."`
	Terms    string `env:"TERMS" derived:"terms that suit the program" doc:"Your own terms, plain text, best given as TERMS_FILE. An empty line ends a paragraph, and a line that begins with # is a heading."`
}

// Limits bounds what one user or address may ask for.
type Limits struct {
	PerMinute int `env:"RATE_LIMIT_PER_MINUTE, default=60" range:"1-1000000" doc:"Requests in any minute, for each user or address."`
	PerHour   int `env:"RATE_LIMIT_PER_HOUR, default=1000" range:"1-1000000" doc:"Requests in any hour, for each user or address."`

	SignInPerMinute  int `env:"RATE_LIMIT_SIGN_IN_PER_MINUTE, default=20" range:"1-1000000" doc:"Calls of the sign-in routes in any minute, for each address; a sign-in takes two. Links to reports are counted by themselves, with the same bounds."`
	SignInPerHour    int `env:"RATE_LIMIT_SIGN_IN_PER_HOUR, default=200" range:"1-1000000" doc:"The same in any hour."`
	RefreshPerMinute int `env:"RATE_LIMIT_REFRESH_PER_MINUTE, default=60" range:"1-1000000" doc:"Refresh tokens presented in any minute, for each address; a browser presents its own twice an hour."`
	RefreshPerHour   int `env:"RATE_LIMIT_REFRESH_PER_HOUR, default=600" range:"1-1000000" doc:"The same in any hour."`

	DraftsPerMinute int `env:"RATE_LIMIT_DRAFTS_PER_MINUTE, default=10" range:"1-1000000" doc:"Drafts checked in any minute, for each user; with a plan each asks the model once or twice."`
	DraftsPerHour   int `env:"RATE_LIMIT_DRAFTS_PER_HOUR, default=60" range:"1-1000000" doc:"The same in any hour."`

	CodesPerMinute int `env:"RATE_LIMIT_CODES_PER_MINUTE, default=10" range:"1-1000000" doc:"Promotion codes tried in any minute, for each user; choosing a plan with a code tries it twice."`
	CodesPerHour   int `env:"RATE_LIMIT_CODES_PER_HOUR, default=40" range:"1-1000000" doc:"The same in any hour."`

	BasicQuota int `env:"BASIC_TIER_MONTHLY_QUOTA, default=1000" range:"0-1000000" doc:"Analyses in a billing period on the basic plan."`
	ProQuota   int `env:"PRO_TIER_MONTHLY_QUOTA, default=10000" range:"0-1000000" doc:"Analyses in a billing period on the pro plan."`

	BasicCost int `env:"BASIC_TIER_MAX_COST_CENTS, default=300" range:"0-1000000" doc:"What X and the model together may cost in one analysis on the basic plan, in cents of a US dollar; it stops there. 0 for no ceiling."`
	ProCost   int `env:"PRO_TIER_MAX_COST_CENTS, default=2500" range:"0-1000000" doc:"The same on the pro plan."`

	CleanupPerDay int `env:"CLEANUP_MAX_PER_DAY, default=400" range:"1-4800" doc:"Posts of one account that a clean-up deletes at X in any 24 hours. X itself allows 50 in 15 minutes."`
}

// Keep is how long what belongs to users is kept.
type Keep struct {
	PostDays   int `env:"POST_RETENTION_DAYS, default=30" range:"1-30" doc:"Days that raw posts and uploaded archives are kept, sealed."`
	ReportDays int `env:"REPORT_RETENTION_DAYS, default=90" range:"1-3650" doc:"Days that reports are kept after their user's plan has ended. With BILLING=off they are kept until deleted."`
}

// Log is what is written to standard error.
type Log struct {
	Level  slog.Level `env:"LOG_LEVEL, default=info" doc:"debug, info, warn or error."`
	Format string     `env:"LOG_FORMAT, default=auto" doc:"text, json, or auto: text on a terminal, else json."`
	Access int        `env:"LOG_ACCESS_PERCENT, default=100" range:"0-100" doc:"How many of a hundred answered requests are logged. Those that ended with an error of the server all are."`
}

// Watch is what operators watch.
type Watch struct {
	MetricsAddr string `env:"METRICS_ADDR" doc:"Where Prometheus may read /metrics, such as 127.0.0.1:9090: a listener of its own, for everybody who reaches it."`
	TracesURL   string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" doc:"A collector of OpenTelemetry traces that speaks OTLP over HTTP, such as http://127.0.0.1:4318."`
	TracesPart  int    `env:"OTEL_TRACES_PERCENT, default=100" range:"0-100" doc:"How many of a hundred requests are traced."`
	SentryDSN   Secret `env:"SENTRY_DSN" doc:"A project of Sentry that is told of errors: the lines of the log of level error, and nothing else."`
}

// Jobs is the background work of this process.
type Jobs struct {
	Workers     Switch `env:"WORKERS, default=1" hint:"How many analyses run at once is JOB_CONCURRENCY." doc:"0 for a replica that answers requests and leaves the jobs to others, such as repazoo worker, which does not look at this."`
	Concurrency int    `env:"JOB_CONCURRENCY" derived:"4 for each core" range:"1-1000" doc:"Analyses that run at the same time in this process; one user has at most half of them. Webhooks, mails, billing and housekeeping have slots of their own."`
}

// Load reads, completes and validates. Its error is [Problems] unless a
// generated key could not be kept.
func Load(ctx context.Context, from Source) (*Config, error) {
	return load(ctx, &origin{from: from}, Problem.harmless)
}

// Check is [Load] for somebody who wants to hear of what does no harm, too.
func Check(ctx context.Context, from Source) (*Config, error) {
	return load(ctx, &origin{from: from}, Problem.remark)
}

// load forgives some problems.
func load(ctx context.Context, o *origin, forgiven func(Problem) bool) (*Config, error) {
	var problems Problems
	c := &Config{origin: o}
	values := o.open(ctx, all, &problems)
	decode(ctx, values, c, &problems)
	if problems.About("REPAZOO_ENV") || !c.Env.known() {
		problems.add("REPAZOO_ENV", "must be local, cfy, ntf or ai.")
		return nil, problems // every other rule depends on it
	}
	c.complete(values)
	if c.Env == Local && !o.vault.broken {
		if err := c.keepKeys(); err != nil {
			return nil, err
		}
	}
	before := len(problems)
	if c.check(values, &problems); o.vault.broken {
		problems = append(problems[:before], values.about(problems[before:])...)
	}
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Variable, b.Variable) })
	for _, p := range problems {
		if p.harmless() {
			c.notes = append(c.notes, p.Sentence)
		}
	}
	problems = slices.DeleteFunc(problems, forgiven)
	if len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// Notes are sentences on what [Load] let pass because it does no harm, such as a misspelled name.
func (c *Config) Notes() []string { return c.notes }

// complete sets the defaults that depend on other variables.
func (c *Config) complete(set settings) {
	if c.Server.PublicURL == "" && c.Env == Local {
		c.Server.PublicURL = "http://localhost:" + strconv.Itoa(c.Server.Port)
	}
	c.Server.PublicURL = strings.TrimRight(c.Server.PublicURL, "/")
	c.Vault.complete(c.Store.DataDir)
	if c.Server.CORSOrigins == nil {
		c.Server.CORSOrigins = defaultOrigins(c.Env, c.Server.Port)
	}
	if !set.has("SHUTDOWN_GRACE") && c.Env != Local {
		c.Server.Grace = 6
	}
	if !set.has("DOCS_ENABLED") {
		c.Server.Docs = c.Env != Production
	}
	if c.Keys.JWT == nil && c.Keys.SupabaseJWT.IsSet() {
		c.Keys.JWT = Secrets{c.Keys.SupabaseJWT}
		set["JWT_SECRET_KEY"] = given{source: "SUPABASE_JWT_SECRET"}
	}
	if c.Server.Debug {
		c.Log.Level = min(c.Log.Level, slog.LevelDebug)
	}
	if !set.has("JOB_CONCURRENCY") {
		c.Jobs.Concurrency = 4 * runtime.NumCPU()
	}
	if !set.has("ANTHROPIC_MAX_IN_FLIGHT") {
		c.Claude.InFlight = inFlight(c.Claude.BaseURL)
	}
}

// inFlight is as many as Anthropic's lower limits bear, and few for a server that may be one machine.
func inFlight(baseURL string) int {
	if u, err := url.Parse(baseURL); err == nil && u.Hostname() == "api.anthropic.com" {
		return 32
	}
	return 4
}

func defaultOrigins(env Environment, port int) List {
	switch env {
	case Local:
		return List{"http://localhost:" + strconv.Itoa(port), "http://localhost:3000"}
	case Production:
		return List{"https://ai.repazoo.com", "https://dash.repazoo.com"}
	}
	return List{"https://" + string(env) + ".repazoo.com"}
}

func (e Environment) known() bool {
	return e == Local || e == Development || e == Staging || e == Production
}

// UseSandboxX reports whether the built-in stand-in serves as X.
func (c *Config) UseSandboxX() bool { return c.Env == Local && c.X.ClientID == "" }

// UseSandboxStripe reports whether the built-in stand-in serves as Stripe.
func (c *Config) UseSandboxStripe() bool {
	return c.Env == Local && bool(c.Stripe.Billing) && !c.Stripe.SecretKey.IsSet()
}

// UseSandboxClaude reports whether the built-in stand-in serves as Claude.
func (c *Config) UseSandboxClaude() bool { return c.Env == Local && !c.Claude.IsSet() }

// IsSet reports whether a model can be asked.
func (c Claude) IsSet() bool { return c.APIKey.IsSet() || c.AuthToken.IsSet() }

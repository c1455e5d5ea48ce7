package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// minKey is the shortest Repazoo key, in bytes.
const minKey = 32

// minDistinct is how many different bytes a key must have; random keys of
// minKey hexadecimal digits have more.
const minDistinct = 8

// placeholders are what example files put where a secret belongs.
var placeholders = []string{
	"change-me", "changeme", "change_me", "change-in", "change_in", "your-", "your_",
	"placeholder", "example", "insecure", "secret-key", "secret_key", "default",
}

// retired are variables of the earlier system, and what replaces each.
var retired = map[string]string{
	"SUPABASE_URL":         "DATABASE_URL",
	"SUPABASE_SERVICE_KEY": "DATABASE_URL",
	"SUPABASE_ANON_KEY":    "DATABASE_URL",
}

// Problem is one reason why the configuration cannot be used.
type Problem struct {
	Variable string // NAME, NAME_FILE or .env
	Sentence string // begins with the variable's name
	kind     kindOfProblem
}

type kindOfProblem uint8

const (
	fatal    kindOfProblem = iota
	harmless               // a mistake that [Check] alone refuses
	remark                 // no mistake: [Config.Notes] tells it
	passing                // goes away by itself, as when a server does not answer
)

func (p Problem) harmless() bool { return p.kind == harmless || p.kind == remark }
func (p Problem) remark() bool   { return p.kind == remark }

// Passing reports whether what is wrong may be right in a moment, with nothing changed.
func (p Problems) Passing() bool {
	return slices.ContainsFunc(p, func(q Problem) bool { return q.kind == passing })
}

// Problems are all of them, at most one for each variable.
type Problems []Problem

// Error has one line for each problem.
func (p Problems) Error() string {
	var b strings.Builder
	b.WriteString("the configuration cannot be used:")
	if !slices.ContainsFunc(p, func(q Problem) bool { return !q.harmless() }) {
		b.Reset()
		b.WriteString("the configuration can be used, but not all of it has an effect:")
	}
	for _, problem := range p {
		b.WriteString("\n  " + problem.Sentence)
	}
	return b.String()
}

// About reports whether there is a problem with the variable.
func (p Problems) About(variable string) bool {
	return slices.ContainsFunc(p, func(q Problem) bool { return q.Variable == variable })
}

// add keeps the first problem of each variable: later ones only follow from it.
func (p *Problems) add(variable, format string, args ...any) {
	p.addKind(fatal, variable, format, args...)
}

func (p *Problems) addKind(kind kindOfProblem, variable, format string, args ...any) {
	if !p.About(variable) {
		*p = append(*p, Problem{variable, variable + " " + fmt.Sprintf(format, args...), kind})
	}
}

// check applies every rule.
func (c *Config) check(set settings, p *Problems) {
	c.checkRanges(set, p)
	c.checkServer(p)
	c.checkStore(set, p)
	c.checkKeys(p)
	c.checkStripe(p)
	c.checkStandIns(p)
	c.checkExamples(p)
	c.checkMail(p)
	c.checkSite(p)
	c.checkWatch(p)
	if c.Env != Local && c.X.ClientID == "" {
		p.add("TWITTER_CLIENT_ID", "is required when REPAZOO_ENV is %s.", c.Env)
	}
	for name, address := range map[string]string{
		"X_API_URL": c.X.APIURL, "X_AUTHORIZE_URL": c.X.AuthorizeURL,
		"STRIPE_API_URL": c.Stripe.APIURL, "ANTHROPIC_BASE_URL": c.Claude.BaseURL,
	} {
		c.checkURL(name, address, p)
	}
	if !slices.Contains([]string{"auto", "text", "json"}, c.Log.Format) {
		p.add("LOG_FORMAT", "must be auto, text or json.")
	}
}

// checkRanges applies the range tags.
func (c *Config) checkRanges(set settings, p *Problems) {
	for v, place := range fields(reflect.ValueOf(c).Elem()) {
		from, to, found := strings.Cut(v.tag.Get("range"), "-")
		if !found || !set.has(v.Name) {
			continue
		}
		low, _ := strconv.ParseInt(from, 10, 64)
		high, _ := strconv.ParseInt(to, 10, 64)
		if n := place.Int(); n < low || n > high {
			p.add(v.Name, "must be from %d to %d.", low, high)
		}
	}
}

func (c *Config) checkWatch(p *Problems) {
	if at := c.Watch.MetricsAddr; at != "" {
		if _, err := net.ResolveTCPAddr("tcp", at); err != nil {
			p.add("METRICS_ADDR", "must be an address and a port, such as 127.0.0.1:9090.")
		}
	}
	if at := c.Watch.TracesURL; at != "" {
		if u, err := url.Parse(at); err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			p.add("OTEL_EXPORTER_OTLP_ENDPOINT", "must be an address such as http://127.0.0.1:4318.")
		}
	}
}

func (c *Config) checkServer(p *Problems) {
	if c.Server.PublicURL == "" {
		p.add("PUBLIC_URL", "is required when REPAZOO_ENV is %s: the address that browsers see.", c.Env)
	} else {
		c.checkURL("PUBLIC_URL", c.Server.PublicURL, p)
		if u, err := url.Parse(c.Server.PublicURL); err == nil && strings.Trim(u.Path, "/") != "" {
			p.add("PUBLIC_URL", "must have no path: Repazoo is served at the root of its host.")
		}
	}
	for _, origin := range c.Server.CORSOrigins {
		u, err := url.Parse(origin)
		if err != nil || origin != u.Scheme+"://"+u.Host || u.Host == "" || strings.Contains(origin, "*") {
			p.add("CORS_ORIGINS", "must list origins like https://dash.repazoo.com, without a path or *.")
			continue
		}
		c.checkURL("CORS_ORIGINS", origin, p)
	}
	if bool(c.Server.Debug) && c.Env == Production {
		p.add("DEBUG", "must be off when REPAZOO_ENV is ai.")
	}
}

// checkURL wants an absolute address without credentials, encrypted outside local.
func (c *Config) checkURL(name, address string, p *Problems) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		p.add(name, "must be an address that begins with https://.")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		p.add(name, "must hold no user, query or fragment.")
	case u.Scheme == "http" && c.Env != Local:
		p.add(name, "must begin with https:// when REPAZOO_ENV is %s.", c.Env)
	}
}

// schemaName is a name that PostgreSQL takes without quotes.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// schemasOfOthers are PostgreSQL's own and Supabase's.
var schemasOfOthers = []string{
	"auth", "information_schema", "storage", "realtime", "vault", "extensions", "graphql",
	"graphql_public",
}

func (c *Config) checkStore(set settings, p *Problems) {
	database := c.Store.DatabaseURL
	switch {
	case database.IsSet():
		if !hasScheme(database.Reveal(), "postgres", "postgresql") {
			p.add("DATABASE_URL", "must begin with postgres://.")
		}
	case c.Env != Local && !bool(c.Store.Embedded):
		p.add("DATABASE_URL", "is required when REPAZOO_ENV is %s, unless EMBEDDED is true.", c.Env)
	}
	if name := c.Store.Schema; name != "" {
		if !database.IsSet() {
			p.add("DATABASE_SCHEMA", "is for PostgreSQL: set DATABASE_URL, or leave it out.")
		}
		if !schemaName.MatchString(name) || strings.HasPrefix(name, "pg_") || slices.Contains(schemasOfOthers, name) {
			p.add("DATABASE_SCHEMA", "must be of lower-case letters, digits and underscores, and neither begin with pg_ nor "+
				"be auth.")
		}
	}
	for name, successor := range retired {
		if set.has(name) && !database.IsSet() {
			p.add(name, "is no longer used: set %s to the connection string that Supabase shows under Connect.", successor)
		}
	}
	for part := range strings.SplitSeq(c.Store.RedisURL.Reveal(), ",") {
		if part != "" && !hasScheme(strings.TrimSpace(part), "redis", "rediss") {
			p.add("REDIS_URL", "must begin with redis:// or rediss://, each of a list too.")
		}
	}
}

func hasScheme(address string, schemes ...string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Host != ""
}

// checkKeys wants good keys, and each of them for one use only.
func (c *Config) checkKeys(p *Problems) {
	seen := map[string]bool{}
	for _, variable := range []struct {
		name string
		keys Secrets
	}{{"JWT_SECRET_KEY", c.Keys.JWT}, {"ENCRYPTION_KEY", c.Keys.Encryption}} {
		c.checkSecrets(variable.name, variable.keys, p)
		for _, key := range variable.keys.Reveal() {
			if seen[key] {
				p.add(variable.name, "must not repeat a key, neither its own nor that of JWT_SECRET_KEY.")
			}
			seen[key] = true
		}
	}
}

func (c *Config) checkSecrets(name string, keys Secrets, p *Problems) {
	if len(keys) == 0 {
		p.add(name, "is required when REPAZOO_ENV is %s: at least %d random bytes, for example from `openssl rand -base64 "+
			"32`.", c.Env, minKey)
	}
	for _, key := range keys.Reveal() {
		switch {
		case len(key) < minKey:
			p.add(name, "must be at least %d bytes long.", minKey)
		case isPlaceholder(key) || distinct(key) < minDistinct:
			p.add(name, "must be random, not an example value: make one with `openssl rand -base64 32`.")
		}
	}
}

func isPlaceholder(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc(placeholders, func(s string) bool { return strings.Contains(key, s) })
}

// checkStandIns tells of secrets that are not used, because the service that they belong to is a stand-in.
func (c *Config) checkStandIns(p *Problems) {
	if c.UseSandboxStripe() && c.Stripe.WebhookSecret.IsSet() {
		p.addKind(remark, "STRIPE_WEBHOOK_SECRET",
			"is not used while Stripe is a stand-in, which signs with a secret of its own: "+
				"set STRIPE_SECRET_KEY as well.")
	}
}

// checkExamples finds what was copied from an example file and never filled in. On one's own machine such values may be
// those of a stand-in.
func (c *Config) checkExamples(p *Problems) {
	if c.Env == Local {
		return
	}
	for name, value := range map[string]string{
		"TWITTER_CLIENT_ID": c.X.ClientID, "TWITTER_CLIENT_SECRET": c.X.ClientSecret.Reveal(),
		"ANTHROPIC_API_KEY":    c.Claude.APIKey.Reveal(),
		"ANTHROPIC_AUTH_TOKEN": c.Claude.AuthToken.Reveal(),
		"STRIPE_SECRET_KEY":    c.Stripe.SecretKey.Reveal(), "STRIPE_WEBHOOK_SECRET": c.Stripe.WebhookSecret.Reveal(),
	} {
		if isPlaceholder(value) || strings.HasSuffix(value, "...") {
			p.add(name, "must be your own, not an example value: the provider shows it to you.")
		}
	}
}

func distinct(key string) int {
	bytes := []byte(key)
	slices.Sort(bytes)
	return len(slices.Compact(bytes))
}

// checkSite wants addresses that people can write to.
func (c *Config) checkSite(p *Problems) {
	for name, address := range map[string]string{"CONTACT": c.Site.Contact, "SECURITY_CONTACT": c.Site.Security} {
		page, err := url.Parse(address)
		if address == "" || err == nil && page.Scheme == "https" && page.Host != "" {
			continue
		}
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			p.add(name, "must be an e-mail address such as help@example.com, or an https address.")
		}
	}
}

// checkMail wants a server and a sender, or neither.
func (c *Config) checkMail(p *Problems) {
	if !c.Mail.URL.IsSet() {
		return
	}
	if !hasScheme(c.Mail.URL.Reveal(), "smtp", "smtps") {
		p.add("SMTP_URL", "must look like smtp://user:password@host:port or smtps://.")
	}
	if _, err := mail.ParseAddress(c.Mail.From); err != nil {
		p.add("SMTP_FROM", "must be an address such as Repazoo <no-reply@example.com>.")
	}
}

// checkStripe wants everything or nothing, and the keys of the right mode:
// real money moves in production only.
func (c *Config) checkStripe(p *Problems) {
	if w := c.Trial.WithoutCard; w != "no" && w != "cancel" && w != "pause" {
		p.add("TRIAL_WITHOUT_CARD", "must be no, cancel or pause.")
	}
	s := c.Stripe
	if !bool(s.Billing) || c.UseSandboxStripe() {
		return
	}
	required := map[string]string{
		"STRIPE_SECRET_KEY":     s.SecretKey.Reveal(),
		"STRIPE_BASIC_PRICE_ID": s.BasicPriceID,
		"STRIPE_PRO_PRICE_ID":   s.ProPriceID,
	}
	if c.Env != Local {
		required["STRIPE_WEBHOOK_SECRET"] = s.WebhookSecret.Reveal()
	}
	for name, value := range required {
		if value == "" {
			p.add(name, "is required for billing: set it, or BILLING=off.")
		}
	}
	mode := "test"
	if c.Env == Production {
		mode = "live"
	}
	if key := s.SecretKey.Reveal(); key != "" && !strings.HasPrefix(key, "sk_"+mode+"_") &&
		!strings.HasPrefix(key, "rk_"+mode+"_") {
		p.add("STRIPE_SECRET_KEY", "must begin with sk_%s_ when REPAZOO_ENV is %s.", mode, c.Env)
	}
	if key := s.PublishableKey; key != "" && !strings.HasPrefix(key, "pk_"+mode+"_") {
		p.add("STRIPE_PUBLISHABLE_KEY", "must begin with pk_%s_ when REPAZOO_ENV is %s.", mode, c.Env)
	}
	if hook := s.WebhookSecret.Reveal(); hook != "" && !strings.HasPrefix(hook, "whsec_") {
		p.add("STRIPE_WEBHOOK_SECRET", "must begin with whsec_.")
	}
}

// Package app wires Repazoo together. It is what `repazoo serve` runs and what the
// end-to-end tests start, on a free port, with the same code.
//
//	a, err := app.New(ctx, cfg, app.Options{Log: log})
//	defer a.Close()
//	err = a.Run(ctx) // serves until ctx ends, then drains
//
// [New] opens the listener, the database and the clients, brings the schema up to date and
// builds the services; nothing else in the program constructs one.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"golang.org/x/sync/errgroup"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/billing/stripeapi"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/console"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/health"
	"github.com/repazoo/repazoo/internal/httpapi"
	"github.com/repazoo/repazoo/internal/keyring"
	"github.com/repazoo/repazoo/internal/limit"
	"github.com/repazoo/repazoo/internal/metrics"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/once"
	"github.com/repazoo/repazoo/internal/operate"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/privacy"
	"github.com/repazoo/repazoo/internal/sandbox"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/schedule"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/share"
	"github.com/repazoo/repazoo/internal/tracing"
	"github.com/repazoo/repazoo/internal/xapi"
)

// Options are what a run needs besides its configuration.
type Options struct {
	Log     *slog.Logger     // nil: discard
	Now     func() time.Time // nil: time.Now
	Version string
	Commit  string

	WorkerOnly bool // run background jobs and serve nobody

	Lease  time.Duration // of a running analysis; 0: its default
	Look   time.Duration // how often changed secrets are looked for; 0: its default
	Tick   time.Duration // how often due schedules are looked for; 0: each ten seconds
	Prove  time.Duration // how often row-level security is proven; 0: each minute
	Bounds Bounds        // how long a connection may take; zero: the defaults

	GraceOver <-chan struct{} // ends SHUTDOWN_GRACE early when it is closed; nil: it lasts its time
}

// App is one process of Repazoo.
type App struct {
	cfg  *config.Config
	opt  Options
	log  *slog.Logger
	lock *os.File // of the data directory; nil on Postgres

	listener net.Listener
	server   *http.Server
	unused   unused
	sandbox  *sandbox.Sandbox // nil when every outside service is real
	redis    *limit.Redis
	scrapes  net.Listener     // nil: nobody watches
	metrics  *metrics.Metrics // the same
	traces   *tracing.Tracer  // the same
	limits   *limit.Limiter
	health   *health.Checker
	keys     *keyring.Keyring
	secrets  secrets
	x        *xapi.Client
	model    *claude.Client        // nil: the screen stands alone
	mailer   *notice.Mailer        // nil: no mail is sent
	leaving  atomic.Bool           // from the signal to stop on
	working  atomic.Bool           // from the start of the workers to the drain
	policies atomic.Pointer[error] // what the last proof of row-level security found to be off

	DB        *db.DB
	Seal      *seal.Sealer
	Accounts  *account.Service
	Billing   *billing.Service
	Notices   *notice.Service
	Schedules *schedule.Service
	Analyses  *analysis.Service
	Cleanups  *cleanup.Service
	Shares    *share.Service
	Privacy   *privacy.Service
	Refusals  *audit.Refusals
	API       *httpapi.API
}

// New builds everything and listens, but serves nothing yet.
func New(ctx context.Context, cfg *config.Config, opt Options) (*App, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	a := &App{cfg: cfg, opt: opt, log: opt.Log}
	if err := a.refuseLoneWorker(); err != nil {
		return nil, err
	}
	a.secrets.cfg.Store(new(*cfg)) // as it was read
	for _, step := range []func(context.Context) error{
		a.listen, a.openMetrics, a.openTraces, a.lockData, a.openSandbox,
		a.openDB, a.openServices, a.checkKeys, a.openServer,
	} {
		if err := step(ctx); err != nil {
			a.Close()
			return nil, err
		}
	}
	return a, nil
}

func (a *App) listen(ctx context.Context) (err error) {
	host := a.cfg.Server.Host
	if a.opt.WorkerOnly {
		host = workerHost
	}
	address := net.JoinHostPort(host, fmt.Sprint(a.cfg.Server.Port))
	a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (is another Repazoo running? set PORT to use another port)", address,
			errors.Unwrap(err))
	}
	if a.cfg.Server.Port == 0 && !a.opt.WorkerOnly { // a free one was taken, so the address is only known now
		a.cfg.Server.PublicURL = strings.TrimSuffix(strings.Replace(a.cfg.Server.PublicURL, ":0",
			fmt.Sprintf(":%d", a.port()), 1), "/")
	}
	return nil
}

func (a *App) port() int { return a.listener.Addr().(*net.TCPAddr).Port }

// URL is the address browsers use.
func (a *App) URL() string { return a.cfg.Server.PublicURL }

// Address is where this very process listens, whatever browsers see.
func (a *App) Address() string { return fmt.Sprintf("http://127.0.0.1:%d", a.port()) }

func (a *App) openDB(ctx context.Context) (err error) {
	c := where(a.cfg)
	c.AllowBypass, c.Now, c.Log, c.Traces = a.cfg.Env == config.Local, a.opt.Now, a.log.With("part", "db"), a.traces
	if a.DB, err = db.Open(ctx, c); err != nil {
		return err
	}
	pending, err := a.DB.Pending(ctx)
	if err != nil {
		return err
	}
	if !pending {
		return a.provePolicies(ctx)
	}
	n, err := a.DB.Migrate(ctx)
	if err != nil {
		return fmt.Errorf("bring the database schema up to date: %w", err)
	}
	a.log.InfoContext(ctx, "database schema is up to date", "steps", n)
	return a.provePolicies(ctx)
}

func (a *App) openServices(context.Context) (err error) {
	if a.Seal, err = seal.New(a.cfg.Keys.Encryption.Reveal()...); err != nil {
		return err
	}
	a.x, a.model = xapi.New(a.xConfig()), a.claude()
	if a.Accounts, err = account.New(account.Config{
		DB: a.DB, Seal: a.Seal, X: a.x, JWTKeys: a.cfg.Keys.JWT.Reveal(), PlainKey: plainKey(a.cfg), PublicURL: a.URL(),
		ReturnHosts: returnHosts(a.cfg.Env),
		AskEmail:    bool(a.cfg.X.AskEmail), Local: a.cfg.Env == config.Local, Now: a.opt.Now,
		Log:        a.log.With("part", "account"),
		AccessTTL:  time.Duration(a.cfg.Keys.AccessMinutes) * time.Minute,
		RefreshTTL: time.Duration(a.cfg.Keys.RefreshDays) * 24 * time.Hour,
	}); err != nil {
		return err
	}
	if a.Billing, err = billing.New(a.billingConfig()); err != nil {
		return err
	}
	if a.mailer, err = newMailer(a.cfg); err != nil {
		return err
	}
	if a.mailer != nil {
		a.mailer.Count = func(status string, took time.Duration) { a.metrics.Outside("mail", status, took) }
	}
	a.Notices = notice.New(notice.Config{
		DB: a.DB, Seal: a.Seal, Local: a.cfg.Env == config.Local, Mailer: a.mailer, PublicURL: a.URL(),
		Log: a.log.With("part", "notice"), Hooked: a.metrics.Hook,
	})
	a.Analyses = analysis.New(analysis.Config{
		DB: a.DB, Seal: a.Seal, Accounts: a.Accounts, Billing: a.Billing, X: a.x, Claude: a.model,
		Prices:      assess.DefaultPrices(),
		SecondModel: a.cfg.Claude.ProModel, Fallbacks: a.cfg.Claude.Fallbacks, TakeDraft: a.takeDraft,
		PerUser: max(1, a.cfg.Jobs.Concurrency/2),
		App:     a.opt.Version, Lease: a.opt.Lease, Metrics: a.metrics, Log: a.log.With("part", "analysis"),
		KeepFor: time.Duration(a.cfg.Keep.PostDays) * 24 * time.Hour, KeepReports: a.keepReports(),
	})
	a.Schedules = schedule.New(schedule.Config{
		DB: a.DB, Accounts: a.Accounts, Billing: a.Billing, Analyses: a.Analyses,
		Log: a.log.With("part", "schedule"),
	})
	a.Cleanups = cleanup.New(cleanup.Config{
		DB: a.DB, Seal: a.Seal, Accounts: a.Accounts, Billing: a.Billing, Analyses: a.Analyses, X: a.x,
		PerDay: a.cfg.Limits.CleanupPerDay, Metrics: a.metrics, Log: a.log.With("part", "cleanup"),
	})
	a.Shares = share.New(share.Config{DB: a.DB, Accounts: a.Accounts, Analyses: a.Analyses})
	a.Refusals = audit.NewRefusals(a.DB)
	a.Privacy = privacy.New(privacy.Config{
		DB: a.DB, Accounts: a.Accounts, Billing: a.Billing, Analyses: a.Analyses, Cleanups: a.Cleanups, Shares: a.Shares,
		Log: a.log.With("part", "privacy"),
	})
	return nil
}

// newMailer is nil where no mail server is configured.
func newMailer(c *config.Config) (m *notice.Mailer, err error) {
	if c.Mail.URL.IsSet() {
		m, err = notice.NewMailer(c.Mail.URL.Reveal(), c.Mail.From, c.Env == config.Local)
	}
	return m, err
}

// keepReports is how long reports outlive a plan; where everything is included, no plan ever ends.
func (a *App) keepReports() time.Duration {
	if !bool(a.cfg.Stripe.Billing) {
		return 0
	}
	return time.Duration(a.cfg.Keep.ReportDays) * 24 * time.Hour
}

// openSandbox starts the stand-ins for the services that are not configured; only local does.
// Their clock can be moved, and the rest of this process goes by it.
func (a *App) openSandbox(context.Context) (err error) {
	c := a.cfg
	if a.opt.WorkerOnly || len(a.sandboxed()) == 0 {
		return nil
	}
	// the database remembers what the stand-ins promised, so they must too
	state := filepath.Join(c.Store.DataDir, "sandbox.json")
	if a.sandbox, err = sandbox.Open(sandbox.Config{Now: a.opt.Now, PublicURL: a.URL(), StateFile: state}); err != nil {
		return err
	}
	a.opt.Now = a.sandbox.Now
	if c.UseSandboxStripe() {
		a.sandbox.Stripe().DeliverTo(a.Address()+"/webhooks/stripe", stripesandbox.WebhookSecret)
	}
	return nil
}

// sandboxed names the services that are stand-ins in this process.
func (a *App) sandboxed() []string {
	names := []string{}
	for _, s := range []struct {
		name string
		is   bool
	}{{"X", a.cfg.UseSandboxX()}, {"Stripe", a.cfg.UseSandboxStripe()}, {"Claude", a.cfg.UseSandboxClaude()}} {
		if s.is {
			names = append(names, s.name)
		}
	}
	return names
}

func (a *App) xConfig() xapi.Config {
	if a.cfg.UseSandboxX() {
		return xapi.Config{
			ClientID: xsandbox.ClientID, ClientSecret: xsandbox.ClientSecret, APIURL: a.standIns() + "/x",
			AuthorizeURL: a.URL() + "/x/i/oauth2/authorize",
			HTTP:         a.outside("x"), Now: a.opt.Now,
		}
	}
	c := a.cfg.X
	return xapi.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), APIURL: c.APIURL,
		AuthorizeURL: c.AuthorizeURL, HTTP: a.outside("x"), Now: a.opt.Now,
	}
}

func (a *App) billingConfig() billing.Config {
	c := a.cfg.Stripe
	b := billing.Config{
		DB: a.DB, StripeKey: c.SecretKey.Reveal(), StripeURL: c.APIURL, WebhookSecret: c.WebhookSecret.Reveal(),
		BasicPrice: c.BasicPriceID, ProPrice: c.ProPriceID, PublicURL: a.URL(), Off: !bool(c.Billing), Tiers: a.tiers(),
		HTTP: a.outside("stripe"), Now: a.opt.Now, Log: a.log.With("part", "billing"),
		Trial: trial(a.cfg), Codes: bool(c.Codes), Tax: bool(c.Tax), TakeCode: a.takeCode, Mark: a.markX,
	}
	if a.cfg.UseSandboxStripe() {
		b.StripeKey, b.StripeURL, b.WebhookSecret = stripesandbox.APIKey, a.standIns()+"/stripe", stripesandbox.WebhookSecret
		b.BasicPrice, b.ProPrice = stripesandbox.BasicPrice, stripesandbox.ProPrice
	}
	return b
}

func (a *App) tiers() plan.Tiers {
	t := plan.DefaultTiers()
	t.Basic.Quota, t.Pro.Quota = a.cfg.Limits.BasicQuota, a.cfg.Limits.ProQuota
	t.Basic.MaxCostCents, t.Pro.MaxCostCents = a.cfg.Limits.BasicCost, a.cfg.Limits.ProCost
	t.Basic.Model, t.Pro.Model = a.cfg.Claude.BasicModel, a.cfg.Claude.ProModel
	return t
}

// claude is nil when no model is configured: the screen then stands alone.
func (a *App) claude() *claude.Client {
	if a.cfg.UseSandboxClaude() {
		return claude.New(claude.Config{
			APIKey: claudesandbox.APIKey, BaseURL: a.standIns() + "/claude", HTTP: a.outside("claude"),
			MaxInFlight: a.cfg.Claude.InFlight,
		})
	}
	if !a.cfg.Claude.IsSet() {
		return nil
	}
	return claude.New(claude.Config{
		APIKey: a.cfg.Claude.APIKey.Reveal(), Token: a.cfg.Claude.AuthToken.Reveal(), BaseURL: a.cfg.Claude.BaseURL,
		HTTP:        a.outside("claude"),
		MaxInFlight: a.cfg.Claude.InFlight,
	})
}

func (a *App) openServer(context.Context) error {
	limiter, probe, err := a.limiter()
	if err != nil {
		return err
	}
	a.limits = limiter
	if a.shared() {
		a.DB.MarkWith(a.markUsers)
	}
	memory, err := a.memory()
	if err != nil {
		return err
	}
	l := a.cfg.Limits
	checker := health.New(map[string]health.Part{
		"db": {Probe: a.DB.Ping}, "schema": {Probe: a.probeSchema}, "jobs": {Probe: a.probeJobs},
		"seal":     {Probe: a.probeSeal},
		"policies": {Probe: a.policiesProbe()},
		"vault":    {Probe: a.vaultProbe(), Spared: true}, // what was read from it is here
		"redis":    {Probe: probe, Spared: true},          // each replica counts by itself meanwhile
	}, a.opt.Now, a.log)
	a.health = checker
	a.readings(checker)
	a.API = httpapi.New(httpapi.Config{
		Accounts: a.Accounts, Billing: a.Billing, Notices: a.Notices, Analyses: a.Analyses, Schedules: a.Schedules,
		Cleanups: a.Cleanups,
		Shares:   a.Shares, Privacy: a.Privacy, Audit: audit.NewLog(a.DB), Refusals: a.Refusals, Limiter: limiter,
		Windows:        windows(l.PerMinute, l.PerHour),
		SignInWindows:  windows(l.SignInPerMinute, l.SignInPerHour),
		RefreshWindows: windows(l.RefreshPerMinute, l.RefreshPerHour),
		LimitKey:       a.limitKey,
		Memory:         memory, Now: a.opt.Now, Versions: versions{a.Seal},
		Health: checker, Metrics: a.metrics, Traces: a.traces, Log: a.log, AccessLog: a.cfg.Log.Access,
		Pages: console.New(console.Config{
			Accounts: a.Accounts, Billing: a.Billing, Notices: a.Notices, Analyses: a.Analyses, Schedules: a.Schedules,
			Cleanups: a.Cleanups, Privacy: a.Privacy,
			Shares: a.Shares, Audit: audit.NewLog(a.DB), Desk: operate.New(operate.Config{
				DB: a.DB, Health: checker, Audit: audit.NewLog(a.DB), Accounts: a.Accounts, Billing: a.Billing,
				Analyses: a.Analyses,
			}), Sandboxed: a.sandboxed(),
			Version: a.opt.Version, DocsEnabled: bool(a.cfg.Server.Docs), Log: a.log, Site: a.site(),
		}),
		Info: httpapi.Info{
			Name: "repazoo", Version: a.opt.Version, Commit: a.opt.Commit,
			Environment: string(a.cfg.Env), Sandboxed: a.sandboxed(),
		},
		PublicURL: a.URL(), CORSOrigins: a.cfg.Server.CORSOrigins, TrustedProxies: a.cfg.Server.TrustedProxies,
		SignInHosts: []string{
			"https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com",
			"https://x.com",
		},
		Docs: bool(a.cfg.Server.Docs), Webhooks: a.billingConfig().WebhookSecret != "",
		MaxArchive: maxArchive, TempDir: a.cfg.Store.DataDir, BodyTimeout: a.opt.Bounds.Body, UploadIdle: a.opt.Bounds.Upload,
	})
	a.server = a.newServer()
	return nil
}

// site is what the pages for everybody say.
func (a *App) site() console.Site {
	s := a.cfg.Site
	return console.Site{
		URL: a.URL(), Operator: s.Operator, Contact: s.Contact, Security: s.Security, Terms: s.Terms,
		PostDays: a.cfg.Keep.PostDays, ReportDays: a.cfg.Keep.ReportDays,
		Judged: a.model != nil, Free: !bool(a.cfg.Stripe.Billing), Now: a.opt.Now,
	}
}

func windows(perMinute, perHour int) []limit.Window {
	return []limit.Window{
		{Name: "minute", Limit: perMinute, Per: time.Minute},
		{Name: "hour", Limit: perHour, Per: time.Hour},
	}
}

// maxArchive is the largest upload; larger archives are for `repazoo analyze`.
const maxArchive = 4 << 30

func (a *App) limiter() (*limit.Limiter, health.Probe, error) {
	url := a.cfg.Store.RedisURL.Reveal()
	if url == "" {
		if a.DB.Name() == "sqlite" { // which one process owns
			return limit.NewAlone(limit.NewLocal(a.opt.Now), time.Now), nil, nil
		}
		return limit.New(limit.NewLocal(a.opt.Now), nil, 0), nil, nil
	}
	var err error
	if a.redis, err = limit.Open(url); err != nil {
		return nil, nil, err
	}
	l := limit.New(limit.NewLocal(a.opt.Now), a.redis, time.Duration(a.cfg.Store.RedisWait)*time.Millisecond)
	return l, l.Healthy, nil
}

// probeSeal proves that secrets can be opened: what was sealed before still opens now.
func (a *App) probeSeal(context.Context) error {
	_, err := a.Seal.Open(a.Seal.Seal([]byte("probe"), nil), nil)
	return err
}

// probeJobs keeps traffic away from a process whose workers have not begun, or that is going.
func (a *App) probeJobs(context.Context) error {
	if !a.working.Load() {
		return errors.New("no job is taken")
	}
	return nil
}

func (a *App) probeSchema(ctx context.Context) error {
	pending, err := a.DB.Pending(ctx)
	if err == nil && pending {
		err = errors.New("migrations are pending")
	}
	return err
}

// handler puts the stand-ins beside the API; they have their own rules and no part in its chain.
func (a *App) handler() http.Handler {
	if a.opt.WorkerOnly {
		return a.probes()
	}
	api := a.lingering(a.partingly(a.API.Handler()))
	if a.sandbox == nil {
		return api
	}
	standIns := a.sandbox.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, prefix := range []string{"/x/", "/stripe/", "/claude/", "/sandbox/"} {
			if strings.HasPrefix(r.URL.Path, prefix) {
				standIns.ServeHTTP(w, r)
				return
			}
		}
		api.ServeHTTP(w, r)
	})
}

// Run serves and works until ctx ends, then lets requests finish and hands jobs back.
func (a *App) Run(ctx context.Context) error {
	if a.DB.Name() == "sqlite" { // only this process uses it, so every lease is of the dead
		if err := errors.Join(a.Analyses.Recover(ctx), a.Cleanups.Recover(ctx), a.Privacy.Recover(ctx)); err != nil &&
			ctx.Err() == nil {
			return err
		}
	}
	if a.lock != nil { // nobody else's upload can be under way in this directory
		if err := dropUploads(a.cfg.Store.DataDir, time.Now()); err != nil {
			return err
		}
	}
	stopJobs, err := a.startJobs()
	if err != nil {
		return err
	}
	a.working.Store(true)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error { a.housekeep(gctx); return nil })
	if a.scrapes != nil {
		g.Go(func() error { return a.serveMetrics(gctx) })
	}
	g.Go(func() error {
		<-gctx.Done()
		return a.drain(stopJobs)
	})
	return g.Wait()
}

func (a *App) startJobs() (func(context.Context) error, error) {
	if !a.works() {
		return func(context.Context) error { return nil }, nil
	}
	workers := river.NewWorkers()
	a.Analyses.AddWorkers(workers)
	a.Cleanups.AddWorkers(workers)
	a.Billing.AddWorkers(workers)
	a.Privacy.AddWorkers(workers)
	a.Notices.AddWorkers(workers)
	a.Schedules.AddWorkers(workers)
	return a.DB.Work(context.Background(), db.Jobs{
		Workers: workers, Queues: db.Queues(a.cfg.Jobs.Concurrency), SoftStop: jobsBound,
		Around: []rivertype.Middleware{a.metrics.Jobs()},
	})
}

// lookAtModels asks at the start. Without an answer it asks again as the day goes on.
func (a *App) lookAtModels(ctx context.Context) {
	if err := a.Analyses.LookAtModels(ctx); err != nil && ctx.Err() == nil {
		a.log.WarnContext(ctx, "the provider of the language model could not be asked whether the models still answer",
			"cause", err)
	}
}

// housekeep does what must happen now and then in every process.
func (a *App) housekeep(ctx context.Context) {
	every := func(d time.Duration, what string, do func(context.Context) error) func() error {
		return func() error {
			tick := time.NewTicker(d)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return nil
				case <-tick.C:
					if err := do(ctx); err != nil && ctx.Err() == nil {
						a.log.WarnContext(ctx, "housekeeping failed and will be tried again", "what", what, "cause", err)
					}
				}
			}
		}
	}
	var g errgroup.Group
	g.Go(every(5*time.Second, "sweep runs",
		func(ctx context.Context) error { _, err := a.Analyses.Sweep(ctx); return err }))
	g.Go(every(5*time.Second, "clear batches of the model", a.Analyses.ClearBatches))
	g.Go(every(5*time.Second, "sweep clean-ups",
		func(ctx context.Context) error { _, err := a.Cleanups.Sweep(ctx); return err }))
	g.Go(every(10*time.Minute, "retention of clean-ups", a.Cleanups.Retain))
	g.Go(every(time.Hour, "retention of shared links", a.Shares.Retain))
	g.Go(every(10*time.Second, "sweep exports and erasures", a.Privacy.Sweep))
	g.Go(every(cmp.Or(a.opt.Tick, 10*time.Second), "start scheduled analyses", a.Schedules.Tick))
	g.Go(every(10*time.Minute, "retention", a.Analyses.Retain))
	g.Go(every(10*time.Minute, "retention of idempotency keys",
		func(ctx context.Context) error { return once.Retain(ctx, a.DB) }))
	g.Go(every(time.Hour, "retention of uploads",
		func(ctx context.Context) error { return errors.Join(a.Analyses.RetainUploads(ctx), a.dropUploads()) }))
	g.Go(every(time.Hour, "retention of reports", a.Analyses.RetainReports))
	g.Go(every(time.Hour, "retention of webhooks", a.Billing.Retain))
	g.Go(every(time.Minute, "tell of grace that ends", a.Billing.TellGrace))
	g.Go(every(time.Hour, "retention of notices", a.Notices.Retain))
	g.Go(every(10*time.Minute, "sweep sign-ins", a.Accounts.Sweep))
	g.Go(every(cmp.Or(a.opt.Prove, time.Minute), "prove row-level security", a.provePolicies))
	g.Go(func() error { a.lookAtModels(ctx); return nil })
	g.Go(every(24*time.Hour, "look at the models", a.Analyses.LookAtModels))
	g.Go(every(time.Minute, "write down refusals", a.Refusals.Write))
	g.Go(func() error { a.Accounts.Watch(ctx); return nil })
	g.Go(every(cmp.Or(a.opt.Look, lookEvery), "look for changed secrets", a.look))
	g.Go(every(keyring.MarkEvery, "mark the sealing key as in use", a.keys.Mark))
	g.Go(every(30*time.Minute, "reconcile billing", a.Billing.Reconcile))
	g.Go(every(10*time.Minute, "look for lost webhooks", a.Billing.Sweep))
	_ = g.Wait()
}

// Close lets go of everything New opened.
func (a *App) Close() {
	if a.server != nil {
		a.server.Close()
	}
	if a.listener != nil {
		a.listener.Close()
	}
	if a.scrapes != nil {
		a.scrapes.Close()
	}
	a.closeTraces()
	if a.DB != nil {
		a.DB.Close()
	}
	if a.redis != nil {
		a.redis.Close()
	}
	if a.sandbox != nil {
		a.sandbox.Close()
	}
	if a.lock != nil {
		a.lock.Close()
	}
}

// httpClient never follows redirects to another host with credentials and bounds every call.
func httpClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	t.ResponseHeaderTimeout = 2 * time.Minute
	return &http.Client{Transport: t, Timeout: 5 * time.Minute}
}

// failureNames name what an outside service answers when it refuses.
var failureNames = map[string]metrics.Namer{
	"x": xapi.FailureName, "stripe": stripeapi.FailureName, "claude": claude.FailureName,
}

// outside is a client whose calls are counted.
func (a *App) outside(service string) *http.Client {
	c := httpClient()
	c.Transport = a.metrics.Transport(service, failureNames[service], a.traces.Transport(service, c.Transport))
	return c
}

// returnHosts are the hosts a sign-in may come back to, by environment.
func returnHosts(env config.Environment) []string {
	if env == config.Local {
		return nil
	}
	return []string{"api.repazoo.com", "cfy.repazoo.com", "ntf.repazoo.com", "ai.repazoo.com", "dash.repazoo.com"}
}

// Package console is the web pages of Repazoo: what a person sees in a browser.
//
// It stands on the same services as the HTTP API and decides nothing that they decide. A
// page is made on the server and works without JavaScript: what changes something is a form
// that is posted and answered with a redirect, and a page that waits for an analysis asks
// for itself again. One small script (assets/live.js) makes that page move by itself, another
// (assets/review.js) lets findings be reviewed from the keyboard.
//
// # How a page comes to be
//
// [Console.Routes] is the whole surface on one screen. A route is one of five kinds:
//
//	c.open(show)          for anyone
//	c.member(show)        for signed-in users; a stranger is asked to sign in, and led back
//	c.admin(show)         for administrators; to other users there is no such page
//	c.adminForm(do, show) a posted form of theirs
//	c.form(do, show)      a posted form: do it and go on; if it is refused, show the page again
//	                      with the sentence of the refusal
//
// A show function gathers what its page needs from the services into one struct and renders
// one component with it (NAME.templ, whose Go code `make generate` writes). templ escapes every
// value for the place where it stands: text, an attribute, or a link, whose scheme it checks. An error of a
// service is a fault, whose sentence is shown; any other error is shown as our own trouble
// and written to the log under the request's id.
//
// # In which language
//
// The words of a page stand in the catalogue (package words), and the page is in the language of whoever reads it:
// tongue.go.
//
// # What it relies on
//
// The HTTP layer in front finds the signed-in user (account.PrincipalFrom), refuses forms
// that another site has posted, counts requests, and sets a content security policy of
// 'self': there is no inline script or style here, and nothing is loaded from elsewhere.
package console

import (
	"log/slog"
	"maps"
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/operate"
	"github.com/repazoo/repazoo/internal/privacy"
	"github.com/repazoo/repazoo/internal/schedule"
	"github.com/repazoo/repazoo/internal/share"
)

// Config is what the pages need.
type Config struct {
	Accounts    *account.Service
	Billing     *billing.Service
	Notices     *notice.Service
	Analyses    *analysis.Service
	Schedules   *schedule.Service
	Cleanups    *cleanup.Service
	Shares      *share.Service
	Privacy     *privacy.Service
	Audit       *audit.Log
	Desk        *operate.Desk // what administrators see
	Sandboxed   []string      // which services are embedded stand-ins, of "X", "Stripe" and "Claude"
	Version     string
	DocsEnabled bool // the API's documentation is served, so pages may link to it
	Site        Site
	Log         *slog.Logger
}

// Console is the pages, ready to serve.
type Console struct {
	Config
	assets assets
}

// New prepares the pages.
func New(c Config) *Console {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Site.Now == nil {
		c.Site.Now = time.Now
	}
	return &Console{Config: c, assets: embeddedAssets()}
}

// Routes is every page and form, by ServeMux pattern.
func (c *Console) Routes() map[string]http.Handler {
	routes := map[string]http.Handler{
		"GET /{$}":           c.open(c.showFront),
		"GET /assets/{file}": http.HandlerFunc(c.assets.serve),

		"POST /analyses":         c.form(c.start, c.showHome),
		"POST /analyses/preview": c.member(c.showPreview),
		"GET /a/{id}":            c.member(c.showAnalysis),
		"POST /a/{id}/cancel":    c.form(c.cancel, c.showAnalysis),
		"POST /a/{id}/delete":    c.form(c.remove, c.showAnalysis),
		"POST /a/{id}/findings":  c.form(c.review, c.showAnalysis),
		"POST /a/{id}/steps":     c.form(c.tick, c.showAnalysis),

		"POST /billing/subscribe": c.form(c.subscribe, c.orChange(c.showHome)),

		"GET /account/plan":         c.member(c.showPlan),
		"GET /account/plan/change":  c.member(c.showChange),
		"POST /account/plan/change": c.form(c.changePlan, c.orChange(c.showPlan)),
		"POST /account/plan/pay":    c.form(c.pay, c.showPlan),
		"POST /account/plan/portal": c.form(c.openPortal, c.showPlan),
		"POST /account/plan/cancel": c.form(c.endPlan, c.showPlan),
		"POST /account/plan/resume": c.form(c.keepPlan, c.showPlan),

		"GET /account":                    c.member(c.showAccount),
		"POST /account/name":              c.form(c.rename, c.showAccount),
		"POST /account/preferences":       c.form(c.prefer, c.showAccount),
		"POST /account/email":             c.form(c.setEmail, c.showAccount),
		"GET /email/confirm":              c.open(c.showConfirm),
		"POST /email/confirm":             c.open(c.confirm),
		"POST /account/x/{id}/refresh":    c.form(c.refreshX, c.showAccount),
		"POST /account/x/{id}/unlink":     c.form(c.unlink, c.showAccount),
		"POST /account/sessions/{id}/end": c.form(c.endSession, c.showAccount),
		"POST /account/sessions/end":      c.form(c.endSessions, c.showAccount),
		"GET /account/keys":               c.member(c.showKeys),
		"POST /account/keys":              c.member(c.makeKey),
		"POST /account/keys/{id}/rotate":  c.member(c.rotateKey),
		"POST /account/keys/{id}/revoke":  c.form(c.revokeKey, c.showKeys),
		"GET /account/activity":           c.member(c.showActivity),

		"GET /admin":                    c.admin(c.showOverview),
		"GET /admin/jobs":               c.admin(c.showJobs),
		"POST /admin/jobs/{id}/retry":   c.adminForm(c.retryJob, c.showJobs),
		"POST /admin/jobs/{id}/cancel":  c.adminForm(c.cancelJob, c.showJobs),
		"GET /admin/inbox":              c.admin(c.showInbox),
		"POST /admin/inbox/{id}/replay": c.adminForm(c.replay, c.showInbox),
		"GET /admin/users":              c.admin(c.showUsers),
		"GET /admin/users/{id}":         c.admin(c.showPerson),
		"GET /admin/cost":               c.admin(c.showSpending),
		"GET /admin/billing":            c.admin(c.showFigures),

		"GET /account/notices":          c.member(c.showNotices),
		"POST /account/notices/choices": c.form(c.choose, c.showNotices),
		"GET /email/unsubscribe":        c.open(c.showUnsubscribe),
		"POST /email/unsubscribe":       c.open(c.unsubscribe),
		"POST /notices/{id}/read":       c.form(c.readNotice, c.showHome),

		"GET /account/webhooks":                                       c.member(c.showWebhooks),
		"POST /account/webhooks":                                      c.member(c.addWebhook),
		"GET /account/webhooks/{id}":                                  c.member(c.showWebhook),
		"POST /account/webhooks/{id}/test":                            c.form(c.testWebhook, c.showWebhook),
		"POST /account/webhooks/{id}/enable":                          c.form(c.enableWebhook, c.showWebhook),
		"POST /account/webhooks/{id}/remove":                          c.form(c.removeWebhook, c.showWebhooks),
		"POST /account/webhooks/{id}/deliveries/{delivery}/redeliver": c.form(c.redeliver, c.showWebhook),

		"GET /history": c.member(c.showHistory),
		"GET /compare": c.member(c.showCompare),

		"GET /schedules":              c.member(c.showSchedules),
		"POST /schedules":             c.form(c.makeSchedule, c.showSchedules),
		"POST /schedules/{id}":        c.form(c.changeSchedule, c.showSchedules),
		"POST /schedules/{id}/pause":  c.form(c.pauseSchedule, c.showSchedules),
		"POST /schedules/{id}/resume": c.form(c.resumeSchedule, c.showSchedules),
		"POST /schedules/{id}/remove": c.form(c.removeSchedule, c.showSchedules),

		"GET /privacy":                           c.member(c.showPrivacy),
		"POST /privacy/consents/{kind}/withdraw": c.form(c.withdraw, c.showPrivacy),
		"POST /privacy/export":                   c.form(c.export, c.showPrivacy),
		"POST /privacy/erase":                    c.form(c.erase, c.showPrivacy),

		"GET /signed-in": c.member(c.showSignedIn),
		"POST /sign-out": c.form(c.signOut, c.showHome),
	}
	maps.Copy(routes, c.cleanupRoutes())
	maps.Copy(routes, c.publicRoutes())
	maps.Copy(routes, c.siteRoutes())
	maps.Copy(routes, c.shareRoutes())
	return routes
}

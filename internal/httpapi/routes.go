package httpapi

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/account"
)

var tags = []*huma.Tag{
	{Name: "analyses", Description: "Start an analysis, follow it, read its report."},
	{Name: "sharing", Description: "Links by which others read a report, masked and for a time."},
	{Name: "schedules", Description: "Analyses that start by themselves, every day, week or month."},
	{Name: "clean-up", Description: "Delete posts at X: a dry run, a backup, your consent, and a receipt."},
	{Name: "account", Description: "Who you are, what you may use, which X accounts you have linked."},
	{
		Name:        "privacy",
		Description: "Your own data: what you agreed to, a package of everything, and erasing your account.",
	},
	{Name: "sign-in", Description: "Sign in with X, and your sessions."},
	{Name: "api keys", Description: "Keys for your programs. They are managed in a session, never with a key."},
	{Name: "billing", Description: "Plans and your subscription."},
	{Name: "notices", Description: "What you are told, here and at addresses of your own."},
	{Name: "health", Description: "Is it up, and what is it."},
	{Name: "admin", Description: "For administrators."},
}

// routes is the whole surface: every address that programs call, who may call it, and what serves it. table.go says
// what the fields of a row mean. A row without Who is for signed-in users; one without Scope is closed to API keys.
//
// Not listed here are the pages for people (package console, through Config.Pages) and the documentation (docs.go).
func (a *API) routes() []route {
	return slices.Concat(
		tagged("sign-in", a.signInRoutes()),
		tagged("account", a.accountRoutes()),
		tagged("privacy", a.privacyRoutes()),
		tagged("billing", a.billingRoutes()),
		tagged("analyses", a.analysisRoutes()),
		tagged("sharing", a.shareRoutes()),
		tagged("schedules", a.scheduleRoutes()),
		tagged("clean-up", a.cleanupRoutes()),
		tagged("api keys", a.keyRoutes()),
		tagged("notices", a.noticeRoutes()),
		tagged("admin", a.adminRoutes()),
		tagged("health", a.healthRoutes()),
		a.registeredRoutes(),
	)
}

func (a *API) signInRoutes() []route {
	return []route{
		{
			At: "GET /auth/x/login", Who: forAnyone, Group: signInGroup,
			Serve: does(a.login), Summary: "Begin a sign-in with X, or link another account",
		},
		{
			At: "GET /auth/x/callback", Who: forAnyone, Group: signInGroup, AnyQuery: true,
			Serve: does(a.callback), Summary: "Where X sends the browser back",
		},
		{
			At: "POST /auth/token/refresh", Who: forAnyone, Group: refreshGroup,
			Serve: does(a.refreshTokens), Summary: "Exchange a refresh token for new tokens",
		},
		{
			At: "POST /auth/logout", Status: http.StatusNoContent,
			Serve: does(a.logout), Summary: "End this session",
		},
		{
			At:    "GET /auth/sessions",
			Serve: does(a.sessions), Summary: "Your sessions",
		},
		{
			At: "DELETE /auth/sessions/{id}", Status: http.StatusNoContent,
			Serve: does(a.revokeSession), Summary: "End one session",
		},
		{
			At: "DELETE /auth/sessions", Status: http.StatusNoContent,
			Serve: does(a.revokeSessions), Summary: "End every session",
		},
	}
}

func (a *API) accountRoutes() []route {
	return []route{
		{
			At: "GET /auth/x/status", Scope: account.AccountRead,
			Serve: does(a.accounts), Summary: "Your linked X accounts",
		},
		{
			At: "POST /auth/x/revoke", Status: http.StatusNoContent,
			Serve: does(a.revoke), Summary: "Unlink an X account",
		},
		{
			At:    "POST /auth/x/refresh/{account_id}",
			Serve: does(a.refreshX), Summary: "Refresh an X account's token now",
		},
		{
			At: "GET /api/v1/users/me", Scope: account.AccountRead, Kept: true,
			Serve: does(a.me), Summary: "Who you are",
		},
		{
			At:    "PATCH /api/v1/users/me",
			Serve: does(a.changeMe), Summary: "Change your name or your e-mail address",
		},
		{
			At: "GET /api/v1/usage", Scope: account.AccountRead, Kept: true,
			Serve: does(a.usage), Summary: "What your plan still allows",
		},
		{
			At: "GET /api/v1/audit", Scope: account.AuditRead,
			Serve: does(a.audit), Summary: "What happened on your account, newest first",
		},
	}
}

func (a *API) privacyRoutes() []route {
	return []route{
		{
			At:    "GET /api/v1/consents",
			Serve: does(a.consents), Summary: "What you agreed to",
		},
		{
			At: "DELETE /api/v1/consents/{kind}", Status: http.StatusNoContent,
			Serve: does(a.withdraw), Summary: "Withdraw a consent, which erases what it allowed to keep",
		},
		{
			At: "POST /api/v1/users/me/export", Status: http.StatusAccepted,
			Serve: does(a.export), Summary: "Ask for a package of everything that is kept about you",
		},
		{
			At:    "GET /api/v1/users/me/export/{id}",
			Serve: does(a.showExport), Summary: "Is the package ready",
		},
		{
			At: "GET /api/v1/users/me/export/{id}/package.zip", Followed: true,
			Serve: does(a.fetchExport), Summary: "The package",
		},
		{
			At: "DELETE /api/v1/users/me", Status: http.StatusAccepted,
			Serve: does(a.erase), Summary: "Erase your account",
		},
	}
}

func (a *API) billingRoutes() []route {
	return []route{
		{
			At: "GET /api/v1/plans", Who: forAnyone, Scope: account.BillingRead,
			Serve: does(a.plans), Summary: "The plans",
		},
		{
			At: "POST /api/v1/subscriptions", Status: http.StatusCreated,
			Serve: does(a.subscribe), Summary: "Choose a plan",
		},
		{
			At: "GET /api/v1/subscriptions", Scope: account.BillingRead, Kept: true,
			Serve: does(a.subscription), Summary: "Your plan",
		},
		{
			At:    "PATCH /api/v1/subscriptions",
			Serve: does(a.changePlan), Summary: "Change your plan",
		},
		{
			At:    "POST /api/v1/subscriptions/preview",
			Serve: does(a.previewPlan), Summary: "What a plan would cost you, now and next",
		},
		{
			At: "GET /api/v1/subscriptions/invoices", Scope: account.BillingRead,
			Serve: does(a.invoices), Summary: "Your invoices, newest first",
		},
		{
			At: "GET /api/v1/subscriptions/timeline", Scope: account.BillingRead,
			Serve: does(a.timeline), Summary: "What happened to your plan, in plain words, newest first",
		},
		{
			At:    "POST /api/v1/subscriptions/portal",
			Serve: does(a.portal), Summary: "The payment provider's page for your card and invoices",
		},
		{
			At:    "DELETE /api/v1/subscriptions",
			Serve: does(a.cancelSubscription), Summary: "Cancel your plan",
		},
		{
			At:    "POST /api/v1/subscriptions/resume",
			Serve: does(a.resumeSubscription), Summary: "Take a cancellation back",
		},
	}
}

func (a *API) analysisRoutes() []route {
	return []route{
		{
			At: "POST /api/v1/analyses", Scope: account.AnalysesWrite, Status: http.StatusAccepted, Looks: true,
			Serve: does(a.start), Summary: "Start an analysis",
		},
		{
			At: "GET /api/v1/analyses", Scope: account.AnalysesRead,
			Serve: does(a.list), Summary: "Your analyses, newest first",
		},
		{
			At: "POST /api/v1/analyses/preview", Scope: account.AnalysesRead,
			Serve: does(a.preview), Summary: "What an analysis would read and cost",
		},
		{
			At: "POST /api/v1/drafts/check", Scope: account.AnalysesWrite,
			Serve: does(a.checkDraft), Summary: "Check a text before you post it",
		},
		{
			At: "GET /api/v1/analyses/compare", Scope: account.AnalysesRead,
			Serve: does(a.compare), Summary: "What changed from one report to another",
		},
		{
			At: "GET /api/v1/analyses/{id}", Scope: account.AnalysesRead,
			Serve: does(a.show), Summary: "One analysis",
		},
		{
			At: "GET /api/v1/analyses/{id}/events", Scope: account.AnalysesRead,
			Serve: does(a.events), Summary: "Follow an analysis as server-sent events",
		},
		{
			At: "POST /api/v1/analyses/{id}/cancel", Scope: account.AnalysesWrite,
			Serve: does(a.cancel), Summary: "Cancel an analysis",
		},
		{
			At: "DELETE /api/v1/analyses/{id}", Scope: account.AnalysesWrite, Status: http.StatusNoContent,
			Serve: does(a.remove), Summary: "Delete an analysis and its report",
		},
		{
			At: "GET /api/v1/analyses/{id}/findings", Scope: account.AnalysesRead,
			Serve: does(a.findings), Summary: "The findings of a report",
		},
		{
			At: "GET /api/v1/analyses/{id}/score", Scope: account.AnalysesRead,
			Serve: does(a.score), Summary: "The score through another lens, or without some posts",
		},
		{
			At: "GET /api/v1/analyses/{id}/report.json", Scope: account.AnalysesRead, Followed: true,
			Serve: does(a.report("json")), Summary: "The report as json",
		},
		{
			At: "GET /api/v1/analyses/{id}/report.csv", Scope: account.AnalysesRead, Followed: true,
			Serve: does(a.report("csv")), Summary: "The report as csv",
		},
		{
			At: "GET /api/v1/analyses/{id}/report.html", Scope: account.AnalysesRead, Followed: true,
			Serve: does(a.report("html")), Summary: "The report as html",
		},
		{
			At: "GET /api/v1/analyses/{id}/report.pdf", Scope: account.AnalysesRead, Followed: true,
			Serve: does(a.report("pdf")), Summary: "The report as pdf",
		},
		{
			At: "PATCH /api/v1/findings/{id}", Scope: account.AnalysesWrite,
			Serve: does(a.dismiss), Summary: "Dismiss a finding, or take that back",
		},
		{
			At: "POST /api/v1/archives", Scope: account.AnalysesWrite,
			Serve: raw(a.uploadArchive, a.uploadOperation), Summary: "Upload an X data archive",
		},
	}
}

// Links are made and revoked in a session: what a key leaks must not outlive it.
func (a *API) shareRoutes() []route {
	return []route{
		{
			At: "POST /api/v1/analyses/{id}/shares", Status: http.StatusCreated,
			Serve: does(a.createShare), Summary: "Make a link to a report",
		},
		{
			At: "GET /api/v1/analyses/{id}/shares", Scope: account.AnalysesRead,
			Serve: does(a.shares), Summary: "The links to a report, newest first",
		},
		{
			At: "GET /api/v1/shares/{id}", Scope: account.AnalysesRead,
			Serve: does(a.showShare), Summary: "One link, and when it was opened",
		},
		{
			At: "DELETE /api/v1/shares/{id}", Status: http.StatusNoContent,
			Serve: does(a.revokeShare), Summary: "Revoke a link",
		},
	}
}

// Schedules are made and changed in a session: they would outlive the key that made them.
func (a *API) scheduleRoutes() []route {
	return []route{
		{
			At: "GET /api/v1/schedules", Scope: account.AnalysesRead,
			Serve: does(a.schedules), Summary: "Your schedules of analyses",
		},
		{
			At: "POST /api/v1/schedules", Status: http.StatusCreated,
			Serve: does(a.createSchedule), Summary: "Let an account be analysed regularly",
		},
		{
			At:    "PATCH /api/v1/schedules/{id}",
			Serve: does(a.changeSchedule), Summary: "Change a schedule, pause it or let it go on",
		},
		{
			At: "DELETE /api/v1/schedules/{id}", Status: http.StatusNoContent,
			Serve: does(a.removeSchedule), Summary: "Remove a schedule",
		},
	}
}

// cleanupRoutes change something in a session only: what deletes for good is not for keys.
func (a *API) cleanupRoutes() []route {
	return []route{
		{
			At: "POST /api/v1/cleanups", Status: http.StatusCreated,
			Serve: does(a.createCleanup), Summary: "Choose the posts of a clean-up",
		},
		{
			At: "GET /api/v1/cleanups", Scope: account.AnalysesRead,
			Serve: does(a.cleanups), Summary: "Your clean-ups, newest first",
		},
		{
			At: "GET /api/v1/cleanups/{id}", Scope: account.AnalysesRead,
			Serve: does(a.cleanup), Summary: "One clean-up with its posts",
		},
		{
			At:    "PATCH /api/v1/cleanups/{id}",
			Serve: does(a.changeCleanup), Summary: "Take posts out of a clean-up, or tick those you deleted by hand",
		},
		{
			At:    "POST /api/v1/cleanups/{id}/dry-run",
			Serve: does(a.dryRun), Summary: "Show what would go, and freeze the plan",
		},
		{
			At:    "POST /api/v1/cleanups/{id}/backup",
			Serve: does(a.backUp), Summary: "Save the backup of the posts",
		},
		{
			At: "GET /api/v1/cleanups/{id}/backup.zip", Followed: true,
			Serve: does(a.fetchBackup), Summary: "The backup of the posts",
		},
		{
			At:    "DELETE /api/v1/cleanups/{id}/backup",
			Serve: does(a.eraseBackup), Status: http.StatusNoContent, Summary: "Erase the backup now",
		},
		{
			At:    "POST /api/v1/cleanups/{id}/leave",
			Serve: does(a.askLeave), Summary: "Agree to the clean-up, and ask X for the leave to delete",
		},
		{
			At:    "GET /auth/x/leave",
			Serve: does(a.goForLeave), Summary: "Go to X for the leave to delete, once you have agreed to the clean-up",
		},
		{
			At: "POST /api/v1/cleanups/{id}/start", Status: http.StatusAccepted,
			Serve: does(a.startCleanup), Summary: "Begin to delete, or go on",
		},
		{
			At:    "POST /api/v1/cleanups/{id}/pause",
			Serve: does(a.pauseCleanup), Summary: "Pause a clean-up",
		},
		{
			At:    "POST /api/v1/cleanups/{id}/check",
			Serve: does(a.checkCleanup), Summary: "Look up the posts that you deleted by hand",
		},
		{
			At:    "POST /api/v1/cleanups/{id}/end",
			Serve: does(a.endCleanup), Summary: "End a clean-up; what is left stays on X",
		},
		{
			At: "GET /api/v1/cleanups/{id}/receipt.json", Scope: account.AnalysesRead, Followed: true,
			Serve: does(a.receipt), Summary: "The signed receipt of a clean-up",
		},
	}
}

func (a *API) keyRoutes() []route {
	return []route{
		{
			At:    "GET /api/v1/api-keys",
			Serve: does(a.keys), Summary: "Your API keys, newest first",
		},
		{
			At: "POST /api/v1/api-keys", Status: http.StatusCreated,
			Serve: does(a.createKey), Summary: "Make an API key",
		},
		{
			At:    "POST /api/v1/api-keys/{id}/rotate",
			Serve: does(a.rotateKey), Summary: "Give an API key another secret",
		},
		{
			At: "DELETE /api/v1/api-keys/{id}", Status: http.StatusNoContent,
			Serve: does(a.revokeKey), Summary: "Revoke an API key",
		},
	}
}

func (a *API) noticeRoutes() []route {
	return []route{
		{
			At: "GET /api/v1/notices", Scope: account.AccountRead, Kept: true,
			Serve: does(a.notices), Summary: "Your notices, newest first",
		},
		{
			At:    "GET /api/v1/notices/choices",
			Serve: does(a.noticeChoices), Summary: "What you want to be told",
		},
		{
			At:    "PATCH /api/v1/notices/choices",
			Serve: does(a.chooseNotices), Summary: "Switch a kind of notice on or off",
		},
		{
			At:    "POST /api/v1/notices/{id}/read",
			Serve: does(a.readNotice), Summary: "Mark a notice as read",
		},
		{
			At:    "GET /api/v1/webhooks",
			Serve: does(a.webhooks), Summary: "Your webhooks",
		},
		{
			At: "POST /api/v1/webhooks", Status: http.StatusCreated,
			Serve: does(a.addWebhook), Summary: "Add a webhook",
		},
		{
			At: "DELETE /api/v1/webhooks/{id}", Status: http.StatusNoContent,
			Serve: does(a.removeWebhook), Summary: "Remove a webhook",
		},
		{
			At:    "POST /api/v1/webhooks/{id}/enable",
			Serve: does(a.enableWebhook), Summary: "Switch a webhook on again",
		},
		{
			At: "POST /api/v1/webhooks/{id}/test", Status: http.StatusAccepted,
			Serve: does(a.testWebhook), Summary: "Send a webhook a test",
		},
		{
			At:    "GET /api/v1/webhooks/{id}/deliveries",
			Serve: does(a.deliveries), Summary: "What was sent to a webhook, newest first",
		},
		{
			At: "POST /api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver", Status: http.StatusAccepted,
			Serve: does(a.redeliver), Summary: "Send something again",
		},
	}
}

func (a *API) adminRoutes() []route {
	return []route{
		{
			At: "GET /api/v1/admin/audit", Who: forAdmin,
			Serve: does(a.adminAudit), Summary: "What happened on every account, newest first",
		},
		{
			At: "GET /api/v1/admin/subscriptions/metrics", Who: forAdmin,
			Serve: does(a.subscriptionMetrics), Summary: "Revenue, subscribers, churn, failed payments, refunds and disputes",
		},
	}
}

func (a *API) healthRoutes() []route {
	return []route{
		{
			At: "GET /healthz", Who: forProbes,
			Serve: alive, Summary: "Is the process up",
		},
		{
			At: "GET /livez", Who: forProbes,
			Serve: alive, Summary: "Is the process alive",
		},
		{
			At: "GET /healthz/db", Who: forProbes,
			Serve: does(a.healthOf("db")), Summary: "Is db reachable",
		},
		{
			At: "GET /healthz/redis", Who: forProbes,
			Serve: does(a.healthOf("redis")), Summary: "Is redis reachable",
		},
		{
			At: "GET /healthz/vault", Who: forProbes,
			Serve: does(a.healthOf("vault")), Summary: "Is vault reachable",
		},
		{
			At: "GET /readyz", Who: forProbes,
			Serve: does(a.readyz), Summary: "May traffic be sent here",
		},
		{
			At: "GET /info", Who: forReaders,
			Serve: does(a.info), Summary: "What this server is",
		},
	}
}

// registeredRoutes are called by X and Stripe, which were told their addresses. They are no part of the contract.
func (a *API) registeredRoutes() []route {
	rows := []route{{
		At: "GET /auth/twitter/callback", Who: forAnyone, Group: signInGroup, AnyQuery: true, Unlisted: true,
		Serve: does(a.callback), Summary: "The callback under the earlier system's name, as it may be registered at X",
	}}
	if !a.Webhooks {
		return rows
	}
	return append(rows,
		route{
			At: "POST /webhooks/stripe", Who: forWebhooks,
			Serve: raw(a.stripeWebhook, nil), Summary: "Events of Stripe",
		},
		route{
			At: "POST /api/webhooks/stripe", Who: forWebhooks,
			Serve:   raw(a.stripeWebhook, nil),
			Summary: "The same under the earlier system's name, as it may be registered at Stripe",
		},
	)
}

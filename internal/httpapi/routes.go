package httpapi

import (
	"maps"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/account"
)

var tags = []*huma.Tag{
	{Name: "analyses", Description: "Start an analysis, follow it, read its report."},
	{Name: "account", Description: "Who you are, what you may use, which X accounts you have linked."},
	{Name: "privacy", Description: "Your own data: what you agreed to, a package of everything, and erasing your account."},
	{Name: "sign-in", Description: "Sign in with X, and your sessions."},
	{Name: "api keys", Description: "Keys for your programs. They are managed in a session, never with a key."},
	{Name: "billing", Description: "Plans and your subscription."},
	{Name: "notices", Description: "What you are told of your plan, here and at addresses of your own."},
	{Name: "health", Description: "Is it up, and what is it."},
	{Name: "admin", Description: "For administrators."},
}

// routes is the whole surface on one screen. An operation that is not scoped is closed to API keys.
func (a *API) routes() {
	a.alive("/healthz", "Is the process up")
	a.alive("/livez", "Is the process alive")
	for _, part := range []string{"db", "redis", "vault"} {
		operation(a, forProbes, get("/healthz/"+part, "health", "Is "+part+" reachable"), a.healthOf(part))
	}
	operation(a, forProbes, get("/readyz", "health", "May traffic be sent here"), a.readyz)
	operation(a, forReaders, get("/info", "health", "What this server is"), a.info)

	for _, name := range []string{"x", "twitter"} { // the earlier API says twitter
		at := func(o huma.Operation) huma.Operation {
			return replacedBy(strings.Replace(o.Path, "/"+name+"/", "/x/", 1), o)
		}
		operation(a, forAnyone, within(signInGroup, at(get("/auth/"+name+"/login", "sign-in", "Begin a sign-in with X, or link another account"))), a.login)
		operation(a, forAnyone, within(signInGroup, at(get("/auth/"+name+"/callback", "sign-in", "Where X sends the browser back"))), a.callback)
		operation(a, forUser, scoped(account.AccountRead, at(get("/auth/"+name+"/status", "account", "Your linked X accounts"))), a.accounts)
		operation(a, forUser, at(post("/auth/"+name+"/revoke", "account", "Unlink an X account", http.StatusNoContent)), a.revoke)
		operation(a, forUser, at(post("/auth/"+name+"/refresh/{account_id}", "account", "Refresh an X account's token now", http.StatusOK)), a.refreshX)
	}
	operation(a, forAnyone, within(refreshGroup, post("/auth/token/refresh", "sign-in", "Exchange a refresh token for new tokens", http.StatusOK)), a.refreshTokens)
	operation(a, forUser, post("/auth/logout", "sign-in", "End this session", http.StatusNoContent), a.logout)
	operation(a, forUser, get("/auth/sessions", "sign-in", "Your sessions"), a.sessions)
	operation(a, forUser, del("/auth/sessions/{id}", "sign-in", "End one session"), a.revokeSession)
	operation(a, forUser, del("/auth/sessions", "sign-in", "End every session"), a.revokeSessions)

	operation(a, forUser, scoped(account.AccountRead, get("/api/v1/users/me", "account", "Who you are")), a.me)
	operation(a, forUser, patch("/api/v1/users/me", "account", "Change your name or your e-mail address"), a.changeMe)
	operation(a, forUser, scoped(account.AccountRead, get("/api/v1/usage", "account", "What your plan still allows")), a.usage)

	operation(a, forUser, get("/api/v1/consents", "privacy", "What you agreed to"), a.consents)
	operation(a, forUser, del("/api/v1/consents/{kind}", "privacy", "Withdraw a consent, which erases what it allowed to keep"), a.withdraw)
	operation(a, forUser, post("/api/v1/users/me/export", "privacy", "Ask for a package of everything that is kept about you", http.StatusAccepted), a.export)
	operation(a, forUser, get("/api/v1/users/me/export/{id}", "privacy", "Is the package ready"), a.showExport)
	operation(a, forUser, get("/api/v1/users/me/export/{id}/package.zip", "privacy", "The package"), a.fetchExport)
	operation(a, forUser, del202("/api/v1/users/me", "privacy", "Erase your account"), a.erase)

	operation(a, forAnyone, scoped(account.BillingRead, get("/api/v1/plans", "billing", "The plans")), a.plans)
	operation(a, forUser, post("/api/v1/subscriptions", "billing", "Choose a plan", http.StatusCreated), a.subscribe)
	operation(a, forUser, scoped(account.BillingRead, get("/api/v1/subscriptions", "billing", "Your plan")), a.subscription)
	operation(a, forUser, patch("/api/v1/subscriptions", "billing", "Change your plan"), a.changePlan)
	operation(a, forUser, post("/api/v1/subscriptions/preview", "billing", "What a plan would cost you, now and next", http.StatusOK), a.previewPlan)
	operation(a, forUser, scoped(account.BillingRead, get("/api/v1/subscriptions/invoices", "billing", "Your invoices, newest first")), a.invoices)
	operation(a, forUser, scoped(account.BillingRead, get("/api/v1/subscriptions/timeline", "billing", "What happened to your plan, in plain words, newest first")), a.timeline)
	operation(a, forUser, post("/api/v1/subscriptions/portal", "billing", "The payment provider's page for your card and invoices", http.StatusOK), a.portal)
	operation(a, forUser, del200("/api/v1/subscriptions", "billing", "Cancel your plan"), a.cancelSubscription)
	operation(a, forUser, post("/api/v1/subscriptions/resume", "billing", "Take a cancellation back", http.StatusOK), a.resumeSubscription)
	if a.Webhooks {
		a.handle("POST /webhooks/stripe", forWebhooks, http.HandlerFunc(a.stripeWebhook))
		a.handle("POST /api/webhooks/stripe", forWebhooks, a.outdated("/webhooks/stripe", http.HandlerFunc(a.stripeWebhook)))
	}

	operation(a, forUser, scoped(account.AnalysesWrite, post("/api/v1/analyses", "analyses", "Start an analysis", http.StatusAccepted)), a.start)
	operation(a, forUser, scoped(account.AnalysesRead, get("/api/v1/analyses", "analyses", "Your analyses, newest first")), a.list)
	operation(a, forUser, scoped(account.AnalysesRead, get("/api/v1/analyses/compare", "analyses", "What changed from one report to another")), a.compare)
	operation(a, forUser, scoped(account.AnalysesRead, get("/api/v1/analyses/{id}", "analyses", "One analysis")), a.show)
	operation(a, forUser, scoped(account.AnalysesRead, get("/api/v1/analyses/{id}/events", "analyses", "Follow an analysis as server-sent events")), a.events)
	operation(a, forUser, scoped(account.AnalysesWrite, post("/api/v1/analyses/{id}/cancel", "analyses", "Cancel an analysis", http.StatusOK)), a.cancel)
	operation(a, forUser, scoped(account.AnalysesWrite, del("/api/v1/analyses/{id}", "analyses", "Delete an analysis and its report")), a.remove)
	operation(a, forUser, scoped(account.AnalysesRead, get("/api/v1/analyses/{id}/findings", "analyses", "The findings of a report")), a.findings)
	operation(a, forUser, scoped(account.AnalysesRead, get("/api/v1/analyses/{id}/score", "analyses", "The score through another lens, or without some posts")), a.score)
	for _, format := range []string{"json", "csv", "html", "pdf"} {
		operation(a, forUser, scoped(account.AnalysesRead, get("/api/v1/analyses/{id}/report."+format, "analyses", "The report as "+format)), a.report(format))
	}
	operation(a, forUser, scoped(account.AnalysesWrite, patch("/api/v1/findings/{id}", "analyses", "Dismiss a finding, or take that back")), a.dismiss)
	a.handle("POST /api/v1/archives", forUser, http.HandlerFunc(a.uploadArchive))
	a.scopes["POST /api/v1/archives"] = account.AnalysesWrite
	a.huma.OpenAPI().AddOperation(a.uploadOperation())

	operation(a, forUser, get("/api/v1/api-keys", "api keys", "Your API keys, newest first"), a.keys)
	operation(a, forUser, post("/api/v1/api-keys", "api keys", "Make an API key", http.StatusCreated), a.createKey)
	operation(a, forUser, post("/api/v1/api-keys/{id}/rotate", "api keys", "Give an API key another secret", http.StatusOK), a.rotateKey)
	operation(a, forUser, del("/api/v1/api-keys/{id}", "api keys", "Revoke an API key"), a.revokeKey)

	operation(a, forUser, scoped(account.AccountRead, get("/api/v1/notices", "notices", "Your notices, newest first")), a.notices)
	operation(a, forUser, post("/api/v1/notices/{id}/read", "notices", "Mark a notice as read", http.StatusOK), a.readNotice)
	operation(a, forUser, get("/api/v1/webhooks", "notices", "Your webhooks"), a.webhooks)
	operation(a, forUser, post("/api/v1/webhooks", "notices", "Add a webhook", http.StatusCreated), a.addWebhook)
	operation(a, forUser, del("/api/v1/webhooks/{id}", "notices", "Remove a webhook"), a.removeWebhook)
	operation(a, forUser, post("/api/v1/webhooks/{id}/enable", "notices", "Switch a webhook on again", http.StatusOK), a.enableWebhook)
	operation(a, forUser, post("/api/v1/webhooks/{id}/test", "notices", "Send a webhook a test", http.StatusAccepted), a.testWebhook)
	operation(a, forUser, get("/api/v1/webhooks/{id}/deliveries", "notices", "What was sent to a webhook, newest first"), a.deliveries)
	operation(a, forUser, post("/api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver", "notices", "Send something again", http.StatusAccepted), a.redeliver)

	operation(a, forUser, scoped(account.AuditRead, get("/api/v1/audit", "account", "What happened on your account, newest first")), a.audit)
	operation(a, forAdmin, get("/api/v1/admin/audit", "admin", "What happened on every account, newest first"), a.adminAudit)
	operation(a, forAdmin, get("/api/v1/admin/subscriptions/metrics", "admin", "Revenue, subscribers, churn, failed payments, refunds and disputes"), a.subscriptionMetrics)

	// The earlier API's addresses: the same handlers.
	operation(a, forUser, scoped(account.AccountRead, replacedBy("/api/v1/users/me", get("/api/users/me", "account", "Who you are"))), a.me)
	operation(a, forUser, scoped(account.AccountRead, replacedBy("/api/v1/usage", get("/api/usage/quota", "account", "What your plan still allows"))), a.usage)
	operation(a, forUser, scoped(account.AnalysesWrite, replacedBy("/api/v1/analyses", post("/api/analyze", "analyses", "Start an analysis", http.StatusAccepted))), a.start)
	operation(a, forUser, scoped(account.AnalysesRead, replacedBy("/api/v1/analyses", get("/api/analyses", "analyses", "Your analyses, newest first"))), a.list)
	operation(a, forUser, scoped(account.AnalysesRead, replacedBy("/api/v1/analyses/{id}", get("/api/analyses/{id}", "analyses", "One analysis"))), a.show)
	operation(a, forUser, replacedBy("/api/v1/subscriptions", post("/api/subscriptions/create", "billing", "Choose a plan", http.StatusCreated)), a.subscribe)
	operation(a, forUser, scoped(account.BillingRead, replacedBy("/api/v1/subscriptions", get("/api/subscriptions/status", "billing", "Your plan"))), a.subscription)
	operation(a, forUser, replacedBy("DELETE /api/v1/subscriptions", post("/api/subscriptions/cancel", "billing", "Cancel your plan", http.StatusOK)), a.cancelSubscription)
}

func get(path, tag, summary string) huma.Operation {
	return op(http.MethodGet, path, tag, summary, http.StatusOK)
}

func post(path, tag, summary string, status int) huma.Operation {
	return op(http.MethodPost, path, tag, summary, status)
}

func patch(path, tag, summary string) huma.Operation {
	return op(http.MethodPatch, path, tag, summary, http.StatusOK)
}

func del(path, tag, summary string) huma.Operation {
	return op(http.MethodDelete, path, tag, summary, http.StatusNoContent)
}

func del200(path, tag, summary string) huma.Operation {
	return op(http.MethodDelete, path, tag, summary, http.StatusOK)
}

func del202(path, tag, summary string) huma.Operation {
	return op(http.MethodDelete, path, tag, summary, http.StatusAccepted)
}

func op(method, path, tag, summary string, status int) huma.Operation {
	return huma.Operation{
		OperationID: operationID(method, path), Method: method, Path: path,
		Tags: []string{tag}, Summary: summary, DefaultStatus: status,
	}
}

// scoped opens an operation to the API keys that have the scope, next to whom it is for anyway.
func scoped(scope account.Scope, o huma.Operation) huma.Operation {
	return with(o, "scope", scope)
}

// with notes something about an operation for [operation], which registers it.
func with(o huma.Operation, key string, value any) huma.Operation {
	noted := map[string]any{key: value}
	maps.Copy(noted, o.Metadata)
	o.Metadata = noted
	return o
}

func scopeOf(o huma.Operation) account.Scope {
	scope, _ := o.Metadata["scope"].(account.Scope)
	return scope
}

var notWord = strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-", "_", "-")

// operationID names an operation for generated clients, such as get-api-v1-users-me.
func operationID(method, path string) string {
	return strings.ToLower(method) + notWord.Replace(path)
}

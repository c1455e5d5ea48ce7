package console

import (
	"net/url"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/audit"
)

// The page of what happened on an account: the person's own lines of the audit log, in words.

type activityView struct {
	page
	Events   []event
	Total    int
	Kinds    []kind
	Kind     string // chosen; "" for everything
	From, To string // days as the form has them; "" for none
	Older    string // the address of the next page; "" on the last
}

// kind is a group of actions to choose from.
type kind struct{ Action, Words string }

func kinds() []kind {
	return []kind{
		{"", "Everything"},
		{"session", "Signing in"},
		{"api_key", "API keys"},
		{"webhook", "Webhooks"},
		{"x_account", "X accounts"},
		{"analysis", "Analyses"},
		{"subscription", "Your plan"},
		{"user", "Your profile"},
		{"rate", "Too many requests"},
		{"audit", "Looks at this log"},
	}
}

// event is a line of the log in words.
type event struct {
	At          time.Time
	What        string
	Who         string // "" for the person themselves
	From, Agent string // "" when unknown
}

// origin says who did it and from where; "" when nothing is known of either.
func (e event) origin() string {
	var parts []string
	if e.Who != "" {
		parts = append(parts, "By "+e.Who+".")
	}
	switch {
	case e.From != "" && e.Agent != "":
		parts = append(parts, "From "+e.From+" with "+e.Agent+".")
	case e.From != "":
		parts = append(parts, "From "+e.From+".")
	case e.Agent != "":
		parts = append(parts, "With "+e.Agent+".")
	}
	return strings.Join(parts, " ")
}

// perLog is how many events the page shows at once.
const perLog = 30

func (c *Console) showActivity(v *visit) error {
	q := v.r.URL.Query()
	a := activityView{page: c.page(v, "What happened on your account"), Kinds: kinds(), Kind: q.Get("kind")}
	f := audit.Filter{Action: a.Kind, Limit: perLog, Cursor: q.Get("cursor")}
	a.From, f.From = day(q.Get("from"))
	if a.To, f.To = day(q.Get("to")); a.To != "" {
		f.To = f.To.AddDate(0, 0, 1) // to the end of that day
	}
	p, err := c.Audit.Of(v.r.Context(), v.me.UserID, f)
	if err != nil {
		return err
	}
	keys, err := c.Accounts.Keys(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	a.Total = p.Total
	for _, l := range p.Lines {
		a.Events = append(a.Events, event{l.At, eventWords(l), whoWords(l, keys), l.IP, device(l.Agent)})
	}
	if p.Next != "" {
		a.Older = "/account/activity?" + url.Values{"kind": {a.Kind}, "from": {a.From}, "to": {a.To}, "cursor": {p.Next}}.Encode()
	}
	return c.ok(v, activityPage(a))
}

// day reads a date as browsers send it. What is none does not narrow anything.
func day(s string) (string, time.Time) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return "", time.Time{}
	}
	return s, t
}

// whoWords says who did it, when that was not the person in a browser.
func whoWords(l audit.Line, keys []account.Key) string {
	switch l.Actor {
	case "system":
		return "Repazoo"
	case "operator":
		return "the operator of this Repazoo"
	case "admin":
		return "an administrator"
	case "stripe":
		return "the payment provider"
	}
	id, _ := l.Detail["api_key"].(string)
	if id == "" {
		return ""
	}
	for _, k := range keys {
		if k.ID == id {
			return "the API key " + k.Name
		}
	}
	return "an API key that is gone"
}

// eventWords says what happened. An action that is not known here is at least spelled out.
func eventWords(l audit.Line) string {
	switch l.Action {
	case "user.created":
		return "Your account was made"
	case "user.renamed":
		return "Your name was changed"
	case "user.email_given":
		return "An e-mail address was given"
	case "user.email_confirmed":
		return "Your e-mail address was confirmed"
	case "user.email_removed":
		return "Your e-mail address was removed"
	case "user.role_set":
		if l.Detail["role"] == "admin" {
			return "You were made an administrator"
		}
		return "You are no longer an administrator"
	case "user.erasure_began":
		return "You asked for your account to be erased"
	case "audit.read":
		return "This log was read"
	case "archive.upload":
		return "An X archive was uploaded"
	case "finding.dismiss":
		return "A finding was dismissed or restored"
	}
	for _, more := range []func(audit.Line) string{sessionWords, accountWords, keyWords, analysisWords, subscriptionWords, webhookWords, dataWords, refusalWords} {
		if words := more(l); words != "" {
			return words
		}
	}
	return capital(strings.NewReplacer(".", " ", "_", " ").Replace(l.Action))
}

func subscriptionWords(l audit.Line) string {
	switch l.Action {
	case "subscription.changed":
		return "Your plan changed"
	case "subscription.refused":
		return "A plan could not be started"
	case "subscription.cancelled":
		return "You cancelled your plan"
	case "subscription.resumed":
		return "You took the cancellation of your plan back"
	case "subscription.change_asked":
		return "You asked for another plan"
	case "subscription.change_declined":
		return "Your card was declined for another plan"
	case "payment.refund":
		return "A payment was given back to you"
	case "payment.dispute":
		switch l.Detail["status"] {
		case "won":
			return "The dispute about a payment was closed: the payment stands"
		case "lost":
			return "The dispute about a payment was closed: your bank gave you the money back"
		}
		return "A payment was disputed at your bank"
	}
	return ""
}

func dataWords(l audit.Line) string {
	kind, _ := l.Detail["kind"].(string)
	switch l.Action {
	case "consent.given":
		return "You agreed: " + consentTitle(kind)
	case "consent.withdrawn":
		return "You withdrew your consent: " + consentTitle(kind)
	case "export.requested":
		return "A package of your data was asked for"
	case "export.fetched":
		return "A package of your data was downloaded"
	}
	return ""
}

func sessionWords(l audit.Line) string {
	switch l.Action {
	case "session.started":
		return "You signed in"
	case "session.revoked":
		return "A session was ended"
	case "session.all_revoked":
		return "Every session was ended"
	case "session.ended_by_reuse":
		return "A session was ended to be safe, because one of its tokens came back after its use"
	}
	return ""
}

func accountWords(l audit.Line) string {
	switch l.Action {
	case "x_account.linked":
		return "An X account was linked"
	case "x_account.reconnected":
		return "An X account was connected again"
	case "x_account.revoked":
		return "An X account was unlinked"
	case "x_account.needs_reconnect":
		return "X ended the connection to an account"
	}
	return ""
}

func keyWords(l audit.Line) string {
	hint, _ := l.Detail["hint"].(string)
	switch l.Action {
	case "api_key.created":
		return "An API key was made: rpz_…" + hint
	case "api_key.rotated":
		return "An API key got a new secret: rpz_…" + hint
	case "api_key.revoked":
		return "An API key was revoked: rpz_…" + hint
	}
	return ""
}

func analysisWords(l audit.Line) string {
	switch l.Action {
	case "analysis.start":
		return "An analysis was started"
	case "analysis.complete":
		return "An analysis was completed"
	case "analysis.fail":
		return "An analysis failed"
	case "analysis.cancel":
		return "An analysis was cancelled"
	case "analysis.delete":
		return "An analysis and its report were deleted"
	}
	return ""
}

func webhookWords(l audit.Line) string {
	switch l.Action {
	case "webhook.added":
		return "A webhook was added"
	case "webhook.removed":
		return "A webhook was removed"
	case "webhook.enabled":
		return "A webhook was switched on again"
	case "webhook.redelivered":
		return "Something was sent to a webhook again"
	}
	return ""
}

func refusalWords(l audit.Line) string {
	switch l.Action {
	case "sign_in.refused":
		return "A sign-in with X was refused"
	case "access.refused":
		return "Something was refused that you may not do"
	case "rate.refused":
		return "Requests were refused, because there were too many at once"
	}
	return ""
}

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

func kinds(l tongue) []kind {
	return []kind{
		{"", l.Say("activity.kind.all")},
		{"session", l.Say("activity.kind.session")},
		{"api_key", l.Say("frame.keys")},
		{"webhook", l.Say("frame.webhooks")},
		{"x_account", l.Say("home.accounts")},
		{"analysis", l.Say("home.analyses")},
		{"subscription", l.Say("plan.title")},
		{"user", l.Say("activity.kind.user")},
		{"rate", l.Say("activity.kind.rate")},
		{"audit", l.Say("activity.kind.audit")},
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
func (e event) origin(l tongue) string {
	var parts []string
	if e.Who != "" {
		parts = append(parts, l.Say("activity.by", "who", e.Who))
	}
	switch {
	case e.From != "" && e.Agent != "":
		parts = append(parts, l.Say("activity.from_with", "from", e.From, "agent", e.Agent))
	case e.From != "":
		parts = append(parts, l.Say("activity.from", "from", e.From))
	case e.Agent != "":
		parts = append(parts, l.Say("activity.with", "agent", e.Agent))
	}
	return strings.Join(parts, " ")
}

// perLog is how many events the page shows at once.
const perLog = 30

func (c *Console) showActivity(v *visit) error {
	q := v.r.URL.Query()
	a := activityView{page: c.page(v, v.tongue().Say("activity.title")), Kinds: kinds(v.tongue()), Kind: q.Get("kind")}
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
		a.Events = append(a.Events, event{
			l.At, eventWords(v.tongue(), l), whoWords(v.tongue(), l, keys), l.IP,
			device(l.Agent),
		})
	}
	if p.Next != "" {
		a.Older = "/account/activity?" + url.Values{
			"kind": {a.Kind}, "from": {a.From}, "to": {a.To},
			"cursor": {p.Next},
		}.Encode()
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
func whoWords(l tongue, line audit.Line, keys []account.Key) string {
	switch line.Actor {
	case "system":
		return "Repazoo"
	case "operator":
		return l.Say("activity.who.operator")
	case "admin":
		return l.Say("activity.who.admin")
	case "stripe":
		return l.Say("activity.who.stripe")
	}
	id, _ := line.Detail["api_key"].(string)
	if id == "" {
		return ""
	}
	for _, k := range keys {
		if k.ID == id {
			return l.Say("activity.who.key", "name", k.Name)
		}
	}
	return l.Say("activity.who.gone")
}

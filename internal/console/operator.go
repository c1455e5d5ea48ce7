package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/health"
	"github.com/repazoo/repazoo/internal/operate"
)

// The pages of the operator, for administrators; see package operate. They show standing and cost, and nobody's posts.

// adminForm is a form that administrators alone may post; for others there is no such page.
func (c *Console) adminForm(do do, again show) http.Handler {
	return c.form(func(v *visit) (string, error) {
		if !v.isAdmin() {
			return "", fault.NotFound
		}
		return do(v)
	}, func(v *visit) error {
		if !v.isAdmin() {
			return fault.NotFound
		}
		return again(v)
	})
}

type overviewView struct {
	page
	operate.Overview
	Names []string // of parts, sorted
}

func (c *Console) showOverview(v *visit) error {
	p := overviewView{page: c.page(v, "Operator")}
	var err error
	p.Overview, err = c.Desk.Overview(v.r.Context())
	p.Names = slices.Sorted(maps.Keys(p.Parts))
	if err != nil {
		return err
	}
	return c.ok(v, overviewPage(p))
}

// partWords says how a part is, and the tone of its label.
func partWords(r health.Result) (words, tone string) {
	switch r.Status {
	case health.Up:
		return "well", "low"
	case health.Down:
		return "down", "critical"
	}
	return "not in use", ""
}

type jobsView struct {
	page
	All  bool
	Jobs []db.JobLook
}

func (c *Console) showJobs(v *visit) error {
	p := jobsView{page: c.page(v, "Jobs"), All: v.r.URL.Query().Get("all") != ""}
	var err error
	if p.Jobs, err = c.Desk.Jobs(v.r.Context(), p.All); err != nil {
		return err
	}
	return c.ok(v, jobsPage(p))
}

// jobTone is the colour of a job's state.
func jobTone(state string) string {
	switch state {
	case "discarded":
		return "critical"
	case "retryable":
		return "medium"
	case "running", "completed":
		return "low"
	}
	return ""
}

func (c *Console) retryJob(v *visit) (string, error) {
	id, err := jobID(v)
	if err == nil {
		err = c.Desk.RetryJob(v.r.Context(), v.me.UserID, id)
	}
	return "/admin/jobs?done=job-again", err
}

func (c *Console) cancelJob(v *visit) (string, error) {
	id, err := jobID(v)
	if err == nil {
		err = c.Desk.CancelJob(v.r.Context(), v.me.UserID, id)
	}
	return "/admin/jobs?done=job-cancelled", err
}

func jobID(v *visit) (int64, error) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, fault.NotFound
	}
	return id, nil
}

type inboxView struct {
	page
	All    bool
	Events []billing.InboxEvent
}

func (c *Console) showInbox(v *visit) error {
	p := inboxView{page: c.page(v, "Inbox"), All: v.r.URL.Query().Get("all") != ""}
	var err error
	if p.Events, err = c.Desk.Inbox(v.r.Context(), !p.All); err != nil {
		return err
	}
	return c.ok(v, inboxPage(p))
}

func (c *Console) replay(v *visit) (string, error) {
	return "/admin/inbox?all=1&done=event-again", c.Desk.Replay(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
}

type spendingView struct {
	page
	operate.Spending
	Cost int64 // of all days, in millionths of a dollar
}

func (c *Console) showSpending(v *visit) error {
	p := spendingView{page: c.page(v, "Cost")}
	var err error
	if p.Spending, err = c.Desk.Spending(v.r.Context()); err != nil {
		return err
	}
	for _, day := range p.Days {
		p.Cost += day.All()
	}
	return c.ok(v, spendingPage(p))
}

// microUSD writes millionths of a dollar.
func microUSD(n int64) string { return usd(int((n + 5_000) / 10_000)) }

type usersView struct {
	page
	Asked string
}

// showUsers leads to the user that was asked for. There is no list of users.
func (c *Console) showUsers(v *visit) error {
	p := usersView{page: c.page(v, "Users"), Asked: strings.TrimSpace(v.r.URL.Query().Get("who"))}
	if p.Asked == "" {
		return c.ok(v, usersPage(p))
	}
	id, err := c.Desk.Find(v.r.Context(), p.Asked)
	if err != nil {
		v.alert = c.alertFor(v, err)
		p.Alert = v.alert
		return c.ok(v, usersPage(p))
	}
	http.Redirect(v.w, v.r, "/admin/users/"+id, http.StatusSeeOther)
	return nil
}

type personView struct {
	page
	operate.Person
	Events []event
}

func (c *Console) showPerson(v *visit) error {
	person, err := c.Desk.Person(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := personView{page: c.page(v, person.User.Name), Person: person}
	for _, l := range person.Log {
		p.Events = append(p.Events, event{At: l.At, What: actionWords(l), Who: whoWords(english(), l, nil)})
	}
	return c.ok(v, personPage(p))
}

// actionWords name what happened to somebody else: the sentences of the log are for the person themselves.
func actionWords(l audit.Line) string {
	what, happened, _ := strings.Cut(string(l.Action), ".")
	return capital(strings.ReplaceAll(what, "_", " ")) + ": " + strings.ReplaceAll(happened, "_", " ")
}

// lasted says how long an analysis took.
func lasted(a analysis.Analysis) string {
	if a.StartedAt == nil || a.FinishedAt == nil {
		return "–"
	}
	return a.FinishedAt.Sub(*a.StartedAt).Round(time.Second).String()
}

func orNone(s string) string { return cmp.Or(s, "none") }

// partName is what people call a part that /readyz names.
func partName(name string) string {
	switch name {
	case "db":
		return "Database"
	case "schema":
		return "Schema of the database"
	case "policies":
		return "Row-level security"
	case "seal":
		return "Keys of sealed values"
	}
	return capital(name)
}

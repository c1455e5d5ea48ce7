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
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/health"
	"github.com/repazoo/repazoo/internal/operate"
	"github.com/repazoo/repazoo/internal/plan"
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
	p := overviewView{page: c.page(v, v.tongue().Say("frame.operator"))}
	var err error
	p.Overview, err = c.Desk.Overview(v.r.Context())
	p.Names = slices.Sorted(maps.Keys(p.Parts))
	if err != nil {
		return err
	}
	return c.ok(v, overviewPage(p))
}

// partWords says how a part is, and the tone of its label.
func partWords(l tongue, r health.Result) (words, tone string) {
	switch r.Status {
	case health.Up:
		return l.Say("desk.well"), "low"
	case health.Down:
		return l.Say("desk.down"), "critical"
	}
	return l.Say("desk.unused"), ""
}

type jobsView struct {
	page
	All  bool
	Jobs []db.JobLook
}

func (c *Console) showJobs(v *visit) error {
	p := jobsView{page: c.page(v, v.tongue().Say("desk.jobs")), All: v.r.URL.Query().Get("all") != ""}
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
	p := inboxView{page: c.page(v, v.tongue().Say("desk.inbox")), All: v.r.URL.Query().Get("all") != ""}
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
	p := spendingView{page: c.page(v, v.tongue().Say("desk.cost"))}
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
func microUSD(l tongue, n int64) string { return l.usd(int((n + 5_000) / 10_000)) }

type usersView struct {
	page
	Asked string
}

// showUsers leads to the user that was asked for. There is no list of users.
func (c *Console) showUsers(v *visit) error {
	p := usersView{page: c.page(v, v.tongue().Say("desk.users")), Asked: strings.TrimSpace(v.r.URL.Query().Get("who"))}
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
		p.Events = append(p.Events, event{At: l.At, What: string(l.Action), Who: whoWords(v.tongue(), l, nil)})
	}
	return c.ok(v, personPage(p))
}

// lasted says how long an analysis took.
func lasted(a analysis.Analysis) string {
	if a.StartedAt == nil || a.FinishedAt == nil {
		return "–"
	}
	return a.FinishedAt.Sub(*a.StartedAt).Round(time.Second).String()
}

func orNone(l tongue, s string) string { return cmp.Or(s, l.Say("desk.none")) }

// heldWords are what the database proves of itself, which the proof says in English. The sentences are numbered.
func heldWords(l tongue, held string) string {
	for n := 1; l.Has("desk.holds." + strconv.Itoa(n)); n++ {
		if english().Say("desk.holds."+strconv.Itoa(n)) == held {
			return l.Say("desk.holds." + strconv.Itoa(n))
		}
	}
	return held
}

// jobState is the state of a job in words.
func jobState(l tongue, state string) string { return l.orCode("desk.state."+state, state) }

// outcomeOf says how an event went.
func outcomeOf(l tongue, e billing.InboxEvent) string {
	return l.orCode("desk.outcome."+strings.ReplaceAll(e.Outcome(), " ", "_"), e.Outcome())
}

func roleWords(l tongue, role string) string { return l.orCode("desk.role."+role, role) }

// subscriptionWords are the status of a plan, which is Stripe's word where there is none of ours.
func subscriptionWords(l tongue, s plan.Status) string {
	return l.orCode("desk.sub."+string(s), string(s))
}

// orCode is a message, or the code that it would stand for.
func (l tongue) orCode(key, code string) string {
	if l.Has(key) {
		return l.Say(key)
	}
	return code
}

// partName is what people call a part that /readyz names.
func partName(l tongue, name string) string { return l.orCode("desk.part."+name, capital(name)) }

package console

import (
	"crypto/rand"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/plan"
)

// The front page of a signed-in person: start an analysis, read the earlier ones, and see
// the linked accounts and the plan.

// perPage is how many analyses the history shows at once.
const perPage = 10

// payChecks bounds how often the page asks for itself while a payment is being confirmed.
const payChecks = 8

type homeView struct {
	page
	Accounts []account.XAccount // those that can be read, or reconnected
	Ready    []account.XAccount // those that can be read now
	Archives []analysis.Archive // uploads that are still kept
	Usage    billing.Usage
	Plan     billing.Subscription
	Plans    []plan.Tier     // to choose from; empty with a plan
	Notices  []notice.Notice // that were not read yet, the newest few
	Paying   bool            // back from the checkout, and not confirmed yet
	Consent  string          // the text to agree to; "" when that was done before
	Chosen   choice          // what the form has selected
	Agreed   bool            // its box was ticked, in a form that was refused
	Upload   string          // why an upload was refused, beside its field
	Once     string          // names this form, so that it starts one analysis however often it is sent
	MayWait  bool            // the plan and the model offer the cheaper way within a day
	WaitFrom int             // posts for the model from which on
	Foretold *foretold       // what that would read and cost, when it was asked for
	Purposes []assess.Purpose
	History  []analysis.Analysis
	Total    int
	Older    string // the address of the next page of the history; "" on the last
	Link     string // where linking another account begins
}

// planFirst tells whether the page asks for a plan, so that no analysis can begin yet.
func (v homeView) planFirst() bool { return len(v.Plans) > 0 && !v.Paying }

// choice is what the person had selected when a form was refused, or has just uploaded.
type choice struct {
	Source  string // an account's id, or an archive's after archivePrefix
	Purpose assess.Purpose
	Day     bool // cheaper, within a day
}

// archivePrefix tells an archive from an account among the form's sources.
const archivePrefix = "archive:"

func (c *Console) showHome(v *visit) error { return c.showHomeWith(v, nil) }

func (c *Console) showHomeWith(v *visit, told *foretold) error {
	h := homeView{page: c.page(v, v.tongue().Say("home.title")), Purposes: assess.Purposes[:], Link: signIn("/")}
	h.Foretold = told
	h.Agreed = v.field("consent") == "yes"
	h.Upload = v.upload
	if v.r.URL.Query().Get("checkout") == "cancelled" && h.Alert == nil {
		h.Done = v.tongue().done("checkout-left")
	}
	h.Once = v.once()
	h.Chosen = choice{v.field("source"), assess.Purpose(v.field("purpose")), v.field("day") == "yes"}
	if id := v.r.URL.Query().Get("archive"); id != "" {
		h.Chosen.Source = archivePrefix + id
	}
	// linking an account comes back here too
	if h.Alert == nil && v.r.URL.Query().Get("error") != fault.Unauthenticated.Code {
		h.Alert = v.trouble()
	}
	for _, gather := range []func(*visit, *homeView) error{
		c.gatherNotices, c.gatherAccounts, c.gatherArchives, c.gatherPlan, c.gatherHistory,
	} {
		if err := gather(v, &h); err != nil {
			return err
		}
	}
	if h.Paying {
		v.askAgain()
	}
	return c.ok(v, homePage(h))
}

func quotaWords(l tongue, a billing.Allowance) string {
	if a.Reserved > 0 {
		return l.Say("home.used_running", "used", a.Used, "of", a.Limit, "running", a.Reserved)
	}
	return l.Say("home.used", "used", a.Used, "of", a.Limit)
}

func readsOf(l tongue, a billing.Allowance) string {
	return l.Say("home.of", "used", a.Used, "of", a.Limit)
}

func (c *Console) gatherAccounts(v *visit, h *homeView) error {
	all, err := c.Accounts.Accounts(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	h.Accounts = slices.DeleteFunc(all, func(x account.XAccount) bool { return x.Health == "revoked" })
	for _, x := range h.Accounts {
		if x.Health != "reconnect" {
			h.Ready = append(h.Ready, x)
		}
	}
	agreed, err := c.Accounts.HasConsent(v.r.Context(), v.me.UserID, analysis.ConsentKind, analysis.ConsentVersion)
	if !agreed {
		h.Consent = consentWords(v.tongue(), analysis.ConsentKind)
	}
	return err
}

func (c *Console) gatherArchives(v *visit, h *homeView) (err error) {
	h.Archives, err = c.Analyses.Archives(v.r.Context(), v.me.UserID)
	return err
}

func (c *Console) gatherPlan(v *visit, h *homeView) (err error) {
	if h.Usage, err = c.Billing.Usage(v.r.Context(), v.me.UserID); err != nil {
		return err
	}
	if h.Plan, err = c.Billing.Subscription(v.r.Context(), v.me.UserID); err != nil {
		return err
	}
	h.MayWait, h.WaitFrom = c.Analyses.OffersDay(h.Usage.Tier.Model, h.Usage.Tier.MaxPosts)
	if h.Plan.Tier == (plan.Tier{}) {
		h.Plans = c.Billing.Plans()
		h.Paying = v.paying() && v.alert == nil
	} else if v.back() {
		h.Done = v.tongue().done("subscribed")
	}
	return nil
}

func (c *Console) gatherHistory(v *visit, h *homeView) error {
	f := analysis.Filter{Limit: perPage}
	if v.alert == nil {
		f.Cursor = v.r.URL.Query().Get("cursor")
	}
	p, err := c.Analyses.List(v.r.Context(), v.me.UserID, f)
	h.History, h.Total = p.Analyses, p.Total
	if p.Next != "" {
		h.Older = "/?" + url.Values{"cursor": {p.Next}}.Encode() + "#history"
	}
	return err
}

// back tells whether the person comes from a checkout that they completed.
func (v *visit) back() bool { return v.r.URL.Query().Get("checkout") == "done" }

// paying tells whether it is worth asking again. What was paid is heard from the payment
// provider, a moment after the person is back.
func (v *visit) paying() bool { return v.back() && v.tries() < payChecks }

func (v *visit) tries() int {
	n, err := strconv.Atoi(v.r.URL.Query().Get("try"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// askAgain makes the browser ask for the page again shortly, a bounded number of times.
func (v *visit) askAgain() {
	v.w.Header().Set("Refresh", "1; url=/?checkout=done&try="+strconv.Itoa(v.tries()+1))
}

// start begins an analysis and goes to its page.
func (c *Console) start(v *visit) (string, error) {
	a, _, err := c.Analyses.Start(v.r.Context(), v.me.UserID, v.asked())
	if f := fault.From(err); f != nil && asksConsent(f) {
		return "", f.Saying("%s", v.tongue().Say("home.tick"))
	}
	return "/a/" + a.ID, err
}

// once names a form that starts something. A form that was refused keeps its name: when a database does not answer,
// nobody knows whether the first try went through.
func (v *visit) once() string {
	if sent := v.field("once"); sent != "" {
		return sent
	}
	return rand.Text()
}

// asked is what the form asks for. Its key holds what was chosen too, so that the same form with another choice is
// another request.
func (v *visit) asked() analysis.StartRequest {
	r := analysis.StartRequest{Purpose: assess.Purpose(v.field("purpose")), Consent: v.field("consent") == "yes"}
	r.WithinADay = v.field("day") == "yes"
	if name := v.field("once"); name != "" {
		r.IdempotencyKey = strings.Join([]string{"form", name, v.field("source"), v.field("purpose"), v.field("day")}, "/")
	}
	if id, ok := strings.CutPrefix(v.field("source"), archivePrefix); ok {
		r.ArchiveID = id
	} else {
		r.AccountID = id
	}
	return r
}

func asksConsent(f *fault.Fault) bool {
	return slices.ContainsFunc(f.Fields, func(field fault.Field) bool { return field.Location == "body.consent" })
}

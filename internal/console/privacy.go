package console

import (
	"slices"
	"strconv"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/privacy"
)

// The privacy page: what was agreed to, the package of everything, and the way out.

// exportChecks bounds how often the page asks for itself while a package is being made.
const exportChecks = 15

type privacyView struct {
	page
	Holds   []account.GivenConsent // one of each kind
	Ended   []account.GivenConsent
	Exports []privacy.Export
	Handle  string // what to type to confirm the erasure
	HasPlan bool
	Typed   string // to confirm it, in a form that was refused
}

func (c *Console) showPrivacy(v *visit) error {
	p := privacyView{page: c.page(v, v.tongue().Say("frame.data")), Typed: v.typed("confirm", "")}
	consents, err := c.Accounts.Consents(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	p.Holds, p.Ended = sortConsents(consents)
	if p.Exports, err = c.Privacy.Exports(v.r.Context(), v.me.UserID); err != nil {
		return err
	}
	if err := c.gatherErasure(v, &p); err != nil {
		return err
	}
	if len(p.Exports) > 0 && p.Exports[0].Status == "queued" && v.alert == nil && v.tries() < exportChecks {
		v.w.Header().Set("Refresh", "1; url=/privacy?try="+strconv.Itoa(v.tries()+1)+"#export")
	}
	return c.ok(v, privacyPage(p))
}

// maxEnded bounds how many withdrawn consents are shown.
const maxEnded = 20

// sortConsents takes the newest of each kind that holds, and those that were withdrawn; they come newest first.
func sortConsents(all []account.GivenConsent) (holds, ended []account.GivenConsent) {
	for _, g := range all {
		switch {
		case g.WithdrawnAt != nil:
			ended = append(ended, g)
		case !slices.ContainsFunc(holds, func(h account.GivenConsent) bool { return h.Kind == g.Kind }):
			holds = append(holds, g)
		}
	}
	return holds, ended[:min(len(ended), maxEnded)]
}

func (c *Console) gatherErasure(v *visit, p *privacyView) error {
	accounts, err := c.Accounts.Accounts(v.r.Context(), v.me.UserID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(accounts, func(x account.XAccount) bool { return !x.Released }) // there is always one
	if i >= 0 {
		p.Handle = "@" + accounts[i].Handle
	}
	plan, err := c.Billing.Subscription(v.r.Context(), v.me.UserID)
	p.HasPlan = plan.Tier.Name != "" && plan.Status != "included"
	return err
}

func (c *Console) withdraw(v *visit) (string, error) {
	const to = "/privacy?done=withdrawn#consents"
	if kind := v.r.PathValue("kind"); kind != cleanup.ConsentKind {
		if kind == analysis.ConsentKind { // what reads no more deletes no more
			if err := c.Cleanups.EndOpen(v.r.Context(), v.me.UserID); err != nil {
				return to, err
			}
		}
		return to, c.Analyses.Withdraw(v.r.Context(), v.me.UserID, kind)
	}
	return to, c.Cleanups.Withdraw(v.r.Context(), v.me.UserID)
}

func (c *Console) export(v *visit) (string, error) {
	_, err := c.Privacy.Export(v.r.Context(), v.me.UserID)
	return "/privacy?done=export-asked#export", err
}

// erase leads to where the chain clears the cookies of a browser without a session.
func (c *Console) erase(v *visit) (string, error) {
	return "/?done=erasing", c.Privacy.Erase(v.r.Context(), v.me.UserID, v.field("confirm"))
}

// endedWords tell of a consent that was withdrawn.
func endedWords(l tongue, g account.GivenConsent) string {
	return l.Say("data.ended", "what", consentTitle(l, g.Kind), "at", l.date(g.GivenAt), "ended", l.date(*g.WithdrawnAt))
}

func exportWords(l tongue, e privacy.Export) string {
	if key := "export." + e.Status; l.Has(key) {
		return l.Say(key)
	}
	return e.Status
}

func exportBadge(e privacy.Export) string {
	if e.Status == "ready" {
		return badge("low")
	}
	return badge("")
}

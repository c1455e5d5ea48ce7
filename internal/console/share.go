package console

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/report"
	"github.com/repazoo/repazoo/internal/review"
	"github.com/repazoo/repazoo/internal/share"
	"github.com/repazoo/repazoo/internal/words"
)

// The pages of sharing: where a person makes links to a report and ends them, and what somebody sees who was given one.
// As with an API key, a new link is shown in the very answer to the form, because no redirect can carry it. A form
// carries a key of its own, so that one that is sent again makes no second link.

type sharesView struct {
	page
	Analysis analysis.Analysis
	Links    []sharedLink
	Address  string // of the link that was just made; "" for none
	Full     bool   // no further link may be made

	Purpose  assess.Purpose // chosen in the form, as all below
	Sections []share.Section
	Hours    int
	Note     string
	Key      string
}

// sharedLink is a link as its owner sees it.
type sharedLink struct {
	share.Share
	Open  bool
	Views []share.View // the newest
}

// viewsShown is how many openings of a link stand on the page.
const viewsShown = 20

// hoursToChoose are the lives of a link.
var hoursToChoose = [...]int{1, 6, 24, 3 * 24, share.DefaultHours, 14 * 24, share.MaxHours}

func (c *Console) showShares(v *visit) error { return c.showSharesWith(v, nil) }

func (c *Console) showSharesWith(v *visit, made *share.Made) error {
	ctx, id := v.r.Context(), v.r.PathValue("id")
	a, err := c.Analyses.Get(ctx, v.me.UserID, id)
	if err != nil {
		return err
	}
	view := sharesView{
		page: c.page(v, v.tongue().Say("shares.title", "handle", a.Handle)), Analysis: a, Key: db.NewID(),
		Hours: share.DefaultHours,
	}
	view.Purpose = oneOf(v.r.URL.Query().Get("purpose"), assess.Purposes[:], a.Purpose)
	view.Sections = share.DefaultSections()
	if v.alert != nil {
		view.keep(v)
	}
	if made != nil {
		view.Address = c.Site.URL + made.Path()
	}
	if view.Links, err = c.sharedLinks(v, id); err != nil {
		return err
	}
	open := slices.DeleteFunc(slices.Clone(view.Links), func(l sharedLink) bool { return !l.Open })
	view.Full = len(open) >= share.MaxLive
	return c.ok(v, sharesPage(view))
}

// keep shows again what a form had that was refused.
func (view *sharesView) keep(v *visit) {
	view.Purpose = oneOf(v.field("purpose"), assess.Purposes[:], view.Purpose)
	view.Sections, view.Note = v.sections(), v.field("note")
	if hours, err := v.number("hours"); err == nil {
		view.Hours = hours
	}
}

func (c *Console) sharedLinks(v *visit, id string) ([]sharedLink, error) {
	all, err := c.Shares.List(v.r.Context(), v.me.UserID, id)
	if err != nil {
		return nil, err
	}
	views, err := c.Shares.ViewsOf(v.r.Context(), v.me.UserID, id, viewsShown)
	links := make([]sharedLink, len(all))
	for i, s := range all {
		links[i] = sharedLink{s, s.Live(c.Site.Now()), views[s.ID]}
	}
	return links, err
}

func (v *visit) sections() []share.Section {
	all := []share.Section{}
	for _, s := range v.r.PostForm["section"] {
		all = append(all, share.Section(s))
	}
	return all
}

func (c *Console) makeShare(v *visit) error {
	var made share.Made
	_, err := c.submit(v, func(*visit) (string, error) {
		hours, err := v.number("hours")
		if err != nil {
			return "", err
		}
		made, err = c.Shares.Create(v.r.Context(), v.me.UserID, share.Request{
			AnalysisID: v.r.PathValue("id"), Purpose: assess.Purpose(v.field("purpose")), Sections: v.sections(), Hours: hours,
			Note: v.field("note"), Key: v.field("key"),
		})
		return "", err
	})
	if err != nil {
		v.alert = c.alertFor(v, err)
		return c.showShares(v)
	}
	return c.showSharesWith(v, &made)
}

func (c *Console) revokeShare(v *visit) (string, error) {
	back := "/a/" + v.r.PathValue("id") + "/shares?done=share-revoked"
	return back, c.Shares.Revoke(v.r.Context(), v.me.UserID, v.r.PathValue("share"))
}

func (c *Console) shareRoutes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /a/{id}/shares":                 c.member(c.showShares),
		"POST /a/{id}/shares":                c.member(c.makeShare),
		"POST /a/{id}/shares/{share}/revoke": c.form(c.revokeShare, c.showShares),
		"GET /shared/{token}":                c.shared(c.showDoor),
		"POST /shared/{token}":               c.shared(c.openShared),
	}
}

// doorPolicy allows the page of a link the console's own style, and its button.
const doorPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors " +
	"'none'; base-uri 'none'"

// shared is for anyone who has a link. No search engine may list what it answers, whatever that is.
func (c *Console) shared(show show) http.Handler {
	return c.open(func(v *visit) error {
		h := v.w.Header()
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Content-Security-Policy", doorPolicy)
		return show(v)
	})
}

type doorView struct {
	page
	*words.Language
	Share share.Share
	Token string
	Own   bool // the visitor's own link
}

// in is the address of the page, and of the report behind it, in a language.
func (v doorView) in(tag string) templ.SafeURL {
	return templ.SafeURL("/shared/" + v.Token + "?lang=" + tag)
}

// readerLanguage is that of whoever opens a link: which they picked on its page, or chose for their account, or which
// their browser asks for.
func (c *Console) readerLanguage(v *visit) (*words.Language, error) {
	picked, chosen := v.r.URL.Query().Get("lang"), account.Preferences{}
	if !words.Known(picked) && v.me.UserID != "" {
		var err error
		if chosen, err = c.Accounts.Preferences(v.r.Context(), v.me.UserID); err != nil {
			return nil, err
		}
	}
	return words.Choose(v.r.Header.Get("Accept-Language"), picked, chosen.Language), nil
}

// showDoor is what a link leads to: a page with a button. Programs that fetch a preview of a link see this and no more.
func (c *Console) showDoor(v *visit) error {
	token := v.r.PathValue("token")
	s, err := c.Shares.Look(v.r.Context(), token)
	if err != nil {
		return err
	}
	l, err := c.readerLanguage(v)
	if err != nil {
		return err
	}
	v.in = tongue{l}
	return c.ok(v, doorPage(doorView{c.page(v, l.Say("door.title")), l, s, token, s.UserID == v.me.UserID}))
}

// openShared shows the report itself.
func (c *Console) openShared(v *visit) error {
	l, err := c.readerLanguage(v)
	if err != nil {
		return err
	}
	s, r, err := c.Shares.Open(v.r.Context(), v.r.PathValue("token"), share.Reader{UserID: v.me.UserID, Language: l.Tag})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := report.WriteShared(&b, r, report.Shared{
		Score: s.Shows(share.Score), Steps: s.Shows(share.Steps), Findings: s.Shows(share.Findings),
		Charts:   s.Shows(share.Charts),
		Coverage: s.Shows(share.Coverage), Until: s.ExpiresAt,
	}); err != nil {
		return fmt.Errorf("console: shared report: %w", err)
	}
	h := v.w.Header()
	h.Set("Content-Type", report.ContentType(report.HTML))
	h.Set("Content-Language", l.Tag)
	h.Set("Content-Security-Policy", report.PagePolicy())
	h.Set("Cache-Control", "no-store")
	_, _ = b.WriteTo(v.w) // a reader that has gone is no error of ours
	return nil
}

// shareLink is where a report is shared, for the lens that is open.
func (a address) shareLink() string {
	to := address{path: a.path + "/shares", own: a.own, Lens: a.Lens, Page: 1}
	to.State = review.Open
	return to.String()
}

func hoursWords(l tongue, hours int) string {
	if hours < 48 && hours != 24 {
		return l.Say("shares.hours", "n", hours)
	}
	return l.Say("shares.days", "n", hours/24)
}

// stateWords say whether a link still opens.
func (s sharedLink) stateWords(l tongue) string {
	switch {
	case s.RevokedAt != nil:
		return l.Say("shares.revoked_at", "at", l.moment(*s.RevokedAt))
	case !s.Open:
		return l.Say("shares.ended_at", "at", l.moment(s.ExpiresAt))
	}
	return l.Say("shares.open_until", "at", l.moment(s.ExpiresAt))
}

func (s sharedLink) showsWords(l tongue) string {
	names := make([]string, len(s.Sections))
	for i, section := range s.Sections {
		names[i] = l.Say("shares.short." + string(section))
	}
	return l.Say("shares.shows_for", "purpose", purposeTitle(l, s.Purpose), "sections", strings.Join(names, ", "))
}

func (s sharedLink) openedWords(l tongue) string {
	if s.Opened == 0 {
		return l.Say("shares.not_opened")
	}
	return l.Say("shares.opened", "n", s.Opened)
}

// name tells a link from others.
func (s sharedLink) name(l tongue) string {
	return cmp.Or(s.Note, l.Say("shares.link_of", "at", l.moment(s.CreatedAt)))
}

// viewWords say of an opening what is known.
func viewWords(l tongue, v share.View) string {
	words := cmp.Or(v.Device, l.Say("shares.unknown"))
	if v.Network != "" {
		words += l.Say("shares.network", "network", v.Network)
	}
	return words
}

package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/words"
)

// The pages of a clean-up: what is chosen, the dry run, the way to the leave, how far it is, and what came of it.

type cleanupView struct {
	page
	C     cleanup.Cleanup
	Items []cleanup.Item
	E     cleanup.Effect
	Leave bool

	Ticked func(cleanup.Item) bool // the box of a post, as it was sent in a form that was refused
	Agreed bool                    // as the box of the consent was sent
	Place  *time.Location          // of whoever looks; nil for UTC
}

var stepNames = [...]string{"choose", "dry_run", "backup", "delete", "receipt"}

func (c *Console) cleanupView(v *visit) (view cleanupView, err error) {
	ctx := v.r.Context()
	plan, err := c.Cleanups.Get(ctx, v.me.UserID, v.r.PathValue("id"))
	if err != nil {
		return view, err
	}
	items, err := c.Cleanups.Posts(ctx, v.me.UserID, plan.ID)
	if err != nil {
		return view, err
	}
	effect, err := c.Cleanups.Effect(ctx, plan, items)
	if err != nil {
		return view, err
	}
	place, err := v.place()
	if err != nil {
		return view, err
	}
	held, err := c.Cleanups.HasLeave(ctx, plan)
	if v.alert == nil {
		v.alert = leaveAlert(v.tongue(), v.r.URL.Query().Get("error"))
	}
	view = cleanupView{
		page: c.page(v, v.tongue().Say("cleanup.title", "handle", plan.Handle)), C: plan, Items: items, E: effect,
		Leave: held, Place: place,
	}
	view.keepTyped(v)
	view.Cleanup, view.Moves = true, plan.State == removal.Running
	return view, err
}

// keepTyped leaves the boxes as they were sent in a form that was refused. Else the posts of a draft are all ticked,
// and those to delete by hand are where that was said before.
func (view *cleanupView) keepTyped(v *visit) {
	view.Ticked = func(it cleanup.Item) bool { return view.C.State == removal.Draft || it.TickedAt != nil }
	if v.alert == nil || v.r.Method != http.MethodPost {
		return
	}
	view.Agreed = v.field("consent") == "yes"
	if path := v.r.URL.Path; strings.HasSuffix(path, "/keep") || strings.HasSuffix(path, "/ticks") {
		sent := slices.Concat(v.r.PostForm["post"], v.r.PostForm["ticked"])
		view.Ticked = func(it cleanup.Item) bool { return slices.Contains(sent, it.ID) }
	}
}

// leaveAlert says what X's answer came to, when there was no leave in it.
func leaveAlert(l tongue, code string) *alert {
	a := &alert{status: http.StatusOK}
	switch code {
	case "":
		return nil
	case fault.SignInAgain.Code:
		a.Message = l.Say("cleanup.leave_again")
	case fault.Forbidden.Code:
		a.Message = l.Say("cleanup.leave_none")
	default:
		a.Message = l.Say("cleanup.leave_x")
	}
	return a
}

func (c *Console) showCleanup(v *visit) error {
	view, err := c.cleanupView(v)
	if err != nil {
		return err
	}
	return c.ok(v, cleanupPage(view))
}

func (c *Console) showByHand(v *visit) error {
	view, err := c.cleanupView(v)
	if err != nil {
		return err
	}
	return c.ok(v, byHandPage(view))
}

// planCleanup makes a draft of the findings that are ticked in a report, or leads to the one that is open.
func (c *Console) planCleanup(v *visit) (string, error) {
	ctx, id := v.r.Context(), v.r.PathValue("id")
	if open, ok, err := c.Cleanups.Open(ctx, v.me.UserID, id); err != nil || ok {
		return "/cleanups/" + open.ID, err
	}
	chosen := v.r.PostForm["chosen"]
	if len(chosen) == 0 { // without a choice a plan would hold all that is advised for deletion
		return "", fault.ValidationFailed.Saying("Tick the findings whose posts are to go.")
	}
	made, err := c.Cleanups.Create(ctx, v.me.UserID, cleanup.Choice{AnalysisID: id, Findings: chosen})
	return "/cleanups/" + made.ID, err
}

// moveCleanup does something with a plan and shows it again.
func (c *Console) moveCleanup(do func(v *visit, id string) error) http.Handler {
	return c.form(func(v *visit) (string, error) {
		id := v.r.PathValue("id")
		return "/cleanups/" + id, do(v, id)
	}, c.showCleanup)
}

func (c *Console) cleanupRoutes() map[string]http.Handler {
	s := c.Cleanups
	only := func(_ cleanup.Cleanup, err error) error { return err }
	return map[string]http.Handler{
		"POST /a/{id}/cleanup":       c.form(c.planCleanup, c.showAnalysis),
		"GET /cleanups/{id}":         c.member(c.showCleanup),
		"GET /cleanups/{id}/by-hand": c.member(c.showByHand),
		"POST /cleanups/{id}/keep": c.moveCleanup(func(v *visit, id string) error {
			return c.keepOnly(v, id, v.r.PostForm["post"])
		}),
		"POST /cleanups/{id}/dry-run": c.moveCleanup(func(v *visit, id string) error { return only(s.DryRun(v.r.Context(), v.me.UserID, id)) }),
		"POST /cleanups/{id}/backup":  c.moveCleanup(func(v *visit, id string) error { return only(s.Backup(v.r.Context(), v.me.UserID, id)) }),
		"POST /cleanups/{id}/start":   c.moveCleanup(func(v *visit, id string) error { return only(s.Start(v.r.Context(), v.me.UserID, id)) }),
		"POST /cleanups/{id}/pause":   c.moveCleanup(func(v *visit, id string) error { return only(s.Pause(v.r.Context(), v.me.UserID, id)) }),
		"POST /cleanups/{id}/end":     c.moveCleanup(func(v *visit, id string) error { return only(s.End(v.r.Context(), v.me.UserID, id)) }),
		"POST /cleanups/{id}/erase":   c.moveCleanup(func(v *visit, id string) error { return s.EraseBackup(v.r.Context(), v.me.UserID, id) }),
		"POST /cleanups/{id}/leave":   c.form(c.agreeToCleanup, c.showCleanup),
		"POST /cleanups/{id}/ticks":   c.form(c.checkTicks, c.showByHand),
	}
}

// agreeToCleanup records the consent and goes to where X is asked.
func (c *Console) agreeToCleanup(v *visit) (string, error) {
	id := v.r.PathValue("id")
	_, err := c.Cleanups.Agree(v.r.Context(), v.me.UserID, id, v.field("consent") == "yes")
	return "/auth/x/leave?cleanup_id=" + id, err
}

func (c *Console) checkTicks(v *visit) (string, error) {
	id := v.r.PathValue("id")
	if _, err := c.Cleanups.Tick(v.r.Context(), v.me.UserID, id, v.r.PostForm["ticked"]); err != nil {
		return "", err
	}
	checked, err := c.Cleanups.Check(v.r.Context(), v.me.UserID, id)
	if err == nil && checked.State.Over() {
		return "/cleanups/" + id, nil
	}
	return "/cleanups/" + id + "/by-hand", err
}

// keepOnly takes out of a plan what is not ticked.
func (c *Console) keepOnly(v *visit, id string, keep []string) error {
	items, err := c.Cleanups.Posts(v.r.Context(), v.me.UserID, id)
	if err != nil {
		return err
	}
	var out []string
	for _, it := range items {
		if !slices.Contains(keep, it.ID) {
			out = append(out, it.ID)
		}
	}
	if len(out) == 0 {
		return nil
	}
	_, err = c.Cleanups.Remove(v.r.Context(), v.me.UserID, id, out)
	return err
}

func (v cleanupView) link() string { return "/cleanups/" + v.C.ID }
func (v cleanupView) api() string  { return "/api/v1/cleanups/" + v.C.ID }

func (v cleanupView) reportLink() string {
	if v.C.AnalysisID == nil {
		return "/"
	}
	return "/a/" + *v.C.AnalysisID
}

// step is which of the five the plan is at.
func (v cleanupView) step() int {
	switch {
	case v.C.State == removal.Draft:
		return 0
	case v.C.State == removal.Frozen && v.C.BackupAt == nil:
		return 2
	case v.C.State.Over():
		return 4
	}
	return 3
}

func (v cleanupView) stepClass(i int) string {
	switch {
	case i < v.step() || v.C.State.Over():
		return "done"
	case i == v.step():
		return "now"
	}
	return ""
}

func (v cleanupView) left() int    { return len(v.Items) - v.settled() }
func (v cleanupView) settled() int { return v.number(removal.Outcome.Settled) }

func (v cleanupView) number(is func(removal.Outcome) bool) int {
	n := 0
	for _, it := range v.Items {
		if is(it.Outcome) {
			n++
		}
	}
	return n
}

func (v cleanupView) hasBackup() bool {
	return v.C.BackupAt != nil && slices.ContainsFunc(v.Items, func(it cleanup.Item) bool { return it.Text != "" })
}

// cleanupFigure is a count, and its name in the catalogue.
type cleanupFigure struct {
	Name string
	N    int
}

func (v cleanupView) figures() []cleanupFigure {
	is := func(all ...removal.Outcome) int {
		return v.number(func(o removal.Outcome) bool { return slices.Contains(all, o) })
	}
	all := []cleanupFigure{{"deleted", is(removal.Deleted)}, {"gone", is(removal.Gone)}}
	if n := is(removal.Changed, removal.Foreign, removal.Hidden); n > 0 {
		all = append(all, cleanupFigure{"alone", n})
	}
	if n := is(removal.Kept); n > 0 {
		all = append(all, cleanupFigure{"kept", n})
	}
	if n := v.left(); n > 0 {
		all = append(all, cleanupFigure{"left", n})
	}
	return all
}

func (v cleanupView) title(l tongue) string {
	switch v.C.State {
	case removal.Running:
		return l.Say("cleanup.title_running", "n", len(v.Items), "handle", v.C.Handle)
	case removal.Done, removal.Ended:
		return l.Say("cleanup.title_over", "handle", v.C.Handle)
	}
	return l.Say("cleanup.title", "handle", v.C.Handle)
}

func (v cleanupView) progressWords(l tongue) string {
	words := l.Say("cleanup.gone_of", "gone", v.number(removal.Outcome.Away), "n", len(v.Items))
	switch v.C.State {
	case removal.Paused:
		return l.Say("cleanup.paused", "words", words)
	case removal.Stopped:
		return l.Say("cleanup.stopped", "words", words)
	}
	return words
}

func (v cleanupView) overWords(l tongue) string {
	return l.Say("cleanup.over", "n", v.number(removal.Outcome.Away), "of", len(v.Items))
}

// waitWords says what a plan waits for, and until when.
func (v cleanupView) waitWords(l tongue) string {
	if v.C.WaitingFor == cleanup.WaitsForNothing || v.C.WaitUntil == nil {
		if v.C.State == removal.Paused {
			return l.Say("cleanup.you_paused", "at", l.date(v.C.ExpiresAt))
		}
		return ""
	}
	at := v.C.WaitUntil.In(cmp.Or(v.Place, time.UTC))
	until := l.Say("cleanup.until", "day", strconv.Itoa(at.Day()), "month", l.Say("month."+strconv.Itoa(int(at.Month()))),
		"time", at.Format("15:04"), "zone", words.ZoneOf(at))
	switch v.C.WaitingFor {
	case cleanup.WaitsForX:
		return l.Say("cleanup.wait.x", "until", until)
	case cleanup.WaitsForPace:
		return l.Say("cleanup.wait.pace", "until", until)
	case cleanup.WaitsForDay:
		return l.Say("cleanup.wait.day", "until", until)
	case cleanup.WaitsForOperator:
		return l.Say("cleanup.wait.operator", "until", until)
	}
	return l.Say("cleanup.wait.silent", "until", until)
}

// stoppedWords say why nothing more is deleted, which is kept in English; other languages say less.
func stoppedWords(l tongue, why string) string {
	if l.Tag == words.English {
		return why
	}
	return l.Say("cleanup.stopped_why")
}

func aboutWords(l tongue, d time.Duration) string {
	switch {
	case d < time.Minute:
		return l.Say("about.less")
	case d < 2*time.Hour:
		return l.Say("about.minutes", "n", int(d.Round(time.Minute)/time.Minute))
	}
	return l.Say("about.hours", "n", int((d+30*time.Minute)/time.Hour))
}

func microDollars(l tongue, n int64) string { return l.usd(int((n + 5_000) / 10_000)) }

func postedWords(l tongue, it cleanup.Item) string {
	if it.PostedAt.IsZero() {
		return l.Say("cleanup.post", "id", it.ID)
	}
	return l.date(it.PostedAt)
}

func postWords(l tongue, it cleanup.Item) string {
	if it.Text == "" {
		return l.Say("cleanup.text_gone")
	}
	return it.Text
}

func boxWords(l tongue, it cleanup.Item, inPlan bool) string {
	if inPlan {
		return l.Say("cleanup.in_the_plan", "what", postedWords(l, it))
	}
	return l.Say("cleanup.deleted_by_hand", "what", postedWords(l, it))
}

// outcomeWords say what became of a post.
func outcomeWords(l tongue, o removal.Outcome) string {
	return l.Say("outcome." + cmp.Or(string(o), "planned"))
}

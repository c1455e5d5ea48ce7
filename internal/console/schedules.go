package console

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/recur"
	"github.com/repazoo/repazoo/internal/schedule"
)

// The page of schedules: what is analysed regularly, and a form for an account that is not.

type schedulesView struct {
	page
	Schedules []scheduled
	Free      []account.XAccount // linked accounts without a schedule
	Linked    bool               // there is an account at all
	Form      scheduleForm       // of a new one
	Account   string             // the same: whose posts, in a form that was refused
	Agreed    bool               // the box of that form was ticked
	Allowed   []recur.Every      // on the plan; empty without one
	Ceiling   int                // of the plan, in cents; 0 for none
	MayWait   bool               // runs can be done within a day, for less
	WaitFrom  int                // from so many posts for the model on
	Consents  []string           // texts to agree to
	Purposes  []assess.Purpose
}

// scheduled is a schedule with the account it is about, and its form.
type scheduled struct {
	schedule.Schedule
	Handle  string
	Form    scheduleForm
	Refused bool // it holds what was typed
}

// scheduleForm is what the fields of a form hold.
type scheduleForm struct {
	ID      string // makes the names of its labels unique
	Every   recur.Every
	Weekday time.Weekday
	Day     int
	Time    string
	Zone    string
	Purpose assess.Purpose
	Ceiling string // in dollars
	Wait    bool   // cheaper, within a day
}

// usualZones are suggested; any zone of the IANA database is taken.
var usualZones = [...]string{
	"UTC", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Chicago", "America/Denver",
	"America/Los_Angeles",
	"America/Mexico_City", "America/New_York", "America/Sao_Paulo", "America/Toronto", "Africa/Cairo",
	"Africa/Johannesburg",
	"Africa/Lagos", "Africa/Nairobi", "Asia/Dubai", "Asia/Hong_Kong", "Asia/Jakarta", "Asia/Karachi", "Asia/Kolkata",
	"Asia/Manila", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Europe/Amsterdam",
	"Europe/Berlin", "Europe/Istanbul", "Europe/Lisbon", "Europe/London", "Europe/Madrid", "Europe/Moscow",
	"Europe/Paris",
	"Europe/Rome", "Europe/Warsaw", "Pacific/Auckland",
}

func (c *Console) showSchedules(v *visit) error {
	ctx, user := v.r.Context(), v.me.UserID
	view := schedulesView{page: c.page(v, v.tongue().Say("schedules.title")), Purposes: assess.Purposes[:]}
	all, err := c.Schedules.List(ctx, user)
	if err != nil {
		return err
	}
	accounts, err := c.Accounts.Accounts(ctx, user)
	if err != nil {
		return err
	}
	usage, err := c.Billing.Usage(ctx, user)
	if err != nil {
		return err
	}
	if view.Consents, err = c.Schedules.Consents(ctx, user); err != nil {
		return err
	}
	for i, text := range view.Consents {
		view.Consents[i] = agreedWords(v.tongue(), text)
	}
	view.Allowed, view.Ceiling = schedule.Allowed(usage.Tier.Name), usage.Tier.MaxCostCents
	view.MayWait, view.WaitFrom = c.Analyses.OffersDay(usage.Tier.Model, usage.Tier.MaxPosts)
	view.addSchedules(all, accounts)
	chosen, err := v.preferences()
	if err != nil {
		return err
	}
	view.Form = scheduleForm{
		ID: "new", Every: recur.Weekly, Weekday: time.Monday, Day: 1, Time: "09:00", Zone: cmp.Or(chosen.TimeZone, "UTC"),
	}
	view.keepTyped(v)
	return c.ok(v, schedulesPage(view))
}

// keepTyped fills in the form that was refused, of a new schedule or of one that there is.
func (s *schedulesView) keepTyped(v *visit) {
	if v.alert == nil || !v.r.PostForm.Has("every") {
		return
	}
	s.Agreed = v.field("consent") == "yes"
	id := v.r.PathValue("id")
	if id == "" {
		s.Form, s.Account = typedForm(v, "new"), v.field("account")
	}
	for i := range s.Schedules {
		if one := &s.Schedules[i]; one.ID == id {
			one.Form, one.Refused = typedForm(v, id), true
		}
	}
}

func (v *schedulesView) addSchedules(all []schedule.Schedule, accounts []account.XAccount) {
	for _, x := range accounts {
		i := slices.IndexFunc(all, func(s schedule.Schedule) bool { return s.AccountID == x.ID })
		if i >= 0 {
			v.Schedules = append(v.Schedules, scheduled{Schedule: all[i], Handle: x.Handle, Form: formOf(all[i])})
		} else if x.Health != "revoked" {
			v.Free = append(v.Free, x)
		}
		v.Linked = v.Linked || x.Health != "revoked"
	}
}

func formOf(s schedule.Schedule) scheduleForm {
	f := scheduleForm{
		ID: s.ID, Every: s.Rule.Every, Weekday: s.Rule.Weekday, Day: max(1, s.Rule.Day), Time: s.Rule.Clock(),
		Zone: s.Rule.Zone, Purpose: s.Purpose, Wait: s.WithinADay,
	}
	if s.MaxCostCents > 0 {
		f.Ceiling = fmt.Sprintf("%d.%02d", s.MaxCostCents/100, s.MaxCostCents%100)
	}
	return f
}

func typedForm(v *visit, id string) scheduleForm {
	weekday, _ := strconv.Atoi(v.field("weekday")) // a form that was refused shows what it can of what was typed
	day, _ := strconv.Atoi(v.field("day"))
	return scheduleForm{
		ID: id, Every: recur.Every(v.field("every")), Weekday: time.Weekday(weekday), Day: day, Time: v.field("time"),
		Zone:    v.field("zone"),
		Purpose: assess.Purpose(v.field("purpose")), Ceiling: v.field("ceiling"), Wait: v.field("wait") == "yes",
	}
}

// wish reads a posted form.
func (v *visit) wish() (schedule.Wish, error) {
	f := typedForm(v, "")
	minute, err := recur.ParseClock(f.Time)
	if err != nil {
		return schedule.Wish{}, fault.ValidationFailed.Saying("Give the time of day as hours and minutes, such as 09:00.")
	}
	cents, err := centsOf(f.Ceiling)
	if err != nil {
		return schedule.Wish{}, err
	}
	return schedule.Wish{
		AccountID: v.field("account"), Purpose: f.Purpose, MaxCostCents: cents, Consent: v.field("consent") == "yes",
		WithinADay: f.Wait,
		Rule:       recur.Rule{Every: f.Every, Weekday: f.Weekday, Day: f.Day, Minute: minute, Zone: f.Zone},
	}, nil
}

const mostDollars = 10_000

// dollarsTyped is how people write them: "1,000" would be a thousand to some and one to others.
var dollarsTyped = regexp.MustCompile(`^[0-9]{1,5}([.,][0-9]{1,2})?$`)

// centsOf reads dollars: 1, or 1.50; nothing is no ceiling but the plan's.
func centsOf(typed string) (int, error) {
	typed = strings.TrimPrefix(strings.TrimSpace(typed), "$")
	if typed == "" {
		return 0, nil
	}
	dollars, err := strconv.ParseFloat(strings.Replace(typed, ",", ".", 1), 64)
	if err != nil || !dollarsTyped.MatchString(typed) || !(dollars >= 0.01 && dollars <= mostDollars) {
		return 0, fault.ValidationFailed.Saying("Give the ceiling in dollars, such as 1.50, or leave it empty.")
	}
	return int(math.Round(dollars * 100)), nil
}

func (c *Console) makeSchedule(v *visit) (string, error) {
	w, err := v.wish()
	if err == nil {
		_, err = c.Schedules.Create(v.r.Context(), v.me.UserID, w)
	}
	return "/schedules?done=schedule-made", err
}

func (c *Console) changeSchedule(v *visit) (string, error) {
	w, err := v.wish()
	if err == nil {
		_, err = c.Schedules.Change(v.r.Context(), v.me.UserID, v.r.PathValue("id"), w)
	}
	return "/schedules?done=schedule-changed", err
}

func (c *Console) pauseSchedule(v *visit) (string, error) {
	_, err := c.Schedules.Pause(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
	return "/schedules?done=schedule-paused", err
}

func (c *Console) resumeSchedule(v *visit) (string, error) {
	_, err := c.Schedules.Resume(v.r.Context(), v.me.UserID, v.r.PathValue("id"), v.field("consent") == "yes")
	return "/schedules?done=schedule-resumed", err
}

func (c *Console) removeSchedule(v *visit) (string, error) {
	return "/schedules?done=schedule-removed", c.Schedules.Remove(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
}

// ruleWords say what a schedule does.
func ruleWords(l tongue, s schedule.Schedule) string {
	return l.Say("schedules.rule", "every", everyWords(l, s.Rule), "purpose", purposeTitle(l, s.Purpose),
		"ceiling", costOf(l, s))
}

// everyWords say a rule: every Monday at 09:00 (Europe/Lisbon).
func everyWords(l tongue, r recur.Rule) string {
	switch {
	case r.Every == recur.Weekly:
		return l.Say("schedules.weekly", "day", weekday(l, r.Weekday), "time", r.Clock(), "zone", r.Zone)
	case r.Every == recur.Monthly && r.Day > 28:
		return l.Say("schedules.monthly_last", "n", r.Day, "time", r.Clock(), "zone", r.Zone)
	case r.Every == recur.Monthly:
		return l.Say("schedules.monthly", "n", r.Day, "time", r.Clock(), "zone", r.Zone)
	}
	return l.Say("schedules.daily", "time", r.Clock(), "zone", r.Zone)
}

func weekday(l tongue, d time.Weekday) string { return l.Say("weekday." + strconv.Itoa(int(d))) }

// nextWords say when a schedule is due, by the clock of its zone.
func nextWords(l tongue, s schedule.Schedule) string {
	at := s.NextAt.In(s.Rule.Place())
	return l.Say("schedules.next", "day", weekday(l, at.Weekday()), "date", l.date(at), "time", at.Format("15:04"))
}

func ceilingWords(l tongue, cents int) string {
	if cents == 0 {
		return l.Say("schedules.most_plan")
	}
	return l.Say("schedules.most", "sum", l.money(cents))
}

// pauseWords say why a schedule starts nothing; "" where nothing keeps it.
func pauseWords(l tongue, p schedule.Pause) string {
	if p == "" {
		return ""
	}
	return l.Say("pause." + string(p))
}

// costOf says what a run may cost, and whether it may take a day for less.
func costOf(l tongue, s schedule.Schedule) string {
	if s.WithinADay {
		return l.Say("schedules.within_day", "ceiling", ceilingWords(l, s.MaxCostCents))
	}
	return ceilingWords(l, s.MaxCostCents)
}

// includes tells whether the plan has a rhythm.
func (v schedulesView) includes(e recur.Every) bool { return slices.Contains(v.Allowed, e) }

func weekdays() []time.Weekday {
	return []time.Weekday{
		time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday,
		time.Sunday,
	}
}

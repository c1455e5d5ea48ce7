package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
)

func weeklyForm(account string) url.Values {
	return url.Values{
		"account": {account}, "every": {"weekly"}, "weekday": {"3"}, "day": {"1"}, "time": {"09:30"},
		"zone":    {"Europe/Lisbon"},
		"purpose": {"job_search"}, "ceiling": {"1.50"}, "consent": {"yes"},
	}
}

func TestSchedules_AreMadePausedChangedAndRemoved(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus).subscribe("basic")
	p.get("/schedules").shows(http.StatusOK, "Check an account regularly", "I agree.", "(with Pro)")
	if at := p.post("/schedules", weeklyForm(p.account)).leadsTo(); at != "/schedules?done=schedule-made" {
		t.Fatalf("led to %s", at)
	}
	page := p.get("/schedules?done=schedule-made").shows(http.StatusOK,
		"Every Wednesday at 09:30 (Europe/Lisbon), for job search, at most $1.50 a run.",
		"Next on Wednesday, 25 November 2026 at 09:30.",
		"From now on this account is checked by itself.").hides("Check an account regularly", "I agree.")
	at := "/schedules/" + regexp.MustCompile(`/schedules/([0-9a-f-]{36})/pause`).FindStringSubmatch(page.body)[1]
	p.post(at+"/pause", nil).leadsTo()
	p.get("/schedules").shows(http.StatusOK, "Paused", "You paused it.", "Let it go on").hides("Next on")
	p.post(at+"/resume", nil).leadsTo()
	form := weeklyForm(p.account)
	form.Set("every", "monthly")
	form.Set("day", "31")
	p.post(at, form).leadsTo()
	p.get("/schedules").shows(http.StatusOK, "On day 31 of every month, or its last at 09:30")
	p.signIn(ada).post(at+"/remove", nil).shows(http.StatusNotFound)
	p.post(at+"/remove", nil).leadsTo()
	p.get("/schedules").shows(http.StatusOK, "Check an account regularly")
}

func TestSchedules_WhatIsRefusedIsSaidAndWhatWasTypedStays(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus)
	p.get("/schedules").shows(http.StatusOK, "Regular checks come with a plan.")
	p.subscribe("basic")
	for field, tt := range map[string]struct{ value, says string }{
		"every":   {"daily", "Your plan does not allow checks this often."},
		"time":    {"9 o'clock", "Give the time of day"},
		"ceiling": {"lots", "Give the ceiling in dollars"},
		"zone":    {"Atlantis/Centre", "time zone such as Europe/Lisbon"},
		"consent": {"", "Agree first"},
	} {
		form := weeklyForm(p.account)
		form.Set(field, tt.value)
		p.post("/schedules", form).shows(http.StatusUnprocessableEntity, tt.says, `<h1>Regular checks</h1>`)
	}
}

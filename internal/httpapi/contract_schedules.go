package httpapi

import (
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/recur"
	"github.com/repazoo/repazoo/internal/schedule"
)

func exampleSchedule() scheduleBody {
	return scheduleBody{
		ID: exampleID, AccountID: exampleAccount, Every: recur.Weekly, Weekday: new(1), Time: "09:00", Zone: "Europe/Lisbon",
		Purpose: assess.JobSearch, MaxCost: 100, WithinADay: true, NextAt: exampleLater(7), LastAt: new(exampleTime()),
		LastID:    new(exampleAnalysis),
		CreatedAt: *exampleLater(-30),
	}
}

func scheduleEntries() map[string]entry {
	list, paused := schedulesOutput{}, exampleSchedule()
	list.Body.Data = []scheduleBody{exampleSchedule()}
	paused.NextAt, paused.PausedAt, paused.PausedWhy, paused.PausedText = nil, new(exampleTime()), schedule.ByPerson,
		schedule.ByPerson.Words()
	refusals := []*fault.Fault{fault.SubscriptionRequired, fault.NotFound}
	return map[string]entry{
		"GET /api/v1/schedules": {
			text:     "With when each is due next and, of one that is paused, what must be done for it to go on.",
			answered: list.Body,
		},
		"POST /api/v1/schedules": {
			text: "An analysis starts by itself each time it is due, takes one of your plan and keeps the ceiling. While a " +
				"schedule is on, the posts that were read are kept for its next run, so that only new ones are read and paid " +
				"for; consent says that they may be. What was missed while the server was off is made up for once. " +
				"With within_a_day the language model reads the posts of a run as a batch at half its price, mostly within " +
				"an hour and at most in a day; where the plan or the server has no batches any more, a run is done at once. " +
				"docs/schedules.md says more.",
			sent: map[string]any{
				"account_id": exampleAccount, "every": "weekly", "weekday": 1, "time": "09:00", "zone": "Europe/Lisbon",
				"purpose": "job_search", "max_cost_cents": 100, "within_a_day": true, "consent": true,
			},
			answered: exampleSchedule(), refusals: append(refusals, fault.Conflict),
		},
		"PATCH /api/v1/schedules/{id}": {
			text: "What is left out stays. One that has paused by itself goes on with paused=false, once what its " +
				"paused_text names is mended.",
			sent: map[string]any{"paused": true}, answered: paused, refusals: refusals,
		},
		"DELETE /api/v1/schedules/{id}": {text: "Reports that it made stay. Posts that were kept for its next run are " +
			"kept as long as others."},
	}
}

package httpapi

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/recur"
	"github.com/repazoo/repazoo/internal/schedule"
)

type scheduleBody struct {
	ID         string         `json:"id" format:"uuid"`
	AccountID  string         `json:"account_id" format:"uuid"`
	Every      recur.Every    `json:"every" enum:"daily,weekly,monthly"`
	Weekday    *int           `json:"weekday" doc:"Of a weekly one: 0 is Sunday. Else null."`
	Day        *int           `json:"day" doc:"Of a monthly one, 1 to 31; a shorter month has it on its last day. Else null."`
	Time       string         `json:"time" doc:"By the clock of the zone." example:"09:00"`
	Zone       string         `json:"zone" example:"Europe/Lisbon"`
	Purpose    assess.Purpose `json:"purpose"`
	MaxCost    int            `json:"max_cost_cents" doc:"Of each run; 0 is what the plan allows."`
	WithinADay bool           `json:"within_a_day" doc:"The model may take a day, where it can; else at once."`
	NextAt     *time.Time     `json:"next_at" doc:"Null while it is paused."`
	LastAt     *time.Time     `json:"last_at" doc:"When the last run was due."`
	LastID     *string        `json:"last_analysis_id" format:"uuid" doc:"What the last run started; it may be deleted since."`
	Failures   int            `json:"failures" doc:"In a row. After three it pauses."`
	Skipped    string         `json:"skipped" doc:"Why the last due run started nothing, although the schedule goes on; a sentence, or empty."`
	PausedAt   *time.Time     `json:"paused_at" doc:"Null while it is on."`
	PausedWhy  schedule.Pause `json:"paused_why" doc:"Empty while it is on." enum:",person,account,reconnect,consent,plan,rhythm,failures"`
	PausedText string         `json:"paused_text" doc:"Why, and what must be done for it to go on; a sentence, or empty."`
	CreatedAt  time.Time      `json:"created_at"`
}

func newScheduleBody(s schedule.Schedule) scheduleBody {
	b := scheduleBody{
		ID: s.ID, AccountID: s.AccountID, Every: s.Rule.Every, Time: s.Rule.Clock(), Zone: s.Rule.Zone, Purpose: s.Purpose,
		MaxCost: s.MaxCostCents, WithinADay: s.WithinADay, LastAt: s.LastAt, LastID: s.LastID, Failures: s.Failures,
		Skipped:  s.Skipped.Words(),
		PausedAt: s.PausedAt, PausedWhy: s.PausedWhy, PausedText: s.PausedWhy.Words(), CreatedAt: s.CreatedAt,
	}
	switch s.Rule.Every {
	case recur.Weekly:
		b.Weekday = new(int(s.Rule.Weekday))
	case recur.Monthly:
		b.Day = new(s.Rule.Day)
	}
	if s.PausedAt == nil {
		b.NextAt = &s.NextAt
	}
	return b
}

type schedulesOutput struct {
	Body struct {
		Data []scheduleBody `json:"data"`
	}
}

func (a *API) schedules(ctx context.Context, _ *struct{}) (*schedulesOutput, error) {
	all, err := a.Schedules.List(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	out := &schedulesOutput{}
	out.Body.Data = make([]scheduleBody, len(all))
	for i, s := range all {
		out.Body.Data[i] = newScheduleBody(s)
	}
	return out, nil
}

type scheduleOutput struct{ Body scheduleBody }

type createScheduleInput struct {
	Body struct {
		AccountID  string `json:"account_id" format:"uuid" doc:"A linked X account. It can have one schedule."`
		Every      string `json:"every" enum:"daily,weekly,monthly" doc:"Daily runs come with Pro."`
		Weekday    int    `json:"weekday,omitempty" minimum:"0" maximum:"6" doc:"Of a weekly one: 0 is Sunday."`
		Day        int    `json:"day,omitempty" minimum:"0" maximum:"31" doc:"Of a monthly one; 31 is the last day."`
		Time       string `json:"time" minLength:"5" maxLength:"5" pattern:"^[0-2][0-9]:[0-5][0-9]$" example:"09:00"`
		Zone       string `json:"zone" minLength:"1" maxLength:"64" doc:"Of the IANA database." example:"Europe/Lisbon"`
		Purpose    string `json:"purpose,omitempty" maxLength:"50" doc:"personal_reputation by default."`
		MaxCost    int    `json:"max_cost_cents,omitempty" minimum:"0" maximum:"1000000" doc:"Of each; else the plan's."`
		WithinADay bool   `json:"within_a_day,omitempty" doc:"For half of the model's price, where the preview offers it."`
		Consent    bool   `json:"consent,omitempty" doc:"Agree to the texts that a refusal without it tells."`
	}
}

func (a *API) createSchedule(ctx context.Context, in *createScheduleInput) (*scheduleOutput, error) {
	minute, err := minuteOf(in.Body.Time)
	if err != nil {
		return nil, err
	}
	s, err := a.Schedules.Create(ctx, caller(ctx), schedule.Wish{
		AccountID: in.Body.AccountID, Purpose: assess.Purpose(in.Body.Purpose), MaxCostCents: in.Body.MaxCost,
		WithinADay: in.Body.WithinADay, Consent: in.Body.Consent,
		Rule: recur.Rule{
			Every: recur.Every(in.Body.Every), Weekday: time.Weekday(in.Body.Weekday), Day: in.Body.Day, Minute: minute,
			Zone: in.Body.Zone,
		},
	})
	if err != nil {
		return nil, err
	}
	return &scheduleOutput{newScheduleBody(s)}, nil
}

func minuteOf(clock string) (int, error) {
	minute, err := recur.ParseClock(clock)
	if err != nil {
		return 0, fault.ValidationFailed.At("body.time", err.Error())
	}
	return minute, nil
}

type changeScheduleInput struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Every      *string `json:"every,omitempty" enum:"daily,weekly,monthly"`
		Weekday    *int    `json:"weekday,omitempty" minimum:"0" maximum:"6"`
		Day        *int    `json:"day,omitempty" minimum:"0" maximum:"31"`
		Time       *string `json:"time,omitempty" minLength:"5" maxLength:"5" pattern:"^[0-2][0-9]:[0-5][0-9]$"`
		Zone       *string `json:"zone,omitempty" minLength:"1" maxLength:"64"`
		Purpose    *string `json:"purpose,omitempty" maxLength:"50"`
		MaxCost    *int    `json:"max_cost_cents,omitempty" minimum:"0" maximum:"1000000"`
		WithinADay *bool   `json:"within_a_day,omitempty"`
		Paused     *bool   `json:"paused,omitempty" doc:"True pauses it, false lets it go on."`
		Consent    bool    `json:"consent,omitempty"`
	}
}

// changeSchedule keeps what is left out as it is.
func (a *API) changeSchedule(ctx context.Context, in *changeScheduleInput) (*scheduleOutput, error) {
	user, b := caller(ctx), in.Body
	s, err := a.Schedules.Get(ctx, user, in.ID)
	if err != nil {
		return nil, err
	}
	if b.Every != nil || b.Weekday != nil || b.Day != nil || b.Time != nil || b.Zone != nil || b.Purpose != nil ||
		b.MaxCost != nil || b.WithinADay != nil {
		w := schedule.Wish{
			Rule: s.Rule, Purpose: s.Purpose, MaxCostCents: s.MaxCostCents, WithinADay: s.WithinADay, Consent: b.Consent,
		}
		if b.Time != nil {
			if w.Rule.Minute, err = minuteOf(*b.Time); err != nil {
				return nil, err
			}
		}
		set((*string)(&w.Rule.Every), b.Every)
		set(&w.Rule.Zone, b.Zone)
		set(&w.Rule.Day, b.Day)
		set((*int)(&w.Rule.Weekday), b.Weekday)
		set((*string)(&w.Purpose), b.Purpose)
		set(&w.MaxCostCents, b.MaxCost)
		set(&w.WithinADay, b.WithinADay)
		if s, err = a.Schedules.Change(ctx, user, in.ID, w); err != nil {
			return nil, err
		}
	}
	switch {
	case b.Paused != nil && *b.Paused:
		s, err = a.Schedules.Pause(ctx, user, in.ID)
	case b.Paused != nil:
		s, err = a.Schedules.Resume(ctx, user, in.ID, b.Consent)
	}
	if err != nil {
		return nil, err
	}
	return &scheduleOutput{newScheduleBody(s)}, nil
}

// set changes a value to one that was sent.
func set[T any](to, sent *T) {
	if sent != nil {
		*to = *sent
	}
}

func (a *API) removeSchedule(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, a.Schedules.Remove(ctx, caller(ctx), in.ID)
}

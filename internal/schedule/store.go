package schedule

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/recur"
)

// Making, changing, pausing and removing schedules, for their owner.

// maxSchedules bounds a list; there is one for each linked account.
const maxSchedules = 100

const columns = `id, user_id, account_id, every, weekday, day, minute, zone, purpose, max_cost_cents, created_at, next_at, last_at,
	last_id, failures, skipped, paused_at, paused_why, awaits_id, within_a_day`

func scan(r db.Rows, s *Schedule) error {
	weekday := 0
	if err := r.Scan(&s.ID, &s.UserID, &s.AccountID, (*string)(&s.Rule.Every), &weekday, &s.Rule.Day, &s.Rule.Minute,
		&s.Rule.Zone,
		(*string)(&s.Purpose), &s.MaxCostCents, &s.CreatedAt, &s.NextAt, &s.LastAt, &s.LastID, &s.Failures,
		(*string)(&s.Skipped), &s.PausedAt, (*string)(&s.PausedWhy), &s.awaits, &s.WithinADay); err != nil {
		return err
	}
	s.Rule.Weekday = time.Weekday(weekday)
	checked, err := s.Rule.Checked()
	if err != nil { // a zone that this process does not know must not stop other people's schedules
		s.Rule.Zone = "UTC"
		checked, err = s.Rule.Checked()
	}
	s.Rule = checked
	return err
}

// List gives a user's schedules, the oldest first.
func (s *Service) List(ctx context.Context, userID string) ([]Schedule, error) {
	return db.Read(ctx, s.c.DB, db.User(userID), scan,
		`SELECT `+columns+` FROM schedules WHERE user_id = $1 ORDER BY created_at, id LIMIT $2`, userID, maxSchedules)
}

// Get reads one of a user's schedules. Error: not_found.
func (s *Service) Get(ctx context.Context, userID, id string) (Schedule, error) {
	if !db.IsID(id) {
		return Schedule{}, noSchedule()
	}
	v, err := db.ReadOne(ctx, s.c.DB, db.User(userID), scan,
		`SELECT `+columns+` FROM schedules WHERE user_id = $1 AND id = $2`, userID, id)
	if errors.Is(err, db.ErrNotFound) {
		err = noSchedule()
	}
	return v, err
}

func noSchedule() error { return fault.NotFound.Saying("You have no schedule with this id.") }

// Create makes a schedule, which starts its first analysis when that is due. Errors: subscription_required,
// validation_failed, not_found for an account that is not linked, conflict where the account has a schedule.
func (s *Service) Create(ctx context.Context, userID string, w Wish) (Schedule, error) {
	if err := s.check(ctx, userID, &w); err != nil {
		return Schedule{}, err
	}
	if err := s.checkDay(ctx, userID, w); err != nil {
		return Schedule{}, err
	}
	id := db.NewID()
	err := s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		digest, err := digestRule(w.Rule.Zone)
		if err != nil {
			return err
		}
		next := w.Rule.Next(now)
		n, err := tx.Exec(ctx, `INSERT INTO schedules (id, user_id, account_id, every, weekday, day, minute, zone, purpose,
			max_cost_cents,
				created_at, updated_at, next_at, digest_at, within_a_day)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14) ON CONFLICT (account_id) DO NOTHING`,
			id, userID, w.AccountID, string(w.Rule.Every), int(w.Rule.Weekday), w.Rule.Day, w.Rule.Minute, w.Rule.Zone,
			string(w.Purpose),
			w.MaxCostCents, now, next, digest.Next(now), w.WithinADay)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Conflict.Saying("This X account has a schedule already. Change that one.")
		}
		s.agree(ctx, tx, userID, w)
		s.c.Analyses.Keep(tx, userID, w.AccountID, next.Add(grace))
		record(ctx, tx, userID, "user", audit.ScheduleCreated, id, map[string]any{"every": string(w.Rule.Every)})
		return nil
	})
	if err != nil {
		return Schedule{}, err
	}
	return s.Get(ctx, userID, id)
}

// Change gives a schedule another rhythm, lens or ceiling. Its account stays. Errors: as for Create.
func (s *Service) Change(ctx context.Context, userID, id string, w Wish) (Schedule, error) {
	old, err := s.Get(ctx, userID, id)
	if err != nil {
		return Schedule{}, err
	}
	w.AccountID = old.AccountID
	if err := s.check(ctx, userID, &w); err != nil {
		return Schedule{}, err
	}
	if !old.WithinADay { // whoever has chosen it before keeps it also while the plan has none
		if err := s.checkDay(ctx, userID, w); err != nil {
			return Schedule{}, err
		}
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		digest, err := digestRule(w.Rule.Zone)
		if err != nil {
			return err
		}
		next := w.Rule.Next(tx.Now())
		n, err := tx.Exec(ctx, `UPDATE schedules SET every = $3, weekday = $4, day = $5, minute = $6, zone = $7, purpose = $8,
				max_cost_cents = $9, updated_at = $10, next_at = $11, digest_at = $12, within_a_day = $13
			WHERE user_id = $1 AND id = $2`,
			userID, id, string(w.Rule.Every), int(w.Rule.Weekday), w.Rule.Day, w.Rule.Minute, w.Rule.Zone, string(w.Purpose),
			w.MaxCostCents, tx.Now(), next, digest.Next(tx.Now()), w.WithinADay)
		if err != nil {
			return err
		}
		if n == 0 {
			return noSchedule()
		}
		s.agree(ctx, tx, userID, w)
		s.c.Analyses.Keep(tx, userID, w.AccountID, next.Add(grace))
		record(ctx, tx, userID, "user", audit.ScheduleChanged, id, map[string]any{"every": string(w.Rule.Every)})
		return nil
	})
	if err != nil {
		return Schedule{}, err
	}
	return s.Get(ctx, userID, id)
}

// Pause lets a schedule start nothing until Resume. Error: not_found.
func (s *Service) Pause(ctx context.Context, userID, id string) (Schedule, error) {
	v, err := s.Get(ctx, userID, id)
	if err != nil || v.PausedAt != nil {
		return v, err
	}
	if err := s.pause(ctx, v, ByPerson); err != nil {
		return Schedule{}, err
	}
	return s.Get(ctx, userID, id)
}

// Resume lets a paused schedule go on from its next day, if what made it pause is mended. Errors: as for Create.
func (s *Service) Resume(ctx context.Context, userID, id string, consent bool) (Schedule, error) {
	v, err := s.Get(ctx, userID, id)
	if err != nil || v.PausedAt == nil {
		return v, err
	}
	w := Wish{AccountID: v.AccountID, Rule: v.Rule, Purpose: v.Purpose, MaxCostCents: v.MaxCostCents, Consent: consent}
	if err := s.check(ctx, userID, &w); err != nil {
		return Schedule{}, err
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		next := v.Rule.Next(tx.Now())
		n, err := tx.Exec(ctx, `UPDATE schedules SET paused_at = NULL, paused_why = '', failures = 0, skipped = '', next_at
			= $3, updated_at = $4
			WHERE user_id = $1 AND id = $2 AND paused_at IS NOT NULL`, userID, id, next, tx.Now())
		if err != nil || n == 0 {
			return err
		}
		s.agree(ctx, tx, userID, w)
		s.c.Analyses.Keep(tx, userID, w.AccountID, next.Add(grace))
		record(ctx, tx, userID, "user", audit.ScheduleResumed, id, nil)
		return nil
	})
	if err != nil {
		return Schedule{}, err
	}
	return s.Get(ctx, userID, id)
}

// Remove ends a schedule. What it started stays. Error: not_found.
func (s *Service) Remove(ctx context.Context, userID, id string) error {
	v, err := s.Get(ctx, userID, id)
	if err != nil {
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM schedules WHERE user_id = $1 AND id = $2`, userID, id)
		if err == nil && n == 0 {
			return noSchedule()
		}
		s.c.Analyses.KeepNoLonger(tx, userID, v.AccountID)
		record(ctx, tx, userID, "user", audit.ScheduleRemoved, id, nil)
		return err
	})
}

// check refuses what could not run, and fills in what is left out.
func (s *Service) check(ctx context.Context, userID string, w *Wish) (err error) {
	if w.Rule, err = w.Rule.Checked(); err != nil {
		return fault.ValidationFailed.At("body."+fieldOf(err), err.Error())
	}
	if w.Purpose == "" {
		w.Purpose = assess.PersonalReputation
	}
	if w.Purpose, err = assess.ParsePurpose(string(w.Purpose)); err != nil {
		return err
	}
	if w.MaxCostCents < 0 {
		return fault.ValidationFailed.At("body.max_cost_cents", "must be at least 1")
	}
	switch why, err := s.hindrance(ctx, userID, w.AccountID, w.Rule.Every, w.Consent); {
	case err != nil:
		return err
	case why == NoPlan:
		return fault.SubscriptionRequired
	case why == NoAccount, why == Reconnect:
		return fault.NotFound.Saying("You have no linked X account like this. Link it first, or reconnect it.")
	case why == TooOften:
		return fault.ValidationFailed.Saying("Your plan does not allow checks this often. Choose a slower rhythm, "+
			"or a larger plan.").At("body.every", "must be weekly or monthly on this plan")
	case why == NoConsent:
		return fault.ValidationFailed.Saying("Agree first: send consent=true. The texts you agree to: %s %s",
			analysis.ConsentText, analysis.KeepText).
			At("body.consent", "must be true the first time")
	}
	return nil
}

// checkDay refuses a day where the model of the plan has no batches.
func (s *Service) checkDay(ctx context.Context, userID string, w Wish) error {
	if !w.WithinADay {
		return nil
	}
	usage, err := s.c.Billing.Usage(ctx, userID)
	if err != nil || usage.Tier.Name == "" {
		return err
	}
	return s.c.Analyses.RefuseDay(usage.Tier.Model, usage.Tier.MaxPosts)
}

// canWait tells whether a run may be done within a day now.
func (s *Service) canWait(ctx context.Context, v Schedule) (bool, error) {
	if !v.WithinADay {
		return false, nil
	}
	usage, err := s.c.Billing.Usage(ctx, v.UserID)
	offered, _ := s.c.Analyses.OffersDay(usage.Tier.Model, usage.Tier.MaxPosts)
	return offered, err
}

func fieldOf(err error) string {
	for field, mistake := range map[string]error{
		"weekday": recur.ErrWeekday, "day": recur.ErrDay, "time": recur.ErrMinute, "zone": recur.ErrZone,
	} {
		if errors.Is(err, mistake) {
			return field
		}
	}
	return "every"
}

// hindrance is why a run could not start now; "" if it could. What a person says in the same breath counts as agreed.
func (s *Service) hindrance(ctx context.Context, userID, accountID string, every recur.Every,
	agrees bool,
) (Pause, error) {
	all, err := s.c.Accounts.Accounts(ctx, userID)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(x account.XAccount) bool { return x.ID == accountID })
	if i < 0 || all[i].Health == "revoked" {
		return NoAccount, nil
	}
	if all[i].Health == "reconnect" {
		return Reconnect, nil
	}
	usage, err := s.c.Billing.Usage(ctx, userID)
	switch {
	case err != nil:
		return "", err
	case usage.Tier.Name == "":
		return NoPlan, nil
	case !slices.Contains(Allowed(usage.Tier.Name), every):
		return TooOften, nil
	case agrees:
		return "", nil
	}
	missing, err := s.Consents(ctx, userID)
	if err == nil && len(missing) > 0 {
		return NoConsent, nil
	}
	return "", err
}

// Consents are the texts that a user has still to agree to.
func (s *Service) Consents(ctx context.Context, userID string) (missing []string, err error) {
	for _, c := range []struct{ kind, version, text string }{
		{analysis.ConsentKind, analysis.ConsentVersion, analysis.ConsentText},
		{analysis.KeepKind, analysis.KeepVersion, analysis.KeepText},
	} {
		given, err := s.c.Accounts.HasConsent(ctx, userID, c.kind, c.version)
		if err != nil {
			return nil, err
		}
		if !given {
			missing = append(missing, c.text)
		}
	}
	return missing, nil
}

// agree records the consents that a wish gives. One that was given before is given once more, with this session and
// time.
func (s *Service) agree(ctx context.Context, tx db.Tx, userID string, w Wish) {
	if w.Consent {
		s.c.Accounts.Consent(ctx, tx, userID, analysis.ConsentKind, analysis.ConsentVersion)
		s.c.Accounts.Consent(ctx, tx, userID, analysis.KeepKind, analysis.KeepVersion)
	}
}

func record(ctx context.Context, tx db.Tx, userID, actor string, action audit.Action, id string,
	detail map[string]any,
) {
	audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: actor, Action: action, Resource: "schedule:" +
		id, Detail: detail})
}

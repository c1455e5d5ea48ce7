package account

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/recur"
	"github.com/repazoo/repazoo/internal/words"
)

// How a person is spoken to: the language of their reports, mails and notices, and the zone that times are shown in.
// Both are chosen on the page of the account. Whoever chose no language gets that of their browser; a mail is sent
// without one, so what the browser asked for at the last sign-in is kept for it.

// Preferences is how a person is spoken to.
type Preferences struct {
	Language        string // what they chose: "de"; "" to follow the browser
	BrowserLanguage string // what their browser asked for at the last sign-in; "" before it did
	TimeZone        string // a name of the IANA database such as "Europe/Berlin"; "" for UTC
}

// Spoken is the language for what is sent without a request, as mails are.
func (p Preferences) Spoken() string { return cmp.Or(p.Language, p.BrowserLanguage, words.English) }

// Place is where times are shown; UTC where the zone is not known to this process.
func (p Preferences) Place() *time.Location {
	if place, err := time.LoadLocation(p.TimeZone); err == nil {
		return place
	}
	return time.UTC
}

const preferenceColumns = `u.language, u.browser_language, u.time_zone`

func (p *Preferences) columns() []any { return []any{&p.Language, &p.BrowserLanguage, &p.TimeZone} }

// Preferences reads how a user is spoken to. Error: not_found after the account was erased.
func (s *Service) Preferences(ctx context.Context, userID string) (Preferences, error) {
	scan := func(r db.Rows, p *Preferences) error { return r.Scan(p.columns()...) }
	p, err := db.ReadOne(ctx, s.db, db.User(userID), scan,
		`SELECT `+preferenceColumns+` FROM users u WHERE u.id = $1`, userID)
	if errors.Is(err, db.ErrNotFound) {
		return Preferences{}, noSuchUser()
	}
	return p, err
}

// Wish is what a user changes of their preferences; nil leaves a field as it is.
type Wish struct {
	Language *string // a language of package words, or "" to follow the browser
	TimeZone *string // a name of the IANA database, or "" for UTC
}

// Prefer changes how a user is spoken to. Error: that of Check, or not_found after the account was erased.
func (s *Service) Prefer(ctx context.Context, userID string, w Wish) error {
	if err := w.Check(); err != nil {
		return err
	}
	return s.db.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		tx.Touch(userID)
		n, err := tx.Exec(ctx, `UPDATE users SET language = COALESCE($2, language), time_zone = COALESCE($3, time_zone),
			updated_at = $4 WHERE id = $1`, userID, w.Language, w.TimeZone, tx.Now())
		if err == nil && n == 0 {
			return noSuchUser()
		}
		audit.Record(ctx, tx, audit.Event{
			UserID: userID, Actor: "user", Action: audit.UserPrefers, Resource: "user:" + userID, Detail: w.detail(),
		})
		return err
	})
}

// Check refuses what cannot be kept. Error: validation_failed for a language or a zone that there is not.
func (w Wish) Check() error {
	if w.Language != nil && *w.Language != "" && !words.Known(*w.Language) {
		return fault.ValidationFailed.At("body.language", "must be a language that Repazoo speaks, or empty")
	}
	if w.TimeZone != nil && *w.TimeZone != "" && !recur.IsZone(*w.TimeZone) {
		return fault.ValidationFailed.At("body.time_zone", "must be a name such as Europe/Berlin, or empty")
	}
	return nil
}

// detail names what changed and not to what: lines of the log outlive the account, and a zone tells where somebody is.
func (w Wish) detail() map[string]any {
	var changed []string
	if w.Language != nil {
		changed = append(changed, "language")
	}
	if w.TimeZone != nil {
		changed = append(changed, "time_zone")
	}
	return map[string]any{"changed": changed}
}

// hearLanguage keeps what the browser of a sign-in asked for.
func hearLanguage(tx db.Tx, userID, language string) {
	if words.Known(language) {
		tx.Later(`UPDATE users SET browser_language = $2 WHERE id = $1 AND browser_language <> $2`, userID, language)
	}
}

func noSuchUser() error { return fault.NotFound.Saying("This user does not exist any more.") }

package notice

import (
	"context"
	"slices"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// What a person wants to be told, by kind and by way. A kind that is switched off on the page is written down as read:
// it stands in the list of notices and is not shown as new. Webhooks choose their kinds themselves.

// The ways that a notice takes, but for webhooks.
const (
	onPage = "page"
	byMail = "mail"
)

// Choice is what a person wants to be told of one kind.
type Choice struct {
	Kind Kind
	Page bool // shown as new on the front page
	Mail bool // mailed to the address that they confirmed
}

// Pinned tells whether a kind is shown as new whatever its user has chosen: what is about who may sign in, or about a
// plan that stops, could otherwise be hidden by whoever has stolen a session.
func (k Kind) Pinned() bool {
	return slices.Contains([]Kind{
		PaymentFailed, GraceEnding, GraceEnded, PlanEnded, AccountLinked, AccountReleased,
		NewBrowser,
	}, k)
}

// Choices tells what a user wants to be told, for every kind. What they never chose about is told.
func (s *Service) Choices(ctx context.Context, userID string) ([]Choice, error) {
	type mute struct{ kind, way string }
	mutes, err := db.Read(ctx, s.c.DB, db.User(userID), func(r db.Rows, m *mute) error { return r.Scan(&m.kind, &m.way) },
		`SELECT kind, way FROM notice_mutes WHERE user_id = $1`, userID)
	if err != nil {
		return nil, err
	}
	all := make([]Choice, 0, len(Kinds()))
	for _, k := range Kinds() {
		off := func(way string) bool { return slices.Contains(mutes, mute{string(k), way}) }
		all = append(all, Choice{Kind: k, Page: k.Pinned() || !off(onPage), Mail: !off(byMail)})
	}
	return all, nil
}

// Change is what a user changes about one kind; nil leaves a way as it is. Two forms that change different boxes at
// once both count.
type Change struct {
	Kind Kind
	Page *bool
	Mail *bool
}

// Choose keeps what a user wants to be told of some kinds, by every way. Error: as of Change.
func (s *Service) Choose(ctx context.Context, userID string, choices ...Choice) error {
	changes := make([]Change, len(choices))
	for i, c := range choices {
		changes[i] = Change{Kind: c.Kind, Page: &c.Page, Mail: &c.Mail}
	}
	return s.Change(ctx, userID, changes...)
}

// Change keeps what a user changes of what they want to be told. The page's part of a pinned kind is ignored. Error:
// validation_failed for a kind that does not exist.
func (s *Service) Change(ctx context.Context, userID string, changes ...Change) error {
	for _, c := range changes {
		if !slices.Contains(Kinds(), c.Kind) {
			return fault.ValidationFailed.At("body.kind", "must be a kind of notice")
		}
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		changed := map[string]any{}
		for _, c := range changes {
			for _, w := range c.ways() {
				n, err := setMute(ctx, tx, userID, string(c.Kind), w.way, w.on)
				if err != nil {
					return err
				}
				if n > 0 {
					changed[string(c.Kind)+" "+w.way] = w.on
				}
			}
		}
		if len(changed) > 0 {
			recordChoice(ctx, tx, userID, changed)
		}
		return nil
	})
}

// wayOn is a way that is switched on or off.
type wayOn struct {
	way string
	on  bool
}

func (c Change) ways() []wayOn {
	var all []wayOn
	if c.Page != nil {
		all = append(all, wayOn{onPage, *c.Page || c.Kind.Pinned()})
	}
	if c.Mail != nil {
		all = append(all, wayOn{byMail, *c.Mail})
	}
	return all
}

// setMute switches a kind on or off, and tells whether that changed anything.
func setMute(ctx context.Context, tx db.Tx, userID, kind, way string, on bool) (int64, error) {
	if on {
		return tx.Exec(ctx, `DELETE FROM notice_mutes WHERE user_id = $1 AND kind = $2 AND way = $3`, userID, kind, way)
	}
	return tx.Exec(ctx, `INSERT INTO notice_mutes (user_id, kind, way, created_at) SELECT id, $2, $3, $4 FROM users
		WHERE id = $1
		ON CONFLICT (user_id, kind, way) DO NOTHING`, userID, kind, way, tx.Now())
}

func recordChoice(ctx context.Context, tx db.Tx, userID string, detail map[string]any) {
	audit.Record(ctx, tx, audit.Event{UserID: userID, Actor: "user", Action: audit.NoticesChosen, Resource: "user:" +
		userID, Detail: detail})
}

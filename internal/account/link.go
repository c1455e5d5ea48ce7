package account

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/xapi"
)

// grant is an X account and what X gave us for it.
type grant struct {
	who   xapi.User
	token xapi.Token
	email string // "" when X did not tell
}

// linker is the signed-in user who links an account, and the session that began it; the zero linker signs in.
type linker struct{ user, session string }

// owner is who an X account belongs to.
type owner struct {
	account, user string
	fresh         bool // the user was made now
}

// settle makes a grant a signed-in or linked account, in one transaction. Of parallel first sign-ins of one X account
// the loser meets the unique key, and finds the winner's user at its next try.
func (s *Service) settle(ctx context.Context, by linker, c Callback, g grant) (in SignedIn, err error) {
	for range 3 {
		err = s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
			in, err = s.attach(ctx, tx, by, c, g)
			return err
		})
		if !errors.Is(err, db.ErrConflict) {
			break
		}
	}
	return in, err
}

func (s *Service) attach(ctx context.Context, tx db.Tx, by linker, c Callback, g grant) (SignedIn, error) {
	if err := by.stillSignedIn(ctx, tx); err != nil {
		return SignedIn{}, err
	}
	o, err := s.place(ctx, tx, by.user, g)
	if err != nil {
		return SignedIn{}, err
	}
	in := SignedIn{UserID: o.user, New: o.fresh, Linked: by.user != ""}
	in.Account, err = db.One(ctx, tx, s.scanAccount,
		`SELECT `+accountColumns+` FROM x_accounts WHERE id = $1 AND user_id = $2`, o.account, o.user)
	if err != nil || in.Linked {
		return in, err
	}
	if in.Tokens, err = s.startSession(ctx, tx, o.user, c.Device); err != nil {
		return in, err
	}
	in.Mark = s.mark(o.user)
	hearLanguage(tx, o.user, c.Language)
	return in, s.greet(ctx, tx, in, c.Marks)
}

// stillSignedIn refuses a link whose session has ended since it was begun. It locks the session's row, so that "end
// every session" either comes first or ends a session whose link is done.
func (by linker) stillSignedIn(ctx context.Context, tx db.Tx) error {
	if by.user == "" {
		return nil
	}
	n, err := tx.Exec(ctx, `UPDATE sessions SET last_used_at = last_used_at
		WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3`, by.session, by.user, tx.Now())
	if err == nil && n == 0 {
		return badState
	}
	return err
}

// freshlySignedIn refuses a link from a session whose sign-in was too long ago: whoever finds an open browser must not
// give themselves a way in that outlives it.
func (by linker) freshlySignedIn(ctx context.Context, tx db.Tx) error {
	began, err := db.One(ctx, tx, db.Value[time.Time], `SELECT created_at FROM sessions
		WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3`, by.session, by.user, tx.Now())
	if errors.Is(err, db.ErrNotFound) || err == nil && tx.Now().Sub(began) > linkFresh {
		return fault.SignInAgain
	}
	return err
}

// place finds the row of an X account and updates it, or makes it, with its user if need be.
func (s *Service) place(ctx context.Context, tx db.Tx, linkTo string, g grant) (owner, error) {
	o, err := db.One(ctx, tx, func(r db.Rows, o *owner) error { return r.Scan(&o.account, &o.user) },
		`SELECT id, user_id FROM x_accounts WHERE x_user_id = $1`, g.who.ID)
	if errors.Is(err, db.ErrNotFound) && linkTo != "" {
		o, err = s.linkAgain(ctx, tx, linkTo, g)
	}
	switch {
	case errors.Is(err, db.ErrNotFound):
		o = owner{db.NewID(), cmp.Or(linkTo, db.NewID()), linkTo == ""}
		return o, s.insertAccount(ctx, tx, o, g)
	case err != nil:
		return o, err
	case linkTo != "" && linkTo != o.user:
		return o, fault.AlreadyLinked
	case linkTo == "":
		learnEmail(tx, o.user, g.email)
	}
	return o, s.reconnect(ctx, tx, o, g)
}

// linkAgain finds the row of an account that the same user released before, so that its reports stay together.
func (s *Service) linkAgain(ctx context.Context, tx db.Tx, linkTo string, g grant) (owner, error) {
	id, err := db.One(ctx, tx, db.Value[string],
		`UPDATE x_accounts SET x_user_id = released_x_user_id, released_x_user_id = NULL
		WHERE user_id = $1 AND released_x_user_id = $2 RETURNING id`, linkTo, g.who.ID)
	if err != nil {
		return owner{}, err
	}
	tx.Touch(linkTo)
	handle := db.Storable(g.who.Handle, 50)
	return owner{account: id, user: linkTo}, s.tellUser(ctx, tx, linkTo, notice.AccountLinked, id,
		notice.Data{Handle: handle})
}

func (s *Service) insertAccount(ctx context.Context, tx db.Tx, o owner, g grant) error {
	tx.Touch(o.user)
	name := displayName(g.who)
	if o.fresh {
		tx.Later(`INSERT INTO users (id, name, created_at, updated_at) VALUES ($1, $2, $3, $3)`, o.user, name, tx.Now())
		learnEmail(tx, o.user, g.email)
		audit.Record(ctx, tx, audit.Event{UserID: o.user, Actor: "user", Action: audit.UserCreated, Resource: "user:" +
			o.user})
	}
	tx.Later(`INSERT INTO x_accounts (id, user_id, x_user_id, handle, name, avatar_url, scopes, status, tokens,
		token_expires_at, linked_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9, $10, $10)`,
		o.account, o.user, g.who.ID, db.Storable(g.who.Handle, 50), name, avatar(g.who.AvatarURL),
		strings.Join(g.token.Scopes, " "),
		s.sealPair(o.account, g.token), g.token.ExpiresAt, tx.Now())
	noteCount(tx, o, g.who)
	audit.Record(ctx, tx, audit.Event{
		UserID: o.user, Actor: "user", Action: audit.XAccountLinked,
		Resource: "x_account:" + o.account,
	})
	if o.fresh {
		return nil
	}
	return s.tellUser(ctx, tx, o.user, notice.AccountLinked, o.account, notice.Data{Handle: db.Storable(g.who.Handle, 50)})
}

// reconnect gives a known account its new tokens and frees it from any lease: what was being renewed is outdated. An
// account that was released since it was found is not given back to its former owner.
func (s *Service) reconnect(ctx context.Context, tx db.Tx, o owner, g grant) error {
	tx.Touch(o.user)
	n, err := tx.Exec(ctx, `UPDATE x_accounts SET handle = $3, name = $4, avatar_url = $5, scopes = $6, tokens = $7,
		token_expires_at = $8,
			linked_at = CASE WHEN status = 'revoked' THEN $9 ELSE linked_at END, status = 'active', refreshing_until = NULL, updated_at = $9
		WHERE id = $1 AND user_id = $2 AND x_user_id = $10`,
		o.account, o.user, db.Storable(g.who.Handle, 50), displayName(g.who), avatar(g.who.AvatarURL),
		strings.Join(g.token.Scopes, " "),
		s.sealPair(o.account, g.token), g.token.ExpiresAt, tx.Now(), g.who.ID)
	if err == nil && n == 0 {
		return fault.Conflict.Saying("This X account was removed meanwhile. Start again.")
	}
	noteCount(tx, o, g.who)
	audit.Record(ctx, tx, audit.Event{
		UserID: o.user, Actor: "user", Action: audit.XAccountReconnected,
		Resource: "x_account:" + o.account,
	})
	return err
}

// noteCount keeps how many posts X says the account has, so that what an analysis will cost can be told without asking
// X.
func noteCount(tx db.Tx, o owner, who xapi.User) {
	if who.PostCount != nil {
		tx.Later(`UPDATE x_accounts SET post_count = $3, counted_at = $4 WHERE id = $1 AND user_id = $2`,
			o.account, o.user, *who.PostCount, tx.Now())
	}
}

// learnEmail takes over an address that X has confirmed, unless the user confirmed one themselves or wants none.
func learnEmail(tx db.Tx, userID, email string) {
	if email != "" {
		tx.Touch(userID)
		tx.Later(`UPDATE users SET email = $2, email_confirmed_at = $3 WHERE id = $1 AND email_confirmed_at IS NULL
			AND email_declined_at IS NULL`,
			userID, email, tx.Now())
	}
}

func displayName(u xapi.User) string {
	return cmp.Or(db.Storable(u.Name, maxName), db.Storable(u.Handle, maxName))
}

// avatar keeps an address a page may show, and nothing else.
func avatar(address string) any {
	u, err := url.Parse(address)
	if err != nil || len(address) > 500 || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil
	}
	return u.String()
}

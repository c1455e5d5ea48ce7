package account

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/mail"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/xapi"
)

const (
	stateLife = 10 * time.Minute
	linkFresh = 15 * time.Minute // how old a sign-in may be to link a further account
	maxEmail  = 254              // bytes
	maxCode   = 1024             // bytes of X's code; it is some 90
	secretLen = 43               // characters of a state and of a browser's secret
)

const emailScope = "users.email"

// askedScopes are what a sign-in asks X for: to read, and to go on reading.
func askedScopes(email bool) []string {
	scopes := []string{"tweet.read", "users.read", "offline.access"}
	if email {
		scopes = append(scopes, emailScope)
	}
	return scopes
}

// badState is the one answer to every state that cannot be used, so that it tells nothing about which.
var badState = fault.ValidationFailed.
	Saying("This sign-in cannot be completed: it is too old, was already used, or was started in another browser. "+
		"Start it again.").
	At("query.state", "cannot be used")

// SignInRequest starts a sign-in.
type SignInRequest struct {
	LinkTo     string // the signed-in user to link one more X account to; empty to sign in
	Session    string // with LinkTo, the session that asks: the link is completed only while it lives
	RedirectTo string // where the browser goes afterwards: a path, or an address of an allowed host; default "/"
	Domain     string // the allowed host a RedirectTo without one is on; default this server
}

// Authorization is a sign-in under way. It prints as dots.
type Authorization struct {
	URL       string // X's consent page
	State     string
	Browser   string // for a __Host- cookie: only a callback that brings it back is answered
	ExpiresAt time.Time
}

// Callback is what X sent the browser back with.
type Callback struct {
	State, Code string
	Error       string   // X's error code, when the person or X declined
	Issuer      string   // who says that they answer (RFC 9207); may be empty
	Browser     string   // the secret of the cookie
	Device      string   // how to name the session to its owner, such as "Firefox on Linux"
	Language    string   // that the browser asks for, of package words; "" when it does not say
	Marks       []string // what earlier sign-ins left in this browser, each a SignedIn.Mark
}

// SignedIn is a completed sign-in.
type SignedIn struct {
	UserID   string
	Account  XAccount
	Tokens   Tokens `json:"-"` // of the new session; zero when Linked, as the browser keeps the session it has
	Mark     string `json:"-"` // for the browser to keep, so that its next sign-in is told to nobody; empty when Linked
	ReturnTo string // checked when the sign-in began
	New      bool   // the user was made now
	Linked   bool   // the account was linked to a signed-in user
	Leave    bool   // it was the leave to delete posts that was asked for
}

// BeginSignIn makes a state and the address of X's consent page. Errors: validation_failed for a return address that is
// not allowed; sign_in_again when the session that wants to link began more than 15 minutes ago.
func (s *Service) BeginSignIn(ctx context.Context, r SignInRequest) (Authorization, error) {
	returnTo, err := s.returns.resolve(r.RedirectTo, r.Domain)
	if err != nil {
		return Authorization{}, err
	}
	return s.begin(ctx, beginning{by: linker{r.LinkTo, r.Session}, returnTo: returnTo, scopes: s.scopes})
}

// beginning is what X is to be asked for, by whom, and where the browser goes afterwards.
type beginning struct {
	by       linker
	leaveFor string // the account whose posts are to be deleted; "" for a sign-in or a link
	returnTo string
	scopes   []string
}

func (s *Service) begin(ctx context.Context, b beginning) (Authorization, error) {
	a := Authorization{State: newSecret(), Browser: newSecret()}
	verifier := xapi.NewVerifier()
	a.URL = s.x.AuthorizeURL(a.State, verifier, s.callback, b.scopes)
	purpose, user, session, leaveFor := "sign_in", any(nil), any(nil), any(nil)
	if b.by.user != "" {
		purpose, user, session = "link", b.by.user, b.by.session
	}
	if b.leaveFor != "" {
		leaveFor = b.leaveFor
	}
	id := hash(a.State)
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		if b.by.user != "" {
			if err := b.by.freshlySignedIn(ctx, tx); err != nil {
				return err
			}
		}
		if b.leaveFor != "" {
			if _, err := db.One(ctx, tx, db.Value[string], `SELECT id FROM x_accounts
				WHERE id = $1 AND user_id = $2 AND status <> 'revoked'`, b.leaveFor, b.by.user); err != nil {
				return orNoAccount(err)
			}
		}
		a.ExpiresAt = tx.Now().Add(stateLife)
		_, err := tx.Exec(ctx, `INSERT INTO oauth_states
				(state_hash, browser_hash, purpose, user_id, session_id, verifier, redirect_uri, return_to, created_at, expires_at, leave_for)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			id, hash(a.Browser), purpose, user, session, s.seal.Seal([]byte(verifier), []byte(id)), s.callback, b.returnTo,
			tx.Now(), a.ExpiresAt,
			leaveFor)
		return err
	})
	return a, err
}

// CompleteSignIn spends a state and X's code. Of parallel callbacks with one state, one is answered. With an error only
// ReturnTo is set, and only if the state was good. Errors: validation_failed for the state or code, forbidden when the
// person declined, already_linked, conflict while the user is being erased, x_unavailable.
func (s *Service) CompleteSignIn(ctx context.Context, c Callback) (SignedIn, error) {
	st, err := s.spendState(ctx, c)
	if err != nil {
		return SignedIn{}, err
	}
	failed := SignedIn{ReturnTo: st.returnTo, Leave: st.leaveFor != ""}
	if err := s.declined(c); err != nil {
		return failed, err
	}
	token, err := s.x.Exchange(ctx, c.Code, st.verifier, st.redirectURI)
	if err != nil {
		return failed, err
	}
	who, err := s.x.Me(ctx, token.Access)
	if err != nil {
		return failed, err
	}
	if st.leaveFor != "" {
		in, err := s.takeLeave(ctx, st, grant{who: who, token: token})
		if err != nil {
			s.tellUnused(ctx, token)
			return failed, err
		}
		in.ReturnTo = st.returnTo
		return in, nil
	}
	in, err := s.settle(ctx, st.by, c, grant{who, token, s.email(ctx, token)})
	if err != nil {
		s.giveBack(ctx, token, err)
		return failed, err
	}
	in.ReturnTo = st.returnTo
	return in, nil
}

// email asks X for the confirmed address. It is "" when there is none, when X did not allow it and when X fails: nobody
// is kept from signing in for it.
func (s *Service) email(ctx context.Context, token xapi.Token) string {
	if !slices.Contains(token.Scopes, emailScope) {
		return ""
	}
	address, err := s.x.Email(ctx, token.Access)
	if err != nil {
		s.log.WarnContext(ctx, "X did not tell an e-mail address", "cause", err)
	}
	if a, err := mail.ParseAddress(address); err != nil || a.Address != address || len(address) > maxEmail {
		return ""
	}
	return address
}

// giveBack tells X to forget what it has just granted to somebody who is being erased. A sign-in that is refused
// because the account is another user's gives nothing back: X might end that user's grant with it.
func (s *Service) giveBack(ctx context.Context, token xapi.Token, why error) {
	if !errors.Is(why, fault.Conflict) {
		return
	}
	s.tellUnused(ctx, token)
}

// tellUnused has X forget a pair that was never kept.
func (s *Service) tellUnused(ctx context.Context, token xapi.Token) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellBound)
	defer cancel()
	s.tellRevoked(ctx, "", pair{Access: token.Access, Refresh: token.Refresh})
}

// declined reads the callback of a person or an X that said no, or of another issuer than X.
func (s *Service) declined(c Callback) error {
	switch {
	case c.Issuer != "" && !s.x.Issues(c.Issuer):
		return fault.ValidationFailed.Saying("This answer does not come from X. Start the sign-in again.").At("query.iss",
			"is not X")
	case c.Error == "access_denied":
		return fault.Forbidden.Saying("You did not give Repazoo access at X, so nothing was changed. Start again when you " +
			"want to.")
	case c.Error != "":
		return fault.XUnavailable.Saying("X refused the sign-in. Start it again.")
	case c.Code == "" || len(c.Code) > maxCode:
		return fault.ValidationFailed.Saying("X's answer has no code that can be used. Start the sign-in "+
			"again.").At("query.code", "is missing or too long")
	}
	return nil
}

// state is a row of oauth_states.
type state struct {
	by                              linker // who links an account; zero for a sign-in
	leaveFor                        string // the account whose posts are to be deleted; "" for a sign-in or a link
	verifier, redirectURI, returnTo string

	browserHash string
	sealed      []byte
	expires     time.Time
}

// spendState deletes the state as it reads it: whoever brings the wrong browser or comes late has spent it too.
func (s *Service) spendState(ctx context.Context, c Callback) (state, error) {
	if len(c.State) != secretLen || len(c.Browser) != secretLen {
		return state{}, badState
	}
	id := hash(c.State)
	var st state
	var now time.Time
	err := s.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) (err error) {
		now = tx.Now()
		st, err = db.One(ctx, tx, scanState,
			`DELETE FROM oauth_states WHERE state_hash = $1 RETURNING user_id, session_id, browser_hash, verifier,
				redirect_uri, return_to, expires_at,
			COALESCE(CAST(leave_for AS text), '')`, id)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return state{}, badState
	}
	if err != nil {
		return state{}, err
	}
	same := subtle.ConstantTimeCompare([]byte(st.browserHash), []byte(hash(c.Browser))) == 1
	verifier, err := s.seal.Open(st.sealed, []byte(id))
	if !same || !now.Before(st.expires) || err != nil {
		return state{}, badState
	}
	st.verifier = string(verifier)
	return st, nil
}

func scanState(r db.Rows, st *state) error {
	var user, session *string
	err := r.Scan(&user, &session, &st.browserHash, &st.sealed, &st.redirectURI, &st.returnTo, &st.expires, &st.leaveFor)
	if user != nil && session != nil {
		st.by = linker{*user, *session}
	}
	return err
}

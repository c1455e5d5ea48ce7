package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/xapi"
)

// justRenewed is how long a manual refresh takes an account's tokens for new: a second click costs no call.
const justRenewed = 10 * time.Second

// ErrReconnect means that an X account cannot be used before its owner connects it again. It arrives wrapped in a
// fault.
var ErrReconnect = errors.New("account: the X account must be reconnected")

// pair is what is sealed in x_accounts.tokens. It prints as dots.
type pair struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh,omitempty"` // empty when X granted no offline access
}

func (s *Service) sealPair(accountID string, t xapi.Token) []byte {
	plain, err := json.Marshal(pair{t.Access, t.Refresh})
	if err != nil {
		panic(err) // two strings
	}
	return s.seal.Seal(plain, []byte(accountID))
}

// openPair opens what sealPair sealed for the same account; the zero pair when there is nothing.
func (s *Service) openPair(accountID string, sealed []byte) (p pair, err error) {
	if sealed == nil {
		return p, nil
	}
	plain, err := s.seal.Open(sealed, []byte(accountID))
	if err != nil {
		return p, fmt.Errorf("tokens of X account %s: %w", accountID, err)
	}
	return p, json.Unmarshal(plain, &p)
}

// held is an X account with its tokens. Only db.System may read them.
type held struct {
	account XAccount
	pair    pair // zero when there are none
	leased  *time.Time
	updated time.Time
}

const heldColumns = accountColumns + `, tokens, refreshing_until, updated_at`

func (s *Service) scanHeld(r db.Rows, h *held) error {
	var scopes string
	var sealed []byte
	if err := r.Scan(append(h.account.fields(&scopes), &sealed, &h.leased, &h.updated)...); err != nil {
		return err
	}
	h.account.complete(scopes, s.now())
	var err error
	h.pair, err = s.openPair(h.account.ID, sealed)
	return err
}

func (s *Service) held(ctx context.Context, userID, accountID string) (held, error) {
	if !isID(accountID) {
		return held{}, noAccount()
	}
	h, err := db.ReadOne(ctx, s.db, db.System, s.scanHeld,
		`SELECT `+heldColumns+` FROM x_accounts WHERE id = $1 AND user_id = $2`, accountID, userID)
	return h, orNoAccount(err)
}

// usable is the account as it may be used with X, or the reason why not.
func usable(h held, err error) (held, error) {
	if err != nil {
		return held{}, err
	}
	if h.account.Status != "active" || h.pair.Access == "" {
		return held{}, fault.XUnavailable.Saying("The connection to this X account has ended. Reconnect the " +
			"account.").Because(ErrReconnect)
	}
	return h, nil
}

func (s *Service) due(h held) bool {
	return h.account.TokenExpiresAt == nil || h.account.TokenExpiresAt.Sub(s.now()) < renewEarly
}

// XToken gives an access token of X that lives at least five minutes more, renewed if need be. Errors: not_found,
// x_unavailable; with [ErrReconnect] trying again is of no use.
func (s *Service) XToken(ctx context.Context, userID, accountID string) (string, error) {
	h, err := usable(s.held(ctx, userID, accountID))
	if err == nil && s.due(h) {
		h, err = s.renew(ctx, userID, h)
	}
	return h.pair.Access, err
}

// XTokenAfter gives another access token than the one X has just rejected, with one renewal unless the row already
// holds another. Errors as [Service.XToken].
func (s *Service) XTokenAfter(ctx context.Context, userID, accountID, rejected string) (string, error) {
	h, err := usable(s.held(ctx, userID, accountID))
	if err == nil && (h.pair.Access == rejected || s.due(h)) {
		h, err = s.renew(ctx, userID, h)
	}
	return h.pair.Access, err
}

// RefreshX renews the tokens of an account because its owner asked. Calls within ten seconds, on however many
// processes, are one call of X. Errors as [Service.XToken].
func (s *Service) RefreshX(ctx context.Context, userID, accountID string) (XAccount, error) {
	h, err := usable(s.held(ctx, userID, accountID))
	if err == nil && (s.due(h) || s.db.Now().Sub(h.updated) > justRenewed) {
		h, err = s.renew(ctx, userID, h)
	}
	return h.account, err
}

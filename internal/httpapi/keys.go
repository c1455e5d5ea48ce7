package httpapi

import (
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/fault"
)

// admit tells whether somebody who is known may come here. An address that does not exist is nobody's to be kept from.
func (a *API) admit(info *request, p account.Principal) error {
	scope := a.scopes[info.route]
	switch {
	case info.route == "":
		return nil
	case !p.May(scope) && scope == "":
		return fault.ScopeMissing.Saying("API keys cannot be used here. Sign in, and use the access token.")
	case !p.May(scope):
		return fault.ScopeMissing.Saying("This API key does not have the scope %s, which is needed here.", scope)
	case info.who == forAdmin && p.Role != "admin":
		return fault.Forbidden
	}
	return nil
}

// KeyBody is a key in answers. It is exported because huma describes no other embedded struct.
type KeyBody struct {
	ID         string          `json:"id" format:"uuid"`
	Name       string          `json:"name"`
	Hint       string          `json:"hint" doc:"The last four characters of the key."`
	Scopes     []account.Scope `json:"scopes"`
	Expired    bool            `json:"expired"`
	CreatedAt  time.Time       `json:"created_at"`
	ExpiresAt  time.Time       `json:"expires_at"`
	LastUsedAt *time.Time      `json:"last_used_at" doc:"To the minute. Null when it was never used."`
	RotatedAt  *time.Time      `json:"rotated_at"`
	Old        *oldSecretBody  `json:"old_secret" doc:"The one before the last rotation, while it is still good."`
}

type oldSecretBody struct {
	GoodUntil  time.Time  `json:"good_until"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"Something still uses it when this is after rotated_at."`
}

func newKeyBody(k account.Key) KeyBody {
	b := KeyBody{
		ID: k.ID, Name: k.Name, Hint: k.Hint, Scopes: k.Scopes, Expired: k.Expired,
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, RotatedAt: k.RotatedAt,
	}
	if k.OldUntil != nil {
		b.Old = &oldSecretBody{*k.OldUntil, k.OldUsedAt}
	}
	return b
}

type keysOutput struct {
	Body struct {
		Data []KeyBody `json:"data"`
	}
}

func (a *API) keys(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	all, err := a.Accounts.Keys(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	out := &keysOutput{}
	out.Body.Data = make([]KeyBody, len(all))
	for i, k := range all {
		out.Body.Data[i] = newKeyBody(k)
	}
	return out, nil
}

type madeKeyBody struct {
	KeyBody
	Key string `json:"key" doc:"The secret. It is told this once: keep it where your program finds it."`
}

type newKeyOutput struct{ Body madeKeyBody }

type createKeyInput struct {
	Body struct {
		Name   string   `json:"name" minLength:"1" maxLength:"100"`
		Scopes []string `json:"scopes" minItems:"1" maxItems:"20" enum:"analyses:read,analyses:write,account:read,billing:read,audit:read" doc:"What it may do; operations name the scope they need."`
		Days   int      `json:"expires_in_days,omitempty" minimum:"1" maximum:"365" doc:"90 by default."`
	}
}

func (a *API) createKey(ctx context.Context, in *createKeyInput) (*newKeyOutput, error) {
	scopes := make([]account.Scope, len(in.Body.Scopes))
	for i, s := range in.Body.Scopes {
		scopes[i] = account.Scope(s)
	}
	k, err := a.Accounts.CreateKey(ctx, caller(ctx), account.KeyRequest{
		Name: in.Body.Name, Scopes: scopes,
		Days: in.Body.Days,
	})
	return &newKeyOutput{madeKeyBody{newKeyBody(k.Key), k.Secret}}, err
}

type rotateKeyInput struct {
	ID   string `path:"id" format:"uuid"`
	Body *struct {
		OverlapHours *int `json:"overlap_hours,omitempty" minimum:"0" maximum:"168" doc:"How long the secret before stays good; 24 by default. 0 ends it, and one that a rotation before has left, at once."`
		Days         int  `json:"expires_in_days,omitempty" minimum:"1" maximum:"365" doc:"Counted from now; 90 by default."`
	}
}

// defaultOverlap is a working day, and the night in which a program is deployed.
const defaultOverlap = 24 * time.Hour

func (a *API) rotateKey(ctx context.Context, in *rotateKeyInput) (*newKeyOutput, error) {
	r := account.Rotation{Overlap: defaultOverlap}
	if in.Body != nil {
		r.Days = in.Body.Days
		if h := in.Body.OverlapHours; h != nil {
			r.Overlap = time.Duration(*h) * time.Hour
		}
	}
	k, err := a.Accounts.RotateKey(ctx, caller(ctx), in.ID, r)
	return &newKeyOutput{madeKeyBody{newKeyBody(k.Key), k.Secret}}, err
}

func (a *API) revokeKey(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, a.Accounts.RevokeKey(ctx, caller(ctx), in.ID)
}

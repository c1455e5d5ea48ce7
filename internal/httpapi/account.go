package httpapi

import (
	"cmp"
	"context"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/plan"
)

type accountBody struct {
	ID             string     `json:"id" format:"uuid"`
	XUserID        string     `json:"x_user_id"`
	Handle         string     `json:"handle"`
	Name           string     `json:"name"`
	AvatarURL      string     `json:"avatar_url,omitempty"`
	Scopes         []string   `json:"scopes"`
	Health         string     `json:"health" enum:"active,expiring,expired,reconnect,revoked" doc:"Of the token we hold for it."`
	Released       bool       `json:"released" doc:"It was unlinked while another account stayed: it opens nothing of yours, and can be linked by anybody."`
	LinkedAt       time.Time  `json:"linked_at"`
	LastSyncAt     *time.Time `json:"last_sync_at" doc:"When its posts were last read."`
	TokenExpiresAt *time.Time `json:"token_expires_at"`
}

func newAccountBody(x account.XAccount) accountBody {
	return accountBody{
		ID: x.ID, XUserID: x.XUserID, Handle: x.Handle, Name: x.Name, AvatarURL: x.AvatarURL, Scopes: x.Scopes,
		Health: x.Health, Released: x.Released, LinkedAt: x.LinkedAt, LastSyncAt: x.LastSyncAt,
		TokenExpiresAt: x.TokenExpiresAt,
	}
}

type accountsOutput struct {
	Body struct {
		Data []accountBody `json:"data"`
	}
}

func (a *API) accounts(ctx context.Context, _ *struct{}) (*accountsOutput, error) {
	all, err := a.Accounts.Accounts(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	out := &accountsOutput{}
	out.Body.Data = make([]accountBody, len(all))
	for i, x := range all {
		out.Body.Data[i] = newAccountBody(x)
	}
	return out, nil
}

type revokeInput struct {
	Body struct {
		AccountID string `json:"account_id" format:"uuid"`
	}
}

func (a *API) revoke(ctx context.Context, in *revokeInput) (*struct{}, error) {
	return nil, a.Accounts.RevokeX(ctx, caller(ctx), in.Body.AccountID)
}

type refreshXInput struct {
	AccountID string `path:"account_id" format:"uuid"`
}

type accountOutput struct{ Body accountBody }

func (a *API) refreshX(ctx context.Context, in *refreshXInput) (*accountOutput, error) {
	x, err := a.Accounts.RefreshX(ctx, caller(ctx), in.AccountID)
	return &accountOutput{newAccountBody(x)}, err
}

type userBody struct {
	ID                 string    `json:"id" format:"uuid"`
	Name               string    `json:"name"`
	Email              *string   `json:"email" doc:"Where notices are mailed. Null until one was given and confirmed."`
	Role               string    `json:"role" enum:"user,admin"`
	CreatedAt          time.Time `json:"created_at"`
	Tier               string    `json:"tier" enum:"none,basic,pro"`
	SubscriptionStatus string    `json:"subscription_status"`
	Accounts           int       `json:"accounts" doc:"How many X accounts are linked."`
	Language           string    `json:"language" enum:",en,de,es" doc:"Of reports, mails and notices. Empty follows the browser."`
	TimeZone           string    `json:"time_zone" doc:"That times are shown in, such as Europe/Berlin. Empty is UTC."`
}

type userOutput struct{ Body userBody }

func newUserBody(u account.User) userBody {
	return userBody{
		ID: u.ID, Name: u.Name, Email: orNull(u.Email), Role: u.Role, CreatedAt: u.CreatedAt, Tier: cmp.Or(u.Tier, "none"),
		SubscriptionStatus: u.SubscriptionStatus, Accounts: u.Accounts, Language: u.Language, TimeZone: u.TimeZone,
	}
}

func (a *API) me(ctx context.Context, _ *struct{}) (*userOutput, error) {
	u, err := a.Accounts.Me(ctx, caller(ctx))
	mayKeep(ctx, time.Time{})
	return &userOutput{newUserBody(u)}, err
}

type changeMeInput struct {
	Body struct {
		Name  *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Email *string `json:"email,omitempty" maxLength:"254" doc:"Gets a mail with a link, and counts once that was followed. Empty takes it back."`

		Language *string `json:"language,omitempty" enum:",en,de,es" doc:"Of reports, mails and notices. Empty follows the browser."`
		TimeZone *string `json:"time_zone,omitempty" maxLength:"64" doc:"A name of the IANA database, such as Europe/Berlin."`
	}
}

// changeMe refuses a name, a language and a zone before it changes anything, and an address before it changes the rest.
func (a *API) changeMe(ctx context.Context, in *changeMeInput) (*userOutput, error) {
	wish := account.Wish{Language: in.Body.Language, TimeZone: in.Body.TimeZone}
	if err := wish.Check(); err != nil {
		return nil, err
	}
	if in.Body.Name != nil {
		if _, err := account.CheckName(*in.Body.Name); err != nil {
			return nil, err
		}
	}
	if in.Body.Email != nil {
		if err := a.Notices.SetEmail(ctx, caller(ctx), *in.Body.Email); err != nil {
			return nil, err
		}
	}
	if wish != (account.Wish{}) {
		if err := a.Accounts.Prefer(ctx, caller(ctx), wish); err != nil {
			return nil, err
		}
	}
	if in.Body.Name == nil {
		return a.me(ctx, nil)
	}
	u, err := a.Accounts.Rename(ctx, caller(ctx), *in.Body.Name)
	return &userOutput{newUserBody(u)}, err
}

type counter struct {
	Limit     int `json:"limit"`
	Used      int `json:"used"`
	Reserved  int `json:"reserved" doc:"Taken by analyses that are still running."`
	Remaining int `json:"remaining"`
}

type usageBody struct {
	Tier        string     `json:"tier" enum:"none,basic,pro"`
	Status      string     `json:"status"`
	PeriodStart *time.Time `json:"period_start"`
	PeriodEnd   *time.Time `json:"period_end"`
	Analyses    counter    `json:"analyses"`
	XReads      counter    `json:"x_reads" doc:"Posts read from X; an uploaded archive costs none."`
}

type usageOutput struct{ Body usageBody }

func (a *API) usage(ctx context.Context, _ *struct{}) (*usageOutput, error) {
	u, err := a.Billing.Usage(ctx, caller(ctx))
	mayKeep(ctx, u.ChangesAt)
	return &usageOutput{newUsageBody(u)}, err
}

func newUsageBody(u billing.Usage) usageBody {
	return usageBody{
		Tier: tierName(u.Tier), Status: cmp.Or(string(u.Status), "none"), PeriodStart: orNull(u.PeriodStart),
		PeriodEnd: orNull(u.PeriodEnd),
		Analyses:  counter(u.Quota), XReads: counter(u.Reads),
	}
}

func tierName(t plan.Tier) string { return cmp.Or(t.Name, "none") }

// orNull makes an unknown text, or an unknown time of UTC, null in JSON.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

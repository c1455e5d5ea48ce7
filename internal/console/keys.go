package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/fault"
)

// The page of API keys. A new secret is shown in the very answer to the form, because no redirect can carry it. A
// browser that sends the form again, because the page was reloaded, makes no second key: its name is taken.

type keysView struct {
	page
	Keys     []account.Key
	Made     *account.NewKey // just now, with its secret; nil otherwise
	Scopes   []account.Scope
	Chosen   []account.Scope // in a form that was refused
	Name     string          // the same
	Days     []int           // to choose from
	Rotating string          // the key that a refused form was about; "" for a new one
	Life     int             // days, the same
	Overlap  int             // hours, the same
	Overlaps []int           // hours, to choose from
	Full     bool            // no further key may be made
}

func (c *Console) showKeys(v *visit) error { return c.showKeysWith(v, nil) }

func (c *Console) showKeysWith(v *visit, made *account.NewKey) (err error) {
	k := keysView{
		page: c.page(v, v.tongue().Say("frame.keys")), Made: made, Scopes: account.Scopes(),
		Chosen:   []account.Scope{account.AnalysesRead},
		Days:     []int{30, account.DefaultKeyDays, 180, account.MaxKeyDays},
		Overlaps: []int{24, 1, 72, 168, 0},
	}
	k.Life = account.DefaultKeyDays
	if v.alert != nil {
		k.keepTyped(v)
	}
	if k.Keys, err = c.Accounts.Keys(v.r.Context(), v.me.UserID); err != nil {
		return err
	}
	living := slices.DeleteFunc(slices.Clone(k.Keys), func(x account.Key) bool { return x.Expired })
	k.Full = len(living) >= account.MaxKeys
	return c.ok(v, keysPage(k))
}

// keepTyped fills in the form that was refused, for a new key or for the rotation of one.
func (k *keysView) keepTyped(v *visit) {
	if k.Rotating = v.r.PathValue("id"); k.Rotating == "" {
		k.Name, k.Chosen = v.field("name"), v.scopes()
	}
	if days, err := v.number("days"); err == nil {
		k.Life = days
	}
	if hours, err := v.number("hours"); err == nil {
		k.Overlap = hours
	}
}

// lifeOf is what the form of a key has selected; "" is the form of a new one.
func (k keysView) lifeOf(id string) int {
	if k.Rotating == id {
		return k.Life
	}
	return account.DefaultKeyDays
}

// rotates tells whether the form that was refused is this key's.
func (k keysView) rotates(id string) bool { return k.Rotating == id }

// Chose tells whether a scope is ticked.
func (k keysView) Chose(s account.Scope) bool { return slices.Contains(k.Chosen, s) }

func (v *visit) scopes() []account.Scope {
	var all []account.Scope
	for _, s := range v.r.PostForm["scope"] {
		all = append(all, account.Scope(s))
	}
	return all
}

func (c *Console) makeKey(v *visit) error {
	return c.reveal(v, func() (account.NewKey, error) {
		days, err := v.number("days")
		if err != nil {
			return account.NewKey{}, err
		}
		return c.Accounts.CreateKey(v.r.Context(), v.me.UserID, account.KeyRequest{
			Name:   v.field("name"),
			Scopes: v.scopes(), Days: days,
		})
	})
}

func (c *Console) rotateKey(v *visit) error {
	return c.reveal(v, func() (account.NewKey, error) {
		days, err := v.number("days")
		if err != nil {
			return account.NewKey{}, err
		}
		hours, err := v.number("hours")
		if err != nil {
			return account.NewKey{}, err
		}
		return c.Accounts.RotateKey(v.r.Context(), v.me.UserID, v.r.PathValue("id"),
			account.Rotation{Overlap: time.Duration(hours) * time.Hour, Days: days})
	})
}

// reveal shows the secret that a form has made.
func (c *Console) reveal(v *visit, do func() (account.NewKey, error)) error {
	var made account.NewKey
	_, err := c.submit(v, func(*visit) (next string, err error) {
		made, err = do()
		return "", err
	})
	if err != nil {
		v.alert = c.alertFor(v, err)
		return c.showKeys(v)
	}
	return c.showKeysWith(v, &made)
}

// number is a whole number of the posted form, of which no default is guessed.
func (v *visit) number(name string) (int, error) {
	n, err := strconv.ParseInt(v.field(name), 10, 16)
	if err != nil {
		return 0, fault.ValidationFailed.At("body."+name, "must be a whole number")
	}
	return int(n), nil
}

func (c *Console) revokeKey(v *visit) (string, error) {
	return "/account/keys?done=key-revoked", c.Accounts.RevokeKey(v.r.Context(), v.me.UserID, v.r.PathValue("id"))
}

// mayWords says what a key may do.
func mayWords(l tongue, scopes []account.Scope) string {
	var all []string
	for _, s := range scopes {
		all = append(all, scopeWords(l, s))
	}
	return l.Say("keys.can", "what", strings.Join(all, "; "))
}

// lifeWords says since when a key exists, until when it is good, and when it was last used.
func lifeWords(l tongue, k account.Key) string {
	used := l.Say("keys.used_never")
	switch {
	case k.LastUsedAt != nil:
		used = l.Say("keys.used", "at", l.moment(*k.LastUsedAt))
	case k.RotatedAt != nil:
		used = l.Say("keys.new_unused")
	}
	if k.Expired {
		return l.Say("keys.made_expired", "at", l.date(k.CreatedAt), "until", l.date(k.ExpiresAt)) + " " + used
	}
	return l.Say("keys.made_good", "at", l.date(k.CreatedAt), "until", l.date(k.ExpiresAt)) + " " + used
}

// formerWords says what is left of the secret that a key had before its rotation.
func formerWords(l tongue, k account.Key) string {
	if k.OldUsedAt == nil {
		return l.Say("keys.former_unused", "until", l.moment(*k.OldUntil))
	}
	return l.Say("keys.former_used", "until", l.moment(*k.OldUntil), "at", l.moment(*k.OldUsedAt))
}

func endWords(l tongue, k account.Key) string {
	if k.Expired {
		return l.Say("keys.remove")
	}
	return l.Say("keys.revoke")
}

// scopeWords says what a scope allows.
func scopeWords(l tongue, s account.Scope) string {
	if key := "scope." + string(s); l.Has(key) {
		return l.Say(key)
	}
	return string(s)
}

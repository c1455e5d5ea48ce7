package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/console"
)

var secret = regexp.MustCompile(account.KeyPattern)

// made posts the form for a key and returns the secret that the answer shows.
func (p *person) made(path string, form url.Values) string {
	p.t.Helper()
	page := p.post(path, form).shows(http.StatusOK, "This is the only time it is shown.")
	if page.header.Get("Cache-Control") != "no-store" {
		p.t.Errorf("a page with a secret may be stored: %q", page.header.Get("Cache-Control"))
	}
	return secret.FindString(page.body)
}

func weekly() url.Values {
	return url.Values{"name": {"Weekly <report>"}, "days": {"30"}, "scope": {"analyses:read", "billing:read"}}
}

func TestKeys_AreMadeShownOnceRotatedAndRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(ada)
	p.get("/account/keys").shows(http.StatusOK, "None yet.",
		`value="analyses:read" checked`).hides(`value="analyses:write" checked`)
	first := p.made("/account/keys", weekly())
	if who := must(w.accounts.AuthenticateKey(t.Context(), first))(t); who.UserID != p.me.UserID || len(who.Scopes) != 2 {
		t.Fatalf("the secret opens as %+v", who)
	}
	list := p.get("/account/keys").shows(http.StatusOK, "Weekly &lt;report&gt;", "rpz_…"+first[39:],
		"May read analyses and reports; read your plan.", "Last used").hides(first)
	id := regexp.MustCompile(`/account/keys/([^/]+)/rotate`).FindStringSubmatch(list.body)[1]
	second := p.made("/account/keys/"+id+"/rotate", url.Values{"hours": {"24"}, "days": {"90"}})
	p.get("/account/keys").shows(http.StatusOK, "The secret before the rotation is good until",
		"The new secret was never used.")
	p.post("/account/keys/"+id+"/rotate", url.Values{
		"hours": {"24"},
		"days":  {"90"},
	}).shows(http.StatusUnprocessableEntity, "is still good until",
		`role="alert"`).hides("only time it is shown")
	p.get(p.post("/account/keys/"+id+"/revoke", nil).leadsTo()).shows(http.StatusOK, "The key was revoked.", "None yet.")
	for _, s := range []string{first, second} {
		if _, err := w.accounts.AuthenticateKey(t.Context(), s); err == nil {
			t.Error("a revoked key opens")
		}
	}
}

func TestKeys_AFormSentAgainMakesNoSecondKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(ada)
	p.made("/account/keys", weekly())
	p.post("/account/keys", weekly()).shows(http.StatusUnprocessableEntity, "You already have a key with this name.",
		`value="billing:read" checked`).hides("only time it is shown")
	if n := len(must(w.accounts.Keys(t.Context(), p.me.UserID))(t)); n != 1 {
		t.Errorf("%d keys", n)
	}
}

func TestKeys_SayWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	for field, want := range map[string]string{
		"name":  "Name: must have 1 to 100 characters",
		"scope": "What it may do: must be one or more of analyses:read,",
		"days":  "Good for: must be a whole number",
	} {
		form := weekly()
		form.Del(field)
		p.post("/account/keys", form).shows(http.StatusUnprocessableEntity, want, "<h1>API keys</h1>")
	}
	p.post("/account/keys/x/rotate", url.Values{"hours": {""}, "days": {"90"}}).shows(http.StatusUnprocessableEntity,
		"Hours: must be a whole number")
}

func TestKeys_OfOthersCannotBeTouched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.signIn(ada), w.signIn(gus)
	k := must(w.accounts.CreateKey(t.Context(), p.me.UserID,
		account.KeyRequest{Name: "hers", Scopes: account.Scopes()}))(t)
	other.post("/account/keys/"+k.ID+"/revoke", nil).shows(http.StatusNotFound,
		"You have no API key with this id.").hides("hers")
	other.post("/account/keys/"+k.ID+"/rotate", url.Values{
		"hours": {"0"},
		"days":  {"90"},
	}).shows(http.StatusNotFound).hides("hers")
	must(w.accounts.AuthenticateKey(t.Context(), k.Secret))(t)
}

func TestKeys_TheFormGoesWhenNoMoreAreAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(ada)
	for i := range account.MaxKeys {
		must(w.accounts.CreateKey(t.Context(), p.me.UserID, account.KeyRequest{
			Name:   fmt.Sprint("key ", i),
			Scopes: account.Scopes(),
		}))(t)
	}
	p.get("/account/keys").shows(http.StatusOK, "You have as many keys as are allowed.").hides("Make the key")
}

func TestScopes_AllHaveWords(t *testing.T) {
	t.Parallel()
	for _, s := range account.Scopes() {
		if words := console.ScopeWords(s); words == string(s) {
			t.Errorf("%s has no words", s)
		}
	}
}

func TestActivity_TellsThePersonsOwnStoryInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.signIn(ada), w.signIn(gus)
	other.post("/account/name", url.Values{"name": {"Gustav"}})
	k := must(w.accounts.CreateKey(t.Context(), p.me.UserID,
		account.KeyRequest{Name: "Cron <1>", Scopes: account.Scopes()}))(t)
	ctx := audit.WithOrigin(t.Context(), audit.Origin{IP: "192.0.2.9", UserAgent: "curl/8", KeyID: k.ID})
	must(w.accounts.Rename(ctx, p.me.UserID, "Ada"))(t)
	if err := w.accounts.SetRole(t.Context(), p.me.UserID, "admin"); err != nil {
		t.Fatal(err)
	}
	page := p.get("/account/activity").shows(http.StatusOK, "You signed in", "An X account was linked",
		"An API key was made: rpz_…"+k.Hint,
		"Your name was changed", "By the API key Cron &lt;1&gt;. From 192.0.2.9 with curl.",
		"You were made an administrator", "By the operator of this Repazoo.")
	if strings.Count(page.body, "Your name was changed") != 1 {
		t.Error("another person's line is there")
	}
	p.get("/account/activity?kind=api_key").shows(http.StatusOK, "An API key was made",
		`value="api_key" selected`).hides("You signed in")
	p.get("/account/activity?from=2026-11-22&to=2026-11-22").shows(http.StatusOK, "You signed in", `value="2026-11-22"`)
	p.get("/account/activity?from=2026-11-23").shows(http.StatusOK, "Nothing of this kind happened in that time.")
	p.get("/account/activity?from=yesterday").shows(http.StatusOK, "You signed in")
	p.get("/account/activity?kind=%25").shows(http.StatusUnprocessableEntity)
	if err := w.accounts.RevokeKey(t.Context(), p.me.UserID, k.ID); err != nil {
		t.Fatal(err)
	}
	p.get("/account/activity").shows(http.StatusOK, "By an API key that is gone.")
}

func TestActivity_IsShownAPageAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(ada)
	for i := range 40 {
		must(w.accounts.Rename(t.Context(), p.me.UserID, fmt.Sprint("Ada ", i)))(t)
	}
	page := p.get("/account/activity?kind=user").shows(http.StatusOK, ">Older</a>")
	older := regexp.MustCompile(`/account/activity\?[^"]+`).FindString(page.body[strings.Index(page.body, "events"):])
	page.hides("Your account was made")
	p.get(strings.ReplaceAll(older, "&amp;", "&")).shows(http.StatusOK, "Your account was made",
		`value="user" selected`).hides(">Older</a>")
}

func TestEventWords_HaveASentenceForEveryAction(t *testing.T) {
	t.Parallel()
	for _, action := range audit.Actions() {
		spelledOut := strings.NewReplacer(".", " ", "_", " ").Replace(string(action))
		if got := console.EventWords(audit.Line{Action: action}); strings.EqualFold(got, spelledOut) {
			t.Errorf("%s has none", action)
		}
	}
}

func TestEventWords_SpellOutWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	for action, want := range map[audit.Action]string{
		"export.made":      "Export made",
		"x_account.linked": "An X account was linked", "": "",
	} {
		if got := console.EventWords(audit.Line{Action: action}); got != want {
			t.Errorf("%s: %q, want %q", action, got, want)
		}
	}
}

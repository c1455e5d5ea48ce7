package xapi_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/xapi"
)

func TestJourney_SignInReadRefreshDeleteRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok := w.signIn(t, "ada_fernhill", allScopes...)
	if left := tok.ExpiresAt.Sub(w.Now()); left < 119*time.Minute || left > 2*time.Hour {
		t.Fatalf("the token lives %v", left)
	}
	me, err := w.Me(t.Context(), tok.Access)
	if err != nil {
		t.Fatal(err)
	}
	if me.Handle != "ada_fernhill" || me.Name != "Ada Fernhill" || !me.Verified || *me.PostCount != 120 ||
		*me.Followers != 1840 || me.CreatedAt.Year() != 2019 {
		t.Fatalf("got %+v", me)
	}
	posts, pages, err := w.read(t, tok, me.ID, xapi.Query{})
	if err != nil || len(posts) != 120 || pages != 2 {
		t.Fatalf("got %d posts on %d pages, %v", len(posts), pages, err)
	}
	old := tok
	if tok, err = w.Refresh(t.Context(), tok.Refresh); err != nil || tok.Refresh == old.Refresh ||
		tok.Access == old.Access {
		t.Fatalf("the pair was not rotated: %v", err)
	}
	for _, before := range []bool{false, true} { // the second time it is gone, which is as good
		if gone, err := w.DeletePost(t.Context(), tok.Access, posts[0].ID); err != nil || gone != before {
			t.Fatalf("gone before: %v, %v", gone, err)
		}
	}
	if left := w.X().Posts("ada_fernhill"); len(left) != 119 || left[0].ID != posts[1].ID {
		t.Fatalf("%d posts stand after deleting one", len(left))
	}
	if err := w.Revoke(t.Context(), tok.Refresh); err != nil {
		t.Fatal(err)
	}
	_, err = w.Me(t.Context(), tok.Access)
	mustBe(t, err, xapi.ErrUnauthorized)
	if r := w.X().Refusals(); len(r) != 0 {
		t.Fatalf("the client asked for what X does not know: %v", r)
	}
}

func TestJourney_PublicClientNeedsNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{Clients: []x.Client{{ID: "public-app", RedirectURIs: []string{redirect}}}})
	tok := w.signIn(t, "gravelpit_gus", readScopes...)
	tok, err := w.Refresh(t.Context(), tok.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Revoke(t.Context(), tok.Access); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(tok.Scopes); got != fmt.Sprint(readScopes) {
		t.Fatalf("scopes are %v", got)
	}
}

func TestJourney_CancelSendsTheUserBackWithoutACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	back := w.consent(t, w.AuthorizeURL("s1", xapi.NewVerifier(), redirect, readScopes), "decision=cancel")
	if back.Get("error") != "access_denied" || back.Get("state") != "s1" || back.Has("code") {
		t.Fatalf("got %v", back)
	}
}

func TestEmail_IsEmptyWithoutTheScopeOrWithoutAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	for _, c := range []struct {
		person string
		scopes []string
		want   string
	}{
		{"ada_fernhill", allScopes, "ada@fernhill.example"},
		{"ada_fernhill", readScopes, ""},
		{"gravelpit_gus", allScopes, ""},
	} {
		got, err := w.Email(t.Context(), w.signIn(t, c.person, c.scopes...).Access)
		if err != nil || got != c.want {
			t.Errorf("%s with %v: got %q, %v", c.person, c.scopes, got, err)
		}
	}
}

func TestExchange_RefusesWhatIsNotThisSignIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		verifier, redirect string
		wait               time.Duration
		times              int
	}{
		"another verifier":    {verifier: xapi.NewVerifier()},
		"another redirect":    {redirect: "http://127.0.0.1:9/auth/callback"},
		"after 30 seconds":    {wait: 31 * time.Second},
		"a code used already": {times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, x.Config{})
			verifier := xapi.NewVerifier()
			code := w.consent(t, w.AuthorizeURL("s", verifier, redirect, readScopes),
				"decision=allow&person=ada_fernhill").Get("code")
			w.Advance(c.wait)
			var first xapi.Token
			if c.times == 2 {
				var err error
				if first, err = w.Exchange(t.Context(), code, verifier, redirect); err != nil {
					t.Fatal(err)
				}
			}
			_, err := w.Exchange(t.Context(), code, or(c.verifier, verifier), or(c.redirect, redirect))
			mustBe(t, err, xapi.ErrDead)
			if c.times == 2 { // and what the code gave before is over as well
				_, err = w.Refresh(t.Context(), first.Refresh)
				mustBe(t, err, xapi.ErrDead)
			}
		})
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func TestExchange_NamesAWrongSecretAsRefusedNotDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	bad := xapi.New(xapi.Config{ClientID: x.ClientID, ClientSecret: "wrong", APIURL: w.base + "/x"})
	_, err := bad.Exchange(t.Context(), "code", xapi.NewVerifier(), redirect)
	r, ok := errors.AsType[*xapi.Refused](err)
	if !ok || *r != (xapi.Refused{Status: 401, Type: "unauthorized_client"}) || errors.Is(err, xapi.ErrDead) {
		t.Fatalf("got %v", err)
	}
}

func TestRefresh_OfASpentTokenEndsTheFamily(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	first := w.signIn(t, "ada_fernhill", readScopes...)
	second, err := w.Refresh(t.Context(), first.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Refresh(t.Context(), first.Refresh)
	mustBe(t, err, xapi.ErrDead)
	_, err = w.Refresh(t.Context(), second.Refresh)
	mustBe(t, err, xapi.ErrDead)
	_, err = w.Refresh(t.Context(), "never-given-out")
	mustBe(t, err, xapi.ErrDead)
}

func TestRefresh_KeepsTheOldTokenWhenXSendsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	w.Fail(sandbox.Fault{
		Path: "/x/2/oauth2/token", Status: 200, Header: map[string]string{"Content-Type": "application/json"},
		Body: `{"token_type":"bearer","access_token":"fresh"}`,
	})
	tok, err := w.Refresh(t.Context(), "kept")
	if err != nil || tok.Refresh != "kept" || tok.Access != "fresh" {
		t.Fatalf("got refresh %q, access %q, %v", tok.Refresh, tok.Access, err)
	}
	if left := tok.ExpiresAt.Sub(w.Now()); left < 119*time.Minute || left > 2*time.Hour {
		t.Fatalf("an unnamed life became %v", left)
	}
}

func TestRefresh_IsTriedOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]sandbox.Fault{
		"server error":        {Status: 503},
		"dropped connection":  {Drop: true},
		"truncated answer":    {Truncate: true},
		"answer without JSON": {Malformed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, x.Config{})
			tok := w.signIn(t, "ada_fernhill", readScopes...)
			before := w.calls("/x/2/oauth2/token")
			f.Path, f.Times = "/x/2/oauth2/token", -1
			w.Fail(f)
			_, err := w.Refresh(t.Context(), tok.Refresh)
			if got := w.calls("/x/2/oauth2/token") - before; err == nil || got != 1 || errors.Is(err, xapi.ErrDead) {
				t.Fatalf("%d calls, %v", got, err)
			}
		})
	}
}

func TestScopes_AreEnforcedPerCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok := w.signIn(t, "ada_fernhill", readScopes...)
	_, err := w.DeletePost(t.Context(), tok.Access, w.X().Posts("ada_fernhill")[0].ID)
	mustBe(t, err, xapi.ErrForbidden)
	tok = w.signIn(t, "ada_fernhill", allScopes...)
	_, err = w.DeletePost(t.Context(), tok.Access, w.X().Posts("gravelpit_gus")[0].ID)
	mustBe(t, err, xapi.ErrForbidden)
	if tok = w.signIn(t, "ada_fernhill", "tweet.read", "users.read"); tok.Refresh != "" {
		t.Fatal("a refresh token came without offline.access")
	}
}

func TestAccessToken_EndsAfterTwoHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok := w.signIn(t, "ada_fernhill", readScopes...)
	w.Advance(2*time.Hour + time.Second)
	_, err := w.Me(t.Context(), tok.Access)
	mustBe(t, err, xapi.ErrUnauthorized)
	if got := w.calls("/x/2/users/me"); got != 1 {
		t.Fatalf("a 401 was tried %d times", got)
	}
}

func TestToken_PrintsAsDotsEverywhere(t *testing.T) {
	t.Parallel()
	tok := xapi.Token{Access: "access-secret", Refresh: "refresh-secret"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", tok)
	all := log.String() + fmt.Sprintf("%v %+v %#v %s %q %x", tok, tok, tok, tok, &tok, tok) + tok.String() + tok.GoString()
	if strings.Contains(all, "secret") {
		t.Fatalf("a token shows in %s", all)
	}
}

func TestErrors_HoldNothingThatXOrTheCallerWrote(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	body := `{"error":"` + secret + ` x","title":"` + secret + `","detail":"` + secret + `","type":"https://x/` +
		secret + ` y"}`
	for name, f := range map[string]sandbox.Fault{
		"400": {Status: 400, Body: body}, "401": {Status: 401, Body: body}, "404": {Status: 404, Body: secret},
		"no answer": {Drop: true}, "no JSON": {Status: 200, Body: secret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newQuietWorld()
				f.Path, f.Times = "/x/**", -1
				w.Fail(f)
				_, err1 := w.Exchange(t.Context(), secret, secret, redirect)
				_, err2 := w.Refresh(t.Context(), secret)
				_, _, err3 := w.read(t, xapi.Token{Access: secret}, "1", xapi.Query{SinceID: secret})
				_, err4 := w.DeletePost(t.Context(), secret, secret)
				for i, err := range []error{err1, err2, err3, err4} {
					if err == nil || strings.Contains(err.Error(), secret) {
						t.Errorf("call %d: %v", i+1, err)
					}
				}
			})
		})
	}
}

func TestClient_ServesFiftyReadersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	var wg sync.WaitGroup
	for i := range 50 {
		p := w.X().People()[i%5]
		tok := w.signIn(t, p.Handle, readScopes...)
		wg.Go(func() {
			want := min(150, len(w.X().Posts(p.Handle)))
			posts, _, err := w.read(t, tok, p.ID, xapi.Query{Max: 150})
			if err != nil || len(posts) != want {
				t.Errorf("%s: %d posts of %d, %v", p.Handle, len(posts), want, err)
			}
		})
	}
	wg.Wait()
}

func TestRefresh_FiftyAtOnceSpendTheTokenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok := w.signIn(t, "ada_fernhill", readScopes...)
	var won, dead sync.Map
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if _, err := w.Refresh(t.Context(), tok.Refresh); err == nil {
				won.Store(i, true)
			} else if errors.Is(err, xapi.ErrDead) {
				dead.Store(i, true)
			}
		})
	}
	wg.Wait()
	if a, b := size(&won), size(&dead); a != 1 || b != 49 {
		t.Fatalf("%d won and %d were told that the token is spent", a, b)
	}
}

func size(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

package xapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/xapi"
)

const redirect = "http://127.0.0.1:8000/auth/callback"

var (
	readScopes = []string{"tweet.read", "users.read", "offline.access"}
	allScopes  = append([]string{"tweet.write", "users.email"}, readScopes...)
)

// world is a sandbox on a server of its own and a client that talks to it.
type world struct {
	*sandbox.Sandbox
	*xapi.Client
	base string
	http *http.Client
}

func newWorld(t *testing.T, cfg x.Config) world {
	sb := sandbox.New(sandbox.Config{X: cfg})
	srv := httptest.NewServer(sb.Handler())
	t.Cleanup(srv.Close)
	return world{sb, newClient(sb, cfg, srv.URL, srv.Client()), srv.URL, srv.Client()}
}

// newQuietWorld needs no network, so that it works under the fake time of synctest.
func newQuietWorld() world {
	sb := sandbox.New(sandbox.Config{})
	h := &http.Client{Transport: direct{sb.Handler()}}
	return world{sb, newClient(sb, x.Config{}, "http://sandbox", h), "http://sandbox", h}
}

func newClient(sb *sandbox.Sandbox, cfg x.Config, base string, h *http.Client) *xapi.Client {
	app := x.Client{ID: x.ClientID, Secret: x.ClientSecret}
	if len(cfg.Clients) > 0 {
		app = cfg.Clients[0]
	}
	return xapi.New(xapi.Config{
		ClientID: app.ID, ClientSecret: app.Secret, HTTP: h, Now: sb.Now,
		APIURL: base + "/x/", AuthorizeURL: base + "/x/i/oauth2/authorize",
	})
}

// direct calls a handler without a connection.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (res *http.Response, err error) {
	defer func() {
		if recover() != nil {
			res, err = nil, io.ErrUnexpectedEOF
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	d.h.ServeHTTP(rec, r)
	return rec.Result(), r.Context().Err()
}

// consent posts the consent form and returns the query of the redirect.
func (w world) consent(t *testing.T, authorizeURL, form string) url.Values {
	t.Helper()
	h := *w.http
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := h.Post(authorizeURL, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	to, err := res.Location()
	if res.StatusCode != http.StatusSeeOther || err != nil {
		t.Fatalf("consent answered %d, location %v", res.StatusCode, err)
	}
	return to.Query()
}

func (w world) signIn(t *testing.T, person string, scopes ...string) xapi.Token {
	t.Helper()
	verifier := xapi.NewVerifier()
	back := w.consent(t, w.AuthorizeURL("the-state", verifier, redirect, scopes), "decision=allow&person="+person)
	if back.Get("state") != "the-state" {
		t.Fatalf("state came back as %q", back.Get("state"))
	}
	tok, err := w.Exchange(t.Context(), back.Get("code"), verifier, redirect)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// read collects every post of a reading.
func (w world) read(t *testing.T, tok xapi.Token, userID string,
	q xapi.Query,
) (posts []xapi.Post, pages int, err error) {
	t.Helper()
	for page, err := range w.Posts(t.Context(), tok.Access, userID, q) {
		if err != nil {
			return posts, pages, err
		}
		posts = append(posts, page.Posts...)
		pages++
	}
	return posts, pages, nil
}

func (w world) calls(pattern string) int { return len(w.Calls(pattern)) }

func mustBe(t *testing.T, err, cause error) {
	t.Helper()
	if !errors.Is(err, cause) || !errors.Is(err, fault.XUnavailable) {
		t.Fatalf("got %v, want %v inside fault.XUnavailable", err, cause)
	}
}

func personID(w world, handle string) string {
	for _, p := range w.X().People() {
		if p.Handle == handle {
			return p.ID
		}
	}
	return ""
}

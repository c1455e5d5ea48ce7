package x

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// scopeWords says what a scope permits, in the order the page lists them.
var scopeWords = []struct{ Scope, Words string }{
	{"tweet.read", "Read all the posts you can see, including your own"},
	{"users.read", "See your profile: name, handle, picture, numbers"},
	{"users.email", "See your confirmed e-mail address"},
	{"tweet.write", "Post and delete posts for you"},
	{"offline.access", "Stay connected until you revoke it"},
}

const maxState = 500 // characters

var (
	consentParams = []string{
		"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge",
		"code_challenge_method",
	}
	challengeShape = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

// authorization is what an app asks for, after every parameter was checked.
type authorization struct {
	client                     Client
	redirect, state, challenge string
	scopes                     []string
}

// showConsent is the page on which a person chooses who they are and whether they agree.
func (x *Server) showConsent(w http.ResponseWriter, r *http.Request) {
	a, ok := x.readAuthorization(w, r, r.URL.Query(), consentParams)
	if !ok {
		return
	}
	var words []string
	for _, s := range scopeWords {
		if slices.Contains(a.scopes, s.Scope) {
			words = append(words, s.Words)
		}
	}
	to, _ := url.Parse(a.redirect) // checked by readAuthorization
	web.Page(w, r, http.StatusOK, consentPage(consentView{
		App: cmp.Or(a.client.Name, a.client.ID), Host: to.Host, Words: words, People: x.People(),
	}))
}

// takeConsent answers the form: decision=allow with person=<handle>, or decision=cancel.
func (x *Server) takeConsent(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, web.MaxBody)
	if err := r.ParseForm(); err != nil {
		x.consentRefused(w, r, "The form cannot be read.")
		return
	}
	a, ok := x.readAuthorization(w, r, r.Form, append([]string{"person", "decision"}, consentParams...))
	if !ok {
		return
	}
	person := r.Form.Get("person")
	switch d := r.Form.Get("decision"); {
	case d == "cancel":
		a.redirectWith(w, r, url.Values{"error": {"access_denied"}})
	case d != "allow":
		x.consentRefused(w, r, "decision must be allow or cancel.")
	case x.account(person) == nil:
		x.consentRefused(w, r, "person must be the handle of one of the people on this page.")
	default:
		a.redirectWith(w, r, url.Values{"code": {x.grants.allow(a, person, x.store.Now())}})
	}
}

// redirectWith sends the browser back to the app with the state and v.
func (a authorization) redirectWith(w http.ResponseWriter, r *http.Request, v url.Values) {
	to, _ := url.Parse(a.redirect) // checked by readAuthorization
	q := to.Query()
	q.Set("state", a.state)
	for name := range v {
		q.Set(name, v.Get(name))
	}
	to.RawQuery = q.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// readAuthorization checks every parameter. A fault is shown on a page and never sent to redirect_uri.
func (x *Server) readAuthorization(w http.ResponseWriter, r *http.Request, v url.Values,
	known []string,
) (authorization, bool) {
	client, _ := x.client(v.Get("client_id"))
	a := authorization{
		client: client, redirect: v.Get("redirect_uri"), state: v.Get("state"),
		challenge: v.Get("code_challenge"), scopes: strings.Fields(v.Get("scope")),
	}
	why := x.consentFault(a, v, known)
	if why != "" {
		x.consentRefused(w, r, why)
		return authorization{}, false
	}
	return a, true
}

// consentFault is a sentence about the first wrong parameter, or "".
func (x *Server) consentFault(a authorization, v url.Values, known []string) string {
	for name, values := range v {
		if !slices.Contains(known, name) || len(values) != 1 {
			return fmt.Sprintf("The parameter %s is unknown or given more than once.", name)
		}
	}
	unknownScope := func(s string) bool {
		return !slices.ContainsFunc(scopeWords, func(k struct{ Scope, Words string }) bool { return k.Scope == s })
	}
	switch {
	case a.client.ID == "":
		return "client_id is not an app that is registered here."
	case !x.takesRedirect(a.client, a.redirect):
		return "redirect_uri is not one of the addresses registered for this app."
	case v.Get("response_type") != "code":
		return "response_type must be code."
	case a.state == "" || len([]rune(a.state)) > maxState:
		return "state must have 1 to 500 characters."
	case v.Get("code_challenge_method") != "S256" || !challengeShape.MatchString(a.challenge):
		return "code_challenge must be the S256 challenge of a verifier, and code_challenge_method must be S256."
	case len(a.scopes) == 0 || slices.ContainsFunc(a.scopes, unknownScope):
		return "scope must list scopes that X knows, separated by spaces."
	}
	return ""
}

func (x *Server) consentRefused(w http.ResponseWriter, r *http.Request, why string) {
	x.refused(r, why)
	web.Page(w, r, http.StatusBadRequest, refusedPage(why))
}

// showAvatar draws a picture for a person: their initials on a colour of their own.
func (x *Server) showAvatar(w http.ResponseWriter, r *http.Request) {
	a := x.account(strings.TrimSuffix(r.PathValue("handle"), ".svg"))
	if a == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "max-age=3600")
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" role="img" aria-label="%s"><rect width="96" height="96" fill="hsl(%d 45%% 42%%)"/>`+
		`<text x="48" y="60" font-family="sans-serif" font-size="36" font-weight="600" text-anchor="middle" fill="#fff">%s</text></svg>`,
		a.Name, hue(a.Handle), initials(a.Name))
}

func hue(handle string) int {
	h := 0
	for _, c := range handle {
		h = (h*31 + int(c)) % 360
	}
	return h
}

func initials(name string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(name) {
		b.WriteString(word[:1])
	}
	return b.String()
}

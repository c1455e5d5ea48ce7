package xapi_test

import (
	"net/url"
	"regexp"
	"testing"

	"github.com/repazoo/repazoo/internal/xapi"
)

// The verifier and the challenge of RFC 7636, appendix B.
func TestAuthorizeURL_HasTheChallengeOfRFC7636AndNotTheVerifier(t *testing.T) {
	t.Parallel()
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	c := xapi.New(xapi.Config{ClientID: "id", AuthorizeURL: "https://x.com/i/oauth2/authorize"})
	address := c.AuthorizeURL("state", verifier, "https://api.repazoo.com/auth/x/callback", []string{"tweet.read"})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Get("code_challenge") != challenge || q.Get("code_challenge_method") != "S256" ||
		q.Has("code_verifier") || regexp.MustCompile(verifier).MatchString(address) {
		t.Fatalf("got %s", address)
	}
}

func TestNewVerifier_IsOfTheShapeRFC7636AsksForAndNeverTheSame(t *testing.T) {
	t.Parallel()
	shape, seen := regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`), map[string]bool{}
	for range 100 {
		v := xapi.NewVerifier()
		if !shape.MatchString(v) || seen[v] {
			t.Fatalf("got %q", v)
		}
		seen[v] = true
	}
}

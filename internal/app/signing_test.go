package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The change of the signing key as an operator makes it: nobody has to sign in again.
func TestSigningKey_ChangesWithOverlap(t *testing.T) {
	t.Parallel()
	const first, second = "first-signing-key-0123456789-abcdefgh", "other-signing-key-9876543210-hgfedcba"
	vars := map[string]string{"PORT": "0", "DATA_DIR": t.TempDir(), "JWT_SECRET_KEY": first}
	a, stop := boot(t, vars)
	u, err := url.Parse(a.URL())
	if err != nil {
		t.Fatal(err)
	}
	vars["PORT"] = u.Port() // tokens name their issuer, so the address stays
	gus := signIn(t, a.URL(), "gravelpit_gus")
	stop()

	vars["JWT_SECRET_KEY"] = second + "," + first
	a, stop = boot(t, vars)
	gus.must(http.StatusOK, "GET", "/api/v1/users/me", "")
	ada := signIn(t, a.URL(), "ada_fernhill")
	stop()

	vars["JWT_SECRET_KEY"] = second
	_, stop = boot(t, vars)
	defer stop()
	ada.must(http.StatusOK, "GET", "/api/v1/users/me", "")
	if body := gus.must(http.StatusUnauthorized, "GET", "/api/v1/users/me", ""); !strings.Contains(body,
		`"code":"unauthenticated"`) {
		t.Errorf("got %s", body)
	}
	gus.access = ""
	gus.must(http.StatusOK, "POST", "/auth/token/refresh", `{"refresh_token":"`+gus.refresh+`"}`)
}

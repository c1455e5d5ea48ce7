package vault_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// server stands in for OpenBao at the wire. It knows the calls that its documentation gives and
// fails the test on any other: on a path, method or header that is not theirs.
type server struct {
	t  testing.TB
	mu sync.Mutex

	now       time.Time
	namespace string
	secretIDs map[string]bool      // of the role "role"
	accounts  map[string]bool      // tokens of service accounts
	tokens    map[string]*baoToken // that are good
	life      time.Duration        // of the tokens it gives
	down      int                  // a status for everything, when not 0
	secrets   map[string][]version
	calls     []string // method and path
	made      int
}

type baoToken struct {
	ends      time.Time
	renewable bool
}

type version struct {
	data    map[string]any
	made    time.Time
	deleted bool
}

func newServer(t testing.TB) *server {
	return &server{
		t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), namespace: "team", life: time.Hour,
		secretIDs: map[string]bool{}, accounts: map[string]bool{}, tokens: map[string]*baoToken{}, secrets: map[string][]version{},
	}
}

func (s *server) start(t testing.TB) string {
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return h.URL
}

// give makes a token. The caller holds the lock, or nobody else is there yet.
func (s *server) give() string {
	s.made++
	token := fmt.Sprintf("token-%d", s.made)
	s.tokens[token] = &baoToken{s.now.Add(s.life), true}
	return token
}

func (s *server) at(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// count is how often a call was made.
func (s *server) count(call string) (n int) {
	s.at(func() {
		for _, c := range s.calls {
			if c == call {
				n++
			}
		}
	})
	return n
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.Method + " " + r.URL.Path
	s.calls = append(s.calls, call)
	if r.Header.Get("X-Vault-Request") != "true" || r.URL.RawQuery != "" && r.URL.RawQuery != "list=true" {
		s.t.Errorf("%s: headers %v, query %q", call, r.Header, r.URL.RawQuery)
	}
	if s.down != 0 {
		s.answer(w, s.down, map[string]any{"errors": []string{"Vault is sealed"}})
		return
	}
	if r.Header.Get("X-Vault-Namespace") != s.namespace {
		s.answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
		return
	}
	var body map[string]any
	if r.Body != nil {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil && err != io.EOF {
			s.t.Errorf("%s: %v", call, err)
		}
	}
	if login, ok := strings.CutPrefix(call, "PUT /v1/auth/"); ok && strings.HasSuffix(login, "/login") {
		s.login(w, r, strings.TrimSuffix(login, "/login"), body)
		return
	}
	token := s.tokens[r.Header.Get("X-Vault-Token")]
	if token == nil || !token.ends.IsZero() && !s.now.Before(token.ends) {
		s.answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied", "invalid token"}})
		return
	}
	s.authorized(w, r, token, body)
}

func (s *server) login(w http.ResponseWriter, r *http.Request, method string, body map[string]any) {
	if r.Header.Get("X-Vault-Token") != "" {
		s.t.Error("a token travels with a sign-in")
	}
	secretID, _ := body["secret_id"].(string)
	account, _ := body["jwt"].(string)
	switch {
	case method == "approle" && len(body) == 2 && body["role_id"] == "role" && s.secretIDs[secretID],
		method == "clusters/one" && len(body) == 2 && body["role"] == "repazoo" && s.accounts[account]:
		s.grant(w, s.give())
	case method == "approle", method == "clusters/one":
		s.answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"invalid role or secret ID: " + secretID}})
	default:
		s.t.Errorf("a sign-in at auth/%s", method)
		s.answer(w, http.StatusNotFound, map[string]any{"errors": []string{}})
	}
}

func (s *server) grant(w http.ResponseWriter, token string) {
	s.answer(w, http.StatusOK, map[string]any{"auth": map[string]any{
		"client_token": token, "lease_duration": int(s.tokens[token].ends.Sub(s.now).Seconds()), "renewable": s.tokens[token].renewable,
	}})
}

func (s *server) authorized(w http.ResponseWriter, r *http.Request, token *baoToken, body map[string]any) {
	call := r.Method + " " + r.URL.Path
	switch call {
	case "GET /v1/auth/token/lookup-self":
		ttl := 0
		if !token.ends.IsZero() {
			ttl = int(token.ends.Sub(s.now).Seconds())
		}
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{"ttl": ttl, "renewable": token.renewable}})
		return
	case "PUT /v1/auth/token/renew-self":
		if !token.renewable {
			s.answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"lease is not renewable"}})
			return
		}
		token.ends = s.now.Add(s.life)
		s.grant(w, r.Header.Get("X-Vault-Token"))
		return
	case "GET /v1/sys/internal/ui/mounts/kv":
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{"type": "kv", "path": "kv/", "options": map[string]any{"version": "2"}}})
		return
	case "GET /v1/sys/internal/ui/mounts/old":
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{"type": "kv", "path": "old/", "options": map[string]any{"version": "1"}}})
		return
	case "GET /v1/sys/internal/ui/mounts/none":
		s.answer(w, http.StatusForbidden, map[string]any{"errors": []string{"preflight capability check returned 403"}})
		return
	case "GET /v1/kv/metadata/apps/repazoo": // a list is asked for with a query
		if r.URL.RawQuery != "list=true" {
			s.t.Errorf("%s without list=true", call)
		}
		s.list(w)
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, "/v1/kv/data/apps/repazoo/"); ok && !strings.Contains(name, "/") {
		s.data(w, r.Method, name, body)
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, "/v1/kv/metadata/apps/repazoo/"); ok && !strings.Contains(name, "/") {
		s.metadata(w, r.Method, name)
		return
	}
	s.t.Errorf("no such call: %s", call)
	s.answer(w, http.StatusNotFound, map[string]any{"errors": []string{}})
}

func (s *server) list(w http.ResponseWriter) {
	keys := []string{"folder/", "lower"}
	for name := range s.secrets {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{"keys": keys}})
}

func (s *server) data(w http.ResponseWriter, method, name string, body map[string]any) {
	versions := s.secrets[name]
	switch {
	case method == http.MethodPut:
		data, ok := body["data"].(map[string]any)
		if !ok || len(body) != 1 {
			s.t.Errorf("a write of %v", body)
		}
		s.secrets[name] = append(versions, version{data: data, made: s.now})
		s.answer(w, http.StatusOK, map[string]any{"data": s.describe(name, len(versions)+1)})
	case method != http.MethodGet:
		s.t.Errorf("%s of data", method)
	case len(versions) == 0:
		s.answer(w, http.StatusNotFound, map[string]any{"errors": []string{}})
	case versions[len(versions)-1].deleted:
		s.answer(w, http.StatusNotFound, map[string]any{"data": map[string]any{"data": nil, "metadata": s.describe(name, len(versions))}})
	default:
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{"data": versions[len(versions)-1].data, "metadata": s.describe(name, len(versions))}})
	}
}

// describe is the metadata of one version.
func (s *server) describe(name string, n int) map[string]any {
	v := s.secrets[name][n-1]
	deleted := ""
	if v.deleted {
		deleted = s.now.Format(time.RFC3339Nano)
	}
	return map[string]any{"version": n, "created_time": v.made.Format(time.RFC3339Nano), "deletion_time": deleted, "destroyed": false, "custom_metadata": nil}
}

func (s *server) metadata(w http.ResponseWriter, method, name string) {
	versions := s.secrets[name]
	switch {
	case method == http.MethodDelete:
		delete(s.secrets, name)
		w.WriteHeader(http.StatusNoContent)
	case method != http.MethodGet:
		s.t.Errorf("%s of metadata", method)
	case len(versions) == 0:
		s.answer(w, http.StatusNotFound, map[string]any{"errors": []string{}})
	default:
		all := map[string]any{}
		for n := range versions {
			all[fmt.Sprint(n+1)] = s.describe(name, n+1)
		}
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{
			"cas_required": false, "created_time": versions[0].made.Format(time.RFC3339Nano), "current_version": len(versions), "custom_metadata": nil,
			"delete_version_after": "0s", "max_versions": 0, "oldest_version": 0, "updated_time": s.now.Format(time.RFC3339Nano), "versions": all,
		}})
	}
}

func (s *server) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.t.Error(err)
	}
}

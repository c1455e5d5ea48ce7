// Package baotest stands in for an OpenBao server in tests, at the wire.
//
//	s := baotest.New(t)
//	s.SecretIDs["good"] = true          // of the AppRole "role"
//	address := s.Start(t)               // namespace "team", KV engine "kv", path "apps/repazoo"
//
// It knows the calls that OpenBao's documentation gives and that a vault needs. It fails the
// test on any other: on a path, method or body that is not theirs. Once it runs, what it knows
// is looked at and changed within [Server.At].
package baotest

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

// Server is the stand-in.
type Server struct {
	t  testing.TB
	mu sync.Mutex

	Now       time.Time
	Namespace string
	SecretIDs map[string]bool   // of the role "role"
	Accounts  map[string]bool   // tokens of service accounts
	Tokens    map[string]*Token // that are good
	Life      time.Duration     // of the tokens it gives
	Down      int               // a status for everything, when not 0
	Secrets   map[string][]Version
	calls     []string // method and path
	given     int      // tokens
}

// Token is one that is good.
type Token struct {
	Ends      time.Time
	Renewable bool
}

// Version is one of a secret.
type Version struct {
	Data    map[string]any
	Made    time.Time
	Deleted bool
}

// New is a server that knows nothing yet.
func New(t testing.TB) *Server {
	return &Server{
		t: t, Now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Namespace: "team", Life: time.Hour,
		SecretIDs: map[string]bool{}, Accounts: map[string]bool{}, Tokens: map[string]*Token{},
		Secrets: map[string][]Version{},
	}
}

// Start listens until the test ends, and returns its address.
func (s *Server) Start(t testing.TB) string {
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return h.URL
}

// Give makes a token. The caller holds the lock, or nobody else is there yet.
func (s *Server) Give() string {
	s.given++
	token := fmt.Sprintf("token-%d", s.given)
	s.Tokens[token] = &Token{s.Now.Add(s.Life), true}
	return token
}

// At does something while no call is answered.
func (s *Server) At(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// Given is how many tokens were made.
func (s *Server) Given() (n int) {
	s.At(func() { n = s.given })
	return n
}

// Count is how often a call was made.
func (s *Server) Count(call string) (n int) {
	s.At(func() {
		for _, c := range s.calls {
			if c == call {
				n++
			}
		}
	})
	return n
}

// ServeHTTP answers a call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.Method + " " + r.URL.Path
	s.calls = append(s.calls, call)
	if r.Header.Get("X-Vault-Request") != "true" || r.URL.RawQuery != "" && r.URL.RawQuery != "list=true" {
		s.t.Errorf("%s: headers %v, query %q", call, r.Header, r.URL.RawQuery)
	}
	if s.Down != 0 {
		s.answer(w, s.Down, map[string]any{"errors": []string{"Vault is sealed"}})
		return
	}
	if r.Header.Get("X-Vault-Namespace") != s.Namespace {
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
	token := s.Tokens[r.Header.Get("X-Vault-Token")]
	if token == nil || !token.Ends.IsZero() && !s.Now.Before(token.Ends) {
		s.answer(w, http.StatusForbidden, map[string]any{"errors": []string{"permission denied", "invalid token"}})
		return
	}
	s.authorized(w, r, token, body)
}

func (s *Server) login(w http.ResponseWriter, r *http.Request, method string, body map[string]any) {
	if r.Header.Get("X-Vault-Token") != "" {
		s.t.Error("a token travels with a sign-in")
	}
	secretID, _ := body["secret_id"].(string)
	account, _ := body["jwt"].(string)
	switch {
	case method == "approle" && len(body) == 2 && body["role_id"] == "role" && s.SecretIDs[secretID],
		method == "clusters/one" && len(body) == 2 && body["role"] == "repazoo" && s.Accounts[account]:
		s.grant(w, s.Give())
	case method == "approle", method == "clusters/one":
		s.answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"invalid role or secret ID: " + secretID}})
	default:
		s.t.Errorf("a sign-in at auth/%s", method)
		s.answer(w, http.StatusNotFound, map[string]any{"errors": []string{}})
	}
}

func (s *Server) grant(w http.ResponseWriter, token string) {
	s.answer(w, http.StatusOK, map[string]any{"auth": map[string]any{
		"client_token": token, "lease_duration": int(s.Tokens[token].Ends.Sub(s.Now).Seconds()),
		"renewable": s.Tokens[token].Renewable,
	}})
}

func (s *Server) authorized(w http.ResponseWriter, r *http.Request, token *Token, body map[string]any) {
	call := r.Method + " " + r.URL.Path
	switch call {
	case "GET /v1/auth/token/lookup-self":
		ttl := 0
		if !token.Ends.IsZero() {
			ttl = int(token.Ends.Sub(s.Now).Seconds())
		}
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{"ttl": ttl, "renewable": token.Renewable}})
		return
	case "PUT /v1/auth/token/renew-self":
		if !token.Renewable {
			s.answer(w, http.StatusBadRequest, map[string]any{"errors": []string{"lease is not renewable"}})
			return
		}
		token.Ends = s.Now.Add(s.Life)
		s.grant(w, r.Header.Get("X-Vault-Token"))
		return
	case "GET /v1/sys/internal/ui/mounts/kv":
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{
			"type": "kv", "path": "kv/",
			"options": map[string]any{"version": "2"},
		}})
		return
	case "GET /v1/sys/internal/ui/mounts/old":
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{
			"type": "kv", "path": "old/",
			"options": map[string]any{"version": "1"},
		}})
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

func (s *Server) list(w http.ResponseWriter) {
	keys := []string{"folder/", "lower"}
	for name := range s.Secrets {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{"keys": keys}})
}

func (s *Server) data(w http.ResponseWriter, method, name string, body map[string]any) {
	versions := s.Secrets[name]
	switch {
	case method == http.MethodPut:
		data, ok := body["data"].(map[string]any)
		if !ok || len(body) != 1 {
			s.t.Errorf("a write of %v", body)
		}
		s.Secrets[name] = append(versions, Version{Data: data, Made: s.Now})
		s.answer(w, http.StatusOK, map[string]any{"data": s.describe(name, len(versions)+1)})
	case method != http.MethodGet:
		s.t.Errorf("%s of data", method)
	case len(versions) == 0:
		s.answer(w, http.StatusNotFound, map[string]any{"errors": []string{}})
	case versions[len(versions)-1].Deleted:
		s.answer(w, http.StatusNotFound, map[string]any{"data": map[string]any{
			"data":     nil,
			"metadata": s.describe(name, len(versions)),
		}})
	default:
		s.answer(w, http.StatusOK, map[string]any{"data": map[string]any{
			"data":     versions[len(versions)-1].Data,
			"metadata": s.describe(name, len(versions)),
		}})
	}
}

// describe is the metadata of one version.
func (s *Server) describe(name string, n int) map[string]any {
	v := s.Secrets[name][n-1]
	deleted := ""
	if v.Deleted {
		deleted = s.Now.Format(time.RFC3339Nano)
	}
	return map[string]any{
		"version": n, "created_time": v.Made.Format(time.RFC3339Nano), "deletion_time": deleted,
		"destroyed": false, "custom_metadata": nil,
	}
}

func (s *Server) metadata(w http.ResponseWriter, method, name string) {
	versions := s.Secrets[name]
	switch {
	case method == http.MethodDelete:
		delete(s.Secrets, name)
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
			"cas_required": false, "created_time": versions[0].Made.Format(time.RFC3339Nano),
			"current_version": len(versions), "custom_metadata": nil,
			"delete_version_after": "0s", "max_versions": 0, "oldest_version": 0,
			"updated_time": s.Now.Format(time.RFC3339Nano), "versions": all,
		}})
	}
}

func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.t.Error(err)
	}
}

package app_test

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
)

// apiKey is a key as POST /api/v1/api-keys answers.
type apiKey struct {
	ID  string `json:"id"`
	Key string `json:"key"`
	Old *struct {
		LastUsedAt *string `json:"last_used_at"`
	} `json:"old_secret"`
}

func newKey(p *person, scopes ...account.Scope) (k apiKey) {
	p.t.Helper()
	body, _ := json.Marshal(map[string]any{"name": rand.Text(), "scopes": scopes})
	if err := json.Unmarshal([]byte(p.must(http.StatusCreated, "POST", "/api/v1/api-keys", string(body))),
		&k); err != nil {
		p.t.Fatal(err)
	}
	return k
}

// bearing is a program that has nothing but a key.
func bearing(p *person, key string) *person {
	return &person{t: p.t, base: p.base, access: key, account: p.account}
}

// madeUp is a key of the documented format that nobody was ever given.
func madeUp() string {
	random := make([]byte, 20)
	rand.Read(random)
	body := "rpz_" + base32.StdEncoding.EncodeToString(random)
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body)))
	return body + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum)
}

// openToKeys is everything that an API key can reach. A route that is opened to keys must be written here too.
var openToKeys = map[string]account.Scope{
	"GET /api/v1/users/me": account.AccountRead,
	"GET /api/v1/usage":    account.AccountRead,
	"GET /auth/x/status":   account.AccountRead,
	"GET /api/v1/notices":  account.AccountRead, "GET /api/v1/audit": account.AuditRead,
	"GET /api/v1/schedules":            account.AnalysesRead,
	"GET /api/v1/analyses/{id}/shares": account.AnalysesRead, "GET /api/v1/shares/{id}": account.AnalysesRead,
	"GET /api/v1/cleanups": account.AnalysesRead, "GET /api/v1/cleanups/{id}": account.AnalysesRead,
	"GET /api/v1/cleanups/{id}/receipt.json": account.AnalysesRead,
	"GET /api/v1/subscriptions":              account.BillingRead,
	"GET /api/v1/subscriptions/invoices":     account.BillingRead,
	"GET /api/v1/subscriptions/timeline":     account.BillingRead,
	"GET /api/v1/analyses":                   account.AnalysesRead,
	"GET /api/v1/analyses/compare":           account.AnalysesRead, "GET /api/v1/analyses/{id}": account.AnalysesRead,
	"GET /api/v1/analyses/{id}/events":   account.AnalysesRead,
	"GET /api/v1/analyses/{id}/findings": account.AnalysesRead, "GET /api/v1/analyses/{id}/score": account.AnalysesRead,
	"GET /api/v1/analyses/{id}/report.json": account.AnalysesRead,
	"GET /api/v1/analyses/{id}/report.csv":  account.AnalysesRead,
	"GET /api/v1/analyses/{id}/report.html": account.AnalysesRead,
	"GET /api/v1/analyses/{id}/report.pdf":  account.AnalysesRead,
	"POST /api/v1/analyses/preview":         account.AnalysesRead,
	"POST /api/v1/analyses":                 account.AnalysesWrite,
	"POST /api/v1/analyses/{id}/cancel":     account.AnalysesWrite,
	"DELETE /api/v1/analyses/{id}":          account.AnalysesWrite, "PATCH /api/v1/findings/{id}": account.AnalysesWrite,
	"POST /api/v1/archives":     account.AnalysesWrite,
	"POST /api/v1/drafts/check": account.AnalysesWrite,
}

// scopesOf reads from the contract what a key needs on each guarded route.
func scopesOf(t *testing.T, base string) map[string]account.Scope {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Security []map[string][]account.Scope `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal([]byte((&person{t: t, base: base}).must(http.StatusOK, "GET", "/openapi.json", "")),
		&doc); err != nil {
		t.Fatal(err)
	}
	named := map[string]account.Scope{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			for _, way := range op.Security {
				if scopes, ok := way["key"]; ok && len(scopes) == 1 {
					named[strings.ToUpper(method)+" "+path] = scopes[0]
				}
			}
		}
	}
	return named
}

func TestContract_ListsEveryScopeAKeyCanHave(t *testing.T) {
	t.Parallel()
	contract := (&person{t: t, base: start(t, io.Discard, nil)}).must(http.StatusOK, "GET", "/openapi.json", "")
	want, _ := json.Marshal(account.Scopes())
	if !strings.Contains(contract, `"enum":`+string(want)) {
		t.Errorf("the contract has no enum of %s", want)
	}
}

func TestContract_DescribesTheTokensOfASignIn(t *testing.T) {
	t.Parallel()
	var doc struct {
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal([]byte((&person{t: t, base: start(t, io.Discard, nil)}).must(http.StatusOK, "GET",
		"/openapi.json", "")), &doc); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"access_token", "refresh_token", "user_id", "account"} {
		if _, described := doc.Components.Schemas["SignedInBody"].Properties[member]; !described {
			t.Errorf("the answer of a callback is described without %s", member)
		}
	}
}

func TestDocs_TellEveryScopeAndTheFormatOfKeys(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/api-keys.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range account.Scopes() {
		if !strings.Contains(string(text), "\n| `"+string(s)+"` |") {
			t.Errorf("docs/api-keys.md does not tell what %s opens", s)
		}
	}
	if !strings.Contains(string(text), account.KeyPattern) {
		t.Error("docs/api-keys.md has another format")
	}
}

// The guard: every route of the contract either names its scope, and takes keys that have it and no others, or refuses
// the most powerful key there can be.
func TestKeys_OpenOnlyWhatTheRouteTableNames(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	gus := signIn(t, base, "gravelpit_gus")
	named := scopesOf(t, base)
	if !maps.Equal(named, openToKeys) {
		t.Errorf("the contract opens to keys\n%v\nwant\n%v", named, openToKeys)
	}
	all := bearing(gus, newKey(gus, account.Scopes()...).Key)
	only, but := map[account.Scope]*person{}, map[account.Scope]*person{}
	for _, s := range account.Scopes() {
		only[s] = bearing(gus, newKey(gus, s).Key)
		but[s] = bearing(gus, newKey(gus, slices.DeleteFunc(account.Scopes(),
			func(x account.Scope) bool { return x == s })...).Key)
	}
	refused := func(p *person, r route) bool {
		status, _, body := p.call(r.method, fill(r.path, db.NewID()), "")
		return status == http.StatusForbidden && strings.Contains(body, `"code":"scope_missing"`)
	}
	guarded, _ := contract(t, base)
	for _, r := range guarded {
		scope, open := named[r.method+" "+r.path]
		switch {
		case !open && !refused(all, r):
			t.Errorf("%s %s names no scope and took a key", r.method, r.path)
		case open && !refused(but[scope], r):
			t.Errorf("%s %s took a key without %s", r.method, r.path, scope)
		case open:
			if status, _, body := only[scope].call(r.method, fill(r.path, db.NewID()),
				""); status == http.StatusUnauthorized || status == http.StatusForbidden {
				t.Errorf("%s %s refused a key with %s: %s", r.method, r.path, scope, body)
			}
		}
	}
	for _, path := range []string{"/", "/account", "/account/keys", "/account/activity"} {
		if !refused(all, route{"GET", path}) {
			t.Errorf("GET %s took a key", path)
		}
	}
	for _, path := range []string{"/sign-out", "/account/keys", "/account/sessions/end", "/account/plan/cancel"} {
		if !refused(all, route{"POST", path}) {
			t.Errorf("POST %s took a key", path)
		}
	}
	only[account.BillingRead].must(http.StatusOK, "GET", "/api/v1/plans", "")
	all.must(http.StatusOK, "GET", "/healthz", "")
	all.must(http.StatusNotFound, "GET", "/api/v1/nothing", "")
	all.must(http.StatusMethodNotAllowed, "PATCH", "/api/v1/usage", "")
}

func TestKeys_DoTheWorkOfAProgramAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log syncBuffer
			base := start(t, &log, env)
			gus := signIn(t, base, "gravelpit_gus")
			gus.subscribe()
			first := newKey(gus, account.AnalysesRead, account.AnalysesWrite)
			program := bearing(gus, first.Key)
			id, end := program.analyse()
			if !strings.Contains(end, `"status":"completed"`) {
				t.Fatalf("the run ended with %s", end)
			}
			program.must(http.StatusOK, "GET", "/api/v1/analyses/"+id+"/report.json", "")
			if lines := gus.must(http.StatusOK, "GET", "/api/v1/audit?action=analysis.start", ""); !strings.Contains(lines,
				`"api_key":"`+first.ID+`"`) {
				t.Errorf("the log does not say which key acted: %s", lines)
			}

			var second apiKey
			if err := json.Unmarshal([]byte(gus.must(http.StatusOK, "POST", "/api/v1/api-keys/"+first.ID+"/rotate",
				`{"overlap_hours":1}`)), &second); err != nil || second.ID != first.ID || second.Old == nil ||
				second.Old.LastUsedAt == nil {
				t.Fatalf("got %+v, %v", second, err)
			}
			for _, key := range []string{first.Key, second.Key} {
				bearing(gus, key).must(http.StatusOK, "GET", "/api/v1/analyses", "")
			}
			gus.must(http.StatusConflict, "POST", "/api/v1/api-keys/"+first.ID+"/rotate", "")
			gus.must(http.StatusNoContent, "DELETE", "/api/v1/api-keys/"+first.ID, "")
			stranger := answer(bearing(gus, madeUp()))
			for _, key := range []string{first.Key, second.Key, first.Key[:42] + "1"} {
				if got := answer(bearing(gus, key)); got != stranger {
					t.Errorf("a revoked or mistyped key is answered\n%s\nan unknown one\n%s", got, stranger)
				}
			}
			if list := gus.must(http.StatusOK, "GET", "/api/v1/api-keys", ""); list != `{"data":[]}` {
				t.Errorf("the list is %s", list)
			}
			for _, key := range []string{first.Key, second.Key} {
				if strings.Contains(log.String(), key[4:]) {
					t.Error("the log holds a key")
				}
			}
			if !strings.Contains(log.String(), `"key":"`+first.ID+`"`) {
				t.Error("the log does not say which key a request bore")
			}
		})
	}
}

var ownToEachAnswer = regexp.MustCompile(`"request_id":"[^"]*"`)

// answer is all that a caller can tell one refusal from another by.
func answer(p *person) string {
	p.t.Helper()
	status, header, body := p.call("GET", "/api/v1/analyses", "")
	var names []string
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	return fmt.Sprint(status, names, header.Get("WWW-Authenticate"), ownToEachAnswer.ReplaceAllString(body, ""))
}

func TestKeys_GuessingIsLimitedByNetwork(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := start(t, io.Discard, env)
			gus := signIn(t, base, "gravelpit_gus")
			seen, unseen := bearing(gus, newKey(gus, account.AnalysesRead).Key),
				bearing(gus, newKey(gus, account.AnalysesRead).Key)
			forgotten := bearing(gus, madeUp())
			for range 30 { // one program with one bad key is no guesser
				forgotten.must(http.StatusUnauthorized, "GET", "/api/v1/analyses", "")
			}
			for range 8 {
				bearing(gus, madeUp()).must(http.StatusUnauthorized, "GET", "/api/v1/analyses", "")
			}
			seen.must(http.StatusOK, "GET", "/api/v1/analyses", "")
			bearing(gus, madeUp()).must(http.StatusUnauthorized, "GET", "/api/v1/analyses", "")
			status, header, body := bearing(gus, madeUp()).call("GET", "/api/v1/analyses", "")
			wait, _ := strconv.Atoi(header.Get("Retry-After"))
			if status != http.StatusTooManyRequests || !strings.Contains(body, `"code":"rate_limited"`) || wait < 1 ||
				wait > 62 {
				t.Fatalf("the eleventh guess: %d, Retry-After %q, %s", status, header.Get("Retry-After"), body)
			}
			unseen.must(http.StatusTooManyRequests, "GET", "/api/v1/analyses", "") // right, and not confirmed
			seen.must(http.StatusOK, "GET", "/api/v1/analyses", "")
			gus.must(http.StatusOK, "GET", "/api/v1/analyses", "") // people are not kept out
		})
	}
}

func TestAudit_AdministratorsReadEverybodysAndAreSeenToDoSo(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := run(t, io.Discard, env)
			gus, ada := signIn(t, a.URL(), "gravelpit_gus"), signIn(t, a.URL(), "ada_fernhill")
			gus.must(http.StatusForbidden, "GET", "/api/v1/admin/audit", "")
			if err := a.Accounts.SetRole(t.Context(), "@Ada_Fernhill", "admin"); err != nil {
				t.Fatal(err)
			}
			who := idOf(gus)
			lines := ada.must(http.StatusOK, "GET", "/api/v1/admin/audit?user_id="+who+"&action=session", "")
			if !strings.Contains(lines, `"action":"session.started"`) || !strings.Contains(lines, `"total":1`) ||
				!strings.Contains(lines, who) {
				t.Errorf("the administrator reads %s", lines)
			}
			if all := ada.must(http.StatusOK, "GET", "/api/v1/admin/audit?action=session.started", ""); !strings.Contains(all,
				`"total":2`) {
				t.Errorf("of everybody: %s", all)
			}
			if own := gus.must(http.StatusOK, "GET", "/api/v1/audit?action=audit.read", ""); !strings.Contains(own,
				`"admin":"`+idOf(ada)+`"`) {
				t.Errorf("gus does not see who read his log: %s", own)
			}
			bearing(ada, newKey(ada, account.Scopes()...).Key).must(http.StatusForbidden, "GET", "/api/v1/admin/audit", "")
			for _, query := range []string{"?cursor=x", "?action=%25", "?limit=101", "?user_id=" + who} {
				gus.must(http.StatusUnprocessableEntity, "GET", "/api/v1/audit"+query, "")
			}
		})
	}
}

func idOf(p *person) string {
	p.t.Helper()
	var me struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/users/me", "")), &me); err != nil {
		p.t.Fatal(err)
	}
	return me.ID
}

package x_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/x"
)

var keptFrom = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// opened is a caller of a sandbox on file. A second one on the same file is the process after a kill: the first has not
// been closed, and is not used again.
func opened(t *testing.T, file string) app {
	t.Helper()
	sb, err := sandbox.Open(sandbox.Config{StateFile: file, Now: func() time.Time { return keptFrom }})
	if err != nil {
		t.Fatal(err)
	}
	return app{sb, t, sb.Handler()}
}

func stateFile(t *testing.T) string { return filepath.Join(t.TempDir(), "sandbox.json") }

// signIn is a pair of tokens of Ada's.
func (a app) signIn() (access, refresh string) {
	a.t.Helper()
	status, out := a.tokenCall(exchange(a.code("ada_fernhill")), basic...)
	if status != 200 {
		a.t.Fatalf("exchange answered %d %v", status, out)
	}
	return out["access_token"].(string), out["refresh_token"].(string)
}

func (a app) refresh(token string) (int, map[string]any) {
	return a.tokenCall(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, basic...)
}

func (a app) me(access string) int {
	return a.send("GET", "/x/2/users/me", "", "Authorization", "Bearer "+access).Code
}

func TestOpen_TokensOutliveTheProcess(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	access, refresh := opened(t, file).signIn()
	a := opened(t, file)
	if got := a.me(access); got != 200 {
		t.Fatalf("the access token is answered %d after a restart", got)
	}
	if status, out := a.refresh(refresh); status != 200 || out["scope"] != "tweet.read users.read offline.access" {
		t.Fatalf("the refresh token is answered %d %v after a restart", status, out)
	}
}

func TestOpen_ReuseOfASpentRefreshTokenEndsItsFamilyAfterARestart(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	_, spent := a.signIn()
	other, _ := a.signIn()
	_, pair := a.refresh(spent)
	a = opened(t, file)
	if status, out := a.refresh(spent); status != 400 || out["error"] != "invalid_grant" {
		t.Fatalf("reuse is answered %d %v", status, out)
	}
	a = opened(t, file) // and the end of the family is kept
	if status, out := a.refresh(pair["refresh_token"].(string)); status != 400 || out["error"] != "invalid_grant" {
		t.Fatalf("the living token of the family is answered %d %v", status, out)
	}
	if got, others := a.me(pair["access_token"].(string)), a.me(other); got != 401 || others != 200 {
		t.Fatalf("the family's access token is answered %d, another family's %d", got, others)
	}
}

func TestOpen_RevokedTokensStayRevoked(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	access, refresh := a.signIn()
	if rec := a.send("POST", "/x/2/oauth2/revoke", "token="+refresh, basic...); rec.Code != 200 {
		t.Fatalf("revoke answered %d", rec.Code)
	}
	if got := opened(t, file).me(access); got != 401 {
		t.Fatalf("a revoked token is answered %d after a restart", got)
	}
}

func TestOpen_PostsAndPageTokensOutliveTheProcess(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	_, out := a.tokenCall(exchange(a.writerCode()), basic...)
	bearer := []string{"Authorization", "Bearer " + out["access_token"].(string)}
	added := a.X().AddPost("ada_fernhill", x.Post{Text: "kept"})
	a = opened(t, file)
	gone := a.X().Posts("ada_fernhill")[1].ID
	if rec := a.send("DELETE", "/x/2/tweets/"+gone, "", bearer...); rec.Code != 200 {
		t.Fatalf("delete answered %d %s", rec.Code, rec.Body)
	}
	next := nextPage(t, a.send("GET", posts, "", bearer...).Body.Bytes())
	want := a.X().Posts("ada_fernhill")

	a = opened(t, file)
	got := a.X().Posts("ada_fernhill")
	if len(got) != len(want) || got[0].ID != added || got[0].Text != "kept" || !reflect.DeepEqual(got[1], want[1]) {
		t.Fatalf("after a restart there are %d posts, %+v first; want %d, %+v", len(got), got[0], len(want), want[0])
	}
	if rec := a.send("GET", posts+"?pagination_token="+next, "", bearer...); rec.Code != 200 {
		t.Fatalf("the next page is answered %d %s", rec.Code, rec.Body)
	}
}

// writerCode is a code of Ada's that may also delete posts.
func (a app) writerCode() string {
	q := authorizeQuery("scope", "tweet.read tweet.write users.read offline.access")
	rec := a.send("POST", "/x/i/oauth2/authorize?"+q.Encode(), "decision=allow&person=ada_fernhill")
	to, _ := url.Parse(rec.Header().Get("Location"))
	return to.Query().Get("code")
}

func nextPage(t *testing.T, answer []byte) string {
	t.Helper()
	var page struct {
		Meta struct {
			Next string `json:"next_token"`
		}
	}
	if err := json.Unmarshal(answer, &page); err != nil || page.Meta.Next == "" {
		t.Fatalf("there is no next page: %s", answer)
	}
	return page.Meta.Next
}

func TestOpen_ForgetsTokensThatHaveExpired(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	access, refresh := a.signIn()
	a.Advance(231 * 24 * time.Hour)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, old := range map[string]string{"access token": access, "refresh token": refresh} {
		if strings.Contains(string(raw), old) {
			t.Errorf("the file still holds the %s", name)
		}
	}
}

func TestOpen_ConcurrentSignInsAreAllKept(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	var wg sync.WaitGroup
	access := make([]string, 8)
	for i := range access {
		wg.Go(func() {
			_, out := a.tokenCall(exchange(a.code("ada_fernhill")), basic...)
			_, out = a.refresh(fmt.Sprint(out["refresh_token"]))
			access[i] = fmt.Sprint(out["access_token"])
		})
		wg.Go(func() { a.Advance(time.Second) })
	}
	wg.Wait()
	a = opened(t, file)
	for i := range access {
		if got := a.me(access[i]); got != 200 {
			t.Errorf("token %d is answered %d", i, got)
		}
	}
}

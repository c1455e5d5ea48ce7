package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
)

// app is a raw caller: it sends what the test says, right or wrong.
type app struct {
	*sandbox.Sandbox
	t *testing.T
	h http.Handler
}

func newApp() app {
	sb := sandbox.New(sandbox.Config{Now: func() time.Time { return keptFrom }})
	return app{sb, nil, sb.Handler()}
}

func (a app) send(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	a.h.ServeHTTP(rec, r)
	return rec
}

func TestFaults_EachKindIsSeenAsManyTimesAsAsked(t *testing.T) {
	t.Parallel()
	sb := sandbox.New(sandbox.Config{})
	srv := httptest.NewServer(sb.Handler())
	t.Cleanup(srv.Close)
	get := func() (int, string, error) {
		res, err := srv.Client().Get(srv.URL + "/x/avatars/ada_fernhill.svg")
		if err != nil {
			return 0, "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return res.StatusCode, string(body), err
	}
	_, whole, _ := get()
	for name, c := range map[string]struct {
		fault  sandbox.Fault
		status int
		body   string
		fails  bool
	}{
		"status":    {sandbox.Fault{Status: 503, Body: "later"}, 503, "later", false},
		"drop":      {sandbox.Fault{Drop: true}, 0, "", true},
		"malformed": {sandbox.Fault{Malformed: true}, 200, `{"data": [ <!-- not JSON`, false},
		"truncate":  {sandbox.Fault{Truncate: true}, 200, whole[:len(whole)/2], true},
		"delay":     {sandbox.Fault{Delay: time.Millisecond}, 200, whole, false},
	} {
		c.fault.Path, c.fault.Method, c.fault.Times = "/x/avatars/*", "GET", 2
		sb.Fail(c.fault)
		for range 2 {
			if status, body, err := get(); status != c.status || body != c.body || (err != nil) != c.fails {
				t.Errorf("%s: %d %q %v", name, status, body, err)
			}
		}
		if status, body, err := get(); status != 200 || body != whole || err != nil {
			t.Errorf("%s stayed on: %d %v", name, status, err)
		}
	}
}

func TestControl_MovesTheClockAndSwitchesFaults(t *testing.T) {
	t.Parallel()
	a := newApp()
	for _, c := range []struct {
		method, target, body string
		want                 int
	}{
		{"GET", "/x/avatars/ada_fernhill.svg", "", 200},
		{"POST", "/sandbox/clock", `{"advance":"2h1m"}`, 200},
		{"GET", "/x/avatars/ada_fernhill.svg", "", 200},
		{"POST", "/sandbox/clock", `{"advance":"-1h"}`, 400},
		{"POST", "/sandbox/posts", `{"handle":"ada_fernhill","text":"Hello"}`, 200},
		{"POST", "/sandbox/posts", `{"handle":"nobody","text":"Hello"}`, 400},
		{"POST", "/sandbox/posts", `{"handle":"ada_fernhill"}`, 400},
		{"POST", "/sandbox/clock", `{"advance":"1h","back":true}`, 400},
		{"POST", "/sandbox/faults", `{"path":"/x/**","status":418}`, 204},
		{"GET", "/x/avatars/ada_fernhill.svg", "", 418},
		{"GET", "/x/avatars/ada_fernhill.svg", "", 200},
		{"POST", "/sandbox/faults", `{"status":418}`, 400},
		{"POST", "/sandbox/faults", `{"path":"/x/**","status":418,"times":-1}`, 204},
		{"GET", "/x/avatars/ada_fernhill.svg", "", 418},
		{"DELETE", "/sandbox/faults", "", 204},
		{"GET", "/x/avatars/ada_fernhill.svg", "", 200},
		{"GET", "/sandbox/", "", 200},
		{"GET", "/sandbox/other", "", 404},
	} {
		if rec := a.send(c.method, c.target, c.body); rec.Code != c.want {
			t.Errorf("%s %s %s: %d, want %d", c.method, c.target, c.body, rec.Code, c.want)
		}
	}
	if n := len(a.Calls("/x/avatars/*")); n != 6 {
		t.Errorf("%d calls recorded", n)
	}
	if got := a.Now(); !got.Equal(keptFrom.Add(2*time.Hour + time.Minute)) {
		t.Errorf("the clock stands at %v", got)
	}
}

func TestCalls_AreForgottenBeforeTheyFillTheMemory(t *testing.T) {
	t.Parallel()
	a := newApp()
	for i := range 40 {
		a.send("POST", "/x/"+strconv.Itoa(i), strings.Repeat("x", 1<<20))
	}
	held := 0
	kept := a.Calls("/x/**")
	for _, c := range kept {
		held += len(c.Body)
	}
	if held > 32<<20 || held < 16<<20 || kept[len(kept)-1].Path != "/x/39" {
		t.Fatalf("%d calls with %d bytes are kept, the last is %s", len(kept), held, kept[len(kept)-1].Path)
	}
}

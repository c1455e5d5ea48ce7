package httpapi

import (
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// broken is a set of pages whose handlers give up in the middle.
type broken map[string]http.HandlerFunc

func (b broken) Routes() map[string]http.Handler {
	all := map[string]http.Handler{}
	for name, h := range b {
		all["GET /assets/"+name] = h
	}
	return all
}

func (broken) RefuseUpload(http.ResponseWriter, *http.Request, int, string) {}

func (broken) Refuse(w http.ResponseWriter, _ *http.Request, status int, _ string) {
	w.WriteHeader(status)
}

func (b broken) serve(t *testing.T) *httptest.Server {
	t.Helper()
	api := New(Config{Log: slog.New(slog.DiscardHandler), Pages: b, AccessLog: 100})
	s := httptest.NewUnstartedServer(api.Handler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// fetch gets an answer over a connection of its own, whole or not at all.
func fetch(t *testing.T, url, encoding string) (status int, body string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", encoding)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, string(all), err
}

func TestPanic_BeforeTheAnswerIsAProblemThatTellsNothing(t *testing.T) {
	t.Parallel()
	s := broken{
		"at-once": func(http.ResponseWriter, *http.Request) { panic("hunter2 at /home/x.go:12") },
		"after-headers-set": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			panic("hunter2")
		},
		"with-a-nil-pointer": func(http.ResponseWriter, *http.Request) { var c *Config; _ = c.Docs },
	}.serve(t)
	for _, name := range []string{"at-once", "after-headers-set", "with-a-nil-pointer"} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			status, body, err := fetch(t, s.URL+"/assets/"+name, encoding)
			var p Problem
			if err == nil {
				err = json.Unmarshal([]byte(body), &p)
			}
			if err != nil || status != http.StatusInternalServerError || p.Code != "internal" ||
				!strings.Contains(p.Detail, "Incident ") {
				t.Errorf("%s, %s: %d %v %s", name, encoding, status, err, body)
			}
			if strings.Contains(body, "hunter2") || strings.Contains(body, ".go") || strings.Contains(body, "goroutine") {
				t.Errorf("%s tells too much: %s", name, body)
			}
		}
	}
}

// Nobody takes half an answer for a whole one.
func TestPanic_AfterTheFirstByteBreaksTheConnection(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("every line says something else, since it is numbered ", 2000)
	s := broken{
		"a-little": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "half of it"); panic("x") },
		"flushed": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w,
				"half of it")
			flush(w)
			panic("x")
		},
		"much":         func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, large); panic("x") },
		"much-flushed": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, large); flush(w); panic("x") },
		"status-alone": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted); flush(w); panic("x") },
		"on-purpose": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w,
				large)
			panic(http.ErrAbortHandler)
		},
		"short-of-length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half of it")
			panic("x")
		},
	}.serve(t)
	for _, name := range []string{
		"a-little", "flushed", "much", "much-flushed", "status-alone", "on-purpose",
		"short-of-length",
	} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			if status, body, err := fetch(t, s.URL+"/assets/"+name, encoding); err == nil {
				t.Errorf("%s, %s: taken for whole: %d, %d bytes", name, encoding, status, len(body))
			}
		}
	}
	if status, _, err := fetch(t, s.URL+"/healthz", "identity"); err != nil || status != http.StatusOK {
		t.Errorf("and then: %d, %v", status, err)
	}
}

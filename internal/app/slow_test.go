package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
)

// brisk are bounds that a test can wait for. None is asserted: a connection is cut off, or the test never ends.
var brisk = app.Bounds{
	Header: 300 * time.Millisecond, Body: 300 * time.Millisecond, Read: 600 * time.Millisecond,
	Write: 2 * time.Second, Idle: 300 * time.Millisecond,
}

// line is one connection on which a test says what it wants, well-formed or not.
type line struct {
	t *testing.T
	net.Conn
}

func connect(t *testing.T, base string) line {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return line{t, c}
}

// say sends text; a server that hangs up meanwhile is what some tests wait for.
func (l line) say(text string) { _, _ = io.WriteString(l, text) }

// rest reads until the server hangs up, and fails when it does not.
func (l line) rest() string {
	l.t.Helper()
	all, err := io.ReadAll(l)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.t.Fatal("the connection was never cut off")
	}
	return string(all)
}

// drip sends a byte now and then until the server hangs up, and tells what it said.
func (l line) drip(piece string) string {
	l.t.Helper()
	said := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(l)
		said <- string(all)
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); ; {
		select {
		case all := <-said:
			return all
		case <-deadline:
			l.t.Fatal("the connection was never cut off")
		case <-tick.C:
			l.say(piece)
		}
	}
}

// statusOf reads one answer as "status code-of-the-problem".
func statusOf(t *testing.T, text string) string {
	t.Helper()
	if text == "" {
		return "hung up"
	}
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var p struct{ Code string }
	_ = json.Unmarshal(body, &p)
	if want := map[bool]string{
		true:  "application/problem+json",
		false: "text/plain; charset=utf-8",
	}[p.Code != ""]; len(body) > 0 && res.StatusCode >= 400 &&
		res.Header.Get("Content-Type") != want {
		t.Errorf("%s as %s", text, res.Header.Get("Content-Type"))
	}
	return strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", p.Code))
}

func post(path, contentType, framing string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Type: " + contentType +
		"\r\n" + framing + "\r\n\r\n"
}

// A client that sends too slowly, or nothing at all, is cut off at the bound, however it spreads what it sends.
func TestServer_CutsOffWhoIsSlow(t *testing.T) {
	t.Parallel()
	base := runWith(t, io.Discard, nil, app.Options{Bounds: brisk}).URL()
	const long = "Content-Length: 100000"
	for what, c := range map[string]struct {
		begin, piece string
		want         string
	}{
		"says nothing":              {"", "", "hung up"},
		"stops in the request line": {"GET /heal", "", "400"}, // net/http takes it for a whole one
		"stops in a header":         {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b", "", "hung up"},
		"drips a header":            {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b", "b", "hung up"},
		"drips headers":             {"GET /healthz HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", "hung up"},
		"stops in JSON": {post("/auth/token/refresh", "application/json", long) +
			`{"refresh_token":"`, "", "422 validation_failed"},
		"drips JSON": {post("/auth/token/refresh", "application/json", long) +
			`{"refresh_token":"`, "a", "422 validation_failed"},
		"drips JSON in chunks": {
			post("/auth/token/refresh", "application/json", "Transfer-Encoding: chunked"),
			"1\r\na\r\n", "422 validation_failed",
		},
		"stops in a webhook":      {post("/webhooks/stripe", "application/json", long) + `{`, "", "422 validation_failed"},
		"drips a webhook":         {post("/webhooks/stripe", "application/json", long) + `{`, " ", "422 validation_failed"},
		"drips what nobody reads": {post("/api/v1/analyses", "application/json", long), "a", "401 unauthenticated"},
		"drips a form":            {post("/sign-out", "application/x-www-form-urlencoded", long), "a", "303"},
		"drips an upload": {
			post("/api/v1/archives", "multipart/form-data; boundary=x", long), "a",
			"401 unauthenticated",
		},
		"promises and waits": {
			post("/auth/token/refresh", "application/json", long+"\r\nExpect: 100-continue"), "",
			"100",
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l := connect(t, base)
			l.say(c.begin)
			listen := l.rest
			if c.piece != "" {
				listen = func() string { return l.drip(c.piece) }
			}
			if got := statusOf(t, listen()); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestServer_LetsGoOfConnectionsThatRest(t *testing.T) {
	t.Parallel()
	base := runWith(t, io.Discard, nil, app.Options{Bounds: brisk}).URL()
	l := connect(t, base)
	l.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if said := l.rest(); !strings.HasSuffix(said, `{"status":"up"}`) {
		t.Errorf("got %q", said)
	}
}

// Whoever asks for much and reads nothing is let go, and what they asked for with them.
func TestServer_CutsOffWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	bounds := brisk
	bounds.Write = 6 * time.Second // the first answer is to come on the busiest machine
	a := runWith(t, io.Discard, map[string]string{"METRICS_ADDR": "127.0.0.1:0"}, app.Options{Bounds: bounds})
	l := connect(t, a.URL())
	if err := l.Conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	const asked = 300
	l.say(strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", asked))
	eventually(t, "the first answers fill every buffer",
		func() bool { return strings.Contains(scrape(t, a), "\nrepazoo_http_requests_in_flight 1\n") })
	eventually(t, "the server gives up",
		func() bool { return strings.Contains(scrape(t, a), "\nrepazoo_http_requests_in_flight 0\n") })
	all, _ := io.ReadAll(l)
	if got := bytes.Count(all, []byte("HTTP/1.1 200 OK\r\n")); got == 0 || got >= asked {
		t.Errorf("%d of %d answers came", got, asked)
	}
}

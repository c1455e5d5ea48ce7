package billing_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// mockModule is where stripe-mock is pinned.
const mockModule = "../../tools/stripemock"

// stripeMock is Stripe's own stand-in, which checks requests against Stripe's own spec.
type stripeMock struct {
	http, https string // where it listens
	client      *http.Client
}

var listening = regexp.MustCompile(`Listening for (HTTPS?) at address: (127\.0\.0\.1:\d+)`)

// startStripeMock builds and starts it; it ends with the test.
func startStripeMock(t *testing.T) *stripeMock {
	t.Helper()
	program := goInMock(t, "tool", "-n", "stripe-mock") // built if need be
	cmd := exec.CommandContext(t.Context(), program, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	said := &bytes.Buffer{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	m := &stripeMock{client: &http.Client{
		Timeout:   20 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // its certificate is its own
	}}
	lines := bufio.NewScanner(out)
	for (m.http == "" || m.https == "") && lines.Scan() {
		switch found := listening.FindStringSubmatch(lines.Text()); {
		case found == nil:
		case found[1] == "HTTP":
			m.http = "http://" + found[2]
		default:
			m.https = "https://" + found[2]
		}
	}
	if m.http == "" || m.https == "" {
		t.Fatalf("stripe-mock did not start: %s", said)
	}
	go io.Copy(io.Discard, out)
	return m
}

// goInMock runs go in stripe-mock's module and gives what it printed.
func goInMock(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"-C", mockModule}, args...)...)
	said := &bytes.Buffer{}
	cmd.Stderr = said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("stripe-mock cannot be had: it is a Go module, pinned in tools/stripemock/go.mod, which needs a Go "+
			"module proxy once: %v\n%s", err, said)
	}
	return strings.TrimSpace(string(out))
}

// ask says to stripe-mock what was said to the stand-in.
func (m *stripeMock) ask(t *testing.T, address string, e exchange) (status int, answer string) {
	t.Helper()
	url, body := address+e.path, ""
	if e.method == http.MethodPost {
		body = e.params
	} else {
		url += "?" + e.params
	}
	r, err := http.NewRequestWithContext(t.Context(), e.method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = e.header.Clone()
	r.Header.Set("Authorization", "Bearer sk_test_123")
	res, err := m.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(said)
}

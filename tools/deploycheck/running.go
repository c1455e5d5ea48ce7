package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	domain  = "repazoo.example.com"
	patient = 20 * time.Second // a proxy that needs longer keeps something back
	first   = 1 << 20          // as much as nginx takes in all, unless it is told otherwise
	whole   = 8 << 20
)

// served is what stands behind a proxy: it sends the next event, and reads the rest of a body, only when the visitor
// has what came before, or has seen that its beginning arrived. What a proxy keeps back until it is complete never
// comes.
type served struct {
	*httptest.Server
	seen    chan struct{} // the visitor has the event
	arrived chan struct{} // the body's beginning is here
}

func serve() *served {
	s := &served{seen: make(chan struct{}), arrived: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /api/v1/analyses/{id}/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			fmt.Fprint(w, "data: progress\n\n")
			http.NewResponseController(w).Flush()
			select {
			case <-s.seen:
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("POST /api/v1/archives", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.CopyN(io.Discard, r.Body, first)
		s.arrived <- struct{}{}
		rest, err2 := io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, n+rest, errors.Join(err, err2), r.Host, r.Header["X-Forwarded-For"])
	})
	s.Server = httptest.NewServer(mux)
	return s
}

// running starts a proxy on its file, with other addresses, and looks whether what it passes on arrives as it was
// sent.
func (c *checker) running(
	ctx context.Context, where string, argv func(file string) []string, text string, env ...string,
) error {
	behind := serve()
	defer behind.Close()
	secure, plain, err := freePorts()
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(secure)
	text = strings.NewReplacer("127.0.0.1:8000", behind.Listener.Addr().String(), "SECURE", secure, "PLAIN", plain,
		":PORT", ":"+port).Replace(text)
	file := filepath.Join(c.temp, "running-"+filepath.Base(where))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	command := argv(file)
	if _, err := exec.LookPath(command[0]); err != nil {
		return nil //nolint:nilerr // whoever read the file has told that the program is missing
	}
	ctx, stop := context.WithCancel(ctx)
	said := &strings.Builder{}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), append(env, "UPSTREAMS="+behind.Listener.Addr().String())...)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patient
	if err := cmd.Start(); err != nil {
		stop()
		return err
	}
	err = visit(ctx, behind, secure)
	stop()
	cmd.Wait() // it ends by our signal
	if err != nil {
		c.mistake("%s: %s is started: %v\n%s", where, command[0], err, said)
	}
	return nil
}

func freePorts() (secure, plain string, err error) {
	for _, p := range []*string{&secure, &plain} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer l.Close()
		*p = l.Addr().String()
	}
	return secure, plain, nil
}

// visit speaks with the proxy as a browser would.
func visit(ctx context.Context, behind *served, proxy string) error {
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	browser := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, proxy)
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate was made for this check
		ForceAttemptHTTP2: true,
	}}
	for {
		res, err := send(ctx, browser, http.MethodGet, "/readyz", nil)
		if err == nil && res.StatusCode == http.StatusOK {
			res.Body.Close()
			break
		}
		if ctx.Err() != nil {
			return fmt.Errorf("it never answers: %w", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := watch(ctx, browser, behind); err != nil {
		return fmt.Errorf("events do not go on at once: %w", err)
	}
	return upload(ctx, browser, behind)
}

func send(ctx context.Context, browser *http.Client, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+domain+path, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.ContentLength = whole
	}
	req.Header.Set("X-Forwarded-For", "203.0.113.9") // a lie
	return browser.Do(req)
}

// watch takes each event before the next one is sent.
func watch(ctx context.Context, browser *http.Client, behind *served) error {
	res, err := send(ctx, browser, http.MethodGet, "/api/v1/analyses/1/events", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for range 3 {
		if _, err := io.ReadFull(res.Body, make([]byte, len("data: progress\n\n"))); err != nil {
			return err
		}
		behind.seen <- struct{}{}
	}
	return nil
}

// upload sends the rest of a body when its beginning has arrived.
func upload(ctx context.Context, browser *http.Client, behind *served) error {
	body, writer := io.Pipe()
	go func() {
		writer.Write(make([]byte, first))
		select {
		case <-behind.arrived:
			writer.Write(make([]byte, whole-first))
			writer.Close()
		case <-ctx.Done():
			writer.CloseWithError(errors.New("the beginning of a body is kept back"))
		}
	}()
	res, err := send(ctx, browser, http.MethodPost, "/api/v1/archives", body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	told, err := io.ReadAll(res.Body)
	if want := fmt.Sprintln(whole, nil, domain, []string{"127.0.0.1"}); err == nil && string(told) != want {
		return fmt.Errorf("a body arrives as %s %q, want %q", res.Status, told, want)
	}
	return err
}

package app_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
)

// Who sends all of a large body before they read the answer, as browsers do, still learns why it was refused. It is far
// more than the buffers of both sides hold.
func TestRefused_ALargeUploadIsToldWhyToWhoSendsAllOfIt(t *testing.T) {
	t.Parallel()
	base := start(t, io.Discard, nil)
	p := signIn(t, base, gus)
	for what, c := range map[string]struct{ header, want, reason string }{
		"nobody signed in": {"POST /api/v1/archives HTTP/1.1\r\nAccept: application/json\r\n", "401", "unauthenticated"},
		"no form": {
			"POST /api/v1/archives HTTP/1.1\r\nContent-Type: text/plain\r\nAuthorization: Bearer " + p.access + "\r\n",
			"422", "multipart/form-data",
		},
		"no form, on the page": {"POST /archives HTTP/1.1\r\nAccept: text/html\r\nContent-Type: " +
			"text/plain\r\nAuthorization: Bearer " +
			p.access + "\r\n", "422", "multipart/form-data"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			const size = 64 << 20
			l := connect(t, base)
			l.say(c.header + fmt.Sprintf("Host: localhost\r\nContent-Length: %d\r\n\r\n", size))
			piece := bytes.Repeat([]byte("x"), 1<<20)
			for range size / len(piece) {
				if _, err := l.Write(piece); err != nil {
					t.Fatalf("the connection broke while the body was sent: %v", err)
				}
			}
			res, err := http.ReadResponse(bufio.NewReader(l), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			answer, err := io.ReadAll(res.Body)
			if err != nil || !strings.HasPrefix(res.Status, c.want) || !strings.Contains(string(answer), c.reason) {
				t.Errorf("it was answered with %s %s: %v", res.Status, answer, err)
			}
		})
	}
}

// An upload that is under way when the process stops is told so, and holds up the end no longer than the stop takes.
func TestStop_AnUploadIsToldThatTheServerRestarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, stop := apptest.Begin(t, io.Discard, map[string]string{"DATA_DIR": dir},
		app.Options{Bounds: app.Bounds{Upload: time.Hour}})
	p := signIn(t, a.URL(), gus)
	l := p.beginUpload("/api/v1/archives")
	eventually(t, "the upload is under way", func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "archive-*.zip"))
		return err == nil && len(files) == 1
	})
	stop() // which fails the test where the end is no clean one
	if answer := l.rest(); !strings.HasPrefix(answer, "HTTP/1.1 503 ") ||
		!strings.Contains(answer, "is being restarted") ||
		!strings.Contains(answer, "Retry-After: 30") {
		t.Errorf("it was answered with %s", answer)
	}
}

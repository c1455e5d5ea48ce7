package app_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
)

// beginUpload sends the first bytes of an upload and no more.
func (p *person) beginUpload(path string) line {
	p.t.Helper()
	l := connect(p.t.(*testing.T), p.base)
	const part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\nPK"
	l.say(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000000\r\n\r\n%s", path, p.access, part))
	return l
}

// answer reads one answer, as it was sent.
func (l line) answer() string {
	res, err := http.ReadResponse(bufio.NewReader(l), nil)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	all, _ := httputil.DumpResponse(res, true)
	return string(all)
}

func TestUpload_OneThatStallsIsEndedAndToldWhy(t *testing.T) {
	t.Parallel()
	base := runWith(t, io.Discard, nil, app.Options{Bounds: app.Bounds{Upload: 300 * time.Millisecond}}).URL()
	p := signIn(t, base, gus)
	answer := p.beginUpload("/api/v1/archives").rest()
	if !strings.HasPrefix(answer, "HTTP/1.1 422 ") || !strings.Contains(answer, "application/problem+json") ||
		!strings.Contains(answer, "The upload stalled: nothing of it arrived for a while.") {
		t.Errorf("it was answered with %s", answer)
	}
	onPage := p.beginUpload("/archives").rest()
	if !strings.HasPrefix(onPage, "HTTP/1.1 422 ") || !strings.Contains(onPage,
		"The upload stalled: nothing of it arrived for a while.") ||
		!strings.Contains(onPage, "Upload your X archive") {
		t.Errorf("the page says %s", onPage)
	}
}

func TestUpload_OneUserHasOnlySoManyUnderWay(t *testing.T) {
	t.Parallel()
	base := runWith(t, io.Discard, nil, app.Options{Bounds: app.Bounds{Upload: time.Hour}}).URL()
	p, ada := signIn(t, base, gus), signIn(t, base, "ada_fernhill")
	type answered struct {
		line
		with string
	}
	answers := make(chan answered, 30)
	open := map[line]bool{}
	for range cap(answers) {
		l := p.beginUpload("/api/v1/archives")
		open[l] = true
		go func() { answers <- answered{l, l.answer()} }() // the connection itself stays open for a while
	}
	refused := 0
	for range cap(answers) - 2 { // the other two stall on
		a := <-answers
		delete(open, a.line)
		if strings.HasPrefix(a.with, "HTTP/1.1 429 ") && strings.Contains(a.with, "You have 2 uploads under way.") &&
			strings.Contains(a.with, "Retry-After: 30") {
			refused++
		}
	}
	if refused != cap(answers)-2 {
		t.Errorf("%d of %d uploads at once were refused", refused, cap(answers))
	}
	if status, answer := ada.upload(apptest.Archive(t, "999999", 12)); status != http.StatusForbidden {
		t.Errorf("somebody else's was answered %d: %s", status, answer)
	}
	for l := range open {
		l.Close()
	}
	eventually(t, "once they have ended, the next is looked at", func() bool {
		status, answer := p.upload([]byte("not a zip"))
		if status != http.StatusUnprocessableEntity && status != http.StatusTooManyRequests {
			t.Fatalf("once they had ended, the next was answered %d: %s", status, answer)
		}
		return status == http.StatusUnprocessableEntity
	})
}

package app_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
)

// net/http waits five seconds for the first request of a connection, such as a browser opens in advance.
func TestStop_AConnectionOnWhichNothingWasAskedHoldsItUpForAMomentOnly(t *testing.T) {
	t.Parallel()
	a, stop := apptest.Begin(t, io.Discard, nil, app.Options{})
	silent, err := net.Dial("tcp", strings.TrimPrefix(a.Address(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	res, err := http.Get(a.Address() + "/livez") // accepted after the silent one, which the server thus knows
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	began := time.Now()
	stop()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v to stop", took)
	}
}

package billing_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stripe/stripe-go/v86"

	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	stripesandbox "github.com/repazoo/repazoo/internal/sandbox/stripe"
)

// exchange is one request to the stand-in of Stripe, and its answer.
type exchange struct {
	method, path string
	params       string // the query or the body
	header       http.Header
	status       int
	answer       []byte
	ours         bool // asked by billing, not by a test
}

var (
	anID   = regexp.MustCompile(`\b(cus|sub|in|pm|cs_test|evt|prod|price|we|bpc|si|sub_sched|ch|re|dp|pi|promo|di)_[0-9A-Za-z]{20,}`)
	aUUID  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	anHour = regexp.MustCompile(`=[0-9]{10}\b`)
)

// shape is a request without what differs each time.
func (e exchange) shape() string {
	params := strings.Split(e.params, "&")
	slices.Sort(params)
	s := e.method + " " + e.path + " " + strings.Join(params, " ")
	return anHour.ReplaceAllString(aUUID.ReplaceAllString(anID.ReplaceAllString(s, "$1"), "user"), "=time")
}

// tape is what was said, in order.
type tape struct {
	mu  sync.Mutex
	all []exchange
}

// recorder is a transport to the stand-in that remembers.
type recorder struct {
	ours bool
	tape *tape
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Path = "/stripe" + strings.TrimPrefix(req.URL.Path, "/stripe")
	e := exchange{
		method: req.Method, path: strings.TrimPrefix(req.URL.Path, "/stripe"), params: req.URL.RawQuery,
		header: req.Header, ours: r.ours,
	}
	if req.Body != nil {
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		e.params += string(sent)
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	e.status = res.StatusCode
	e.answer, err = io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(e.answer))
	r.tape.mu.Lock()
	defer r.tape.mu.Unlock()
	r.tape.all = append(r.tape.all, e)
	return res, err
}

// record plays every flow, each in a world of its own, and gives what was said to the stand-in.
func record(t *testing.T) []exchange {
	t.Helper()
	said := &tape{}
	for _, flow := range flows {
		w := newWorld(t, dbtest.SQLite)
		w.client = &http.Client{Transport: recorder{true, said}}
		w.tests = &http.Client{Transport: recorder{false, said}}
		w.policy(func(c *billing.Config) { c.HTTP = w.client })
		w.api = stripe.NewClient(stripesandbox.APIKey, stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
			URL: &w.at, HTTPClient: w.tests, LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		})))
		flow(t, w)
	}
	return said.all
}

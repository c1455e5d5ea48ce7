package notice

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/fault"
)

// inside are addresses that no webhook may reach.
var inside = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
	"127.255.255.254",
	"169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192",
	"192.0.2.1", "192.88.99.1",
	"192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
	"239.255.255.255",
	"240.0.0.1", "255.255.255.255", "168.63.129.16",
	"::", "::1", "::2", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
	"64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8",
	"64:ff9b:1::10.0.0.1", "100::1", "2001::1", "2001:0:4136:e378::1", "2001:10::1", "2001:20::1", "2001:db8::1",
	"2002:7f00:1::1", "2002:a00:1::",
	"3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1",
	"ff02::1", "ff0e::1", "4000::1",
}

// outside are addresses of the public internet, at the edges of those above too.
var outside = []string{
	"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
	"169.253.255.255", "169.255.0.0",
	"172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
	"223.255.255.255", "168.63.129.17",
	"2606:4700::1111", "2a00:1450::1", "2001:200::1", "2003::1", "2001:4860:4860::8888",
}

func TestPublic_RefusesWhateverIsNotThePublicInternet(t *testing.T) {
	t.Parallel()
	for _, a := range inside {
		if public(netip.MustParseAddr(a)) {
			t.Errorf("%s counts as public", a)
		}
	}
	for _, a := range outside {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s does not count as public", a)
		}
	}
}

func TestGuard_JudgesWhatIsDialled(t *testing.T) {
	t.Parallel()
	strict, local := guard(false), guard(true)
	for _, a := range inside {
		network := "tcp4"
		if strings.Contains(a, ":") {
			network = "tcp6"
		}
		if err := strict(t.Context(), network, net.JoinHostPort(a, "443"), nil); !errors.Is(err, errNotPublic) {
			t.Errorf("%s: %v", a, err)
		}
		if err := local(t.Context(), network, net.JoinHostPort(a, "443"),
			nil); (err == nil) != (strings.HasPrefix(a, "127.") || a == "::1") {
			t.Errorf("in local, %s: %v", a, err)
		}
	}
	if err := strict(t.Context(), "tcp4", "8.8.8.8:443", nil); err != nil {
		t.Error(err)
	}
	for _, network := range []string{"udp4", "unix", "tcp"} {
		if err := strict(t.Context(), network, "8.8.8.8:443", nil); !errors.Is(err, errNotTCP) {
			t.Errorf("%s: %v", network, err)
		}
	}
}

// names is a name server that answers every name with one address, and counts how often it was asked for it.
func names(t *testing.T, answer netip.Addr) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	server, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	var asked atomic.Int64
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			reply, ok := reply(buf[:n], answer)
			if ok {
				asked.Add(1)
			}
			server.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", server.LocalAddr().String())
	}}, &asked
}

// reply answers a question of DNS with the address if it asks for its kind, else with nothing.
func reply(question []byte, a netip.Addr) (answer []byte, ok bool) {
	end := 12
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5
	answer = append([]byte(nil), question[:end]...)
	copy(answer[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}) // a reply, one question, no answers yet
	kind := binary.BigEndian.Uint16(question[end-4:])
	if ok = kind == 1 && a.Is4() || kind == 28 && a.Is6(); !ok {
		return answer, false
	}
	answer[7] = 1
	answer = append(answer, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(a.BitLen()/8))
	return append(answer, a.AsSlice()...), true
}

// The name looks harmless; what it means is decided by whoever runs its name server, anew at each look-up. Nothing that
// is inside is ever connected to.
func TestClient_ConnectsToNoNameThatMeansAnAddressInside(t *testing.T) {
	t.Parallel()
	for _, a := range inside {
		addr := netip.MustParseAddr(a)
		if addr.Is6() {
			continue // not every machine that tests would dial it
		}
		t.Run(a, func(t *testing.T) {
			t.Parallel()
			resolver, asked := names(t, addr)
			got := try(t, newClient(false, resolver), "https://hooks.example.com/x")
			if got.trouble != "its address is not on the public internet" || asked.Load() == 0 {
				t.Fatalf("%+v after %d look-ups", got, asked.Load())
			}
		})
	}
}

// try makes one request as a delivery does.
func try(t *testing.T, client *http.Client, url string) result {
	t.Helper()
	s := &Service{c: Config{DB: dbtest.SQLite(t, time.Now)}, client: client}
	return s.send(t.Context(), due{url: url, message: "msg_1", payload: "{}"}, newSecret())
}

func TestClient_ReachesThisMachineOnlyInLocal(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(srv.Close)
	for _, url := range []string{
		srv.URL, strings.Replace(srv.URL, "127.0.0.1", "localhost", 1),
		strings.Replace(srv.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1),
	} {
		if got := try(t, newClient(false, nil), url); got.trouble != "its address is not on the public internet" {
			t.Errorf("%s: %+v", url, got)
		}
	}
	if calls.Load() != 0 {
		t.Fatalf("%d calls arrived", calls.Load())
	}
	if got := try(t, newClient(true, nil), srv.URL); !got.good() || got.code != http.StatusOK || calls.Load() != 1 {
		t.Fatalf("in local: %+v", got)
	}
}

func TestClient_AsksNoProxy(t *testing.T) {
	t.Parallel()
	if newClient(false, nil).Transport.(*http.Transport).Proxy != nil {
		t.Fatal("the guard would see the proxy's address, not the endpoint's")
	}
}

func TestClient_FollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusPermanentRedirect)
	}))
	t.Cleanup(srv.Close)
	if got := try(t, newClient(true, nil), srv.URL); got.code != http.StatusPermanentRedirect || got.good() ||
		calls.Load() != 1 {
		t.Fatalf("%+v after %d calls", got, calls.Load())
	}
}

// An answer without an end, or with headers without an end, costs nothing but the try.
func TestClient_ReadsNoMoreOfAnAnswerThanItsStatus(t *testing.T) {
	t.Parallel()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(endless.Close)
	if got := try(t, newClient(true, nil), endless.URL); !got.good() {
		t.Errorf("an endless body: %+v", got)
	}
	heavy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Heavy", strings.Repeat("x", 64<<10))
	}))
	t.Cleanup(heavy.Close)
	if got := try(t, newClient(true, nil), heavy.URL); got.trouble != "the connection failed" {
		t.Errorf("heavy headers: %+v", got)
	}
}

func TestClient_SaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	resolver, _ := names(t, netip.Addr{}) // which knows no name
	for url, want := range map[string]string{
		closed.URL:                   "the connection failed",
		untrusted.URL:                "its certificate is not trusted",
		"https://hooks.example.com/": "its name could not be found",
	} {
		if got := try(t, newClient(true, resolver), url); got.trouble != want {
			t.Errorf("%s: %+v", url, got)
		}
	}
}

func TestCheckURL_TakesPublicHTTPSOnly(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://example.com", "https://example.com/", "https://hooks.example.com/a/b?c=d", "https://example.com:443/",
		"https://example.com:8443/x",
		"https://xn--bcher-kva.example/", "https://8.8.8.8/", "https://[2606:4700::1111]:8443/",
		"https://a_b.example.com/", "https://example.com./",
	} {
		if err := checkURL(good, false); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	bad := []string{
		"", "example.com", "//example.com/", "http://example.com/", "ftp://example.com/", "file:///etc/passwd",
		"gopher://example.com/", "javascript:alert(1)",
		"https:example.com", "https://", "https:///x", "https://user@example.com/", "https://user:pw@example.com/",
		"https://example.com@127.0.0.1/",
		"https://example.com/#x", "https://example.com/#", "https://example.com:80/", "https://example.com:22/",
		"https://example.com:0/", "https://example.com:/",
		"https://example.com:65536/", "https://example.com:-1/", "https://localhost/", "https://LOCALHOST/",
		"https://localhost./", "https://a.localhost/",
		"https://printer.local/", "https://db.internal/", "https://metadata.google.internal/", "https://router.lan/",
		"https://x.home.arpa/", "https://intranet/",
		"https://127.1/", "https://127.0.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/",
		"https://0177.0.0.1/", "https://1.2.3/",
		"https://127.0.0.1.:8443/", "https://example.com%00.evil.example/", "https://exa mple.com/",
		"https://exämple.com/", "https://example.com/ü",
		"https://-a.example.com/", "https://a..example.com/", "https://.example.com/", "https://example.com\n/",
		"https://example.com\\@evil.example/",
		"https://" + strings.Repeat("a", 64) + ".example.com/", "https://example.com/" + strings.Repeat("a", 500),
	}
	for _, a := range inside {
		if strings.Contains(a, ":") {
			a = "[" + strings.ReplaceAll(a, "%", "%25") + "]"
		}
		bad = append(bad, "https://"+a+"/")
	}
	for _, b := range bad {
		if err := checkURL(b, false); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("%q: %v", b, err)
		}
	}
}

func TestCheckURL_AllowsThisMachineInLocalAlone(t *testing.T) {
	t.Parallel()
	for _, here := range []string{
		"http://127.0.0.1:8080/", "http://localhost:9000/hook", "http://[::1]/",
		"https://127.0.0.1:99/",
	} {
		if err := checkURL(here, true); err != nil {
			t.Errorf("%s: %v", here, err)
		}
		if err := checkURL(here, false); err == nil {
			t.Errorf("%s was taken outside local", here)
		}
	}
	for _, there := range []string{
		"http://example.com/", "http://10.0.0.1/", "https://169.254.169.254/",
		"ftp://localhost/", "http://user@localhost/",
	} {
		if err := checkURL(there, true); err == nil {
			t.Errorf("%s was taken in local", there)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{
		"https://example.com/", "https://127.1/", "https://[::ffff:10.0.0.1]/",
		"https://0x7f.1:443/", "https://user@h:1/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if checkURL(raw, false) != nil {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, raw, nil)
		if err != nil || req.URL.Scheme != "https" || req.URL.User != nil || req.URL.Hostname() == "" {
			t.Fatalf("%q was taken", raw)
		}
		if a, err := netip.ParseAddr(req.URL.Hostname()); err == nil && !public(a) {
			t.Fatalf("%q was taken", raw)
		}
	})
}

// The example that the specification's own libraries are tested with.
func TestRequest_IsSignedAsTheSpecificationSays(t *testing.T) {
	t.Parallel()
	s := &Service{c: Config{DB: dbtest.SQLite(t, func() time.Time { return time.Unix(1614265330, 0) })}}
	secret := secretPrefix + "MfKQ9r8GKYqrTwjUPD8I" + "LPZIo2LaLaSw"
	req, err := s.request(t.Context(), due{
		url: "https://example.com/", message: "msg_p5jXN8AQM9LWM0D4loKWxJek",
		payload: `{"test": 2432232314}`,
	}, secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "Content-Type": "application/json",
	} {
		if got := req.Header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestWaits_AreAboutADay(t *testing.T) {
	t.Parallel()
	total, last := time.Duration(0), time.Duration(0)
	for _, w := range waits() {
		if w <= last {
			t.Errorf("%v after %v", w, last)
		}
		total, last = total+w, w
	}
	if total < 23*time.Hour || total > 25*time.Hour {
		t.Fatalf("%v in all", total)
	}
}

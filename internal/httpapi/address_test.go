package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/audit"
)

// behind trusts the proxies of one network and of one link.
func behind() *API {
	return &API{Config: Config{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("fe80::/64"),
	}}}
}

func TestClientAddress_IsTheRightmostThatNoTrustedProxyOwns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer string
		told []string // lines of X-Forwarded-For
		want string
	}{
		"nothing told":               {"203.0.113.7:1", nil, "203.0.113.7"},
		"a stranger who tells":       {"203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		"a proxy that tells nothing": {"10.0.0.1:1", nil, "10.0.0.1"},
		"a proxy":                    {"10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		"several hops": {
			"10.0.0.1:1",
			[]string{"1.1.1.1, 198.51.100.1, 10.0.0.3, 10.0.0.2"},
			"198.51.100.1",
		},
		"several lines": {
			"10.0.0.1:1",
			[]string{"1.1.1.1", "198.51.100.1,10.0.0.3", "10.0.0.2"},
			"198.51.100.1",
		},
		"proxies alone":                {"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"a made-up proxy before":       {"10.0.0.1:1", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		"junk alone":                   {"10.0.0.1:1", []string{"unknown"}, "10.0.0.1"},
		"junk before the client":       {"10.0.0.1:1", []string{"'; DROP TABLE--, 198.51.100.1"}, "198.51.100.1"},
		"junk behind the client":       {"10.0.0.1:1", []string{"198.51.100.1, ?, 10.0.0.2"}, "10.0.0.2"},
		"an obfuscated hop":            {"10.0.0.1:1", []string{"198.51.100.1, _hidden"}, "10.0.0.1"},
		"empty parts":                  {"10.0.0.1:1", []string{"198.51.100.1,,"}, "10.0.0.1"},
		"an empty line":                {"10.0.0.1:1", []string{""}, "10.0.0.1"},
		"a number that is no address":  {"10.0.0.1:1", []string{"3405803783"}, "10.0.0.1"},
		"octal":                        {"10.0.0.1:1", []string{"0313.0.0161.07"}, "10.0.0.1"},
		"with a port":                  {"10.0.0.1:1", []string{"198.51.100.1:443"}, "198.51.100.1"},
		"IPv6":                         {"[2001:db8::7]:1", nil, "2001:db8::7"},
		"IPv6, told":                   {"[fd00::1]:1", []string{"2001:DB8:0:0::7"}, "2001:db8::7"},
		"IPv6 in brackets":             {"[fd00::1]:1", []string{"[2001:db8::7]"}, "2001:db8::7"},
		"IPv6 with a port":             {"[fd00::1]:1", []string{"[2001:db8::7]:443"}, "2001:db8::7"},
		"IPv4 in IPv6":                 {"[::ffff:203.0.113.7]:1", nil, "203.0.113.7"},
		"IPv4 in IPv6, told":           {"10.0.0.1:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"IPv4 in IPv6, in hexadecimal": {"10.0.0.1:1", []string{"::FFFF:c633:6401"}, "198.51.100.1"},
		"a proxy's IPv4 in IPv6": {
			"[::ffff:10.0.0.1]:1",
			[]string{"198.51.100.1, ::ffff:10.0.0.2"},
			"198.51.100.1",
		},
		"a zone":                    {"[fe80::1:7%eth0]:1", nil, "fe80::1:7"},
		"a proxy with a zone":       {"[fe80::7%eth0]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		"a zone, told":              {"10.0.0.1:1", []string{"2001:db8::7%25eth0"}, "2001:db8::7"},
		"a peer that is no address": {"@", []string{"198.51.100.1"}, "@"},
		"as much junk as a header can hold": {
			"10.0.0.1:1",
			[]string{strings.Repeat("x,", 15_000) + "198.51.100.1"},
			"198.51.100.1",
		},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.told
		if got := behind().clientAddress(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestClientAddress_WithoutProxiesNothingToldCounts(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:1"
	for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP"} {
		r.Header.Set(name, "198.51.100.1")
	}
	if got := new(API).clientAddress(r); got != "10.0.0.1" {
		t.Errorf("got %s", got)
	}
}

// Neighbours are counted together where they can choose their address, and apart where they cannot.
func TestNetwork_IsTheAddressOrItsSixtyFour(t *testing.T) {
	t.Parallel()
	of := func(address string) string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = address
		return network(r.WithContext(audit.WithOrigin(r.Context(), audit.Origin{IP: new(API).clientAddress(r)})))
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"203.0.113.7:1", "203.0.113.7:2", true},
		{"203.0.113.7:1", "203.0.113.8:1", false},
		{"203.0.113.7:1", "[::ffff:203.0.113.7]:1", true},
		{"[::ffff:203.0.113.7]:1", "[::ffff:203.0.113.8]:1", false},
		{"[2001:db8:1:2:3:4:5:6]:1", "[2001:db8:1:2:ffff::]:1", true},
		{"[2001:db8:1:2:3:4:5:6]:1", "[2001:db8:1:3:3:4:5:6]:1", false},
		{"[2001:db8:1:2::]:1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:1", true},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
		{"[64:ff9b::cb00:7107]:1", "203.0.113.7:1", false},
	} {
		if got := of(c.a) == of(c.b); got != c.same {
			t.Errorf("%s and %s: counted as %s and %s", c.a, c.b, of(c.a), of(c.b))
		}
	}
}

// FuzzClientAddress proves that whatever a proxy passes on, the answer is one well-written address, and that of the
// peer unless a proxy is trusted.
func FuzzClientAddress(f *testing.F) {
	f.Add("10.0.0.1:1", "198.51.100.1, ::ffff:10.0.0.2")
	f.Add("[fe80::1%eth0]:1", "[2001:db8::7]:443,unknown")
	f.Add("203.0.113.7:1", ",,,")
	f.Fuzz(func(t *testing.T, peer, told string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {told}}}
		own, ok := parseAddress(peer)
		got := behind().clientAddress(r)
		if !ok {
			if got != peer {
				t.Fatalf("no address became %q", got)
			}
			return
		}
		addr, err := netip.ParseAddr(got)
		if err != nil || addr.String() != got || addr.Zone() != "" || addr.Is4In6() {
			t.Fatalf("%q, %v", got, err)
		}
		if !behind().trusted(own) && addr != own {
			t.Fatalf("a stranger became %q", got)
		}
	})
}

package notice

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/fault"
)

const maxURL = 500 // bytes

// checkURL tells why an address cannot be an endpoint. It is for the person who writes it; what keeps requests out of
// the operator's network is the guard, which looks at what is dialled. With local set, an endpoint on this machine is
// allowed, also without encryption.
func checkURL(raw string, local bool) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "" || len(raw) > maxURL:
		return badURL("must have 1 to 500 characters")
	case err != nil || u.Host == "" || u.Opaque != "" || strings.ContainsFunc(raw, notASCII):
		return badURL("must be an address like https://example.com/hook, in plain ASCII")
	case u.User != nil:
		return badURL("must hold no user name or password: the signature proves who calls")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return badURL("must have no part after #")
	case local && onThisMachine(u.Hostname()) && (u.Scheme == "http" || u.Scheme == "https"):
		return nil
	case u.Scheme != "https":
		return badURL("must begin with https://")
	case !goodPort(u):
		return badURL("must use port 443, or one from 1024 on")
	case !goodHost(u.Hostname()):
		return badURL("must name a host on the public internet")
	}
	return nil
}

func badURL(why string) error { return fault.ValidationFailed.At("body.url", why) }

func notASCII(r rune) bool { return r <= ' ' || r > '~' }

func onThisMachine(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func goodPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(u.Port())
	return err == nil && (n == 443 || n >= 1024 && n <= 65535)
}

// private are the last parts of names that mean something only inside a network.
var private = []string{
	"localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa",
	"in-addr.arpa", "ip6.arpa", "onion", "test", "invalid",
}

// goodHost takes public addresses, and names of several parts whose last is no number: the many old ways to write an
// IPv4 address (127.1, 0x7f000001, 2130706433) all end in one.
func goodHost(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return public(a)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	labels := strings.Split(host, ".")
	if len(labels) < 2 || len(host) > 253 {
		return false
	}
	for _, l := range labels {
		if !goodLabel(l) {
			return false
		}
	}
	for _, p := range private {
		if strings.HasSuffix(host, "."+p) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return last[0] < '0' || last[0] > '9'
}

func goodLabel(l string) bool {
	if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(l, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

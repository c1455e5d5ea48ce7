package account

import (
	"net/url"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/fault"
)

const maxReturn = 2000 // bytes of a return address

// returnRules say where a browser may be sent after a sign-in: paths of this server, and exact hosts.
type returnRules struct {
	home  *url.URL
	hosts []string // lower case
	local bool
}

func newReturnRules(home *url.URL, hosts []string, local bool) returnRules {
	r := returnRules{home: home, local: local, hosts: []string{strings.ToLower(home.Host)}}
	for _, h := range hosts {
		r.hosts = append(r.hosts, strings.ToLower(h))
	}
	return r
}

// resolve checks where a sign-in asks to return to and gives the address to send the browser to: a path of this server,
// or an absolute address when another host is named. An absolute redirectTo names its host itself; domain is for paths.
func (r returnRules) resolve(redirectTo, domain string) (string, error) {
	if domain != "" && !r.allows(domain) {
		return "", fault.ValidationFailed.At("query.domain", "is not a host that sign-ins may return to")
	}
	if redirectTo == "" {
		redirectTo = "/"
	}
	u, ok := r.parse(redirectTo)
	if !ok {
		return "", fault.ValidationFailed.At("query.redirect_to",
			"must be a path that starts with one slash, or an https address of a host that sign-ins may return to")
	}
	if u.Host == "" && domain != "" && !strings.EqualFold(domain, r.home.Host) {
		u.Host = strings.ToLower(domain)
		u.Scheme = r.scheme(u.Host)
	}
	return u.String(), nil
}

// parse accepts only what every browser and proxy reads in the same way.
func (r returnRules) parse(s string) (*url.URL, bool) {
	if len(s) > maxReturn || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '\\' }) {
		return nil, false
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Opaque != "" || !plainPath(u) {
		return nil, false
	}
	if u.Scheme == "" && u.Host == "" {
		return u, strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, r.allows(u.Host) && (u.Scheme == "https" || u.Scheme == "http" && r.local)
}

// plainPath refuses paths that turn into something else when they are cleaned, or decoded once more, on the way.
func plainPath(u *url.URL) bool {
	return !strings.Contains(strings.ToLower(u.EscapedPath()), "%2f") && !strings.Contains(u.Path, "//") &&
		!strings.ContainsFunc(u.Path, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' || c == '%' })
}

// allows compares a host, with its port if it has one.
func (r returnRules) allows(host string) bool {
	host = strings.ToLower(host)
	return slices.Contains(r.hosts, host) || r.local && isLoopback(host)
}

func (r returnRules) scheme(host string) string {
	if r.local && isLoopback(host) {
		return "http"
	}
	return "https"
}

// isLoopback accepts any port.
func isLoopback(host string) bool {
	name, port, found := strings.Cut(host, ":")
	digits := strings.Trim(port, "0123456789") == "" && len(port) <= 5
	return (name == "localhost" || name == "127.0.0.1") && digits && found == (port != "")
}

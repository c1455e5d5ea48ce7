package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/audit"
)

// clientAddress is the peer, or the address a trusted proxy names for it: the rightmost
// one that is not itself trusted, because everything left of it may be made up.
func (a *API) clientAddress(r *http.Request) string {
	client, ok := parseAddress(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	if !a.trusted(client) {
		return client.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := parseAddress(hop)
		if !ok {
			break
		}
		if client = next; !a.trusted(next) {
			break
		}
	}
	return client.String()
}

// parseAddress reads an address, with a port or without, so that all spellings of one are equal:
// an IPv4 address that is written as IPv6 is the IPv4 address, and a zone, which means something
// on one link alone, is left out.
func parseAddress(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if with, err := netip.ParseAddrPort(s); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	if bare, ok := strings.CutPrefix(s, "["); ok {
		s = strings.TrimSuffix(bare, "]")
	}
	addr, err := netip.ParseAddr(s)
	return addr.Unmap().WithZone(""), err == nil
}

func (a *API) trusted(addr netip.Addr) bool {
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// network is where a request comes from, as far as it can be told from its neighbours: whoever
// has one IPv6 address has the whole /64.
func network(r *http.Request) string {
	address := audit.OriginFrom(r.Context()).IP
	if ip, err := netip.ParseAddr(address); err == nil && ip.Is6() {
		p, _ := ip.Prefix(64)
		address = p.String()
	}
	return address
}

package notice

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// Webhooks go to addresses that strangers choose, from inside the operator's network. So what counts is the address
// that is dialled, not the one that was written: the guard below sees it after the name was looked up, for every
// connection, and a name that answers differently the second time is judged by what it answers then.

var (
	errNotPublic = errors.New("notice: the address is not on the public internet")
	errNotTCP    = errors.New("notice: not a TCP address")
)

// reserved are the networks that are not the public internet, by the registries of IANA (RFC 6890 and what came since),
// and 168.63.129.16, where a cloud keeps the metadata of its machines at an address that looks public. For IPv6 only
// what lies within global unicast (2000::/3) needs naming, and everything that carries an IPv4 address inside is
// refused whole.
var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24",
	"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
	"198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

var globalUnicast = netip.MustParsePrefix("2000::/3")

func prefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, p := range all {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// public tells whether an address is on the public internet. An IPv4 address in IPv6 clothes is no IPv6 address here.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" || a.Is4In6() || a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// guard refuses to connect to anything that is not public; with loopback set, this machine's own addresses are allowed
// too. It is a net.Dialer's ControlContext.
func guard(loopback bool) func(ctx context.Context, network, address string, _ syscall.RawConn) error {
	return func(_ context.Context, network, address string, _ syscall.RawConn) error {
		if network != "tcp4" && network != "tcp6" {
			return errNotTCP
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return errNotPublic
		}
		a, err := netip.ParseAddr(host)
		if err != nil || !public(a) && !(loopback && a.IsLoopback() && !a.Is4In6()) {
			return errNotPublic
		}
		return nil
	}
}

package config

import (
	"errors"
	"net/netip"
	"strings"
)

// Switch is true or false, also spelled on/off, yes/no and 1/0.
type Switch bool

// EnvDecode takes the value of a variable.
func (s *Switch) EnvDecode(value string) error {
	switch strings.ToLower(value) {
	case "1", "true", "on", "yes":
		*s = true
	case "0", "false", "off", "no", "":
		*s = false
	default:
		return errors.New("neither true nor false")
	}
	return nil
}

// List is a comma separated list without empty parts.
type List []string

// EnvDecode splits the value of a variable.
func (l *List) EnvDecode(value string) error {
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l = append(*l, part)
		}
	}
	return nil
}

// Prefixes is a comma separated list of addresses (10.0.0.1) and networks (10.0.0.0/8).
type Prefixes []netip.Prefix

// EnvDecode parses the value of a variable.
func (p *Prefixes) EnvDecode(value string) error {
	var parts List
	_ = parts.EnvDecode(value)
	for _, part := range parts {
		if address, err := netip.ParseAddr(part); err == nil {
			*p = append(*p, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return err
		}
		*p = append(*p, prefix.Masked())
	}
	return nil
}

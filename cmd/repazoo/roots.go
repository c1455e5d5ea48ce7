package main

import (
	"crypto/x509"
	"os"
	"slices"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// usualRoots is where systems keep their root certificates. One of them saves reading all of its certificates at the
// start.
var usualRoots = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// trustRoots gives the program the root certificates that are built in, if the system has none, as in an empty image.
// Where the system has some, they alone count: whoever runs it chose them.
func trustRoots() {
	if slices.ContainsFunc(usualRoots, func(path string) bool { _, err := os.Stat(path); return err == nil }) {
		return
	}
	if hasRoots(x509.SystemCertPool()) {
		return
	}
	x509.SetFallbackRoots(builtInRoots())
}

func hasRoots(system *x509.CertPool, err error) bool {
	return err == nil && !system.Equal(x509.NewCertPool())
}

func builtInRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		cert, err := x509.ParseCertificate(root.Certificate)
		switch {
		case err != nil: // a test reads each of them
		case root.Constraint != nil:
			pool.AddCertWithConstraint(cert, root.Constraint)
		default:
			pool.AddCert(cert)
		}
	}
	return pool
}

package main

import (
	"crypto/x509"
	"errors"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func TestBuiltInRoots_CanAllBeRead(t *testing.T) {
	t.Parallel()
	n := 0
	for root := range bundle.Roots() {
		n++
		if _, err := x509.ParseCertificate(root.Certificate); err != nil {
			t.Error(err)
		}
	}
	if n < 100 {
		t.Errorf("only %d root certificates are built in", n)
	}
}

func TestHasRoots_IsFalseWhereTheSystemHasNone(t *testing.T) {
	t.Parallel()
	if hasRoots(x509.NewCertPool(), nil) || hasRoots(nil, errors.New("no certificates here")) {
		t.Error("an empty system is said to have root certificates")
	}
	if !hasRoots(builtInRoots(), nil) {
		t.Error("root certificates are not seen")
	}
}

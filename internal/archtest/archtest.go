// Package archtest holds tests of the tree as a whole: that imports follow the
// table in ARCHITECTURE.md, that no credential is in a tracked file, and that the
// pages' Go code is the one of their templates.
package archtest

//go:generate go -C ../../tools/templ tool templ generate -log-level warn -path ../../internal

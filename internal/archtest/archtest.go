// Package archtest holds tests of the tree as a whole: that imports follow the
// table in ARCHITECTURE.md, and that no credential is in a tracked file.
package archtest

// Package browser is a person at a real browser: Chromium against the whole program with its
// stand-ins, from the first page to the report, the plan, the keys and the erasure.
//
// There is nothing here but tests. They take minutes, most of which the browser waits, so they are no
// part of `make test`: run them with `make browser`, which fetches with npm what they need beside
// Chromium. Without these things the package fails at once and says what is missing.
//
// One Chromium serves all tests of a run; each visitor has a profile of its own in it. Every page is
// checked with axe in light and in dark, on a phone, a tablet and a desk, and in German too. No page
// may ask another host for anything.
package browser

package db_test

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/db"
)

func TestStorable_IsShortValidAndPrintable(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"": "", " Firefox\n": "Firefox", "a\x00b\x1b[31m": "ab[31m", "\xff\xfeé": "é", "日本語です": "日本語で", "abcdef": "abcd",
	} {
		limit := 4
		if given == " Firefox\n" || given == "a\x00b\x1b[31m" {
			limit = 40
		}
		if got := db.Storable(given, limit); got != want {
			t.Errorf("Storable(%q, %d) = %q, want %q", given, limit, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s, limit := rapid.String().Draw(t, "s"), rapid.IntRange(0, 20).Draw(t, "limit")
		got := db.Storable(s, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > limit || db.Storable(got, limit) != got {
			t.Fatalf("Storable(%q, %d) = %q", s, limit, got)
		}
	})
}

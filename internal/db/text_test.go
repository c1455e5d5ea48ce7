package db_test

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/db"
)

func TestStorable_IsShortValidAndPrintable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		given string
		limit int
		want  string
	}{
		{"", 4, ""},
		{" Firefox\n", 40, "Firefox"},
		{"a\x00b\x1b[31m", 40, "ab[31m"},
		{"\xff\xfeé", 4, "é"},
		{"日本語です", 4, "日本語で"},
		{"abcdef", 4, "abcd"},
	} {
		if got := db.Storable(tt.given, tt.limit); got != tt.want {
			t.Errorf("Storable(%q, %d) = %q, want %q", tt.given, tt.limit, got, tt.want)
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

package cleanup

import (
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
)

// A sign of what is left out stands only where something is.
func TestSnippet_MarksOnlyWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ö", assess.ContextRunes)
	for want, f := range map[string]assess.Finding{
		"you fool":                      {Quote: "you fool"},
		"oh, you fool!":                 {Before: "oh, ", Quote: "you fool", After: "!"},
		"… " + long + "you fool":        {Before: long, Quote: "you fool"},
		"you fool" + long + " …":        {Quote: "you fool", After: long},
		"… " + long + "x" + long + " …": {Before: long, Quote: "x", After: long},
	} {
		if got := snippet(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

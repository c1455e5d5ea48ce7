package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/claude"
)

// The command cannot wait a day for a batch. Its dry run says what a server would save, where there is enough to ask
// and the provider has batches.
func TestForetell_SaysWhatAServerWouldSave(t *testing.T) {
	t.Parallel()
	enough := assess.Forecast{
		Texts: assess.BatchFrom, Calls: 10, InputTokens: 40_000, OutputTokens: 20_000,
		CostMicroUSD: 1_000_000,
	}
	few := enough
	few.Texts--
	for name, c := range map[string]struct {
		f    assess.Forecast
		url  string
		want bool
	}{
		"enough":                {enough, "", true},
		"too few":               {few, "", false},
		"a server without them": {enough, "http://127.0.0.1:9", false},
	} {
		var out bytes.Buffer
		foretell(&out, c.f, &assess.Judge{
			Client: claude.New(claude.Config{APIKey: "sk-ant-of-nobody", BaseURL: c.url}), Model: "m",
			Prices: assess.DefaultPrices()["claude-sonnet-5-5"],
		})
		if got := strings.Contains(out.String(), "A server can have them read within a day for about $"); got != c.want {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

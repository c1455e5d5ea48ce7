package words

import (
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRecall_ReadsTheValuesBack(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Message{
		"You have 5 open links, and more are not allowed. Revoke one that you do not need any more.": {
			"refuse.with.links", map[string]string{"n": "5"},
		},
		"The ceiling of $1.50 does not allow reading your posts from X. Start again with a higher one, or upload your X " +
			"archive, which costs nothing to read.": {"refuse.with.ceiling", map[string]string{"most": "1500000"}},
		"You allowed this as another account than @ada, whose posts these are. Switch to @ada on X and ask again.": {
			"refuse.with.another", map[string]string{"handle": "ada"},
		},
		"The card was declined. You stay on basic, and nothing was charged.": {
			"refuse.with.declined_stay", map[string]string{"why": "The card was declined.", "plan": "basic"},
		},
		"You have no session.": {}, "": {},
		"You have many open links, and more are not allowed. Revoke one that you do not need any more.":            {},
		"You allowed this as another account than @ada, whose posts these are. Switch to @bob on X and ask again.": {},
		"@" + strings.Repeat("a", longest) + " is not linked to your account any more.":                            {},
	} {
		got, ok := For(English).Recall("refuse.", text)
		if ok != (want.Key != "") || got.Key != want.Key || !maps.Equal(got.Args, want.Args) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	if m, ok := For(English).Recall("refuse.", "Sign in first."); !ok || m.Key != "refuse.unauthenticated" {
		t.Errorf("a text without values: %v", m)
	}
}

// What was read back is said with the values as the language writes them.
func TestRecall_IsSaidInAnotherLanguage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"The archive has more than 100000 posts. Analyse it with `repazoo analyze` on your own machine instead.": "Das " +
			"Archiv hat mehr als 100.000 Beiträge. Analysieren Sie es stattdessen mit `repazoo analyze` auf Ihrem eigenen " +
			"Rechner.",
		"The secret before the last rotation is still good until 2026-11-28T20:00:00Z. Wait, or rotate with no overlap, " +
			"which ends both at once.": "Das Geheimnis von vor dem letzten Wechsel gilt noch bis 28. November 2026, 20:00 " +
			"Uhr (UTC). Warten Sie, oder wechseln Sie ohne Übergangszeit; dann enden beide sofort.",
		"You have sent 3 tests within a minute. Wait 1 seconds before the next.": "Sie haben in einer Minute 3 Tests " +
			"gesendet. Warten Sie 1 Sekunde bis zum nächsten.",
	} {
		m, ok := For(English).Recall("refuse.", text)
		if got := For("de").Render(m); !ok || got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// Every message that is said in English is read back as itself, whatever its values are.
func TestRecall_FindsEveryRefusalThatIsSaid(t *testing.T) {
	t.Parallel()
	english := For(English)
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(english.said()).Draw(t, "form")
		args := map[string]string{}
		for i, name := range f.names {
			switch f.kinds[i] {
			case kindNumber:
				args[name] = rapid.SampledFrom([]string{"0", "1", "1000", "25000000"}).Draw(t, name)
			case kindMoney:
				args[name] = rapid.SampledFrom([]string{"0", "10000", "1500000", "1234560000"}).Draw(t, name)
			case kindMoment:
				return // English writes it otherwise than programs do
			default:
				args[name] = rapid.StringMatching(`[a-z][a-z0-9_.]{0,20}`).Draw(t, name)
			}
		}
		said := Message{Key: f.key, Args: args}
		if got, ok := english.Recall(f.key, english.Render(said)); !ok || got.Key != f.key || !maps.Equal(got.Args, args) {
			t.Fatalf("%v is read back as %v", said, got)
		}
	})
}

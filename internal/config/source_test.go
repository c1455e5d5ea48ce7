package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseDotenv_ReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	got, err := parseDotenv("# a comment\n\nA=1\r\nexport B = two words \nC=\"quo#ted\"\nD='single'\nE=\nF=a=b\nA=last")
	want := map[string]string{"A": "last", "B": "two words", "C": "quo#ted", "D": "single", "E": "", "F": "a=b"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestParseDotenv_NamesTheBadLineButNotItsText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"A=1\nhunter2", "A=1\n=hunter2", "A=1\nhunter2 x=1"} {
		_, err := parseDotenv(text)
		if err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestParseDotenv_ReadsBackWhatIsWrittenPlainly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOf(rapid.StringMatching(`[A-Z][A-Z0-9_]{0,9}`), rapid.StringMatching(`[ -~]{0,20}`)).Draw(t,
			"values")
		var text strings.Builder
		for name, value := range want {
			text.WriteString(name + `="` + value + "\"\n")
		}
		got, err := parseDotenv(text.String())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatal(err, diff)
		}
	})
}

func FuzzParseDotenv(f *testing.F) {
	f.Add("A=1\n# c\nexport B='x'\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseDotenv(text)
		if err != nil && values != nil {
			t.Fatal("values and an error")
		}
		for name := range values {
			if name == "" || strings.ContainsAny(name, " \t\n=") {
				t.Fatalf("bad name %q", name)
			}
		}
	})
}

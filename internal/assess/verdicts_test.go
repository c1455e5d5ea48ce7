package assess

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/screen"
)

var update = flag.Bool("update", false, "write testdata/verdicts.tsv anew")

// What is made faster must judge as before. A rule that is changed on purpose changes this file too: look at what.
func TestVerdicts_OnTheInventedPeopleAreTheSameAsBefore(t *testing.T) {
	t.Parallel()
	const path = "testdata/verdicts.tsv"
	var lines []string
	s := screen.New()
	x := sandbox.New(sandbox.Config{}).X()
	for _, person := range x.People() {
		for _, p := range x.Posts(person.Handle) {
			seen := s.Check(p.Text, p.Lang)
			for _, h := range seen.Hits {
				lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%d", person.Handle, p.ID, h.Category, h.Severity,
					h.Suggestion, h.Start, h.End))
			}
		}
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the verdicts have changed; run the test with -update if they should:\n%s", diff)
	}
}

package app

import (
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

func TestStamped_IsTheCommitAndSaysWhenFilesWereChanged(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string][]debug.BuildSetting{
		"":          {{Key: "vcs.modified", Value: "true"}},
		"abc":       {{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}},
		"abc-dirty": {{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
	} {
		if got := stamped(&debug.BuildInfo{Settings: settings}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// git archive makes the tarballs of releases.
func TestVersion_ATarballKnowsItsCommit(t *testing.T) {
	t.Parallel()
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = "../.."
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return string(out)
	}
	head := strings.TrimSpace(git("rev-parse", "HEAD"))
	if tar := git("archive", "--format=tar", "HEAD", "internal/app/commit.txt"); !strings.Contains(tar, head) {
		t.Errorf("internal/app/commit.txt of the tarball does not hold %s", head)
	}
	if got := exported(head + "\n"); got != head {
		t.Errorf("a tarball says %q", got)
	}
	if got := exported(archived); got != "" {
		t.Errorf("a checkout says %q", got)
	}
}

func TestVersion_IsTheNewestOfTheChangelog(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+)`).FindSubmatch(text)
	if newest == nil {
		t.Fatal("CHANGELOG.md has no version")
	}
	if version, _ := Version(); version != string(newest[1]) {
		t.Errorf("version.txt says %s, CHANGELOG.md %s", version, newest[1])
	}
}

// The linker says nothing about a variable that does not exist.
func TestVersion_TheBuildersSetVariablesThatExist(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("version.go")
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`-X (\S+)\.(\w+)=`)
	for file, want := range map[string]int{"../../Makefile": 1, "../../Dockerfile": 2} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := setting.FindAllSubmatch(text, -1)
		if len(found) != want {
			t.Errorf("%s sets %d variables, want %d", file, len(found), want)
		}
		for _, m := range found {
			if string(m[1]) != "github.com/repazoo/repazoo/internal/app" {
				t.Errorf("%s sets a variable of %s", file, m[1])
			}
			if !regexp.MustCompile(`(?m)^var .*\b` + string(m[2]) + `\b.* string$`).Match(source) {
				t.Errorf("%s sets %s, which does not exist", file, m[2])
			}
		}
	}
}

package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link is a link in Markdown to another file of the tree, or to a heading.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// code is what is shown as it stands: fenced blocks, indented lines, and words between backticks.
var code = regexp.MustCompile("(?ms)^```.*?^```|^(?:    |\t)[^\n]*|`[^`\n]*`")

// Who follows a link in a document finds the file, and the heading in it.
func TestDocuments_LinkToWhatExists(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(m[1], ":") { // another site
				continue
			}
			links++
			if problem := follow(name, m[1]); problem != "" {
				t.Errorf("%s: the link to %s leads nowhere: %s", name, m[1], problem)
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links were found", links)
	}
}

// follow says what is wrong with a link in the document name.
func follow(name, target string) string {
	path, heading, _ := strings.Cut(target, "#")
	file := filepath.Join(root, name)
	if path != "" {
		file = filepath.Join(root, filepath.Dir(name), path)
	}
	info, err := os.Stat(file)
	if err != nil {
		return "there is no such file"
	}
	if heading == "" || info.IsDir() {
		return ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' &&
			anchor(title) == heading {
			return ""
		}
	}
	return "there is no such heading"
}

var unlinked = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchor is what a heading is linked by.
func anchor(title string) string {
	return strings.ReplaceAll(unlinked.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-")
}

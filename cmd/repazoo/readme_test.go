package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestREADME_TheCurlCommandsWork runs the commands of the README against a fresh server.
func TestREADME_TheCurlCommandsWork(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?m)^    URL=http://localhost:8000\n(?:    .*\n)+`).Find(readme)
	if block == nil {
		t.Fatal("the README has no block of curl commands")
	}
	dir := t.TempDir()
	s, err := startServer([]string{"PORT=0", "DATA_DIR=" + dir + "/data"}, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c",
		strings.Replace(string(block), "http://localhost:8000", s.url, 1))
	sh.Dir = dir
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`"status":"active"`, "event: end", `"status":"completed"`, `"posts_total": 400`,
		`"used":1,"reserved":0`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands did not print %s:\n%s", want, out)
		}
	}
	if pdf, err := os.ReadFile(dir + "/report.pdf"); err != nil || !strings.HasPrefix(string(pdf), "%PDF-") {
		t.Errorf("report.pdf is no PDF: %v", err)
	}
}

package config_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/config"
)

var update = flag.Bool("update", false, "write the files that are made from this package")

func TestGenerated_FilesAreUpToDate(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"../../docs/configuration.md": config.Reference(),
		"../../.env.example":          config.DotenvExample(),
	} {
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is out of date, run: make generate", path)
		}
	}
}

func TestVariables_AreDescribedAndNamedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, v := range config.Variables() {
		for _, name := range append([]string{v.Name}, v.Aliases...) {
			if seen[name] || !regexp.MustCompile(`^[A-Z][A-Z_]+$`).MatchString(name) {
				t.Errorf("%s is named badly or twice", name)
			}
			seen[name] = true
		}
		if v.Meaning == "" || v.Group == "" {
			t.Errorf("%s is not described", v.Name)
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d names", len(seen))
	}
}

func TestDotenvExample_LoadsAsItIsAndUncommented(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"as it is":    config.DotenvExample(),
		"uncommented": regexp.MustCompile(`(?m)^#([A-Z_]+=)`).ReplaceAllString(config.DotenvExample(), "$1"),
	} {
		from := config.Map(map[string]string{"DATA_DIR": dir})
		from.Dotenv = filepath.Join(t.TempDir(), ".env")
		write(t, from.Dotenv, text)
		if got := problems(t, from); got != nil {
			t.Errorf("%s: complains about %v", name, got)
		}
	}
}

// Only this package may read the environment; tests and tools are not the
// program. NO_COLOR is a convention between terminals and programs, no setting of ours.
func TestTree_ReadsTheEnvironmentHereOnly(t *testing.T) {
	t.Parallel()
	convention := []byte(`os.Getenv("NO_COLOR")`)
	reads := regexp.MustCompile(`os\.(Getenv|LookupEnv|Environ|ExpandEnv)\b|syscall\.(Getenv|Environ)\b`)
	for _, root := range []string{"../../cmd", ".."} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil {
				return err
			}
			if entry.IsDir() && (entry.Name() == "config" || strings.HasSuffix(entry.Name(), "test")) {
				return fs.SkipDir
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			source, err := os.ReadFile(path)
			if found := reads.Find(bytes.ReplaceAll(source, convention, nil)); found != nil {
				t.Errorf("%s uses %s: take the value from config.Config", path, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

package client_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed types for TypeScript are those of the contract.
func TestGenerated_TypesForTypeScriptAreTheContracts(t *testing.T) {
	t.Parallel()
	const types = "typescript/repazoo.ts"
	want := generateTypes(t)
	if *update {
		if err := os.WriteFile(types, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(types)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(string(want), "\n")); diff != "" {
		t.Errorf("the contract has changed: run `go generate ./client`. The committed types (-) and the contract's "+
			"(+):\n%.4000s", diff)
	}
}

func generateTypes(t *testing.T) []byte {
	t.Helper()
	generator, err := filepath.Abs("typescript/node_modules/.bin/openapi-typescript")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(generator); err != nil {
		t.Fatal("The generator of types for TypeScript is missing: run make typescript, which needs npm.")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "contract.json"), withoutExamples(t, simplified(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), generator, "contract.json", "--output", "repazoo.ts",
		"--root-types", "--root-types-no-schema-prefix")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	made, err := os.ReadFile(filepath.Join(dir, "repazoo.ts"))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// withoutExamples leaves out what the pages of the documentation show better.
func withoutExamples(t *testing.T, contract []byte) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(contract, &v); err != nil {
		t.Fatal(err)
	}
	dropExamples(v)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func dropExamples(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, isMap := v["example"].(map[string]any); isMap || v["schema"] != nil || v["type"] != nil {
			delete(v, "example")
			delete(v, "examples")
		}
		for _, member := range v {
			dropExamples(member)
		}
	case []any:
		for _, member := range v {
			dropExamples(member)
		}
	}
}

package client_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/app"
)

const (
	generated = "client.gen.go"
	tools     = "../tools/openapi" // where the generator is pinned
)

var update = flag.Bool("update", false, "write the client anew")

// The committed client is the one of the contract.
func TestGenerated_IsTheClientOfTheContract(t *testing.T) {
	t.Parallel()
	want := generate(t)
	if *update {
		if err := os.WriteFile(generated, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(generated)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(string(want), "\n")); diff != "" {
		t.Errorf("the contract has changed: run `go generate ./client`. The committed client (-) and the contract's "+
			"(+):\n%.4000s", diff)
	}
}

func generate(t *testing.T) []byte {
	t.Helper()
	config, err := filepath.Abs("oapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "contract.json")
	if err := os.WriteFile(file, simplified(t), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "-C", tools, "tool", "oapi-codegen", "-config", config, file)
	said := &bytes.Buffer{}
	cmd.Stderr = said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the generator is a Go module, pinned in tools/openapi/go.mod, which needs a Go module proxy once: "+
			"%v\n%s", err, said)
	}
	return out
}

// simplified is the contract as the generator gets it: without deprecated addresses, with shorter names, and
// with one answer for all refusals, which have one shape.
func simplified(t *testing.T) []byte {
	t.Helper()
	text, err := app.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var contract map[string]any
	if err := json.Unmarshal(text, &contract); err != nil {
		t.Fatal(err)
	}
	contract["info"].(map[string]any)["version"] = "" // which may differ from build to build
	delete(contract, "servers")
	paths := contract["paths"].(map[string]any)
	for path, methods := range paths {
		for method, o := range methods.(map[string]any) {
			operation := o.(map[string]any)
			if operation["deprecated"] == true {
				delete(paths, path)
				continue
			}
			operation["operationId"] = strings.ToLower(method) + "-" +
				strings.TrimPrefix(strings.TrimPrefix(operation["operationId"].(string), strings.ToLower(method)+"-"), "api-v1-")
			operation["responses"] = oneRefusal(operation["responses"].(map[string]any))
		}
	}
	if text, err = json.Marshal(contract); err != nil {
		t.Fatal(err)
	}
	return text
}

func oneRefusal(responses map[string]any) map[string]any {
	kept := map[string]any{}
	for status, response := range responses {
		content, _ := response.(map[string]any)["content"].(map[string]any)
		if problem := content["application/problem+json"]; problem == nil {
			kept[status] = response
		} else {
			delete(problem.(map[string]any), "examples")
			kept["default"] = map[string]any{
				"description": "Refused.",
				"content":     map[string]any{"application/problem+json": problem},
			}
		}
	}
	return kept
}

package billing_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// stripeSpec is Stripe's OpenAPI document, as stripe-mock ships it, made strict: an object may have no field that the
// document does not name. It is not for concurrent use.
type stripeSpec struct {
	compiler *jsonschema.Compiler
	defs     map[string]any      // schemas: of objects by their names, of answers by "GET /v1/customers 200"
	routes   map[string][]string // by method: the document's paths
}

// specAddress is a name only; nothing is fetched.
const specAddress = "https://stripe.test/spec3.json"

// readStripeSpec reads the document. What is needed of it is compiled when it is.
func readStripeSpec(t *testing.T) *stripeSpec {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(goInMock(t, "list", "-m", "-f", "{{.Dir}}", "github.com/stripe/stripe-mock"),
		"embedded", "openapi", "spec3.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	s := &stripeSpec{
		compiler: jsonschema.NewCompiler(), defs: at(doc, "components", "schemas"),
		routes: map[string][]string{},
	}
	for path, methods := range at(doc, "paths") {
		for method, operation := range methods.(map[string]any) {
			method = strings.ToUpper(method)
			s.routes[method] = append(s.routes[method], path)
			for status, response := range at(operation, "responses") {
				if answer, ok := at(response, "content")["application/json"]; ok { // not a PDF
					s.defs[method+" "+path+" "+status] = at(answer, "schema")
				}
			}
		}
	}
	strict(s.defs)
	if err := s.compiler.AddResource(specAddress, map[string]any{"$defs": s.defs}); err != nil {
		t.Fatal(err)
	}
	return s
}

func at(v any, path ...string) map[string]any {
	for _, name := range path {
		v = v.(map[string]any)[name]
	}
	return v.(map[string]any)
}

// strict turns OpenAPI 3.0 into JSON Schema, and closes objects.
func strict(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			strict(x)
		}
	case map[string]any:
		for _, x := range v {
			strict(x)
		}
		properties, isObject := v["properties"].(map[string]any)
		if _, said := v["additionalProperties"]; isObject && len(properties) > 0 && !said && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		if ref, ok := v["$ref"].(string); ok {
			v["$ref"] = strings.Replace(ref, "#/components/schemas/", "#/$defs/", 1)
		}
		if v["nullable"] == true {
			nullable(v)
		}
	}
}

func nullable(v map[string]any) {
	inner := maps.Clone(v)
	delete(inner, "nullable")
	clear(v)
	v["anyOf"] = []any{inner, map[string]any{"type": "null"}}
}

// check names what is wrong with the answers.
func (s *stripeSpec) check(said []exchange) []string {
	var found []string
	for _, e := range said {
		if err := s.checkAnswer(e); err != nil {
			found = append(found, fmt.Sprintf("%s: %d: %v", e.shape(), e.status, err))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (s *stripeSpec) checkAnswer(e exchange) error {
	path := s.path(e)
	if path == "" {
		return fmt.Errorf("there is no such address in the spec")
	}
	status := "200"
	if e.status != http.StatusOK {
		status = "default"
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.answer))
	if err != nil {
		return err
	}
	if err := s.validate(e.method+" "+path+" "+status, v); err != nil {
		return err
	}
	return s.checkEvents(v)
}

// checkEvents holds what events are about against the schema of that object: the document says nothing of it.
func (s *stripeSpec) checkEvents(v any) error {
	m, _ := v.(map[string]any)
	if m["object"] == "list" {
		for _, x := range m["data"].([]any) {
			if err := s.checkEvents(x); err != nil {
				return err
			}
		}
	}
	if m["object"] != "event" {
		return nil
	}
	object := at(m, "data", "object")
	kind, _ := object["object"].(string)
	if err := s.validate(kind, object); err != nil {
		return fmt.Errorf("the object of %s: %w", m["type"], err)
	}
	return nil
}

// path is the document's path for a request: the one with the fewest placeholders, or none.
func (s *stripeSpec) path(e exchange) string {
	best, least := "", 100
	asked := strings.Split(e.path, "/")
	for _, path := range s.routes[e.method] {
		parts := strings.Split(path, "/")
		if len(parts) != len(asked) {
			continue
		}
		placeholders := 0
		for i, part := range parts {
			if strings.HasPrefix(part, "{") {
				placeholders++
			} else if part != asked[i] {
				placeholders = 100
			}
		}
		if placeholders < least {
			best, least = path, placeholders
		}
	}
	return best
}

var pointer = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", " ", "%20")

// validate holds v against a schema of the document.
func (s *stripeSpec) validate(name string, v any) error {
	if s.defs[name] == nil {
		return fmt.Errorf("the spec has no %q", name)
	}
	schema, err := s.compiler.Compile(specAddress + "#/$defs/" + pointer.Replace(name))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/repazoo/repazoo/internal/assess"
)

// A program that reads reports can rely on the published schema: it is made from the types that are written.
func TestSchema_IsThatOfTheReport(t *testing.T) {
	t.Parallel()
	s := schemas{comments: fieldComments(t), defs: map[string]any{}}
	root := s.object(reflect.TypeFor[assess.Report]())
	properties, _ := root["properties"].(map[string]any)
	properties["$schema"] = map[string]any{"type": "string", "description": "Where a server shows this schema."}
	root["$schema"], root["$id"] = "https://json-schema.org/draft/2020-12/schema", "urn:repazoo:report:1"
	root["title"], root["$defs"] = "A report of Repazoo, version 1", s.defs
	root["description"] = "Within a version fields are only added: let programs pass over those that they do not know."
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const path = "schema/report-1.json"
	if *update {
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(kept), string(text)+"\n"); diff != "" {
		t.Errorf("%s differs. A field that is gone or means something else needs the next version; for one more, run the "+
			"test with -update\n%s", path, diff)
	}
}

func TestSchema_EveryReportFitsIt(t *testing.T) {
	t.Parallel()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", parsed); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	check := func(text string) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return compiled.Validate(value)
	}
	for name, r := range map[string]*assess.Report{"sample": sample(), "bare": bare(), "wide": wide(200)} {
		if err := check(written(t, r, JSON)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := written(t, sample(), JSON)
	for _, wrong := range []string{
		strings.Replace(whole, `"score": 55.9`, `"score": "high"`, 1),
		strings.Replace(whole, `"level": "medium"`, `"level": "awful"`, 1),
		strings.Replace(whole, `"summary":`, `"sum":`, 1),
	} {
		if wrong == whole || check(wrong) == nil {
			t.Error("a report that is wrong fits too")
		}
	}
}

// The columns stand in docs/report.md, in their order.
func TestCSV_ColumnsAreDescribed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/report.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| .+ \\|$").FindAllSubmatch(text, -1) {
		got = append(got, string(row[1]))
	}
	if diff := cmp.Diff(csvHeader[:], got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(string(text), SchemaPath) {
		t.Error("it does not say where the schema is")
	}
}

// schemas makes schemas of types.
type schemas struct {
	comments map[string]string
	defs     map[string]any
}

func (s *schemas) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || name == "" {
			continue
		}
		value := s.of(f.Type)
		if about := s.comments[t.Name()+"."+f.Name]; about != "" {
			if _, isRef := value["$ref"]; isRef {
				value = map[string]any{"allOf": []any{value}}
			}
			value["description"] = about
		}
		properties[name] = value
		if !strings.Contains(options, "omitempty") {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func (s *schemas) of(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return map[string]any{"anyOf": []any{s.of(t.Elem()), map[string]any{"type": "null"}}}
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": []string{"array", "null"}, "items": s.of(t.Elem())}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": s.of(t.Elem())}
	case t.Kind() == reflect.Struct:
		if _, ok := s.defs[t.Name()]; !ok {
			s.defs[t.Name()] = nil // while it is made: a type may hold itself
			s.defs[t.Name()] = s.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case t.Kind() == reflect.String:
		return word(t)
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.Float64:
		return map[string]any{"type": "number"}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return map[string]any{"type": "integer"}
	}
	panic(fmt.Sprintf("no schema for %v", t))
}

// word is a string, or one of those that its type has. Categories, purposes and witnesses may become more.
func word(t reflect.Type) map[string]any {
	if t == reflect.TypeFor[assess.Severity]() {
		return map[string]any{"enum": []assess.Severity{assess.Low, assess.Medium, assess.High, assess.Critical}}
	}
	return map[string]any{"type": "string"}
}

// fieldComments are the comments of the fields of package assess, by type and field.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../assess/*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if list, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range list.Fields.List {
					for _, name := range f.Names {
						out[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
					}
				}
			}
			return true
		})
	}
	return out
}

package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/repazoo/repazoo/internal/fault"
)

// faults finds what is wrong with the words and examples of a contract.
func faults(t *testing.T, a *API) (found []string) {
	t.Helper()
	contract, err := a.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	c := newChecker(t, contract)
	for pattern, o := range operationsOf(a.huma.OpenAPI()) {
		for _, wrong := range c.operation(o) {
			found = append(found, pattern+" "+wrong)
		}
	}
	slices.Sort(found)
	return found
}

// checker validates the examples of one contract against its schemas.
type checker struct {
	schemas  *jsonschema.Compiler
	statuses map[string]int // of each code
}

func newChecker(t *testing.T, contract []byte) *checker {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(contract))
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{schemas: jsonschema.NewCompiler(), statuses: map[string]int{}}
	c.schemas.AssertFormat()
	if err := c.schemas.AddResource("contract.json", document); err != nil {
		t.Fatal(err)
	}
	for _, e := range explanations() {
		c.statuses[e.Code] = e.Status
	}
	return c
}

func (c *checker) operation(o *huma.Operation) (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if o.Summary == "" || strings.HasSuffix(o.Summary, ".") || len(o.Tags) != 1 {
		say("has no summary, or not one tag")
	}
	if text, _, _ := strings.Cut(o.Description, "\n\n"); !strings.HasSuffix(text, ".") {
		say("has no description")
	}
	at := "/paths/" + escaped(o.Path) + "/" + strings.ToLower(o.Method)
	if o.RequestBody != nil {
		for media, content := range o.RequestBody.Content {
			if wrong := c.content(at+"/requestBody/content/"+escaped(media), media, content); wrong != "" {
				say("takes a body %s", wrong)
			}
		}
	}
	for status, response := range o.Responses {
		for media, content := range response.Content {
			wrong := c.problems(status, content)
			if media != problemType {
				wrong = c.content(at+"/responses/"+status+"/content/"+escaped(media), media, content)
			}
			if wrong != "" {
				say("answers %s %s", status, wrong)
			}
		}
	}
	if len(o.Security) > 0 && (o.Responses["401"] == nil || o.Responses["403"] == nil || o.Responses["429"] == nil) {
		say("does not say how it refuses strangers")
	}
	return found
}

// content wants an example that fits its schema, but for bytes.
func (c *checker) content(at, media string, content *huma.MediaType) string {
	if content.Example == nil {
		if content.Schema.Format == "binary" || media == "multipart/form-data" {
			return ""
		}
		return "without an example"
	}
	schema, err := c.schemas.Compile("contract.json#" + at + "/schema")
	if err != nil {
		return err.Error()
	}
	text, err := json.Marshal(content.Example)
	if err != nil {
		return err.Error()
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err.Error()
	}
	if err := schema.Validate(value); err != nil {
		return "with an example that does not fit: " + err.Error()
	}
	return ""
}

// problems wants an example for each code, under the status that the code has.
func (c *checker) problems(status string, content *huma.MediaType) string {
	if len(content.Examples) == 0 {
		return "without a code"
	}
	for code := range content.Examples {
		if strconv.Itoa(c.statuses[code]) != status {
			return "with the code " + code
		}
	}
	return ""
}

func escaped(part string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(part)
}

func TestContract_SaysOfEachOperationWhatItDoesAndShowsAnExample(t *testing.T) {
	t.Parallel()
	a := newDocs(t, true)
	for _, wrong := range faults(t, a) {
		t.Error(wrong)
	}
	patterns := map[string]bool{}
	for pattern := range operationsOf(a.huma.OpenAPI()) {
		patterns[pattern] = true
	}
	for _, pattern := range slices.Sorted(maps.Keys(a.entries())) {
		if !patterns[pattern] {
			t.Errorf("there is an entry for %s, which is no operation", pattern)
		}
	}
}

// What the test above finds nothing of is found where it is.
func TestContract_TheTestFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	a := newDocs(t, true)
	a.add(route{At: "POST /api/v1/mute", Tag: "health", Serve: does(a.dismiss)})
	a.describe()
	plain := a.huma.OpenAPI().Paths["/api/v1/plans"].Get
	plain.Responses["200"].Content["application/json"].Example = map[string]any{"data": "none"}
	plain.Responses["418"] = &huma.Response{Content: map[string]*huma.MediaType{problemType: {Examples: map[string]*huma.Example{"not_found": {}}}}}
	found := strings.Join(faults(t, a), "\n")
	for _, want := range []string{
		"POST /api/v1/mute has no summary", "POST /api/v1/mute has no description",
		"POST /api/v1/mute takes a body without an example",
		"POST /api/v1/mute answers 200 without an example", "GET /api/v1/plans answers 200 with an example that does not fit",
		"GET /api/v1/plans answers 418 with the code not_found",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("not found: %s\nin\n%s", want, found)
		}
	}
}

// Each code has one problem as an example, and it is a problem.
func TestContract_ShowsAProblemForEachCode(t *testing.T) {
	t.Parallel()
	a := newDocs(t, true)
	contract, err := a.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := newChecker(t, contract).schemas.Compile("contract.json#/components/schemas/Problem")
	if err != nil {
		t.Fatal(err)
	}
	for code, e := range a.huma.OpenAPI().Components.Examples {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Value.(json.RawMessage)))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil || value.(map[string]any)["code"] != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, f := range []*fault.Fault{fault.NotFound, fault.Overloaded} {
		if a.huma.OpenAPI().Components.Examples[f.Code] == nil {
			t.Errorf("%s has no example", f.Code)
		}
	}
}

package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/repazoo/repazoo/internal/app"
)

// promises are the contract, to hold answers against.
type promises struct {
	mux  *http.ServeMux // finds the operation of a request
	all  map[string]promised
	mu   sync.Mutex
	read *jsonschema.Compiler
}

// promised is what the contract says of the answers of an operation, by status.
type promised struct {
	Responses map[string]struct {
		Content map[string]struct {
			Schema   any
			Examples map[string]any // of a problem, by code
		}
	}
}

var published = sync.OnceValues(func() (*promises, error) {
	text, err := app.OpenAPI()
	if err != nil {
		return nil, err
	}
	var contract struct {
		Paths map[string]map[string]promised
	}
	if err := json.Unmarshal(text, &contract); err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	p := &promises{mux: http.NewServeMux(), all: map[string]promised{}, read: jsonschema.NewCompiler()}
	p.read.AssertFormat()
	for path, methods := range contract.Paths {
		for method, o := range methods {
			pattern := strings.ToUpper(method) + " " + path
			p.all[pattern] = o
			p.mux.Handle(pattern, http.NotFoundHandler())
		}
	}
	return p, p.read.AddResource("contract.json", document)
})

// fits fails the test when an answer is none that the contract promises. What it knows nothing of is let be: pages,
// stand-ins, addresses that do not exist.
func fits(t testing.TB, method, path string, res *http.Response, body []byte) {
	t.Helper()
	p, err := published()
	if err != nil {
		t.Fatal(err)
	}
	if wrong := p.broken(method, path, res.StatusCode, res.Header.Get("Content-Type"), body); wrong != "" {
		t.Errorf("the contract does not know this answer of %s %s: %s\n%d %.400s", method, path, wrong, res.StatusCode, body)
	}
}

func (p *promises) broken(method, path string, status int, media string, body []byte) string {
	r, err := http.NewRequest(method, path, nil)
	if err != nil {
		return "" // nor did the server take it for a request
	}
	_, pattern := p.mux.Handler(r)
	o, known := p.all[pattern]
	if !known {
		return ""
	}
	response, known := o.Responses[strconv.Itoa(status)]
	if !known {
		return "a status that is not in it"
	}
	if len(body) == 0 && len(response.Content) == 0 {
		return ""
	}
	media, _, _ = mime.ParseMediaType(media)
	content, known := response.Content[media]
	if !known {
		return "a media type that is not in it: " + media
	}
	if !strings.HasSuffix(media, "json") {
		return ""
	}
	if wrong := p.shape(pattern, status, media, body); wrong != "" {
		return wrong
	}
	var problem struct{ Code string }
	_ = json.Unmarshal(body, &problem)
	if _, listed := content.Examples[problem.Code]; media == "application/problem+json" && !listed {
		return "a code that is not listed: " + problem.Code
	}
	return ""
}

func (p *promises) shape(pattern string, status int, media string, body []byte) string {
	method, path, _ := strings.Cut(pattern, " ")
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace
	at := fmt.Sprintf("contract.json#/paths/%s/%s/responses/%d/content/%s/schema", escape(path),
		strings.ToLower(method), status, escape(media))
	p.mu.Lock()
	schema, err := p.read.Compile(at)
	p.mu.Unlock()
	if err != nil {
		return err.Error()
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestContract_TheCheckFindsAnswersThatAreNotInIt(t *testing.T) {
	t.Parallel()
	p, err := published()
	if err != nil {
		t.Fatal(err)
	}
	const problem = `{"type":"/docs/errors#x","title":"x","status":404,"detail":"x","code":"%s"}`
	for want, answer := range map[string]struct {
		path, media string
		status      int
		body        string
	}{
		"a status that is not in it":     {"/api/v1/usage", "application/json", http.StatusTeapot, `{}`},
		"a media type that is not in it": {"/api/v1/usage", "text/plain", http.StatusOK, `{}`},
		"missing propert":                {"/api/v1/usage", "application/json", http.StatusOK, `{}`},
		"a code that is not listed: unlucky": {
			"/api/v1/analyses/1", "application/problem+json", http.StatusNotFound,
			fmt.Sprintf(problem, "unlucky"),
		},
	} {
		if got := p.broken(http.MethodGet, answer.path, answer.status, answer.media,
			[]byte(answer.body)); !strings.Contains(got, want) {
			t.Errorf("want %q, got %q", want, got)
		}
	}
	if got := p.broken(http.MethodGet, "/nowhere", http.StatusNotFound, "text/html", nil); got != "" {
		t.Errorf("an address that is not in it: %s", got)
	}
}

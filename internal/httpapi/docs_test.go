package httpapi

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/report"
)

// newDocs is the surface with no service behind it: the documentation needs none.
func newDocs(t *testing.T, shown bool) *API {
	t.Helper()
	return New(Config{Docs: shown, Log: slog.New(slog.DiscardHandler), PublicURL: "http://localhost:8000"})
}

// The contract is one that other people's tools can read.
func TestContract_PassesTheLinter(t *testing.T) {
	t.Parallel()
	contract, err := newDocs(t, true).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, contract, 0o600); err != nil {
		t.Fatal(err)
	}
	const linter = "docs/node_modules/@redocly/cli/bin/cli.js"
	if _, err := os.Stat(linter); err != nil {
		t.Fatal("The contract's linter is missing: run make assets, which needs npm.")
	}
	lint := exec.CommandContext(t.Context(), "node", linter, "lint", "--extends=recommended", "--format=stylish", file)
	lint.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	if said, err := lint.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

func ask(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func TestDocs_LoadNothingFromElsewhereAndKeepFilesByTheirVersion(t *testing.T) {
	t.Parallel()
	h := newDocs(t, true).Handler()
	elsewhere := regexp.MustCompile(`(?:src|href)="(?:https?:)?//`)
	file := regexp.MustCompile(`(?:src|href)="(/docs/assets/[^"]+)"`)
	for _, path := range []string{"/docs", "/redoc", "/docs/errors"} {
		page := ask(t, h, path)
		if page.Code != http.StatusOK || elsewhere.MatchString(page.Body.String()) ||
			strings.Contains(page.Body.String(), "<script>") {
			t.Errorf("%s: status %d, body %s", path, page.Code, page.Body)
		}
		if got := page.Header().Get("Content-Security-Policy"); got != docsCSP {
			t.Errorf("%s: policy %q", path, got)
		}
		for _, m := range file.FindAllStringSubmatch(page.Body.String(), -1) {
			w := ask(t, h, m[1])
			if got := w.Header().Get("Cache-Control"); w.Code != http.StatusOK || got != "public, max-age=31536000, immutable" {
				t.Errorf("%s: status %d, Cache-Control %q", m[1], w.Code, got)
			}
		}
	}
	script := regexp.MustCompile(`/docs/assets/swagger-ui-bundle.js[^"]+`).FindString(ask(t, h, "/docs").Body.String())
	if script == "" {
		t.Fatal("The documentation's viewers are missing: run make assets, which needs npm.")
	}
	for accepted, packed := range map[string]bool{"": false, "gzip;q=0, br": false, "br, GZIP;q=0.5": true} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, script, nil)
		r.Header.Set("Accept-Encoding", accepted)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if (w.Header().Get("Content-Encoding") == "gzip") != packed ||
			packed == strings.Contains(w.Body.String(), "SwaggerUIBundle") ||
			!strings.Contains(w.Header().Get("Vary"), "Accept-Encoding") {
			t.Errorf("Accept-Encoding %q: %v, %d bytes", accepted, w.Header(), w.Body.Len())
		}
	}
	if w := ask(t, h, "/docs/assets/docs.css"); w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("without a version: Cache-Control %q", w.Header().Get("Cache-Control"))
	}
	if w := ask(t, h, "/docs/assets/README.md"); w.Code != http.StatusNotFound {
		t.Errorf("README.md: status %d", w.Code)
	}
}

func TestDocs_SayWhatIsMissingFromABuildWithoutTheViewers(t *testing.T) {
	t.Parallel()
	bare := fstest.MapFS{}
	for _, pattern := range []string{"docs/assets/*"} {
		names, _ := fs.Glob(docsFiles, pattern)
		for _, name := range names {
			body, err := fs.ReadFile(docsFiles, name)
			if err != nil {
				t.Fatal(err)
			}
			bare[name] = &fstest.MapFile{Data: body}
		}
	}
	a := newDocs(t, false)
	a.docsFrom(bare)
	for path, viewer := range map[string]string{"/docs": "Swagger UI", "/redoc": "ReDoc"} {
		page := ask(t, a.Handler(), path)
		if page.Code != http.StatusOK || !strings.Contains(page.Body.String(),
			viewer+" is fetched by <code>make assets</code>") || strings.Contains(page.Body.String(), "<script") {
			t.Errorf("%s: status %d, body %s", path, page.Code, page.Body)
		}
	}
}

func TestDocs_TheContractIsOpenAPI31(t *testing.T) {
	t.Parallel()
	w := ask(t, newDocs(t, true).Handler(), "/openapi.json")
	var contract struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &contract); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(contract.OpenAPI, "3.1.") || contract.Paths["/api/v1/analyses"]["post"] == nil {
		t.Errorf("openapi %q with %d paths", contract.OpenAPI, len(contract.Paths))
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestDocs_AreNotThereWhenSwitchedOff(t *testing.T) {
	t.Parallel()
	a := newDocs(t, false)
	for _, path := range []string{"/docs", "/redoc", "/openapi.json"} {
		if _, pattern := a.mux.Handler(httptest.NewRequestWithContext(t.Context(), http.MethodGet, path,
			nil)); pattern != "" {
			t.Errorf("%s is served by %q", path, pattern)
		}
	}
	problem := httptest.NewRecorder()
	a.missing(problem, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/nowhere", nil), "")
	if strings.Contains(problem.Body.String(), "listed at /docs") ||
		!strings.Contains(problem.Body.String(), `"type":"/docs/errors#not_found"`) {
		t.Errorf("nothing at an address: %s", problem.Body)
	}
	page := ask(t, a.Handler(), "/docs/errors")
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `id="not_found"`) ||
		regexp.MustCompile(`href="/(docs|redoc|openapi.json)"`).MatchString(page.Body.String()) {
		t.Errorf("what the type of a problem leads to: status %d, %s", page.Code, page.Body)
	}
}

func TestDocs_ShowTheSchemaThatReportsName(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		got := ask(t, newDocs(t, on).Handler(), report.SchemaPath)
		if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/schema+json" ||
			!json.Valid(got.Body.Bytes()) {
			t.Errorf("status %d, %s", got.Code, got.Header().Get("Content-Type"))
		}
	}
}

func TestErrors_ExplainEveryCodeOfTheCatalogue(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, f := range catalogue() {
		listed = append(listed, f.Code)
	}
	if diff := cmp.Diff(codesIn(t, "../fault/catalogue.go"), listed); diff != "" {
		t.Errorf("the fault package's codes (-) and those listed here (+):\n%s", diff)
	}
	page := ask(t, newDocs(t, true).Handler(), "/docs/errors").Body.String()
	for _, e := range explanations() {
		if !strings.Contains(page, `<tr id="`+e.Code+`">`) {
			t.Errorf("the page does not explain %s", e.Code)
		}
	}
}

// codesIn reads the Code of each composite literal in a file, in its order.
func codesIn(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, _ := pair.Key.(*ast.Ident)
		value, _ := pair.Value.(*ast.BasicLit)
		if key != nil && key.Name == "Code" && value != nil {
			code, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, code)
		}
		return true
	})
	return codes
}

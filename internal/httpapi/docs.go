package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/report"
)

// The documentation pages: /docs to try the API, /redoc to read it, /openapi.json, which is
// the contract, and /docs/errors, which explains each code of an error. Everything they need
// is embedded; docs/vendor holds the two viewers, compressed, when `make assets` has run before the build.

//go:embed docs/assets docs/vendor
var docsFiles embed.FS

// docsCSP is the chain's policy with what the viewers cannot do without: inline styles, both;
// a worker of their own making, ReDoc's search; pictures and fonts inside their own files.
const docsCSP = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self' data:; connect-src 'self'; worker-src blob:; form-action 'self'; frame-ancestors 'none'; " +
	"base-uri 'none'"

// errorPage registers the page that the type of every problem leads to, its style, and the schema that every report
// names. It is there without the other pages, too.
func (a *API) errorPage(embedded fs.FS) {
	files := newDocsAssets(embedded)
	a.handle("GET /docs/errors", forReaders, docsHTML(errorsPage(files, a.Docs, explanations())))
	a.handle("GET /docs/assets/{file}", forReaders, http.HandlerFunc(files.serve))
	a.handle("GET "+report.SchemaPath, forReaders, docsAsset{body: report.Schema(), mime: "application/schema+json"})
}

// docs registers the pages that show the contract.
func (a *API) docs() { a.docsFrom(docsFiles) }

func (a *API) docsFrom(embedded fs.FS) {
	files := newDocsAssets(embedded)
	a.handle("GET /docs", forReaders, docsHTML(swaggerPage(files)))
	a.handle("GET /redoc", forReaders, docsHTML(redocPage(files)))
	a.handle("GET /openapi.json", forReaders, a.contract())
}

// docsHTML is a page that is the same for everybody, made once.
func docsHTML(page templ.Component) http.Handler {
	var b bytes.Buffer
	if err := page.Render(context.Background(), &b); err != nil {
		panic(err) // the page and its data are part of the program
	}
	return docsAsset{body: b.Bytes(), mime: "text/html; charset=utf-8", csp: docsCSP}
}

// contract serves the OpenAPI document. It is made at the first request, when every route is there.
func (a *API) contract() http.Handler {
	document := sync.OnceValues(a.OpenAPI)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := document()
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		docsAsset{body: body, mime: "application/json"}.ServeHTTP(w, r)
	})
}

// docsAssets are the files at /docs/assets/, by name.
type docsAssets map[string]docsAsset

// docsAsset is one embedded file or page.
type docsAsset struct {
	body    []byte
	mime    string
	gzipped bool   // body is, and travels so to whoever accepts that
	version string // of a file that is asked for by its version and may then be kept for ever
	csp     string // instead of the chain's
}

func newDocsAssets(files fs.FS) docsAssets {
	all := docsAssets{}
	for _, pattern := range []string{"docs/assets/*", "docs/vendor/*.gz"} {
		names, _ := fs.Glob(files, pattern) // its only error is a malformed pattern
		for _, name := range names {
			body, err := fs.ReadFile(files, name)
			if err != nil {
				panic(err) // embedded
			}
			plain, gzipped := strings.CutSuffix(path.Base(name), ".gz")
			sum := sha256.Sum256(body)
			all[plain] = docsAsset{
				body: body, mime: mime.TypeByExtension(path.Ext(plain)), gzipped: gzipped, version: hex.EncodeToString(sum[:6]),
			}
		}
	}
	return all
}

func (d docsAssets) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return d[name].body == nil })
}

// url is a file's address, which changes with its content.
func (d docsAssets) url(name string) string { return "/docs/assets/" + name + "?v=" + d[name].version }

func (d docsAssets) serve(w http.ResponseWriter, r *http.Request) {
	f, ok := d[r.PathValue("file")]
	if !ok {
		writeProblem(w, r, fault.NotFound)
		return
	}
	f.ServeHTTP(w, r)
}

func (f docsAsset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", "no-cache")
	if f.version != "" && r.URL.Query().Get("v") == f.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if f.csp != "" {
		h.Set("Content-Security-Policy", f.csp)
	}
	body := f.body
	if f.gzipped {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header) {
			h.Set("Content-Encoding", "gzip")
		} else {
			body = f.plain()
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// plain is the body for the few who accept no gzip.
func (f docsAsset) plain() []byte {
	unpack, err := gzip.NewReader(bytes.NewReader(f.body))
	if err != nil {
		panic(err) // embedded
	}
	body, err := io.ReadAll(unpack)
	if err != nil {
		panic(err) // embedded
	}
	return body
}

// acceptsGzip tells whether gzip is named and not refused (RFC 9110, 12.5.3).
func acceptsGzip(h http.Header) bool {
	for coding := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, quality, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.TrimPrefix(strings.TrimSpace(quality), "q=")
			return q == "" || strings.Trim(q, "0.") != ""
		}
	}
	return false
}

package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the packed files
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"time"

	"github.com/repazoo/repazoo/internal/packed"
)

//go:generate go run ../packed/pack.go assets/* assets.zip

// assetsZip are the files of assets/ as the binary has them, packed.
//
//go:embed assets.zip
var assetsZip []byte

// asset is one file of /assets/. Its version is a hash of its content and part of its
// address, so that browsers may keep it for ever.
type asset struct {
	body          []byte
	mime, version string
}

type assets map[string]asset

// embeddedAssets are the console's files.
func embeddedAssets() assets {
	all, files := assets{}, packed.Open(assetsZip)
	names, _ := fs.Glob(files, "*") // its only error is a malformed pattern
	for _, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err) // embedded
		}
		all.add(path.Base(name), body)
	}
	return all
}

func (a assets) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".ico" { // which not every system's table has
		kind = "image/x-icon"
	}
	a[name] = asset{body: body, mime: kind, version: hex.EncodeToString(sum[:6])}
}

// url is a file's address. A name that does not exist is a mistake in a template.
func (a assets) url(name string) string {
	f, ok := a[name]
	if !ok {
		panic("console: there is no asset " + name)
	}
	return "/assets/" + name + "?v=" + f.version
}

// noSuchFile is the problem (RFC 9457) that programs get; nobody looks at a script's 404.
const noSuchFile = `{"type":"/docs/errors#not_found","title":"Not Found","status":404,"detail":"There is no such file.","code":"not_found"}`

func (a assets) serve(w http.ResponseWriter, r *http.Request) {
	f, ok := a[r.PathValue("file")]
	if !ok {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, noSuchFile)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == f.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}

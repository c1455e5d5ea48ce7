package report

import (
	"encoding/json"
	"io"

	_ "embed"

	"github.com/repazoo/repazoo/internal/assess"
)

// SchemaPath is where a server shows the schema of JSON reports. The number is its version: within one, fields are only
// added; whoever takes one away, or changes what one means, begins the next.
const SchemaPath = "/docs/report-1.schema.json"

//go:embed schema/report-1.json
var schema []byte

// Schema is the JSON Schema (2020-12) of what Write writes as JSON.
func Schema() []byte { return schema }

// document is a report that names its schema.
type document struct {
	Schema string `json:"$schema"`
	*assess.Report
}

func writeJSON(w io.Writer, r *assess.Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document{SchemaPath, r})
}

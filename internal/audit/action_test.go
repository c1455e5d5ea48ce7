package audit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/repazoo/repazoo/internal/audit"
)

// A constant that Actions leaves out would be asked for no sentence.
func TestActions_ListsEveryConstantOnce(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "action.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	constants := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			constants += len(spec.Names)
		}
		return true
	})
	seen := map[audit.Action]bool{}
	for _, a := range audit.Actions() {
		if seen[a] {
			t.Errorf("%s is listed twice", a)
		}
		seen[a] = true
	}
	if len(seen) != constants {
		t.Errorf("%d of %d constants are listed", len(seen), constants)
	}
}

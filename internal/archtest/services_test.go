package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever could reach the database through a service would write to tables that are not theirs. So no service has an
// exported field of it, its own or one of an embedded struct.
func TestServices_KeepTheirDatabaseToThemselves(t *testing.T) {
	t.Parallel()
	services := 0
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != "Service" {
				return true
			}
			services++
			for _, shown := range shownFields(spec) {
				t.Errorf("%s: Service shows %s, and its database may be in it", path, shown)
			}
			return true
		})
		return nil
	})
	if err != nil || services < 8 {
		t.Fatalf("%d services were looked at (%v)", services, err)
	}
}

// shownFields are the embedded fields of a struct, and its exported ones of the type *db.DB.
func shownFields(spec *ast.TypeSpec) (shown []string) {
	of, ok := spec.Type.(*ast.StructType)
	if !ok {
		return nil
	}
	for _, field := range of.Fields.List {
		if len(field.Names) == 0 {
			shown = append(shown, "an embedded field")
		}
		for _, name := range field.Names {
			if name.IsExported() && isDB(field.Type) {
				shown = append(shown, name.Name)
			}
		}
	}
	return shown
}

func isDB(e ast.Expr) bool {
	pointer, ok := e.(*ast.StarExpr)
	if !ok {
		return false
	}
	of, ok := pointer.X.(*ast.SelectorExpr)
	return ok && of.Sel.Name == "DB"
}

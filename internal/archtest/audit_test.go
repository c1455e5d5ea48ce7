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

// An action written as a string can't be told from a misspelled one, and no sentence is asked for it.
func TestAudit_ActionsAreItsConstants(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok || !isAuditType(literal.Type) {
				return true
			}
			for _, e := range literal.Elts {
				field, ok := e.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				if _, text := field.Value.(*ast.BasicLit); text && field.Key.(*ast.Ident).Name == "Action" {
					t.Errorf("%s: an action is written as a string", files.Position(field.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isAuditType tells the types of internal/audit whose Action is stored.
func isAuditType(e ast.Expr) bool {
	of, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	in, ok := of.X.(*ast.Ident)
	return ok && in.Name == "audit" && (of.Sel.Name == "Event" || of.Sel.Name == "Refusal")
}

package main

import (
	"io"
	"log"
	"strconv"
	"strings"

	"github.com/securego/gosec/v2"
	"github.com/securego/gosec/v2/rules"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"
)

// tolerated are rules of gosec that cry wolf here.
var tolerated = []string{
	"G104", // unchecked errors: errcheck knows better
	"G115", // integer conversions: too many false alarms
	"G204", // commands with arguments: tools are made of them
	"G702", // the same
	"G304", // files with variable names: every file that is configured
}

// gosecAnalyzer runs gosec's rules on one package.
var gosecAnalyzer = &analysis.Analyzer{
	Name: "gosec",
	Doc:  "reports what endangers security",
	Run: func(pass *analysis.Pass) (any, error) {
		g := gosec.NewAnalyzer(gosec.NewConfig(), false, false, false, 1, log.New(io.Discard, "", 0))
		definitions := rules.Generate(false, rules.NewRuleFilter(true, tolerated...))
		g.LoadRules(definitions.RulesInfo())
		g.CheckRules(&packages.Package{
			Name: pass.Pkg.Name(), PkgPath: pass.Pkg.Path(), Fset: pass.Fset,
			Syntax: pass.Files, Types: pass.Pkg, TypesInfo: pass.TypesInfo,
		})
		issues, _, _ := g.Report()
		for _, i := range issues {
			line, _ := strconv.Atoi(strings.Split(i.Line, "-")[0])
			for _, f := range pass.Files {
				if file := pass.Fset.File(f.Pos()); file.Name() == i.File && line > 0 && line <= file.LineCount() {
					pass.Reportf(file.LineStart(line), "%s: %s", i.RuleID, i.What)
				}
			}
		}
		return nil, nil
	},
}

// Command lint finds mistakes that the compiler accepts: what go vet finds by itself, and more. It is a tool of
// go vet:
//
//	go vet -vettool=bin/lint ./...
//
// so one pass over every package does for both, and it reads the packages that the tests have compiled already, looks
// at several at once, and looks again only at what has changed. The analyzers are libraries; this file is their list,
// which builds in a fraction of the time of a program that has all of them. Only analyzers that find mistakes or old
// ways are in it; taste is left to the reader.
//
// A finding that is meant is answered on its line, with a reason:
//
//	x := y //nolint:gosec // why
package main

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"4d63.com/gocheckcompilerdirectives/checkcompilerdirectives"
	"codeberg.org/polyfloyd/go-errorlint/errorlint"
	makezero "github.com/ashanbrown/makezero/v2/pkg/analyzer"
	"github.com/breml/bidichk/pkg/bidichk"
	"github.com/breml/errchkjson"
	"github.com/charithe/durationcheck"
	"github.com/curioswitch/go-reassign"
	"github.com/gordonklaus/ineffassign/pkg/ineffassign"
	"github.com/gostaticanalysis/nilerr"
	"github.com/kisielk/errcheck/errcheck"
	"github.com/ldez/exptostd"
	"github.com/moricho/tparallel"
	"github.com/nishanths/predeclared/passes/predeclared"
	"github.com/sanposhiho/wastedassign/v2"
	usestdlibvars "github.com/sashamelentyev/usestdlibvars/pkg/analyzer"
	"github.com/sonatard/noctx"
	"github.com/timakin/bodyclose/passes/bodyclose"
	"go.augendre.info/fatcontext/pkg/analyzer"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/appends"
	"golang.org/x/tools/go/analysis/passes/asmdecl"
	"golang.org/x/tools/go/analysis/passes/assign"
	"golang.org/x/tools/go/analysis/passes/atomic"
	"golang.org/x/tools/go/analysis/passes/bools"
	"golang.org/x/tools/go/analysis/passes/buildtag"
	"golang.org/x/tools/go/analysis/passes/cgocall"
	"golang.org/x/tools/go/analysis/passes/composite"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/defers"
	"golang.org/x/tools/go/analysis/passes/directive"
	"golang.org/x/tools/go/analysis/passes/errorsas"
	"golang.org/x/tools/go/analysis/passes/framepointer"
	"golang.org/x/tools/go/analysis/passes/hostport"
	"golang.org/x/tools/go/analysis/passes/httpresponse"
	"golang.org/x/tools/go/analysis/passes/ifaceassert"
	"golang.org/x/tools/go/analysis/passes/loopclosure"
	"golang.org/x/tools/go/analysis/passes/lostcancel"
	"golang.org/x/tools/go/analysis/passes/modernize"
	"golang.org/x/tools/go/analysis/passes/nilfunc"
	"golang.org/x/tools/go/analysis/passes/printf"
	"golang.org/x/tools/go/analysis/passes/shift"
	"golang.org/x/tools/go/analysis/passes/sigchanyzer"
	"golang.org/x/tools/go/analysis/passes/slog"
	"golang.org/x/tools/go/analysis/passes/stdmethods"
	"golang.org/x/tools/go/analysis/passes/stdversion"
	"golang.org/x/tools/go/analysis/passes/stringintconv"
	"golang.org/x/tools/go/analysis/passes/structtag"
	"golang.org/x/tools/go/analysis/passes/testinggoroutine"
	"golang.org/x/tools/go/analysis/passes/tests"
	"golang.org/x/tools/go/analysis/passes/timeformat"
	"golang.org/x/tools/go/analysis/passes/unmarshal"
	"golang.org/x/tools/go/analysis/passes/unreachable"
	"golang.org/x/tools/go/analysis/passes/unsafeptr"
	"golang.org/x/tools/go/analysis/passes/unusedresult"
	"golang.org/x/tools/go/analysis/passes/waitgroup"
	"golang.org/x/tools/go/analysis/unitchecker"
	"honnef.co/go/tools/analysis/facts/deprecated"
	"honnef.co/go/tools/simple"
	"honnef.co/go/tools/staticcheck"
	"honnef.co/go/tools/unused"
)

const module = "github.com/repazoo/repazoo"

// lenient are analyzers that do not look at tests, where a mistake of their kind fails the test.
var lenient = []string{"bodyclose", "errcheck", "errchkjson", "gosec", "noctx"}

func main() {
	if arg := os.Args[len(os.Args)-1]; strings.HasSuffix(arg, ".cfg") && isDependency(arg) {
		unitchecker.Main(deprecated.Analyzer) // what is deprecated there is a finding here
	}
	unitchecker.Main(list()...)
}

// isDependency tells whether go vet asks only for facts about a package that is not ours.
func isDependency(config string) bool {
	text, err := os.ReadFile(config)
	var c struct{ ImportPath string }
	return err == nil && json.Unmarshal(text, &c) == nil && c.ImportPath != module &&
		!strings.HasPrefix(c.ImportPath, module+"/")
}

func list() []*analysis.Analyzer {
	all := []*analysis.Analyzer{
		analyzer.NewAnalyzer(), // fatcontext
		bidichk.NewAnalyzer(),
		bodyclose.Analyzer,
		checkcompilerdirectives.Analyzer(),
		durationcheck.Analyzer,
		errcheck.Analyzer,
		safeJSON(),
		errorlint.NewAnalyzer(),
		exptostd.NewAnalyzer(),
		ineffassign.Analyzer,
		makezero.NewAnalyzer(),
		nilerr.Analyzer,
		noctx.Analyzer,
		predeclared.Analyzer,
		reassign.NewAnalyzer(),
		tparallel.Analyzer,
		usestdlibvars.New(),
		wastedassign.Analyzer,
		gosecAnalyzer,
		unusedAnalyzer,
	}
	all = append(all, vet()...)
	all = append(all, modernize.Suite...)
	for _, a := range staticcheck.Analyzers {
		all = append(all, a.Analyzer)
	}
	for _, a := range simple.Analyzers {
		all = append(all, a.Analyzer)
	}
	for i, a := range all {
		all[i] = quiet(a)
	}
	return all
}

// vet are the analyzers of go vet itself, which does not run them when it is given a tool.
func vet() []*analysis.Analyzer {
	return []*analysis.Analyzer{
		appends.Analyzer,
		asmdecl.Analyzer,
		assign.Analyzer,
		atomic.Analyzer,
		bools.Analyzer,
		buildtag.Analyzer,
		cgocall.Analyzer,
		composite.Analyzer,
		copylock.Analyzer,
		defers.Analyzer,
		directive.Analyzer,
		errorsas.Analyzer,
		framepointer.Analyzer,
		httpresponse.Analyzer,
		hostport.Analyzer,
		ifaceassert.Analyzer,
		loopclosure.Analyzer,
		lostcancel.Analyzer,
		nilfunc.Analyzer,
		printf.Analyzer,
		shift.Analyzer,
		sigchanyzer.Analyzer,
		slog.Analyzer,
		stdmethods.Analyzer,
		stdversion.Analyzer,
		stringintconv.Analyzer,
		structtag.Analyzer,
		tests.Analyzer,
		testinggoroutine.Analyzer,
		timeformat.Analyzer,
		unmarshal.Analyzer,
		unreachable.Analyzer,
		unsafeptr.Analyzer,
		unusedresult.Analyzer,
		waitgroup.Analyzer,
	}
}

// safeJSON does not mind that the error of what always encodes is looked at.
func safeJSON() *analysis.Analyzer {
	a := errchkjson.NewAnalyzer()
	if err := a.Flags.Set("omit-safe", "true"); err != nil {
		panic(err)
	}
	return a
}

// quiet is the analyzer without the findings that are meant.
func quiet(a *analysis.Analyzer) *analysis.Analyzer {
	own := *a
	own.Requires = append(slices.Clone(a.Requires), answers)
	own.Run = func(pass *analysis.Pass) (any, error) {
		ours := *pass
		known := pass.ResultOf[answers].(*answered)
		ours.Report = func(d analysis.Diagnostic) {
			at := pass.Fset.Position(d.Pos)
			covers := func(n nolint) bool { return n.covers(a.Name, at) }
			if known.generated[at.Filename] || skips(pass, a.Name, at) || slices.ContainsFunc(known.meant, covers) {
				return
			}
			d.Message = a.Name + ": " + d.Message
			d.SuggestedFixes = nil
			pass.Report(d)
		}
		return a.Run(&ours)
	}
	return &own
}

// answered is what needs no finding in a package.
type answered struct {
	meant     []nolint
	generated map[string]bool
}

// answers reads a package once for all analyzers.
var answers = &analysis.Analyzer{
	Name:             "answers",
	Doc:              "answers finds the comments that answer findings, and the generated files",
	RunDespiteErrors: true,
	ResultType:       reflect.TypeFor[*answered](),
	Run: func(pass *analysis.Pass) (any, error) {
		return &answered{meant: nolints(pass), generated: generatedFiles(pass)}, nil
	},
}

// generatedFiles are made by other programs, whose taste nobody can change here.
func generatedFiles(pass *analysis.Pass) map[string]bool {
	generated := map[string]bool{}
	for _, f := range pass.Files {
		generated[pass.Fset.Position(f.Package).Filename] = ast.IsGenerated(f)
	}
	return generated
}

// forTests are files of tests, and of packages that only tests import.
var forTests = regexp.MustCompile(`(_test\.go|test/[^/]+\.go)$`)

// unchecked are calls whose error says nothing that could be acted upon.
var unchecked = regexp.MustCompile(`\b(Close|Flush|os\.Remove(All)?|\w*[pP]rint(f|ln)?|os\.(Uns|S)etenv)$`)

// skips tells whether a finding is none here; errcheck's stand at the parenthesis of the call.
func skips(pass *analysis.Pass, name string, at token.Position) bool {
	if forTests.MatchString(at.Filename) && slices.Contains(lenient, name) {
		return true
	}
	if name != "errcheck" {
		return false
	}
	text, err := pass.ReadFile(at.Filename)
	return err == nil && at.Offset <= len(text) && unchecked.Match(text[max(0, at.Offset-80):at.Offset])
}

// nolint is a comment that answers findings of its lines.
type nolint struct {
	file        string
	first, last int
	names       []string // empty for all
}

func (n nolint) covers(name string, at token.Position) bool {
	return at.Filename == n.file && n.first <= at.Line && at.Line <= n.last &&
		(len(n.names) == 0 || slices.Contains(n.names, name) ||
			slices.Contains(n.names, "staticcheck") && regexp.MustCompile(`^S[AT]?\d`).MatchString(name))
}

// nolints finds the comments of a package. One that stands on the first line of a declaration or a
// statement answers for all of it.
func nolints(pass *analysis.Pass) (all []nolint) {
	for _, f := range pass.Files {
		last := map[int]int{}
		ast.Inspect(f, func(n ast.Node) bool {
			if n != nil {
				from, to := pass.Fset.Position(n.Pos()).Line, pass.Fset.Position(n.End()).Line
				if _, ok := n.(*ast.File); !ok {
					last[from] = max(last[from], to)
				}
			}
			return true
		})
		for _, group := range f.Comments {
			for _, c := range group.List {
				rest, ok := strings.CutPrefix(c.Text, "//nolint")
				if !ok {
					continue
				}
				at := pass.Fset.Position(c.Pos())
				n := nolint{file: at.Filename, first: at.Line, last: max(at.Line, last[at.Line])}
				if names, ok := strings.CutPrefix(rest, ":"); ok {
					names, _, _ = strings.Cut(names, " ")
					n.names = strings.Split(names, ",")
				}
				all = append(all, n)
			}
		}
	}
	return all
}

// unusedAnalyzer reports what unused finds; it leaves that to whoever runs it.
var unusedAnalyzer = &analysis.Analyzer{
	Name:     "unused",
	Doc:      "reports what nothing uses",
	Requires: []*analysis.Analyzer{unused.Analyzer.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		for _, o := range pass.ResultOf[unused.Analyzer.Analyzer].(unused.Result).Unused {
			for _, f := range pass.Files {
				file := pass.Fset.File(f.Pos())
				if file.Name() == o.Position.Filename && o.Position.Line <= file.LineCount() {
					pass.Reportf(file.LineStart(o.Position.Line), "%s %s is unused", o.Kind, o.Name)
				}
			}
		}
		return nil, nil
	},
}

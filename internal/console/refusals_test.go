package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// offPages are where refusals are written that no page shows: commands, their checks, and what only the API answers.
var offPages = []string{
	"app", "sandbox", "backup", "eval", "keyring", "limit", "vault", "report", "billing/doctor.go", "billing/inbox.go",
	"billing/stripeapi/account.go", "account/keyauth.go", "account/refresh.go", "account/redirect.go", "assess/draft.go",
	"httpapi/guesses.go", "httpapi/contract_account.go", "httpapi/contract_analyses.go", "httpapi/keys.go", "httpapi/signin.go", "httpapi/contract.go",
	"account/signin.go", // of these a page says what their code means
}

// apiAlone are the other sentences that only the API answers.
var apiAlone = []string{
	"The file cannot be opened. Check that it exists and that you may read it.",
	"Send the archive as multipart/form-data, in the field file.",
	`must be "user" or "admin"`,
	"must be at most 200 characters", // an idempotency key; those of pages are short
	"could not be read",
	"There is nothing at this address. It may have been deleted, or the link is not whole; the API's addresses are listed " +
		"at /docs.",
	"The payment method must be an id from Stripe that begins with pm_.", "The return address must be a path of this site.",
	"Your plan and every session have ended, and all that is kept about you is being erased. It takes a few minutes at most.",
	"That was too much at once. Wait , and try again.", // a page says refuse.wait
	"The owner ended their access at once.",            // to Stripe
	"{} Incident {}.",                                  // a page gives the request's id
}

// What a service refuses with words of its own is said in every language: its sentence, and what is wrong with a field.
func TestRefusals_OfTheServicesStandInTheCatalogue(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, shape := range words.For(words.English).Shapes("refuse.") {
		known[shape] = true
		known[strings.TrimSuffix(shape, " Ask X for a new archive, and give the .zip exactly as you downloaded it.")] = true
	}
	n := 0
	for _, r := range refusals(t) {
		_, back := english().Recall("refuse.", r.shape)
		if strings.HasPrefix(r.shape, "Repazoo may ") || strings.HasPrefix(r.shape, "While a schedule ") ||
			strings.HasPrefix(r.shape, "What your own X posts") {
			continue // what is agreed to, and what the API is
		}
		if n++; !known[r.shape] && !back && forPerson(r.shape) == "" && !slices.Contains(apiAlone, r.shape) {
			t.Errorf("%s: the catalogue lacks %q", r.where, r.shape)
		}
		if r.field != "" && !english().Has("refuse.field."+r.field) {
			t.Errorf("%s: the catalogue has no name for the field %s", r.where, r.field)
		}
	}
	if n < 150 {
		t.Errorf("only %d refusals were found", n)
	}
}

// refusedAt is a refusal as it stands in the program, with {} for each value.
type refusedAt struct{ where, shape, field string }

// refusals are those of services that pages show, whose words stand where they are refused.
func refusals(t *testing.T) (all []refusedAt) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		inside := strings.TrimPrefix(path, "../")
		off := slices.ContainsFunc(offPages, func(p string) bool { return inside == p || strings.HasPrefix(inside, p+"/") })
		if err != nil || d.IsDir() || off || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasSuffix(path, "_templ.go") {
			return err
		}
		files := token.NewFileSet()
		tree, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			for _, r := range refusalsAt(n) {
				if strings.Trim(r.shape, "{} .") != "" {
					r.where = files.Position(n.Pos()).String()
					all = append(all, r)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// refusalsAt are those that stand at a place of the program: in a call that refuses, or as a sentence that is returned
// or has a name, for such a call.
func refusalsAt(n ast.Node) (all []refusedAt) {
	var named []ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		all = append(all, refusal(n))
		if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "refuse" {
			named = n.Args
		}
	case *ast.ReturnStmt:
		named = n.Results
	case *ast.ValueSpec:
		named = n.Values
	case *ast.AssignStmt:
		named = n.Rhs
	}
	for _, e := range named {
		if shape := verb.ReplaceAllString(folded(e), "{}"); sentence.MatchString(shape) {
			all = append(all, refusedAt{shape: shape})
		}
	}
	return all
}

// sentence is a text that is told to somebody.
var sentence = regexp.MustCompile(`^[A-Z][^\n]*( [^\n ]+){3,}\.$`)

// refusal reads a call of Saying, or one of At upon a fault that says nothing else: only that is shown with its fields.
func refusal(call *ast.CallExpr) (r refusedAt) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	switch {
	case !ok:
	case f.Sel.Name == "Saying" && len(call.Args) > 0:
		r.shape = verb.ReplaceAllString(folded(call.Args[0]), "{}")
	case f.Sel.Name == "At" && len(call.Args) == 2:
		if on, ok := f.X.(*ast.SelectorExpr); !ok || on.Sel.Name != "ValidationFailed" {
			return r
		}
		at := folded(call.Args[0])
		if strings.HasSuffix(at, ".") { // the name of a field of a page's form, which its callers give
			at += "days"
		}
		if r.field = at[strings.LastIndexByte(at, '.')+1:]; strings.HasPrefix(at, "header.") || r.field == "role" {
			r.field = ""
		}
		r.shape = verb.ReplaceAllString(folded(call.Args[1]), "{}")
		if last, ok := call.Args[1].(*ast.BinaryExpr); ok && folded(last.Y) == "" {
			r.shape += "{}"
		}
	}
	return r
}

// Whoever reads German is told in German what is wrong, also within a sentence and beside a field.
func TestRefusals_AreSaidWholeInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language string
		f        *fault.Fault
		want     string
	}{
		{"de", fault.ArchiveUnreadable.Saying("No post could be read. 2 entries of tweets.js were skipped: broken JSON. Ask " +
			"X for a new archive, and give the .zip exactly as you downloaded it."), "Kein Beitrag war lesbar. 2 Einträge von " +
			"tweets.js wurden übersprungen: fehlerhaftes JSON. Fordern Sie bei X ein neues Archiv an und geben Sie die " +
			"Zip-Datei genau so, wie Sie sie heruntergeladen haben."},
		{"es", fault.Conflict.Saying("This analysis failed, so there is no report: %s", "X took too long to answer. Try "+
			"again in a few minutes."), "Este análisis ha fallado, así que no hay informe: X ha tardado demasiado en " +
			"responder. Inténtelo de nuevo en unos minutos."},
		{
			"en", fault.ValidationFailed.Saying("Agree first: send consent=true. The text you agree to: ..."),
			"Agree first: tick the box.",
		},
		{"en", fault.ValidationFailed.At("body.max_cost_cents", "must be at least 1"), "Ceiling: must be at least 1"},
		{"de", fault.ValidationFailed.At("body.max_cost_cents", "must be at least 1"), "Obergrenze: mindestens 1"},
		{"es", fault.ValidationFailed.At("body.expires_in_days", "must be 1 to 365"), "Validez: de 1 a 365"},
		{
			"de", fault.ValidationFailed.At("body.weekday", "must be 0 (Sunday) to 6 (Saturday)"),
			"Wochentag: ein Tag von Sonntag bis Samstag",
		},
		{
			"es", fault.ValidationFailed.At("query.cursor", "use next_cursor of an earlier answer, unchanged"),
			"Página de la lista: no existe en esta lista: empiece por el principio",
		},
		{"de", fault.ValidationFailed.At("body.new_thing", "must be new"), "new_thing: dieser Wert ist nicht zu gebrauchen"},
	} {
		l := tongue{words.For(c.language)}
		got := l.sentence(c.f)
		if len(c.f.Fields) > 0 {
			got = l.details(c.f)[0]
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.language, got, c.want)
		}
	}
}

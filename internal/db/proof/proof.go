// Package proof says who may do what with every table, as the database itself tells it.
//
//	p, err := proof.Of(ctx, d)
//	p.Write(os.Stdout)      // the matrix of tables, roles and verbs, for a person
//	len(p.Faults) == 0      // and what is off, in sentences
//
// On Postgres everything is read from the catalogue: which rights a role has on a table,
// which rows the policies leave of them, and what functions, views and roles could do
// beside them. A table that somebody adds without policies is a fault by itself. SQLite has
// no roles; there the proof is what does hold: strict tables, references, the append-only
// audit log.
package proof

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/repazoo/repazoo/internal/db"
)

// Verb is something to do with the rows of a table.
type Verb int

// The verbs.
const (
	Read Verb = iota
	Add
	Change
	Delete
)

var (
	verbNames = [...]string{"read", "add", "change", "delete"}
	verbSQL   = [...]string{"SELECT", "INSERT", "UPDATE", "DELETE"}
)

// Scope is how many rows a verb reaches.
type Scope int

// The scopes: no row, the rows of the user who asks, every row.
const (
	None Scope = iota
	Own
	All
)

// Roles are the roles of the matrix, in the order of its columns.
func Roles() []string { return []string{"anon", "authenticated", "repazoo_user", "service_role"} }

// Table is one line of the matrix.
type Table struct {
	Name   string
	Forced bool               // policies bind everybody, its owner too
	Queue  bool               // of the job queue or of the migrations, for the service role alone
	Access map[string][]Scope // by role, one for each verb; empty on SQLite
}

// Proof is what was found.
type Proof struct {
	Engine string
	Tables []Table
	Holds  []string // what else is true when there is no fault, in sentences
	Faults []string // what is off, in sentences
}

// Of reads the proof from a database whose schema is up to date.
func Of(ctx context.Context, d *db.DB) (*Proof, error) {
	p := &Proof{Engine: d.Name()}
	steps := []func(context.Context, *db.DB) error{p.sqliteTables, p.sqliteRules}
	if p.Engine == "postgres" {
		steps = []func(context.Context, *db.DB) error{p.tables, p.views, p.columns, p.triggers, p.roles, p.functions}
	}
	for _, step := range steps {
		if err := step(ctx, d); err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
	}
	slices.Sort(p.Faults)
	return p, nil
}

func (p *Proof) fault(format string, args ...any) {
	p.Faults = append(p.Faults, fmt.Sprintf(format, args...))
}

func (p *Proof) holds(format string, args ...any) {
	p.Holds = append(p.Holds, fmt.Sprintf(format, args...))
}

// Write prints the proof for a person.
func (p *Proof) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if p.Engine == "postgres" {
		fmt.Fprintln(t, "table\tpolicies\t"+strings.Join(Roles(), "\t"))
	}
	for _, table := range p.Tables {
		fmt.Fprintln(t, table.line())
	}
	fmt.Fprintln(t)
	if err := t.Flush(); err != nil {
		return err
	}
	if len(p.Faults) == 0 {
		return p.write(w, "holds", p.Holds)
	}
	return p.write(w, "FAULT", p.Faults)
}

func (p *Proof) write(w io.Writer, mark string, sentences []string) error {
	for _, sentence := range sentences {
		if _, err := fmt.Fprintf(w, "%s: %s\n", mark, sentence); err != nil {
			return err
		}
	}
	return nil
}

func (t Table) line() string {
	cells := []string{t.Name}
	if len(t.Access) > 0 {
		cells = append(cells, t.binding())
	}
	for _, role := range Roles() {
		if scopes, ok := t.Access[role]; ok {
			cells = append(cells, words(scopes))
		}
	}
	return strings.Join(cells, "\t")
}

func (t Table) binding() string {
	switch {
	case t.Forced:
		return "forced"
	case t.Queue:
		return "(queue)"
	}
	return "NONE"
}

// words says what scopes allow, such as "read own, change own".
func words(scopes []Scope) string {
	var found []string
	for _, s := range []struct {
		scope Scope
		name  string
	}{{Own, "own"}, {All, "all"}} {
		var verbs []string
		for v, scope := range scopes {
			if scope == s.scope {
				verbs = append(verbs, verbNames[v])
			}
		}
		if verbs != nil {
			found = append(found, strings.Join(verbs, " ")+" "+s.name)
		}
	}
	if found == nil {
		return "-"
	}
	return strings.Join(found, ", ")
}

// judge compares a table's line with what each role may have at most.
func (p *Proof) judge(t Table) {
	if !t.Forced && !t.Queue {
		p.fault("%s: row-level security is not forced: enable it, force it, and give the table policies", t.Name)
	}
	for role, most := range map[string][]Scope{
		"anon":          {None, None, None, None},
		"authenticated": {Own, None, None, None},
		"repazoo_user":  {Own, Own, Own, Own},
	} {
		for v, scope := range t.Access[role] {
			if t.Queue && scope > None || scope > most[v] {
				p.fault("%s: %s may %s %s rows", t.Name, role, verbNames[v], [...]string{"no", "own", "all"}[scope])
			}
		}
	}
	switch service := t.Access["service_role"]; {
	case service[Read] != All:
		p.fault("%s: service_role cannot read it: give it a grant and a policy", t.Name)
	case t.Name == auditLog && service[Delete] != None:
		p.fault("%s: service_role may delete lines, and it must be append-only", t.Name)
	}
}

const auditLog = "audit_log"

func isQueue(table string) bool {
	return strings.HasPrefix(table, "river_") || table == "goose_db_version"
}

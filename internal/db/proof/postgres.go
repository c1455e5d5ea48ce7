package proof

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/db"
)

// tables reads rights and policies, and works out the rows they leave together.
func (p *Proof) tables(ctx context.Context, d *db.DB) error {
	rights, err := readRights(ctx, d)
	if err != nil {
		return err
	}
	policies, err := readPolicies(ctx, d)
	if err != nil {
		return err
	}
	bypass, err := db.Read(ctx, d, db.System, db.Value[string], `SELECT rolname FROM pg_roles
		WHERE rolname IN ('anon', 'authenticated', 'repazoo_user', 'service_role') AND (rolsuper OR rolbypassrls)`)
	if err != nil {
		return err
	}
	p.Tables, err = db.Read(ctx, d, db.System, func(r db.Rows, t *Table) error { return r.Scan(&t.Name, &t.Forced) }, `
		SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname`)
	for i := range p.Tables {
		t := &p.Tables[i]
		t.Queue, t.Access = isQueue(t.Name), map[string][]Scope{}
		for _, role := range Roles() {
			for v := Read; v <= Delete; v++ {
				scope := None
				if rights[right{t.Name, role, verbSQL[v]}] {
					scope = p.scope(*t, role, v, policies[t.Name], bypass)
				}
				t.Access[role] = append(t.Access[role], scope)
			}
		}
		p.judge(*t)
	}
	return err
}

type right struct{ table, role, verb string }

// readRights counts a right on a single column as a right on the table.
func readRights(ctx context.Context, d *db.DB) (map[right]bool, error) {
	all, err := db.Read(ctx, d, db.System, func(r db.Rows, v *right) error { return r.Scan(&v.table, &v.role, &v.verb) }, `
		SELECT c.relname, r.rolname, v.verb
		FROM pg_class c, pg_roles r, (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) v (verb)
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
			AND r.rolname IN ('anon', 'authenticated', 'repazoo_user', 'service_role')
			AND (has_table_privilege(r.oid, c.oid, v.verb) OR v.verb <> 'DELETE'
				AND has_any_column_privilege(r.oid, c.oid, v.verb))`)
	found := make(map[right]bool, len(all))
	for _, r := range all {
		found[r] = true
	}
	return found, err
}

// policy is a permissive policy; restrictive ones only take rows away.
type policy struct{ table, name, roles, command, using, check string }

func readPolicies(ctx context.Context, d *db.DB) (map[string][]policy, error) {
	all, err := db.Read(ctx, d, db.System, func(r db.Rows, v *policy) error {
		return r.Scan(&v.table, &v.name, &v.roles, &v.command, &v.using, &v.check)
	}, `SELECT tablename, policyname, array_to_string(roles::text[], ','), cmd, COALESCE(qual, ''), COALESCE(with_check,
		qual, '')
		FROM pg_policies WHERE schemaname = current_schema() AND permissive = 'PERMISSIVE' ORDER BY tablename, policyname`)
	found := map[string][]policy{}
	for _, v := range all {
		found[v.table] = append(found[v.table], v)
	}
	return found, err
}

// scope is what policies leave of a right.
func (p *Proof) scope(t Table, role string, v Verb, policies []policy, bypass []string) Scope {
	if !t.Forced || slices.Contains(bypass, role) {
		return All
	}
	widest := None
	for _, pol := range policies {
		roles := strings.Split(pol.roles, ",")
		if !slices.Contains(roles, role) && !slices.Contains(roles, "public") || pol.command != "ALL" &&
			pol.command != verbSQL[v] {
			continue
		}
		for _, rule := range pol.rules(v) {
			widest = max(widest, reach(t.Name, rule))
		}
	}
	return widest
}

// rules are the conditions a policy puts on a verb.
func (pol policy) rules(v Verb) []string {
	switch v {
	case Add:
		return []string{pol.check}
	case Change:
		return []string{pol.using, pol.check}
	}
	return []string{pol.using}
}

// own is the one condition that is taken for "the rows of the user who asks".
var own = regexp.MustCompile(`^\((id|user_id) = \( SELECT auth\.uid\(\) AS uid\)\)$`)

// reach reads a condition. What it does not know may let everything through.
func reach(table, condition string) Scope {
	m := own.FindStringSubmatch(condition)
	if m != nil && (m[1] == "id") == (table == "users") {
		return Own
	}
	return All
}

// list reads one column of text and makes each a fault.
func (p *Proof) list(ctx context.Context, d *db.DB, sentence, query string) error {
	names, err := db.Read(ctx, d, db.System, db.Value[string], query)
	for _, name := range names {
		p.fault(sentence, name)
	}
	return err
}

// views look at tables with the eyes of their owner unless they are told not to.
func (p *Proof) views(ctx context.Context, d *db.DB) error {
	return p.list(ctx, d, "%s: a view that does not ask on behalf of who reads it: create it WITH (security_invoker = "+
		"true), and no materialized view", `
		SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
			AND (relkind = 'm' OR relkind = 'v' AND NOT COALESCE('security_invoker=true' = ANY(reloptions), false))
				ORDER BY relname`)
}

// columns that no person may read with their own token.
func (p *Proof) columns(ctx context.Context, d *db.DB) error {
	p.holds("authenticated reads no column of bytes and no hash")
	return p.list(ctx, d, "%s: authenticated may read this column, which holds bytes or a hash", `
		SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
			AND NOT a.attisdropped
			AND (a.atttypid = 'bytea'::regtype OR a.attname ~ '(^|_)hash$')
				AND has_column_privilege('authenticated', c.oid, a.attnum, 'SELECT') ORDER BY 1`)
}

// triggers that keep the audit log as it is, whoever asks. In tgtype 2 means before, 8 delete, 16 update, 32 truncate.
func (p *Proof) triggers(ctx context.Context, d *db.DB) error {
	p.holds("the audit log refuses to be changed, deleted from and emptied, but for where an erased person called from")
	if err := p.list(ctx, d, "audit_log: service_role may change %s, and it must be append-only", `
		SELECT a.attname FROM pg_attribute a WHERE a.attrelid = 'audit_log'::regclass AND a.attnum > 0 AND NOT a.attisdropped
			AND a.attname NOT IN ('ip', 'user_agent', 'request_id')
				AND has_column_privilege('service_role', a.attrelid, a.attnum, 'UPDATE') ORDER BY 1`); err != nil {
		return err
	}
	return p.list(ctx, d, "audit_log: no trigger refuses %s", `
		SELECT v.what FROM (VALUES ('DELETE', 8), ('UPDATE', 16), ('TRUNCATE', 32)) v (what, bit)
		WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'audit_log'::regclass AND t.tgtype & 2 <> 0
			AND t.tgtype & v.bit <> 0 AND t.tgenabled IN ('O', 'A'))
		ORDER BY 1`)
}

// roles that could step around the policies. Supabase's own service_role bypasses them by design.
func (p *Proof) roles(ctx context.Context, d *db.DB) error {
	p.holds("neither this login nor a role of requests is a superuser, bypasses policies, or can become the service role")
	for sentence, query := range map[string]string{ //nolint:gosec // names of roles, no credentials
		"the role %s does not exist": `
			SELECT v.name FROM (VALUES ('anon'), ('authenticated'), ('repazoo_user'), ('service_role')) v (name)
			WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v.name) ORDER BY 1`,
		"the role %s is a superuser or bypasses row-level security": `
			SELECT rolname FROM pg_roles WHERE rolsuper AND rolname = 'service_role'
				OR (rolsuper OR rolbypassrls) AND rolname IN ('anon', 'authenticated', 'repazoo_user') ORDER BY 1`,
		"the login %s is a superuser or bypasses row-level security: connect as another (see docs/database.md)": `
			SELECT rolname FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolbypassrls)`,
		"somebody can sign in as the role %s": `
			SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname = 'repazoo_user'`,
		"the role %s": `
			SELECT r.rolname || ' can become ' || m.rolname FROM pg_roles r, pg_roles m
			WHERE r.rolname IN ('anon', 'authenticated', 'repazoo_user')
				AND m.rolname IN ('authenticated', 'repazoo_user', 'service_role')
				AND r.oid <> m.oid AND pg_has_role(r.oid, m.oid, 'MEMBER') ORDER BY 1`,
	} {
		if err := p.list(ctx, d, sentence, query); err != nil {
			return err
		}
	}
	return nil
}

// functions that could be made to run something else, or be run by anybody. Those of extensions, and of Supabase, are
// theirs.
func (p *Proof) functions(ctx context.Context, d *db.DB) error {
	p.holds("every function has a search_path of its own or is plain SQL with the caller's rights, and is closed to " +
		"PUBLIC")
	const ours = `FROM pg_proc f JOIN pg_language l ON l.oid = f.prolang JOIN pg_roles o ON o.oid = f.proowner
		WHERE (f.pronamespace = current_schema()::regnamespace OR f.oid = to_regprocedure('auth.uid()'))
			AND o.rolname NOT LIKE 'supabase%'
			AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = f.oid
				AND e.deptype = 'e') `
	err := p.list(ctx, d, "%s: a function without a search_path of its own", `SELECT f.oid::regprocedure::text `+ours+`
		AND NOT EXISTS (SELECT FROM unnest(f.proconfig) s WHERE s LIKE 'search_path=%')
			AND (f.prosecdef OR l.lanname <> 'sql') ORDER BY 1`)
	if err != nil {
		return err
	}
	return p.list(ctx, d, "%s: PUBLIC may run this function", `SELECT f.oid::regprocedure::text `+ours+`
		AND has_function_privilege('public', f.oid, 'EXECUTE') ORDER BY 1`)
}

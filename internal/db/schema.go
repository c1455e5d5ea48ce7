package db

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// A PostgreSQL database may belong to other programs too; a project of Supabase has tables of its own. Repazoo's
// tables then stand in a schema of their own, and every connection looks for names there and nowhere else.

const (
	publicSchema = "public"
	ownSchema    = "repazoo" // where ours go when public holds somebody else's
)

// chooseSchema is where our tables are, or else where they go, by the tables of both schemas: beside nobody else's.
func chooseSchema(has map[string][]string) string {
	for _, schema := range []string{ownSchema, publicSchema} {
		if holdsOurs(has[schema]) {
			return schema
		}
	}
	if len(has[publicSchema]) > 0 {
		return ownSchema
	}
	return publicSchema
}

// holdsOurs tells our tables from another program's, which may use the same tool for its migrations.
func holdsOurs(tables []string) bool {
	return slices.Contains(tables, steps) && slices.Contains(tables, "x_accounts") &&
		slices.Contains(tables, "oauth_states")
}

// locate finds the schema of a database, on a connection that nothing was set on. Tables of extensions are nobody's.
func locate(ctx context.Context, c interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
},
) (string, error) {
	rows, err := c.Query(ctx, `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname IN ('`+ownSchema+`', '`+publicSchema+`') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid
				AND e.deptype = 'e')`)
	if err != nil {
		return "", err
	}
	has := map[string][]string{}
	var schema, table string
	_, err = pgx.ForEachRow(rows, []any{&schema, &table}, func() error {
		has[schema] = append(has[schema], table)
		return nil
	})
	return chooseSchema(has), err
}

// makeSchema makes the schema where it is not there yet, once nobody else can be making one. Whoever found the schema
// by looking looks again, because another program may have made its tables in the meantime.
func (p *postgres) makeSchema(ctx context.Context) error {
	if p.found {
		again, err := locate(ctx, p.login)
		if err != nil {
			return err
		}
		if again != p.schema {
			return fmt.Errorf("another program has made tables in this database since we looked: start again, or set "+
				"DATABASE_SCHEMA=%s", again)
		}
	}
	if p.schema == publicSchema {
		return nil
	}
	_, err := p.login.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{p.schema}.Sanitize())
	return err
}

package proof

import (
	"context"

	"github.com/repazoo/repazoo/internal/db"
)

func (p *Proof) sqliteTables(ctx context.Context, d *db.DB) (err error) {
	p.Tables, err = db.Read(ctx, d, db.System, func(r db.Rows, t *Table) error { return r.Scan(&t.Name) },
		`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'river%'
		AND name <> 'goose_db_version' ORDER BY name`)
	return err
}

// sqliteRules are what SQLite can promise instead of policies.
func (p *Proof) sqliteRules(ctx context.Context, d *db.DB) error {
	p.holds("SQLite has no roles and no policies: one process owns the file, and every query names the user whose rows " +
		"it takes")
	p.holds("tables are strict, references are enforced, and the audit log refuses to be changed and deleted from")
	for sentence, query := range map[string]string{
		"%s: the table is not STRICT": `
			SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
				AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'river%' AND name <> 'goose_db_version' ORDER BY name`,
		"audit_log: no trigger refuses %s": `
			SELECT v.column1 FROM (VALUES ('UPDATE'), ('DELETE')) v
			WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_log'
				AND sql LIKE '%BEFORE ' || v.column1 || ' ON audit_log%') ORDER BY 1`,
		"references are not enforced (foreign_keys is " +
			"%s)": `SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys WHERE foreign_keys <> 1`,
		"%s: rows refer to rows that do not " +
			"exist": `SELECT DISTINCT "table" FROM pragma_foreign_key_check ORDER BY 1`,
	} {
		if err := p.list(ctx, d, sentence, query); err != nil {
			return err
		}
	}
	return nil
}

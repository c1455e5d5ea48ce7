package db

import (
	"context"
	"database/sql"
	"sync"
)

// maxPrepared bounds the statements that are kept. The program has fewer; only texts that
// were made for one request, such as lists of ids, could go on for ever.
const maxPrepared = 300

// prepared keeps SQLite's statements parsed, since parsing takes longer than most of them run.
type prepared struct {
	db   *sql.DB
	mu   sync.RWMutex
	kept map[string]*sql.Stmt // by text
}

func (p *prepared) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	s, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return p.db.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// statement is nil when no more are kept.
func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.RLock()
	s, full := p.kept[query], len(p.kept) >= maxPrepared
	p.mu.RUnlock()
	if s != nil || full {
		return s, nil
	}
	s, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.kept[query]; first != nil { // somebody else was quicker
		s.Close()
		return first, nil
	}
	if len(p.kept) >= maxPrepared {
		return nil, s.Close()
	}
	p.kept[query] = s
	return s, nil
}

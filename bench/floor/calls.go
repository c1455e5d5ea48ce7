package main

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

type user struct {
	ID                 string    `json:"id"`
	Name               string    `json:"name"`
	Email              string    `json:"email"`
	Role               string    `json:"role"`
	CreatedAt          time.Time `json:"created_at"`
	Tier               string    `json:"tier"`
	SubscriptionStatus string    `json:"subscription_status"`
	Accounts           int       `json:"accounts"`
}

func (s *server) me(w http.ResponseWriter, r *http.Request, id string) error {
	var u user
	err := s.pool.QueryRow(r.Context(), `
		SELECT u.id, u.name, COALESCE(u.email, ''), u.role, u.created_at, COALESCE(b.tier, 'none'), COALESCE(b.status,
			'none'),
		       (SELECT count(*) FROM x_accounts a WHERE a.user_id = u.id AND a.status <> 'revoked')
		FROM users u LEFT JOIN subscriptions b ON b.user_id = u.id WHERE u.id = $1`, id).
		Scan(&u.ID, &u.Name, &u.Email, &u.Role, &u.CreatedAt, &u.Tier, &u.SubscriptionStatus, &u.Accounts)
	if err == nil {
		answer(w, http.StatusOK, u)
	}
	return err
}

type counter struct {
	Limit     int `json:"limit"`
	Used      int `json:"used"`
	Reserved  int `json:"reserved"`
	Remaining int `json:"remaining"`
}

type usage struct {
	Tier        string    `json:"tier"`
	Status      string    `json:"status"`
	PeriodStart time.Time `json:"period_start"`
	PeriodEnd   time.Time `json:"period_end"`
	Analyses    counter   `json:"analyses"`
	XReads      counter   `json:"x_reads"`
}

func (s *server) usage(w http.ResponseWriter, r *http.Request, id string) error {
	u := usage{Status: "included"}
	err := s.pool.QueryRow(r.Context(), `
		SELECT tier, period_start, period_end, quota, used, reserved, reads_limit, reads_used FROM quota_periods
		WHERE user_id = $1 AND period_start <= $2 ORDER BY period_start DESC LIMIT 1`, id, time.Now()).
		Scan(&u.Tier, &u.PeriodStart, &u.PeriodEnd, &u.Analyses.Limit, &u.Analyses.Used, &u.Analyses.Reserved,
			&u.XReads.Limit, &u.XReads.Used)
	if err == nil {
		u.Analyses.Remaining = u.Analyses.Limit - u.Analyses.Used - u.Analyses.Reserved
		u.XReads.Remaining = u.XReads.Limit - u.XReads.Used
		answer(w, http.StatusOK, u)
	}
	return err
}

type startRequest struct {
	AccountID string `json:"account_id"`
}

type analysis struct {
	ID        string            `json:"id"`
	AccountID string            `json:"account_id"`
	Handle    string            `json:"handle"`
	Purpose   string            `json:"purpose"`
	MaxPosts  int               `json:"max_posts"`
	Tier      string            `json:"tier"`
	Status    string            `json:"status"`
	CreatedAt time.Time         `json:"created_at"`
	Links     map[string]string `json:"links"`

	period time.Time
}

// analyze takes what it must know in the first trip, and writes and commits in the second.
func (s *server) analyze(w http.ResponseWriter, r *http.Request, id string) error {
	var in startRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&in); err != nil {
		return err
	}
	conn, err := s.pool.Acquire(r.Context())
	if err != nil {
		return err
	}
	defer conn.Release() // throws the connection away if it is still inside a transaction
	a := analysis{
		ID: uuid.Must(uuid.NewV7()).String(), AccountID: in.AccountID, Purpose: "personal_reputation", MaxPosts: 3200,
		Status: "queued", CreatedAt: time.Now().UTC(),
	}
	if err := conn.SendBatch(r.Context(), a.take(id)).Close(); err != nil {
		return err
	}
	if err := conn.SendBatch(r.Context(), a.write(id)).Close(); err != nil {
		return err
	}
	a.Links = map[string]string{"self": "/api/v1/analyses/" + a.ID}
	w.Header().Set("Location", a.Links["self"])
	answer(w, http.StatusAccepted, a)
	return nil
}

func (a *analysis) take(user string) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(`BEGIN`)
	b.Queue(`SELECT handle FROM x_accounts WHERE user_id = $1 AND id = $2 AND status <> 'revoked'`, user, a.AccountID).
		QueryRow(func(row pgx.Row) error { return row.Scan(&a.Handle) })
	b.Queue(`UPDATE quota_periods SET reserved = reserved + 1
		WHERE user_id = $1 AND period_start = (SELECT max(period_start) FROM quota_periods WHERE user_id = $1
			AND period_start <= $2)
		AND period_end > $2 AND used + reserved < quota RETURNING period_start, tier`, user, a.CreatedAt).
		QueryRow(func(row pgx.Row) error { return row.Scan(&a.period, &a.Tier) })
	return b
}

func (a *analysis) write(user string) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(`INSERT INTO analyses (id, user_id, account_id, handle, purpose, max_posts, tier, model, status, stage,
		period_start, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', 'queued', 'queued', $8, $9)`,
		a.ID, user, a.AccountID, a.Handle, a.Purpose, a.MaxPosts, a.Tier, a.period, a.CreatedAt)
	b.Queue(`INSERT INTO audit_log (id, user_id, actor, action, resource, ip, user_agent, request_id, detail, created_at)
		VALUES ($1, $2, 'user', 'analysis.start', $3, '127.0.0.1', '', '', '{}', $4)`, uuid.Must(uuid.NewV7()).String(),
		user, a.ID, a.CreatedAt)
	b.Queue(`INSERT INTO river_job (args, kind, max_attempts, tags) VALUES ($1, 'analysis', 25, '{}')`,
		`{"analysis_id":"`+a.ID+`"}`)
	b.Queue(`COMMIT`)
	return b
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // a broken connection is the caller's to notice
}

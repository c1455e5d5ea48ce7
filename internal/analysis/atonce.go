package analysis

import (
	"context"
	"errors"
	"strconv"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/billing"
	"github.com/repazoo/repazoo/internal/db"
)

// On PostgreSQL the start of most analyses is one round trip: one statement looks the account up, takes the unit, and
// writes the analysis, the key and the audit line, and the job follows it if there is an analysis. What is not most
// (a first consent, an archive, the last quarter of a quota, a schedule) and all that is refused gets no row and has
// changed nothing; [Service.start] then does it in two trips, and knows why.

// errNotAtOnce means that a start has changed nothing, and is to be tried the long way.
var errNotAtOnce = errors.New("analysis: not started at once")

// startAtOnce tries a start in one round trip. Error: errNotAtOnce, and db.ErrConflict when the key of the request was
// used at the same moment; neither leaves anything behind.
func (s *Service) startAtOnce(
	ctx context.Context, userID string, r StartRequest,
) (Analysis, billing.Reservation, error) {
	terms := s.terms(userID, r)
	if s.c.DB.Name() != "postgres" || r.AccountID == "" || r.WithinADay || r.Scheduled != "" || !r.KeepUntil.IsZero() ||
		len(terms) == 0 {
		return Analysis{}, billing.Reservation{}, errNotAtOnce
	}
	var from origin
	var res billing.Reservation
	var a Analysis
	look := account.Pending(ctx)
	err := s.c.DB.InTx(look.Through(ctx), db.User(userID), func(ctx context.Context, tx db.Tx) error {
		tx.Touch(userID)
		a = Analysis{} // a transaction may run again
		id, found := db.NewID(), false
		query, args := startStatement(ctx, id, userID, tx, r, terms, look)
		tx.Ask(func(rows db.Rows) error {
			if found = rows.Next(); !found {
				return rows.Err()
			}
			err := s.c.Billing.ScanTaken(rows, &res, &from.accountID, &from.handle, &from.lastTurn, &from.busy)
			a = s.newAnalysis(userID, r, from, res, tx.Now())
			a.ID = id
			return err
		}, query, args...)
		return tx.EnqueueIf(ctx, Job{AnalysisID: id}, `SELECT 1 FROM analyses WHERE id = $1`, id)
	})
	switch {
	case err == nil && a.ID == "":
		err = errNotAtOnce
	case err == nil:
		look.Found()
	}
	return a, res, err
}

// startTerms are an analysis of each plan as it would be started now, where its model answers.
type startTerms []Analysis

func (s *Service) terms(userID string, r StartRequest) (all startTerms) {
	for _, t := range s.c.Billing.Plans() {
		a := s.newAnalysis(userID, r, origin{}, billing.Reservation{Tier: t}, s.c.DB.Now())
		if _, err := s.usable(a.Model); err == nil {
			all = append(all, a)
		}
	}
	return all
}

// rows are terms as rows of VALUES, with their arguments, which begin at first.
func (terms startTerms) rows(first int) (values string, args []any) {
	for i, t := range terms {
		if i > 0 {
			values += `, `
		}
		values += `(CAST($` + strconv.Itoa(first) + ` AS text), CAST($` + strconv.Itoa(first+1) +
			` AS bigint), CAST($` + strconv.Itoa(first+2) + ` AS bigint), CAST($` + strconv.Itoa(first+3) +
			` AS text), CAST($` + strconv.Itoa(first+4) + ` AS float8) * INTERVAL '1 second')`
		first += 5
		args = append(args, t.Tier, t.MaxPosts, t.MaxCostCents, t.Model, step(t.Tier).Seconds())
	}
	return values, args
}

// startStatement is the statement, with its arguments. The unit is taken only where all that follows from it will be
// written: the session lives, the account is linked, its user has consented, the key is free, and the plan is among the
// terms.
func startStatement(
	ctx context.Context, id, userID string, tx db.Tx, r StartRequest, terms startTerms, look *account.Look,
) (query string, args []any) {
	args = make([]any, 0, 48)
	args = append(args, userID, tx.Now(), r.AccountID, id, string(r.Purpose), r.Since,
		string(Queued), string(assess.StageQueued), string(WaitsForRun))
	values, of := terms.rows(len(args) + 1)
	args = append(args, of...)
	alive, of := look.Alive(len(args) + 1)
	args = append(args, of...)
	claim, free, of := r.once(userID).Claiming(`started`, len(args)+1, id)
	args = append(args, of...)
	line, of := audit.Recording(ctx, `started`, len(args)+1, startEvent(userID, id))
	args = append(args, of...)
	taken := billing.Taking(`tier IN (SELECT plan FROM terms) AND EXISTS (SELECT 1 FROM source) AND ` + free)
	if claim != "" {
		claim = `, claimed AS (` + claim + `)`
	}
	return `WITH terms (plan, posts, cents, model, step) AS (VALUES ` + values + `
	), source AS (
		SELECT id, handle, ` + lastTurn + ` AS last_turn, ` + isBusy + ` AS busy FROM x_accounts
		WHERE user_id = $1 AND id = $3 AND status <> 'revoked' AND ` + hasConsented + ` AND ` + alive + `
	), taken AS (` + taken + `
	), started AS (
		INSERT INTO analyses (id, user_id, account_id, handle, purpose, max_posts, since, tier, model, status, stage,
			period_start, created_at, turn, max_cost_cents, wait_until, waiting_for)
		SELECT $4, $1, s.id, s.handle, $5, t.posts, $6, t.plan, t.model, $7, $8,
			q.period_start, $2, GREATEST($2, s.last_turn) + t.step, t.cents,
			CASE WHEN s.busy THEN CAST($2 AS timestamptz) END, CASE WHEN s.busy THEN CAST($9 AS text) ELSE '' END
		FROM source s, taken q JOIN terms t ON t.plan = q.tier RETURNING id
	)` + claim + `, line AS (` + line + `
	) SELECT q.period_start, q.period_end, q.tier, q.quota, q.used, q.reserved, s.id, s.handle, s.last_turn, s.busy
	FROM started, taken q, source s`, args
}

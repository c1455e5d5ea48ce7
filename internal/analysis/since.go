package analysis

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
)

// What changed since the report before: of the same X account, whatever each was read from. It is counted when a report
// is made, for the history and for the notice that something new and grave was found.

// since is what a report has that the one before had not, and the other way round.
type since struct {
	id        *string // the report before; nil for the first of its account
	added     *int
	gone      *int
	addedHigh int // of those added: high or critical, and not dismissed
}

// previous is the newest report of an X account that was made before an analysis; "" for none.
func (s *Service) previous(ctx context.Context, a Analysis, xUserID string) (string, error) {
	id, err := db.ReadOne(ctx, s.c.DB, db.System, db.Value[string], `SELECT a.id FROM analyses a
		LEFT JOIN x_accounts x ON x.id = a.account_id LEFT JOIN archives r ON r.id = a.archive_id
		WHERE a.user_id = $1 AND a.status = 'completed' AND (a.created_at, a.id) < ($2, $3)
			AND COALESCE(x.released_x_user_id, x.x_user_id, r.x_user_id) = $4
		ORDER BY a.created_at DESC, a.id DESC LIMIT 1`, a.UserID, a.CreatedAt, a.ID, xUserID)
	if errors.Is(err, db.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// since compares a report with the one before.
func (s *Service) since(ctx context.Context, a Analysis, r *assess.Report) (since, error) {
	id, err := s.previous(ctx, a, r.Account.ID)
	if err != nil || id == "" {
		return since{}, err
	}
	before, err := s.openReport(ctx, a.UserID, id)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) { // it was deleted this moment
		return since{}, nil
	}
	if err != nil {
		return since{}, err
	}
	c := assess.Compare(before, r)
	out := since{id: &id, added: new(len(c.New)), gone: new(len(c.Gone))}
	for _, f := range c.New {
		if !f.Dismissed && (f.Severity == assess.High || f.Severity == assess.Critical) {
			out.addedHigh++
		}
	}
	return out, nil
}

// lensScores are the scores of a report for every purpose, as JSON.
func lensScores(r *assess.Report) (string, error) {
	b, err := json.Marshal(scoresOf(r))
	return string(b), err
}

func scoresOf(r *assess.Report) map[assess.Purpose]float64 {
	scores := map[assess.Purpose]float64{}
	for _, p := range assess.Purposes {
		scores[p] = r.Under(p).Score
	}
	return scores
}

// tellFinished writes the notices of a report that was made.
func tellFinished(ctx context.Context, tx db.Tx, a Analysis, r *assess.Report, s since) error {
	data := notice.Data{Analysis: a.ID, Handle: a.Handle, Score: &r.Score, Level: string(r.Level)}
	err := notice.Write(ctx, tx, notice.Fact{UserID: a.UserID, Kind: notice.AnalysisFinished, Subject: a.ID, Data: data})
	if err != nil || s.addedHigh == 0 {
		return err
	}
	data.Findings = s.addedHigh
	return notice.Write(ctx, tx, notice.Fact{UserID: a.UserID, Kind: notice.NewHigh, Subject: a.ID, Data: data})
}

// tellFailed writes the notice of an analysis that failed.
func tellFailed(ctx context.Context, tx db.Tx, a Analysis, f *fault.Fault) error {
	return notice.Write(ctx, tx, notice.Fact{
		UserID: a.UserID, Kind: notice.AnalysisFailed, Subject: a.ID,
		Data: notice.Data{Analysis: a.ID, Handle: a.Handle, Reason: f.Message, Code: f.Code},
	})
}

package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// The past of an X account: its reports in a row, and what moved from one to another.

// MaxPast is how many reports a past goes back.
const MaxPast = 60

// PastReport is one report in the past of an account.
type PastReport struct {
	Analysis
	Lenses   map[assess.Purpose]float64 // the score for each purpose, as it was made
	BeforeID *string                    // the report before, when it was made; nil for the first
	Added    *int                       // findings that the one before had not
	Gone     *int                       // findings that only the one before had
}

// Past gives the newest reports of a linked X account, whatever each was read from, the newest first. Error: not_found.
func (s *Service) Past(ctx context.Context, userID, accountID string) ([]PastReport, error) {
	if !db.IsID(accountID) {
		return nil, noAccount()
	}
	xUserID, err := db.ReadOne(ctx, s.c.DB, db.User(userID), db.Value[string],
		`SELECT COALESCE(released_x_user_id, x_user_id) FROM x_accounts WHERE user_id = $1 AND id = $2`, userID, accountID)
	if errors.Is(err, db.ErrNotFound) {
		return nil, noAccount()
	}
	if err != nil {
		return nil, err
	}
	past, err := db.Read(ctx, s.c.DB, db.User(userID), scanPast,
		`SELECT `+columns+`, lens_scores, since_id, since_new, since_gone FROM analyses
		WHERE user_id = $1 AND status = 'completed' AND COALESCE(account_id, archive_id) IN (
			SELECT id FROM x_accounts WHERE user_id = $1 AND COALESCE(released_x_user_id, x_user_id) = $2
			UNION SELECT id FROM archives WHERE user_id = $1 AND x_user_id = $2)
		ORDER BY created_at DESC, id DESC LIMIT $3`, userID, xUserID, MaxPast)
	if err != nil {
		return nil, err
	}
	for i := range past {
		if past[i].Lenses == nil { // of a report from before its lenses were kept beside it
			r, err := s.openReport(ctx, userID, past[i].ID)
			if errors.Is(err, fault.NotFound) { // it was deleted this moment
				continue
			}
			if err != nil {
				return nil, err
			}
			past[i].Lenses = scoresOf(r)
		}
	}
	return slices.DeleteFunc(past, func(p PastReport) bool { return p.Lenses == nil }), nil
}

func noAccount() error { return fault.NotFound.Saying("You have no X account with this id.") }

func scanPast(r db.Rows, p *PastReport) error {
	lenses := ""
	err := scan(&behind{r, []any{&lenses, &p.BeforeID, &p.Added, &p.Gone}}, &p.Analysis)
	if err == nil && lenses != "" {
		err = json.Unmarshal([]byte(lenses), &p.Lenses)
	}
	return err
}

// behind scans columns that stand behind those of another scan.
type behind struct {
	db.Rows
	more []any
}

// Scan reads a row's columns into dest, and the further ones where they belong.
func (b *behind) Scan(dest ...any) error { return b.Rows.Scan(slices.Concat(dest, b.more)...) }

// Movement is what changed from one report to another, with the two.
type Movement struct {
	assess.Comparison
	Before, After *assess.Report // as they were made
}

// Moved compares two reports of a user. Errors: not_found, and conflict for an analysis without a report.
func (s *Service) Moved(ctx context.Context, userID, from, to string) (Movement, error) {
	before, err := s.openReport(ctx, userID, from)
	if err != nil {
		return Movement{}, err
	}
	after, err := s.openReport(ctx, userID, to)
	if err != nil {
		return Movement{}, err
	}
	return Movement{assess.Compare(before, after), before, after}, nil
}

// MovedSince compares a report with the one before it; nil for the first of its account.
func (s *Service) MovedSince(ctx context.Context, a Analysis, xUserID string) (*Movement, error) {
	before, err := s.previous(ctx, a, xUserID)
	if err != nil || before == "" {
		return nil, err
	}
	m, err := s.Moved(ctx, a.UserID, before, a.ID)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) { // it was deleted this moment
		return nil, nil
	}
	return &m, err
}

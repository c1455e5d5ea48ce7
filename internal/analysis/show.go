package analysis

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
)

// maxReport bounds an opened report, so that a damaged row cannot fill the memory.
const maxReport = 64 << 20

// Report returns the report of a completed analysis, with the user's dismissals as they
// are now. One that has not completed is a conflict that says where it stands.
func (s *Service) Report(ctx context.Context, userID, id string) (*assess.Report, error) {
	return s.WhatIf(ctx, userID, id, "", nil)
}

func (s *Service) openReport(ctx context.Context, userID, id string) (*assess.Report, error) {
	sealed, err := db.ReadOne(ctx, s.c.DB, db.User(userID), db.Value[[]byte],
		`SELECT sealed FROM reports WHERE user_id = $1 AND analysis_id = $2`, userID, id)
	if errors.Is(err, db.ErrNotFound) {
		return nil, s.noReport(ctx, userID, id)
	}
	if err != nil {
		return nil, err
	}
	return s.unsealReport(userID, id, sealed)
}

func (s *Service) noReport(ctx context.Context, userID, id string) error {
	a, err := s.Get(ctx, userID, id)
	switch {
	case err != nil:
		return err
	case a.Status == Failed && a.ErrorMessage != nil:
		return fault.Conflict.Saying("This analysis failed, so there is no report: %s", *a.ErrorMessage)
	case a.Status == Cancelled:
		return fault.Conflict.Saying("This analysis was cancelled, so there is no report. Start another.")
	}
	return fault.Conflict.Saying("This analysis is still %s. Follow /api/v1/analyses/%s/events and come back when it "+
		"has completed.", a.Status, id)
}

// WhatIf is the report for another purpose, or as it would be without some posts and
// findings, named by their ids. It costs nothing and changes nothing.
func (s *Service) WhatIf(ctx context.Context, userID, id string, purpose assess.Purpose,
	without []string,
) (*assess.Report, error) {
	return s.Seen(ctx, userID, id, assess.Lens{Purpose: purpose, Without: without})
}

// Seen is the report through a lens, with the user's dismissals as they are now, or with those that the lens names.
func (s *Service) Seen(ctx context.Context, userID, id string, lens assess.Lens) (*assess.Report, error) {
	r, err := s.openReport(ctx, userID, id)
	if err != nil {
		return nil, err
	}
	if lens.Dismissed == nil {
		if lens.Dismissed, err = s.dismissed(ctx, userID); err != nil {
			return nil, err
		}
	}
	return r.Through(lens)
}

// State is what a report is made of besides the lens: the same state and lens give the same report.
type State struct {
	MadeAt    time.Time         // a stored report never changes
	Dismissed map[string]string // why, by the ids of the user's findings
}

// State tells how the report of a completed analysis stands, without opening it. Its errors are those of
// [Service.Report].
func (s *Service) State(ctx context.Context, userID, id string) (State, error) {
	type row struct {
		at      time.Time
		finding *string
		why     string
	}
	rows, err := db.Read(ctx, s.c.DB, db.User(userID),
		func(r db.Rows, v *row) error { return r.Scan(&v.at, &v.finding, &v.why) },
		`SELECT r.created_at, d.finding_id, COALESCE(d.why, '') FROM reports r LEFT JOIN dismissals d ON d.user_id = r.user_id
			WHERE r.user_id = $1 AND r.analysis_id = $2`, userID, id)
	if err != nil {
		return State{}, err
	}
	if len(rows) == 0 {
		return State{}, s.noReport(ctx, userID, id)
	}
	st := State{MadeAt: rows[0].at, Dismissed: make(map[string]string, len(rows))}
	for _, r := range rows {
		if r.finding != nil {
			st.Dismissed[*r.finding] = r.why
		}
	}
	return st, nil
}

// Compare tells what changed from one report to another, as both were made, and why the
// score moved.
func (s *Service) Compare(ctx context.Context, userID, from, to string) (assess.Comparison, error) {
	a, err := s.openReport(ctx, userID, from)
	if err != nil {
		return assess.Comparison{}, err
	}
	b, err := s.openReport(ctx, userID, to)
	if err != nil {
		return assess.Comparison{}, err
	}
	return assess.Compare(a, b), nil
}

func (s *Service) dismissed(ctx context.Context, userID string) (map[string]string, error) {
	type row struct{ id, why string }
	rows, err := db.Read(ctx, s.c.DB, db.User(userID), func(r db.Rows, v *row) error { return r.Scan(&v.id, &v.why) },
		`SELECT finding_id, why FROM dismissals WHERE user_id = $1`, userID)
	all := make(map[string]string, len(rows))
	for _, r := range rows {
		all[r.id] = r.why
	}
	return all, err
}

// MaxDismiss is how many findings can be dismissed at once.
const MaxDismiss = 100

// Dismiss marks a finding as not a risk, or takes that back, see [Service.DismissAll].
func (s *Service) Dismiss(ctx context.Context, userID, findingID string, dismissed bool,
	why string,
) (assess.Finding, error) {
	all, err := s.DismissAll(ctx, userID, []string{findingID}, dismissed, why)
	if err != nil {
		return assess.Finding{}, err
	}
	return all[0], nil
}

// DismissAll marks findings as not a risk, or takes that back: all of them, or none where one
// is not there. Of several, those that were dismissed before keep their reason where none is
// given. It holds for every report that has the finding, now and later. Reports keep
// the score they were made with; the score as it stands now follows at once in the newest ones.
func (s *Service) DismissAll(ctx context.Context, userID string, ids []string, dismissed bool,
	why string,
) ([]assess.Finding, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 || len(ids) > MaxDismiss {
		return nil, fault.ValidationFailed.Saying("Choose between 1 and %d findings.", MaxDismiss)
	}
	found, in, err := s.reportsWith(ctx, userID, ids)
	if err != nil {
		return nil, err
	}
	all, err := s.dismissed(ctx, userID)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		reason := why
		if reason == "" && len(ids) > 1 {
			reason = all[id]
		}
		found[i].Dismissed, found[i].Why = dismissed, ""
		if delete(all, id); dismissed {
			found[i].Why, all[id] = reason, reason
		}
	}
	return found, s.c.DB.InTx(ctx, db.User(userID), func(ctx context.Context, tx db.Tx) error {
		for _, id := range ids {
			mark(ctx, tx, userID, id, dismissed, all[id])
		}
		return restand(tx, userID, in, all, found)
	})
}

// mark writes one dismissal, or takes it back.
func mark(ctx context.Context, tx db.Tx, userID, id string, dismissed bool, why string) {
	if dismissed {
		tx.Later(`INSERT INTO dismissals (user_id, finding_id, why, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (user_id, finding_id) DO UPDATE SET why = excluded.why`, userID, id, why, tx.Now())
	} else {
		tx.Later(`DELETE FROM dismissals WHERE user_id = $1 AND finding_id = $2`, userID, id)
	}
	audit.Record(ctx, tx, audit.Event{
		UserID: userID, Actor: "user", Action: audit.FindingDismiss, Resource: id,
		Detail: map[string]any{"dismissed": dismissed},
	})
}

// restand writes the score that each report has now, and gives the findings the points that they have in the oldest of
// them.
func restand(tx db.Tx, userID string, reports []*assess.Report, dismissed map[string]string,
	found []assess.Finding,
) error {
	for _, r := range reports {
		seen, err := r.Through(assess.Lens{Dismissed: dismissed})
		if err != nil {
			return err
		}
		tx.Later(`UPDATE analyses SET score_now = $3, level_now = $4 WHERE user_id = $1 AND id = $2`,
			userID, r.ID, seen.Now.Score, string(seen.Now.Level))
		for i := range found {
			if j := indexOf(seen.Findings, found[i].ID); j >= 0 {
				found[i].Points = seen.Findings[j].Points
			}
		}
	}
	return nil
}

func indexOf(findings []assess.Finding, id string) int {
	return slices.IndexFunc(findings, func(f assess.Finding) bool { return f.ID == id })
}

// reportsWith finds the newest reports that hold any of the findings, and the findings in the order of their ids.
func (s *Service) reportsWith(ctx context.Context, userID string,
	ids []string,
) (found []assess.Finding, in []*assess.Report, err error) {
	reports, err := db.Read(ctx, s.c.DB, db.User(userID), db.Value[string],
		`SELECT analysis_id FROM reports WHERE user_id = $1 ORDER BY created_at DESC LIMIT 20`, userID)
	if err != nil {
		return nil, nil, err
	}
	found = make([]assess.Finding, len(ids))
	for _, id := range reports {
		r, err := s.openReport(ctx, userID, id)
		if err != nil {
			return nil, nil, err
		}
		holds := false
		for _, f := range r.Findings {
			if i, asked := slices.BinarySearch(ids, f.ID); asked {
				found[i], holds = f, true
			}
		}
		if holds {
			in = append(in, r)
		}
	}
	if slices.ContainsFunc(found, func(f assess.Finding) bool { return f.ID == "" }) {
		return nil, nil, fault.NotFound.Saying("You have no finding with this id.")
	}
	return found, in, nil
}

// sealReport packs and seals a report: quotes are people's words.
func (s *Service) sealReport(userID string, r *assess.Report) ([]byte, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := json.NewEncoder(z).Encode(r); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return s.c.Seal.Seal(packed.Bytes(), place("report", userID, r.ID)), nil
}

func (s *Service) unsealReport(userID, id string, sealed []byte) (*assess.Report, error) {
	packed, err := s.c.Seal.Open(sealed, place("report", userID, id))
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var r assess.Report
	return &r, json.NewDecoder(io.LimitReader(z, maxReport)).Decode(&r)
}

// sealedVerdicts keeps the model's verdicts of one user in the database.
type sealedVerdicts struct {
	s      *Service
	userID string
}

// Get returns the kept verdicts among keys.
func (c *sealedVerdicts) Get(ctx context.Context, keys []string) (map[string]assess.Judgement, error) {
	found := make(map[string]assess.Judgement, len(keys))
	for _, key := range keys {
		v, err := c.find(ctx, key)
		if errors.Is(err, db.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found[key] = v.Judgement
	}
	return found, nil
}

// find also looks under the keys of older secrets, until the rows have moved to the current one.
func (c *sealedVerdicts) find(ctx context.Context, content string) (v keptVerdict, err error) {
	for _, key := range verdictKeys(c.s.c.Seal, c.userID, content) {
		var sealed []byte
		sealed, err = db.ReadOne(ctx, c.s.c.DB, db.System, db.Value[[]byte],
			`SELECT sealed FROM verdicts WHERE user_id = $1 AND key = $2`, c.userID, key)
		if err == nil {
			return v, c.s.openJSON(&v, sealed, "verdict", c.userID, key)
		}
		if !errors.Is(err, db.ErrNotFound) {
			break
		}
	}
	return v, err
}

// Put keeps verdicts; one that is kept already stays.
func (c *sealedVerdicts) Put(ctx context.Context, verdicts map[string]assess.Judgement) error {
	return c.s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error { return c.put(tx, verdicts) })
}

func (c *sealedVerdicts) put(tx db.Tx, verdicts map[string]assess.Judgement) error {
	for content, j := range verdicts {
		key := verdictKeys(c.s.c.Seal, c.userID, content)[0]
		sealed, err := c.s.sealJSON(keptVerdict{content, j}, "verdict", c.userID, key)
		if err != nil {
			return err
		}
		tx.Later(`INSERT INTO verdicts (user_id, key, sealed, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (user_id, key) DO NOTHING`, c.userID, key, sealed, tx.Now())
	}
	return nil
}

package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
)

// The digest: on Monday at eight by the clock of a schedule's zone, one notice of what the week has brought. Somebody
// with several schedules gets one, because its subject is the week; a week without an analysis has none.

const week = 7 * 24 * time.Hour

// digestAll writes the digests that are due.
func (s *Service) digestAll(ctx context.Context) error {
	type due struct {
		id, user, zone string
		at             time.Time
	}
	all, err := db.Read(ctx, s.c.DB, db.System, func(r db.Rows,
		v *due,
	) error {
		return r.Scan(&v.id, &v.user, &v.zone, &v.at)
	},
		`SELECT id, user_id, zone, digest_at FROM schedules WHERE digest_at <= $1 ORDER BY digest_at LIMIT $2`,
		s.c.DB.Now(), atOnce)
	if err != nil {
		return err
	}
	var failed error
	for _, v := range all {
		rule, err := digestRule(v.zone)
		if err != nil { // this process does not know the zone
			if rule, err = digestRule("UTC"); err != nil {
				return err
			}
		}
		err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
			n, err := tx.Exec(ctx, `UPDATE schedules SET digest_at = $3 WHERE id = $1 AND digest_at = $2`, v.id, v.at,
				rule.Next(tx.Now()))
			if err != nil || n == 0 { // another process has it
				return err
			}
			year, number := tx.Now().In(rule.Place()).ISOWeek()
			return digest(ctx, tx, v.user, fmt.Sprintf("%d-W%02d", year, number))
		})
		failed = errors.Join(failed, err)
	}
	return failed
}

// digest tells a user of the analyses that ended in the last seven days, if there are any.
func digest(ctx context.Context, tx db.Tx, userID, label string) error {
	since := tx.Now().Add(-week)
	type figures struct{ reports, failed, added int }
	f, err := db.One(ctx, tx, func(r db.Rows, f *figures) error { return r.Scan(&f.reports, &f.failed, &f.added) },
		`SELECT count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed'),
			CAST(COALESCE(sum(since_new), 0) AS bigint) FROM analyses WHERE user_id = $1 AND finished_at > $2`, userID, since)
	if err != nil || f.reports+f.failed == 0 {
		return err
	}
	data := notice.Data{Reports: f.reports, Failed: f.failed, Findings: f.added}
	newest, err := db.One(ctx, tx,
		func(r db.Rows, d *notice.Data) error { return r.Scan(&d.Analysis, &d.Handle, &d.Score, &d.Level) },
		`SELECT id, handle, score, level FROM analyses WHERE user_id = $1 AND status = 'completed' AND finished_at > $2
		ORDER BY finished_at DESC, id DESC LIMIT 1`, userID, since)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return err
	}
	data.Analysis, data.Handle, data.Score, data.Level = newest.Analysis, newest.Handle, newest.Score, newest.Level
	return notice.Write(ctx, tx, notice.Fact{UserID: userID, Kind: notice.Digest, Subject: label, Data: data})
}

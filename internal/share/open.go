package share

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/device"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/mask"
)

// A link is opened in two steps. Looking at it tells nothing but that it is good; that is all that programs do which
// fetch a preview of a link in a message. Opening it takes a form that is posted, shows the report and is noted.

const (
	maxViews   = 500 // of a link, that are kept one by one
	maxAudited = 100 // of a link, that have a line in the audit log, which is for ever
)

// View is one opening of a link.
type View struct {
	At      time.Time
	Network string // where from, without the last parts of the address; "" when unknown
	Device  string // such as "Firefox on Linux"; "" when unknown
}

// Views are the openings of a link, the newest first, at most 500.
func (s *Service) Views(ctx context.Context, userID, id string) ([]View, error) {
	read := func(r db.Rows, v *View) error { return r.Scan(&v.At, &v.Network, &v.Device) }
	return db.Read(ctx, s.c.DB, db.User(userID), read,
		`SELECT at, network, device FROM share_views WHERE user_id = $1 AND share_id = $2
		ORDER BY at DESC, id DESC LIMIT $3`,
		userID, id, maxViews)
}

// ViewsOf are the newest openings of each link to a report, at most so many of each, by the id of the link.
func (s *Service) ViewsOf(ctx context.Context, userID, analysisID string, each int) (map[string][]View, error) {
	type row struct {
		link string
		View
	}
	all, err := db.Read(ctx, s.c.DB, db.User(userID),
		func(r db.Rows, v *row) error { return r.Scan(&v.link, &v.At, &v.Network, &v.Device) },
		`SELECT share_id, at, network, device FROM (
			SELECT v.id, v.share_id, v.at, v.network, v.device,
				row_number() OVER (PARTITION BY v.share_id ORDER BY v.at DESC, v.id DESC) AS nth
			FROM share_views v JOIN shares s ON s.id = v.share_id WHERE s.user_id = $1 AND s.analysis_id = $2
		) AS newest WHERE nth <= $3 ORDER BY at DESC, id DESC`, userID, analysisID, each)
	views := map[string][]View{}
	for _, v := range all {
		views[v.link] = append(views[v.link], v.View)
	}
	return views, err
}

// Look finds a link that opens. Error: not_found, the same for whatever is not there.
func (s *Service) Look(ctx context.Context, token string) (Share, error) { return s.find(ctx, token) }

// Reader is who opens a link.
type Reader struct {
	UserID   string // "" for somebody without a session
	Language string // that the report is said in
}

// Open gives the report that a link shows, and notes that it was opened, unless the reader is its owner. Error:
// not_found, the same for whatever is not there.
func (s *Service) Open(ctx context.Context, token string, by Reader) (Share, *assess.Report, error) {
	found, err := s.find(ctx, token)
	if err != nil {
		return Share{}, nil, err
	}
	lens := assess.Lens{Purpose: found.Purpose, Language: by.Language}
	r, err := s.Masked(ctx, found.UserID, found.AnalysisID, lens, found.Shows(Quotes))
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) { // the report went meanwhile
		return Share{}, nil, notThere()
	}
	if err == nil && by.UserID != found.UserID {
		err = s.note(ctx, &found)
	}
	if err != nil {
		return Share{}, nil, err
	}
	return found, only(r, found), nil
}

// Masked is a report for somebody else through a lens, with or without the words of its posts.
func (s *Service) Masked(ctx context.Context, userID, analysisID string, lens assess.Lens, quotes bool) (
	*assess.Report, error,
) {
	r, err := s.c.Analyses.Seen(ctx, userID, analysisID, lens)
	if err != nil {
		return nil, err
	}
	own, err := s.ownNames(ctx, userID, r)
	if err != nil {
		return nil, err
	}
	return mask.Report(r, mask.Options{Own: own, Quotes: quotes})
}

// ownNames are the handles and names of a user's accounts, first those of the account that a report is about.
func (s *Service) ownNames(ctx context.Context, userID string, r *assess.Report) ([]string, error) {
	all, err := s.c.Accounts.Accounts(ctx, userID)
	if err != nil {
		return nil, err
	}
	var first, others []string
	for _, a := range all {
		if a.XUserID == r.Account.ID {
			first = append(first, a.Handle, a.Name)
		} else {
			others = append(others, a.Handle, a.Name)
		}
	}
	return append(first, others...), nil
}

// only takes out of a masked report what a link does not show. Points add up to the score, and one year may be all.
func only(r *assess.Report, s Share) *assess.Report {
	if !s.Shows(Score) {
		r.Summary, r.KeyFindings, r.HumanReview, r.RiskByYear = "", nil, assess.HumanReview{}, nil
		for i := range r.Findings {
			r.Findings[i].Points = 0
		}
		for i := range r.Recommendations {
			r.Recommendations[i].ScoreAfter = nil
		}
	}
	if !s.Shows(Steps) {
		r.Recommendations = nil
	}
	if !s.Shows(Findings) {
		r.Findings, r.KeyFindings = nil, nil
	}
	if !s.Shows(Charts) {
		r.RiskByYear, r.Themes, r.Sentiment, r.Engagement = nil, nil, assess.Sentiment{}, assess.Engagement{}
	}
	return r
}

// note writes an opening down. A link that ended since it was found is not there.
func (s *Service) note(ctx context.Context, found *Share) error {
	from := audit.OriginFrom(ctx)
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		opened, err := db.One(ctx, tx, db.Value[int], `UPDATE shares SET opened = opened + 1, last_opened_at = $2
			WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2 RETURNING opened`, found.ID, now)
		if errors.Is(err, db.ErrNotFound) {
			return notThere()
		}
		if err != nil {
			return err
		}
		found.Opened, found.LastOpenedAt = opened, &now
		tx.Later(`INSERT INTO share_views (id, share_id, user_id, at, network, device) VALUES ($1, $2, $3, $4, $5, $6)`,
			db.NewID(), found.ID, found.UserID, now, network(from.IP), device.Name(from.UserAgent))
		tx.Later(`DELETE FROM share_views WHERE share_id = $1 AND id IN
			(SELECT id FROM share_views WHERE share_id = $1 ORDER BY at DESC, id DESC LIMIT 100 OFFSET $2)`, found.ID, maxViews)
		if opened <= maxAudited {
			// Neither address nor browser of whoever opens a link goes into the audit log of its owner.
			audit.Record(audit.WithOrigin(ctx, audit.Origin{RequestID: from.RequestID}), tx, audit.Event{
				UserID: found.UserID, Actor: "stranger", Action: audit.ShareOpened, Resource: "share:" + found.ID,
			})
		}
		return nil
	})
}

// Of an address so many bits are kept: enough to tell two networks apart, and far too few for a house or an office.
const (
	bits4 = 16
	bits6 = 32
)

// network is an address without its last parts: "203.0.0.0/16".
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	bits := bits6
	if a.Is4() {
		bits = bits4
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

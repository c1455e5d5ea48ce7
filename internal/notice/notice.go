// Package notice tells people what happened to their analyses, to their plan and to who may sign in: that a report is
// ready or an analysis failed, that something new and grave was found, that a payment failed, that the quota is nearly
// used, that an X account was linked or released, that a browser signed in for the first time.
//
// # A notice is a row
//
// Whoever makes a [Fact] true writes it down in the same transaction, so that neither can exist without the other:
//
//	err := notice.Write(ctx, tx, notice.Fact{UserID: id, Kind: notice.QuotaUsedUp, Subject: period, Data: …})
//
// User, kind and subject are a unique key: a webhook that comes late, twice or out of order, and any number of starts
// that race for the last analysis, make one row. The row holds a kind and data, never a sentence: the words are made
// when it is shown, in words.go alone.
//
// # How it leaves
//
// A person may name addresses of their own that hear of notices, signed as the Standard Webhooks specification says
// (endpoint.go, deliver.go). Those addresses are a stranger's choice, so requests reach the public internet only
// (guard.go). Where the operator has an SMTP server, a notice is also mailed, at most once, to the address that its
// user has confirmed (email.go, post.go). Each kind can be switched off, on the page and by mail (choices.go), and each
// mail has a link that does so with one click and without a session (unsubscribe.go).
package notice

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/seal"
)

// Kind says what happened. It is also the type of the webhook that tells of it.
type Kind string

// The kinds.
const (
	PaymentFailed Kind = "payment.failed" // a renewal was not paid; Data.Until is when grace ends, if there is any
	GraceEnding   Kind = "grace.ending"   // within a day
	GraceEnded    Kind = "grace.ended"    // and the plan is paused until it is paid
	PlanChanged   Kind = "plan.changed"   // from one tier to another
	PlanCancelled Kind = "plan.cancelled" // it will end at Data.Until
	// there is no plan any more; with Data.Until what was paid stays usable until then
	PlanEnded       Kind = "plan.ended"
	TrialEnding     Kind = "trial.ending"      // within three days; Data.NoCard says what becomes of a plan without a card
	QuotaNearlyUsed Kind = "quota.nearly_used" // four fifths of it
	QuotaUsedUp     Kind = "quota.used_up"
	EndpointOff     Kind = "webhook.disabled"    // an endpoint did not answer for days, and hears no more
	AccountLinked   Kind = "account.linked"      // a further X account, Data.Handle, opens the user's account from now on
	AccountReleased Kind = "account.released"    // an X account, Data.Handle, was unlinked and opens nothing any more
	NewBrowser      Kind = "session.new_browser" // a sign-in from a browser that never signed in to this account

	AnalysisFinished Kind = "analysis.finished" // the report Data.Analysis is ready
	AnalysisFailed   Kind = "analysis.failed"   // and Data.Reason is why
	// a schedule starts nothing any more, and Data.Reason says what must be done
	SchedulePaused Kind = "schedule.paused"
	Digest         Kind = "digest.weekly" // what the analyses of a week have brought
	// the report has Data.Findings high or critical ones that the one before had not
	NewHigh Kind = "findings.new_high"
)

// Kinds lists every kind, in the order people are shown them.
func Kinds() []Kind {
	return []Kind{
		NewHigh, AnalysisFinished, AnalysisFailed, SchedulePaused, Digest,
		PaymentFailed, GraceEnding, GraceEnded, PlanChanged, PlanCancelled, PlanEnded, TrialEnding, QuotaNearlyUsed,
		QuotaUsedUp,
		EndpointOff, AccountLinked, AccountReleased, NewBrowser,
	}
}

// Data is what the words of a notice need. Fields that a kind does not need are zero.
type Data struct {
	Plan   string    `json:"plan,omitempty"`    // the tier it is about
	From   string    `json:"from,omitempty"`    // the tier before
	Until  time.Time `json:"until,omitzero"`    // when what the notice tells of ends
	Quota  int       `json:"quota,omitempty"`   // analyses a period allows
	Used   int       `json:"used,omitempty"`    // of them used, those that run included
	Unpaid bool      `json:"unpaid,omitempty"`  // the plan ended owing a payment
	Host   string    `json:"host,omitempty"`    // of the endpoint it is about
	Handle string    `json:"handle,omitempty"`  // of the X account it is about
	NoCard string    `json:"no_card,omitempty"` // there is no card, and the plan will "cancel" or "pause"

	Analysis string   `json:"analysis_id,omitempty"` // the analysis it is about
	Findings int      `json:"findings,omitempty"`    // how many findings it tells of; never what they say
	Score    *float64 `json:"score,omitempty"`       // of the report
	Level    string   `json:"level,omitempty"`       // of the report
	Reason   string   `json:"reason,omitempty"`      // why it failed or paused, and what must be done, in English
	Code     string   `json:"code,omitempty"`        // of the refusal that it failed with
	Schedule string   `json:"schedule_id,omitempty"` // the schedule it is about
	Reports  int      `json:"reports,omitempty"`     // so many were made in the week
	Failed   int      `json:"failed,omitempty"`      // so many analyses failed in it
}

// Fact is what a notice is made of.
type Fact struct {
	UserID  string
	Kind    Kind
	Subject string // of all facts of the user and kind, which one: a period, a subscription, a version of it
	Data    Data
}

// Write makes a notice of a fact, in the transaction that makes the fact true, unless there is one already.
func Write(ctx context.Context, tx db.Tx, f Fact) error {
	data, err := json.Marshal(f.Data)
	if err != nil {
		return err
	}
	tx.Touch(f.UserID)
	id := db.NewID()
	n, err := tx.Exec(ctx, `INSERT INTO notices (id, user_id, kind, subject, data, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id, kind, subject) DO NOTHING`, id, f.UserID, string(f.Kind), f.Subject, string(data), tx.Now())
	if err != nil || n == 0 {
		return err
	}
	tx.Later(`UPDATE notices SET read_at = created_at WHERE id = $1 AND EXISTS (SELECT 1 FROM notice_mutes m
		WHERE m.user_id = notices.user_id AND m.kind = notices.kind AND m.way = 'page')`, id)
	return tx.Enqueue(ctx, SpreadJob{NoticeID: id})
}

// Settle marks a user's unread notices of some kinds as read, because what they tell is over: the payment came after
// all.
func Settle(tx db.Tx, userID string, kinds ...Kind) {
	tx.Touch(userID)
	for _, k := range kinds {
		tx.Later(`UPDATE notices SET read_at = $3 WHERE user_id = $1 AND kind = $2 AND read_at IS NULL`, userID, string(k),
			tx.Now())
	}
}

// Seen marks what was told of an analysis as read, because its user looks at it.
func (s *Service) Seen(ctx context.Context, userID, analysisID string) error {
	const unread = ` WHERE user_id = $1 AND subject = $2 AND kind IN ('` + string(AnalysisFinished) + `', '` +
		string(AnalysisFailed) +
		`', '` + string(NewHigh) + `') AND read_at IS NULL`
	n, err := db.ReadOne(ctx, s.c.DB, db.User(userID), db.Value[int], `SELECT count(*) FROM notices`+unread, userID,
		analysisID)
	if err != nil || n == 0 { // most looks change nothing, and cost no write
		return err
	}
	return s.c.DB.InTx(ctx, db.User(userID), func(_ context.Context, tx db.Tx) error {
		tx.Touch(userID)
		tx.Later(`UPDATE notices SET read_at = $3`+unread, userID, analysisID, tx.Now())
		return nil
	})
}

// Forget deletes what was told of an analysis that its user deletes, in the caller's transaction of db.System. The
// digest of a week stays, and names it no more.
func Forget(ctx context.Context, tx db.Tx, userID, analysisID string) error {
	tx.Touch(userID)
	tx.Later(`DELETE FROM notices WHERE user_id = $1 AND subject = $2`, userID, analysisID)
	digests, err := db.All(ctx, tx, scan, `SELECT `+columns+` FROM notices WHERE user_id = $1 AND kind = $2`,
		userID, string(Digest))
	if err != nil {
		return err
	}
	for _, n := range digests {
		if n.Data.Analysis != analysisID {
			continue
		}
		n.Data.Analysis, n.Data.Handle, n.Data.Score, n.Data.Level = "", "", nil, ""
		data, err := json.Marshal(n.Data)
		if err != nil {
			return err
		}
		tx.Later(`UPDATE notices SET data = $2 WHERE id = $1`, n.ID, string(data))
	}
	return nil
}

// Notice is one notice of a user.
type Notice struct {
	ID        string
	Kind      Kind
	Data      Data
	CreatedAt time.Time
	ReadAt    *time.Time // nil while unread
	Language  string     // of its reader: "de"; "" for English
	Zone      string     // of its reader's times, a name of the IANA database; "" for UTC
}

// Config is what a Service needs.
type Config struct {
	DB    *db.DB
	Seal  *seal.Sealer // of the endpoints' secrets
	Local bool         // endpoints may be on this machine, as in development

	Mailer    *Mailer      // nil: no mail is sent
	PublicURL string       // where browsers reach Repazoo, for links in mails
	Log       *slog.Logger // nil: discard

	// Hooked hears of each try at a webhook: "2xx" to "5xx" by the answer, or "none". Nil: nobody.
	Hooked func(outcome string)
}

// Service reads notices and carries them to endpoints. It is safe for concurrent use, on any number of replicas.
type Service struct {
	c       Config
	client  *http.Client
	flights flights
}

// New makes a Service.
func New(c Config) *Service {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return &Service{c: c, client: newClient(c.Local, nil)}
}

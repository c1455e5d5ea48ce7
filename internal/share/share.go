// Package share lets a person show one of their reports to somebody who has no account, such as a coach or a lawyer,
// by a link that ends.
//
//	make      share.go     which report, through which lens, which sections, until when; the link is shown once
//	open      open.go      whoever has the link reads the masked report, and the owner sees that somebody did
//	end       share.go     by its time, by its owner at once, and with the report and the account
//	download  open.go      the same masking for files
//
// # What is promised
//
// A link holds 128 random bits. Only their hash is stored, so nobody who reads the database can open a report. An
// unknown link, one that has expired and one that was revoked get the same answer. What is shown is masked (package
// mask) and always follows the report as it stands, with the dismissals of its owner. Of whoever opens a link, a
// time, a network without its last parts and a kind of browser are kept, until 30 days after the link has ended;
// opening it takes a click, so that programs which look at links in messages see nothing and are not counted. A user
// has at most [MaxLive] links that are open.
package share

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/once"
)

// The bounds of links.
const (
	MaxLive      = 20  // of a user, that are open
	MinHours     = 1   // that a link lives
	MaxHours     = 720 // 30 days
	DefaultHours = 168 // a week
	MaxNote      = 100 // characters

	maxKept = 200                 // of a user, with those that ended
	keptFor = 30 * 24 * time.Hour // after it has ended
	maxSent = 64                  // bytes of a token that are looked at
)

// Section is a part of a report that a link shows.
type Section string

// The sections.
const (
	Score    Section = "score"    // score, level and what decides them
	Steps    Section = "steps"    // what to do
	Findings Section = "findings" // what was found, without the words of the posts
	Quotes   Section = "quotes"   // the words of the posts, masked; with findings
	Charts   Section = "charts"   // risk by year, tone, engagement, themes
	Coverage Section = "coverage" // how much was read
)

// Sections lists every section in the order of a page.
func Sections() []Section { return []Section{Score, Steps, Findings, Quotes, Charts, Coverage} }

// DefaultSections are shown unless others are asked for. The words of posts are not: X can be searched for them.
func DefaultSections() []Section { return []Section{Score, Steps, Findings, Charts, Coverage} }

// Config is what a Service needs.
type Config struct {
	DB       *db.DB
	Accounts *account.Service
	Analyses *analysis.Service
}

// Service is safe for concurrent use, on any number of replicas.
type Service struct{ c Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

// Share is a link. Its secret is not in it.
type Share struct {
	ID, UserID, AnalysisID string
	Purpose                assess.Purpose
	Sections               []Section
	Note                   string // for its owner: whom it is for
	CreatedAt, ExpiresAt   time.Time
	RevokedAt              *time.Time
	Opened                 int
	LastOpenedAt           *time.Time
}

// Live tells whether a link opens.
func (s Share) Live(now time.Time) bool { return s.RevokedAt == nil && now.Before(s.ExpiresAt) }

// Shows tells whether a link shows a section.
func (s Share) Shows(section Section) bool { return slices.Contains(s.Sections, section) }

// Made is a link that has just been made, with its secret, which is not told again.
type Made struct {
	Share
	Token string
}

// Path is where a link leads on this server.
func (m Made) Path() string { return "/shared/" + m.Token }

const columns = `id, user_id, analysis_id, purpose, sections, note, created_at, expires_at, revoked_at, opened,
	last_opened_at`

func scan(r db.Rows, s *Share) error { return s.read(r) }

// read takes the columns of a row, and more of them behind.
func (s *Share) read(r db.Rows, more ...any) error {
	var sections string
	err := r.Scan(append([]any{
		&s.ID, &s.UserID, &s.AnalysisID, (*string)(&s.Purpose), &sections, &s.Note, &s.CreatedAt, &s.ExpiresAt,
		&s.RevokedAt, &s.Opened, &s.LastOpenedAt,
	}, more...)...)
	for name := range strings.FieldsSeq(sections) {
		s.Sections = append(s.Sections, Section(name))
	}
	return err
}

// Request says what a link is to show, and for how long.
type Request struct {
	AnalysisID string
	Purpose    assess.Purpose // "" is the report's own
	Sections   []Section      // nil is DefaultSections
	Hours      int            // 0 is DefaultHours
	Note       string
	Key        string // an idempotency key; "" for none
}

// check also puts the sections into their order.
func (r *Request) check() error {
	r.Note = strings.TrimSpace(r.Note)
	if utf8.RuneCountInString(r.Note) > MaxNote || !utf8.ValidString(r.Note) ||
		strings.ContainsFunc(r.Note, unicode.IsControl) {
		return fault.ValidationFailed.At("body.note", "must have at most 100 characters and no line breaks")
	}
	if r.Hours == 0 {
		r.Hours = DefaultHours
	}
	if r.Hours < MinHours || r.Hours > MaxHours {
		return fault.ValidationFailed.Saying("A link lives between one hour and 30 days.").
			At("body.expires_in_hours", "must be 1 to 720")
	}
	if r.Sections == nil {
		r.Sections = DefaultSections()
	}
	known := slices.DeleteFunc(Sections(), func(s Section) bool { return !slices.Contains(r.Sections, s) })
	unknown := slices.ContainsFunc(r.Sections, func(s Section) bool { return !slices.Contains(known, s) })
	switch {
	case len(known) == 0 || unknown:
		return fault.ValidationFailed.Saying("Choose at least one section to show.").
			At("body.sections", "must be one or more of "+names(Sections(), ", "))
	case slices.Contains(known, Quotes) && !slices.Contains(known, Findings):
		return fault.ValidationFailed.Saying("Quotes are shown with the findings: choose those, too.").
			At("body.sections", "quotes needs findings")
	}
	r.Sections = known
	return nil
}

func names(sections []Section, between string) string {
	all := make([]string, len(sections))
	for i, s := range sections {
		all[i] = string(s)
	}
	return strings.Join(all, between)
}

// Create makes a link. Errors: not_found, validation_failed; conflict when there is no report yet, when the user has
// as many links as are allowed, or when the same request was sent before, whose link is not told again.
func (s *Service) Create(ctx context.Context, userID string, r Request) (Made, error) {
	if err := r.check(); err != nil {
		return Made{}, err
	}
	report, err := s.c.Analyses.WhatIf(ctx, userID, r.AnalysisID, r.Purpose, nil)
	if err != nil {
		return Made{}, err
	}
	r.Purpose = report.Purpose
	m := Made{Token: rand.Text()}
	request := once.New(userID, r.Key, "share", r.AnalysisID, string(r.Purpose), names(r.Sections, " "),
		strconv.Itoa(r.Hours), r.Note)
	if err := request.Check(); err != nil {
		return Made{}, err
	}
	err = s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		now := tx.Now()
		m.Share = Share{
			ID: db.NewID(), UserID: userID, AnalysisID: r.AnalysisID, Purpose: r.Purpose, Sections: r.Sections, Note: r.Note,
			CreatedAt: now, ExpiresAt: now.Add(time.Duration(r.Hours) * time.Hour),
		}
		claim := request.Claim(tx, m.ID)
		if err := room(ctx, tx, userID); err != nil {
			return err
		}
		if claim.Taken() {
			return fault.Conflict.Saying("This link was made already and is in your list. Its address was shown " +
				"once: if you did not keep it, revoke that link and make another.")
		}
		return insert(ctx, tx, m)
	})
	return m, err
}

// room makes the creations of one user wait for each other; otherwise two could both see 19 links.
func room(ctx context.Context, tx db.Tx, userID string) error {
	if err := account.LockUser(ctx, tx, userID); err != nil {
		return err
	}
	type counts struct{ live, all int }
	c, err := db.One(ctx, tx, func(r db.Rows, c *counts) error { return r.Scan(&c.live, &c.all) },
		`SELECT count(*) FILTER (WHERE revoked_at IS NULL AND expires_at > $2), count(*) FROM shares WHERE user_id = $1`,
		userID, tx.Now())
	switch {
	case err != nil:
		return err
	case c.live >= MaxLive:
		return fault.Conflict.Saying("You have %d open links, and more are not allowed. Revoke one that you do not "+
			"need any more.", MaxLive)
	case c.all >= maxKept:
		return fault.Conflict.Saying("You have made very many links in the last weeks. Those that ended are forgotten " +
			"after 30 days; make further ones then.")
	}
	return nil
}

func insert(ctx context.Context, tx db.Tx, m Made) error {
	n, err := tx.Exec(ctx, `INSERT INTO shares
			(id, user_id, analysis_id, token_hash, purpose, sections, note, created_at, expires_at)
		SELECT $1, $2, id, $4, $5, $6, $7, $8, $9 FROM analyses WHERE user_id = $2 AND id = $3`,
		m.ID, m.UserID, m.AnalysisID, hash(m.Token), string(m.Purpose), names(m.Sections, " "), m.Note, m.CreatedAt,
		m.ExpiresAt)
	if err == nil && n == 0 { // it was deleted this moment
		return fault.NotFound.Saying("You have no analysis with this id.")
	}
	audit.Record(ctx, tx, audit.Event{
		UserID: m.UserID, Actor: "user", Action: audit.ShareCreated, Resource: "share:" + m.ID,
		Detail: map[string]any{"sections": names(m.Sections, " "), "expires_at": m.ExpiresAt},
	})
	return err
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// List returns the links to a report, the newest first, with those that ended in the last 30 days. Error: not_found
// when the user has no such analysis.
func (s *Service) List(ctx context.Context, userID, analysisID string) ([]Share, error) {
	if _, err := s.c.Analyses.Get(ctx, userID, analysisID); err != nil {
		return nil, err
	}
	return db.Read(ctx, s.c.DB, db.User(userID), scan, `SELECT `+columns+` FROM shares
		WHERE user_id = $1 AND analysis_id = $2 ORDER BY created_at DESC, id DESC LIMIT $3`, userID, analysisID, maxKept)
}

// Get returns one of the user's links.
func (s *Service) Get(ctx context.Context, userID, id string) (Share, error) {
	if !db.IsID(id) {
		return Share{}, noShare()
	}
	found, err := db.ReadOne(ctx, s.c.DB, db.User(userID), scan,
		`SELECT `+columns+` FROM shares WHERE user_id = $1 AND id = $2`, userID, id)
	if errors.Is(err, db.ErrNotFound) {
		err = noShare()
	}
	return found, err
}

func noShare() error { return fault.NotFound.Saying("You have no shared link with this id.") }

// Revoke ends a link at once. One that has ended stays as it is.
func (s *Service) Revoke(ctx context.Context, userID, id string) error {
	if _, err := s.Get(ctx, userID, id); err != nil {
		return err
	}
	return s.c.DB.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE shares SET revoked_at = $3
			WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3`,
			id, userID, tx.Now())
		if err == nil && n > 0 {
			audit.Record(ctx, tx, audit.Event{
				UserID: userID, Actor: "user", Action: audit.ShareRevoked, Resource: "share:" + id,
			})
		}
		return err
	})
}

// EndAll ends every link of a user, in the caller's transaction of db.System.
func (s *Service) EndAll(tx db.Tx, userID string) {
	tx.Later(`UPDATE shares SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2`,
		userID, tx.Now())
}

// Retain forgets links that ended 30 days ago, with who opened them.
func (s *Service) Retain(ctx context.Context) error {
	return s.c.DB.InTx(ctx, db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`DELETE FROM shares WHERE expires_at <= $1 OR revoked_at <= $1`, tx.Now().Add(-keptFor))
		return nil
	})
}

// find is the link with a token, if it opens.
func (s *Service) find(ctx context.Context, token string) (Share, error) {
	type row struct {
		Share
		hash string
	}
	want := hash(token[:min(len(token), maxSent)])
	read := func(r db.Rows, v *row) error { return v.read(r, &v.hash) }
	found, err := db.ReadOne(ctx, s.c.DB, db.System, read,
		`SELECT `+columns+`, token_hash FROM shares WHERE token_hash = $1`, want)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return Share{}, err
	}
	same := subtle.ConstantTimeCompare([]byte(found.hash), []byte(want)) == 1
	if !same || !found.Live(s.c.DB.Now()) {
		return Share{}, notThere()
	}
	return found.Share, nil
}

// notThere is the one answer to a link that does not open, so that nobody learns why.
func notThere() error {
	return fault.NotFound.Saying("This link does not open a report. It may have ended, or it is not whole: ask whoever " +
		"sent it for another.")
}

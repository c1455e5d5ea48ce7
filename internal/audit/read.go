package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/page"
)

// Line is one line of the log.
type Line struct {
	ID       string
	UserID   string // whose data it concerns; empty when nobody's
	Actor    string // "user", "system", "operator", "admin", "stripe", "stranger"
	Action   Action
	Resource string         // kind and id; may be empty
	IP       string         // these three may be empty
	Agent    string         // the User-Agent of the program
	Request  string         // the request's id, as answers carry it
	Detail   map[string]any // never nil
	At       time.Time
}

// Filter narrows a reading; zero fields do not.
type Filter struct {
	UserID   string // for administrators; a person reads their own lines
	Action   string // "session.revoked", or "session" for everything of that kind
	From, To time.Time
	Limit    int    // 1 to 100; 0 means 50
	Cursor   string // Page.Next of the page before
}

// Page is one page of lines, the newest first.
type Page struct {
	Lines []Line
	Next  string // empty on the last page
	Total int    // of all pages, counted up to MaxTotal
}

// MaxTotal is how far lines are counted: the log only grows.
const MaxTotal = 10_000

const (
	defaultLimit = 50
	maxLimit     = 100
)

// Log reads what [Record] wrote.
type Log struct{ db *db.DB }

// NewLog makes a Log.
func NewLog(d *db.DB) *Log { return &Log{d} }

// Of reads the lines that concern a user. Where a line came from is shown of their own doings only: the address of an
// administrator is not theirs to know. Error: validation_failed.
func (l *Log) Of(ctx context.Context, userID string, f Filter) (Page, error) {
	f.UserID = userID
	p, err := f.read(func(scan scanner, query string, args []any) ([]Line, error) {
		return db.Read(ctx, l.db, db.User(userID), scan, query, args...)
	})
	for i, line := range p.Lines {
		if line.Actor != "user" {
			p.Lines[i].IP, p.Lines[i].Agent = "", ""
		}
	}
	return p, err
}

// All reads everybody's lines for an administrator, who leaves one of their own by it: a person sees who looked at
// theirs. Error: validation_failed.
func (l *Log) All(ctx context.Context, adminID string, f Filter) (p Page, err error) {
	err = l.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		p, err = f.read(func(scan scanner, query string, args []any) ([]Line, error) {
			return db.All(ctx, tx, scan, query, args...)
		})
		if err == nil {
			Record(ctx, tx, Event{
				UserID: f.UserID, Actor: "admin", Action: AuditRead, Resource: resource(f.UserID),
				Detail: map[string]any{"admin": adminID},
			})
		}
		return err
	})
	return p, err
}

func resource(userID string) string {
	if userID == "" {
		return ""
	}
	return "user:" + userID
}

type scanner = func(db.Rows, *Line) error

// read asks for one line more than the page holds, which tells whether there is another page. Each line brings the
// count.
func (f Filter) read(ask func(scanner, string, []any) ([]Line, error)) (p Page, err error) {
	where, args, err := f.where()
	if err != nil {
		return Page{}, err
	}
	from, err := page.Parse(f.Cursor)
	if err != nil {
		return Page{}, err
	}
	limit := min(max(f.Limit, 0), maxLimit)
	if limit == 0 {
		limit = defaultLimit
	}
	scan := func(r db.Rows, v *Line) error { return v.scan(r, &p.Total) }
	p.Lines, err = ask(scan, `SELECT id, COALESCE(CAST(user_id AS text), ''), actor, action, resource, ip, user_agent,
		request_id, CAST(detail AS text), created_at,
			(SELECT count(*) FROM (SELECT 1 FROM audit_log WHERE `+where+` LIMIT $7) AS counted)
		FROM audit_log WHERE `+where+` AND (created_at, id) < ($5, $6) ORDER BY created_at DESC, id DESC LIMIT $8`,
		append(args, from.At, from.ID, MaxTotal, limit+1))
	if err != nil {
		return Page{}, err
	}
	p.Lines, p.Next = page.Cut(p.Lines, limit, func(l Line) page.Place { return page.Place{At: l.At, ID: l.ID} })
	return p, nil
}

func (v *Line) scan(r db.Rows, total *int) error {
	var detail string
	if err := r.Scan(&v.ID, &v.UserID, &v.Actor, &v.Action, &v.Resource, &v.IP, &v.Agent, &v.Request, &detail, &v.At,
		total); err != nil {
		return err
	}
	v.Detail = map[string]any{}
	return json.Unmarshal([]byte(detail), &v.Detail)
}

// actions are what an action is made of; so a filter is no pattern of the database's.
var actions = regexp.MustCompile(`^[a-z_]{1,40}(\.[a-z_]{1,40})?$`)

// where always takes four arguments. Which user is asked for is part of the text, so that the index is used either way.
func (f Filter) where() (string, []any, error) {
	if f.Action != "" && !actions.MatchString(f.Action) {
		return "", nil, fault.ValidationFailed.At("query.action", `must look like "session.revoked" or "session"`)
	}
	from, to := f.From, f.To
	if to.IsZero() {
		to = end
	}
	user := `$1 = ''`
	if f.UserID != "" {
		user = `user_id = $1`
	}
	return user + ` AND ($2 = '' OR action = $2 OR substr(action, 1, length($2) + 1) = $2 || '.') AND created_at >= $3 AND created_at < $4`,
		[]any{f.UserID, f.Action, from, to}, nil
}

var end = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Look reads the newest lines about a user for an administrator who looks at the whole account, and writes that down as
// a line that the user can see.
func (l *Log) Look(ctx context.Context, adminID, userID string) (p Page, err error) {
	err = l.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		p, err = Filter{UserID: userID}.read(func(scan scanner, query string, args []any) ([]Line, error) {
			return db.All(ctx, tx, scan, query, args...)
		})
		if err == nil {
			Record(ctx, tx, Event{
				UserID: userID, Actor: "admin", Action: UserViewed, Resource: resource(userID),
				Detail: map[string]any{"admin": adminID},
			})
		}
		return err
	})
	return p, err
}

// Did writes down what an administrator did to the service itself, which concerns no single user.
func (l *Log) Did(ctx context.Context, adminID string, action Action, what string) error {
	return l.db.InTx(ctx, db.System, func(ctx context.Context, tx db.Tx) error {
		Record(ctx, tx, Event{Actor: "admin", Action: action, Resource: what, Detail: map[string]any{"admin": adminID}})
		return nil
	})
}

// Refused is what was refused to one network.
type Refused struct {
	Network string // /24, or /48 of IPv6; "" when it is not known
	Action  Action
	Times   int
	Last    time.Time
}

// maxRefusals is how many lines [Log.RefusedSince] reads: [Refusals] begins some thousand a day at most.
const maxRefusals = 10_000

// RefusedSince adds up what was refused since a moment, by network, the most often first.
func (l *Log) RefusedSince(ctx context.Context, since time.Time) ([]Refused, error) {
	lines, err := db.Read(ctx, l.db, db.System, func(r db.Rows, v *Line) error {
		var detail string
		if err := r.Scan(&v.Action, &v.IP, &detail, &v.At); err != nil {
			return err
		}
		return json.Unmarshal([]byte(detail), &v.Detail)
	}, `SELECT action, ip, CAST(detail AS text), created_at FROM audit_log WHERE created_at >= $1
		AND action IN ($2, $3, $4, $5)
		ORDER BY created_at DESC LIMIT $6`, since, SignInRefused, TokenRefused, AccessRefused, RateRefused, maxRefusals)
	if err != nil {
		return nil, err
	}
	return addUp(lines), nil
}

// addUp joins lines of one network and action, which come newest first.
func addUp(lines []Line) (all []Refused) {
	at := map[Refused]int{}
	for _, line := range lines {
		n, ok := line.Detail["count"].(float64)
		if !ok {
			n = 1
		}
		key := Refused{Network: network(line.IP), Action: line.Action}
		i, known := at[key]
		if !known {
			i = len(all)
			at[key] = i
			all = append(all, Refused{Network: key.Network, Action: key.Action, Last: line.At})
		}
		all[i].Times += int(n)
	}
	slices.SortStableFunc(all, func(a, b Refused) int { return cmp.Compare(b.Times, a.Times) })
	return all
}

// network is the one around an address; a stranger's line holds it already.
func network(from string) string {
	if _, err := netip.ParsePrefix(from); err == nil {
		return from
	}
	return coarse(from)
}

package analysis

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/db"
)

// Cost is what analyses cost the operator, in millionths of a US dollar.
type Cost struct {
	Day      string // 2026-11-28, or "" of a user
	UserID   string // or "" of a day
	Analyses int
	XMicro   int64 // for posts and profiles
	Model    int64
}

// All is the sum.
func (c Cost) All() int64 { return c.XMicro + c.Model }

// Costs adds up the analyses that began since a moment, by day (the latest first) and by user (the dearest first, at
// most users). Analyses that were deleted, and those of erased people, are not among them any more.
func (s *Service) Costs(ctx context.Context, since time.Time, users int) (byDay, byUser []Cost, err error) {
	all, err := db.Read(ctx, s.c.DB, db.System, func(r db.Rows, c *Cost) error {
		return r.Scan(&c.Day, &c.UserID, &c.Analyses, &c.XMicro, &c.Model)
	}, `SELECT day, user_id, count(*), CAST(sum(x_reads * $2 + x_user_reads * $3) AS bigint), 
		CAST(sum(model_micro_usd) AS bigint)
		FROM (SELECT `+s.c.DB.DayOf("created_at")+` AS day, CAST(user_id AS text) AS user_id, x_reads, x_user_reads,
			model_micro_usd
			FROM analyses WHERE created_at >= $1) AS a GROUP BY day, user_id`,
		since, assess.XReadMicroUSD, assess.XUserReadMicroUSD)
	if err != nil {
		return nil, nil, err
	}
	days, people := map[string]*Cost{}, map[string]*Cost{}
	for _, c := range all {
		add(days, c.Day, Cost{Day: c.Day}, c)
		add(people, c.UserID, Cost{UserID: c.UserID}, c)
	}
	byDay = sorted(days, func(a, b Cost) int { return cmp.Compare(b.Day, a.Day) })
	byUser = sorted(people, func(a, b Cost) int {
		return cmp.Or(cmp.Compare(b.All(), a.All()), cmp.Compare(a.UserID, b.UserID))
	})
	return byDay, byUser[:min(len(byUser), users)], nil
}

func add(to map[string]*Cost, key string, empty, c Cost) {
	if to[key] == nil {
		to[key] = &empty
	}
	sum := to[key]
	sum.Analyses, sum.XMicro, sum.Model = sum.Analyses+c.Analyses, sum.XMicro+c.XMicro, sum.Model+c.Model
}

func sorted(costs map[string]*Cost, by func(a, b Cost) int) []Cost {
	all := make([]Cost, 0, len(costs))
	for _, c := range costs {
		all = append(all, *c)
	}
	slices.SortFunc(all, by)
	return all
}

// ModelLook is a configured model as its provider last told of it.
type ModelLook struct {
	Name string
	Gone bool // no analysis can use it
}

// Models are the configured models, and which of them are gone. Without a provider there is none.
func (s *Service) Models() (all []ModelLook) {
	if s.c.Claude == nil {
		return nil
	}
	for _, name := range s.configured() {
		all = append(all, ModelLook{name, s.gone.has(name)})
	}
	return all
}

//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/repazoo/repazoo/internal/analysis"
)

// With --growth the same database is filled further and further, and at every size the same requests are asked of the
// real program. PostgreSQL itself counts what they cost: the blocks it touched, which grow as an index grows, and the
// rows it read from one end of a table to the other, which grow as the table grows. Its processor time is shown
// beside them. Nothing is answered from the program's memory.

// sizes are how many users there are; --users may end the list earlier.
var sizes = []int{1000, 10_000, 100_000, 1_000_000}

const (
	growthAsked   = 6000             // requests of each call at each size
	growthPeople  = 1000             // who ask, chosen from all users by chance
	growthWorking = 20 * time.Second // how long the jobs that look after everything may work at each size
	growthClients = 4
)

var growthCalls = []call{
	{"users/me", "GET", "/api/v1/users/me", 200},
	{"usage", "GET", "/api/v1/usage", 200},
	{"subscriptions", "GET", "/api/v1/subscriptions", 200},
	{"analyses", "GET", "/api/v1/analyses?limit=1", 200},
	{"notices", "GET", "/api/v1/notices?limit=1", 200},
	{"audit", "GET", "/api/v1/audit?limit=1", 200},
	{"analyze", "POST", "/api/v1/analyses", 202},
}

// filling puts rows of the users $1 to $2 into each table, as X, Stripe and the jobs would have left them: an account,
// a session, a consent and a quota each, a plan and an event of Stripe for every fifth, and a history. Ids are in the
// order of time, like the program's.
var filling = []string{
	`INSERT INTO users (id, name, email, role, created_at, updated_at)
		SELECT pg_temp.growth_id(1, n), 'User ' || n, 'user' || n || '@repazoo.invalid', 'user', pg_temp.growth_at(n),
			pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n`,
	`INSERT INTO x_accounts (id, user_id, x_user_id, handle, name, scopes, status, linked_at, updated_at)
		SELECT pg_temp.growth_id(2, n), pg_temp.growth_id(1, n), (1000000000 + n)::text, 'user' || n, 'User ' || n,
			'tweet.read users.read', 'active',
			pg_temp.growth_at(n), pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n`,
	`INSERT INTO sessions (id, user_id, device, ip, created_at, last_used_at, expires_at)
		SELECT pg_temp.growth_id(3, n), pg_temp.growth_id(1, n), 'Firefox on Linux', '127.0.0.1', pg_temp.growth_at(n),
			now(), now() + '30 days'
		FROM generate_series($1::bigint, $2::bigint) n`,
	`INSERT INTO refresh_tokens (hash, session_id, user_id, created_at, expires_at)
		SELECT md5('growth' || n) || md5(n::text), pg_temp.growth_id(3, n), pg_temp.growth_id(1, n),
			pg_temp.growth_at(n), now() + '30 days'
		FROM generate_series($1::bigint, $2::bigint) n`,
	`INSERT INTO consents (id, user_id, kind, version, session_id, created_at)
		SELECT pg_temp.growth_id(4, n), pg_temp.growth_id(1, n), 'analysis', '` + analysis.ConsentVersion + `',
			pg_temp.growth_id(3, n), pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n`,
	`INSERT INTO quota_periods (user_id, period_start, period_end, entitled_until, tier, quota, reads_limit)
		SELECT pg_temp.growth_id(1, n), date_trunc('hour', now()) - '1 day'::interval, date_trunc('hour',
			now()) + '29 days',
			date_trunc('hour', now()) + '29 days', 'pro', 1000000000, 1000000000
		FROM generate_series($1::bigint, $2::bigint) n`,
	`INSERT INTO subscriptions (id, user_id, stripe_customer_id, stripe_subscription_id, tier, status, period_start,
		period_end, entitled_until,
			created_at, updated_at)
		SELECT pg_temp.growth_id(5, n), pg_temp.growth_id(1, n), 'cus_growth' || n, 'sub_growth' || n, 'pro', 'active',
			now() - '1 day'::interval,
			now() + '29 days', now() + '29 days', pg_temp.growth_at(n), pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n WHERE n % 5 = 0`,
	`INSERT INTO stripe_events (id, type, object_id, payload, received_at, handled_at)
		SELECT 'evt_growth' || n, 'invoice.paid', 'in_growth' || n, jsonb_build_object('data', jsonb_build_object('object',
			jsonb_build_object('customer', 'cus_growth' || n, 'lines', repeat('x', 1000)))), pg_temp.growth_at(n),
			pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n WHERE n % 5 = 0`,
	`INSERT INTO analyses (id, user_id, account_id, handle, purpose, max_posts, tier, model, status, stage, done,
		total, findings, score, level,
			score_now, level_now, period_start, created_at, started_at, finished_at)
		SELECT pg_temp.growth_id(6, n), pg_temp.growth_id(1, n), pg_temp.growth_id(2, n), 'user' || n, 'general', 3200,
			'pro', '', 'completed', 'done', 500, 500, 12,
			40, 'medium', 40, 'medium', now(), pg_temp.growth_at(n), pg_temp.growth_at(n), pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n`,
	`INSERT INTO reports (analysis_id, user_id, sealed, created_at)
		SELECT pg_temp.growth_id(6, n), pg_temp.growth_id(1, n), decode(repeat(md5(n::text), 30), 'hex'),
			pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n`,
	`INSERT INTO notices (id, user_id, kind, subject, data, created_at)
		SELECT pg_temp.growth_id(7, n * 2 + i), pg_temp.growth_id(1, n), 'analysis_completed', pg_temp.growth_id(6,
			n * 2 + i)::text,
			jsonb_build_object('handle', 'user' || n, 'level', 'medium', 'findings', 12), pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n, generate_series(0, 1) i`,
	`INSERT INTO audit_log (id, user_id, actor, action, resource, ip, user_agent, request_id, detail, created_at)
		SELECT pg_temp.growth_id(8, n * 3 + i), pg_temp.growth_id(1, n), 'user', 'session.created', pg_temp.growth_id(3,
			n)::text, '127.0.0.1', 'Firefox', 'growth', '{}', pg_temp.growth_at(n)
		FROM generate_series($1::bigint, $2::bigint) n, generate_series(0, 2) i`,
}

// growthFunctions last as long as the connection: a function that anybody may run would keep Repazoo from starting.
var growthFunctions = []string{
	`CREATE FUNCTION pg_temp.growth_id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
		$$ SELECT (lpad(to_hex(1700000000000 + n * 20), 12, '0') || '7' || lpad(to_hex(kind), 3,
			'0') || '8' || left(md5(kind || ':' || n), 15))::uuid $$`,
	`CREATE FUNCTION pg_temp.growth_at(n bigint) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
		$$ SELECT now() - '20 days'::interval + n * '1 second'::interval $$`,
}

// burden is what PostgreSQL counted of one call at one size, each a request.
type burden struct {
	blocks, scanned, micros float64
	tables                  []string // that were read from end to end, and how many of their rows
}

// showGrowth fills, asks and prints, size by size.
func (b *bench) showGrowth(ctx context.Context, out io.Writer) error {
	if err := b.makePostgres(ctx); err != nil {
		return err
	}
	if err := b.findServers(ctx); err != nil {
		return err
	}
	admin, err := pgx.Connect(ctx, address(b.databases.names[0], ""))
	if err != nil {
		return err
	}
	defer admin.Close(ctx)
	for _, f := range growthFunctions {
		if _, err := admin.Exec(ctx, f); err != nil {
			return err
		}
	}
	if err := b.askAll(ctx, call{}, nil, 0); err != nil { // it writes its keys down before there is anything sealed
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| users\t| rows\t| call\t| blocks\t| of first\t"+
		"| rows read end to end\t| PostgreSQL µs\t| of first\t|")
	fmt.Fprintln(w, "|"+strings.Repeat("---\t|", 8))
	first, filled := map[string]burden{}, 0
	for _, size := range sizes {
		if size > b.users {
			break
		}
		rows, err := fill(ctx, admin, filled, size)
		if err != nil {
			return err
		}
		filled = size
		if b.people, err = choose(ctx, admin, size); err != nil {
			return err
		}
		for _, c := range growthCalls {
			got, err := b.costOf(ctx, admin, c)
			if err != nil {
				return err
			}
			if _, ok := first[c.name]; !ok {
				first[c.name] = got
			}
			fmt.Fprintf(w, "| %d\t| %d\t| %s\t| %.1f\t| %.2f\t| %.1f%s\t| %.0f\t| %.2f\t|\n", size, rows, c.name, got.blocks,
				got.blocks/first[c.name].blocks, got.scanned, list(got.tables), got.micros, got.micros/first[c.name].micros)
		}
		got, err := b.costOfJobs(ctx, admin)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "| %d\t| %d\t| jobs, %v\t| %.0f\t| \t| %.0f%s\t| %.0f\t| \t|\n", size, rows, growthWorking,
			got.blocks, got.scanned,
			list(got.tables), got.micros)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func list(tables []string) string {
	if len(tables) == 0 {
		return ""
	}
	return " (" + strings.Join(tables, ", ") + ")"
}

// fill adds the users after from, without the checks of references, which the rows keep anyway.
func fill(ctx context.Context, admin *pgx.Conn, from, to int) (rows int64, err error) {
	if _, err := admin.Exec(ctx, "SET session_replication_role = replica"); err != nil {
		return 0, err
	}
	for _, q := range filling {
		if _, err := admin.Exec(ctx, q, from+1, to); err != nil {
			return 0, fmt.Errorf("%.30s: %w", q, err)
		}
	}
	if _, err := admin.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return 0, err
	}
	err = admin.QueryRow(ctx, "SELECT sum(n_live_tup) FROM pg_stat_user_tables").Scan(&rows)
	return rows, err
}

// choose picks who asks, the same in every run.
func choose(ctx context.Context, admin *pgx.Conn, size int) ([]person, error) {
	who := rand.New(rand.NewPCG(uint64(size), 2)) //nolint:gosec // the same in every run
	numbers := make([]int64, 0, growthPeople)
	for _, n := range who.Perm(size)[:min(size, growthPeople)] {
		numbers = append(numbers, int64(n)+1)
	}
	rows, err := admin.Query(ctx, `SELECT pg_temp.growth_id(1, n)::text, pg_temp.growth_id(3, n)::text,
		pg_temp.growth_id(2, n)::text, pg_temp.growth_id(4, n)::text
		FROM unnest($1::bigint[]) n`, numbers)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (p person, err error) {
		return p, r.Scan(&p.user, &p.session, &p.account, &p.consent)
	})
}

// counts are what PostgreSQL has counted so far. A connection tells it when it ends.
type counts struct {
	blocks  int64
	scanned map[string]int64
	cpu     time.Duration
}

func (b *bench) counts(ctx context.Context, admin *pgx.Conn) (c counts, err error) {
	for deadline := time.Now().Add(30 * time.Second); ; {
		var open int
		if err := admin.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`).
			Scan(&open); err != nil {
			return c, err
		}
		if open == 0 {
			break
		}
		if time.Now().After(deadline) {
			return c, fmt.Errorf("%d connections are still open", open)
		}
		if _, err := admin.Exec(ctx, "SELECT pg_sleep(0.05)"); err != nil {
			return c, err
		}
	}
	c.cpu, c.scanned = treeCPU(b.postgres), map[string]int64{}
	rows, err := admin.Query(ctx, "SELECT relname, coalesce(seq_tup_read, 0) FROM pg_stat_user_tables")
	if err != nil {
		return c, err
	}
	var table string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&table, &n}, func() error { c.scanned[table] = n; return nil }); err != nil {
		return c, err
	}
	return c, admin.QueryRow(ctx, `SELECT (SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read,
		0) + coalesce(idx_blks_hit, 0)
		+ coalesce(toast_blks_read, 0) + coalesce(toast_blks_hit, 0)) FROM pg_statio_user_tables)`).Scan(&c.blocks)
}

// since is what was counted after before, each of n requests. Tables of which less than a row a request was read from
// end to end are left out.
func (c counts) since(before counts, n float64) burden {
	out := burden{blocks: float64(c.blocks-before.blocks) / n, micros: micros(c.cpu-before.cpu) / n}
	for table, now := range c.scanned {
		if read := now - before.scanned[table]; float64(read) >= n {
			out.scanned += float64(read) / n
			out.tables = append(out.tables, table)
		}
	}
	slices.SortFunc(out.tables, cmp.Compare)
	return out
}

// costOf asks one call of everybody, in turn, of a server that is started for it.
func (b *bench) costOf(ctx context.Context, admin *pgx.Conn, c call) (burden, error) {
	requests, err := b.requests([]call{c})
	if err != nil {
		return burden{}, err
	}
	before, err := b.counts(ctx, admin)
	if err != nil {
		return burden{}, err
	}
	if err := b.askAll(ctx, c, requests, growthAsked); err != nil {
		return burden{}, err
	}
	after, err := b.counts(ctx, admin)
	return after.since(before, growthAsked), err
}

func (b *bench) askAll(ctx context.Context, c call, r requests, n int) error {
	p, err := launch(ctx, b.binary, b.dir, "growth", []string{"serve"}, func(address string) []string {
		return append(b.variables("replica")(address), "KEEP_ANSWERS=off")
	})
	if err != nil {
		return err
	}
	defer p.close()
	g, ctx := errgroup.WithContext(ctx)
	for i := range growthClients {
		client, err := dial(ctx, p.address, r, uint64(i))
		if err != nil {
			return err
		}
		defer client.conn.Close()
		g.Go(func() error {
			for range n / growthClients {
				if err := client.ask(c); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		log, _ := os.ReadFile(filepath.Join(b.dir, "growth.log"))
		return fmt.Errorf("%w; its log ends with: %s", err, log[max(0, len(log)-1000):])
	}
	return nil
}

// costOfJobs lets a worker look after everything for a while: it sweeps, retains, and looks for what was overlooked.
// What was started to measure it is forgotten first.
func (b *bench) costOfJobs(ctx context.Context, admin *pgx.Conn) (burden, error) {
	for _, q := range []string{"DELETE FROM analyses WHERE status = 'queued'", "DELETE FROM river_job"} {
		if _, err := admin.Exec(ctx, q); err != nil {
			return burden{}, err
		}
	}
	before, err := b.counts(ctx, admin)
	if err != nil {
		return burden{}, err
	}
	p, err := launch(ctx, b.binary, b.dir, "growth-jobs", []string{"serve"}, func(address string) []string {
		return append(b.variables("replica")(address), "WORKERS=true")
	})
	if err != nil {
		return burden{}, err
	}
	select {
	case <-time.After(growthWorking):
	case <-ctx.Done():
	}
	p.close()
	after, err := b.counts(ctx, admin)
	return after.since(before, 1), err
}

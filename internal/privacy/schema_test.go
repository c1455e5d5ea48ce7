package privacy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/plan"
)

// decisions is what becomes of each table's rows when their user is erased, and which file of a package they are in. A
// table that is not here fails the tests below: decide about it, then name it.
var decisions = map[string]struct {
	stays string // why a row may go on naming the user; "" when none may
	file  string // in the package; "" when unseen says why not
	why   string // it is in no file
}{
	"users":               {file: "user.json"},
	"email_confirmations": {file: "email.json"},
	"x_accounts":          {file: "x_accounts.json"},
	"sessions":            {file: "sessions.json"},
	"api_keys":            {file: "api_keys.json"},
	"job_workers":         {why: "ids of the server's own processes"},
	"seal_keys":           {why: "ids of the server's own keys"},
	"consents":            {file: "consents.json"},
	"audit_log": {
		file:  "audit_log.json",
		stays: "the log's own line: what was done to which id, without where from",
	},
	"subscriptions":      {file: "subscription.json"},
	"billing_timeline":   {file: "billing_timeline.json"},
	"payment_returns":    {why: "refunds and disputes by Stripe's ids; billing_timeline.json tells each"},
	"quota_periods":      {file: "quota.json"},
	"notices":            {file: "notices.json"},
	"schedules":          {file: "schedules.json"},
	"notice_mutes":       {file: "notice_choices.json"},
	"webhook_endpoints":  {file: "webhooks.json"},
	"webhook_deliveries": {file: "webhook_deliveries.json"},
	"archives":           {file: "archives.json"},
	"analyses":           {file: "analyses.json"},
	"model_batches": {why: "what waits at the provider of the model, by ids and counts; analyses.json tells of " +
		"the analysis"},
	"reports":        {file: "reports.json"},
	"dismissals":     {file: "dismissals.json"},
	"posts":          {file: "posts.json"},
	"exports":        {file: "exports.json"},
	"timelines":      {why: "how far the reading of an account from X has come; posts.json has what was read"},
	"timeline_spans": {why: "between which posts everything was read; posts.json has what was read"},
	"cleanups":       {file: "cleanups.json"},
	"cleanup_posts":  {file: "cleanup_posts.json"},
	"shares":         {file: "shares.json"},
	"share_views":    {file: "share_views.json"},
	"x_leaves": {why: "the leave to delete posts while a clean-up runs, a token; cleanups.json tells of " +
		"the clean-up"},
	"oauth_states":         {why: "a sign-in under way, for ten minutes"},
	"refresh_tokens":       {why: "hashes of tokens"},
	"verdicts":             {why: "cannot be opened without the post; what they said is in the reports"},
	"idempotency_keys":     {why: "the answer to a repeated request, for a day"},
	"erasures":             {why: "only there while the user is being erased"},
	"subscription_changes": {why: "what the plan was worth, for figures; audit_log.json tells the same changes"},
	"stripe_sweeps":        {why: "about the reading of Stripe's list"},
	"billing_records":      {why: "only there after the user was erased"},
	"trials_spent":         {why: "only there after the user was erased, as a keyed hash"},
	"stripe_events":        {why: "what Stripe tells this server; the user's part of it is the subscription"},
	"river_job":            {why: "ids of work under way", stays: "ids only, deleted by the queue a day after the work"},
	"goose_db_version":     {why: "about the schema"},
	"river_client":         {why: "about the queue"}, "river_client_queue": {why: "about the queue"},
	"river_leader":    {why: "about the queue"},
	"river_migration": {why: "about the queue"}, "river_queue": {why: "about the queue"},
	"river_notification": {why: "about the queue"},
}

// column is one of the schema's.
type column struct{ table, name string }

// columns reads the schema itself.
func (w *world) columns() []column {
	w.t.Helper()
	query := `SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = CAST('public' AS regnamespace) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
			ORDER BY 1, 2`
	if w.d.Name() == "sqlite" {
		query = `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
			AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
			AND m.name <> 'touched' ORDER BY 1, 2`
	}
	all := must(db.Read(w.t.Context(), w.d, db.System,
		func(r db.Rows, v *column) error { return r.Scan(&v.table, &v.name) }, query))(w.t)
	if len(all) < 100 {
		w.t.Fatalf("the schema has only %d columns", len(all))
	}
	return all
}

// mentions lists the tables with a row that holds one of the words in any column.
func (w *world) mentions(words ...string) []string {
	w.t.Helper()
	var tables []string
	for _, c := range w.columns() {
		values := must(db.Read(w.t.Context(), w.d, db.System, db.Value[*string],
			`SELECT CAST("`+c.name+`" AS text) FROM "`+c.table+`"`))(w.t)
		for _, v := range values {
			if v != nil && slices.ContainsFunc(words, func(word string) bool { return strings.Contains(*v, word) }) &&
				!slices.Contains(tables, c.table) {
				tables = append(tables, c.table)
			}
		}
	}
	return tables
}

func TestSchema_EveryTableIsDecidedAbout(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		files := w.busy(gus).fetchNew()
		for _, c := range w.columns() {
			d, ok := decisions[c.table]
			if !ok {
				t.Errorf("nobody decided what becomes of %s when its user is erased, and which file of an export it is in: see "+
					"the table above", c.table)
				continue
			}
			if (d.file == "") == (d.why == "") {
				t.Errorf("%s: an export either has it or says why not", c.table)
			}
			if d.file != "" && files[d.file] == "" {
				t.Errorf("%s should be in %s, which a package does not have", c.table, d.file)
			}
			if c.name == "user_id" && w.count(`SELECT count(*) FROM "`+c.table+`"`) == 0 && c.table != "erasures" {
				t.Errorf("%s has no row of anybody, so the test of the erasure proves nothing about it", c.table)
			}
		}
	})
}

func (p *person) fetchNew() map[string]string {
	p.t.Helper()
	e := must(p.Exports(p.ctx, p.UserID))(p.t)[0]
	p.ok(p.MakeExport(p.t.Context(), e.ID))
	return p.fetch(e.ID)
}

// After an erasure no column of any table names the person in any way, but where that was decided.
func TestErase_LeavesNothingInAnyTable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.busy(gus), w.busy(ada)
		_, err := w.accounts.CompleteSignIn(p.ctx,
			w.allow(must(w.accounts.BeginSignIn(p.ctx, account.SignInRequest{
				LinkTo:  p.UserID,
				Session: p.Tokens.SessionID,
			}))(t), "wandering_mira"))
		w.ok(err)
		words := []string{
			p.UserID, p.Account.ID, p.Account.XUserID, p.Account.Name, gus, "wandering_mira", p.customer(), "203.0.113.7",
			"Firefox of", "request-" + gus,
			must(w.Exports(p.ctx, p.UserID))(t)[0].ID, p.Tokens.SessionID,
		}
		before := map[string]int{}
		for _, table := range []string{"posts", "reports", "consents"} {
			before[table] = w.count(`SELECT count(*) FROM ` + table + ` WHERE user_id = '` + other.UserID + `'`)
		}
		w.ok(w.Erase(p.ctx, p.UserID, "@"+strings.ToUpper(gus)))
		w.ok(w.FinishErase(t.Context(), p.UserID))
		for _, word := range words {
			for _, table := range w.mentions(word) {
				switch {
				case decisions[table].stays != "" && word != "203.0.113.7" && !strings.HasPrefix(word, "Firefox") &&
					!strings.HasPrefix(word, "request-") && word != gus:
				case table == "billing_records" && strings.HasPrefix(word, "cus_"):
				case (table == "sessions" || table == "audit_log") && (word == "203.0.113.7" || word == "Firefox of"): // ada's
				default:
					t.Errorf("%s still holds %q", table, word)
				}
			}
		}
		if n := w.count(`SELECT count(*) FROM audit_log WHERE user_id = $1
			AND (ip <> '' OR user_agent <> '' OR request_id <> '')`, p.UserID); n != 0 {
			t.Errorf("%d lines of the audit log still say where the person called from", n)
		}
		if n := w.count(`SELECT count(*) FROM audit_log WHERE user_id = $1 AND ip = '203.0.113.7'`, other.UserID); n == 0 {
			t.Error("another user's lines lost where they called from")
		}
		if n := w.count(`SELECT count(*) FROM audit_log WHERE user_id = $1
			AND action IN ('user.erasure_began', 'user.erased')`, p.UserID); n != 2 {
			t.Errorf("%d lines tell of the erasure, want 2", n)
		}
		if n := w.count(`SELECT count(*) FROM billing_records WHERE tier = 'basic'`); n != 1 {
			t.Errorf("%d records stay for the tax office, want 1", n)
		}
		for table, want := range before {
			if got := w.count(`SELECT count(*) FROM ` + table + ` WHERE user_id = '` + other.UserID + `'`); got != want ||
				want == 0 {
				t.Errorf("%s had %d rows of another user, now %d", table, want, got)
			}
		}
		if s := must(w.billing.Subscription(other.ctx, other.UserID))(t); s.Status != "active" || s.Tier == (plan.Tier{}) {
			t.Errorf("another user's plan is %+v", s)
		}
	})
}

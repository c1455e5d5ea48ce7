package privacy

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/db"
)

// rows gives the entries of one file for one user.
type rows func(ctx context.Context, s *Service, userID string) iter.Seq2[any, error]

// contents is every file of a package, in the order they are written. What is named here is all that is given: a column
// that is added to a table appears when it is added here.
var contents = []struct {
	name, about string
	rows        rows
}{
	{"user.json", "Who you are to Repazoo.", table[user](key{noID},
		`SELECT id, name, email, role, created_at, updated_at, email_confirmed_at, email_declined_at, language,
			browser_language, time_zone
			FROM users WHERE id = $1 AND id > $2 ORDER BY id LIMIT $3`)},
	{"email.json", "An e-mail address that you gave and that waits to be confirmed.", waitingEmail},
	{"x_accounts.json", "The X accounts that you linked, and those that you unlinked since.", table[xAccount](key{noID},
		`SELECT id, COALESCE(released_x_user_id, x_user_id), handle, name, avatar_url, scopes, status, linked_at,
			last_sync_at, token_expires_at, updated_at,
			post_count, counted_at FROM x_accounts WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`)},
	{"sessions.json", "Where you were signed in, for 30 days after each session ended.", table[session](key{noID},
		`SELECT id, device, ip, created_at, last_used_at, expires_at, revoked_at, revoked_why FROM sessions
			WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`)},
	{"api_keys.json", "Your API keys, without their secrets, which nobody has but you.", table[apiKey](key{noID},
		`SELECT id, name, hint, scopes, created_at, expires_at, last_used_at, rotated_at, old_until, old_used_at
			FROM api_keys WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`)},
	{
		"consents.json", "What you agreed to, in which version of the words, and when you withdrew it.",
		table[consent](key{noID},
			`SELECT id, kind, version, session_id, created_at, withdrawn_at FROM consents WHERE user_id = $1 AND id > $2
			ORDER BY id LIMIT $3`),
	},
	{"audit_log.json", "What was done to your account, by whom, and from where.", table[auditLine](key{time.Time{}, noID},
		`SELECT created_at, id, actor, action, resource, ip, user_agent, request_id, CAST(detail AS text) FROM audit_log
			WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4`)},
	{"subscription.json", "Your plan, as the payment provider tells it. Cards and invoices are with the payment " +
		"provider (Stripe) only.", table[subscription](key{noID},
		`SELECT id, tier, status, stripe_customer_id, stripe_subscription_id, period_start, period_end, entitled_until, cancel_at, cancel_at_period_end, pending_tier, pending_how, pending_at, trial_end, no_card, created_at, updated_at FROM subscriptions WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`)},
	{"billing_timeline.json", "What happened to your plan, and what you paid.", table[timelineRow](key{time.Time{}, noID},
		`SELECT at, id, kind, tier, from_tier, cents, currency, until, note, created_at FROM billing_timeline
			WHERE user_id = $1 AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4`)},
	{"quota.json", "What your plan allowed in each period, and what you used of it.", table[quotaPeriod](key{time.Time{}},
		`SELECT period_start, period_end, entitled_until, tier, quota, used, reserved, reads_limit, reads_used
			FROM quota_periods WHERE user_id = $1 AND period_start > $2 ORDER BY period_start LIMIT $3`)},
	{"notices.json", "What you were told, for a year.", table[noticeRow](key{noID},
		`SELECT id, kind, CAST(data AS text), created_at, read_at, subject, mailed_at FROM notices WHERE user_id = $1
			AND id > $2 ORDER BY id LIMIT $3`)},
	{"notice_choices.json", "Kinds of notices that you switched off, on the page or by mail.", table[muteRow](key{"", ""},
		`SELECT kind, way, created_at FROM notice_mutes WHERE user_id = $1 AND (kind, way) > ($2, $3) ORDER BY kind, way
			LIMIT $4`)},
	{"webhooks.json", "Your webhooks, without their secrets, which nobody has but you.", table[webhookRow](key{noID},
		`SELECT id, url, kinds, created_at, failing_since, disabled_at FROM webhook_endpoints WHERE user_id = $1
			AND id > $2 ORDER BY id LIMIT $3`)},
	{"webhook_deliveries.json", "What was sent to your webhooks in the last 30 days.", table[deliveryRow](key{noID},
		`SELECT id, endpoint_id, notice_id, kind, message_id, payload, status, attempts, code, trouble, created_at,
			tried_at, next_try_at FROM webhook_deliveries WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`)},
	{"schedules.json", "Schedules of analyses, and why one is paused.", table[scheduleRow](key{noID},
		`SELECT id, account_id, every, weekday, day, minute, zone, purpose, max_cost_cents, created_at, next_at, last_at,
			last_id, failures, skipped, paused_at, paused_why,
		within_a_day FROM schedules WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`)},
	{"archives.json", "The X archives that you uploaded. The files themselves are not kept.", table[archive](key{noID},
		`SELECT id, x_user_id, handle, posts, created_at, expires_at, unread FROM archives WHERE user_id = $1 AND id > $2
			ORDER BY id LIMIT $3`)},
	{"analyses.json", "The analyses that you started, and how each ended.", table[analysisRow](key{time.Time{}, noID},
		`SELECT created_at, id, account_id, archive_id, handle, purpose, max_posts, since, tier, model, status, stage,
			findings, x_reads, score, level, score_now, level_now, error_code, error_message, started_at, finished_at,
			period_start, max_cost_cents, model_micro_usd, x_user_reads, free, scheduled, keep_until, lens_scores, since_id, since_new, since_gone,
			waiting_for, wait_until, tries, within_a_day, wait_by, steps_done FROM analyses WHERE user_id = $1
				AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4`)},
	{"reports.json", "Their reports, as they were made.", reports},
	{"dismissals.json", "Findings that you dismissed, and why.", table[dismissal](key{""},
		`SELECT finding_id, why, created_at FROM dismissals WHERE user_id = $1 AND finding_id > $2 ORDER BY finding_id
			LIMIT $3`)},
	{"posts.json", "Your posts and profile that are kept for now, and until when.", posts},
	{"cleanups.json", "Your clean-ups: what you let be deleted at X, and how each ended.", table[cleanupRow](key{noID},
		`SELECT id, account_id, analysis_id, handle, state, score_before, score_after, why, why_code, waiting_for,
			wait_until, signature, created_at,
			frozen_at, backup_at, consent_at, started_at, finished_at, expires_at FROM cleanups WHERE user_id = $1 AND id > $2
				ORDER BY id LIMIT $3`)},
	{"cleanup_posts.json", "The posts of your clean-ups and what became of each; their words for as long as the backup " +
		"is kept.", cleanupPosts},
	{
		"shares.json", "Links by which you let others read a report, without their secrets, for 30 days after each ended.",
		table[shareRow](key{noID},
			`SELECT id, analysis_id, purpose, sections, note, created_at, expires_at, revoked_at, opened, last_opened_at
		FROM shares WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`),
	},
	{"share_views.json", "When such a link was opened, and roughly from where.", table[shareViewRow](key{noID},
		`SELECT id, share_id, at, network, device FROM share_views WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`)},
	{"exports.json", "The packages that you asked for, this one included.", table[exportRow](key{noID},
		`SELECT id, status, bytes, fetched, created_at, ready_at, expires_at FROM exports WHERE user_id = $1 AND id > $2
			ORDER BY id LIMIT $3`)},
}

const (
	noID    = "00000000-0000-0000-0000-000000000000" // sorts before every id
	perRead = 500
)

// key is the place of a row: the columns a table is sorted by, which are the first that are read.
type key []any

// record is a row that knows where its columns go.
type record[T any] interface {
	*T
	into() []any
}

// table reads a user's rows from first on, a page at a time.
func table[T any, R record[T]](first key, query string) rows {
	return func(ctx context.Context, s *Service, userID string) iter.Seq2[any, error] {
		return func(yield func(any, error) bool) {
			for last := first; ; {
				page, err := db.Read(ctx, s.cfg.DB, db.User(userID),
					func(r db.Rows, v *T) error { return r.Scan(R(v).into()...) }, query,
					slices.Concat([]any{userID}, last, []any{perRead})...)
				if err != nil {
					yield(nil, err)
					return
				}
				for i := range page {
					if !yield(page[i], nil) {
						return
					}
				}
				if len(page) < perRead {
					return
				}
				last = R(&page[perRead-1]).into()[:len(first)]
			}
		}
	}
}

// waitingEmail is the one row that a person may not read for themselves, because of the hash beside it.
func waitingEmail(ctx context.Context, s *Service, userID string) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		all, err := db.Read(ctx, s.cfg.DB, db.System,
			func(r db.Rows, v *waiting) error { return r.Scan(&v.Email, &v.AskedAt, &v.ExpiresAt) },
			`SELECT email, asked_at, expires_at FROM email_confirmations WHERE user_id = $1 AND email IS NOT NULL`, userID)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func reports(ctx context.Context, s *Service, userID string) iter.Seq2[any, error] {
	return untyped(s.cfg.Analyses.EveryReport(ctx, userID))
}

func posts(ctx context.Context, s *Service, userID string) iter.Seq2[any, error] {
	return untyped(s.cfg.Analyses.EveryPost(ctx, userID))
}

func cleanupPosts(ctx context.Context, s *Service, userID string) iter.Seq2[any, error] {
	return untyped(s.cfg.Cleanups.EveryPost(ctx, userID))
}

func untyped[T any](all iter.Seq2[T, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for v, err := range all {
			if !yield(v, err) {
				return
			}
		}
	}
}

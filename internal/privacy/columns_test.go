package privacy_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// withheld are the columns of exported tables that a package leaves out, and why. A column that is neither here nor in
// contents.go fails the test below.
var withheld = map[string]string{
	"analyses.attempts": "how often a process took the run up", "analyses.done": "progress while it ran",
	"analyses.total": "progress while it ran", "analyses.event_seq": "counts what browsers were told",
	"analyses.lease_until": "which process runs it", "analyses.runner": "which process runs it",
	"analyses.turn": "its place in the queue",

	"cleanups.lease_until": "which process runs it", "cleanups.runner": "which process runs it",
	"cleanups.tries":   "how often X was away in a row",
	"cleanups.receipt": "a signed file of its own; what became of each post stands in cleanup_posts.json",

	"schedules.awaits_id":  "the analysis whose end it waits for; last_analysis_id names it",
	"schedules.digest_at":  "when the week is told next",
	"schedules.due_at":     "which run its job is for",
	"schedules.updated_at": "when its owner changed it last; the audit has it",

	"shares.token_hash": "a hash of the link's secret",

	"api_keys.hash": "a hash of the secret", "api_keys.old_hash": "a hash of the secret before",
	"webhook_endpoints.secret": "a secret, shown once", "x_accounts.tokens": "tokens of X",
	"email_confirmations.token_hash":   "a hash of the link's secret",
	"email_confirmations.asked_today":  "a limit on mails a day",
	"email_confirmations.day_began_at": "a limit on mails a day",

	"billing_timeline.key": "keeps a line from being written twice", "exports.tried_at": "when housekeeping looked last",
	"subscriptions.changing_until": "which process changes it",
	"subscriptions.next_try_at":    "when housekeeping looks next",
	"webhook_deliveries.round":     "which try its job is for",
	"x_accounts.refreshing_until":  "which process renews the token",
}

var exportedQuery = regexp.MustCompile("`SELECT ([^`]*?)\\sFROM\\s+(\\w+)\\s+WHERE")

func TestExport_HasEveryColumnOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	source := string(must(os.ReadFile("contents.go"))(t))
	given := map[string][]string{}
	for _, q := range exportedQuery.FindAllStringSubmatch(source, -1) {
		given[q[2]] = append(given[q[2]], regexp.MustCompile(`\w+`).FindAllString(q[1], -1)...)
	}
	if len(given) < 15 {
		t.Fatalf("only %d queries were found in contents.go", len(given))
	}
	each(t, func(t *testing.T, w *world) {
		for _, c := range w.columns() {
			name := c.table + "." + c.name
			has := slices.Contains(given[c.table], c.name)
			if decisions[c.table].file == "" || given[c.table] == nil || c.name == "user_id" {
				continue // in no file, or given by the owner of its rows, or the person themselves
			}
			if _, out := withheld[name]; out == has {
				t.Errorf("%s: a package either has it (%v) or says why not (%v)", name, has, out)
			}
		}
	})
	for name, why := range withheld {
		if strings.TrimSpace(why) == "" {
			t.Errorf("%s is withheld without a reason", name)
		}
	}
}

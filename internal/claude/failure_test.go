package claude

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestFailure_KeepsOnlyErrorsThatCannotQuoteABody(t *testing.T) {
	t.Parallel()
	timeout := &url.Error{Op: "Post", URL: "https://api.anthropic.com/v1/messages", Err: context.DeadlineExceeded}
	for name, tt := range map[string]struct{ err, keeps error }{
		"a decoder's": {fmt.Errorf("cannot decode %q", "text of a post"), errUnreadable},
		"a cancelled": {fmt.Errorf("text of a post: %w", context.Canceled), context.Canceled},
		"a timeout":   {fmt.Errorf("text of a post: %w", timeout), context.DeadlineExceeded},
	} {
		f := failure(tt.err)
		if !errors.Is(f, tt.keeps) || strings.Contains(f.Error(), "text of a post") || f.Permanent {
			t.Errorf("%s error became %v", name, f)
		}
	}
}

// The figure counts refusals by a fixed list of names, each of which tells who must act.
func TestFailureName_NamesWhoMustAct(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{400, `{"error":{"message":"Your credit balance is too low"}}`, "credit_balance_too_low"},
		{400, `{"error":{"message":"Output blocked by content filtering policy"}}`, "content_filtered"},
		{400, `{"error":{"type":"invalid_request_error"}}`, "refused"},
		{401, ``, "key_refused"},
		{403, ``, "key_refused"},
		{404, `{"error":{"type":"not_found_error"}}`, "no_such_model"},
		{429, `{"error":{"details":{"error_code":"enforced_spend_limit_reached"}}}`, "spend_limit"},
		{429, `{"error":{"type":"rate_limit_error"}}`, "rate_limited"},
		{529, `<html>`, "unavailable"},
	} {
		if got := FailureName(c.status, []byte(c.body)); got != c.want {
			t.Errorf("%d %s is counted as %q, want %q", c.status, c.body, got, c.want)
		}
	}
}

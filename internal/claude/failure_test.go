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

package httpapi

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/limit"
)

// X-RateLimit-Reset counts the seconds until one more call is allowed, rounded up, so that whoever waits for them is
// let in. Clients of the earlier system took it for an epoch second; the contract says what it is.
func TestLimitHeaders_ResetIsSecondsUntilOneMoreCallIsAllowed(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	limitHeaders(h, limit.Decision{Windows: []limit.State{
		{Window: limit.Window{Name: "hour", Limit: 1000, Per: time.Hour}, Remaining: 900, Reset: 59 * time.Minute},
		{Window: limit.Window{Name: "minute", Limit: 60, Per: time.Minute}, Remaining: 7, Reset: 11*time.Second +
			time.Millisecond},
	}})
	for name, want := range map[string]string{
		"X-RateLimit-Reset": "12", "X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "7",
		"RateLimit": `"hour";r=900;t=3540, "minute";r=7;t=12`,
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if said := promised(http.StatusTooManyRequests)["X-RateLimit-Reset"]; !strings.HasPrefix(said.Description,
		"Seconds until one more call is allowed") {
		t.Errorf("the contract says %q", said.Description)
	}
}

// docs/limits.md promises the pages of somebody who is signed in a multiple of what programs have.
func TestLimits_ThePagesHaveWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	windows := generous([]limit.Window{{Name: "minute", Limit: 60}, {Name: "hour", Limit: 1000}})
	want := fmt.Sprintf("ten times as much: %d a minute, %d,000 an hour", windows[0].Limit, windows[1].Limit/1000)
	if !strings.Contains(string(text), want) {
		t.Errorf("the documentation does not say %q", want)
	}
}

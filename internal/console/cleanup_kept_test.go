package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/removal"
)

func TestCleanup_AFormThatWasRefusedKeepsItsTicks(t *testing.T) {
	t.Parallel()
	said := time.Now()
	var first, second cleanup.Item
	first.ID, second.ID, second.TickedAt = "1", "2", &said
	for name, tt := range map[string]struct {
		state   removal.State
		path    string
		form    url.Values
		refused bool
		want    [2]bool
		agreed  bool
	}{
		"a draft": {removal.Draft, "/cleanups/x/keep", nil, false, [2]bool{true, true}, false},
		"a draft, refused": {
			removal.Draft, "/cleanups/x/keep",
			url.Values{"post": {"2"}},
			true,
			[2]bool{false, true},
			false,
		},
		"by hand": {removal.Frozen, "/cleanups/x/ticks", nil, false, [2]bool{false, true}, false},
		"by hand, refused": {
			removal.Frozen, "/cleanups/x/ticks",
			url.Values{"ticked": {"1"}},
			true,
			[2]bool{true, false},
			false,
		},
		"consent, refused": {
			removal.Frozen, "/cleanups/x/leave",
			url.Values{"consent": {"yes"}},
			true,
			[2]bool{false, true},
			true,
		},
		"another, of a plan": {removal.Draft, "/cleanups/x/dry-run", nil, true, [2]bool{true, true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := &visit{r: httptest.NewRequestWithContext(t.Context(), http.MethodPost, tt.path, nil)}
			v.r.PostForm = tt.form
			if tt.refused {
				v.alert = &alert{status: http.StatusConflict}
			}
			view := cleanupView{C: cleanup.Cleanup{State: tt.state}}
			view.keepTyped(v)
			if got := [2]bool{view.Ticked(first), view.Ticked(second)}; got != tt.want || view.Agreed != tt.agreed {
				t.Errorf("got %v and %v", got, view.Agreed)
			}
		})
	}
}

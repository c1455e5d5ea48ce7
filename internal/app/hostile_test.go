package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/app/apptest"
)

// Long posts that are all numbers once cost seconds each, which nothing could interrupt. The one slot that there is
// becomes free when such an analysis is cancelled, and a stop in the middle of another is a clean one.
func TestStop_HostileTextsHoldUpNeitherACancelNorTheEnd(t *testing.T) {
	t.Parallel()
	a, stop := apptest.Begin(t, io.Discard, map[string]string{"JOB_CONCURRENCY": "1"}, app.Options{})
	gus := signIn(t, a.URL(), "gravelpit_gus")
	gus.subscribe()
	texts := make([]string, 200)
	for i := range texts {
		texts[i] = strings.Repeat("12345678;", 25_000/len("12345678;"))
	}
	var kept, hostile struct {
		ID string `json:"id"`
	}
	status, answer := gus.upload(apptest.ArchiveOf(t, gus.xUserID(), texts))
	if status != http.StatusCreated || json.Unmarshal([]byte(answer), &kept) != nil {
		t.Fatalf("the upload was answered %d: %s", status, answer)
	}
	underWay := func() {
		body := `{"archive_id":"` + kept.ID + `","consent":true}`
		if err := json.Unmarshal([]byte(gus.must(http.StatusAccepted, "POST", "/api/v1/analyses", body)),
			&hostile); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the texts are read", func() bool {
			return strings.Contains(gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+hostile.ID, ""), `"status":"running"`)
		})
	}
	underWay()
	gus.must(http.StatusOK, "POST", "/api/v1/analyses/"+hostile.ID+"/cancel", "")
	if _, end := gus.analyse(); !strings.Contains(end, `"status":"completed"`) {
		t.Errorf("the next analysis ended with %s", end)
	}
	underWay()
	stop() // which fails the test where the end is no clean one
}

// xUserID is the id of the linked account at X.
func (p *person) xUserID() string {
	p.t.Helper()
	var linked struct {
		Data []struct {
			XUserID string `json:"x_user_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/auth/x/status", "")), &linked); err != nil {
		p.t.Fatal(err)
	}
	return linked.Data[0].XUserID
}

package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
)

// pageOf is one page of findings as a program gets it.
type pageOf struct {
	Data       []assess.Finding `json:"data"`
	NextCursor *string          `json:"next_cursor"`
	Total      int              `json:"total"`
}

func TestFindings_ComeInPagesThatAreNarrowedTogether(t *testing.T) {
	t.Parallel()
	gus := signIn(t, start(t, io.Discard, map[string]string{"BILLING": "off"}), "gravelpit_gus")
	id, _ := gus.analyse()
	at := "/api/v1/analyses/" + id + "/findings?"
	ask := func(query string) (p pageOf) {
		t.Helper()
		if err := json.Unmarshal([]byte(gus.must(http.StatusOK, "GET", at+query, "")), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	whole := ask("")
	if len(whole.Data) != 20 || whole.Total <= 40 || whole.NextCursor == nil {
		t.Fatalf("the first page has %d of %d findings", len(whole.Data), whole.Total)
	}
	seen := map[string]bool{}
	narrow := "category=profanity&severity=medium&state=open&limit=7"
	first := ask(narrow)
	for p := first; ; p = ask(narrow + "&cursor=" + *p.NextCursor) {
		for _, f := range p.Data {
			if seen[f.ID] || f.Category != assess.Profanity || f.Severity != assess.Medium || p.Total != first.Total {
				t.Fatalf("%+v of %d, seen before: %v", f, p.Total, seen[f.ID])
			}
			seen[f.ID] = true
		}
		if p.NextCursor == nil {
			break
		}
	}
	if len(seen) != first.Total || first.Total == 0 {
		t.Errorf("the pages have %d findings, told to be %d", len(seen), first.Total)
	}
	if other := ask("purpose=academic"); other.Data[0].Points == whole.Data[0].Points {
		t.Error("another lens gives the same points")
	}
	for query, code := range map[string]string{
		"cursor=x": "next_cursor", "severity=grave": "severity", "category=x": "category", "source=me": "source",
		"state=gone": "state", "limit=101": "limit", "year=0": "year", "purpose=x": "purpose",
	} {
		if body := gus.must(http.StatusUnprocessableEntity, "GET", at+query, ""); !strings.Contains(body, code) {
			t.Errorf("%s: %s", query, body)
		}
	}
}

func TestReport_DownloadsFollowTheLens(t *testing.T) {
	t.Parallel()
	gus := signIn(t, start(t, io.Discard, map[string]string{"BILLING": "off"}), "gravelpit_gus")
	id, _ := gus.analyse()
	at := "/api/v1/analyses/" + id + "/report."
	for format, words := range map[string]string{"json": `"purpose": "academic"`, "html": "academic", "pdf": "%PDF"} {
		if body := gus.must(http.StatusOK, "GET", at+format+"?purpose=academic", ""); !strings.Contains(body, words) {
			t.Errorf("%s is not for another purpose", format)
		}
	}
	gus.must(http.StatusUnprocessableEntity, "GET", at+"pdf?purpose=astrology", "")
}

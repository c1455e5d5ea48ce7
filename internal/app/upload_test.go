package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/app/apptest"
)

func (p *person) upload(file []byte) (int, string) {
	p.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	w, err := form.CreateFormFile("file", "archive.zip")
	if err != nil {
		p.t.Fatal(err)
	}
	w.Write(file)
	form.Close()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+"/api/v1/archives", &body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.access)
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

func TestArchive_UploadedPostsAreAnalysedWithoutReadingFromX(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := start(t, io.Discard, env)
			gus := signIn(t, base, "gravelpit_gus")
			gus.subscribe()
			status, answer := gus.upload(apptest.Archive(t, gus.xUserID(), 12))
			if status != http.StatusCreated {
				t.Fatalf("status %d: %s", status, answer)
			}
			var kept struct {
				ID    string `json:"id"`
				Posts int    `json:"posts"`
			}
			if err := json.Unmarshal([]byte(answer), &kept); err != nil || kept.Posts != 12 {
				t.Fatalf("kept %s %v", answer, err)
			}
			var a struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal([]byte(gus.must(http.StatusAccepted, "POST", "/api/v1/analyses",
				`{"archive_id":"`+kept.ID+`","consent":true}`)), &a); err != nil {
				t.Fatal(err)
			}
			if end := gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+a.ID+"/events", ""); !strings.Contains(end,
				`"status":"completed"`) {
				t.Fatalf("the run ended with\n%s", end)
			}
			if report := gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+a.ID+"/report.json",
				""); !strings.Contains(report, "fucking idiot") || !strings.Contains(report, `"source": "archive"`) {
				t.Errorf("the report misses the finding:\n%s", report)
			}
			if usage := gus.must(http.StatusOK, "GET", "/api/v1/usage", ""); !strings.Contains(usage,
				`"x_reads":{"limit":1000,"used":0`) {
				t.Errorf("an uploaded archive cost reads: %s", usage)
			}
			for want, file := range map[int][]byte{
				http.StatusForbidden:           apptest.Archive(t, "999999", 12), // somebody else's
				http.StatusUnprocessableEntity: []byte("not a zip"),
			} {
				if status, answer := gus.upload(file); status != want {
					t.Errorf("status %d, want %d: %s", status, want, answer)
				}
			}
		})
	}
}

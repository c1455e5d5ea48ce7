package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

// xArchive packs an archive of an account with n posts, the first of which is a risk.
func xArchive(t testing.TB, xUserID string, n int) []byte {
	t.Helper()
	var posts []string
	for i := range n {
		text := fmt.Sprintf("Quiet day number %d by the river.", i)
		if i == 0 {
			text = "You are a fucking idiot and everybody knows it"
		}
		posts = append(posts, fmt.Sprintf(`{"tweet":{"id_str":"%d","full_text":%q,"created_at":"Sat Feb 18 12:33:11 +0000 2023","lang":"en","favorite_count":"1","retweet_count":"0"}}`, 5000+i, text))
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, content := range map[string]string{
		"data/account.js": `window.YTD.account.part0 = [{"account":{"username":"gravelpit_gus","accountId":"` + xUserID + `","createdAt":"2019-03-01T10:00:00.000Z"}}]`,
		"data/tweets.js":  `window.YTD.tweets.part0 = [` + strings.Join(posts, ",") + `]`,
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

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
			var linked struct {
				Data []struct {
					XUserID string `json:"x_user_id"`
				} `json:"data"`
			}
			if err := json.Unmarshal([]byte(gus.must(http.StatusOK, "GET", "/auth/x/status", "")), &linked); err != nil {
				t.Fatal(err)
			}
			status, answer := gus.upload(xArchive(t, linked.Data[0].XUserID, 12))
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
			if err := json.Unmarshal([]byte(gus.must(http.StatusAccepted, "POST", "/api/v1/analyses", `{"archive_id":"`+kept.ID+`","consent":true}`)), &a); err != nil {
				t.Fatal(err)
			}
			if end := gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+a.ID+"/events", ""); !strings.Contains(end, `"status":"completed"`) {
				t.Fatalf("the run ended with\n%s", end)
			}
			if report := gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+a.ID+"/report.json", ""); !strings.Contains(report, "fucking idiot") || !strings.Contains(report, `"source": "archive"`) {
				t.Errorf("the report misses the finding:\n%s", report)
			}
			if usage := gus.must(http.StatusOK, "GET", "/api/v1/usage", ""); !strings.Contains(usage, `"x_reads":{"limit":1000,"used":0`) {
				t.Errorf("an uploaded archive cost reads: %s", usage)
			}
			for want, file := range map[int][]byte{
				http.StatusForbidden:           xArchive(t, "999999", 12), // somebody else's
				http.StatusUnprocessableEntity: []byte("not a zip"),
			} {
				if status, answer := gus.upload(file); status != want {
					t.Errorf("status %d, want %d: %s", status, want, answer)
				}
			}
		})
	}
}

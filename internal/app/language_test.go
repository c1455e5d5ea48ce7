package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

func TestReport_IsInTheLanguageThatItsReaderHasChosen(t *testing.T) {
	t.Parallel()
	gus := signIn(t, start(t, io.Discard, map[string]string{"BILLING": "off"}), "gravelpit_gus")
	id, _ := gus.analyse()
	language := func(query string) string {
		t.Helper()
		var r struct {
			Language string `json:"language"`
		}
		body := gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+id+"/report.json"+query, "")
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err)
		}
		return r.Language
	}
	if got := language(""); got != "en" {
		t.Errorf("without a choice: got %s", got)
	}
	gus.must(http.StatusUnprocessableEntity, "PATCH", "/api/v1/users/me", `{"language": "tlh"}`)
	gus.must(http.StatusUnprocessableEntity, "PATCH", "/api/v1/users/me", `{"time_zone": "Mars/Crater"}`)
	// Nor is an address asked to confirm itself by a request that is refused; here it would be a conflict, without mail.
	gus.must(http.StatusUnprocessableEntity, "PATCH", "/api/v1/users/me",
		`{"email": "gus@example.com", "time_zone": "Mars/Crater"}`)
	var me struct {
		Language string `json:"language"`
		TimeZone string `json:"time_zone"`
	}
	body := gus.must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"language": "de", "time_zone": "Europe/Berlin"}`)
	if err := json.Unmarshal([]byte(body), &me); err != nil || me.Language != "de" || me.TimeZone != "Europe/Berlin" {
		t.Errorf("got %s, %v", body, err)
	}
	for query, want := range map[string]string{"": "de", "?mask=true": "de", "?lang=es": "es"} {
		if got := language(query); got != want {
			t.Errorf("%q: got %s, want %s", query, got, want)
		}
	}
}

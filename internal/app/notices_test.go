package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// noticeOf gives the id of a notice: the person cancels their plan, which makes one, and takes that back.
func noticeOf(p *person) string {
	p.t.Helper()
	p.must(http.StatusOK, "DELETE", "/api/v1/subscriptions", "")
	var told struct {
		Data []struct{ ID, Kind, Sentence string } `json:"data"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/api/v1/notices?unread=true", "")), &told); err != nil {
		p.t.Fatal(err)
	}
	if len(told.Data) != 1 || told.Data[0].Kind != "plan.cancelled" {
		p.t.Fatalf("told %+v", told)
	}
	p.must(http.StatusOK, "POST", "/api/v1/subscriptions/resume", "")
	return told.Data[0].ID
}

// webhookOf gives the ids of a webhook on this machine, where nobody answers, and of a test that was sent to it.
func webhookOf(p *person) (webhook, delivery string) {
	p.t.Helper()
	var made, sent struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(p.must(http.StatusCreated, "POST", "/api/v1/webhooks", `{"url":"http://127.0.0.1:1/"}`)), &made); err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusAccepted, "POST", "/api/v1/webhooks/"+made.ID+"/test", "")), &sent); err != nil {
		p.t.Fatal(err)
	}
	return made.ID, sent.ID
}

// Where no mail server is configured, no address is taken; a name may be changed without one.
func TestEmail_IsRefusedWhereNoMailIsSent(t *testing.T) {
	t.Parallel()
	p := signIn(t, start(t, io.Discard, nil), "gravelpit_gus")
	p.must(http.StatusConflict, "PATCH", "/api/v1/users/me", `{"email":"gus@mail.example.com","name":"Gus"}`)
	if me := p.must(http.StatusOK, "PATCH", "/api/v1/users/me", `{"name":"August"}`); !strings.Contains(me, `"name":"August"`) || !strings.Contains(me, `"email":null`) {
		t.Error(me)
	}
}

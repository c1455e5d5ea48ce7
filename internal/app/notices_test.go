package app_test

import (
	"encoding/json"
	"net/http"
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

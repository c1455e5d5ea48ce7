package stripe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
)

const day = 24 * time.Hour

// control posts to a control route and gives the status.
func (b *box) control(path, body string) int {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return w.Code
}

// failing is a subscription whose next renewal, on 28 February, is declined.
func (b *box) failing() map[string]any {
	b.t.Helper()
	sub := b.subscribe("pm_card_visa")
	b.putCard(sub, "pm_card_chargeCustomerFail")
	return sub
}

func (b *box) putCard(sub map[string]any, card string) {
	b.t.Helper()
	method := b.ok("POST", "/v1/payment_methods/"+card+"/attach", "customer="+sub["customer"].(string))["id"].(string)
	b.ok("POST", "/v1/subscriptions/"+sub["id"].(string), "default_payment_method="+method)
}

// stands says how a subscription and its invoices stand, newest first: status, tries and the day of the next.
func (b *box) stands(sub map[string]any) string {
	b.t.Helper()
	all := []string{b.get(sub)["status"].(string)}
	for _, in := range b.ok("GET", "/v1/invoices?subscription="+sub["id"].(string), "")["data"].([]any) {
		in := in.(map[string]any)
		next := "-"
		if at, ok := in["next_payment_attempt"].(float64); ok {
			next = time.Unix(int64(at), 0).UTC().Format("0102")
		}
		all = append(all, fmt.Sprint(in["status"], in["attempt_count"], next))
	}
	return strings.Join(all, " ")
}

func TestStripe_AFailedRenewalIsTriedFourTimesMoreAndThenGivenUpAsTold(t *testing.T) {
	t.Parallel()
	for afterwards, want := range map[string][2]string{
		"canceled": {"canceled void5- paid1-", "canceled void5- paid1-"},
		"unpaid":   {"unpaid open5- paid1-", "unpaid draft0- open5- paid1-"},
		"past_due": {"past_due open5- paid1-", "past_due open10401 open5- paid1-"},
	} {
		t.Run(afterwards, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if got := b.control("/sandbox/retries", `{"afterwards":"`+afterwards+`"}`); got != http.StatusNoContent {
				t.Fatal(got)
			}
			sub := b.failing()
			b.Advance(28 * day)
			for _, step := range []struct {
				wait time.Duration
				want string
			}{
				{0, "past_due open10301 paid1-"},
				{day, "past_due open20304 paid1-"},
				{3 * day, "past_due open30309 paid1-"},
				{5 * day, "past_due open40316 paid1-"},
				{7 * day, want[0]},
				{15 * day, want[1]},
			} {
				b.Advance(step.wait)
				if got := b.stands(sub); got != step.want {
					t.Fatalf("%s, want %s", got, step.want)
				}
			}
		})
	}
}

func TestStripe_AMonthAtOnceBringsTheSameRetriesAsDayByDay(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.failing()
	b.Advance(60 * day)
	failed := b.ok("GET", "/v1/events?type=invoice.payment_failed", "")["data"].([]any)
	if got := b.stands(sub); got != "canceled void5- paid1-" || len(failed) != 5 {
		t.Fatal(got, len(failed))
	}
	if reason := b.get(sub)["cancellation_details"].(map[string]any)["reason"]; reason != "payment_failed" {
		t.Fatal(reason)
	}
}

func TestStripe_AnotherCardMakesTheNextRetrySucceed(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.failing()
	b.Advance(30 * day)
	b.putCard(sub, "pm_card_visa")
	if got := b.stands(sub); got != "past_due open20304 paid1-" {
		t.Fatal("a card alone is no payment:", got)
	}
	b.Advance(3 * day)
	if got := b.stands(sub); got != "active paid3- paid1-" {
		t.Fatal(got)
	}
}

func TestStripe_WhatBecomesOfUnpaidRenewalsAndMoneyThatWentBackOutliveTheProcess(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "state.json")
	open := func() *box {
		s, err := sandbox.Open(sandbox.Config{Now: func() time.Time { return at }, StateFile: file})
		if err != nil {
			t.Fatal(err)
		}
		return &box{s, t}
	}
	b := open()
	b.control("/sandbox/retries", `{"afterwards":"unpaid"}`)
	sub := b.failing()
	disputed := b.subscribe("pm_card_createDispute")["customer"].(string)
	b.Advance(28 * day)
	b.Close()
	b = open()
	if got := b.stands(sub); got != "past_due open10301 paid1-" {
		t.Fatal(got)
	}
	b.Advance(16 * day)
	if got := b.stands(sub); got != "unpaid open5- paid1-" {
		t.Fatal(got)
	}
	charge := b.ok("GET", "/v1/charges?customer="+disputed, "")["data"].([]any)[1].(map[string]any)
	if charge["disputed"] != true ||
		len(b.ok("GET", "/v1/disputes?charge="+charge["id"].(string), "")["data"].([]any)) != 1 {
		t.Fatal(charge)
	}
}

func TestStripe_RefundsUpToWhatWasPaidAndNotWhatIsDisputed(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	charge := func(customer string) string {
		return b.ok("GET", "/v1/charges?customer="+customer, "")["data"].([]any)[0].(map[string]any)["id"].(string)
	}
	refunded, disputed := charge(b.subscribe("pm_card_visa")["customer"].(string)),
		charge(b.subscribe("pm_card_createDispute")["customer"].(string))
	for _, tt := range []struct {
		form, want string
	}{
		{"", "400 parameter_missing"},
		{"charge=ch_x", "400 resource_missing"},
		{"payment_intent=pi_x", "400 resource_missing"},
		{"charge=" + refunded + "&amount=0", "400 parameter_invalid_integer"},
		{"charge=" + refunded + "&amount=901", "400 <nil>"},
		{"charge=" + refunded + "&reason=bored", "400 <nil>"},
		{"charge=" + refunded + "&amount=300", "200 <nil>"},
		{"charge=" + refunded + "&amount=601", "400 <nil>"},
		{"charge=" + refunded, "200 <nil>"},
		{"charge=" + refunded, "400 charge_already_refunded"},
		{"charge=" + disputed, "400 charge_disputed"},
	} {
		status, out := b.call("POST", "/v1/refunds", tt.form)
		e, _ := out["error"].(map[string]any)
		if got := fmt.Sprint(status, " ", e["code"]); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.form, got, tt.want)
		}
	}
	ch := b.ok("GET", "/v1/charges/"+refunded, "")
	if ch["refunded"] != true || ch["amount_refunded"] != 900.0 ||
		len(b.ok("GET", "/v1/refunds?charge="+refunded, "")["data"].([]any)) != 2 {
		t.Fatal(ch)
	}
}

func TestControl_DisputesBeginAndEndOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	sub := b.subscribe("pm_card_visa")
	invoice := sub["latest_invoice"].(map[string]any)["id"].(string)
	for _, step := range []struct {
		path, body string
		want       int
	}{
		{"/sandbox/retries", `{"afterwards":"forgiven"}`, 400},
		{"/sandbox/disputes", `{"invoice":"in_x"}`, 400},
		{"/sandbox/disputes", `{"invoice":"` + invoice + `","verdict":"won"}`, 400},
		{"/sandbox/disputes", `{"invoice":"` + invoice + `"}`, 204},
		{"/sandbox/disputes", `{"invoice":"` + invoice + `"}`, 400},
		{"/sandbox/disputes", `{"invoice":"` + invoice + `","verdict":"drawn"}`, 400},
		{"/sandbox/disputes", `{"invoice":"` + invoice + `","verdict":"lost","cancel":true}`, 204},
		{"/sandbox/disputes", `{"invoice":"` + invoice + `","verdict":"won"}`, 400},
	} {
		if got := b.control(step.path, step.body); got != step.want {
			t.Errorf("%s: %d, want %d", step.body, got, step.want)
		}
	}
	now := b.get(sub)
	if now["status"] != "canceled" || now["cancellation_details"].(map[string]any)["reason"] != "payment_disputed" {
		t.Fatal(now)
	}
}

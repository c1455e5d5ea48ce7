package app_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/once"
)

// keyed sends a request with an Idempotency-Key and tells status, code of a problem, and body.
func (p *person) keyed(key, path, body string) (status int, code, answer string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header = http.Header{
		"Authorization": {"Bearer " + p.access}, "Content-Type": {"application/json"},
		"Idempotency-Key": {key},
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	fits(p.t, http.MethodPost, path, res, text)
	var problem struct{ Code string }
	_ = json.Unmarshal(text, &problem)
	return res.StatusCode, problem.Code, string(text)
}

// What api.md promises of the header, through the API.
func TestIdempotencyKey_GivesOneEffectForADay(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var passed atomic.Int64
			vars := map[string]string{"WORKERS": "0"}
			maps.Copy(vars, env)
			a := runAt(t, io.Discard, vars, func() time.Time { return time.Now().Add(time.Duration(passed.Load())) })
			gus, ada := signIn(t, a.URL(), "gravelpit_gus"), signIn(t, a.URL(), "ada_fernhill")
			start := func(p *person) string { return `{"account_id":"` + p.account + `","consent":true}` }
			const plans, card = "/api/v1/subscriptions", `{"tier":"basic","payment_method_id":"pm_card_visa"}`

			if status, code, _ := gus.keyed("k", "/api/v1/analyses", start(gus)); status != http.StatusPaymentRequired {
				t.Fatalf("without a plan: %d %s", status, code)
			}
			_, _, first := gus.keyed("plan", plans, card)
			_, _, again := gus.keyed("plan", plans, card)
			if first != again || !strings.Contains(first, `"status":"active"`) {
				t.Errorf("a plan: %s\nagain: %s", first, again)
			}
			status, _, made := gus.keyed("k", "/api/v1/analyses", start(gus)) // what was refused was not kept
			if status != http.StatusAccepted {
				t.Fatalf("after a refusal: %d %s", status, made)
			}
			for _, c := range []struct {
				what, key, path, body string
				status                int
				code                  string
			}{
				{"the same again", "k", "/api/v1/analyses", start(gus), http.StatusAccepted, ""},
				{
					"another body", "k", "/api/v1/analyses", strings.Replace(start(gus), "{", `{"purpose":"academic",`, 1),
					http.StatusConflict, "idempotency_mismatch",
				},
				{"another operation", "k", plans, card, http.StatusConflict, "idempotency_mismatch"},
				{"the key of a plan", "plan", "/api/v1/analyses", start(gus), http.StatusConflict, "idempotency_mismatch"},
				{
					"another plan", "plan", plans, strings.Replace(card, "basic", "pro", 1), http.StatusConflict,
					"idempotency_mismatch",
				},
				{
					"a key that is too long", strings.Repeat("k", 201), "/api/v1/analyses", start(gus),
					http.StatusUnprocessableEntity, "validation_failed",
				},
				{"the same for a plan", strings.Repeat("k", 201), plans, card, http.StatusUnprocessableEntity, "validation_failed"},
			} {
				status, code, answer := gus.keyed(c.key, c.path, c.body)
				if status != c.status || code != c.code || status == http.StatusAccepted && answer != made {
					t.Errorf("%s: %d %s %s", c.what, status, code, answer)
				}
			}
			ada.subscribe()
			if status, _, answer := ada.keyed("k", "/api/v1/analyses", start(ada)); status != http.StatusAccepted ||
				answer == made {
				t.Errorf("another user's key: %d %s", status, answer)
			}

			passed.Store(int64(25 * time.Hour))
			if err := once.Retain(t.Context(), a.DB); err != nil {
				t.Fatal(err)
			}
			gus = signIn(t, a.URL(), "gravelpit_gus")
			if status, _, answer := gus.keyed("k", "/api/v1/analyses", start(gus)); status != http.StatusAccepted ||
				answer == made {
				t.Errorf("a day later: %d %s", status, answer)
			}
		})
	}
}

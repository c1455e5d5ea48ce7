package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/notice"
)

const hook = "https://hooks.example.com/repazoo"

func TestWebhooks_ShowTheSecretOnceAndHideTheRestFromOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.signIn(gus), w.signIn(ada)
	made := p.post("/account/webhooks", url.Values{"url": {hook}, "kind": {"plan.ended", "quota.used_up"}})
	if made.status != http.StatusOK || !strings.Contains(made.body, `id="secret">whsec_`) ||
		!strings.Contains(made.body, "a plan that ended; all analyses used") {
		t.Fatalf("%d: %s", made.status, made.body)
	}
	if again := p.get("/account/webhooks"); strings.Contains(again.body, "whsec_") ||
		!strings.Contains(again.body, "hooks.example.com") {
		t.Fatal("the secret is shown twice, or the webhook not at all")
	}
	e := must(w.notices.Endpoints(t.Context(), p.me.UserID))(t)[0]
	at := "/account/webhooks/" + e.ID
	if seen := other.get(at); seen.status != http.StatusNotFound {
		t.Fatalf("another person sees it: %d", seen.status)
	}
	for _, form := range []string{"/test", "/enable", "/remove"} {
		if seen := other.post(at+form, nil); seen.status != http.StatusNotFound {
			t.Fatalf("another person posts %s: %d", form, seen.status)
		}
	}
	if strings.Contains(other.get("/account/webhooks").body, "hooks.example.com") {
		t.Fatal("another person sees it in the list")
	}
}

func TestWebhooks_ARefusedAddressStaysInTheForm(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus)
	seen := p.post("/account/webhooks", url.Values{"url": {"https://10.0.0.1/x"}})
	if seen.status != http.StatusUnprocessableEntity || !strings.Contains(seen.body, `value="https://10.0.0.1/x"`) ||
		!strings.Contains(seen.body, "must name a host on the public internet") {
		t.Fatalf("%d: %s", seen.status, seen.body)
	}
}

func TestWebhooks_AreTriedSentAgainAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(gus)
	p.post("/account/webhooks", url.Values{"url": {hook}})
	at := "/account/webhooks/" + must(w.notices.Endpoints(t.Context(), p.me.UserID))(t)[0].ID
	if next := p.post(at+"/test", nil).leadsTo(); next != at+"?done=webhook-tested" {
		t.Fatal(next)
	}
	if page := p.get(at); !strings.Contains(page.body, "A test") || !strings.Contains(page.body, "Waiting") ||
		strings.Contains(page.body, "Send again") {
		t.Fatal(page.body)
	}
	sent := must(w.notices.Deliveries(t.Context(), p.me.UserID, strings.TrimPrefix(at, "/account/webhooks/"), 0,
		""))(t).Deliveries[0]
	if next := p.post(at+"/deliveries/"+sent.ID+"/redeliver", nil).leadsTo(); next != at+"?done=webhook-again" {
		t.Fatal(next)
	}
	if next := p.post(at+"/enable", nil).leadsTo(); next != at+"?done=webhook-enabled" {
		t.Fatal(next)
	}
	if next := p.post(at+"/remove", nil).leadsTo(); next != "/account/webhooks?done=webhook-removed" {
		t.Fatal(next)
	}
	if page := p.get("/account/webhooks"); !strings.Contains(page.body, "None yet.") {
		t.Fatal(page.body)
	}
}

func TestWebhooks_AFullListOffersNoForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn(gus)
	for i := range notice.MaxEndpoints {
		p.post("/account/webhooks", url.Values{"url": {hook + strings.Repeat("x", i)}})
	}
	if page := p.get("/account/webhooks"); strings.Contains(page.body, `id="url"`) ||
		!strings.Contains(page.body, "as many webhooks as are allowed") {
		t.Fatal(page.body)
	}
}

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/stripe"
)

var (
	keptFrom = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	apiKey   = []string{"Authorization", "Bearer " + stripe.APIKey}
)

// opened is a caller of a sandbox on file. A second one on the same file is the process after a kill: the first has not
// been closed, and is not used again.
func opened(t *testing.T, file string) app {
	t.Helper()
	sb, err := sandbox.Open(sandbox.Config{StateFile: file, Now: func() time.Time { return keptFrom }})
	if err != nil {
		t.Fatal(err)
	}
	return app{sb, t, sb.Handler()}
}

func stateFile(t *testing.T) string { return filepath.Join(t.TempDir(), "sandbox.json") }

// stripe makes a call that must succeed, and returns its answer as it came.
func (a app) stripe(method, path, form string, header ...string) string {
	a.t.Helper()
	rec := a.send(method, "/stripe/v1/"+path, form, append(header, apiKey...)...)
	if rec.Code != 200 {
		a.t.Fatalf("%s %s answered %d %s", method, path, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// field is a string in an answer, at a path of names.
func field(t *testing.T, answer string, path ...string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		t.Fatal(err)
	}
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return fmt.Sprint(v)
}

func (a app) customer() string {
	a.t.Helper()
	return field(a.t, a.stripe("POST", "customers", "email=ada@example.com&metadata[user]=u1"), "id")
}

func (a app) subscribe(customer, card, more string) string {
	a.t.Helper()
	m := field(a.t, a.stripe("POST", "payment_methods/"+card+"/attach", "customer="+customer), "id")
	return a.stripe("POST", "subscriptions",
		"customer="+customer+"&default_payment_method="+m+"&items[0][price]="+stripe.ProPrice+"&metadata[plan]=pro"+more)
}

func TestOpen_ClockStaysAhead(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	a.Advance(36 * time.Hour)
	if rec := a.send("POST", "/sandbox/clock", `{"advance":"30m"}`); rec.Code != 200 {
		t.Fatalf("the clock answered %d", rec.Code)
	}
	if got, want := opened(t, file).Now(), keptFrom.Add(36*time.Hour+30*time.Minute); !got.Equal(want) {
		t.Fatalf("after a restart it is %v, want %v", got, want)
	}
}

func TestOpen_StripeAnswersTheSameAfterARestart(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	customer := a.customer()
	sub := field(t, a.subscribe(customer, "pm_card_visa", ""), "id")
	a.stripe("POST", "checkout/sessions",
		"mode=subscription&customer="+customer+"&line_items[0][price]="+stripe.BasicPrice+"&success_url=https://a.example/")
	ask := []string{
		"customers/" + customer, "subscriptions/" + sub, "subscriptions?status=all", "invoices", "checkout/sessions",
		"events?limit=100",
		"payment_methods/" + field(t, a.stripe("GET", "subscriptions/"+sub, ""), "default_payment_method"),
	}
	b := opened(t, file)
	for _, path := range ask {
		if before, after := a.stripe("GET", path, ""), b.stripe("GET", path, ""); before != after {
			t.Errorf("GET %s answers\n%s\nbefore and\n%s\nafter a restart", path, before, after)
		}
	}
}

func TestOpen_SubscriptionRenewsAfterARestart(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	sub := field(t, a.subscribe(a.customer(), "pm_card_visa", ""), "id")
	a = opened(t, file)
	a.Advance(32 * 24 * time.Hour)
	a = opened(t, file)
	var list struct{ Data []struct{ Status string } }
	json.Unmarshal([]byte(a.stripe("GET", "invoices?subscription="+sub, "")), &list)
	if len(list.Data) != 2 || list.Data[0].Status != "paid" {
		t.Fatalf("a month later the invoices are %+v, want a second one that is paid", list.Data)
	}
}

func TestOpen_CheckoutCanBePaidAfterARestart(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	session := field(t, a.stripe("POST", "checkout/sessions",
		"mode=subscription&customer="+a.customer()+"&line_items[0][price]="+stripe.ProPrice+
			"&success_url=https://a.example/done&subscription_data[metadata][user]=u1"), "id")
	a = opened(t, file)
	if rec := a.send("GET", "/stripe/checkout/"+session, ""); rec.Code != 200 ||
		!strings.Contains(rec.Body.String(), "Repazoo Pro") {
		t.Fatalf("the page answers %d without the plan", rec.Code)
	}
	if rec := a.send("POST", "/stripe/checkout/"+session,
		"action=pay"); rec.Header().Get("Location") != "https://a.example/done" {
		t.Fatalf("paying answers %d", rec.Code)
	}
	a = opened(t, file)
	sub := a.stripe("GET", "subscriptions/"+field(t, a.stripe("GET", "checkout/sessions/"+session, ""), "subscription"),
		"")
	if field(t, sub, "status") != "active" || field(t, sub, "metadata", "user") != "u1" {
		t.Fatalf("the subscription is %s", sub)
	}
}

func TestOpen_FirstPaymentCanBeConfirmedAfterARestart(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	sub := a.subscribe(a.customer(), "pm_card_authenticationRequired",
		"&payment_behavior=default_incomplete&expand[0]=latest_invoice.confirmation_secret")
	a = opened(t, file)
	if err := a.Stripe().Authenticate(field(t, sub, "latest_invoice", "confirmation_secret",
		"client_secret")); err != nil {
		t.Fatal(err)
	}
	if got := field(t, opened(t, file).stripe("GET", "subscriptions/"+field(t, sub, "id"), ""),
		"status"); got != "active" {
		t.Fatalf("the subscription is %s", got)
	}
}

func TestOpen_IdempotencyKeysAreKept(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	first := opened(t, file).stripe("POST", "customers", "name=Ada", "Idempotency-Key", "k1")
	if again := opened(t, file).stripe("POST", "customers", "name=Ada", "Idempotency-Key", "k1"); again != first {
		t.Fatalf("the key answers %s, then after a restart %s", first, again)
	}
	rec := opened(t, file).send("POST", "/stripe/v1/customers", "name=Gus",
		append([]string{"Idempotency-Key", "k1"}, apiKey...)...)
	if rec.Code != 400 {
		t.Fatalf("other parameters are answered %d", rec.Code)
	}
}

func TestOpen_WebhooksThatDidNotArriveAreDeliveredAfterARestart(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	inbox := newInbox(t)
	a := opened(t, file)
	a.Stripe().DeliverTo(inbox.url, stripe.WebhookSecret)
	a.customer()
	delivered(t, a)
	a.Stripe().Misdeliver(stripe.Delivery{Delay: time.Hour}) // longer than the process lives
	a.subscribe(a.customer(), "pm_card_visa", "")
	if got := inbox.types(); got != "customer.created" {
		t.Fatalf("before the restart there arrived %q", got)
	}

	a = opened(t, file)
	a.Stripe().DeliverTo(inbox.url, stripe.WebhookSecret)
	delivered(t, a)
	const want = "customer.created customer.created payment_method.attached customer.subscription.created " +
		"invoice.finalized invoice.paid"
	if got := inbox.types(); got != want {
		t.Fatalf("after the restart there have arrived\n%q, want\n%q", got, want)
	}

	a = opened(t, file)
	a.Stripe().DeliverTo(inbox.url, stripe.WebhookSecret)
	delivered(t, a)
	if got := inbox.types(); got != want {
		t.Fatalf("another restart delivers again: %q", got)
	}
}

func TestOpen_WebhooksAreOwedForThreeDays(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	inbox := newInbox(t)
	a := opened(t, file)
	a.Stripe().DeliverTo(inbox.url, stripe.WebhookSecret)
	a.Stripe().Misdeliver(stripe.Delivery{Delay: time.Hour}) // longer than the process lives
	a.customer()
	a.Advance(2 * 24 * time.Hour)
	a.subscribe(a.customer(), "pm_card_visa", "")
	a.Advance(24 * time.Hour)

	a = opened(t, file)
	a.Stripe().DeliverTo(inbox.url, stripe.WebhookSecret)
	delivered(t, a)
	const want = "customer.created payment_method.attached customer.subscription.created invoice.finalized invoice.paid"
	if got := inbox.types(); got != want {
		t.Fatalf("after the restart there have arrived %q, want %q", got, want)
	}
}

func delivered(t *testing.T, a app) {
	t.Helper()
	if err := a.Stripe().Delivered(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// inbox takes every webhook.
type inbox struct {
	url string
	mu  sync.Mutex
	got []string
}

func newInbox(t *testing.T) *inbox {
	in := &inbox{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		defer in.mu.Unlock()
		in.got = append(in.got, field(t, string(body), "type"))
	}))
	t.Cleanup(srv.Close)
	in.url = srv.URL
	return in
}

// types are the kinds of what arrived, in order.
func (in *inbox) types() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return strings.Join(in.got, " ")
}

func TestOpen_ReadsDoNotWrite(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	customer := a.customer()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	a.send("GET", "/x/avatars/ada_fernhill.svg", "")
	a.stripe("GET", "customers/"+customer, "")
	a.send("GET", "/sandbox/", "")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Fatalf("a read wrote the file: %v", err)
	}
}

func TestOpen_FileIsPrivateAndAlone(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	opened(t, file).customer()
	list, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(list) != 1 {
		t.Fatalf("beside the file there is something: %v %v", list, err)
	}
	if info, err := list[0].Info(); err != nil || info.Mode() != 0o600 {
		t.Fatalf("its mode is %v %v", info.Mode(), err)
	}
}

func TestOpen_ForgetsWhatHasExpired(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	session := field(t, a.stripe("POST", "checkout/sessions", "mode=subscription&customer="+a.customer()+"&line_items[0][price]="+stripe.ProPrice+"&success_url=https://a.example/"), "id")
	a.stripe("POST", "customers", "name=Ada", "Idempotency-Key", "an-old-key")
	a.Advance(200 * 24 * time.Hour) // the session expires
	a.Advance(31 * 24 * time.Hour)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, old := range map[string]string{
		"session": session, "idempotency key": "an-old-key",
		"event": "customer.created",
	} {
		if strings.Contains(string(raw), old) {
			t.Errorf("the file still holds the %s", name)
		}
	}
}

func TestOpen_RefusesADamagedFileAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	good := stateFile(t)
	opened(t, good).customer()
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, content := range map[string]string{
		"empty":           "",
		"cut":             text[:len(text)/2],
		"not JSON":        "hello",
		"null":            "null",
		"changed":         strings.Replace(text, "ada@example.com", "adi@example.com", 1),
		"another version": strings.Replace(text, `"version":1`, `"version":99`, 1),
		"without state":   `{"version":1,"sha256":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := stateFile(t)
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			sb, err := sandbox.Open(sandbox.Config{StateFile: file})
			if sb != nil || err == nil || !strings.Contains(err.Error(), file) ||
				!strings.Contains(err.Error(), "delete this file") {
				t.Fatalf("Open answers %v, %v", sb, err)
			}
			if after, _ := os.ReadFile(file); string(after) != content {
				t.Fatal("Open changed the file")
			}
		})
	}
}

func TestOpen_ConcurrentCallsLeaveAFileThatHoldsThemAll(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	a := opened(t, file)
	var wg sync.WaitGroup
	customers := make([]string, 8)
	for i := range customers {
		wg.Go(func() {
			rec := a.send("POST", "/stripe/v1/customers", "name=Ada", apiKey...)
			customers[i] = field(t, rec.Body.String(), "id")
			a.Advance(time.Second)
		})
	}
	wg.Wait()
	a = opened(t, file)
	for _, customer := range customers {
		a.stripe("GET", "customers/"+customer, "")
	}
	if got := a.Now(); !got.Equal(keptFrom.Add(8 * time.Second)) {
		t.Errorf("the clock stands at %v", got)
	}
}

func TestOpen_AnswersWithAnErrorWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "made", "sandbox.json")
	a := opened(t, file)
	if err := os.Remove(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	if rec := a.send("POST", "/stripe/v1/customers", "name=Ada", apiKey...); rec.Code != 500 {
		t.Fatalf("a customer that cannot be kept is answered %d", rec.Code)
	}
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	id := a.customer()
	opened(t, file).stripe("GET", "customers/"+id, "")
}

func TestClose_LetsGoOfTheFile(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	old := opened(t, file)
	old.customer()
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	a := opened(t, file)
	id := a.customer()
	if rec := old.send("POST", "/stripe/v1/customers", "name=Gus", apiKey...); rec.Code != 500 {
		t.Fatalf("a closed sandbox answers a change with %d", rec.Code)
	}
	opened(t, file).stripe("GET", "customers/"+id, "")
}

func TestNew_KeepsNothing(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	sb := sandbox.New(sandbox.Config{StateFile: file})
	app{sb, t, sb.Handler()}.customer()
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Fatalf("New wrote a file: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	sb, err := sandbox.Open(sandbox.Config{StateFile: filepath.Join(dir, "seed.json")})
	if err != nil {
		f.Fatal(err)
	}
	sb.Advance(time.Hour)
	seed, err := os.ReadFile(filepath.Join(dir, "seed.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		file := stateFile(t)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if sb, err := sandbox.Open(sandbox.Config{StateFile: file}); (sb == nil) != (err != nil) {
			t.Fatalf("Open answers %v, %v", sb, err)
		}
	})
}

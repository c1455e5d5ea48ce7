package stripe

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

const (
	version       = "2026-05-27.dahlia"
	maxBody       = 1 << 20
	maxKey        = 255
	answersLive   = 24 * time.Hour
	searchIsLate  = time.Minute
	maxStoredKeys = 50_000
)

// apiRoute is one address, the parameters it takes and what it does. A "[]" in a parameter stands for any index or key.
type apiRoute struct {
	pattern string
	params  string // separated by spaces
	serve   func(*request) (any, *apiError)
}

// What a subscription and a checkout session may say of a trial, codes and tax.
const (
	termsParams = "trial_period_days trial_settings[end_behavior][missing_payment_method] " +
		"discounts[][promotion_code] automatic_tax[enabled]"
	sessionParams = "allow_promotion_codes discounts[][promotion_code] automatic_tax[enabled] " +
		"billing_address_collection customer_update[address] payment_method_collection " +
		"subscription_data[trial_period_days] subscription_data[trial_settings][end_behavior][missing_payment_method]"
)

// serveRoute reads the parameters, runs the route alone, and honours the Idempotency-Key.
func (c *Server) serveRoute(w http.ResponseWriter, r *http.Request, route apiRoute) {
	form, refusal := readStripeForm(w, r, route)
	if refusal != nil {
		refusal.write(w)
		return
	}
	key := ""
	if r.Method == http.MethodPost {
		key = r.Header.Get("Idempotency-Key")
	}
	if len(key) > maxKey {
		badRequest("", "", "Idempotency keys can be at most %d characters.", maxKey).write(w)
		return
	}
	rec := httptest.NewRecorder() // nobody hears the answer before what happened is on its way
	c.do(c.store.Now(), func(call *request) {
		call.form, call.id, call.base = form, r.PathValue("id"), cmp.Or(c.publicURL, "http://"+r.Host)
		if r.Method != http.MethodGet {
			c.store.Changed()
		}
		call.once(rec, key, r.URL.Path, func(w http.ResponseWriter) { call.serve(w, route) })
	})
	maps.Copy(w.Header(), rec.Header())
	replay(w, rec.Code, rec.Body.Bytes())
}

func (c *request) serve(w http.ResponseWriter, route apiRoute) {
	v, refusal := route.serve(c)
	if refusal != nil {
		refusal.write(w)
		return
	}
	web.JSON(w, http.StatusOK, complete(v))
}

// answer is the answer an Idempotency-Key replays.
type answer struct {
	request [32]byte
	at      time.Time
	status  int
	body    []byte
}

// once runs f, or repeats what it answered to the same key. A refusal of the parameters is not kept, a declined card
// is.
func (c *request) once(w http.ResponseWriter, key, path string, f func(http.ResponseWriter)) {
	if key == "" {
		f(w)
		return
	}
	request := sha256.Sum256([]byte(path + "?" + url.Values(c.form).Encode()))
	if old, ok := c.answers[key]; ok && c.now.Sub(old.at) < answersLive {
		if old.request != request {
			badRequest("", "", "Keys for idempotent requests can only be used with the same parameters they were first used "+
				"with. Try using a key other than '%s' if you meant to execute a different request.",
				key).typed("idempotency_error").write(w)
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		replay(w, old.status, old.body)
		return
	}
	rec := httptest.NewRecorder()
	f(rec)
	if rec.Code == http.StatusOK || rec.Code == http.StatusPaymentRequired {
		if len(c.answers) >= maxStoredKeys {
			clear(c.answers)
		}
		c.answers[key] = answer{request, c.now, rec.Code, rec.Body.Bytes()}
	}
	replay(w, rec.Code, rec.Body.Bytes())
}

func replay(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a broken connection is the caller's to notice
}

func (c *Server) checkHeaders(h http.Header) *apiError {
	key, bearer := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !bearer { // curl -u sk_test_…:
		key, _, _ = (&http.Request{Header: h}).BasicAuth()
	}
	if key == "" {
		return refusalOf(http.StatusUnauthorized, "", "",
			"You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth "+
				"(e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	}
	if key != c.cfg.APIKey {
		return refusalOf(http.StatusUnauthorized, "", "", "Invalid API Key provided: %s", hideKey(key))
	}
	if v := h.Get("Stripe-Version"); v != "" && v != version {
		return badRequest("", "", "Invalid Stripe API version: %s", v)
	}
	return nil
}

func hideKey(key string) string {
	if len(key) < 12 {
		return "****"
	}
	return key[:8] + "****" + key[len(key)-4:]
}

// apiError is a refusal in Stripe's shape.
type apiError struct {
	status                              int
	kind, code, param, decline, message string
}

func refusalOf(status int, code, param, format string, args ...any) *apiError {
	message := fmt.Sprintf(format, args...)
	return &apiError{status: status, kind: "invalid_request_error", code: code, param: param, message: message}
}

// badRequest is the most frequent refusal: 400 for a parameter that is wrong.
func badRequest(code, param, format string, args ...any) *apiError {
	return refusalOf(http.StatusBadRequest, code, param, format, args...)
}

func (e *apiError) typed(kind string) *apiError {
	e.kind = kind
	return e
}

func missing(kind, param, id string) *apiError {
	status := http.StatusBadRequest
	if param == "id" {
		status = http.StatusNotFound
	}
	return refusalOf(status, "resource_missing", param, "No such %s: '%s'", kind, id)
}

func required(param string) *apiError {
	return badRequest("parameter_missing", param, "Missing required param: %s.", param)
}

func declined(code, decline, message string) *apiError {
	return &apiError{
		status: http.StatusPaymentRequired, kind: "card_error", code: code, decline: decline,
		message: message,
	}
}

func (e *apiError) write(w http.ResponseWriter) {
	inner := map[string]any{"type": e.kind, "message": e.message}
	for name, v := range map[string]string{"code": e.code, "param": e.param, "decline_code": e.decline} {
		if v != "" {
			inner[name] = v
		}
	}
	web.JSON(w, e.status, map[string]any{"error": inner})
}

// form is a request's parameters, as flat as they travel.
type form url.Values

var (
	index = regexp.MustCompile(`\[\d*\]`)
	meta  = regexp.MustCompile(`metadata(\])?\[[^\[\]]+\]$`)
)

func readStripeForm(w http.ResponseWriter, r *http.Request, route apiRoute) (form, *apiError) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return nil, badRequest("", "", "Invalid request: the parameters cannot be read.")
	}
	allowed := strings.Fields(route.params)
	for name := range r.Form {
		shape := meta.ReplaceAllString(index.ReplaceAllString(name, "[]"), "metadata$1[]")
		if !slices.Contains(allowed, shape) {
			return nil, badRequest("parameter_unknown", name, "Received unknown parameter: %s", name)
		}
	}
	return form(r.Form), nil
}

func (f form) get(name string) string { return url.Values(f).Get(name) }

func (f form) has(name string) bool { return url.Values(f).Has(name) }

// metadata gathers name[key]=value.
func (f form) metadata(name string) map[string]string {
	m := map[string]string{}
	for k := range f {
		if rest, ok := strings.CutPrefix(k, name+"["); ok {
			m[strings.TrimSuffix(rest, "]")] = f.get(k)
		}
	}
	return m
}

func (f form) expands(what string) bool {
	for k, v := range f {
		if strings.HasPrefix(k, "expand[") && slices.ContainsFunc(v,
			func(s string) bool { return s == what || strings.HasPrefix(s, what+".") }) {
			return true
		}
	}
	return false
}

// page cuts a list, newest first, as limit and starting_after say.
func page[T any](c *request, path string, all []*T, id func(*T) string, keep func(*T) bool,
	render func(*T) any,
) (any, *apiError) {
	limit := 10
	if v := c.form.get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 100 {
			return nil, badRequest("parameter_invalid_integer", "limit", "Invalid limit: must be between 1 and 100.")
		}
		limit = n
	}
	after := c.form.get("starting_after")
	data, more, started := []any{}, false, after == ""
	for _, v := range slices.Backward(all) {
		switch {
		case !started:
			started = id(v) == after
		case !keep(v):
		case len(data) == limit:
			more = true
		default:
			data = append(data, render(v))
		}
	}
	if !started {
		return nil, missing("object", "starting_after", after)
	}
	return map[string]any{"object": "list", "url": path, "has_more": more, "data": data}, nil
}

// snapshot turns an object into plain JSON values that later changes do not touch.
func snapshot(v any) map[string]any { return read(v).(map[string]any) }

// read is v as plain JSON values, by way of its JSON.
func read(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // only this package's own types come here
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var copied any
	if err := dec.Decode(&copied); err != nil {
		panic(err)
	}
	return copied
}

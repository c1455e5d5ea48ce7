package claude

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

// spendLimit is a 429 that no wait can cure: the operator's own limit at the provider.
const spendLimit = "enforced_spend_limit_reached"

// The codes that this package gives to failures which the provider tells in words alone.
const (
	noCredit = "credit_balance_too_low" // a 400 that only a payment cures
	filtered = "content_filtered"       // a 400 about this one request: see [Client.Ask]
)

var errUnreadable = errors.New("the answer could not be read")

// Failure is why a call failed. It never holds what was asked or answered.
type Failure struct {
	Status     int           // HTTP status; 0 when no answer came
	Type       string        // the provider's error type, such as "overloaded_error"; "" when it said none
	Code       string        // the provider's finer code, such as "enforced_spend_limit_reached"
	RequestID  string        // the provider's name of the call, for its support
	Said       string        // the provider's own words, "" when they could quote what was asked
	RetryAfter time.Duration // when to ask again; 0 means unknown
	Permanent  bool          // asking again cannot help until somebody changes something
	cause      error
}

// Error is for the log.
func (f *Failure) Error() string {
	if f.Status == 0 {
		return fmt.Sprintf("claude: no answer: %v", f.cause)
	}
	return fmt.Sprintf("claude: status %d type %q code %q request %q said %q", f.Status, f.Type, f.Code, f.RequestID,
		f.Said)
}

// Unwrap returns the cause when no answer came, such as a context's error.
func (f *Failure) Unwrap() error { return f.cause }

// failure strips err to what may be logged.
func failure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	refused, ok := errors.AsType[*refusedCall](err)
	if !ok {
		return &Failure{cause: withoutBody(err)}
	}
	said := readEnvelope(refused.body)
	f := &Failure{
		Status:     refused.status,
		Type:       short(said.Error.Type),
		Code:       said.code(refused.status),
		RequestID:  short(refused.header.Get("Request-Id")),
		Said:       unquoted(said.Error.Message, refused.sent),
		RetryAfter: retryAfter(refused.header),
	}
	f.Permanent = f.Code == spendLimit || isPermanent(f.Status)
	if f.Permanent {
		f.RetryAfter = 0
	}
	return f
}

// timedOut reports whether no answer came in time, which may be for haste.
func (f *Failure) timedOut() bool {
	e, ok := errors.AsType[net.Error](f.cause)
	return ok && e.Timeout()
}

// isPermanent: of the refusals only time-outs, conflicts and rate limits pass by themselves.
func isPermanent(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	default:
		return status < http.StatusInternalServerError
	}
}

// withoutBody keeps errors of the network and of contexts, which quote nothing of a body, and hides all others: a
// decoder quotes what it could not read.
func withoutBody(err error) error {
	if e, ok := errors.AsType[net.Error](err); ok { // *url.Error and context.DeadlineExceeded among them
		return e
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return errUnreadable
}

// envelope is the body of a refusal.
type envelope struct {
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Details struct {
			ErrorCode string `json:"error_code"`
		} `json:"details"`
	} `json:"error"`
}

// readEnvelope reads what it can: a gateway's page of HTML leaves every field empty.
func readEnvelope(body []byte) (e envelope) {
	if json.Unmarshal(body, &e) != nil {
		return envelope{}
	}
	return e
}

const (
	maxSaid  = 300 // bytes of a message that are kept
	quoteRun = 12  // bytes: a run so long that stands in the request too is a quotation
)

// unquoted is what the provider says, or "" when a part of that stands in the request, too: it may be of a post.
func unquoted(message string, sent []byte) string {
	message = strings.ToValidUTF8(strings.Join(strings.Fields(message), " "), "")
	if len(message) > maxSaid {
		message = strings.ToValidUTF8(message[:maxSaid], "")
	}
	asked := string(bytes.ToLower(sent))
	plain := strings.ToLower(message)
	for i := 0; i+quoteRun <= len(plain); i++ {
		if strings.Contains(asked, plain[i:i+quoteRun]) {
			return ""
		}
	}
	return message
}

// code is the provider's code, or ours for what it says in words alone.
func (e envelope) code(status int) string {
	said := strings.ToLower(e.Error.Message)
	switch {
	case status == http.StatusBadRequest && strings.Contains(said, "content filtering policy"):
		return filtered
	case status == http.StatusBadRequest && strings.Contains(said, "credit balance is too low"):
		return noCredit
	}
	return short(e.Error.Details.ErrorCode)
}

// short leaves out what is too long to be a name.
func short(name string) string {
	if len(name) > 100 {
		return ""
	}
	return name
}

// retryAfter reads both forms of the header. A date is taken relative to the answer's own Date, so clocks need not
// agree.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return time.Duration(min(max(s, 0), maxRetryAfter.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(v)
	sent, err2 := http.ParseTime(h.Get("Date"))
	if err != nil || err2 != nil {
		return 0
	}
	return min(max(at.Sub(sent), 0), maxRetryAfter)
}

// FailureName names an answer that is no success, for the figure that counts them.
func FailureName(status int, body []byte) string {
	return nameOf(status, readEnvelope(body).code(status))
}

func nameOf(status int, code string) string {
	switch {
	case code == spendLimit:
		return "spend_limit" // the operator raises it
	case code == noCredit, code == filtered:
		return code // the operator adds credit; nobody
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "key_refused" // the operator: ANTHROPIC_API_KEY
	case status == http.StatusNotFound:
		return "no_such_model" // the operator chooses another model
	case status == http.StatusTooManyRequests:
		return "rate_limited" // nobody: it passes
	case !isPermanent(status):
		return "unavailable" // nobody: it passes
	}
	return "refused" // the operator looks at the log
}

// asFault gives a failure the sentence that tells who has to do what.
func asFault(f *Failure) *fault.Fault {
	out := fault.ModelUnavailable.Because(f)
	switch {
	case f.Code == spendLimit:
		return out.Saying("The spending limit of this server's language model account is reached. Its operator has to " +
			"raise it.")
	case f.Code == noCredit:
		return out.Saying("The credit of this server's language model account is used up. Its operator has to add credit.")
	case f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden:
		return out.Saying("The language model refused this server's key. Its operator has to check ANTHROPIC_API_KEY.")
	case f.Status == http.StatusNotFound:
		return out.Saying("The configured language model does not exist or was retired. The operator has to choose " +
			"another one.")
	case f.Permanent:
		return out.Saying("The language model does not take this server's requests. Its operator has to look at the log.")
	default:
		return out.After(f.RetryAfter)
	}
}

package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/audit"
	"github.com/repazoo/repazoo/internal/fault"
)

// Problem is the one shape of an error, RFC 9457.
type Problem struct {
	Type      string         `json:"type" format:"uri-reference" doc:"Where this kind of problem is explained." example:"/docs/errors#not_found"`
	Title     string         `json:"title" doc:"The HTTP status in words." example:"Not Found"`
	Status    int            `json:"status" doc:"The HTTP status." example:"404"`
	Detail    string         `json:"detail" doc:"What went wrong and what to do, in plain English."`
	Instance  string         `json:"instance,omitempty" doc:"The path that was asked for."`
	Code      string         `json:"code" doc:"Stable and machine-readable." example:"not_found"`
	RequestID string         `json:"request_id,omitempty" doc:"Name it when you ask for help; the log has it too."`
	Errors    []ProblemField `json:"errors,omitempty" doc:"Each value that could not be used."`

	retry  time.Duration
	header http.Header // further headers of this answer
}

// ProblemField is one value that could not be used.
type ProblemField struct {
	Location string `json:"location" doc:"Where it stood." example:"body.purpose"`
	Message  string `json:"message" doc:"What is wrong with it."`
}

// comeAgain is the Retry-After of a 503 whose fault names none.
const comeAgain = 5 * time.Second

// statuses is the only place that knows which status a kind of fault becomes.
var statuses = [...]int{
	fault.KindInternal:        http.StatusInternalServerError,
	fault.KindUnauthenticated: http.StatusUnauthorized,
	fault.KindPaymentRequired: http.StatusPaymentRequired,
	fault.KindForbidden:       http.StatusForbidden,
	fault.KindNotFound:        http.StatusNotFound,
	fault.KindConflict:        http.StatusConflict,
	fault.KindTooLarge:        http.StatusRequestEntityTooLarge,
	fault.KindInvalid:         http.StatusUnprocessableEntity,
	fault.KindTooMany:         http.StatusTooManyRequests,
	fault.KindUpstream:        http.StatusBadGateway,
	fault.KindUnavailable:     http.StatusServiceUnavailable,
}

func newProblem(ctx context.Context, f *fault.Fault) *Problem {
	status := statuses[f.Kind]
	if errors.Is(f, fault.MethodNotAllowed) {
		status = http.StatusMethodNotAllowed
	}
	requestFrom(ctx).code = f.Code
	p := &Problem{
		Type: "/docs/errors#" + f.Code, Title: http.StatusText(status), Status: status, Detail: f.Message, Code: f.Code,
		RequestID: audit.OriginFrom(ctx).RequestID, Instance: pathFrom(ctx), retry: f.Retry,
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, ProblemField(field))
	}
	return p
}

// Error, GetStatus, ContentType and GetHeaders make a Problem what huma takes for an error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is always the problem type.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders adds what a status promises.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="repazoo"`)
	}
	maps.Copy(h, p.header)
	if p.retry <= 0 && p.Status == http.StatusServiceUnavailable {
		p.retry = comeAgain
	}
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retry.Seconds()))))
	}
	return h
}

// write answers with a problem outside huma: in the chain, and for addresses that do not exist.
func write(w http.ResponseWriter, p *Problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = jsonFormat.Marshal(w, p)
}

func writeProblem(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
	write(w, newProblem(r.Context(), f))
}

// refusal turns any error into its Problem, and writes those that are our own trouble to
// the log under an incident id that the user is told.
func refusal(ctx context.Context, log *slog.Logger, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok { // a handler has made it already, with headers of its own
		return p
	}
	f := fault.From(err)
	if f.Kind == fault.KindInternal {
		incident := rand.Text()[:10]
		log.ErrorContext(ctx, "request failed", "incident", incident, "cause", f.Cause)
		f = f.Saying("%s Incident %s.", f.Message, incident)
	} else if f.Cause != nil {
		level := slog.LevelInfo
		if f.Kind == fault.KindUnavailable || f.Kind == fault.KindUpstream { // somebody has to look after what we depend on
			level = slog.LevelWarn
		}
		log.Log(ctx, level, "request refused", "code", f.Code, "cause", f.Cause)
	}
	return newProblem(ctx, f)
}

// huma's own refusals (a body that does not fit its schema, say) take the same shape. The
// library offers only this variable for it.
func init() { //nolint:gochecknoinits // see above
	huma.NewErrorWithContext = func(c huma.Context, status int, msg string, errs ...error) huma.StatusError {
		f := fromStatus(status)
		switch {
		case msg == "cannot read request body": // the caller's doing, whatever the library thinks
			f = brokenOff
		case f == fault.ValidationFailed:
			f = withDetails(f, msg, errs)
		}
		return newProblem(c.Context(), f)
	}
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return newProblem(context.Background(), withDetails(fromStatus(status), msg, errs))
	}
}

var (
	brokenOff = fault.ValidationFailed.Saying("The request body broke off, or is not sent as its header says. Send it " +
		"again.")
	tooSlow = fault.ValidationFailed.Saying("The request body did not arrive in time. Send it again.")
)

// unread is why a body that is read outside huma could not be.
func unread(err error) *fault.Fault {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return fault.PayloadTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return tooSlow
	}
	return brokenOff
}

func fromStatus(status int) *fault.Fault {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return fault.PayloadTooLarge
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusRequestTimeout:
		return tooSlow
	}
	if status < http.StatusInternalServerError {
		return fault.ValidationFailed
	}
	return fault.Internal
}

// inWords is what a person reads of a body that is no JSON: the library's own words name its parts.
func inWords(message string) string {
	if strings.HasPrefix(message, "jsontext:") || strings.HasPrefix(message, "json:") {
		return "is not JSON of the kind that is expected here; see the operation's example in the API's contract"
	}
	return message
}

func withDetails(f *fault.Fault, msg string, errs []error) *fault.Fault {
	if len(errs) == 0 && msg != "" {
		return f.At("request", msg)
	}
	for _, err := range errs {
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			f = f.At(d.Location, inWords(d.Message))
		} else if err != nil {
			f = f.At("request", "could not be read")
		}
	}
	return f
}

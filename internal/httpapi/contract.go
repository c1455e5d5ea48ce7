package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/fault"
)

// The contract says more of an operation than the shapes of its bodies: what it does, an example
// of what is sent and answered, and each refusal by its code. What is peculiar to an operation is
// an entry in the contract_*.go file of its tag; what all of them share is worked out here, from
// the route table. Tests fail when an operation has no entry, or an example does not fit its schema.

// entry is what is peculiar to one operation.
type entry struct {
	text     string                    // what it does, and what to know before calling it
	sent     any                       // an example of the request's body; nil where it takes none
	answered any                       // an example of the answer's body; nil where it has none, or is bytes
	media    string                    // of the answer, when huma does not know it
	schema   *huma.Schema              // the same; nil is text, or without an example bytes
	refusals []*fault.Fault            // besides those that others give, too
	also     map[string]*huma.Response // further answers that are no refusal, by status
}

// entries are all of them, by "METHOD /path". A deprecated address has that of its successor.
func (a *API) entries() map[string]entry {
	all := map[string]entry{}
	for _, some := range []map[string]entry{
		a.healthEntries(), signInEntries(), accountEntries(), privacyEntries(), billingEntries(), planEntries(),
		analysisEntries(), a.reportEntries(), a.shareEntries(), scheduleEntries(), a.cleanupEntries(), keyEntries(),
		noticeEntries(), adminEntries(),
	} {
		maps.Copy(all, some)
	}
	return all
}

// describe completes the contract, once every operation is in it.
func (a *API) describe() {
	contract, entries := a.huma.OpenAPI(), a.entries()
	admitNull(contract.Components.Schemas)
	contract.Components.Examples = refusalExamples()
	for pattern, o := range operationsOf(contract) {
		e := entries[cmp.Or(a.ending[pattern].Successor, pattern)]
		o.Description = a.text(pattern, e)
		if o.RequestBody != nil && e.sent != nil {
			o.RequestBody.Content["application/json"].Example = example(e.sent)
		}
		succeed(o, e)
		a.refuseIn(o, pattern, e)
	}
}

// operationsOf walks a contract, each operation with its pattern.
func operationsOf(contract *huma.OpenAPI) iter.Seq2[string, *huma.Operation] {
	return func(yield func(string, *huma.Operation) bool) {
		for path, item := range contract.Paths {
			for method, o := range map[string]*huma.Operation{
				"GET": item.Get, "POST": item.Post, "PATCH": item.Patch,
				"DELETE": item.Delete,
			} {
				if o != nil && !yield(method+" "+path, o) {
					return
				}
			}
		}
	}
}

func (a *API) text(pattern string, e entry) string {
	var b strings.Builder
	if e, ends := a.ending[pattern]; ends {
		b.WriteString("Deprecated. It answers until " + e.Until.UTC().Format("2 January 2006") + ". Use " + e.Successor +
			" instead.\n\n")
	}
	b.WriteString(e.text)
	who, scope := a.access[pattern], a.scopes[pattern]
	switch {
	case who == forAnyone && scope != "":
	case scope != "":
		b.WriteString("\n\nAn API key needs the scope `" + string(scope) + "`.")
	case who == forUser:
		b.WriteString("\n\nAPI keys are refused: sign in.")
	case who == forAdmin:
		b.WriteString("\n\nFor administrators who are signed in; API keys are refused.")
	}
	return b.String()
}

// admitNull says of members that are pointers that they may be null, where huma cannot: objects, and texts of an
// enumeration.
func admitNull(schemas huma.Registry) {
	for name, schema := range schemas.Map() {
		t := schemas.TypeFromRef("#/components/schemas/" + name)
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, field := range reflect.VisibleFields(t) {
			member, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			p := schema.Properties[member]
			if p == nil || field.Type.Kind() != reflect.Pointer || strings.Contains(options, "omitempty") {
				continue
			}
			if p.Ref != "" {
				schema.Properties[member] = &huma.Schema{
					AnyOf:       []*huma.Schema{{Ref: p.Ref}, {Type: "null"}},
					Description: p.Description,
				}
			} else if p.Enum != nil && p.Nullable && !slices.Contains(p.Enum, nil) {
				p.Enum = append(p.Enum, nil)
			}
		}
	}
}

// succeed completes the answers of a call that went well.
func succeed(o *huma.Operation, e entry) {
	for status, response := range o.Responses {
		if !strings.HasPrefix(status, "2") {
			delete(o.Responses, status)
			continue
		}
		content := response.Content["application/json"]
		if e.media != "" {
			content = &huma.MediaType{Schema: e.schemaOrText()}
			response.Content = map[string]*huma.MediaType{e.media: content}
		}
		if content != nil && e.answered != nil {
			content.Example = example(e.answered)
		}
	}
	maps.Copy(o.Responses, e.also)
}

func (e entry) schemaOrText() *huma.Schema {
	switch {
	case e.schema != nil:
		return e.schema
	case e.answered == nil:
		return &huma.Schema{Type: huma.TypeString, Format: "binary"}
	}
	return &huma.Schema{Type: huma.TypeString}
}

// refuseIn lists every refusal of an operation under its status, with an example for each code.
func (a *API) refuseIn(o *huma.Operation, pattern string, e entry) {
	problem := a.huma.OpenAPI().Components.Schemas.Schema(typeOf[Problem](), true, "Problem")
	for _, f := range append(a.shared(o, pattern), e.refusals...) {
		status := newProblem(context.Background(), f).Status
		key := strconv.Itoa(status)
		response := o.Responses[key]
		if response == nil {
			response = &huma.Response{
				Description: http.StatusText(status), Content: map[string]*huma.MediaType{},
				Headers: promised(status),
			}
			o.Responses[key] = response
		}
		content := response.Content[problemType]
		if content == nil {
			content = &huma.MediaType{Schema: problem, Examples: map[string]*huma.Example{}}
			response.Content[problemType] = content
		}
		content.Examples[f.Code] = &huma.Example{Ref: "#/components/examples/" + f.Code}
	}
}

// shared are the refusals that follow from an operation's row in the route table.
func (a *API) shared(o *huma.Operation, pattern string) []*fault.Fault {
	var all []*fault.Fault
	who, method := a.access[pattern], strings.Split(pattern, " ")[0]
	if pattern == "GET /healthz" || pattern == "GET /livez" {
		return nil // they only say that the process is up
	}
	if who == forUser || who == forAdmin || who == forAnyone {
		all = append(all, fault.Unauthenticated, fault.TokenExpired, fault.SessionRevoked, fault.RateLimited,
			fault.DependencyDown)
	}
	if who == forUser || who == forAdmin {
		all = append(all, fault.ScopeMissing, fault.TokenReused) // the refresh token of a browser's cookie
	}
	if who == forAdmin || method != http.MethodGet { // a page of another site sent it
		all = append(all, fault.Forbidden)
	}
	if strings.Contains(pattern, "{") && pattern != "DELETE /api/v1/consents/{kind}" {
		all = append(all, fault.NotFound)
	}
	if o.RequestBody != nil {
		all = append(all, fault.PayloadTooLarge)
	}
	return append(all, fault.ValidationFailed, fault.Internal) // a parameter that is not known is refused, too
}

const problemType = "application/problem+json"

// promised are the headers of a refusal.
func promised(status int) map[string]*huma.Header {
	seconds := func(text string) *huma.Header {
		return &huma.Header{Description: text, Schema: &huma.Schema{Type: huma.TypeInteger}}
	}
	switch status {
	case http.StatusUnauthorized:
		return map[string]*huma.Header{"WWW-Authenticate": {
			Description: "How to authenticate.",
			Schema:      &huma.Schema{Type: huma.TypeString},
		}}
	case http.StatusServiceUnavailable:
		return map[string]*huma.Header{"Retry-After": seconds("Seconds to wait, where that is known.")}
	case http.StatusTooManyRequests:
		return map[string]*huma.Header{
			"Retry-After": seconds("Seconds to wait, where that is known."),
			"X-RateLimit-Reset": seconds("Seconds until one more call is allowed in the window where that is soonest; not a " +
				"time of day, as it was in the earlier system. Every counted answer has it, with X-RateLimit-Limit and " +
				"X-RateLimit-Remaining."),
		}
	}
	return nil
}

// refusalExamples are one problem for each code, as it is sent.
func refusalExamples() map[string]*huma.Example {
	all := map[string]*huma.Example{}
	for _, f := range catalogue() {
		if f.Code == fault.ValidationFailed.Code {
			f = f.At("query.colour", "unknown query parameter")
		}
		p := newProblem(context.Background(), f)
		p.Instance, p.RequestID = "/api/v1/usage", exampleRequest
		all[f.Code] = &huma.Example{Summary: f.Code, Value: example(p)}
	}
	return all
}

// example is a value as the API sends it.
func example(v any) any {
	var b bytes.Buffer
	if err := jsonFormat.Marshal(&b, v); err != nil {
		panic(err) // the examples are part of the program
	}
	return json.RawMessage(b.Bytes())
}

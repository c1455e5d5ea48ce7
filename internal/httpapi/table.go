package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/account"
)

// route is a row of the table in routes.go.
type route struct {
	At       string        // method and path, as a pattern of http.ServeMux
	Who      access        // who may call it; the zero value is signed-in users
	Scope    account.Scope // opens it to API keys that have the scope; without one, keys are refused
	Group    group         // counted by itself and by address, see groups.go
	Status   int           // of an answer that went well; 200 by default
	Summary  string        // one line of the contract
	Tag      string        // the chapter of the contract
	Unlisted bool          // an operation that the contract leaves out
	Followed bool          // people follow links to it: a browser that is refused gets a page
	Kept     bool          // its answers are kept in memory, if the handler lets them be; see kept.go
	Looks    bool          // its first statement looks at the session itself, as those of Kept do; see later.go
	AnyQuery bool          // parameters that the operation does not know are ignored, not refused
	Ends     *ending       // announces that the address is deprecated; see deprecated.go
	Serve    endpoint
}

// endpoint registers what serves a row.
type endpoint func(a *API, r route)

// tagged puts rows into a chapter of the contract.
func tagged(tag string, rows []route) []route {
	for i := range rows {
		rows[i].Tag = tag
	}
	return rows
}

// add registers a row. Who may call it is noted before anything can serve it.
func (a *API) add(r route) {
	a.access[r.At], a.scopes[r.At] = r.Who, r.Scope
	if r.Group != "" {
		a.groups[r.At] = r.Group
	}
	if r.Followed {
		a.followed[r.At] = true
	}
	if r.Kept {
		a.kept[r.At] = true
	}
	if r.Kept || r.Looks {
		a.looks[r.At] = true
	}
	if r.Ends != nil {
		a.ending[r.At] = *r.Ends
	}
	r.Serve(a, r)
}

// does serves a row with an operation of the contract. Its errors become problems.
func does[I, O any](h func(context.Context, *I) (*O, error)) endpoint {
	return func(a *API, r route) {
		o := a.operation(r)
		o.MaxBodyBytes, o.BodyReadTimeout = maxBody, cmp.Or(a.BodyTimeout, bodyTimeout)
		huma.Register(a.huma, o, func(ctx context.Context, in *I) (*O, error) {
			out, err := h(ctx, in)
			if err != nil {
				return nil, refusal(ctx, a.Log, err)
			}
			return out, nil
		})
	}
}

// raw serves a row with a plain handler. What describe returns is added to the contract; nil adds nothing.
func raw(h http.HandlerFunc, describe func(route) *huma.Operation) endpoint {
	return func(a *API, r route) {
		if describe != nil {
			a.huma.OpenAPI().AddOperation(describe(r))
		}
		var served http.Handler = h
		if r.Ends != nil {
			served = a.outdated(*r.Ends, h)
		}
		a.mux.Handle(r.At, served)
	}
}

// operation is what the contract says of a row.
func (a *API) operation(r route) huma.Operation {
	method, path, _ := strings.Cut(r.At, " ")
	o := huma.Operation{
		OperationID: operationID(method, path), Method: method, Path: path, Tags: []string{r.Tag}, Summary: r.Summary,
		DefaultStatus: cmp.Or(r.Status, http.StatusOK), Hidden: r.Unlisted,
		RejectUnknownQueryParameters: !r.AnyQuery,
		Security:                     []map[string][]string{}, // said outright, or it could have been forgotten
	}
	if r.Who == forUser || r.Who == forAdmin {
		o.Security = security(r.Scope)
	}
	if r.Ends != nil {
		o.Deprecated = true
		o.Middlewares = huma.Middlewares{a.deprecated(*r.Ends)}
	}
	return o
}

// security is what the contract says of an operation for signed-in users.
func security(scope account.Scope) []map[string][]string {
	if scope == "" {
		return []map[string][]string{{"bearer": {}}}
	}
	return []map[string][]string{{"bearer": {}}, {"key": {string(scope)}}}
}

var notWord = strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-", "_", "-")

// operationID names an operation for generated clients, such as get-api-v1-users-me.
func operationID(method, path string) string {
	return strings.ToLower(method) + notWord.Replace(path)
}

package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/health"
)

// Info is what anybody may know about this server.
type Info struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	Commit      string   `json:"commit"`
	Environment string   `json:"environment"`
	Sandboxed   []string `json:"sandboxed" doc:"Outside services that are built-in stand-ins here."`
}

type infoOutput struct {
	Body struct {
		Info
		Tiers []planBody `json:"tiers"`
	}
}

func (a *API) info(ctx context.Context, _ *struct{}) (*infoOutput, error) {
	plans, err := a.plans(ctx, nil)
	if err != nil {
		return nil, err
	}
	out := &infoOutput{}
	out.Body.Info, out.Body.Tiers = a.Info, plans.Body.Data
	return out, nil
}

type healthBody struct {
	Status    string  `json:"status" enum:"up,down,not_configured"`
	LatencyMS float64 `json:"latency_ms,omitempty"`
}

type healthOutput struct {
	Status int
	Body   healthBody
}

var (
	aliveBody = []byte(`{"status":"` + string(health.Up) + `"}`)
	jsonType  = []string{"application/json"}
)

// alive answers that the process is up. It touches no dependency and costs next to nothing,
// since load balancers ask many times a second.
func alive(a *API, r route) {
	raw(stillAlive, a.aliveOperation)(a, r)
}

func stillAlive(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write(aliveBody)
}

func (a *API) aliveOperation(r route) *huma.Operation {
	o := a.operation(r)
	shape := a.huma.OpenAPI().Components.Schemas.Schema(typeOf[healthBody](), true, "")
	o.Responses = map[string]*huma.Response{"200": {
		Description: "It is up",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: shape}},
	}}
	return &o
}

func (a *API) healthOf(part string) func(context.Context, *struct{}) (*healthOutput, error) {
	return func(ctx context.Context, _ *struct{}) (*healthOutput, error) {
		r := a.Health.Check(ctx, part)
		return &healthOutput{healthStatus(r.Status != health.Down), newHealthBody(r)}, nil
	}
}

func newHealthBody(r health.Result) healthBody {
	return healthBody{string(r.Status), float64(r.Latency.Microseconds()) / 1000}
}

func healthStatus(ok bool) int {
	if ok {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

type readyOutput struct {
	Status int
	Body   struct {
		Ready bool                  `json:"ready"`
		Parts map[string]healthBody `json:"parts"`
	}
}

func (a *API) readyz(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	ready, parts := a.Health.Ready(ctx)
	out := &readyOutput{Status: healthStatus(ready)}
	out.Body.Ready, out.Body.Parts = ready, make(map[string]healthBody, len(parts))
	for name, r := range parts {
		out.Body.Parts[name] = newHealthBody(r)
	}
	return out, nil
}

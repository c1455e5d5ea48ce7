package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repazoo/repazoo/internal/health"
)

// down is the answer of a probe that found something down.
func (a *API) down(shape *huma.Schema, body any) map[string]*huma.Response {
	return map[string]*huma.Response{"503": {
		Description: http.StatusText(http.StatusServiceUnavailable),
		Content:     map[string]*huma.MediaType{"application/json": {Schema: shape, Example: example(body)}},
	}}
}

func (a *API) healthEntries() map[string]entry {
	schemas := a.huma.OpenAPI().Components.Schemas
	one := schemas.Schema(typeOf[healthBody](), true, "")
	up, down := healthBody{Status: string(health.Up), LatencyMS: 1.4}, healthBody{Status: string(health.Down)}
	ready, not := readyOutput{}, readyOutput{}
	ready.Body.Ready, ready.Body.Parts = true, map[string]healthBody{
		"db": up, "jobs": up, "schema": up, "seal": up,
		"vault": up, "redis": {Status: string(health.NotConfigured)},
	}
	not.Body.Parts = map[string]healthBody{
		"db": down, "jobs": up, "schema": down, "seal": up, "vault": up,
		"redis": {Status: string(health.NotConfigured)},
	}
	info := infoOutput{}
	info.Body.Info = Info{Name: "repazoo", Version: "1.0.0", Commit: "4f2c9d1", Environment: "ntf", Sandboxed: []string{}}
	info.Body.Tiers = examplePlans()
	part := func(text string) entry { return entry{text: text, answered: up, also: a.down(one, down)} }
	return map[string]entry{
		"GET /healthz": {
			text:     "Answers as long as the process does, and asks nothing else: for load balancers.",
			answered: healthBody{Status: string(health.Up)},
		},
		"GET /livez": {
			text:     "The same as /healthz, under the name that Kubernetes looks for.",
			answered: healthBody{Status: string(health.Up)},
		},

		"GET /healthz/db":    part("Asks the database. What was found counts for a second, so that many probes cost one."),
		"GET /healthz/redis": part("Asks Redis, where requests are counted. While it is down each process counts by itself."),
		"GET /healthz/vault": part("Asks the vault whether secrets could be read now, and reads none. While it is down " +
			"what was read from it goes on counting."),
		"GET /readyz": {
			text: "Asks everything that this process needs to be of use, and tells each part by its name. Redis and the " +
				"vault do not count: without Redis each process counts by itself, and what was read from the vault is here. The " +
				"part seal opens something that was sealed, with the keys that this process holds.",
			answered: ready.Body, also: a.down(schemas.Schema(typeOf[readyOutput]().Field(1).Type, true, "ReadyOutputBody"),
				not.Body),
		},
		"GET /info": {text: "Version, environment and plans: what anybody may know.", answered: info.Body},
	}
}

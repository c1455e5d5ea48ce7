package httpapi

import (
	"net/http"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/notice"
)

func exampleKey() KeyBody {
	return KeyBody{
		ID: exampleID, Name: "nightly report", Hint: "Q7XA", Scopes: []account.Scope{account.AnalysesRead},
		CreatedAt: exampleTime(), ExpiresAt: *exampleLater(90),
		LastUsedAt: exampleLater(1),
	}
}

func keyEntries() map[string]entry {
	keys := keysOutput{}
	keys.Body.Data = []KeyBody{exampleKey()}
	rotated := exampleKey()
	rotated.RotatedAt, rotated.Old = new(exampleTime()), &oldSecretBody{GoodUntil: *exampleLater(1)}
	return map[string]entry{
		"GET /api/v1/api-keys": {text: "Without their secrets, which nobody can tell again.", answered: keys.Body},
		"POST /api/v1/api-keys": {
			text: "The answer is the only place where the key is ever told. It may do what its scopes say, and nothing " +
				"else.",
			sent:     map[string]any{"name": "nightly report", "scopes": []string{"analyses:read"}, "expires_in_days": 90},
			answered: madeKeyBody{exampleKey(), "the-key"},
			refusals: []*fault.Fault{fault.NotFound, fault.Conflict},
		},
		"POST /api/v1/api-keys/{id}/rotate": {
			text: "The secret before stays good for overlap_hours, so that programs can be changed over. last_used_at of " +
				"old_secret tells whether one still needs it.",
			sent: map[string]any{"overlap_hours": 24}, answered: madeKeyBody{rotated, "the-new-key"},
			refusals: []*fault.Fault{fault.Conflict},
		},
		"DELETE /api/v1/api-keys/{id}": {text: "Programs that use it are refused at once."},
	}
}

func exampleEndpoint() EndpointBody {
	return EndpointBody{
		ID: exampleID, URL: "https://example.com/hooks/repazoo",
		Kinds: []notice.Kind{notice.QuotaNearlyUsed}, Enabled: true, CreatedAt: exampleTime(),
	}
}

func noticeEntries() map[string]entry {
	told := noticeBody{
		exampleID, notice.QuotaNearlyUsed, "Your analyses are nearly used up",
		"You have used 800 of your 1,000 analyses of this period.",
		notice.Data{Plan: "basic", Quota: 1000, Used: 800, Until: *exampleLater(30)},
		exampleTime(), nil,
	}
	read := told
	read.ReadAt = exampleLater(1)
	list, endpoints, sent := noticesOutput{}, endpointsOutput{}, deliveriesOutput{}
	list.Body.Data, list.Body.Total = []noticeBody{told}, 1
	endpoints.Body.Data = []EndpointBody{exampleEndpoint()}
	choices := choicesOutput{}
	choices.Body.Data = []choiceBody{{notice.AnalysisFinished, true, false, false}}
	waiting := deliveryBody{
		ID: exampleOther, Kind: notice.Test, Status: "waiting", CreatedAt: exampleTime(),
		NextTryAt: new(exampleTime()),
	}
	delivered := deliveryBody{
		exampleOther, notice.QuotaNearlyUsed, "delivered", 1, new(http.StatusOK), nil,
		exampleTime(), new(exampleTime()), nil,
	}
	sent.Body.Data, sent.Body.Total = []deliveryBody{delivered}, 1
	return map[string]entry{
		"GET /api/v1/notices/choices": {
			text: "Every kind of notice, and whether you are told of it on the page and by mail. Webhooks choose for " +
				"themselves.",
			answered: choices.Body,
		},
		"PATCH /api/v1/notices/choices": {
			text: "The answer is what you are told of from now on, of every kind.",
			sent: map[string]any{"kind": "analysis.finished", "mail": false}, answered: choices.Body,
		},
		"GET /api/v1/notices": {text: "What you should know of your analyses and your plan, in words " +
			"and, for programs, by its kind.", answered: list.Body},
		"POST /api/v1/notices/{id}/read": {text: "It is shown as new no more, here and on the pages.", answered: read},
		"GET /api/v1/webhooks": {text: "Where notices are sent to, with how that goes. docs/webhooks.md " +
			"says what is sent.", answered: endpoints.Body},
		"POST /api/v1/webhooks": {
			text: "The secret in the answer is told this once; it signs what is " +
				"sent. Five addresses at most.", sent: map[string]any{
				"url":   "https://example.com/hooks/repazoo",
				"kinds": []string{"quota.nearly_used"},
			}, answered: madeEndpointBody{exampleEndpoint(), "the-signing-secret"},
			refusals: []*fault.Fault{fault.NotFound, fault.Conflict},
		},
		"DELETE /api/v1/webhooks/{id}": {text: "What waits to be sent there is dropped."},
		"POST /api/v1/webhooks/{id}/enable": {text: "One that did not answer for days is switched off by itself; this " +
			"begins anew.", answered: exampleEndpoint()},
		"POST /api/v1/webhooks/{id}/test": {text: "It is sent like a notice, signed and tried again. Look at its " +
			"deliveries for what came of it.", answered: waiting, refusals: []*fault.Fault{fault.Conflict}},
		"GET /api/v1/webhooks/{id}/deliveries": {text: "Each with its tries and the last answer.", answered: sent.Body},
		"POST /api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver": {
			text: "The same message with the same id, so that a receiver that had it can tell.", answered: waiting,
			refusals: []*fault.Fault{fault.Conflict},
		},
	}
}

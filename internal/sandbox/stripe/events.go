package stripe

import (
	"slices"
	"strconv"
)

const maxEvents = 20_000

type event struct {
	ID              string         `json:"id"`
	Object          string         `json:"object"`
	APIVersion      string         `json:"api_version"`
	Created         int64          `json:"created"`
	Data            map[string]any `json:"data"`
	Livemode        bool           `json:"livemode"`
	PendingWebhooks int            `json:"pending_webhooks"`
	Request         map[string]any `json:"request"`
	Type            string         `json:"type"`

	owed []string // the targets at which a webhook has to arrive yet, by their keys; guarded by the outbox
}

// speaking is the event in a version of the API, as far as they differ here: by its name.
func (e *event) speaking(version string) *event {
	return &event{
		ID: e.ID, Object: e.Object, APIVersion: version, Created: e.Created, Data: e.Data, Livemode: e.Livemode,
		PendingWebhooks: e.PendingWebhooks, Request: e.Request, Type: e.Type,
	}
}

// emit notes that something happened, with the object as it is now.
func (c *request) emit(kind string, object any) {
	e := &event{
		ID: newID("evt"), Object: "event", APIVersion: version, Created: clip(c.now),
		Data:    map[string]any{"object": complete(object)},
		Request: map[string]any{"id": nil, "idempotency_key": nil}, Type: kind,
	}
	if len(c.events.list) >= maxEvents {
		for _, old := range c.events.list[:maxEvents/10] {
			delete(c.events.byID, old.ID)
		}
		c.events.list = slices.Delete(c.events.list, 0, maxEvents/10)
	}
	c.events.put(e.ID, e)
	c.fresh = append(c.fresh, e)
}

func (c *request) retrieveEvent() (any, *apiError) {
	if e := c.events.byID[c.id]; e != nil {
		return e, nil
	}
	return nil, missing("event", "id", c.id)
}

func (c *request) listEvents() (any, *apiError) {
	var types []string
	for k, v := range c.form {
		if k == "type" || len(k) > 5 && k[:6] == "types[" {
			types = append(types, v...)
		}
	}
	since := int64(0)
	for name, more := range map[string]int64{"created[gte]": 0, "created[gt]": 1} {
		if v, err := strconv.ParseInt(c.form.get(name), 10, 64); err == nil {
			since = max(since, v+more)
		}
	}
	return page(c, "/v1/events", c.events.list, func(e *event) string { return e.ID },
		func(e *event) bool {
			return e.Created >= since && (len(types) == 0 || slices.Contains(types, e.Type))
		},
		func(e *event) any { return e })
}

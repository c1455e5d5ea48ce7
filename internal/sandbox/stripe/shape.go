package stripe

import (
	_ "embed"
	"encoding/json"
	"maps"
)

// neutralFields are the fields that an object of Stripe's always has and that mean nothing here, by kind of object,
// each with the value that says so. It is what the types of this package leave out to stay readable.
//
//go:embed neutral.json
var neutralJSON []byte

var neutralFields = func() map[string]map[string]json.RawMessage {
	var m map[string]map[string]json.RawMessage
	if err := json.Unmarshal(neutralJSON, &m); err != nil {
		panic(err) // the file is part of the program
	}
	return m
}()

// complete is an object as Stripe would send it: as plain JSON values that later changes do not touch, with all its
// fields.
func complete(v any) map[string]any {
	m := plain(v).(map[string]any)
	addNeutral(m)
	return m
}

// plain is a copy of v as plain JSON values. What is rendered already is mostly that, and not written and read again.
func plain(v any) any {
	switch v := v.(type) {
	case nil, bool, string, int, int64, json.Number, json.RawMessage:
		return v
	case []any:
		all := make([]any, len(v))
		for i, x := range v {
			all[i] = plain(x)
		}
		return all
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, x := range v {
			m[name] = plain(x)
		}
		return m
	}
	return read(v)
}

func addNeutral(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			addNeutral(x)
		}
	case map[string]any:
		for x := range maps.Values(v) {
			addNeutral(x)
		}
		if v["deleted"] == true {
			return
		}
		kind, _ := v["object"].(string)
		for name, neutral := range neutralFields[kind] {
			if _, said := v[name]; !said {
				v[name] = neutral
			}
		}
	}
}

// Routes are the patterns, as of http.ServeMux, that the stand-in of Stripe answers.
func Routes() []string {
	var all []string
	for _, routes := range [][]apiRoute{baseRoutes, catalogRoutes, moneyRoutes, discountRoutes, taxRoutes, trialRoutes} {
		for _, r := range routes {
			all = append(all, r.pattern)
		}
	}
	return all
}

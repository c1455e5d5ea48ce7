package claude

import (
	"strings"
	"testing"
)

// Whatever the lines hold, each is a result, is broken, or ends the reading with an error; none makes up an id.
func FuzzReadResults(f *testing.F) {
	f.Add(`{"custom_id":"a","result":{"type":"succeeded","message":{"stop_reason":"end_turn",` +
		`"content":[{"type":"text","text":"x"}]}}}`)
	f.Add(`{"custom_id":"a","result":{"type":"errored","error":{"type":"error","error":{"type":"overloaded_error"}}}}`)
	f.Add(`{"custom_id":"a","result":{"type":"expired"}}` + "\n" + `{"custom_id":"a","result":{"ty`)
	f.Fuzz(func(t *testing.T, text string) {
		all, err := readResults(strings.NewReader(text))
		if err == nil && len(all) > strings.Count(text, "\n")+1 {
			t.Errorf("%d results of %d lines", len(all), strings.Count(text, "\n")+1)
		}
		for _, r := range all {
			known := r.Answer.Stop != "" || r.Why == "errored" || r.Why == "canceled" || r.Why == "expired"
			if r.Broken == known || r.Broken != (r.ID == "") || (r.Why == "errored") != (r.Failed != nil) {
				t.Errorf("%+v", r)
			}
		}
	})
}

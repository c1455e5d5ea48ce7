package app_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/app/apptest"

	"github.com/repazoo/repazoo/internal/db"
)

// operation is what the contract says of a guarded route.
type operation struct {
	method, path  string
	inPath, query []string       // the parameters that take an id
	body          map[string]any // a body that is taken, but for ids
	bodyIDs       []string       // its members that take one
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Format     string            `json:"format"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Enum       []any             `json:"enum"`
	Examples   []any             `json:"examples"`
}

// operations reads every guarded route from the contract, with what takes an id in it.
func operations(t *testing.T, base string) (all []operation) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Security   []any
			Parameters []struct {
				Name, In string
				Schema   schema
			}
			RequestBody struct {
				Content map[string]struct{ Schema schema }
			}
		}
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal([]byte((&person{t: t, base: base}).must(http.StatusOK, "GET", "/openapi.json", "")),
		&doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			// whose ids they take is for administrators alone
			if len(o.Security) == 0 || strings.HasPrefix(path, "/api/v1/admin/") {
				continue
			}
			op := operation{method: strings.ToUpper(method), path: path, body: map[string]any{}}
			for _, p := range o.Parameters {
				switch {
				case p.In == "path" && p.Name != "kind": // of a consent, which is nobody's
					op.inPath = append(op.inPath, p.Name)
				case p.In == "query" && p.Schema.Format == "uuid":
					op.query = append(op.query, p.Name)
				}
			}
			s := o.RequestBody.Content["application/json"].Schema
			op.readBody(doc.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]])
			all = append(all, op)
		}
	}
	return all
}

// readBody fills in what is required, and says yes to everything.
func (o *operation) readBody(s schema) {
	for name, p := range s.Properties {
		switch {
		case p.Format == "uuid":
			o.bodyIDs = append(o.bodyIDs, name)
		case p.Type == "boolean":
			o.body[name] = true
		case slices.Contains(s.Required, name):
			o.body[name] = slices.Concat(p.Enum, p.Examples, []any{"x"})[0]
		}
	}
}

// ids of a person, by the names that routes have for them.
type ids struct {
	account, archive, session, analysis, finding, key, export, notice, webhook, delivery, schedule,
	cleanup, share string
}

// of finds whose id a parameter of a route takes; "" when this test does not know yet.
func (v ids) of(path, name string) string {
	switch {
	case name == "account_id":
		return v.account
	case name == "archive_id":
		return v.archive
	case name == "analysis_id":
		return v.analysis
	case strings.HasPrefix(path, "/api/v1/cleanups/"), path == "/auth/x/leave":
		return v.cleanup
	case strings.HasPrefix(path, "/api/v1/shares/"):
		return v.share
	case strings.HasPrefix(path, "/auth/sessions/"):
		return v.session
	case strings.HasPrefix(path, "/api/v1/findings/"):
		return v.finding
	case strings.HasPrefix(path, "/api/v1/api-keys/"):
		return v.key
	case strings.HasPrefix(path, "/api/v1/schedules/"):
		return v.schedule
	case name == "delivery_id":
		return v.delivery
	case strings.HasPrefix(path, "/api/v1/webhooks/"):
		return v.webhook
	case strings.HasPrefix(path, "/api/v1/notices/"):
		return v.notice
	case strings.HasPrefix(path, "/api/v1/users/me/export/"):
		return v.export
	case strings.Contains(path, "/analyses/"):
		return v.analysis
	}
	return ""
}

// ask sends the operation with one person's ids everywhere and tells status and body, with
// the ids and what differs from request to request taken out.
func (o operation) ask(p *person, v ids, bodyID string) (int, string) {
	p.t.Helper()
	address, body := o.path, maps.Clone(o.body)
	used := []string{}
	id := func(name string) string {
		found := v.of(o.path, name)
		if found == "" {
			p.t.Fatalf("%s %s takes the id %q: say in ids.of whose that is", o.method, o.path, name)
		}
		used = append(used, found)
		return found
	}
	for _, name := range o.inPath {
		address = strings.ReplaceAll(address, "{"+name+"}", id(name))
	}
	query := url.Values{}
	for _, name := range o.query {
		query.Set(name, id(name))
	}
	if bodyID != "" {
		body[bodyID] = id(bodyID)
	}
	text := ""
	if len(body) > 0 {
		encoded, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		text = string(encoded)
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	status, _, answer := p.call(o.method, address, text)
	for _, one := range used {
		answer = strings.ReplaceAll(answer, one, "ID")
	}
	return status, withoutRequest(answer)
}

// withoutRequest takes the request's id out of a problem.
func withoutRequest(answer string) string {
	before, rest, found := strings.Cut(answer, `"request_id":"`)
	if !found {
		return answer
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + after
}

// On every route of the contract that takes an id, in its path, its query or its body, another
// user's id answers to the letter like one that does not exist.
func TestRoutes_HideWhatBelongsToOthers(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := start(t, io.Discard, env)
			gus, ada := signIn(t, base, "gravelpit_gus"), signIn(t, base, "ada_fernhill")
			gus.subscribe()
			ada.subscribe()
			theirs := ids{
				account: gus.account, archive: archiveOf(gus), session: session(gus),
				key: newKey(gus, "analyses:read").ID, export: gus.exportReady().ID,
			}
			theirs.analysis, _ = gus.analyse()
			theirs.finding = finding(gus, theirs.analysis)
			theirs.notice = noticeOf(gus)
			theirs.cleanup = cleanupOf(gus, theirs)
			theirs.share = shareOf(gus, theirs)
			theirs.webhook, theirs.delivery = webhookOf(gus)
			theirs.schedule = scheduleOf(gus)
			tried := 0
			for _, o := range operations(t, base) {
				bodyIDs := o.bodyIDs
				if len(bodyIDs) == 0 && len(o.inPath)+len(o.query) > 0 {
					bodyIDs = []string{""}
				}
				for _, bodyID := range bodyIDs {
					tried++
					unknown := unknownIDs()
					status, answer := o.ask(ada, theirs, bodyID)
					want, wanted := o.ask(ada, unknown, bodyID)
					if status != want || answer != wanted {
						t.Errorf("%s %s %s: another user's id answers %d %s, an unknown one %d %s", o.method, o.path, bodyID, status,
							answer, want, wanted)
					}
					isList := o.method == "GET" && len(o.inPath) == 0 && strings.HasPrefix(answer, `{"data":[],`)
					if want != http.StatusNotFound && !isList {
						t.Errorf("%s %s %s: an unknown id answers %d %s, want 404", o.method, o.path, bodyID, want, wanted)
					}
				}
			}
			if tried < 20 {
				t.Errorf("only %d routes take an id: the contract is not whole", tried)
			}
			if s, _, _ := ada.call("POST", "/api/v1/analyses",
				`{"handle":"gravelpit_gus","consent":true}`); s != http.StatusNotFound {
				t.Errorf("ada could ask for an analysis of gus's account by its name: %d", s)
			}
			gus.must(http.StatusOK, "GET", "/api/v1/analyses/"+theirs.analysis+"/report.json", "") // and nothing was harmed
			gus.must(http.StatusOK, "POST", "/auth/x/refresh/"+gus.account, "")
		})
	}
}

// scheduleOf lets the person's account be analysed each week and gives the schedule's id.
func scheduleOf(p *person) string {
	p.t.Helper()
	var made struct{ ID string }
	answer := p.must(http.StatusCreated, "POST", "/api/v1/schedules",
		`{"account_id":"`+p.account+`","every":"weekly","weekday":1,"time":"09:00","zone":"UTC","consent":true}`)
	if err := json.Unmarshal([]byte(answer), &made); err != nil {
		p.t.Fatal(err)
	}
	return made.ID
}

// unknownIDs are ids that nobody has.
func unknownIDs() ids {
	return ids{
		db.NewID(), db.NewID(), db.NewID(), db.NewID(), db.NewID(), db.NewID(), db.NewID(), db.NewID(), db.NewID(),
		db.NewID(),
		db.NewID(), db.NewID(), db.NewID(),
	}
}

// shareOf makes a link to a report and gives its id.
func shareOf(p *person, v ids) string {
	p.t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	answer := p.must(http.StatusCreated, "POST", "/api/v1/analyses/"+v.analysis+"/shares", `{}`)
	if err := json.Unmarshal([]byte(answer), &made); err != nil {
		p.t.Fatal(err)
	}
	return made.ID
}

// cleanupOf plans a clean-up of the post of a finding and gives its id.
func cleanupOf(p *person, v ids) string {
	p.t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	answer := p.must(http.StatusCreated, "POST", "/api/v1/cleanups",
		`{"analysis_id":"`+v.analysis+`","findings":["`+v.finding+`"]}`)
	if err := json.Unmarshal([]byte(answer), &made); err != nil {
		p.t.Fatal(err)
	}
	return made.ID
}

// archiveOf uploads an archive of the person's own account and gives its id.
func archiveOf(p *person) string {
	p.t.Helper()
	var linked struct {
		Data []struct {
			XUserID string `json:"x_user_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(p.must(http.StatusOK, "GET", "/auth/x/status", "")), &linked); err != nil {
		p.t.Fatal(err)
	}
	status, answer := p.upload(apptest.Archive(p.t, linked.Data[0].XUserID, 12))
	var kept struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(answer), &kept); err != nil || status != http.StatusCreated {
		p.t.Fatalf("status %d: %s", status, answer)
	}
	return kept.ID
}

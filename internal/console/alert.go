package console

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

// alert is a refusal as a page shows it.
type alert struct {
	Message   string
	Details   []string // what exactly could not be used
	RequestID string   // for trouble of our own: what the log knows it by
	Again     *again   // how to send the same once more, where that can help
	On        wayOn    // where to go on, where that is plain
	Plan      bool     // a plan, or another one, is what helps
	status    int
}

// wayOn is a link that leads on from a refusal.
type wayOn struct{ Path, Words string }

// wayOnFrom is where a person goes on whose link led to no file.
func wayOnFrom(l tongue, path string) wayOn {
	switch {
	case path == "/archives":
		return wayOn{signIn("/"), l.Say("frame.sign_in")}
	case strings.HasPrefix(path, "/api/v1/users/me/export/"):
		return wayOn{"/privacy#export", l.Say("on.package")}
	case strings.HasPrefix(path, "/api/v1/analyses/"):
		return wayOn{"/history", l.Say("on.reports")}
	case strings.HasPrefix(path, "/api/v1/cleanups/"):
		return wayOn{"/cleanups", l.Say("on.cleanups")}
	}
	return wayOn{}
}

// alertFor puts an error into words. What is not a fault is our own trouble: the log gets
// its cause, the person the request's id.
func (c *Console) alertFor(v *visit, err error) *alert {
	f := fault.From(err)
	a := &alert{Message: v.tongue().sentence(f), status: statusOf(f), Plan: slices.Contains(planHelps[:], f.Code)}
	if f.Message == fault.ValidationFailed.Message { // it says nothing of its own
		a.Details = v.tongue().details(f)
	}
	if f.Kind == fault.KindUnavailable {
		v.w.Header().Set("Retry-After", strconv.Itoa(max(5, int(f.Retry.Seconds()))))
	}
	if f.Kind == fault.KindInternal {
		a.RequestID = v.w.Header().Get("X-Request-ID")
		c.Log.ErrorContext(v.r.Context(), "page failed", slog.String("request_id", a.RequestID), slog.Any("cause", f.Cause))
	} else if f.Cause != nil {
		c.Log.InfoContext(v.r.Context(), "form refused", slog.String("code", f.Code), slog.Any("cause", f.Cause))
	}
	return a
}

// planHelps are the refusals that a plan, or a larger one, takes away.
var planHelps = [...]string{fault.SubscriptionRequired.Code, fault.QuotaExceeded.Code, fault.XBudgetExceeded.Code}

// details tell what is wrong with each value that cannot be used, by the name of its field.
func (l tongue) details(f *fault.Fault) []string {
	var all []string
	for _, field := range f.Fields {
		name := field.Location[strings.LastIndexByte(field.Location, '.')+1:]
		if key := "refuse.field." + name; l.Has(key) {
			name = l.Say(key)
		}
		all = append(all, l.Say("refuse.value", "name", name, "why", l.wanted(field.Message)))
	}
	return all
}

// wanted is what a field has to hold, which services have in English.
func (l tongue) wanted(english string) string {
	if key := forPerson(english); key != "" {
		return l.Say(key)
	}
	if said, ok := words.For(words.English).Recall("refuse.must.", english); ok {
		return l.Render(said)
	}
	if l.Tag == words.English {
		return english
	}
	return l.Say("refuse.unfit")
}

// statusOf is coarser than the API's statuses: a page is for people, and their browsers
// only ask whether it is there, was refused, or broke.
func statusOf(f *fault.Fault) int {
	switch f.Kind {
	case fault.KindNotFound:
		return http.StatusNotFound
	case fault.KindInternal:
		return http.StatusInternalServerError
	case fault.KindUpstream, fault.KindUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusUnprocessableEntity
	}
}

// fail shows the error page.
func (c *Console) fail(v *visit, err error) {
	a := c.alertFor(v, err)
	a.Again = c.againFor(v.w, v.r, a.status)
	c.showAlert(v, a)
}

func (c *Console) showAlert(v *visit, a *alert) {
	v.alert = a
	title := v.tongue().Say("wrong.title")
	if v.alert.status == http.StatusNotFound {
		title = v.tongue().Say("wrong.nothing_here")
	}
	if err := c.render(v, v.alert.status, errorPage(c.page(v, title))); err != nil {
		c.Log.ErrorContext(v.r.Context(), "error page failed", slog.Any("cause", err))
		http.Error(v.w, v.alert.Message, v.alert.status)
	}
}

// Refuse shows what the HTTP layer in front refused: an address that does not exist, too many
// requests, a sign-in that is needed.
func (c *Console) Refuse(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	v := c.visit(w, r)
	v.brief = status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
	said := v.tongue().refused(sentence, status, w.Header().Get("Retry-After"))
	a := &alert{Message: said, status: status, Again: c.againFor(w, r, status)}
	if a.Again == nil {
		a.On = wayOnFrom(v.tongue(), r.URL.Path)
	}
	c.showAlert(v, a)
}

// again is a request that can be sent once more with one click, and what was typed into its form.
type again struct {
	Method, Path string
	Fields       []typed
}

type typed struct{ Name, Value string }

// againFor offers a request again that was refused for the moment only. A form that cannot be read is not offered.
func (c *Console) againFor(w http.ResponseWriter, r *http.Request, status int) *again {
	at := &again{Method: "get", Path: r.URL.RequestURI()}
	passes := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
	if !passes || strings.HasPrefix(at.Path, "//") { // which would lead to another host
		return nil
	}
	if r.Method != http.MethodPost {
		return at
	}
	return c.keptForm(w, r)
}

// maxFields bounds the page that keeps a form; no form here has as many.
const maxFields = 500

// keptForm is a posted form with all that was typed, for a page that offers to send it; nil if it cannot be kept.
func (c *Console) keptForm(w http.ResponseWriter, r *http.Request) *again {
	at := &again{Path: r.URL.RequestURI()}
	if strings.HasPrefix(at.Path, "//") { // which would lead to another host
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.ParseForm() != nil {
		return nil
	}
	at.Method = "post"
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		for _, value := range r.PostForm[name] {
			at.Fields = append(at.Fields, typed{name, value})
		}
	}
	if len(at.Fields) > maxFields {
		return nil
	}
	if !r.PostForm.Has(writtenField) { // who has written it first has written it
		at.Fields = append(at.Fields, c.written(writer(r), r.URL.Path))
	}
	return at
}

// RefuseUpload is for httpapi, which takes the uploads of the front page's form.
func (c *Console) RefuseUpload(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	v := c.visit(w, r)
	v.upload = v.tongue().refused(sentence, status, w.Header().Get("Retry-After"))
	v.alert = &alert{Message: v.upload, status: status}
	if err := c.showHome(v); err != nil {
		c.fail(v, err)
	}
}
